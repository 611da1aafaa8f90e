"""The desk decides: a command and the time in, facts and letters out.

No clock, no randomness, no I/O. Each fact is applied to the board as it is decided, so that a
later step of the same decision sees the earlier one.
"""

from collections import deque
from heapq import nsmallest
from typing import TypeVar

from dispatch import (
    advise,
    assign,
    board_case,
    callout,
    casework,
    cover,
    duty,
    follow,
    intake,
    watch,
)
from dispatch import commands as c
from dispatch import events as e
from dispatch.board import Board
from dispatch.district import roster_of
from dispatch.joint import effective_priority
from dispatch.letters import recall_of
from dispatch.model import Order
from dispatch.operate import operate
from dispatch.ranking import warm_up
from dispatch.together import fill_together, may_gain
from dispatch.words import ORDER_ENDED, IncidentId, NoticeId, OrderId, OrderStatus, ResponderId
from dispatch.work import Outcome, Views, Work

Item = TypeVar("Item")

RETRY_MS = 2_000
"""Short incidents are looked at again this often, since units move without any command."""
RETRIED_AT_ONCE = 20
"""How many short incidents one freed responder is offered to; the clock offers the rest."""
RETRIED_BY_CLOCK = 8
"""How many short incidents one tick looks at; the rest of them have their turn at the next."""
WATCH_MS = 3_000
"""Taken orders are held against their units' tracks this often."""
WATCHED_AT_ONCE = 64
RECALL_MS = 15_000
"""An unconfirmed recall is sent again this often: what carried it may have lost it."""
RECALLED_AT_ONCE = 64
SHIFT_MS = 30_000
DUE_AT_ONCE = 16
"""How many deadlines one tick acts on: what else is due is seen after the alarms that wait."""


