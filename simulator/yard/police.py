"""A city's police day as a queue of three priorities: how long each waits for a unit.

A line of all calls behaves like so many units; how many, is learnt for each half of the day, since
the shifts differ.
"""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from simulator.virtual.build import build
from simulator.virtual.run import run_many
from simulator.virtual.scenario import Scenario
from simulator.virtual.summary import summarise

CLASSES = ("A", "B", "C")
MOST_WORK_MIN = 180.0
DAY_MIN = 1_440.0
HALF_MIN = 720.0


class Call(NamedTuple):
    """One call: minutes since midnight, priority, minutes to the first dispatch and of work."""

    entered: float
    priority: str
    wait: float
    work: float


def read_calls(file: Path) -> list[Call]:
    """Calls of the first day that a unit was sent to."""
    found = []
    start = datetime(2026, 1, 15)  # noqa: DTZ001  # local times, as recorded
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if not row["dispatched"] or not row["closed"] or row["priority"] not in CLASSES:
                continue
            entered, sent, closed = (
                (datetime.fromisoformat(row[key]) - start).total_seconds() / 60
                for key in ("entered", "dispatched", "closed")
            )
            if 0 <= entered < DAY_MIN:
                work = min(max(closed - sent, 1.0), MOST_WORK_MIN)
                found.append(Call(entered, row["priority"], sent - entered, work))
    return sorted(found)


def real_waits(calls: list[Call], since: float, until: float) -> list[float]:
    """Mean minutes to the first dispatch by priority, of calls of a part of the day."""
    part = [call for call in calls if since <= call.entered < until]
    return [float(np.mean([c.wait for c in part if c.priority == name])) for name in CLASSES]


def simulated_waits(
    calls: list[Call], units: int, folder: Path, *, since: float, until: float
) -> list[float]:
    """Mean waits by priority of the recorded calls in one line for so many units."""
    with (folder / "police.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("time", "atom", "class"))
        table.writerows((f"{c.entered:.4f}", "all", c.priority) for c in calls if c.entered < until)
    works = {name: [c.work for c in calls if c.priority == name] for name in CLASSES}
    tables: dict[str, Any] = {
        "world": "nodes",
        "run": {"runs": 20, "seed": 15, "warmup": since},
        "demand": {"csv": "police.csv"},
        "atom": [{"id": "all", "rate": 1.0}],
        "class": [
            {"id": name, "service": {"law": "empirical", "values": works[name]}} for name in CLASSES
        ],
        "units": {"count": units},
        "queue": {"order": "class"},
    }
    scenario = msgspec.convert(tables, Scenario)
    parts = run_many(build(scenario, folder), 1, lambda: None)
    found = summarise(parts, scenario.run.runs, 0.95)["mean_wait_by_class"].value
    return [float(value) for value in found]


def learn_units(calls: list[Call], folder: Path, since: float, until: float) -> int:
    """The number of units whose waits in a part of the day are most like the real ones."""
    real = np.array(real_waits(calls, since, until))

    def off(units: int) -> float:
        model = simulated_waits(calls, units, folder, since=since, until=until)
        return float(np.abs(np.log((np.array(model) + 0.5) / (real + 0.5))).sum())

    return min(range(6, 26, 2), key=off)
