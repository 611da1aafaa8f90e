"""The board: the whole state of one district, changed only by applying events.

Rows are frozen and replaced; tables are plain dicts. Replay is a new board and all events in
order. `dump` is canonical: two boards are equal when their dumps are equal, byte for byte.
"""

import msgspec
from msgspec.structs import replace

from dispatch import events as e
from dispatch.board_case import ADVICE, CALL, FOLLOW_UP, apply_case, next_follow_up_ms
from dispatch.board_dump import Dump, serial, sighting_of
from dispatch.deadlines import Deadlines
from dispatch.district import District, Gate, Plan, Post, Unit, roster_of
from dispatch.events_case import CirclesTaken
from dispatch.force import EXERCISE, Force
from dispatch.hotlist import HotList
from dispatch.letters import Letter, OrderLetter, recall_of
from dispatch.model import Advice, Alarm, Heard, Incident, Order, Responder, Sighting
from dispatch.nearby import Nearby
from dispatch.words import (
    CENTRE,
    ORDER_ENDED,
    ORDER_SHOWN,
    ORDER_TAKEN,
    ORDER_UNANSWERED,
    AlarmKey,
    CallKind,
    IncidentId,
    IncidentStatus,
    NoticeId,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    UnitStatus,
)

KEEP_CLOSED_MS = 26 * 3_600_000
"""Closed incidents stay on the board longer than the oldest alarm that is still taken (24 h)."""
SEEN_IDS = 64
CENTRE_IDS = 1_024
"""So many ids of the centre's own commands are remembered; each acts once."""
"""How many message ids of one responder are remembered."""
SIGHTINGS = 256
"""How many sightings the board shows; all are in the journal."""


