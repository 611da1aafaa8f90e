"""A whole virtual district: its devices, their connections and the schedule of its buttons."""

import asyncio
from dataclasses import replace
from functools import partial

import msgspec

from dispatch.words import ResponderKind
from simulator.agenda import Agenda, Watch
from simulator.devices import Device, World
from simulator.ledger import Ledger
from simulator.link import Link
from simulator.options import FleetOptions
from simulator.patrol import Patrol
from simulator.planner import Planner
from simulator.presses import Press, schedule

BEAT_S = 0.02
AHEAD_S = 10.0
BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class EngineState(msgspec.Struct, frozen=True):
    """The engine's retained word about itself."""

    state: str
    since: int


def name_run(epoch_ms: int) -> str:
    """A short beginning for the ids of one run: the seconds of its start, in base 36."""
    number, digits = epoch_ms // 1_000, ""
    while number:
        number, digit = divmod(number, 36)
        digits = BASE_36[digit] + digits
    return digits or "0"


class Fleet:
    """Builds everything from the options; `run` lives it until told to stop."""

    def __init__(self, options: FleetOptions) -> None:
        self._watch = Watch()
        self.options = replace(options, run=options.run or name_run(self._watch.start_ms))
        self.ledger = Ledger()
        self.agenda = Agenda()
        self.planner = Planner(options.roads, self._watch.now_s)
        self._world = World(
            agenda=self.agenda,
            ledger=self.ledger,
            habits=options.habits,
            say=self._say,
            now_s=self._watch.now_s,
            start_ms=self._watch.start_ms,
            run=self.options.run,
            seed=options.seed,
            impossible_mps=options.district.rules.impossible_mps,
        )
        self.devices: dict[str, Device] = {}
        self.links = [
            Link(self.options, number, self.hear, self.ledger)
            for number in range(max(1, options.connections))
        ]
        self._link_of: dict[str, Link] = {}
        self._groups: dict[str, tuple[str, ...]] = {
            post.id: post.groups for post in options.district.posts
        }
        self._presses = schedule(options.district, options.habits, options.seed)
        self._next = next(self._presses, None)
        self._pressed = 0
        self._engine_since: int | None = None
        self._build()

    def _build(self) -> None:
        district = self.options.district
        for unit in district.units:
            device = self._add(ResponderKind.UNIT, unit.id)
            patrol = Patrol(self._world, unit, district.posts, self.planner.ask)
            device.mover = patrol
            patrol.start()
            self._link_of[unit.id].subscribe([f"unit/{unit.id}/check/result"])
        for post in district.posts:
            self._add(ResponderKind.POST, post.id)
        for gate in district.gates:
            self._add(ResponderKind.GATE, gate.id)
        for link in self.links:
            link.subscribe(["engine/state", "all/notice"])
            link.came_back = partial(self._came_back, link)
        for number, group in enumerate(district.groups):
            words = [f"group/{group.id}/notice"]
            if self.options.habits.tell_groups:
                words.append(f"group/{group.id}/alarm")
            self.links[number % len(self.links)].subscribe(words)
        self._fill(0.0)

    def _add(self, kind: ResponderKind, name: str) -> Device:
        device = Device(self._world, kind, name)
        link = self.links[len(self.devices) % len(self.links)]
        link.subscribe([f"{kind}/{name}/{word}" for word in ("order", "receipt", "reject")])
        self.devices[name] = device
        self._link_of[name] = link
        return device

    def _came_back(self, link: Link) -> None:
        """A link is back: its devices say again what may have been lost with it."""
        for name, its in self._link_of.items():
            if its is link:
                self.devices[name].resay(self._watch.now_s())

    def _say(self, device: str, topic: str, body: bytes, qos: int) -> None:
        self._link_of[device].say(topic, body, qos)

    def hear(self, topic: str, body: bytes) -> None:
        """Give one message that came down to the device it is for; the root is taken off."""
        now_s = self._watch.now_s()
        kind, _, rest = topic.partition("/")
        name, _, word = rest.partition("/")
        try:
            if kind in {"unit", "post", "gate"}:
                self.devices[name].hear(word, body, now_s)
            elif kind == "engine":
                self._hear_engine(msgspec.json.decode(body, type=EngineState), now_s)
            elif word == "alarm":
                self.ledger.group_alarms_heard += 1
            else:
                self.ledger.notices_received += 1
        except msgspec.DecodeError:
            self.ledger.unreadable += 1

    def _hear_engine(self, said: EngineState, now_s: float) -> None:
        """An engine that started anew may have missed what was said while it was away."""
        if said.state != "live" or said.since == self._engine_since:
            return
        again = self._engine_since is not None
        self._engine_since = said.since
        if again:
            for device in self.devices.values():
                device.resay(now_s)

    def _fill(self, now_s: float) -> None:
        """Enter the presses of the next seconds; neighbours press a little after their scene."""
        habits = self.options.habits
        while self._next is not None and self._next.at_s <= now_s + AHEAD_S:
            press = self._next
            if habits.alarms_at_most is not None and self._pressed >= habits.alarms_at_most:
                return
            if habits.alarms_until_s is None or press.at_s < habits.alarms_until_s:
                self._pressed += 1
                self.agenda.at(press.at_s, partial(self._press, press))
            self._next = next(self._presses, None)
        self.agenda.at(now_s + 1.0, self._fill)

    def _press(self, press: Press, now_s: float) -> None:
        groups = self._groups.get(press.source, ()) if self.options.habits.tell_groups else ()
        self.devices[press.source].press(
            press.type, now_s, silent=press.silent, groups=groups, again_s=press.again_s
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Live until `stop` is set; nothing is left running afterwards."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(link.run(), name=f"link {number}")
                for number, link in enumerate(self.links)
            ]
            tasks.append(group.create_task(self.planner.run(), name="planner"))
            tasks.append(group.create_task(self._live(), name="agenda"))
            await stop.wait()
            for link in self.links:
                link.over = True
            for task in tasks:
                task.cancel()

    async def _live(self) -> None:
        """Do what is due, a few dozen times a second."""
        while True:
            self.agenda.run(self._watch.now_s())
            await asyncio.sleep(BEAT_S)
