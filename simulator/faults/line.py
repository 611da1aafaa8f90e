"""The world of one schedule: it owns time and order, and an engine lives and dies in it."""

import heapq
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from dispatch import commands as c
from dispatch.board import Board
from dispatch.journal_file import JournalFailedError
from dispatch.runtime import EngineStoppedError
from dispatch.words import ORDER_ENDED, ResponderKind
from gateways.mqtt.wire import root_of
from simulator.bodies import Fix, encode
from simulator.faults import schedule as f
from simulator.faults.broker import Broker
from simulator.faults.checks import Witness
from simulator.faults.clock import START_MS, Clock
from simulator.faults.disk import SteppedJournal
from simulator.faults.life import Life
from simulator.faults.packets import Message
from simulator.faults.street import Street, Terminal
from simulator.faults.town import make_town, responders
from simulator.faults.wire import Net

FIX_EVERY_S = 12.0
DRIFT_DEG = 0.0005
LOOK_EVERY_S = 1.0
CALM_AFTER_S = 8.0
SYNC_S = (0.0005, 0.03)
RESENT_WITHIN_S = 3.0
FULL_FELT_S = 5.0
"""A full disk may end the engine so long after it had room again."""


class Line:
    """The world of one schedule."""

    def __init__(self, schedule: f.Schedule, folder: Path) -> None:
        self.schedule = schedule
        self.folder = folder
        self.clock = Clock(schedule.seed)
        self.version = schedule.version
        self.story: list[str] = []
        self.rng = Random(f"line:{schedule.seed}")
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self._entered = 0
        book = make_town()
        root = root_of(book.id)
        self.witness = Witness(root, self.tell)
        self.witness.came_up = self._owed_again
        self.witness.clock_ms = self.engine_ms
        self.broker = Broker(lambda: self.clock.now_s)
        self.net = Net(
            self.broker,
            self.later,
            lambda: self.clock.now_s,
            Random(f"net:{schedule.seed}"),
            witness=self.witness,
            at_point=self.at_point,
        )
        self.net.window = schedule.window
        self.street = Street(root, self.broker, self.later, lambda: self.clock.now_s, schedule.seed)
        self.terminals = {
            name: Terminal(self.street, kind, name) for name, kind in responders().items()
        }
        self.engine_ahead_s = 0.0
        self.slow_s: float | None = None
        self.disk_full = False
        self.full_s = -FULL_FELT_S
        self.life: Life | None = None
        self.lives = 0
        self.deaths: list[f.Crash] = []
        self.passed: dict[int, int] = {}
        self.dying: f.Crash | None = None
        self.disturbed_s = 0.0
        self._compared_seq = 0

    # What the engine's life asks of its world

    def later(self, delay_s: float, deed: Callable[[float], None]) -> None:
        """Have a deed done after so many seconds; equal times keep their order."""
        self._entered += 1
        heapq.heappush(self._agenda, (self.clock.now_s + delay_s, self._entered, deed))

    def engine_ms(self) -> int:
        """The engine's clock."""
        return START_MS + int((self.clock.now_s + self.engine_ahead_s) * 1000)

    def sync_s(self) -> float:
        """How long the disk takes."""
        return self.slow_s if self.slow_s is not None else self.rng.uniform(*SYNC_S)

    def at_point(self, name: str) -> bool:
        """Count the passing; the engine dies here when the schedule says so."""
        if self.dying is None:
            for crash in self.deaths:
                if crash.point == name:
                    self.passed[id(crash)] = self.passed.get(id(crash), 0) + 1
                    if self.passed[id(crash)] >= crash.nth:
                        self.die(crash)
                        break
        return self.dying is not None

    def became_durable(self) -> None:
        """Show the witness what is safe now."""
        life = self.life
        if life is not None and life.journal is not None and self.dying is None:
            for row, events in life.journal.list_new():
                self.witness.take(row, events)

    def opened(self, journal: SteppedJournal) -> None:
        """Nothing that was durable may be missing; more may be there."""
        if journal.last_seq < self.witness.seq:
            self.witness.breach(
                f"record {self.witness.seq} was durable, the journal ends at {journal.last_seq}"
            )
            return
        journal.read_seq = self.witness.seq
        for row, events in journal.list_new():
            self.witness.take(row, events)
        if self.disk_full:
            self.full_s = self.clock.now_s
            journal.fill_disk(full=True)

    def rebuilt(self, board: Board) -> None:
        """The board of a new life is the board of the last."""
        self.tell(f"engine: up again with record {self.witness.seq}")
        self.witness.compare(board, "the rebuilt board")
        self.at_point("booted")

    # Life and death

    def fill_disk(self, *, full: bool) -> None:
        """No room, or room again."""
        self.disk_full, self.full_s = full, self.clock.now_s
        life = self.life
        if life is not None and life.journal is not None and not life.journal.dead:
            life.journal.fill_disk(full=full)

    def tell(self, text: str) -> None:
        """A line of the story."""
        self.story.append(f"{self.clock.now_s:9.3f}  {text}")

    def disturb(self, for_s: float = 0.0) -> None:
        """Deadlines may slip now, and for a while after."""
        self.disturbed_s = max(self.disturbed_s, self.clock.now_s + for_s)

    def die(self, crash: f.Crash) -> None:
        """From this very step on nothing of the engine reaches disk or wire."""
        self.dying = crash
        if crash in self.deaths:
            self.deaths.remove(crash)
        if self.life is not None and self.life.journal is not None:
            self.life.journal.dead = True
        self.net.engine_died()
        self.tell(f"engine: power lost ({crash.point})")

    def start_life(self, _: float = 0.0) -> None:
        """Start the engine on what the last one left."""
        if self.life is None:
            self.lives += 1
            folder = self.folder / str(self.lives)
            folder.mkdir(exist_ok=True)
            self.disturb()
            self.life = Life(self, folder)

    def bury(self) -> None:
        """Take the dead engine away; the next one starts after a while."""
        assert self.life is not None, "somebody died"
        assert self.dying is not None, "of something"
        after = self.folder / str(self.lives + 1)
        after.mkdir()
        self.life.lose_power(after, self.rng)
        shutil.rmtree(self.life.folder)
        down_s, self.dying, self.life = self.dying.down_s, None, None
        self.disturb(down_s)
        self.later(down_s, self.start_life)

    def look_after_life(self) -> None:
        """After each step of the engine: did it die, fail or end?"""
        life = self.life
        assert life is not None, "it made a step"
        if self.dying is not None:
            self.bury()
        elif life.task.done():
            self._ended(life)
        elif self.witness.seq != self._compared_seq:
            engine = life.engine
            if engine is not None and engine.quiet and life.up:
                self._compared_seq = self.witness.seq
                self.witness.compare(engine.board, "the live board")

    def _ended(self, life: Life) -> None:
        failure = life.task.exception()
        full = self.disk_full or self.clock.now_s - self.full_s < FULL_FELT_S
        excused = full and isinstance(failure, JournalFailedError | EngineStoppedError)
        if failure is not None and not excused:
            said = f"{type(failure).__name__}: {failure}".replace(f"{self.folder}/", "")
            self.witness.breach(f"the engine ended by itself: {said}")
        self.tell(f"engine: ended ({type(failure).__name__ if failure else 'stopped'})")
        self.net.engine_died()
        life.end()
        next_folder = self.folder / str(self.lives + 1)
        life.folder.rename(next_folder)
        self.life = None
        self.disturb(2.0)
        self.later(2.0, self.start_life)

    def _owed_again(self) -> None:
        """The gateway came up: what is owed now must be sent again within moments."""
        owed, life, version = self.witness.list_owed(), self.life, len(self.net.sockets)

        def look(_: float) -> None:
            same = self.life is life and version == len(self.net.sockets) and self.broker.up
            if not same or self.dying or not self.calm(RESENT_WITHIN_S):
                return
            for order in owed:
                if order in self.witness.board.owed and order not in self.witness.said_since_up:
                    self.witness.breach(f"order {order} was owed and not sent again")

        self.later(RESENT_WITHIN_S, look)

    def calm(self, for_s: float) -> bool:
        """Whether nothing has disturbed the engine for so long."""
        now_s = self.clock.now_s
        return now_s - self.disturbed_s > for_s and self.net.cut_until_s < now_s - for_s

    # The street

    def press(self, press: f.Press, now_s: float) -> None:
        """A button is pressed."""
        terminal = self.terminals[press.responder]
        groups = ("G1",) if terminal.kind is ResponderKind.POST else ()
        name = terminal.device.press(press.type, now_s, silent=press.silent, groups=groups)
        self.tell(f"{press.responder} raises {press.type} as {name}")

    def operate(self, deed: f.Operate, number: int, _: float) -> None:
        """An operator picks something that stands."""
        life = self.life
        if life is None or life.engine is None or not life.up:
            return
        board, made = life.engine.board, f"op{number}"
        orders = sorted(o.id for o in board.orders.values() if o.status not in ORDER_ENDED)
        incidents = sorted(board.open)
        if deed.what == "cancel" and orders:
            order = orders[int(deed.pick * len(orders))]
            self.tell(f"operator cancels {order}")
            life.command(c.CancelOrder(id=made, order=order, reason="operator"), "operator/one")
        elif deed.what == "close" and incidents:
            incident = incidents[int(deed.pick * len(incidents))]
            self.tell(f"operator closes {incident}")
            life.command(
                c.CloseIncident(id=made, incident=incident, disposition="handled"), "operator/one"
            )

    def send_fixes(self, _: float) -> None:
        """Every patrol says where it is, if it can."""
        for unit in make_town().units:
            terminal = self.terminals[unit.id]
            if terminal.session is not None:
                at_ms = terminal.world.epoch_ms(self.clock.now_s)
                lon = unit.base.lon + self.rng.uniform(0.0, DRIFT_DEG)
                body = encode(Fix(t=at_ms, lon=lon, lat=unit.base.lat))
                topic = f"{self.street.root}unit/{unit.id}/fix"
                carry = partial(self.carry_fix, Message(topic, body, qos=0))
                self.later(self.rng.choice((0.05, 0.05, FIX_EVERY_S + 1)), carry)
        self.later(FIX_EVERY_S, self.send_fixes)

    def carry_fix(self, message: Message, _: float) -> None:
        """A fix arrives, perhaps after the next one."""
        if self.broker.up:
            self.broker.publish(message)

    def look(self, _: float) -> None:
        """Once a second: fixes; and where nothing is in the way, does it keep its deadlines?"""
        life = self.life
        if life is not None:
            self.witness.look_at_fixes(self.lives, life.tracker.at_ms.tolist())
        if life is not None and life.up and not life.stopping and self.calm(CALM_AFTER_S):
            self.witness.look_at_deadlines(self.engine_ms())
        self.later(LOOK_EVERY_S, self.look)

    # Time

    def step(self) -> None:
        """The next thing that happens: the world's, or one step of the engine."""
        loop = self.life.loop if self.life is not None else None
        engine_s = loop.next_s() if loop is not None else None
        if self._agenda and (engine_s is None or self._agenda[0][0] <= engine_s):
            due_s, _, deed = heapq.heappop(self._agenda)
            self.clock.now_s = max(self.clock.now_s, due_s)
            deed(self.clock.now_s)
            if self.dying is not None and self.life is not None:
                self.bury()
        elif loop is not None and engine_s is not None:
            self.clock.now_s = max(self.clock.now_s, engine_s)
            loop.step()
            self.look_after_life()

    def heal(self, now_s: float) -> None:
        """Everything is whole again."""
        self.tell("all faults are over")
        self.net.cut_until_s = min(self.net.cut_until_s, now_s)
        self.slow_s = None
        self.deaths.clear()
        self.fill_disk(full=False)
        for terminal in self.terminals.values():
            terminal.cut_until_s = min(terminal.cut_until_s, now_s)
            terminal.lose = terminal.double = terminal.delay_s = 0.0
        self.disturb()