class Board:
    """Tables of responders, incidents, alarms and orders of one district."""

    def __init__(self) -> None:
        self.district: District | None = None
        self.responders: dict[ResponderId, Responder] = {}
        self.incidents: dict[IncidentId, Incident] = {}
        self.alarms: dict[AlarmKey, Alarm] = {}
        self.orders: dict[OrderId, Order] = {}
        self.closed: list[IncidentId] = []
        self.sightings: list[Sighting] = []
        self.incidents_opened = 0
        self.notices_sent = 0
        self.at_ms = 0
        self.advice: dict[str, Advice] = {}
        self.advice_given = 0
        self.centre_seen: dict[str, None] = {}
        self.calls: dict[NoticeId, Heard] = {}
        self.calls_ended: list[Heard] = []
        self.circles: list[CirclesTaken] = []
        self._derive()

    def _derive(self) -> None:
        """Build what follows from the tables: never dumped, always the same for equal tables."""
        units = self.district.units if self.district is not None else ()
        self.force = Force(units)
        self.units: dict[ResponderId, Unit] = {unit.id: unit for unit in units}
        book = self.district
        self.posts: dict[ResponderId, Post] = {p.id: p for p in book.posts} if book else {}
        self.post_places = tuple(post.place for post in self.posts.values())
        self.gates: dict[ResponderId, Gate] = {g.id: g for g in book.gates} if book else {}
        self.plans: dict[str, Plan] = {p.type: p for p in book.plans} if book else {}
        self.hot_list = HotList(book.hot_list if book else ())
        self.open: set[IncidentId] = set()
        self.nearby = Nearby()
        self.short: set[IncidentId] = set()
        self.owed: dict[OrderId, None] = {}
        self.taken: set[OrderId] = set()
        self.recalls: set[OrderId] = set()
        self.deadlines = Deadlines()
        for responder in self.responders.values():
            self.force.put(responder, self._priority_of(responder))
        for incident in self.incidents.values():
            self._index_incident(incident)
        for order in self.orders.values():
            self._index_order(order)
        for notice, heard in self.calls.items():
            self.deadlines.put(f"{CALL}{notice}", heard.notice.expires_ms)
        for one in self.advice.values():
            self.deadlines.put(f"{ADVICE}{one.id}", one.expires_ms)

    def get_order(self, order: OrderId) -> Order:
        """The order; KeyError when the board does not hold it."""
        return self.orders[order]

    def get_plan(self, incident: Incident) -> Plan:
        """The plan in force for the incident's type; a retired type falls back to a bare one."""
        found = self.plans.get(incident.type)
        if found is not None:
            return found
        return Plan(
            type=incident.type,
            name_zh=incident.type,
            name_en=incident.type,
            priority=incident.priority,
        )

    def list_open(self) -> list[Incident]:
        """Open incidents, most urgent first; of equals the one that has waited longest."""
        rows = [self.incidents[incident] for incident in self.open]
        return sorted(rows, key=lambda row: (row.priority, row.raised_ms, row.id))

    def outbox(self) -> list[Letter]:
        """All orders and recalls still owed to their responders, oldest first."""
        letters: list[Letter] = []
        for order_id in self.owed:
            order = self.orders[order_id]
            letters.append(recall_of(order) if order.recalled else OrderLetter(order=order))
        return letters

    def dump(self) -> bytes:
        """The tables as canonical JSON."""
        return msgspec.json.encode(
            Dump(
                district=self.district,
                responders=self.responders,
                incidents=self.incidents,
                alarms=self.alarms,
                orders=self.orders,
                closed=self.closed,
                sightings=self.sightings,
                incidents_opened=self.incidents_opened,
                notices_sent=self.notices_sent,
                at_ms=self.at_ms,
                advice=self.advice,
                advice_given=self.advice_given,
                calls=self.calls,
                calls_ended=self.calls_ended,
                circles=self.circles,
                centre_seen=list(self.centre_seen),
            ),
            order="sorted",
        )

    @staticmethod
    def restore(dump: bytes) -> "Board":
        """The board of a dump. Raises msgspec.ValidationError when it is not one."""
        tables = msgspec.json.decode(dump, type=Dump)
        board = Board()
        board.district = tables.district
        book = tables.district
        board.responders = {key: tables.responders[key] for key in roster_of(book)}
        board.incidents = dict(sorted(tables.incidents.items(), key=lambda kv: serial(kv[0])))
        board.alarms = tables.alarms
        board.orders = dict(sorted(tables.orders.items(), key=lambda kv: serial(kv[0])))
        board.closed = tables.closed
        board.sightings = tables.sightings
        board.incidents_opened = tables.incidents_opened
        board.notices_sent = tables.notices_sent
        board.at_ms = tables.at_ms
        board.advice = dict(sorted(tables.advice.items(), key=lambda kv: serial(kv[0])))
        board.advice_given = tables.advice_given
        board.centre_seen = dict.fromkeys(tables.centre_seen)
        board.calls = dict(sorted(tables.calls.items(), key=lambda kv: serial(kv[0])))
        board.calls_ended = tables.calls_ended
        board.circles = tables.circles
        board._derive()  # a board deriving its own indexes
        return board

    def apply(self, event: e.AnyEvent) -> None:  # noqa: C901, PLR0912  # one match, all facts
        """Change the tables by one fact. Raises KeyError on a fact about what was never told."""
        self.at_ms = max(self.at_ms, event.at_ms)
        match event:
            case e.OrderAdvanced():
                self._advance_order(event)
            case e.MessageTaken():
                self._take_message(event)
            case e.ResponderChanged():
                row = self.responders[event.responder]
                self.put_responder(replace(row, status=event.status, since_ms=event.at_ms))
            case e.OrderIssued():
                self._issue(event.order)
            case e.Recommended() | e.PlateChecked():
                pass
            case e.IncidentOpened():
                self._open(event)
            case e.AlarmJoined():
                self._join(event)
            case e.IncidentAdvanced():
                self._advance_incident(event)
            case e.IncidentShort():
                row_i = self.incidents[event.incident]
                self.put_incident(replace(row_i, short=event.missing, due_ms=event.next_due_ms))
            case e.OrderOverdue():
                self._overdue(event)
            case e.IncidentEscalated():
                row_i = self.incidents[event.incident]
                escalated = replace(row_i, escalations=event.level, due_ms=event.next_due_ms)
                self.put_incident(escalated)
            case e.RecallConfirmed():
                order = self.orders[event.order]
                self.put_order(replace(order, recalled=False, due_ms=None))
            case e.NoticeSent():
                self._notice(event)
            case e.SightingReported():
                self.sightings = [*self.sightings[1 - SIGHTINGS :], sighting_of(event)]
            case e.DistrictLoaded():
                self._load(event.district)
            case _:
                apply_case(self, event)

    def _notice(self, event: e.NoticeSent) -> None:
        self.notices_sent += 1
        notice = event.notice
        if notice.kind is not CallKind.NOTICE:
            self.calls[notice.id] = Heard(notice=notice, asked=event.asked)
            self.deadlines.put(f"{CALL}{notice.id}", notice.expires_ms)

    def _load(self, district: District) -> None:
        known = self.responders
        roster = roster_of(district)
        self.responders = {
            key: known.get(key) or Responder(id=key, kind=kind) for key, kind in roster.items()
        }
        self.district = district
        self._derive()

    def _open(self, event: e.IncidentOpened) -> None:
        self.alarms[event.alarm.key] = event.alarm
        self.incidents_opened += 1
        self.put_incident(event.incident)

    def _join(self, event: e.AlarmJoined) -> None:
        row = self.incidents[event.incident]
        self.alarms[event.alarm.key] = event.alarm
        sources = row.sources
        if event.alarm.source not in sources:
            sources = (*sources, event.alarm.source)
        alarms = (*row.alarms, event.alarm.key)
        self.put_incident(replace(row, alarms=alarms, sources=sources, certainty=event.certainty))

    def _issue(self, order: Order) -> None:
        row = self.incidents[order.incident]
        first = row.first_order_ms if row.first_order_ms is not None else order.issued_ms
        self.put_incident(
            replace(
                row,
                orders=(*row.orders, order.id),
                orders_issued=row.orders_issued + 1,
                first_order_ms=first,
            )
        )
        self.put_order(order)
        responder = self.responders[order.responder]
        self.put_responder(
            replace(
                responder,
                order=order.id,
                status=UnitStatus.DISPATCHED,
                since_ms=order.issued_ms,
            )
        )

    def _advance_order(self, event: e.OrderAdvanced) -> None:
        order = self.orders[event.order]
        ended = event.status in ORDER_ENDED
        recalled = event.status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
        due_ms = order.due_ms if event.status in ORDER_UNANSWERED else None
        if recalled:
            due_ms = max(order.expires_ms, event.at_ms + 60_000)
        self.put_order(
            replace(
                order,
                status=event.status,
                since_ms=event.at_ms,
                due_ms=due_ms,
                recalled=recalled,
                shown=order.shown or event.status in ORDER_SHOWN,
            )
        )
        row = self.responders[order.responder]
        ignored = recalled and order.status in ORDER_UNANSWERED and order.attempts > 1
        if event.status is OrderStatus.EXPIRED or ignored:
            row = replace(row, missed=row.missed + 1)
        elif not recalled and event.status is not OrderStatus.COMPLETED:
            row = replace(row, missed=0)
        if ended and row.order == order.id:
            row = replace(row, order=None)
        self.put_responder(row)
        if event.status is OrderStatus.ON_SCENE:
            incident = self.incidents[order.serves]
            if incident.first_on_scene_ms is None:
                self.put_incident(replace(incident, first_on_scene_ms=event.at_ms))

    def _overdue(self, event: e.OrderOverdue) -> None:
        order = self.orders[event.order]
        self.put_order(replace(order, attempts=event.attempt, due_ms=event.next_due_ms))

    def _advance_incident(self, event: e.IncidentAdvanced) -> None:
        row = self.incidents[event.incident]
        row = replace(row, status=event.status, since_ms=event.at_ms)
        if event.status is IncidentStatus.CLOSED:
            row = replace(
                row,
                disposition=event.disposition,
                closed_ms=event.at_ms,
                due_ms=None,
                short={},
            )
            self.closed.append(row.id)
        self.put_incident(row)
        if event.status is IncidentStatus.CLOSED:
            self._forget_old(event.at_ms)

    def _take_message(self, event: e.MessageTaken) -> None:
        if event.responder == CENTRE:
            self.centre_seen[event.message] = None
            if len(self.centre_seen) > CENTRE_IDS:
                del self.centre_seen[next(iter(self.centre_seen))]
            return
        row = self.responders[event.responder]
        self.put_responder(replace(row, seen=(*row.seen[1 - SEEN_IDS :], event.message)))

    def _forget_old(self, now_ms: int) -> None:
        gone = 0
        for incident_id in self.closed:
            incident = self.incidents[incident_id]
            assert incident.closed_ms is not None, "a closed incident says when"
            if incident.closed_ms > now_ms - KEEP_CLOSED_MS:
                break
            if incident.merged_into is None:
                for alarm in incident.alarms:
                    self.alarms.pop(alarm, None)
                for order in incident.orders:
                    self.orders.pop(order, None)
                    self.owed.pop(order, None)
                    self.taken.discard(order)
                    self.recalls.discard(order)
            self.deadlines.put(f"{FOLLOW_UP}{incident_id}", None)
            del self.incidents[incident_id]
            gone += 1
        del self.closed[:gone]

    def _priority_of(self, row: Responder) -> int:
        if row.order is None:
            return 0
        order = self.orders[row.order]
        return EXERCISE if order.exercise else order.priority

    def put_responder(self, row: Responder) -> None:
        """Replace a row and what follows from it."""
        self.responders[row.id] = row
        self.force.put(row, self._priority_of(row))

    def put_incident(self, row: Incident) -> None:
        """Replace a row and what follows from it."""
        self.incidents[row.id] = row
        self._index_incident(row)

    def put_order(self, row: Order) -> None:
        """Replace a row and what follows from it."""
        self.orders[row.id] = row
        self._index_order(row)

    def _index_incident(self, row: Incident) -> None:
        if row.status is IncidentStatus.CLOSED:
            self.open.discard(row.id)
            self.nearby.remove(row.id)
            self.short.discard(row.id)
        else:
            self.open.add(row.id)
            self.nearby.put(row.id, row.place)
            (self.short.add if row.short else self.short.discard)(row.id)
        self.deadlines.put(row.id, row.due_ms)
        if row.follow_ups:
            self.deadlines.put(f"{FOLLOW_UP}{row.id}", next_follow_up_ms(row))

    def _index_order(self, row: Order) -> None:
        if row.status in (OrderStatus.ISSUED, OrderStatus.DELIVERED) or row.recalled:
            if row.status is not OrderStatus.DELIVERED:
                self.owed[row.id] = None
            else:
                self.owed.pop(row.id, None)
        else:
            self.owed.pop(row.id, None)
        followed = row.kind is ResponderKind.UNIT and row.status in ORDER_TAKEN
        (self.taken.add if followed else self.taken.discard)(row.id)
        (self.recalls.add if row.recalled else self.recalls.discard)(row.id)
        self.deadlines.put(row.id, row.due_ms)
