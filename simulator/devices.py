"""Virtual terminals: what a post's, a gate's or a patrol's device does, without any network.

A device hears bodies and says bodies; time comes from the agenda and chance from its own seed,
so that a run can be repeated exactly and a test needs neither broker nor waiting.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import msgspec

from dispatch.words import Answer, ResponderKind, UnitStatus
from geo.types import Point
from simulator.agenda import Agenda
from simulator.bodies import (
    AckUp,
    AlarmUp,
    Down,
    StatusUp,
    decode_down,
    decode_receipt,
    decode_reject,
    encode,
)
from simulator.ledger import Ledger
from simulator.options import Habits

MAX_TASKS = 64
RESAY_S = 60.0
WALK_MPS = 1.4
DRIVE_MPS = 9.0


@dataclass(kw_only=True, slots=True)
class World:
    """What all devices of a fleet share. `say(device, topic, body, qos)` goes to the network."""

    agenda: Agenda
    ledger: Ledger
    habits: Habits
    say: Callable[[str, str, bytes, int], None]
    now_s: Callable[[], float]
    start_ms: int
    run: str
    seed: int
    impossible_mps: float = 70.0

    def epoch_ms(self, now_s: float) -> int:
        """UTC epoch ms of a moment of the agenda."""
        return self.start_ms + int(now_s * 1_000)


class Mover(Protocol):
    """The body that a device is carried by, if it moves at all."""

    def go(self, order: Down, now_s: float) -> float:
        """Set out for an order's place; the second of the agenda at which it arrives."""
        ...

    def stay(self) -> None:
        """Stand where it is: on scene."""
        ...

    def roam(self, now_s: float) -> None:
        """Go back to patrolling."""
        ...

    def place(self, now_s: float) -> Point:
        """Where it is."""
        ...


@dataclass(slots=True)
class Task:
    """An order as a device holds it: everything said about it, to be said again when asked."""

    order: Down | None
    words: list[tuple[str, bytes]] = field(default_factory=list)
    over_s: float | None = None
    recall: bytes | None = None


