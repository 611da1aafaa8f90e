"""What the page shows of decisions: a second board fed only with durable facts, and their story.

The engine's own board may be ahead of the disk; this one never is, so nothing is shown that a
crash could take back.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from dispatch import events as e
from dispatch.board import Board
from dispatch.commands import RaiseAlarm
from dispatch.district import District
from dispatch.force import STATUSES
from dispatch.model import Alarm, Incident, Order, Recommendation
from dispatch.ports import Record
from dispatch.words import (
    ORDER_UNANSWERED,
    IncidentId,
    IncidentStatus,
    OrderId,
    ResponderId,
    ResponderKind,
)
from gateways.api.scope import Scope, sees_order

MAX_OPEN = 300
"""Open incidents of a full state, most urgent first; the counters still count all."""
MAX_CLOSED = 30
"""Closed incidents that stay in sight."""
MAX_TIMELINE = 120
MAX_LATENCIES = 500


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an incident's timeline; `what` is the tag of its event, times in epoch ms."""

    at_ms: int
    what: str
    who: str | None = None
    status: str | None = None
    by: str | None = None
    note: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with all that belongs to it, as the page shows it."""

    incident: Incident
    alarms: list[Alarm]
    orders: list[Order]
    recommendations: list[Recommendation]
    timeline: list[Step]


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the top bar.

    Latency, in ms: from when the desk takes up an alarm to when its orders, durable by then, are
    with the outlets. It leaves out the broker on both sides.
    """

    open: int
    pending: int
    unanswered: int
    units: int
    available: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None


class Feed:
    """Follows the durable records of one engine."""

    def __init__(self) -> None:
        self.board = Board()
        self.changed: set[IncidentId] = set()
        self.reloaded = False
        self._found: dict[IncidentId, dict[str, Recommendation]] = {}
        self._steps: dict[IncidentId, deque[Step]] = {}
        self._latencies_ms: deque[int] = deque(maxlen=MAX_LATENCIES)
        self._closed: deque[IncidentId] = deque()

    def begin(self, board: Board) -> None:
        """Take over a board whose facts are all durable."""
        self.board = Board.restore(board.dump())
        for incident in self.board.incidents.values():
            steps = self._steps.setdefault(incident.id, deque(maxlen=MAX_TIMELINE))
            steps.extend(self._remembered(incident))
            if incident.status is IncidentStatus.CLOSED:
                self._close(incident.id)

    def take(self, records: Sequence[Record], now_ms: int) -> None:
        """Apply records that were just committed and released."""
        for record in records:
            for event in record.events:
                self.board.apply(event)
                self._note(event)
            if isinstance(record.command, RaiseAlarm) and any(
                isinstance(event, e.OrderIssued) for event in record.events
            ):
                self._latencies_ms.append(max(0, now_ms - record.at_ms))

    def find_case(self, incident_id: IncidentId, scope: Scope | None = None) -> Case | None:
        """The incident as it stands; None when the board has forgotten it, or it is not theirs."""
        incident = self.board.incidents.get(incident_id)
        if incident is None or (scope is not None and not scope.sees(incident)):
            return None
        found = list(self._found.get(incident_id, {}).values())
        alarms = [self.board.alarms[key] for key in incident.alarms if key in self.board.alarms]
        orders = [self.board.orders[key] for key in incident.orders if key in self.board.orders]
        return Case(
            incident=incident,
            alarms=alarms,
            orders=orders,
            recommendations=found if scope is None else [scope.cut(one) for one in found],
            timeline=list(self._steps.get(incident_id, ())),
        )

    def list_cases(self, scope: Scope | None = None) -> list[Case]:
        """The most urgent open incidents and the last closed ones, of those that are seen."""
        rows = self.board.list_open()
        mine = rows if scope is None else [row for row in rows if scope.sees(row)]
        ids = [incident.id for incident in mine[:MAX_OPEN]]
        cases = [self.find_case(one, scope) for one in (*ids, *self._closed)]
        return [case for case in cases if case is not None]

    def count(self, scope: Scope | None = None) -> Counters:
        """The figures of the top bar, of what is seen."""
        board = self.board
        rows = [board.incidents[one] for one in board.open]
        owed = [board.orders[order] for order in board.owed]
        units, free = len(board.units), int(board.force.available.sum())
        if scope is not None:
            rows = [row for row in rows if scope.sees(row)]
            owed = [order for order in owed if sees_order(scope, board, order)]
            own = [board.force.rows[one] for one in scope.own if one in board.force.rows]
            units, free = len(own), int(board.force.available[own].sum())
        waiting = [order.status in ORDER_UNANSWERED for order in owed]
        spread = np.array(self._latencies_ms or [np.nan], dtype=float)
        known = bool(self._latencies_ms)
        return Counters(
            open=len(rows),
            pending=sum(row.status is IncidentStatus.PENDING for row in rows),
            unanswered=sum(waiting),
            units=units,
            available=free,
            latency_p50_ms=round(float(np.percentile(spread, 50)), 1) if known else None,
            latency_p99_ms=round(float(np.percentile(spread, 99)), 1) if known else None,
        )

    def _remembered(self, incident: Incident) -> list[Step]:
        """What the rows still tell of an incident that is older than this process."""
        steps = [
            Step(at_ms=alarm.received_ms, what="alarm_joined", who=alarm.source, note=alarm.text)
            for key in incident.alarms
            if (alarm := self.board.alarms.get(key)) is not None
        ]
        for key in incident.orders:
            order = self.board.orders.get(key)
            if order is not None:
                steps.append(_issued(order))
        return sorted(steps, key=lambda step: (step.at_ms, step.what, step.who or ""))

    def _note(self, event: e.AnyEvent) -> None:
        match event:
            case e.DistrictLoaded():
                self.reloaded = True
            case e.OrderIssued():
                self._put(event.order.incident, _issued(event.order))
            case e.OrderAdvanced() | e.OrderOverdue() | e.RecallConfirmed():
                self._note_order(event, event.order)
            case e.IncidentOpened():
                self._put(
                    event.incident.id,
                    _step(event, who=event.alarm.source, note=event.alarm.text),
                )
            case e.AlarmJoined():
                note = f"{event.why} · {event.apart_m:.0f} m · {event.apart_s:.0f} s"
                self._put(event.incident, _step(event, who=event.alarm.source, note=note))
            case e.Recommended():
                found = self._found.setdefault(event.incident, {})
                found[event.recommendation.need] = event.recommendation
                self.changed.add(event.incident)
            case e.IncidentAdvanced():
                self._put(
                    event.incident,
                    _step(event, status=event.status, by=event.by, note=event.disposition),
                )
                if event.status is IncidentStatus.CLOSED:
                    self._close(event.incident)
            case _:
                self._note_rest(event)

    def _note_rest(self, event: e.AnyEvent) -> None:
        match event:
            case e.IncidentShort():
                lacking = ", ".join(f"{need} × {n}" for need, n in sorted(event.missing.items()))
                self._put(event.incident, _step(event, note=lacking or None))
            case e.IncidentEscalated():
                self._put(event.incident, _step(event, status=str(event.level), note=event.reason))
            case e.NoticeSent() if event.notice.incident is not None:
                group = event.notice.group
                self._put(event.notice.incident, _step(event, who=group, note=event.notice.text))
            case e.SightingReported() if event.incident is not None:
                self._put(event.incident, _step(event, who=event.responder, note=event.text))
            case _:
                return

    def _note_order(
        self, event: e.OrderAdvanced | e.OrderOverdue | e.RecallConfirmed, order_id: OrderId
    ) -> None:
        order = self.board.orders.get(order_id)
        if order is None:
            return
        match event:
            case e.OrderAdvanced():
                step = _step(
                    event,
                    who=order.responder,
                    status=event.status,
                    by=event.by,
                    note=event.reason,
                )
            case e.OrderOverdue():
                step = _step(event, who=order.responder, status=str(event.attempt))
            case _:
                step = _step(event, who=order.responder, by=event.by)
        self._put(order.incident, step)

    def _put(self, incident: IncidentId, step: Step) -> None:
        self._steps.setdefault(incident, deque(maxlen=MAX_TIMELINE)).append(step)
        self.changed.add(incident)

    def _close(self, incident: IncidentId) -> None:
        """Keep the last closed in sight and forget the story of the one before them."""
        self._closed.append(incident)
        if len(self._closed) > MAX_CLOSED:
            gone = self._closed.popleft()
            self._found.pop(gone, None)
            self._steps.pop(gone, None)


