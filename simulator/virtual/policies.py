"""Many days under several policies on all cores, and what each policy is worth.

All policies see the same alarms and the same luck in a run, so their differences are sharper than
their figures; intervals are over runs.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from dispatch.district_file import DistrictError, load_district
from geo.types import FloatArray
from simulator.virtual.day import Day, Seen
from simulator.virtual.day_calls import draw_alarms
from simulator.virtual.days import Days
from simulator.virtual.ground import Ground, make_graph
from simulator.virtual.scenario import ScenarioError

GOALS_S = (60.0, 180.0, 300.0)
STARTED_S = 3_600.0
"""Alarms of the last hour need not be answered for a figure; earlier ones that are not, count."""
_held: dict[str, Ground] = {}


class Task(NamedTuple):
    """One day to be lived in a process of its own."""

    folder: Path
    graph: Path
    beside: Path
    days: Days
    policy: int
    run: int


class Lived(NamedTuple):
    """What came back of it."""

    policy: int
    run: int
    seen: list[Seen]
    decisions: int
    diverted: int


class Figure(NamedTuple):
    """A mean over runs with the half-width of its interval; NaN for one run."""

    value: float
    half: float


def live(task: Task) -> Lived:
    """Live one day; the ground is kept for the next day in this process."""
    key = str(task.graph)
    if key not in _held:
        ground = Ground(task.folder, load_district(task.folder), task.graph)
        ground.roads.warm_up()
        _held.clear()
        _held[key] = ground
    ground = _held[key]
    alarms = draw_alarms(task.days, ground.district, ground.roads, task.run, task.beside)
    day = Day(ground, task.days, task.days.policy[task.policy], alarms, task.run)
    done = day.run()
    return Lived(task.policy, task.run, done.seen, done.decisions, done.diverted)


def live_all(days: Days, beside: Path, workers: int, done: Callable[[], None]) -> list[Lived]:
    """All days of all policies, ordered by policy and run. Raises ScenarioError."""
    folder = (beside / days.district).resolve()
    try:
        load_district(folder)
    except (DistrictError, OSError) as error:
        raise ScenarioError(f"district {days.district}: {error}") from error
    graph = make_graph(folder)
    tasks = [
        Task(folder, graph, beside, days, policy, run)
        for run in range(days.run.runs)
        for policy in range(len(days.policy))
    ]
    found: list[Lived] = []
    try:
        if workers == 1 or len(tasks) == 1:
            for task in tasks:
                found.append(live(task))
                done()
        else:
            with ProcessPoolExecutor(min(workers, len(tasks)), get_context("spawn")) as pool:
                for one in as_completed([pool.submit(live, task) for task in tasks]):
                    found.append(one.result())
                    done()
    finally:
        graph.unlink(missing_ok=True)
        graph.parent.rmdir()
    return sorted(found, key=lambda one: (one.policy, one.run))


def measure_day(days: Days, one: Lived, priority: int | None) -> dict[str, float]:
    """The figures of one day: of all incidents, or of one priority."""
    rows = [
        row
        for row in one.seen
        if row.raised_s >= days.run.warmup_h * 3_600 and priority in {None, row.priority}
    ]
    unit_s = np.array([row.unit_s - row.raised_s for row in rows])
    help_s = np.array([first_help(row) - row.raised_s for row in rows])
    answered = unit_s[np.isfinite(unit_s)]
    figures = {
        "incidents": float(len(rows)),
        "unanswered": float(len(rows) - len(answered)),
        "mean_s": mean(answered),
        "p50_s": percentile(answered, 50),
        "p90_s": percentile(answered, 90),
        "help_mean_s": mean(help_s[np.isfinite(help_s)]),
        "help_p90_s": percentile(help_s[np.isfinite(help_s)], 90),
    }
    for goal in GOALS_S:
        figures[f"within_{goal:.0f}_s"] = share_within(unit_s, goal)
        figures[f"help_within_{goal:.0f}_s"] = share_within(help_s, goal)
    return figures


def first_help(row: Seen) -> float:
    """When the first of anyone sent or called over was there; NaN for nobody."""
    came = [at for at in (row.unit_s, row.post_s, row.helper_s) if not math.isnan(at)]
    return min(came, default=math.nan)


def mean(values: FloatArray) -> float:
    """NaN of nothing."""
    return float(values.mean()) if len(values) else math.nan


def percentile(values: FloatArray, q: float) -> float:
    """NaN of fewer than twenty."""
    return float(np.percentile(values, q)) if len(values) >= 20 else math.nan


def share_within(values: FloatArray, goal: float) -> float:
    """Of all incidents, those never reached included."""
    return float((values <= goal).mean()) if len(values) else math.nan


def over_runs(values: Sequence[float], confidence: float) -> Figure:
    """Mean and half-width over the runs that know the figure."""
    known = np.array([value for value in values if not math.isnan(value)])
    if len(known) == 0:
        return Figure(math.nan, math.nan)
    if len(known) == 1:
        return Figure(float(known[0]), math.nan)
    factor = special.stdtrit(len(known) - 1, 0.5 + confidence / 2)
    half = factor * known.std(ddof=1) / math.sqrt(len(known))
    return Figure(float(known.mean()), float(half))


def compare(days: Days, lived: Sequence[Lived]) -> list[dict[str, Any]]:
    """A row for each policy and priority: its figures, and what it gains on the first policy."""
    priorities: list[int | None] = [None]
    priorities += sorted({row.priority for one in lived for row in one.seen})
    table = []
    for priority in priorities:
        base: list[dict[str, float]] = []
        for place, policy in enumerate(days.policy):
            mine = [measure_day(days, one, priority) for one in lived if one.policy == place]
            base = base or mine
            row: dict[str, Any] = {"policy": policy.name, "priority": priority}
            for name in mine[0]:
                row[name] = over_runs([day[name] for day in mine], days.run.confidence)
            for name in ("mean_s", "p90_s", "help_mean_s"):
                gains = [b[name] - m[name] for b, m in zip(base, mine, strict=True)]
                row[f"gain_{name}"] = over_runs(gains, days.run.confidence)
            diverted = [float(one.diverted) for one in lived if one.policy == place]
            row["diverted"] = over_runs(diverted, days.run.confidence)
            table.append(row)
    return table
