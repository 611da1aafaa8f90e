"""What all TAK clients see on their maps: open incidents and units, as they change."""

from collections.abc import Iterator

from dispatch.ports import Positions
from gateways.devices.door import EngineDoor
from gateways.devices.tak import encode

MAX_SHOWN = 1_000
"""Markers of each kind: a TAK client draws no more than that usefully."""
AGAIN_MS = 30_000
"""A marker is sent again before it grows stale."""


class Picture:
    """Remembers what was shown, so that only changes are sent."""

    def __init__(self, engine: EngineDoor, positions: Positions | None) -> None:
        self._engine = engine
        self._positions = positions
        self._shown: dict[str, tuple[object, int]] = {}

    def whole(self) -> list[bytes]:
        """Everything, for who has just come."""
        now_ms = self._engine.now_ms()
        return [event for _, _, event in self._markers(now_ms)]

    def changes(self) -> list[bytes]:
        """What is new, moved, about to grow stale, or gone."""
        now_ms = self._engine.now_ms()
        out: list[bytes] = []
        there: set[str] = set()
        for uid, mark, event in self._markers(now_ms):
            there.add(uid)
            known, sent_ms = self._shown.get(uid, (None, 0))
            if known != mark or now_ms - sent_ms >= AGAIN_MS:
                self._shown[uid] = (mark, now_ms)
                out.append(event)
        for uid in self._shown.keys() - there:
            del self._shown[uid]
            out.append(encode.remove(uid, now_ms))
        return out

    def _markers(self, now_ms: int) -> Iterator[tuple[str, object, bytes]]:
        board = self._engine.board
        for incident_id in sorted(board.open)[-MAX_SHOWN:]:
            incident = board.incidents[incident_id]
            mark = (incident.place, incident.type, incident.priority)
            yield incident_id, mark, encode.incident_marker(incident, now_ms)
        if self._positions is None:
            return
        for unit, row in list(board.force.rows.items())[:MAX_SHOWN]:
            position = self._positions.get(row)
            if position is not None:
                yield unit, position, encode.unit_marker(unit, position, now_ms)