def _issued(order: Order) -> Step:
    return Step(
        at_ms=order.issued_ms,
        what="order_issued",
        who=order.responder,
        status=order.role,
        by=order.by,
    )


def _step(event: e.AnyEvent, **more: Any) -> Step:
    return Step(at_ms=event.at_ms, what=str(type(event).__struct_config__.tag), **more)


def describe_district(
    book: District, unit_ids: Sequence[str], seen: frozenset[ResponderId] | None = None
) -> dict[str, Any]:
    """What the page must know of the book; units in the order of the columns, null if not seen."""
    units = {str(unit.id): unit for unit in book.units}
    names = {str(unit.id): unit.name for unit in book.units}
    names |= {str(post.id): post.name for post in book.posts}
    names |= {str(gate.id): gate.name for gate in book.gates}
    if seen is not None:
        units = {one: unit for one, unit in units.items() if unit.id in seen}
        names = {one: name for one, name in names.items() if ResponderId(one) in seen}
    rows = [units.get(one) for one in unit_ids]
    return {
        "id": book.id,
        "name_zh": book.name_zh,
        "name_en": book.name_en,
        "timezone": book.timezone,
        "units": [
            {"id": unit.id, "name": unit.name, "kind": unit.kind, "officers": unit.officers}
            if unit is not None
            else None
            for unit in rows
        ],
        "names": names,
        "plans": [
            {"type": plan.type, "name_zh": plan.name_zh, "name_en": plan.name_en}
            for plan in book.plans
        ],
        "stale_after_s": book.rules.stale_after_s,
        "statuses": list(STATUSES),
    }


def district_geojson(book: District, scope: Scope | None = None) -> dict[str, Any]:
    """Posts, gates and areas as GeoJSON; `is` tells them apart, rings are closed."""
    if scope is not None:
        book = replace(
            book,
            posts=tuple(post for post in book.posts if post.id in scope.own),
            gates=tuple(gate for gate in book.gates if gate.id in scope.own),
            areas=tuple(area for area in book.areas if area.id in scope.tree),
        )
    posts = [
        _spot(post.place.lon, post.place.lat, {"is": ResponderKind.POST, "id": post.id,
              "name": post.name, "sign": post.sign, "category": post.category})
        for post in book.posts
    ]  # fmt: skip
    gates = [
        _spot(gate.place.lon, gate.place.lat, {"is": ResponderKind.GATE, "id": gate.id,
              "name": gate.name, "road": gate.road})
        for gate in book.gates
    ]  # fmt: skip
    areas = [
        {
            "type": "Feature",
            "properties": {"is": "area", "id": a.id, "name": a.name, "level": a.level},
            "geometry": {"type": "Polygon", "coordinates": [[*a.ring, a.ring[0]]]},
        }
        for a in book.areas
        if a.ring
    ]
    return {"type": "FeatureCollection", "features": [*areas, *gates, *posts]}


def _spot(lon: float, lat: float, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
    }
