"""The desk decides: a command and the time in, facts and letters out.

No clock, no randomness, no I/O. Each fact is applied to the board as it is decided, so that a
later step of the same decision sees the earlier one.
"""

from collections import deque
from heapq import nsmallest
from typing import assert_never

from dispatch import assign, follow, intake
from dispatch import commands as c
from dispatch import events as e
from dispatch.board import Board, roster_of
from dispatch.candidates import Timed
from dispatch.model import Incident
from dispatch.ranking import warm_up
from dispatch.recommend import WIDEST_S
from dispatch.words import (
    ORDER_ENDED,
    IncidentId,
    IncidentStatus,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
)
from dispatch.work import Outcome, Views, Work
from geo.air import air_m
from geo.types import Point, Profile

RETRY_MS = 2_000
"""Short incidents are looked at again this often, since units move without any command."""
RETRIED_AT_ONCE = 3
"""How many short incidents one freed responder is offered to; the clock offers the rest."""
RETRIED_BY_CLOCK = 8
"""How many short incidents one tick looks at; the rest of them have their turn at the next."""
DUE_AT_ONCE = 16
"""How many deadlines one tick acts on: what else is due is seen after the alarms that wait."""


class Desk:
    """Decides for one board."""

    def __init__(self, board: Board, views: Views) -> None:
        self.board = board
        self.views = views
        self._retried_ms = 0
        self._to_retry: deque[IncidentId] = deque()
        warm_up()

    def handle(  # noqa: C901  # one match, all commands
        self, command: c.AnyCommand, now_ms: int, who: str
    ) -> Outcome:
        """Decide one command at `now_ms` (UTC epoch ms) for `who`; never raises on bad content."""
        work = Work(self.board, self.views, now_ms, who)
        match command:
            case c.RaiseAlarm():
                intake.raise_alarm(work, command)
            case c.AnswerOrder():
                follow.answer_order(work, command)
            case c.ReportStatus():
                follow.report_status(work, command)
            case c.Tick():
                self._tick(work)
            case c.ReportSighting():
                follow.report_sighting(work, command)
            case c.CheckPlate():
                follow.check_plate(work, command)
            case c.SendOrder():
                self._send_order(work, command)
            case c.CancelOrder():
                self._cancel_order(work, command)
            case c.CloseIncident():
                self._close_incident(work, command)
            case c.LoadDistrict():
                self._load_district(work, command)
            case _:
                assert_never(command)
        self._refill(work)
        if work.freed:
            self._retry(work, nsmallest(RETRIED_AT_ONCE, self.board.short, key=self._urgency))
        return work.outcome()

    def next_due_ms(self) -> int | None:
        """When the desk next wants a tick; None when nothing waits."""
        due_ms = self.board.deadlines.next_ms()
        if self.board.short:
            retry_ms = self._retried_ms + (0 if self._to_retry else RETRY_MS)
            due_ms = retry_ms if due_ms is None else min(due_ms, retry_ms)
        return due_ms

    def _tick(self, work: Work) -> None:
        for key in self.board.deadlines.list_due(work.now_ms, DUE_AT_ONCE):
            order = self.board.orders.get(OrderId(key))
            if order is not None:
                if order.recalled:
                    work.tell(e.RecallConfirmed(at_ms=work.now_ms, order=order.id, by="expiry"))
                elif order.due_ms is not None:
                    assign.overdue(work, order)
            else:
                incident = self.board.incidents[IncidentId(key)]
                if incident.due_ms is not None and incident.due_ms <= work.now_ms:
                    assign.escalate(work, incident)
            self._refill(work)
        if work.now_ms >= self._retried_ms + RETRY_MS and not self._to_retry:
            self._retried_ms = work.now_ms
            self._to_retry.extend(sorted(self.board.short, key=self._urgency))
        turn = [self._to_retry.popleft() for _ in range(min(RETRIED_BY_CLOCK, len(self._to_retry)))]
        self._retry(work, [incident for incident in turn if incident in self.board.short])

    def _refill(self, work: Work) -> None:
        while work.refill:
            waiting, work.refill = work.refill, []
            for incident in sorted(set(waiting), key=self._urgency):
                if self._automatic(incident):
                    assign.fill(work, incident)

    def _retry(self, work: Work, short: list[IncidentId]) -> None:
        work.freed = False
        for incident in short:
            if self._automatic(incident):
                assign.fill(work, incident)
        self._refill(work)

    def _automatic(self, incident: IncidentId) -> bool:
        row = self.board.incidents[incident]
        return "confirmation" not in row.short

    def _urgency(self, incident: IncidentId) -> tuple[int, int, str]:
        row = self.board.incidents[incident]
        return row.priority, row.raised_ms, row.id

    def _load_district(self, work: Work, command: c.LoadDistrict) -> None:
        if command.district == self.board.district:
            return
        stay = roster_of(command.district)
        robbed: list[IncidentId] = []
        for order in list(self.board.orders.values()):
            if order.responder not in stay and order.status not in ORDER_ENDED:
                assign.end_order(
                    work, order.id, OrderStatus.CANCELLED, by=work.who, reason="left the roster"
                )
                robbed.append(order.incident)
        work.tell(e.DistrictLoaded(at_ms=work.now_ms, district=command.district))
        work.refill.extend(robbed)

    def _find_open(self, work: Work, message: str, incident_id: IncidentId) -> Incident | None:
        incident = self.board.incidents.get(incident_id)
        if incident is None or incident.status is IncidentStatus.CLOSED:
            self._refuse(work, message, "incident", incident_id, "no such open incident")
            return None
        return incident

    def _refuse(self, work: Work, message: str, field: str, value: str, error: str) -> None:
        operator = ResponderId("operator")
        work.refuse(ResponderKind.UNIT, operator, message, field=field, value=value, error=error)

    def _send_order(self, work: Work, command: c.SendOrder) -> None:
        incident = self._find_open(work, command.id, command.incident)
        responder = self.board.responders.get(command.responder)
        if incident is None:
            return
        if responder is None or responder.order is not None:
            error = "no such responder" if responder is None else f"holds {responder.order}"
            self._refuse(work, command.id, "responder", command.responder, error)
            return
        pick = self._pick(incident, command)
        capability = self.board.get_plan(incident).units
        need = f"unit:{capability[0].capability}" if capability else "unit:patrol"
        if responder.kind is not ResponderKind.UNIT:
            need = responder.kind.value
        role = Role.RESPOND if responder.kind is ResponderKind.UNIT else Role.HOLD
        assign.issue(work, incident.id, pick, role, need=need, by=work.who)
        short = {key: left for key, left in incident.short.items() if key != "confirmation"}
        assign.settle(work, incident.id, short)
        if "confirmation" in incident.short:
            assign.fill(work, incident.id)

    def _pick(self, incident: Incident, command: c.SendOrder) -> Timed:
        """The operator's choice, placed by its last fix, its own place or its base."""
        responder = command.responder
        profile = Profile.FOOT
        if responder in self.board.posts:
            position = self.board.posts[responder].place
        elif responder in self.board.gates:
            position, profile = self.board.gates[responder].place, Profile.CAR
        else:
            row = self.board.force.rows[responder]
            fix = self.views.positions.get(row)
            base = self.board.units[responder].base
            position = Point(fix.lon, fix.lat) if fix is not None else base
            profile = self.board.force.profile_of(row)
        return Timed(
            responder=responder,
            kind=self.board.responders[responder].kind,
            profile=profile,
            tier=0,
            eta_s=float("inf"),
            air_m=air_m(position, incident.place),
            fix_age_s=None,
            position=position,
            limit_s=WIDEST_S,
        )

    def _cancel_order(self, work: Work, command: c.CancelOrder) -> None:
        order = self.board.orders.get(command.order)
        if order is None or order.status in ORDER_ENDED:
            self._refuse(work, command.id, "order", command.order, "no such active order")
            return
        assign.end_order(work, order.id, OrderStatus.CANCELLED, by=work.who, reason=command.reason)
        incident = self.board.incidents[order.incident]
        left = [self.board.orders[other] for other in incident.orders]
        if not any(row.status not in ORDER_ENDED for row in left):
            assign.settle(work, incident.id, {**incident.short, "confirmation": 1})
        else:
            assign.advance_incident(work, incident.id)

    def _close_incident(self, work: Work, command: c.CloseIncident) -> None:
        incident = self._find_open(work, command.id, command.incident)
        if incident is not None:
            assign.close(work, incident.id, disposition=command.disposition, by=work.who)
