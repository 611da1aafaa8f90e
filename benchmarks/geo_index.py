"""Who is near, among units that move: our index and its peers, in turns, in one run.

`python -m benchmarks.geo_index [--quick]` asks each for 10 000 updates and 100 queries a second,
for the eight nearest of the three in ten who may go, at 1 000, 10 000 and 100 000 units. What
counts is CPU time, of the peer's servers too.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from benchmarks.geo_peers import (
    IDLE_SHARE,
    MIDDLE,
    SCALE_M,
    START_MS,
    KdTree,
    Ours,
    Peer,
    Rtree,
    Scan,
    StrTree,
    to_metres,
)
from benchmarks.geo_servers import NotHere, PostGis, RedisGeo
from geo.types import BoolArray, FloatArray, IntArray, Point

BATCH = 200
"""What comes in 20 ms at 10 000 updates a second; the gateway hands over as often."""
BATCH_S = 0.020
QUERIES_A_BATCH = 2
NEAREST = 8
SPREAD_M = 6_000.0
"""Units crowd in the centre: the standard deviation of where they are."""
STEP_M = 8.0
NEAR_ENOUGH = 1.005
"""Planes differ by as much; so a rank is right when no unit is nearer than this times its own."""
NEAR_ENOUGH_M = 2.0
CHECKED = 20


@dataclass(frozen=True, slots=True)
class Scale:
    """Units of each table, rounds of turns, seconds of each turn."""

    units: tuple[int, ...] = (1_000, 10_000, 100_000)
    rounds: int = 3
    turn_s: float = 0.4


QUICK = Scale(units=(10_000,), rounds=2, turn_s=0.1)


class City:
    """Units that jitter about their bases, the queries asked, and who may go."""

    def __init__(self, units: int) -> None:
        rng = np.random.default_rng(units)
        spread = SPREAD_M / SCALE_M
        self.base: FloatArray = MIDDLE + np.clip(rng.normal(0, 1, (units, 2)), -3, 3) * spread
        self.may_go: BoolArray = rng.random(units) < IDLE_SHARE
        self.lonlat = self.base.copy()
        self._order = rng.permutation(units)
        self._steps = rng.normal(0, STEP_M, (64, BATCH, 2)) / SCALE_M
        self.queries = [
            Point(*at) for at in (MIDDLE + rng.normal(0, 1, (500, 2)) * spread).tolist()
        ]

    def batch(self, number: int) -> tuple[IntArray, FloatArray]:
        """The rows and new places of one batch; each unit reports as often as the others."""
        rows = self._order[(number * BATCH + np.arange(BATCH)) % len(self._order)]
        return rows, self.base[rows] + self._steps[number % len(self._steps)]

    def nearest_m(self, to: Point) -> FloatArray:
        """Metres to the nearest who may go, by looking at all."""
        away = self.away_m(to, np.flatnonzero(self.may_go))
        return np.sort(away)[:NEAREST]

    def away_m(self, to: Point, rows: IntArray) -> FloatArray:
        """Metres from a place to some units."""
        away: FloatArray = np.hypot(
            *(to_metres(self.lonlat[rows]) - to_metres(np.array([to.lon, to.lat]))).T
        )
        return away


@dataclass(slots=True)
class Spent:
    """CPU seconds of a peer and what was done for them; and how many answers were right."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    checked: int = 0
    right: int = 0


def cpu_of(peer: Peer) -> float:
    """CPU seconds so far: this process, and the peer's servers with their ended children."""
    total = time.process_time()
    for pid in peer.pids():
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


