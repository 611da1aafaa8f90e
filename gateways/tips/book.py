"""All tips of a district: kept in one file that only grows, so that none is lost with the engine.

Each line is a tip as it then stood; the last line of an id counts. A torn last line, as a crash
leaves it, is cut off when the file is opened.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from dispatch.words import IncidentId
from geo.types import Point

KEEP_MS = 7 * 86_400_000
MOST_KEPT = 20_000


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """One matter somebody wrote about, perhaps in several messages.

    `state` is `asked` (its place), `waiting` (for an operator), `raised` or `dismissed`.
    `messages` are the ids of the bridge, `texts` what was typed, unchanged. `similar_to` names an
    earlier tip of somebody else that seems to be about the same.
    """

    id: str
    code: str
    bridge: str
    sender: str
    messages: tuple[str, ...]
    texts: tuple[str, ...]
    received_ms: int
    changed_ms: int
    state: str
    asked: int = 0
    type: str | None = None
    word: str | None = None
    place: Point | None = None
    place_name: str = ""
    score: float = 0.0
    incident: IncidentId | None = None
    similar_to: str | None = None
    by: str = "rule"

    @property
    def text(self) -> str:
        """Everything that was typed, in its order."""
        return "\n".join(self.texts)


class TipBook:
    """Tips by id, code, message and sender. One writer."""

    def __init__(self, path: Path, now_ms: int) -> None:
        self._path = path
        self.tips: dict[str, Tip] = {}
        self._codes: dict[str, str] = {}
        self._messages: dict[tuple[str, str], str] = {}
        self._senders: dict[tuple[str, str], list[str]] = {}
        for tip in _read(path):
            if now_ms - tip.changed_ms <= KEEP_MS:
                self._index(tip)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._rewrite()
        self._lines = len(self.tips)

    def put(self, tip: Tip) -> None:
        """Keep a tip as it now stands; it is on disk when this returns."""
        self._index(tip)
        self._append(msgspec.json.encode(tip) + b"\n")
        self._lines += 1
        if len(self.tips) > MOST_KEPT or self._lines > 4 * MOST_KEPT:
            self._trim()

    def find_code(self, code: str) -> Tip | None:
        """The tip of a receipt code, however it is typed."""
        tip = self._codes.get(code.strip().upper())
        return None if tip is None else self.tips.get(tip)

    def find_message(self, bridge: str, message: str) -> Tip | None:
        """The tip that took a bridge's message."""
        tip = self._messages.get((bridge, message))
        return None if tip is None else self.tips.get(tip)

    def list_of_sender(self, bridge: str, sender: str, since_ms: int) -> list[Tip]:
        """A sender's tips that changed since then, the latest last."""
        ids = self._senders.get((bridge, sender), [])
        found = [self.tips[one] for one in ids if one in self.tips]
        return [tip for tip in found if tip.changed_ms >= since_ms]

    def list_since(self, since_ms: int) -> list[Tip]:
        """All tips that were received since then, in their order."""
        return [tip for tip in self.tips.values() if tip.received_ms >= since_ms]

    def list_waiting(self) -> list[Tip]:
        """What an operator has to look at, the oldest first."""
        open_tips = [tip for tip in self.tips.values() if tip.state in ("asked", "waiting")]
        return sorted(open_tips, key=lambda tip: (tip.received_ms, tip.id))

    def _index(self, tip: Tip) -> None:
        if tip.id not in self.tips:
            self._senders.setdefault((tip.bridge, tip.sender), []).append(tip.id)
        self.tips[tip.id] = tip
        self._codes[tip.code] = tip.id
        for message in tip.messages:
            self._messages[tip.bridge, message] = tip.id

    def _append(self, raw: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())

    def _trim(self) -> None:
        """Forget the oldest that are settled, and write the file anew."""
        kept = sorted(self.tips.values(), key=lambda tip: (tip.changed_ms, tip.id))
        kept = kept[-(MOST_KEPT * 3 // 4) :]
        self.tips, self._codes, self._messages, self._senders = {}, {}, {}, {}
        for tip in sorted(kept, key=lambda tip: (tip.received_ms, tip.id)):
            self._index(tip)
        self._rewrite()
        self._lines = len(self.tips)

    def _rewrite(self) -> None:
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            for tip in self.tips.values():
                file.write(msgspec.json.encode(tip) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _read(path: Path) -> Iterable[Tip]:
    """Tips in the order of their first line.

    Raises:
        msgspec.DecodeError: a line before the last is not a tip.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    tips: dict[str, Tip] = {}
    for line in lines[:-1]:
        tip = msgspec.json.decode(line, type=Tip)
        tips[tip.id] = tip
    return tips.values()
