"""What is read off a run: workloads, waits, travel, who went where.

Times are in the scenario's unit. A figure that a run cannot give (no waits, no travel) is NaN.
"""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from geo.types import BoolArray, FloatArray, IntArray
from simulator.virtual.build import World
from simulator.virtual.shapes import LOST, NOBODY, After, Choice, Metric, Travel

if TYPE_CHECKING:
    from simulator.virtual.run import Finished

Figures: TypeAlias = dict[str, FloatArray]
"""Name to a number (shape ()) or a row or table of numbers."""
PERCENTILES = (50, 90, 95)
LEAST_FOR_PERCENTILE = 20


def measure(world: World, finished: "Finished", first: int, last: int) -> Figures:
    """All figures of the windows `first` to `last` of a run."""
    edges = finished.edges
    long = float(edges[last] - edges[first])
    at = finished.calls.at
    inside = (at >= edges[first]) & (at < edges[last])
    if last == len(edges) - 1:
        inside |= at == edges[last]
    sums = finished.sums
    crowd = sums.crowd[first:last].sum(axis=0) / long
    figures: Figures = {
        "calls": np.array(float(inside.sum())),
        "workload": sums.busy[first:last].sum(axis=0) / long,
        "p_all_busy": crowd[-1],
        "mean_busy": crowd @ np.arange(len(crowd)),
        "busy_share": crowd,
        "p_queue": np.array(sums.queued[first:last].sum() / long),
        "mean_queue": np.array(sums.queue[first:last].sum() / long),
    }
    if sums.states.shape[1] > 1:
        figures["state_share"] = sums.states[first:last].sum(axis=0) / long
    if len(sums.seen_busy):
        figures["busy_at"] = sums.seen_busy.astype(np.float64)
        figures["queue_at"] = sums.seen_queue.astype(np.float64)
    figures |= waits(finished, inside, len(world.kinds))
    figures |= who_went(world, finished, inside)
    if world.rules.travel != Travel.NONE:
        figures |= travels(world, finished, inside)
    return figures


def waits(finished: "Finished", inside: BoolArray, kinds: int) -> Figures:
    """Shares lost and waiting, and waits, of all calls and by class.

    The wait is all the time in which a call has no unit: before the first and while interrupted.
    """
    log, calls = finished.log, finished.calls
    lost = inside & (log.unit == LOST)
    sent = inside & (log.unit >= 0)
    wait = log.begun - calls.at + log.held_up
    kept = wait[sent]
    figures: Figures = {
        "p_lost": share(lost, inside),
        "p_wait": share(inside & (wait > 0), inside & ~lost),
        "mean_wait": mean(kept),
        "mean_wait_of_waiting": mean(kept[kept > 0]),
        "mean_service": mean((log.ended - log.begun - log.held_up)[sent]),
        "wait_percentiles": percentiles(kept),
    }
    if kinds > 1:
        of = [sent & (calls.kind == kind) for kind in range(kinds)]
        here = [inside & (calls.kind == kind) for kind in range(kinds)]
        figures["mean_wait_by_class"] = np.array([mean(wait[one]) for one in of])
        figures["p_wait_by_class"] = np.array([share(one & (wait > 0), one) for one in of])
        figures["p_lost_by_class"] = np.array([share(lost & one, one) for one in here])
    return figures


def travels(world: World, finished: "Finished", inside: BoolArray) -> Figures:
    """Travel and response of the first unit to arrive, and travel of each unit sent."""
    log, calls = finished.log, finished.calls
    sent = inside & (log.unit >= 0)
    travel = log.travel[sent]
    first = np.full(len(travel), np.nan) if len(travel) == 0 else np.nanmin(travel, axis=1)
    wait = (log.begun - calls.at)[sent]
    response = wait + calls.turnout[sent] + first
    units, atoms = len(world.units), len(world.sources)
    unit, atom = log.unit[sent], calls.atom[sent]
    figures: Figures = {
        "mean_travel": mean(first),
        "travel_percentiles": percentiles(first),
        "mean_response": mean(response),
        "response_percentiles": percentiles(response),
        "mean_travel_by_unit": by_group(travel[:, 0], unit, units),
        "mean_response_by_atom": by_group(response, atom, atoms),
        "mean_travel_by_atom": by_group(first, atom, atoms),
    }
    least = least_travel(world, finished)
    if least is not None:
        bound = calls.turnout[sent] + least[sent]
        figures["bound_response"] = mean(bound)
        figures["response_factor"] = mean(response) / mean(bound)
    goals = world.scenario.run.goals
    if goals:
        figures["within_goals"] = np.array([mean(response <= goal) for goal in goals])
    if travel.shape[1] > 1:
        ranked = np.sort(travel, axis=1)
        figures["mean_travel_by_order"] = np.array([mean(row) for row in ranked.T])
        figures["p90_travel_by_order"] = np.array([percentiles(row)[1] for row in ranked.T])
    if len(world.kinds) > 1:
        kind = calls.kind[sent]
        figures["mean_response_by_class"] = by_group(response, kind, len(world.kinds))
    return figures


