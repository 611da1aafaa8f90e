"""Bugs planted on purpose, each as a way to run the same line wrongly.

`python -m tests.planted` lets the fault simulation look for each from seed 1 and prints how many
schedules and seconds it took; `--name` plants one of them only, and tells its story.
"""

import argparse
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

import dispatch.follow
import dispatch.intake
import dispatch.journal
import dispatch.snapshot
import simulator.faults.life
from dispatch.board import Board
from dispatch.commands import RaiseAlarm
from dispatch.deadlines import Deadlines
from dispatch.desk import Desk
from dispatch.journal import SqliteJournal
from dispatch.letters import Letter, OrderLetter
from dispatch.model import Alarm, Order
from dispatch.ports import Record
from dispatch.runtime import Engine
from dispatch.words import ORDER_FOLLOWS, ORDER_UNANSWERED, AlarmKey, OrderId, OrderStatus
from dispatch.work import Work
from gateways.mqtt.gateway import MqttGateway
from simulator.faults.hunt import shrink
from simulator.faults.run import folder_in_memory, run_schedule
from simulator.faults.schedule import make_schedule

MOST_SCHEDULES = 2_000
SOON = 1_000
"""What takes longer to find is rare."""
Rebuilt = tuple[Board, int]


def instead(owner: Any, name: str, make: Callable[[Any], Any]) -> AbstractContextManager[Any]:
    """Put `make(what stands there)` in its place for a while."""
    return patch.object(owner, name, make(getattr(owner, name)))


def ack_before_commit() -> AbstractContextManager[Any]:
    """The broker is told "received" when a message is heard, not when it is on record."""

    def make(real: Any) -> Any:
        def submit(self: MqttGateway, command: Any, who: str, ack: Callable[[], None]) -> None:
            ack()
            real(self, command, who, lambda: None)

        return submit

    return instead(MqttGateway, "_submit", make)


def letters_before_commit() -> AbstractContextManager[Any]:
    """Receipts and orders leave while their batch is still on its way to the disk."""

    def make(real: Any) -> Any:
        async def commit(self: Engine, decided: Any, *rest: Any) -> None:
            for letter in (letter for _, outcome, _ in decided for letter in outcome.letters):
                for outlet in self._outlets:
                    outlet.send(letter)
            await real(self, decided, *rest)

        return commit

    return instead(Engine, "_commit_and_release", make)


def outbox_not_resent() -> AbstractContextManager[Any]:
    """After a restart or a lost connection nothing that is owed is sent again."""
    return instead(Engine, "outbox", lambda _: lambda _self: [])


class Blind(dict[AlarmKey, Alarm]):
    """A table that knows nothing when asked whether it knows."""

    def get(self, _key: Any, _default: Any = None) -> Any:
        return None


def duplicate_alarm_taken() -> AbstractContextManager[Any]:
    """An alarm that comes again under its id is taken for a new one."""

    def make(real: Any) -> Any:
        def raise_alarm(work: Work, command: RaiseAlarm) -> None:
            work.board.alarms = Blind(work.board.alarms)
            real(work, command)
            work.board.alarms = dict(work.board.alarms)

        return raise_alarm

    return instead(dispatch.intake, "raise_alarm", make)


def receipt_not_repeated() -> AbstractContextManager[Any]:
    """An alarm that comes again is known, and so gets no answer."""

    def make(real: Any) -> Any:
        def raise_alarm(work: Work, command: RaiseAlarm) -> None:
            if AlarmKey(f"{command.source}/{command.id}") not in work.board.alarms:
                real(work, command)

        return raise_alarm

    return instead(dispatch.intake, "raise_alarm", make)


def timer_lost_at_restart() -> AbstractContextManager[Any]:
    """A rebuilt board knows what it holds, but not when it is due."""

    def make(real: Any) -> Any:
        def rebuild(*args: Any, **named: Any) -> Rebuilt:
            board, seq = real(*args, **named)
            board.deadlines = Deadlines()
            return board, seq

        return rebuild

    return instead(dispatch.snapshot, "rebuild", make)


