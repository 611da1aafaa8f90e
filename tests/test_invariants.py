"""The invariants of the line, held under random histories of alarms, answers and time."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dispatch import commands as c
from dispatch import events as e
from dispatch.board import Board
from dispatch.letters import OrderLetter, Receipt
from dispatch.words import (
    ORDER_ENDED,
    ORDER_FOLLOWS,
    ORDER_UNANSWERED,
    AlarmKey,
    Answer,
    IncidentStatus,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    UnitStatus,
)
from dispatch.work import Outcome
from tests.invariant_acts import acts
from tests.storybook.township import change, load
from tests.world import Town, spot

UNITS, POSTS = 5, 4
BOOK = (
    'plan officer_in_need {priority = 0, name_zh = "民警遇险", name_en = "Officer in need"}',
    "plan dispute {lone_check_s = 60, answer_caller = true, follow_up_h = {call_back = 0.5}}",
    "unit U01 {officers = 1}",
    "circle Z1 at 2 2 within 2 bound U01,U02,U05",
)
"""What the town has beside its usual book, so that every rule is at work."""
responders = st.sampled_from(
    [ResponderId(f"U{n:02}") for n in range(1, UNITS + 1)]
    + [ResponderId(f"P{n:03}") for n in range(1, POSTS + 1)]
)
blocks = st.integers(0, 9)


def kind_of(responder: str) -> ResponderKind:
    return ResponderKind.UNIT if responder.startswith("U") else ResponderKind.POST


class Line(RuleBasedStateMachine):
    """Everything a district can do to the desk, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town(UNITS, POSTS)
        district = self.town.district
        for line in BOOK:
            district = change(district, line)
        load(self.town, district)
        self.events: list[e.AnyEvent] = [
            e.DistrictLoaded(at_ms=self.town.now_ms, district=self.town.district)
        ]
        self.receipts: dict[tuple[str, str], str] = {}
        self.contents: dict[str, tuple[object, ...]] = {}
        self.alarms = 0
        self.messages = 0
        self.last: c.AnyCommand | None = None
        self.last_by = ""
        self.last_refused = False

    def give(self, command: c.AnyCommand, who: str = "test") -> Outcome:
        outcome = self.town.desk.handle(command, self.town.now_ms, who)
        self.events.extend(outcome.events)
        for letter in outcome.letters:
            match letter:
                case Receipt():
                    key = letter.responder, letter.id
                    assert self.receipts.setdefault(key, letter.incident) == letter.incident
                case OrderLetter():
                    order = letter.order
                    content = order.incident, order.responder, order.line, order.expires_ms
                    assert self.contents.setdefault(order.id, content) == content
        self.last, self.last_by = command, who
        self.last_refused = bool(outcome.rejects)
        return outcome

    def message(self) -> str:
        self.messages += 1
        return f"m{self.messages}"

    def orders(self) -> list[OrderId]:
        return list(self.town.board.orders)

    @rule(
        source=responders,
        kind=st.sampled_from(["robbery", "panic", "duress", "dispute", "notice_only"]),
        place=st.none() | st.builds(spot, blocks, blocks),
        silent=st.booleans(),
    )
    def alarm(self, source: ResponderId, kind: str, place: object, silent: bool) -> None:
        self.alarms += 1
        command = c.RaiseAlarm(
            id=f"a{self.alarms}",
            source_kind=kind_of(source),
            source=source,
            type=kind,
            sent_ms=self.town.now_ms,
            place=place,  # type: ignore[arg-type]
            silent=silent,
        )
        outcome = self.give(command, source)
        assert (source, command.id) in self.receipts
        assert not outcome.rejects

    @precondition(lambda self: self.last is not None)
    @rule()
    def same_again(self) -> None:
        """A broker delivers twice: the repetition changes nothing."""
        assert self.last is not None
        if not isinstance(self.last, c.Tick) and not self.last_refused:
            before = self.town.board.dump()
            assert self.give(self.last, self.last_by).events == ()
            assert self.town.board.dump() == before

    @precondition(lambda self: self.town.board.orders)
    @rule(data=st.data(), answer=st.sampled_from(Answer))
    def answer(self, data: st.DataObject, answer: Answer) -> None:
        order = self.town.board.orders[data.draw(st.sampled_from(self.orders()))]
        self.give(
            c.AnswerOrder(
                id=self.message(),
                kind=order.kind,
                responder=order.responder,
                order=order.id,
                answer=answer,
                sent_ms=self.town.now_ms,
            )
        )

    @rule(
        data=st.data(),
        responder=responders,
        status=st.sampled_from(UnitStatus),
        named=st.booleans(),
    )
    def status(
        self, data: st.DataObject, responder: ResponderId, status: UnitStatus, named: bool
    ) -> None:
        held = self.town.board.responders[responder].order
        order = held
        if named and self.town.board.orders:
            order = data.draw(st.sampled_from(self.orders()))
        self.give(
            c.ReportStatus(
                id=self.message(),
                kind=kind_of(responder),
                responder=responder,
                status=status,
                sent_ms=self.town.now_ms,
                order=order,
            )
        )

    @rule(data=st.data())
    def operator_acts(self, data: st.DataObject) -> None:
        """Anything an operator can ask for; what is refused changes nothing."""
        board = self.town.board
        command = data.draw(acts(board, self.message(), self.town.now_ms))
        before = board.dump()
        outcome = self.give(command, "operator/wang")
        if outcome.rejects:
            assert outcome.events == ()
            assert board.dump() == before

    @rule(row=st.integers(0, UNITS - 1), x=blocks, y=blocks)
    def drive(self, row: int, x: int, y: int) -> None:
        self.town.positions.put(row, spot(x, y), self.town.now_ms)

    @rule(wait_s=st.sampled_from([1, 5, 15, 61, 301, 4_000]))
    def wait(self, wait_s: int) -> None:
        """Time passes, and the desk is told at each moment it asked for."""
        end_ms = self.town.now_ms + wait_s * 1000
        for _ in range(200):
            due_ms = self.town.desk.next_due_ms()
            if due_ms is None or due_ms > end_ms:
                break
            self.town.now_ms = max(self.town.now_ms, due_ms)
            self.give(c.Tick(), "clock")
        self.town.now_ms = end_ms
        self.give(c.Tick(), "clock")

    @invariant()
    def receipted_alarms_are_in_exactly_one_incident(self) -> None:
        board = self.town.board
        for source, alarm in self.receipts:
            key = AlarmKey(f"{source}/{alarm}")
            holders = [
                row.id
                for row in board.incidents.values()
                if key in row.alarms and row.merged_into is None
            ]
            if key in board.alarms:
                assert len(holders) == 1

    @invariant()
    def a_responder_holds_at_most_one_active_order(self) -> None:
        board = self.town.board
        held: dict[str, str] = {}
        for order in board.orders.values():
            if order.status not in ORDER_ENDED:
                assert order.responder not in held
                held[order.responder] = order.id
        for responder in board.responders.values():
            assert responder.order == held.get(responder.id)

    @invariant()
    def no_second_order_stands_for_one_incident_and_responder(self) -> None:
        active = [
            (order.incident, order.responder)
            for order in self.town.board.orders.values()
            if order.status not in ORDER_ENDED
        ]
        assert len(active) == len(set(active))

    @invariant()
    def no_order_waits_past_its_deadline_unescalated(self) -> None:
        for order in self.town.board.orders.values():
            if order.status in ORDER_UNANSWERED:
                assert order.due_ms is not None
                assert order.due_ms >= self.town.now_ms or self.last is None

    @invariant()
    def replay_equals_the_board_byte_for_byte(self) -> None:
        replayed = Board()
        for event in self.events:
            replayed.apply(event)
        assert replayed.dump() == self.town.board.dump()
        assert Board.restore(replayed.dump()).dump() == replayed.dump()

    @invariant()
    def closed_incidents_hold_no_active_order(self) -> None:
        board = self.town.board
        for incident in board.incidents.values():
            if incident.status is IncidentStatus.CLOSED:
                mine = [board.orders[order] for order in incident.orders]
                assert all(
                    order.status in ORDER_ENDED for order in mine if order.serves == incident.id
                )

    @invariant()
    def short_incidents_are_visible_and_escalate(self) -> None:
        for incident in self.town.board.incidents.values():
            if incident.status is IncidentStatus.PENDING:
                assert incident.short
            if incident.short:
                assert incident.id in self.town.board.short
                assert incident.due_ms is not None

    @invariant()
    def orders_only_move_along_the_table(self) -> None:
        seen: dict[str, OrderStatus] = {}
        for event in self.events:
            if isinstance(event, e.OrderIssued):
                seen[event.order.id] = event.order.status
            elif isinstance(event, e.OrderAdvanced):
                assert event.status in ORDER_FOLLOWS[seen[event.order]]
                seen[event.order] = event.status


Line.TestCase.settings = settings(
    max_examples=int(os.environ.get("STREET110_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestLine = Line.TestCase
