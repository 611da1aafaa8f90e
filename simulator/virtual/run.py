"""One run of a model world, and many of them on all cores."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from geo.types import FloatArray
from simulator.virtual.build import World
from simulator.virtual.calls import Recorded, draw_calls, read_recorded, stream
from simulator.virtual.kernel import MOST_STATES, State, run
from simulator.virtual.measure import Figures, measure
from simulator.virtual.scenario import ScenarioError
from simulator.virtual.shapes import NOBODY, Calls, Log, Sums

WINDOWS = 20
"""Measuring windows of a run; of a single run they are the batches for the interval."""
DICE = 99


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One run, worked off: what came, what became of it, and the time sums by window."""

    calls: Calls
    log: Log
    sums: Sums
    edges: FloatArray


def run_once(world: World, number: int, recorded: Recorded | None = None) -> Finished:
    """Work off run `number` of a world; the same number gives the same run."""
    scenario = world.scenario
    calls = draw_calls(world, number, recorded)
    town = world.town
    if recorded is not None and recorded.service is not None:
        laws = len(town.law_scale)
        town = town._replace(law_scale=np.ones(laws), law_shift=np.zeros(laws))
    size, units = len(calls.at), len(world.units)
    most_sent = min(4, int(town.send.max()))
    log = Log(
        unit=np.full(size, NOBODY, dtype=np.int64),
        begun=np.full(size, np.nan),
        ended=np.full(size, np.nan),
        held_up=np.zeros(size),
        travel=np.full((size, most_sent), np.nan),
    )
    edges = windows(world, calls)
    instants = np.sort(np.array(scenario.run.instants, dtype=np.float64))
    patterns = 2**units if units <= MOST_STATES else 1
    sums = Sums(
        busy=np.zeros((WINDOWS, units)),
        crowd=np.zeros((WINDOWS, units + 1)),
        queue=np.zeros(WINDOWS),
        queued=np.zeros(WINDOWS),
        states=np.zeros((WINDOWS, patterns)),
        seen_busy=np.zeros(len(instants), dtype=np.int64),
        seen_queue=np.zeros(len(instants), dtype=np.int64),
    )
    state = fresh_state(world, size)
    dice = int(stream(scenario.run.seed, number, DICE).integers(2**31))
    stop = np.inf
    if not scenario.run.drain:
        stop = edges[-1]
    run(world.rules, town, calls, state, log, sums, edges, instants, dice, stop)
    return Finished(calls=calls, log=log, sums=sums, edges=edges)


def windows(world: World, calls: Calls) -> FloatArray:
    """Edges of the measuring windows: from the end of the warm-up to the end of the run."""
    run = world.scenario.run
    if len(calls.at) == 0:
        return np.linspace(run.warmup, run.horizon or 1.0, WINDOWS + 1)
    end = run.horizon if run.horizon is not None else float(calls.at[-1])
    start = run.warmup
    if run.warmup_calls:
        if run.warmup_calls >= len(calls.at):
            raise ScenarioError("run.warmup_calls leaves no calls to measure")
        start = max(start, float(calls.at[run.warmup_calls]))
    if start >= end:
        raise ScenarioError("the warm-up leaves nothing to measure")
    return np.linspace(start, end, WINDOWS + 1)


def fresh_state(world: World, size: int) -> State:
    """Everyone idle at home, nobody waiting."""
    units = len(world.units)
    lines = len(world.kinds) if world.rules.by_class else 1
    return State(
        call=np.full(units, NOBODY, dtype=np.int64),
        since=np.zeros(units),
        due=np.zeros(units),
        stamp=np.zeros(units, dtype=np.int64),
        free_at=np.full(units, -1e18),
        xy=world.town.home_xy.copy(),
        node=world.town.home_node.copy(),
        left=np.full(size, -1.0),
        rank=np.zeros(units, dtype=np.int64),
        after=np.full(size, NOBODY, dtype=np.int64),
        before=np.full(size, NOBODY, dtype=np.int64),
        head=np.full(lines, NOBODY, dtype=np.int64),
        tail=np.full(lines, NOBODY, dtype=np.int64),
        heap_at=np.zeros(units + size + 8) if world.rules.preempt else np.zeros(units + 8),
        heap_unit=np.zeros(units + size + 8, dtype=np.int64),
        heap_stamp=np.zeros(units + size + 8, dtype=np.int64),
        num=np.zeros(6, dtype=np.int64),
        clock=np.zeros(1),
    )


def run_many(world: World, workers: int, done: Callable[[], None]) -> list[Figures]:
    """All replications on all cores, in the order of their numbers.

    A single run is measured window by window, so that it has an interval too. The core and numpy
    leave the interpreter free, so threads use every core without copies.
    """
    runs = world.scenario.run.runs
    recorded = read_recorded(world)

    def one(number: int) -> list[Figures]:
        finished = run_once(world, number, recorded)
        whole = [measure(world, finished, 0, WINDOWS)]
        if runs == 1:
            whole += [measure(world, finished, w, w + 1) for w in range(WINDOWS)]
        done()
        return whole

    return list(_flat(ThreadPoolExecutor(max_workers=workers), one, runs))


def _flat(
    pool: ThreadPoolExecutor, one: Callable[[int], list[Figures]], runs: int
) -> Iterator[Figures]:
    with pool:
        for figures in pool.map(one, range(runs)):
            yield from figures