def snapshot_without_tail() -> AbstractContextManager[Any]:
    """Where there is a snapshot, the records after it are not read."""

    def make(real: Any) -> Any:
        def rebuild(journal: Any, *args: Any, **named: Any) -> Rebuilt:
            found = journal.latest_snapshot() if isinstance(journal, SqliteJournal) else None
            if found is None:
                rebuilt: Rebuilt = real(journal, *args, **named)
                return rebuilt
            return Board.restore(found[1]), found[0]

        return rebuild

    return instead(dispatch.snapshot, "rebuild", make)


def order_id_not_stable() -> AbstractContextManager[Any]:
    """What the outbox sends again carries an order id of its own."""

    def make(real: Any) -> Any:
        def outbox(self: Engine) -> list[Letter]:
            return [
                OrderLetter(order=replace(one.order, id=OrderId(f"{one.order.id}-2")))
                if isinstance(one, OrderLetter)
                else one
                for one in real(self)
            ]

        return outbox

    return instead(Engine, "outbox", make)


@contextmanager
def recall_lost() -> Iterator[None]:
    """A recall is sent once and never again."""

    def kept(real: Any) -> Any:
        def outbox(self: Board) -> list[Letter]:
            return [letter for letter in real(self) if isinstance(letter, OrderLetter)]

        return outbox

    def again(real: Any) -> Any:
        def recall_again(self: Desk, work: Work) -> None:
            before = len(work.letters)
            real(self, work)
            del work.letters[before:]

        return recall_again

    with instead(Board, "outbox", kept), instead(Desk, "_recall_again", again):
        yield


@contextmanager
def late_answer_revives() -> Iterator[None]:
    """Who accepts an order that was taken back has it again."""
    taken = {OrderStatus.ACCEPTED, OrderStatus.DELIVERED}
    follows = ORDER_FOLLOWS | {
        OrderStatus.CANCELLED: frozenset(taken),
        OrderStatus.EXPIRED: frozenset(taken),
    }
    with (
        patch.object(dispatch.follow, "ORDER_ENDED", frozenset()),
        patch.object(dispatch.follow, "ORDER_FOLLOWS", follows),
    ):
        yield


def late_answer_confirms_recall() -> AbstractContextManager[Any]:
    """An answer to an order that was under way when it was recalled counts as the recall's."""

    def make(real: Any) -> Any:
        def answer(work: Work, order: Any, command: Any, by: str) -> None:
            real(work, replace(order, shown=True), replace(command, sent_ms=work.now_ms), by)

        return answer

    return instead(dispatch.follow, "_answer_ended", make)


def seen_ids_lost_at_restart() -> AbstractContextManager[Any]:
    """A rebuilt board has forgotten which messages it has taken."""

    def make(real: Any) -> Any:
        def rebuild(*args: Any, **named: Any) -> Rebuilt:
            board, seq = real(*args, **named)
            for row in list(board.responders.values()):
                board.put_responder(replace(row, seen=()))
            return board, seq

        return rebuild

    return instead(dispatch.snapshot, "rebuild", make)


def clock_back_trips_timers() -> AbstractContextManager[Any]:
    """When the clock goes backwards, every deadline is taken for passed."""

    def make(real: Any) -> Any:
        def decide(self: Engine) -> Any:
            now_ms = self.now_ms()
            if now_ms < self.ticked_ms - 1_000:
                for order in list(self.board.orders.values()):
                    if order.status in ORDER_UNANSWERED:
                        self.board.deadlines.put(order.id, now_ms)
            return real(self)

        return decide

    return instead(Engine, "_decide", make)


def full_disk_ignored() -> AbstractContextManager[Any]:
    """A commit that the disk refuses is taken for done."""

    def make(real: Any) -> Any:
        def commit(self: SqliteJournal, batches: list[Sequence[Record]], released: int) -> Any:
            try:
                return real(self, batches, released)
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                return [self.last_seq for _ in batches]

        return commit

    return instead(SqliteJournal, "_commit", make)


def log_thrown_away() -> AbstractContextManager[Any]:
    """The write-ahead log that a crash left behind is deleted before the journal is opened."""

    def make(_: Any) -> Any:
        def check(path: Path) -> None:
            path.with_name(path.name + "-wal").unlink(missing_ok=True)

        return check

    return instead(dispatch.journal, "check_wal", make)


