"""The engine: one loop that decides in batches, commits each, and only then releases.

While batches are on their way to the disk the next are decided; nothing leaves before its own
batch and all before it are durable. A failed commit stops everything: fail-stop, restart, replay.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from dispatch.board import Board
from dispatch.commands import AnswerOrder, AnyCommand, CheckPlate, ReportStatus, Tick
from dispatch.desk import Desk
from dispatch.letters import Letter, OrderLetter, Recall
from dispatch.poison import PoisonBook
from dispatch.ports import Journal, Outlet, Record
from dispatch.work import Outcome, Views

log = structlog.get_logger(__name__)

MAX_BATCH = 256
"""Commands decided before a commit is begun."""
DECIDE_FOR_S = 0.003
"""A batch that took this long is committed as it is; what is left waits for the next."""
ANSWERS_AT_LEAST = 8
"""So many answers and reports are in every batch, however many alarms wait: none is starved."""
PATIENT = (AnswerOrder, ReportStatus, CheckPlate)
"""What may wait while alarms and operators are served."""
MOST_COMMITS = 8
"""Batches on their way to the disk; the journal writes those that wait for it together."""
MAX_WAITING = 20_000
"""Commands that may wait; above it a gateway is made to wait, and so its broker."""
IDLE_TICK_S = 1.0
"""With nothing due, the desk is told the time this often."""

Watcher = Callable[[Sequence[Record]], None]
Waiting = tuple[AnyCommand, str, "asyncio.Future[Outcome]"]


class ReleasingJournal(Journal, Protocol):
    """A journal that also remembers how far letters have been released."""

    def mark_released(self, seq: int) -> None:
        """Everything up to this record has been handed to the outlets."""
        ...


class EngineStoppedError(RuntimeError):
    """The engine has stopped and takes no more commands."""


class Engine:
    """Wires desk, journal and outlets; the only place that asks what time it is is `clock`."""

    def __init__(
        self,
        board: Board,
        views: Views,
        journal: ReleasingJournal,
        clock: Callable[[], int],
        registry: CollectorRegistry,
        *,
        poison: PoisonBook | None = None,
    ) -> None:
        self.poison = poison
        self.board = board
        self.views = views
        self.journal = journal
        self.now_ms = clock
        self.desk = Desk(board, views)
        self.ticked_ms = 0
        self.failure: BaseException | None = None
        self._urgent: deque[Waiting] = deque()
        self._patient: deque[Waiting] = deque()
        self._in_hand: set[asyncio.Future[Outcome]] = set()
        self._room = asyncio.Event()
        self._room.set()
        self._wake = asyncio.Event()
        self._outlets: list[Outlet] = []
        self._watchers: list[Watcher] = []
        self._undurable_records = 0
        self._undurable: dict[str, int] = {}
        self._carries: list[Callable[[], bool]] = []
        self._edges_to_come = False
        self._early: list[Letter] = []
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._commands = Counter(
            "street110_commands", "Commands decided", ["do"], registry=registry
        )
        self._events = Counter("street110_events", "Facts journaled", ["fact"], registry=registry)
        self._refused = Counter(
            "street110_refusals", "Commands refused by the desk", ["field"], registry=registry
        )
        self._commit = Histogram(
            "street110_commit_seconds",
            "From decision to durable",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2),
            registry=registry,
        )
        self._open = Gauge("street110_incidents_open", "Open incidents", registry=registry)
        self._queue = Gauge("street110_commands_waiting", "Commands waiting", registry=registry)
        self._open.set_function(lambda: len(self.board.open))
        self._queue.set_function(self._count_waiting)

    def add_outlet(self, outlet: Outlet, carries: Callable[[], bool] = lambda: True) -> None:
        """Letters go to every outlet; each takes what is for its devices.

        While it `carries` nothing, having lost its broker, what is released stays in doubt.
        """
        self._outlets.append(outlet)
        self._carries.append(carries)

    def await_edges(self) -> None:
        """Until `send_again`, what is released stays in doubt: nobody may carry it yet.

        Without this a second crash, before the broker was found again, would lose for good what
        the first one had left in doubt. Called again when the gateways are about to leave.
        """
        self._edges_to_come = True

    def watch(self, seen: Watcher) -> None:
        """Be told of records once they are durable."""
        self._watchers.append(seen)

    def outbox(self) -> list[Letter]:
        """All orders and recalls still owed whose facts are durable.

        What is being committed right now is left out: it is released by its own commit.
        """
        return [
            letter for letter in self.board.outbox() if order_id_of(letter) not in self._undurable
        ]

    @property
    def quiet(self) -> bool:
        """Whether the board holds only what is durable: nothing waits and nothing is committing."""
        return not self._count_waiting() and self._undurable_records == 0

    def start(self) -> None:
        """Begin deciding."""
        self._task = asyncio.create_task(self._run(), name="engine")

    async def stop(self) -> None:
        """Decide and release what waits, then end; the journal is closed by who opened it."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def wait_failed(self) -> None:
        """Return when the engine has ended; raises what ended it."""
        assert self._task is not None, "started before it is waited for"
        await asyncio.shield(self._task)

    async def submit(self, command: AnyCommand, who: str) -> Outcome:
        """Have a command decided; returns once its facts are durable and its letters released.

        Raises:
            EngineStoppedError: the engine has stopped or its journal failed.
        """
        while self._count_waiting() >= MAX_WAITING:
            self._room.clear()
            await self._room.wait()
        return await self.offer(command, who)

    def offer(self, command: AnyCommand, who: str) -> "asyncio.Future[Outcome]":
        """As `submit`, for a gateway that keeps its own limit of commands that wait.

        Raises:
            EngineStoppedError: the engine has stopped or its journal failed.
        """
        if self._stopping or self.failure is not None:
            raise EngineStoppedError("the engine has stopped; nothing was taken")
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        lane = self._patient if isinstance(command, PATIENT) else self._urgent
        lane.append((command, who, done))
        self._in_hand.add(done)
        done.add_done_callback(self._in_hand.discard)
        self._wake.set()
        return done

    async def _run(self) -> None:
        commits: deque[asyncio.Task[None]] = deque()
        try:
            while True:
                await self._sleep()
                decided = self._decide()
                if decided:
                    before = commits[-1] if commits else None
                    commits.append(asyncio.create_task(self._commit_and_release(decided, before)))
                    commits[-1].add_done_callback(lambda _: self._wake.set())
                await self._give_way(commits)
                if self._stopping and not self._count_waiting():
                    while commits:
                        await commits.popleft()
                    break
        except BaseException as failure:
            self.failure = failure
            log.critical("engine_failed", error=repr(failure))
            for task in commits:
                task.cancel()
            raise
        finally:
            self._fail_waiting()

    async def _give_way(self, commits: deque[asyncio.Task[None]]) -> None:
        """Let gateways be heard between two batches; wait when the disk is far behind.

        Raises:
            JournalFailedError: a commit failed.
        """
        for task in commits:
            if task.done():
                task.result()
        while commits and (commits[0].done() or len(commits) >= MOST_COMMITS):
            await commits.popleft()
        if self._count_waiting():
            await asyncio.sleep(0)

    def _fail_waiting(self) -> None:
        self._stopping = True
        self._room.set()
        for done in list(self._in_hand):
            if not done.done():
                done.set_exception(EngineStoppedError("the engine has stopped"))
        self._urgent.clear()
        self._patient.clear()

    def _count_waiting(self) -> int:
        return len(self._urgent) + len(self._patient)

    async def _sleep(self) -> None:
        """Until a command waits, a deadline comes, or the idle tick is due."""
        if self._count_waiting() or self._stopping:
            return
        self._wake.clear()
        due_ms = self.desk.next_due_ms()
        wait_s = IDLE_TICK_S
        if due_ms is not None:
            wait_s = min(wait_s, max(0.001, (due_ms - self.now_ms()) / 1000))
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    def _next(self, started_s: float, answers: int) -> Waiting | None:
        """Alarms and operators first, while there is time; of the others a few in any case."""
        in_time = time.perf_counter() - started_s < DECIDE_FOR_S
        if self._urgent and in_time:
            return self._urgent.popleft()
        if self._patient and (in_time or answers < ANSWERS_AT_LEAST):
            return self._patient.popleft()
        return None

    def _decide(self) -> list[tuple[Record, Outcome, Waiting | None]]:
        """Decide what waits, as much as fits in a batch."""
        decided: list[tuple[Record, Outcome, Waiting | None]] = []
        now_ms = self.now_ms()
        due_ms = self.desk.next_due_ms()
        if due_ms is not None and due_ms <= now_ms:
            outcome = self.desk.handle(Tick(), now_ms, "clock")
            decided.append((_record(now_ms, "clock", Tick(), outcome), outcome, None))
        self.ticked_ms = now_ms
        answers, started_s = 0, time.perf_counter()
        while len(decided) < MAX_BATCH:
            waiting = self._next(started_s, answers)
            if waiting is None:
                break
            command, who, _ = waiting
            answers += isinstance(command, PATIENT)
            now_ms = self.now_ms()
            outcome = self._judge(command, now_ms, who)
            decided.append((_record(now_ms, who, command, outcome), outcome, waiting))
        if self._count_waiting() < MAX_WAITING:
            self._room.set()
        self._undurable_records += sum(bool(record.events) for record, _, _ in decided)
        for _, outcome, _ in decided:
            for order in orders_in(outcome.letters):
                self._undurable[order] = self._undurable.get(order, 0) + 1
        return decided

    def _judge(self, command: AnyCommand, now_ms: int, who: str) -> Outcome:
        """One decision; what breaks it is written down, then the engine stops."""
        if self.poison is not None and self.poison.holds(command, who):
            self._refused.labels("poison").inc()
            log.error("poison_refused", who=who, command=type(command).__name__)
            return Outcome(events=(), letters=())
        try:
            return self.desk.handle(command, now_ms, who)
        except Exception as error:
            if self.poison is not None:
                self.poison.condemn(command, who, error)
            raise

    async def _commit_and_release(
        self,
        decided: list[tuple[Record, Outcome, Waiting | None]],
        before: "asyncio.Task[None] | None",
    ) -> None:
        """Commit a batch; release it when it and the one `before` it are done."""
        records = [record for record, _, _ in decided if record.events]
        if records:
            with self._commit.time():
                seq = await asyncio.wrap_future(self.journal.append(records))
        if before is not None:
            await asyncio.shield(before)
        self._undurable_records -= len(records)
        for record, outcome, waiting in decided:
            self._release(record, outcome)
            if waiting is not None and not waiting[2].done():
                waiting[2].set_result(outcome)
        if records:
            if not self._edges_to_come and all(carries() for carries in self._carries):
                self.journal.mark_released(seq)
            for seen in self._watchers:
                seen(records)

    def _release(self, record: Record, outcome: Outcome) -> None:
        self._commands.labels(type(record.command).__name__).inc()
        for event in record.events:
            self._events.labels(type(event).__name__).inc()
        for reject in outcome.rejects:
            self._refused.labels(reject.field).inc()
        for order in orders_in(outcome.letters):
            left = self._undurable.pop(order) - 1
            if left:
                self._undurable[order] = left
        for letter in outcome.letters:
            for outlet in self._outlets:
                outlet.send(letter)
            if self._edges_to_come and not self._outlets and not order_id_of(letter):
                self._early.append(letter)

    def send_again(self, letters: Sequence[Letter]) -> None:
        """Release letters of the journal's tail whose release a crash left in doubt.

        With them go those that were released before there was a gateway; the outbox keeps orders.
        """
        self._edges_to_come = False
        early, self._early = self._early, []
        for letter in (*letters, *early):
            for outlet in self._outlets:
                outlet.send(letter)


def order_id_of(letter: Letter) -> str:
    """The order a letter carries or recalls; empty for other letters."""
    match letter:
        case OrderLetter():
            return letter.order.id
        case Recall():
            return letter.order
        case _:
            return ""


def orders_in(letters: Iterable[Letter]) -> Iterable[str]:
    """The orders that letters carry or recall."""
    return (order for letter in letters if (order := order_id_of(letter)))


def _record(now_ms: int, who: str, command: AnyCommand, outcome: Outcome) -> Record:
    return Record(at_ms=now_ms, who=who, command=command, events=outcome.events)
