"""The engine: nothing leaves before it is durable, and a failed commit stops everything."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from dispatch.board import Board
from dispatch.commands import AnyCommand, LoadDistrict, RaiseAlarm
from dispatch.letters import Letter, OrderLetter, Receipt
from dispatch.poison import PoisonBook
from dispatch.ports import Record
from dispatch.runtime import MOST_COMMITS, Engine, EngineStoppedError
from dispatch.words import ResponderId, SourceKind
from dispatch.work import Outcome
from tests.world import START_MS, Town


class HeldJournal:
    """A journal whose commits end when the test says so."""

    def __init__(self) -> None:
        self.commits: list[Future[int]] = []
        self.seq = 0
        self.released = 0

    def append(self, records: Sequence[Record]) -> "Future[int]":
        self.seq += len(records)
        self.commits.append(Future())
        return self.commits[-1]

    def mark_released(self, seq: int) -> None:
        self.released = seq

    def close(self) -> None:
        return None


class Box:
    """An outlet that keeps what it was given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)


def press(number: int) -> RaiseAlarm:
    return RaiseAlarm(
        id=f"a{number}",
        source_kind=SourceKind.POST,
        source=ResponderId("P001"),
        type="panic",
        sent_ms=START_MS,
    )


async def until(true: object) -> None:
    assert callable(true)
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("waited in vain")


class Bench:
    """An engine over the made-up town with a journal in the test's hand."""

    def __init__(self) -> None:
        self.town = Town()
        self.journal = HeldJournal()
        self.box = Box()
        self.engine = Engine(
            Board(), self.town.views, self.journal, lambda: START_MS, CollectorRegistry()
        )
        self.engine.add_outlet(self.box)

    async def start(self) -> None:
        self.engine.start()
        loading = asyncio.create_task(
            self.engine.submit(LoadDistrict(district=self.town.district), "test")
        )
        await until(lambda: self.journal.commits)
        self.journal.commits.pop().set_result(1)
        await loading


async def test_nothing_leaves_before_its_own_commit() -> None:
    bench = Bench()
    await bench.start()
    first = asyncio.create_task(bench.engine.submit(press(1), "post/P001"))
    await until(lambda: bench.journal.commits)
    again = asyncio.create_task(bench.engine.submit(press(1), "post/P001"))
    await asyncio.sleep(0.05)
    assert bench.box.letters == []
    assert bench.engine.outbox() == []
    assert not first.done()
    assert not again.done()
    bench.journal.commits.pop().set_result(2)
    await first
    await again
    assert sum(isinstance(letter, OrderLetter) for letter in bench.box.letters) == 1
    receipts = [letter for letter in bench.box.letters if isinstance(letter, Receipt)]
    assert len(receipts) == 2
    assert receipts[0] == receipts[1]
    assert len(bench.engine.outbox()) == 1
    await bench.engine.stop()


async def test_the_next_batch_is_decided_while_one_is_committed_and_never_overtakes_it() -> None:
    bench = Bench()
    await bench.start()
    first = asyncio.create_task(bench.engine.submit(press(1), "post/P001"))
    await until(lambda: len(bench.journal.commits) == 1)
    second = asyncio.create_task(bench.engine.submit(press(2), "post/P001"))
    await until(lambda: len(bench.journal.commits) == 2)
    bench.journal.commits[1].set_result(3)
    await asyncio.sleep(0.02)
    assert bench.box.letters == []
    assert not second.done()
    bench.journal.commits[0].set_result(2)
    await asyncio.gather(first, second)
    receipts = [one.id for one in bench.box.letters if isinstance(one, Receipt)]
    assert receipts == ["a1", "a2"]
    await bench.engine.stop()


async def test_the_disk_is_never_more_than_a_few_batches_behind() -> None:
    bench = Bench()
    await bench.start()
    asked = []
    for number in range(MOST_COMMITS + 5):
        asked.append(asyncio.create_task(bench.engine.submit(press(number), "post/P001")))
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    assert len(bench.journal.commits) == MOST_COMMITS
    durable = 0
    while not all(task.done() for task in asked):
        for commit in bench.journal.commits[durable:]:
            durable += 1
            commit.set_result(durable + 1)
        await asyncio.sleep(0.001)
    await bench.engine.stop()


@pytest.mark.parametrize("failing", [0, 1])
async def test_a_failed_commit_stops_everything_and_releases_nothing(failing: int) -> None:
    bench = Bench()
    await bench.start()
    taken = asyncio.create_task(bench.engine.submit(press(1), "post/P001"))
    await until(lambda: bench.journal.commits)
    waiting = asyncio.create_task(bench.engine.submit(press(2), "post/P001"))
    await until(lambda: len(bench.journal.commits) == 2)
    bench.journal.commits[failing].set_exception(OSError("no space left on device"))
    with pytest.raises(OSError, match="no space"):
        await bench.engine.wait_failed()
    for task in (taken, waiting):
        with pytest.raises(EngineStoppedError):
            await task
    assert bench.box.letters == []
    with pytest.raises(EngineStoppedError):
        await bench.engine.submit(press(3), "post/P001")


async def test_a_command_that_breaks_a_decision_is_refused_after_the_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = PoisonBook(tmp_path / "poison.json")
    town = Town()
    desk_alone = town.desk.handle

    def breaks_on_two(command: AnyCommand, now_ms: int, who: str) -> Outcome:
        if isinstance(command, RaiseAlarm) and command.id == press(2).id:
            raise ZeroDivisionError("as a fault in the rules would")
        return desk_alone(command, now_ms, who)

    first = Engine(
        town.board, town.views, HeldJournal(), lambda: START_MS, CollectorRegistry(), poison=book
    )
    monkeypatch.setattr(first.desk, "handle", breaks_on_two)
    first.start()
    with pytest.raises(EngineStoppedError):
        await first.submit(press(2), "post/P001")
    with pytest.raises(ZeroDivisionError):
        await first.wait_failed()

    bench = Bench()
    bench.engine.poison = PoisonBook(book.path)
    monkeypatch.setattr(bench.engine.desk, "handle", breaks_on_two)
    bench.engine.start()
    outcome = await bench.engine.submit(press(2), "post/P001")
    assert outcome.events == ()
    assert outcome.letters == ()
    assert bench.engine.failure is None
    await bench.engine.stop()
