"""What the journal costs: commits a second, and a restart with a million events behind it.

A real desk decides for a made-up district with straight roads; every record is what the engine
would write. Each restart and each check runs in a process of its own, whose peak memory counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.machine import describe
from dispatch import commands as c
from dispatch.board import Board
from dispatch.desk import Desk
from dispatch.district import District, Gate, Group, Plan, Post, PostNeed, Unit, UnitNeed
from dispatch.journal import SqliteJournal
from dispatch.journal_file import JournalReader
from dispatch.journal_verify import verify
from dispatch.letters import OrderLetter
from dispatch.model import Order
from dispatch.ports import Record
from dispatch.snapshot import rebuild
from dispatch.words import Answer, GroupId, ResponderId, ResponderKind, UnitKind, UnitStatus
from dispatch.work import Views
from geo.air import air_m
from geo.tracker import Tracker
from geo.types import FloatArray, Point, Profile, Route, Street

WEST, SOUTH, EAST, NORTH = 121.45, 31.20, 121.52, 31.26
START_MS = 1_764_000_000_000
INCIDENT_EVERY_MS = 30_000
"""About 2 900 incidents a day: a busy district."""
SILENT_SHARE = 0.03
"""So many orders are never answered, so that deadlines have work to do."""
ROUTE_POINTS = 60
SPEED_MPS = {Profile.CAR: 11.0, Profile.MOTORCYCLE: 12.0, Profile.FOOT: 1.5}
SNAPSHOT_EVERY = 20_000
COMMAND = [sys.executable, "-m", "benchmarks.journal"]
BATCHES = (1, 10, 100, 1_000)
RESULTS = Path(__file__).parent / "results" / "journal.json"


class StraightReach:
    """Times and routes as the crow flies, with as many points as a road would have."""

    def __init__(self, to: Point, profile: Profile, limit_s: float) -> None:
        self.to = to
        self.speed_mps = SPEED_MPS[profile]
        self.limit_s = limit_s

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Seconds from each point; inf beyond the limit."""
        x = (lonlat[:, 0] - self.to.lon) * 95_200.0
        y = (lonlat[:, 1] - self.to.lat) * 110_900.0
        out: FloatArray = np.hypot(x, y) * 1.3 / self.speed_mps
        out[out > self.limit_s] = np.inf
        return out

    def find_route(self, start: Point) -> Route | None:
        """A line of `ROUTE_POINTS` points in four streets."""
        seconds = float(self.seconds(np.array([[start.lon, start.lat]]))[0])
        if not np.isfinite(seconds):
            return None
        length_m = air_m(start, self.to) * 1.3
        lon = np.linspace(start.lon, self.to.lon, ROUTE_POINTS).round(6)
        lat = np.linspace(start.lat, self.to.lat, ROUTE_POINTS).round(6)
        names = ("南京东路", "河南中路", "福州路", "四川中路")
        legs = tuple(
            Street(name=name, length_m=length_m / 4, seconds=seconds / 4) for name in names
        )
        line = tuple(zip(lon.tolist(), lat.tolist(), strict=True))
        return Route(seconds=seconds, length_m=length_m, line=line, streets=legs)


class StraightRoads:
    """Roads that go everywhere."""

    def reach(self, to: Point, profile: Profile, limit_s: float) -> StraightReach:
        """One search."""
        return StraightReach(to, profile, limit_s)

    def fastest_mps(self, profile: Profile) -> float:
        """The speed of all."""
        return SPEED_MPS[profile]


class PlainPlaces:
    """One area, one name."""

    def areas_at(self, place: Point) -> tuple[str, ...]:
        """The district."""
        return ("city", "district") if place.lon < EAST else ("city",)

    def describe(self, place: Point) -> str:
        """A landmark."""
        return f"南京东路附近 {place.lon:.4f}"


def make_district(rng: Random) -> District:
    """120 units, 106 posts in 20 groups, 7 gates."""

    def spot() -> Point:
        return Point(round(rng.uniform(WEST, EAST), 6), round(rng.uniform(SOUTH, NORTH), 6))

    kinds = tuple(UnitKind)
    groups = tuple(GroupId(f"G{n:02}") for n in range(20))
    return District(
        id="bench",
        name_zh="测试区",
        name_en="Bench",
        timezone="Asia/Shanghai",
        units=tuple(
            Unit(
                id=ResponderId(f"U{n:03}"),
                name=f"巡逻{n}组",
                kind=kinds[n % 4],
                officers=2,
                base=spot(),
            )
            for n in range(120)
        ),
        posts=tuple(
            Post(
                id=ResponderId(f"P{n:03}"),
                sign=n,
                name=f"安保点{n}",
                category="bank",
                place=spot(),
                guards=3,
                radios=2,
                groups=(groups[n % 20],),
            )
            for n in range(106)
        ),
        gates=tuple(
            Gate(id=ResponderId(f"K{n}"), name=f"卡口{n}", place=spot(), road="延安高架路")
            for n in range(7)
        ),
        groups=tuple(Group(id=group, name=group, channel=group) for group in groups),
        areas=(),
        plans=(
            Plan(
                type="robbery",
                name_zh="抢劫",
                name_en="Robbery",
                priority=1,
                units=(UnitNeed(count=2),),
                posts=PostNeed(count=2),
                notify_group=True,
            ),
            Plan(type="dispute", name_zh="纠纷", name_en="Dispute", priority=4),
        ),
    )


