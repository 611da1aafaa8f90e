"""Many schedules, one after the other or on several cores; what fails is cut down and told."""

import gc
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
from msgspec.structs import replace

from simulator.faults.run import Verdict, folder_in_memory, run_schedule
from simulator.faults.schedule import Schedule, make_schedule

SEEDS_AT_ONCE = 25
MOST_SHRUNK = 5
"""So many failures are cut down; the others keep their seeds."""
_NUMBERS = re.compile(r"\S*\d\S*")


class Failure(msgspec.Struct, frozen=True):
    """One broken promise: as first met, and cut down to what it takes."""

    seed: int
    broken: str
    presses: int
    deeds: int
    faults: int
    story: tuple[str, ...]
    schedule: Schedule


class Findings(msgspec.Struct, frozen=True):
    """What a hunt came to."""

    first_seed: int
    schedules: int
    seconds: float
    virtual_s: float
    lives: int
    alarms: int
    orders: int
    failed: tuple[tuple[int, str], ...]
    failures: tuple[Failure, ...]

    @property
    def per_minute(self) -> int:
        """Schedules a minute."""
        return round(self.schedules / max(self.seconds, 1e-9) * 60)


class Tally(msgspec.Struct, frozen=True):
    """One verdict without its story."""

    seed: int
    broken: str | None
    seconds: float
    lives: int
    alarms: int
    orders: int


def run_seeds(seeds: Sequence[int]) -> list[Tally]:
    """Run the schedules of some seeds."""
    gc.freeze()
    with folder_in_memory() as folder:
        return [tally(run_schedule(make_schedule(seed), folder)) for seed in seeds]


def tally(verdict: Verdict) -> Tally:
    """What is counted of a verdict."""
    return Tally(
        verdict.seed,
        verdict.broken,
        verdict.seconds,
        verdict.lives,
        verdict.alarms,
        verdict.orders,
    )


def run_all(first: int, count: int, workers: int) -> Iterator[list[Tally]]:
    """Run `count` schedules in portions, on `workers` cores."""
    seeds = range(first, first + count)
    portions = [seeds[at : at + SEEDS_AT_ONCE] for at in range(0, count, SEEDS_AT_ONCE)]
    if workers == 1 or len(portions) == 1:
        yield from map(run_seeds, portions)
        return
    with ProcessPoolExecutor(min(workers, len(portions)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(run_seeds, portions)


def hunt(
    first: int,
    count: int,
    *,
    workers: int = 1,
    most_failures: int | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Findings:
    """Run `count` schedules from seed `first`; stop early after `most_failures`."""
    began_s = time.monotonic()
    tallies: list[Tally] = []
    failed: list[tuple[int, str]] = []
    for portion in run_all(first, count, workers):
        tallies += portion
        failed += [(one.seed, one.broken) for one in portion if one.broken is not None]
        done(len(portion))
        if most_failures is not None and len(failed) >= most_failures:
            break
    took_s = time.monotonic() - began_s
    with folder_in_memory() as folder:
        failures = [shrink(make_schedule(seed), folder) for seed, _ in failed[:MOST_SHRUNK]]
    return Findings(
        first_seed=first,
        schedules=len(tallies),
        seconds=round(took_s, 2),
        virtual_s=round(sum(one.seconds for one in tallies), 1),
        lives=sum(one.lives for one in tallies),
        alarms=sum(one.alarms for one in tallies),
        orders=sum(one.orders for one in tallies),
        failed=tuple(failed),
        failures=tuple(failures),
    )


def shrink(schedule: Schedule, folder: Path) -> Failure:
    """Leave out faults, deeds and presses one by one, as long as it fails in the same way."""
    verdict = run_schedule(schedule, folder)
    assert verdict.broken is not None, "only what fails is cut down"
    kind, smaller = kind_of(verdict.broken), True
    while smaller:
        smaller = False
        for candidate in list_smaller(schedule):
            tried = run_schedule(candidate, folder)
            if tried.broken is not None and kind_of(tried.broken) == kind:
                schedule, verdict, smaller = candidate, tried, True
                break
    assert verdict.broken is not None, "what was kept failed"
    return Failure(
        seed=schedule.seed,
        broken=verdict.broken,
        presses=len(schedule.presses),
        deeds=len(schedule.deeds),
        faults=len(schedule.faults),
        story=verdict.story,
        schedule=schedule,
    )


def list_smaller(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule without one of its parts, for each of them."""
    for at in range(len(schedule.faults)):
        yield replace(schedule, faults=schedule.faults[:at] + schedule.faults[at + 1 :])
    for at in range(len(schedule.deeds)):
        yield replace(schedule, deeds=schedule.deeds[:at] + schedule.deeds[at + 1 :])
    for at in range(len(schedule.presses)):
        yield replace(schedule, presses=schedule.presses[:at] + schedule.presses[at + 1 :])


def kind_of(broken: str) -> str:
    """A breach without the names and numbers of its schedule."""
    return _NUMBERS.sub("", broken)
