"""A schedule: what is pressed, what people do, what breaks and when. Made from a seed, or cut down.

Everything that happens by chance later on (delays, batches, who accepts) comes from the same
seed, part by part, so that leaving out one fault changes as little else as possible.
"""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

import msgspec

from simulator.faults.town import responders

ACTIVE_S = 40.0
"""Presses and faults happen before this second; afterwards everything is whole again."""
SETTLE_S = 240.0
"""So long after that, every promise must have been kept."""

POINTS = (
    "decided",
    "written",
    "synced",
    "released",
    "folded",
    "booted",
    "loaded",
    "sent",
    "acked",
    "subscribed",
)
"""Where an engine may die: between any two of its steps that the world can tell apart."""


class Press(msgspec.Struct, frozen=True, tag_field="is", tag="press"):
    """A responder raises an alarm."""

    at_s: float
    responder: str
    type: str
    silent: bool = False


class Operate(msgspec.Struct, frozen=True, tag_field="is", tag="operate"):
    """An operator acts on whatever stands: cancels an order, closes an incident."""

    at_s: float
    what: str
    pick: float


class Crash(msgspec.Struct, frozen=True, tag_field="is", tag="crash"):
    """The engine's machine loses power at the `nth` passing of a point after `at_s`."""

    at_s: float
    point: str
    nth: int
    down_s: float


class Restart(msgspec.Struct, frozen=True, tag_field="is", tag="restart"):
    """The engine is stopped as an administrator stops it, and started again."""

    at_s: float
    down_s: float


class DiskFull(msgspec.Struct, frozen=True, tag_field="is", tag="disk_full"):
    """No more room for the journal for a while."""

    at_s: float
    for_s: float


class SlowDisk(msgspec.Struct, frozen=True, tag_field="is", tag="slow_disk"):
    """Every sync takes `sync_s` for a while."""

    at_s: float
    for_s: float
    sync_s: float


class Snapshot(msgspec.Struct, frozen=True, tag_field="is", tag="snapshot"):
    """A snapshot of the board is taken; a damaged one is cut short on its way to the disk."""

    at_s: float
    damaged: bool


class BrokerRestart(msgspec.Struct, frozen=True, tag_field="is", tag="broker_restart"):
    """The broker goes down; with or without its sessions it comes back."""

    at_s: float
    down_s: float
    keeps_sessions: bool


class CutEngine(msgspec.Struct, frozen=True, tag_field="is", tag="cut_engine"):
    """Nothing passes between engine and broker for a while; neither is told."""

    at_s: float
    for_s: float


class CutDevice(msgspec.Struct, frozen=True, tag_field="is", tag="cut_device"):
    """Nothing passes between one device and the broker for a while."""

    at_s: float
    for_s: float
    responder: str


class Noise(msgspec.Struct, frozen=True, tag_field="is", tag="noise"):
    """One device's messages are lost, doubled, delayed and overtake each other for a while."""

    at_s: float
    for_s: float
    responder: str
    lose: float
    double: float
    delay_s: float


class DeviceReset(msgspec.Struct, frozen=True, tag_field="is", tag="device_reset"):
    """A device starts anew and remembers nothing."""

    at_s: float
    responder: str


class EngineClock(msgspec.Struct, frozen=True, tag_field="is", tag="engine_clock"):
    """The engine's clock jumps."""

    at_s: float
    by_s: float


class DeviceClock(msgspec.Struct, frozen=True, tag_field="is", tag="device_clock"):
    """A device's clock jumps."""

    at_s: float
    by_s: float
    responder: str


Fault: TypeAlias = (
    Crash
    | Restart
    | DiskFull
    | SlowDisk
    | Snapshot
    | BrokerRestart
    | CutEngine
    | CutDevice
    | Noise
    | DeviceReset
    | EngineClock
    | DeviceClock
)