class History:
    """A desk that lives through incident after incident; every decision becomes a record."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = Random(seed)
        self.district = make_district(self.rng)
        ids = [unit.id for unit in self.district.units]
        bounds = (WEST, SOUTH, EAST, NORTH)
        self.tracker = Tracker(ids, bounds=bounds, impossible_mps=70.0, ahead_ms=120_000)
        self.board = Board()
        self.desk = Desk(self.board, Views(self.tracker, StraightRoads(), PlainPlaces()))
        self.now_ms = START_MS
        self.records: list[Record] = []
        self.events = 0
        self.number = 0
        self.agenda: list[tuple[int, int, int, Order]] = []
        self.planned = 0
        self.give(c.LoadDistrict(district=self.district), "admin")

    def give(self, command: c.AnyCommand, who: str) -> None:
        """Have a command decided and keep its record."""
        outcome = self.desk.handle(command, self.now_ms, who)
        if outcome.events:
            record = Record(at_ms=self.now_ms, who=who, command=command, events=outcome.events)
            self.records.append(record)
            self.events += len(outcome.events)
        for letter in outcome.letters:
            if isinstance(letter, OrderLetter) and letter.order.attempts == 1:
                self.plan(letter.order)

    def plan(self, order: Order) -> None:
        """The responder will say so and so at such times, unless it is one of the silent ones."""
        if self.rng.random() < SILENT_SHARE:
            return
        for step, after_s in enumerate((0.3, 4, 9, order.eta_s or 60, (order.eta_s or 60) + 600)):
            self.planned += 1
            at_ms = order.issued_ms + int(after_s * 1000)
            heappush(self.agenda, (at_ms, self.planned, step, order))

    def to(self, at_ms: int) -> None:
        """Let time pass, with a tick at each deadline and every word of a responder."""
        while True:
            due_ms = self.desk.next_due_ms()
            said_ms = self.agenda[0][0] if self.agenda else at_ms
            if due_ms is not None and due_ms <= min(at_ms, said_ms):
                self.now_ms = max(self.now_ms, due_ms)
                self.give(c.Tick(), "clock")
            elif self.agenda and said_ms <= at_ms:
                _, number, step, order = heappop(self.agenda)
                self.now_ms = max(self.now_ms, said_ms)
                self.answer(order, STEPS[step], f"m{number}")
            else:
                break
        self.now_ms = at_ms

    def fixes(self) -> None:
        """One fix of every unit, near its base."""
        units = self.district.units
        rows = np.arange(len(units))
        spots = np.array([(unit.base.lon, unit.base.lat) for unit in units])
        at_ms = np.full(len(units), self.now_ms)
        none = np.full(len(units), np.nan)
        self.tracker.update(rows, at_ms, spots, none, none, none, self.now_ms)

    def incident(self) -> None:
        """One alarm, after all that was said before it."""
        self.number += 1
        self.to(START_MS + self.number * INCIDENT_EVERY_MS)
        self.fixes()
        post = self.rng.choice(self.district.posts).id
        kind = "robbery" if self.rng.random() < 0.4 else "dispute"
        alarm = c.RaiseAlarm(
            id=f"a{self.number}",
            source_kind=ResponderKind.POST,
            source=post,
            type=kind,
            sent_ms=self.now_ms,
        )
        self.give(alarm, f"post/{post}")

    def answer(self, order: Order, step: Answer | UnitStatus, message: str) -> None:
        """One word of a responder about an order that it still holds."""
        if self.board.responders[order.responder].order != order.id:
            return
        who = f"{order.kind}/{order.responder}"
        command: c.AnyCommand
        if isinstance(step, Answer):
            command = c.AnswerOrder(
                id=message,
                kind=order.kind,
                responder=order.responder,
                order=order.id,
                answer=step,
                sent_ms=self.now_ms,
            )
        else:
            command = c.ReportStatus(
                id=message,
                kind=order.kind,
                responder=order.responder,
                status=step,
                sent_ms=self.now_ms,
                order=order.id,
            )
        self.give(command, who)


STEPS: tuple[Answer | UnitStatus, ...] = (
    Answer.DELIVERED,
    Answer.ACCEPTED,
    UnitStatus.EN_ROUTE,
    UnitStatus.ON_SCENE,
    UnitStatus.AVAILABLE,
)


def write_history(path: Path, events: int) -> dict[str, Any]:
    """Make a journal of at least so many events, its snapshots as the engine would have them."""
    began_s = time.perf_counter()
    journal, history, records, told = SqliteJournal(path), History(), 0, 0
    while history.events < events:
        history.incident()
        if len(history.records) >= 500:
            records = journal.append(history.records).result()
            history.records = []
            if records - told >= SNAPSHOT_EVERY and history.events < events * 0.97:
                told = records
                journal.save_snapshot(records, history.board.dump())
                print(f"  {history.events:>9} events", end="\r", file=sys.stderr, flush=True)
    records = journal.append(history.records).result()
    journal.close()
    return {
        "events": history.events,
        "records": records,
        "incidents": history.number,
        "mib": round(path.stat().st_size / 2**20, 1),
        "board_mib": round(len(history.board.dump()) / 2**20, 1),
        "tail_records": records - told,
        "made_in_s": round(time.perf_counter() - began_s, 1),
    }


def measure_appends(source: Path, folder: Path) -> list[dict[str, Any]]:
    """Durable records and events a second, one batch after the other, and many at once."""
    records = [record for _, record in islice(JournalReader(source).read(1), 20_000)]
    return [measure_batch(records, size, folder, ahead) for ahead in (1, 8) for size in BATCHES]


def measure_batch(records: Sequence[Record], size: int, folder: Path, ahead: int) -> dict[str, Any]:
    """Append batches of `size` with at most `ahead` of them not yet durable."""
    count = min(len(records) // size, 2_000)
    journal = SqliteJournal(folder / f"append-{size}-{ahead}.db")
    waits: list[float] = []
    waiting: deque[tuple[float, Any]] = deque()

    def settle() -> None:
        sent_s, future = waiting.popleft()
        future.result()
        waits.append(time.perf_counter() - sent_s)

    began_s = time.perf_counter()
    events = 0
    for number in range(count):
        batch = records[number * size : (number + 1) * size]
        events += sum(len(record.events) for record in batch)
        if len(waiting) >= ahead:
            settle()
        waiting.append((time.perf_counter(), journal.append(batch)))
    while waiting:
        settle()
    took_s = time.perf_counter() - began_s
    journal.close()
    return {
        "batch": size,
        "in_flight": ahead,
        "records_per_s": round(count * size / took_s),
        "events_per_s": round(events / took_s),
        "commit_ms_p50": round(float(np.percentile(waits, 50)) * 1000, 2),
        "commit_ms_p99": round(float(np.percentile(waits, 99)) * 1000, 2),
    }


def in_a_process(task: str, path: Path) -> dict[str, Any]:
    """Run one task of this program in a process of its own; returns what it printed."""
    began_s = time.perf_counter()
    done = subprocess.run([*COMMAND, "--task", task, str(path)], stdout=subprocess.PIPE, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return {**said, "process_s": round(time.perf_counter() - began_s, 2)}


def peak_kib() -> int:
    """Most memory this program held; getrusage would count the parent it was started by."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def untold(_done: int, _total: int) -> None:
    """Nobody watches a check that is being timed."""