class Runner:
    """One peer in one city: does a turn of each part of the work."""

    def __init__(self, city: City, peer: Peer) -> None:
        self.city, self.peer = city, peer
        self.spent = Spent()
        self._batch = 0
        self._query = 0

    def move(self) -> None:
        """One batch of updates."""
        self._batch += 1
        rows, lonlat = self.city.batch(self._batch)
        now_ms = START_MS + self._batch * round(BATCH_S * 1000)
        self.peer.move(rows, lonlat, now_ms)
        self.city.lonlat[rows] = lonlat

    def ask(self) -> tuple[Point, IntArray]:
        """One query."""
        self._query += 1
        to = self.city.queries[self._query % len(self.city.queries)]
        return to, self.peer.nearest(to, NEAREST, self.city.may_go)

    def mix(self) -> None:
        """What twenty milliseconds of the city bring."""
        self.move()
        for _ in range(QUERIES_A_BATCH):
            self.ask()

    def turn(self, part: str, act: Callable[[], Any], seconds: float) -> None:
        """Do one thing again and again for a while."""
        until_s = time.perf_counter() + seconds
        before_s, done = cpu_of(self.peer), 0
        while True:
            act()
            done += 1
            if time.perf_counter() >= until_s:
                break
        spent = self.spent
        spent.cpu_s[part] = spent.cpu_s.get(part, 0.0) + cpu_of(self.peer) - before_s
        spent.done[part] = spent.done.get(part, 0) + done

    def check(self) -> None:
        """Compare some answers with a look at everyone."""
        for _ in range(CHECKED):
            to, rows = self.ask()
            told, truth = np.sort(self.city.away_m(to, rows)), self.city.nearest_m(to)
            right = len(told) == len(truth) and bool(
                (told <= truth * NEAR_ENOUGH + NEAR_ENOUGH_M).all()
            )
            self.spent.checked += 1
            self.spent.right += right

    def figures(self) -> dict[str, Any]:
        """What an update, a query and a second of the city cost."""
        cost = {part: self.spent.cpu_s[part] / done for part, done in self.spent.done.items()}
        return {
            "peer": self.peer.name,
            "version": self.peer.version,
            "update_us": round(cost["updates"] / BATCH * 1e6, 3),
            "updates_per_s": round(BATCH / cost["updates"]),
            "query_us": round(cost["queries"] * 1e6, 1),
            "queries_per_s": round(1 / cost["queries"]),
            "mix_core_share": round(cost["mix"] / BATCH_S, 5),
            "right_answers": self.spent.right,
            "checked_answers": self.spent.checked,
        }


PEERS: dict[str, Callable[[City], Peer]] = {
    "street110": lambda city: Ours(city.lonlat),
    "numpy": lambda city: Scan(city.lonlat),
    "cKDTree": lambda city: KdTree(city.lonlat),
    "STRtree": lambda city: StrTree(city.lonlat),
    "rtree": lambda city: Rtree(city.lonlat),
    "redis": lambda city: RedisGeo(city.lonlat, city.may_go),
    "postgis": lambda city: PostGis(city.lonlat, city.may_go),
}


def measure_city(units: int, scale: Scale, tell: Callable[[str], None]) -> dict[str, Any]:
    """All peers in one city, in turns; those that cannot be had say why."""
    absent: dict[str, str] = {}
    runners: list[Runner] = []
    with ExitStack() as stack:
        for name, make in PEERS.items():
            tell(f"{units} units: {name} is filled")
            city = City(units)
            try:
                peer = make(city)
            except NotHere as why:
                absent[name] = str(why)
                continue
            stack.callback(peer.close)
            runners.append(Runner(city, peer))
        for number in range(scale.rounds):
            tell(f"{units} units: round {number + 1} of {scale.rounds}")
            for runner in runners:
                runner.turn("updates", runner.move, scale.turn_s)
                runner.turn("queries", runner.ask, scale.turn_s)
                runner.turn("mix", runner.mix, scale.turn_s)
        for runner in runners:
            runner.check()
    rows = [runner.figures() for runner in runners]
    ours = rows[0]["mix_core_share"]
    for row in rows:
        row["times_ours"] = round(row["mix_core_share"] / ours, 1)
    return {"units": units, "peers": rows, "absent": absent}


def measure(scale: Scale, tell: Callable[[str], None]) -> dict[str, Any]:
    """Every city of the scale."""
    return {
        "k": NEAREST,
        "may_go_share": IDLE_SHARE,
        "updates_a_batch": BATCH,
        "cities": [measure_city(units, scale, tell) for units in scale.units],
    }


def main() -> None:
    """Measure and print; `python -m benchmarks.geo` keeps the figures."""
    from benchmarks.geo_report import show_index  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m benchmarks.geo_index", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one city of 10 000, short turns")
    said = parser.parse_args()
    show_index(measure(QUICK if said.quick else Scale(), print))


if __name__ == "__main__":
    main()