def silent_order_stands() -> AbstractContextManager[Any]:
    """Nobody looks at an order that waits for its answer."""

    def make(_: Any) -> Any:
        def order_due(self: Desk, _work: Work, order: Order) -> None:
            self.board.deadlines.put(order.id, None)

        return order_due

    return instead(Desk, "_order_due", make)


def doubt_forgotten() -> AbstractContextManager[Any]:
    """What a crash kept from leaving is not sent after the restart."""
    return instead(simulator.faults.life, "letters_in_doubt", lambda _: lambda _journal: [])


@contextmanager
def doubt_ends_too_early() -> Iterator[None]:
    """Letters count as gone although no gateway is there yet, or none any more, or no broker."""

    def make(real: Any) -> Any:
        def add_outlet(self: Engine, outlet: Any, _carries: Any) -> None:
            real(self, outlet)

        return add_outlet

    with (
        instead(Engine, "await_edges", lambda _: lambda _self: None),
        instead(Engine, "add_outlet", make),
    ):
        yield


@dataclass(frozen=True)
class Bug:
    """How to plant it, the first seed from 1 that finds it, and words of what is said then.

    A `rare` one takes more than a minute to find; its seed is one that finds it.
    """

    plant: Callable[[], AbstractContextManager[Any]]
    seed: int
    says: str
    rare: bool = False


BUGS = {
    plant.__name__: Bug(plant, seed, says, seed > SOON)
    for plant, seed, says in (
        (ack_before_commit, 1, "was confirmed and is not durable"),
        (letters_before_commit, 1, "left before the alarm was durable"),
        (outbox_not_resent, 4, "was owed and not sent again"),
        (duplicate_alarm_taken, 1, "is on record twice"),
        (receipt_not_repeated, 19, "never got its receipt"),
        (timer_lost_at_restart, 22, "passed its deadline and nothing happened"),
        (snapshot_without_tail, 8, "the rebuilt board is not what the durable records say"),
        (order_id_not_stable, 1, "left and is not on record"),
        (recall_lost, 9, "was owed and not sent again"),
        (late_answer_revives, 4, "from cancelled to delivered"),
        (late_answer_confirms_recall, 1_407, "which was taken back"),
        (seen_ids_lost_at_restart, 1, "the rebuilt board is not what the durable records say"),
        (clock_back_trips_timers, 14, "was called overdue before its deadline"),
        (full_disk_ignored, 6, "durable"),
        (log_thrown_away, 1, "was durable, the journal ends at"),
        (silent_order_stands, 6, "passed its deadline and nothing happened"),
        (doubt_forgotten, 60, "never left"),
        (doubt_ends_too_early, 1_175, "never left"),
    )
}


def find(bug: Bug) -> tuple[int, str, float] | None:
    """The first seed from 1 that finds a bug, what it says, and the seconds it took."""
    began_s = time.monotonic()
    seeds = [bug.seed] if bug.rare else range(1, MOST_SCHEDULES + 1)
    with bug.plant(), folder_in_memory() as folder:
        for seed in seeds:
            verdict = run_schedule(make_schedule(seed), folder)
            if verdict.broken is not None:
                return seed, verdict.broken, time.monotonic() - began_s
    return None


def main() -> None:
    """Look for each planted bug and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", choices=sorted(BUGS), help="only this one, with its story")
    options = parser.parse_args()
    for name, bug in BUGS.items():
        if options.name not in {None, name}:
            continue
        found = find(bug)
        if found is None:
            sys.stdout.write(f"{name}: not found in {MOST_SCHEDULES} schedules\n")
            continue
        seed, broken, took_s = found
        sys.stdout.write(f"{name}: seed {seed}, {took_s:.1f} s: {broken}\n")
        sys.stdout.flush()
        if options.name is not None:
            with bug.plant(), folder_in_memory() as folder:
                story = shrink(make_schedule(seed), folder).story
            sys.stdout.write("\n".join(story) + "\n")


if __name__ == "__main__":
    main()