def run_task(task: str, path: Path) -> None:
    """Restart or verify, and print seconds and peak memory."""
    began_s = time.perf_counter()
    if task == "verify":
        verdict = verify(path, untold)
        assert verdict.fault is None, verdict.fault
        records = verdict.records
    else:
        journal = SqliteJournal(path)
        _, records = rebuild(journal, use_snapshot=task == "restart")
        took_s = time.perf_counter() - began_s
        journal.close()
        began_s = time.perf_counter() - took_s
    took_s = time.perf_counter() - began_s
    peak_mib = peak_kib() / 1024
    print(
        json.dumps({"seconds": round(took_s, 2), "records": records, "peak_mib": round(peak_mib)})
    )


def main() -> None:
    """Measure all and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; else a temporary one")
    parser.add_argument("--save", action="store_true", help=f"keep the figures in {RESULTS.name}")
    parser.add_argument("--task", choices=["restart", "replay", "verify"], help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        run_task(options.task, options.file)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        path = folder / "journal.db"
        figures: dict[str, Any] = {"machine": describe()}
        figures["journal"] = write_history(path, options.events)
        figures["restart_from_snapshot"] = in_a_process("restart", path)
        figures["replay_from_zero"] = in_a_process("replay", path)
        figures["verify"] = in_a_process("verify", path)
        figures["appends"] = measure_appends(path, folder)
    for key, value in figures.items():
        for row in value if isinstance(value, list) else [value]:
            print(key, json.dumps(row, ensure_ascii=False))
    if options.save:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
