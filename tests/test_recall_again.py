"""A recall is sent again until it is confirmed or runs out: what carried it may have lost it."""

from dispatch import commands as c
from dispatch.desk import RECALL_MS
from dispatch.letters import Letter, OrderLetter, Recall
from dispatch.words import Answer, OrderId, ResponderId, ResponderKind, SourceKind, UnitStatus
from tests.world import Town


class Centre:
    """A town in which one alarm brought an order, which an operator cancels."""

    def __init__(self, *, shown: bool = True) -> None:
        self.town = Town()
        press = c.RaiseAlarm(
            id="a1",
            source_kind=SourceKind.POST,
            source=ResponderId("P001"),
            type="dispute",
            sent_ms=self.town.now_ms,
        )
        letters = self.give(press)
        self.order = next(one.order for one in letters if isinstance(one, OrderLetter))
        if shown:
            self.give(self.delivered("m0"))
        self.first = self.recalls(
            self.give(c.CancelOrder(id="c1", order=self.order.id, reason="not needed"))
        )

    def give(self, command: c.AnyCommand) -> tuple[Letter, ...]:
        return self.town.desk.handle(command, self.town.now_ms, "test").letters

    def delivered(self, message: str, late_ms: int = 0) -> c.AnswerOrder:
        return c.AnswerOrder(
            id=message,
            kind=ResponderKind.UNIT,
            responder=self.order.responder,
            order=self.order.id,
            answer=Answer.DELIVERED,
            sent_ms=self.town.now_ms - late_ms,
        )

    def recalls(self, letters: tuple[Letter, ...]) -> list[OrderId]:
        return [
            one.order for one in letters if isinstance(one, Recall) and one.order == self.order.id
        ]

    def pass_time(self, for_ms: int) -> list[OrderId]:
        """Let the clock tick whenever the desk asks for it; the recalls that left."""
        found, end_ms = [], self.town.now_ms + for_ms
        while (due_ms := self.town.desk.next_due_ms()) is not None and due_ms <= end_ms:
            self.town.now_ms = max(self.town.now_ms + 1, due_ms)
            found += self.recalls(self.give(c.Tick()))
        self.town.now_ms = end_ms
        return found


def test_an_unconfirmed_recall_is_sent_again_and_again() -> None:
    centre = Centre()
    assert centre.first == [centre.order.id]
    assert centre.pass_time(RECALL_MS - 1) == []
    assert 1 <= len(centre.pass_time(2 * RECALL_MS)) <= 2


def test_a_confirmed_recall_is_not_sent_again() -> None:
    centre = Centre()
    centre.give(centre.delivered("m1"))
    assert centre.pass_time(5 * RECALL_MS) == []


def test_a_recall_that_ran_out_is_not_sent_again() -> None:
    centre = Centre()
    assert centre.pass_time(400_000)
    assert not centre.town.board.recalls
    assert centre.pass_time(5 * RECALL_MS) == []


def test_a_late_answer_to_the_order_does_not_confirm_its_recall() -> None:
    centre = Centre()
    centre.give(centre.delivered("m1", late_ms=1))
    assert centre.town.board.orders[centre.order.id].recalled
    assert centre.pass_time(2 * RECALL_MS)


def test_the_first_that_is_heard_of_an_order_does_not_confirm_its_recall() -> None:
    centre = Centre(shown=False)
    centre.give(centre.delivered("m1"))
    assert centre.town.board.orders[centre.order.id].recalled
    assert centre.pass_time(2 * RECALL_MS)


def test_who_drives_on_for_a_recalled_order_is_told_again() -> None:
    centre = Centre()
    letters = centre.give(
        c.ReportStatus(
            id="m1",
            kind=ResponderKind.UNIT,
            responder=centre.order.responder,
            status=UnitStatus.EN_ROUTE,
            sent_ms=centre.town.now_ms,
            order=centre.order.id,
        )
    )
    assert centre.recalls(letters) == [centre.order.id]