def least_travel(world: World, finished: "Finished") -> FloatArray | None:
    """(calls,) travel if nobody were ever busy: no policy, with any foresight, does better.

    Known where every unit starts from its home; None where it may start from elsewhere.
    """
    rules, town, calls = world.rules, world.town, finished.calls
    if rules.roaming or town.stay_at.size or rules.after in {After.STAY, After.RETURN}:
        return None
    best = np.full(len(calls.at), np.inf)
    for unit in range(len(world.units)):
        if rules.travel == Travel.PLANE:
            wide, high = (town.box[2:] - town.box[:2]) if rules.torus else (np.inf, np.inf)
            apart = np.abs(calls.xy - town.home_xy[unit])
            apart = np.minimum(apart, np.abs(np.array([wide, high]) - apart))
            far = far_by(rules.metric, apart)
            root, joint, slope, offset = town.curve
            time = far / town.speed[unit]
            if root > 0:
                time = np.where(far <= joint, root * np.sqrt(far), offset + slope * far)
        else:
            row = unit if rules.travel == Travel.UNIT_ROWS else town.home_node[unit]
            time = town.matrix[row][calls.atom] / town.speed[unit]
        may = town.may_atom[unit][calls.atom] & town.may_class[unit][calls.kind]
        best = np.where(may, np.minimum(best, time), best)
    return np.asarray(best * calls.noise)


def far_by(metric: int, apart: FloatArray) -> FloatArray:
    """Distances of (n, 2) differences by the metric."""
    if metric == Metric.EUCLID:
        return np.asarray(np.hypot(apart[:, 0], apart[:, 1]))
    if metric == Metric.MANHATTAN:
        return np.asarray(apart.sum(axis=1))
    return np.asarray(apart[:, 0])


def who_went(world: World, finished: "Finished", inside: BoolArray) -> Figures:
    """Share of dispatches by unit and atom, and of those outside the unit's own area."""
    sent = inside & (finished.log.unit >= 0)
    unit, atom = finished.log.unit[sent], finished.calls.atom[sent]
    units, atoms = len(world.units), len(world.sources)
    table = np.bincount(unit * atoms + atom, minlength=units * atoms).reshape(units, atoms)
    figures: Figures = {"dispatch_share": table / max(1, len(unit))}
    owner = owners(world, finished)
    if owner is not None:
        owned = owner[sent] != NOBODY
        away = (owner[sent] != unit) & owned
        figures["interarea_share"] = mean(away[owned])
        figures["interarea_share_by_unit"] = by_group(away.astype(float), unit, units)
    return figures


def owners(world: World, finished: "Finished") -> IntArray | None:
    """(calls,) the unit in whose area each call is; None where areas are not defined."""
    if world.area is not None:
        return np.asarray(world.area[finished.calls.atom])
    if (world.primary != NOBODY).any():
        return np.asarray(world.primary[finished.calls.atom])
    rules = world.rules
    if rules.choice != Choice.NEAREST or rules.travel != Travel.PLANE or rules.roaming:
        return None
    best = np.full(len(finished.calls.at), NOBODY, dtype=np.int64)
    least = np.full(len(best), np.inf)
    for unit, home in enumerate(world.town.home_xy):
        apart = np.abs(finished.calls.xy - home)
        if rules.torus:
            apart = np.minimum(apart, world.town.box[2:] - world.town.box[:2] - apart)
        far = far_by(rules.metric, apart)
        far = far / world.town.speed[unit]
        nearer = far < least
        best[nearer], least[nearer] = unit, far[nearer]
    return best


def share(some: BoolArray, of: BoolArray) -> FloatArray:
    """What part of `of` is also `some`; NaN of none."""
    count = int(of.sum())
    return np.array((some & of).sum() / count if count else np.nan)


def mean(values: FloatArray | BoolArray) -> FloatArray:
    """The mean of what is known; NaN of nothing."""
    known = values[np.isfinite(values)]
    return np.array(known.mean() if len(known) else np.nan)


def percentiles(values: FloatArray) -> FloatArray:
    """The 50th, 90th and 95th percentile; NaN of fewer than twenty."""
    known = values[np.isfinite(values)]
    if len(known) < LEAST_FOR_PERCENTILE:
        return np.full(len(PERCENTILES), np.nan)
    return np.asarray(np.percentile(known, PERCENTILES))


def by_group(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Means by group; NaN of an empty one."""
    known = np.isfinite(values)
    count = np.bincount(group[known], minlength=groups)
    total = np.bincount(group[known], weights=values[known], minlength=groups)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.where(count > 0, count, np.nan))