class Desk:
    """Decides for one board."""

    def __init__(self, board: Board, views: Views) -> None:
        self.board = board
        self.views = views
        self._retried_ms = 0
        self._to_retry: deque[IncidentId] = deque()
        self._watched_ms = 0
        self._to_watch: deque[OrderId] = deque()
        self._recalled_ms = 0
        self._to_recall: deque[OrderId] = deque()
        self._circled_ms = 0
        self._shifted_ms = 0
        self._on_shift: frozenset[ResponderId] | None = None
        warm_up()

    def handle(self, command: c.AnyCommand, now_ms: int, who: str) -> Outcome:
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
            case c.LoadDistrict():
                self._load_district(work, command)
            case _:
                operate(work, command)
        if work.freed and duty.works_over(work, self._on_shift):
            self._on_shift = duty.take_shifts(work, self._on_shift)
        self._refill(work)
        if work.freed:
            self._retry(work, nsmallest(RETRIED_AT_ONCE, self.board.short, key=self._urgency))
        return work.outcome()

    def next_due_ms(self) -> int | None:
        """When the desk next wants a tick; None when nothing waits."""
        due = [self.board.deadlines.next_ms()]
        if self.board.short:
            due.append(self._retried_ms + (0 if self._to_retry else RETRY_MS))
        if self.board.taken:
            due.append(self._watched_ms + (0 if self._to_watch else WATCH_MS))
        if self.board.recalls:
            due.append(self._recalled_ms + (0 if self._to_recall else RECALL_MS))
        book = self.board.district
        if book is not None and (book.circles or book.rules.cover_s > 0):
            due.append(self._circled_ms + 1_000 * book.rules.circles_every_s)
        if self.board.district is not None and self.board.district.roster is not None:
            due.append(self._shifted_ms + SHIFT_MS)
        return min((at_ms for at_ms in due if at_ms is not None), default=None)

    def _tick(self, work: Work) -> None:
        for key in self.board.deadlines.list_due(work.now_ms, DUE_AT_ONCE):
            self._act_on(work, key)
            self._refill(work)
        if work.now_ms >= self._retried_ms + RETRY_MS and not self._to_retry:
            self._retried_ms = work.now_ms
            self._to_retry.extend(sorted(self.board.short, key=self._urgency))
        turn = take_turn(self._to_retry, RETRIED_BY_CLOCK)
        self._retry(work, [incident for incident in turn if incident in self.board.short])
        if work.now_ms >= self._watched_ms + WATCH_MS and not self._to_watch:
            self._watched_ms = work.now_ms
            self._to_watch.extend(sorted(self.board.taken))
        for order in take_turn(self._to_watch, WATCHED_AT_ONCE):
            watch.look_at(work, order)
        self._recall_again(work)
        self._look_around(work)

    def _recall_again(self, work: Work) -> None:
        if work.now_ms >= self._recalled_ms + RECALL_MS and not self._to_recall:
            self._recalled_ms = work.now_ms
            self._to_recall.extend(sorted(self.board.recalls))
        for name in take_turn(self._to_recall, RECALLED_AT_ONCE):
            order = self.board.orders.get(name)
            if order is not None and order.recalled and order.since_ms + RECALL_MS <= work.now_ms:
                work.letters.append(recall_of(order))

    def _look_around(self, work: Work) -> None:
        """What is looked at by the clock alone: circles, and whose shift begins or ends."""
        book = self.board.district
        if book is None:
            return
        circle_ms = 1_000 * book.rules.circles_every_s
        looks = bool(book.circles) or book.rules.cover_s > 0
        if looks and work.now_ms >= self._circled_ms + circle_ms:
            self._circled_ms = work.now_ms
            advise.take_circles(work)
            if book.rules.cover_s > 0:
                cover.take_prices(work)
        if book.roster is not None and work.now_ms >= self._shifted_ms + SHIFT_MS:
            self._shifted_ms = work.now_ms
            self._on_shift = duty.take_shifts(work, self._on_shift)

    def _act_on(self, work: Work, key: str) -> None:
        """Something about an order, an incident, a call or an advice is due."""
        kind, _, name = key.rpartition(":")
        match f"{kind}:" if kind else "":
            case board_case.FOLLOW_UP:
                casework.follow_ups_due(work, IncidentId(name))
            case board_case.CALL:
                callout.end(work, NoticeId(name))
            case board_case.ADVICE:
                advise.lapse(work, name)
            case _ if key in self.board.orders:
                self._order_due(work, self.board.orders[OrderId(key)])
            case _:
                incident = self.board.incidents[IncidentId(key)]
                if incident.due_ms is not None and incident.due_ms <= work.now_ms:
                    assign.escalate(work, incident)

    def _order_due(self, work: Work, order: Order) -> None:
        if order.recalled:
            work.tell(e.RecallConfirmed(at_ms=work.now_ms, order=order.id, by="expiry"))
        elif order.status is OrderStatus.ON_SCENE:
            watch.unanswered(work, order)
        elif order.due_ms is not None:
            assign.overdue(work, order)

    def _refill(self, work: Work) -> None:
        while work.refill:
            waiting, work.refill = work.refill, []
            for incident in sorted(set(waiting), key=self._urgency):
                if self._automatic(incident):
                    assign.fill(work, incident)

    def _retry(self, work: Work, short: list[IncidentId]) -> None:
        """Look again at what short incidents lack; several are served together."""
        work.freed = False
        waiting = [
            incident
            for incident in short
            if self._automatic(incident) and may_gain(work, self.board.incidents[incident])
        ]
        book = self.board.district
        if len(waiting) > 1 and book is not None and book.rules.joint:
            fill_together(work, waiting)
        else:
            for incident in waiting:
                assign.fill(work, incident)
        self._refill(work)

    def _automatic(self, incident: IncidentId) -> bool:
        row = self.board.incidents[incident]
        return "confirmation" not in row.short

    def _urgency(self, incident: IncidentId) -> tuple[int, int, str]:
        row = self.board.incidents[incident]
        book = self.board.district
        ageing_s = book.rules.ageing_s if book is not None else 0
        waited_s = (self.board.at_ms - row.raised_ms) / 1000
        return effective_priority(row.priority, waited_s, ageing_s), row.raised_ms, row.id

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
                robbed.append(order.serves)
        work.tell(e.DistrictLoaded(at_ms=work.now_ms, district=command.district))
        work.refill.extend(robbed)


def take_turn(queue: deque[Item], most: int) -> list[Item]:
    """The first few of a queue, which leave it."""
    return [queue.popleft() for _ in range(min(most, len(queue)))]