class Schedule(msgspec.Struct, frozen=True):
    """One story to be told: everything follows from it."""

    seed: int
    version: str
    batch: int
    fold_bytes: int
    window: int
    presses: tuple[Press, ...]
    deeds: tuple[Operate, ...]
    faults: tuple[Fault, ...]


class _Dice:
    """Draws of one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(f"schedule:{seed}")
        self.names = list(responders())
        self.near: list[float] = []
        self.makers: dict[Callable[[], Fault], int] = {
            self.crash: 30,
            lambda: Restart(self.at(), self.span(0.1, 5)): 4,
            lambda: DiskFull(self.at(), self.span(1, 15)): 5,
            lambda: SlowDisk(self.at(), self.span(2, 20), self.span(0.1, 3)): 5,
            lambda: Snapshot(self.at(), self.rng.random() < 0.25): 7,
            lambda: BrokerRestart(self.at(), self.span(0.1, 8), self.rng.random() < 0.35): 16,
            lambda: CutEngine(self.at(), self.span(0.5, 40)): 9,
            lambda: CutDevice(self.at(), self.span(0.5, 40), self.who()): 9,
            self.noise: 10,
            lambda: DeviceReset(self.at(), self.who()): 5,
            lambda: EngineClock(self.at(), self.span(-60, 90)): 6,
            lambda: DeviceClock(self.at(), self.span(-300, 300), self.who()): 4,
        }

    def at(self) -> float:
        """A moment before all is whole again; often one that meets an alarm's first letters."""
        if self.near and self.rng.random() < 0.4:
            return round(self.rng.choice(self.near) + self.rng.uniform(0.0, 0.5), 3)
        return round(self.rng.uniform(0.5, ACTIVE_S), 3)

    def span(self, low: float, high: float) -> float:
        """A number between two others, short enough to be read."""
        return round(self.rng.uniform(low, high), 3)

    def who(self) -> str:
        """Any responder."""
        return self.rng.choice(self.names)

    def press(self) -> Press:
        """One alarm."""
        rng = self.rng
        kind = rng.choice(("robbery", "robbery", "panic", "duress", "dispute"))
        return Press(self.at(), rng.choice(self.names), kind, rng.random() < 0.1)

    def operate(self) -> Operate:
        """One deed of an operator."""
        what = self.rng.choice(("cancel", "cancel", "close"))
        return Operate(self.at(), what, self.rng.random())

    def fault(self) -> Fault:
        """One fault; those that hurt most come most often."""
        (make,) = self.rng.choices(list(self.makers), list(self.makers.values()))
        return make()

    def crash(self) -> Crash:
        """Power fails."""
        return Crash(
            self.at(), self.rng.choice(POINTS), self.rng.randrange(1, 6), self.span(0.1, 12)
        )

    def noise(self) -> Noise:
        """One device on a bad network."""
        lose, double = self.span(0, 0.5), self.span(0, 0.5)
        return Noise(self.at(), self.span(5, 40), self.who(), lose, double, self.span(0, 8))


def make_schedule(seed: int) -> Schedule:
    """The schedule of a seed."""
    dice = _Dice(seed)
    rng = dice.rng
    presses = tuple(sorted((dice.press() for _ in range(rng.randrange(1, 6))), key=moment))
    dice.near = [press.at_s for press in presses]
    deeds = (dice.operate() for _ in range(rng.randrange(3)))
    faults = (dice.fault() for _ in range(rng.randrange(1, 7)))
    return Schedule(
        seed=seed,
        version=rng.choice(("5", "5", "3.1.1")),
        batch=rng.choice((1, 2, 256)),
        fold_bytes=rng.choice((40_000, 150_000, 1 << 20)),
        window=rng.choice((3, 20, 1_000)),
        presses=presses,
        deeds=tuple(sorted(deeds, key=moment)),
        faults=tuple(sorted(faults, key=moment)),
    )


def moment(part: Press | Operate | Fault) -> tuple[float, str]:
    """When it happens; of equals, by what it is."""
    return part.at_s, repr(part)