class Device:
    """One responder's terminal: answers orders, confirms recalls, raises alarms."""

    def __init__(self, world: World, kind: ResponderKind, name: str) -> None:
        self.world = world
        self.kind = kind
        self.id = name
        self.mover: Mover | None = None
        self.tasks: dict[str, Task] = {}
        self.current: Task | None = None
        self._rng = Random(f"device:{world.seed}:{name}")
        self._ids = 0
        self._unreceipted: set[str] = set()

    # Hearing

    def hear(self, word: str, body: bytes, now_s: float) -> None:
        """Take one message that came down on `<kind>/<id>/<word>`."""
        match word:
            case "order":
                self._take(decode_down(body), body, now_s)
            case "receipt":
                receipt = decode_receipt(body)
                self._unreceipted.discard(receipt.id)
                self.world.ledger.got_receipt(self.id, receipt.id, receipt.incident, now_s)
            case "reject":
                reject = decode_reject(body)
                if reject.id is not None:
                    self._unreceipted.discard(reject.id)
                self.world.ledger.got_reject(
                    self.id, reject.id, reject.field, reject.value, reject.error
                )
            case _:
                pass

    def resay(self, now_s: float) -> None:
        """Say again what may have been lost with a link, a broker or an engine: ids stay equal."""
        for task in self.tasks.values():
            if task.over_s is None or now_s - task.over_s < RESAY_S:
                self._repeat(task)

    def _take(self, down: Down, body: bytes, now_s: float) -> None:
        """An order or a recall; a repeat is answered again but shown only once."""
        ledger = self.world.ledger
        if down.action == "recall":
            ledger.got_recall(down.id)
            self._recall(down, now_s)
            return
        ledger.got_order(self.id, down.id, down.incident, body, now_s)
        known = self.tasks.get(down.id)
        if known is not None:
            self._repeat(known)
        elif down.expires > self.world.epoch_ms(now_s):
            self._show(down, now_s)

    def _show(self, down: Down, now_s: float) -> None:
        """A new order: confirm delivery at once; whether it is taken is the officer's affair."""
        habits, rng = self.world.habits, self._rng
        task = self._keep(down.id, Task(down))
        self._answer(task, down.id, Answer.DELIVERED, now_s)
        mood, delay_s = rng.random(), self._delay(habits.accept_after_s)
        if mood < habits.silent:
            self.world.ledger.answered("silent")
        elif mood < habits.silent + habits.refuse:
            self.world.agenda.at(now_s + delay_s, lambda at_s: self._refuse(task, at_s))
        else:
            self.world.agenda.at(now_s + delay_s, lambda at_s: self._accept(task, at_s))

    def _recall(self, down: Down, now_s: float) -> None:
        """Forget an order, even one that has not come yet, and confirm it every time."""
        task = self.tasks.get(down.id) or self._keep(down.id, Task(None))
        if task.recall is None:
            task.recall = self._ack(down.id, Answer.DELIVERED, now_s)
            task.words.clear()
            self._end(task, now_s)
        self._say("ack", task.recall)

    # Working an order

    def _accept(self, task: Task, now_s: float) -> None:
        if task.over_s is not None:
            return
        assert task.order is not None, "only a shown order is accepted"
        if self.current is not None and self.current is not task:
            self.current.over_s = now_s
        self.current = task
        self._answer(task, task.order.id, Answer.ACCEPTED, now_s)
        delay_s = self._delay(self.world.habits.turnout_s)
        self.world.agenda.at(now_s + delay_s, lambda at_s: self._set_out(task, at_s))

    def _refuse(self, task: Task, now_s: float) -> None:
        if task.over_s is None:
            assert task.order is not None, "only a shown order is refused"
            self._answer(task, task.order.id, Answer.REFUSED, now_s, reason="engaged")
            task.over_s = now_s

    def _set_out(self, task: Task, now_s: float) -> None:
        if task.over_s is not None:
            return
        assert task.order is not None, "only a shown order is driven to"
        self._report(task, UnitStatus.EN_ROUTE, now_s)
        if self.mover is None:
            eta_s = task.order.eta_s or (task.order.length_m or 200.0) / WALK_MPS
            arrive_s = now_s + eta_s / self.world.habits.pace
        else:
            arrive_s = self.mover.go(task.order, now_s)
        self.world.agenda.at(arrive_s, lambda at_s: self._arrive(task, at_s))

    def _arrive(self, task: Task, now_s: float) -> None:
        if task.over_s is not None:
            return
        self._report(task, UnitStatus.ON_SCENE, now_s)
        if self.mover is not None:
            self.mover.stay()
        delay_s = self._delay(self.world.habits.on_scene_s)
        self.world.agenda.at(now_s + delay_s, lambda at_s: self._clear(task, at_s))

    def _clear(self, task: Task, now_s: float) -> None:
        if task.over_s is None:
            self._report(task, UnitStatus.AVAILABLE, now_s)
            self._end(task, now_s)

    def _end(self, task: Task, now_s: float) -> None:
        """The order is behind us; who moved for it goes back to its patrol."""
        task.over_s = now_s
        if self.current is task:
            self.current = None
            if self.mover is not None:
                self.mover.roam(now_s)

    # Raising an alarm

    def press(
        self,
        type_: str,
        now_s: float,
        *,
        silent: bool = False,
        groups: tuple[str, ...] = (),
        again_s: tuple[float, ...] = (),
    ) -> str:
        """Raise one alarm and keep sending it, with the same id, until its receipt; its id."""
        alarm_id = self._next_id()
        place = None if self.mover is None else self.mover.place(now_s)
        alarm = AlarmUp(
            id=alarm_id,
            t=self.world.epoch_ms(now_s),
            type=type_,
            silent=silent,
            lon=None if place is None else place.lon,
            lat=None if place is None else place.lat,
        )
        self._unreceipted.add(alarm_id)
        loud = groups if not silent else ()
        self._publish_alarm(alarm, loud)
        for at_s in again_s:
            self.world.agenda.at(at_s, lambda _: self._publish_alarm(alarm, loud))
        first_s, most_s = self.world.habits.alarm_retry_s
        self._await_receipt(alarm, loud, now_s + first_s, first_s, most_s)
        return alarm_id

    def _await_receipt(
        self, alarm: AlarmUp, groups: tuple[str, ...], due_s: float, wait_s: float, most_s: float
    ) -> None:
        """Enter the next look at whether the receipt came; each wait is twice the last."""

        def look(at_s: float) -> None:
            if alarm.id in self._unreceipted:
                self._publish_alarm(alarm, groups)
                longer_s = min(2 * wait_s, most_s)
                self._await_receipt(alarm, groups, at_s + longer_s, longer_s, most_s)

        self.world.agenda.at(due_s, look)

    def _publish_alarm(self, alarm: AlarmUp, groups: tuple[str, ...]) -> None:
        self.world.ledger.sent_alarm(self.id, alarm.id, self.world.now_s())
        self._say("alarm", encode(alarm))
        for group in groups:
            copy = encode(msgspec.structs.replace(alarm, post=self.id))
            self.world.say(self.id, f"group/{group}/alarm", copy, 1)

    # Saying

    def _answer(
        self, task: Task, order: str, answer: Answer, now_s: float, reason: str | None = None
    ) -> None:
        self.world.ledger.answered(answer)
        self._say_on(task, "ack", self._ack(order, answer, now_s, reason))

    def _report(self, task: Task, status: UnitStatus, now_s: float) -> None:
        assert task.order is not None, "a state is reported of a shown order"
        self.world.ledger.answered(status)
        body = StatusUp(
            id=self._next_id(),
            t=self.world.epoch_ms(now_s),
            status=status,
            order=task.order.id,
        )
        self._say_on(task, "status", encode(body))

    def _ack(self, order: str, answer: Answer, now_s: float, reason: str | None = None) -> bytes:
        at_ms = self.world.epoch_ms(now_s)
        return encode(AckUp(id=self._next_id(), t=at_ms, order=order, answer=answer, reason=reason))

    def _say_on(self, task: Task, word: str, body: bytes) -> None:
        task.words.append((word, body))
        self._say(word, body)

    def _repeat(self, task: Task) -> None:
        for word, body in task.words:
            self._say(word, body)
        if task.recall is not None:
            self._say("ack", task.recall)

    def _say(self, word: str, body: bytes) -> None:
        self.world.say(self.id, f"{self.kind}/{self.id}/{word}", body, 1)

    def _keep(self, order: str, task: Task) -> Task:
        """Remember a task, forgetting the oldest beyond the device's memory."""
        self.tasks[order] = task
        while len(self.tasks) > MAX_TASKS:
            del self.tasks[next(iter(self.tasks))]
        return task

    def _delay(self, between: tuple[float, float]) -> float:
        return self._rng.uniform(*between) / self.world.habits.pace

    def _next_id(self) -> str:
        self._ids += 1
        return f"{self.world.run}-{self._ids}"
