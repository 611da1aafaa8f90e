"""The calls of one run, with all chance drawn beforehand from streams of their own.

Each purpose has its stream, so that two scenarios which differ in policy see the same calls.
"""

import math
from dataclasses import dataclass

import numpy as np

from geo.types import FloatArray, IntArray
from simulator.virtual.build import World
from simulator.virtual.build_places import to_plane
from simulator.virtual.density import draw_points
from simulator.virtual.laws import sample
from simulator.virtual.scenario import MOST_CALLS, Atom, Region, ScenarioError
from simulator.virtual.shapes import Calls
from simulator.virtual.tables_beside import number, read_rows

WHEN, WHERE, WHICH, TURNOUT, NOISE, SERVICE = range(6)


def stream(seed: int, run: int, purpose: int) -> np.random.Generator:
    """The dice of one purpose in one run."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, run, purpose))))


@dataclass(frozen=True)
class Recorded:
    """Calls of a file: times, sources, places and classes in order of time."""

    at: FloatArray
    atom: IntArray
    xy: FloatArray
    kind: IntArray
    service: FloatArray | None


def draw_calls(world: World, run: int, recorded: Recorded | None) -> Calls:
    """All calls of one run."""
    seed = world.scenario.run.seed
    if recorded is not None:
        at, atom, xy, kind = recorded.at, recorded.atom, recorded.xy, recorded.kind
    else:
        at = times(world, stream(seed, run, WHEN))
        atom, kind = marks(world, stream(seed, run, WHICH), len(at))
        xy = places(world, atom, stream(seed, run, WHERE))
    size = len(at)
    rows = [
        sample(draw, stream(seed, run, SERVICE + 1 + i), size) for i, draw in enumerate(world.draws)
    ]
    if recorded is not None and recorded.service is not None:
        rows = [recorded.service for _ in rows]
    travel = world.scenario.travel
    noise = np.ones(size)
    if travel is not None and travel.noise_cv > 0:
        sigma = math.sqrt(math.log1p(travel.noise_cv**2))
        normal = stream(seed, run, NOISE).standard_normal(size)
        noise = np.exp(sigma * normal - sigma * sigma / 2)
    turnout = np.zeros(size)
    if world.turnout is not None:
        law = world.turnout
        turnout = law.shift + law.scale * sample(law.draw, stream(seed, run, TURNOUT), size)
    return Calls(at, atom, xy, kind, np.array(rows), turnout, noise)


def times(world: World, rng: np.random.Generator) -> FloatArray:
    """Moments of a Poisson process, by its course of the day when it has one."""
    demand, run = world.scenario.demand, world.scenario.run
    rate = float(world.rates.sum())
    if run.calls is not None:
        gaps = (
            np.ones(run.calls) if demand.process == "even" else rng.standard_exponential(run.calls)
        )
        at = np.cumsum(gaps) / rate
        return by_course(world, at) if demand.course else at
    assert run.horizon is not None, "checked when built"
    most = run.horizon * rate * (max(demand.course) if demand.course else 1.0)
    if most > MOST_CALLS:
        raise ScenarioError(f"{most:.0f} calls a run are more than {MOST_CALLS}")
    size = int(most + 8 * math.sqrt(most) + 16)
    gaps = np.ones(size) if demand.process == "even" else rng.standard_exponential(size)
    at = np.cumsum(gaps) / rate
    at = by_course(world, at) if demand.course else at
    return np.asarray(at[at < run.horizon])


def by_course(world: World, at: FloatArray) -> FloatArray:
    """Times of a steady process bent so that its rate follows the course, cyclically."""
    demand = world.scenario.demand
    course = np.array(demand.course)
    if demand.step is None or course.sum() <= 0:
        raise ScenarioError("demand.course needs demand.step and a factor above 0")
    mass = np.concatenate(([0.0], np.cumsum(course))) * demand.step
    cycles, rest = np.divmod(at, mass[-1])
    grid = np.arange(len(course) + 1) * demand.step
    return np.asarray(cycles * grid[-1] + np.interp(rest, mass, grid))


def marks(world: World, rng: np.random.Generator, size: int) -> tuple[IntArray, IntArray]:
    """Source and class of each call."""
    shares = world.rates.ravel() / world.rates.sum()
    drawn = np.searchsorted(np.cumsum(shares), rng.random(size), side="right")
    drawn = np.minimum(drawn, len(shares) - 1)
    atom, kind = np.divmod(drawn, world.rates.shape[1])
    return atom.astype(np.int64), kind.astype(np.int64)


def places(world: World, atom: IntArray, rng: np.random.Generator) -> FloatArray:
    """(calls, 2) where each call is."""
    xy = np.zeros((len(atom), 2))
    if world.scenario.world == "nodes":
        if any(isinstance(source, Atom) and source.at for source in world.sources):
            known = [
                to_plane(world.scenario, source.at or (0.0, 0.0), world.middle)
                for source in world.sources
                if isinstance(source, Atom)
            ]
            xy = np.array(known)[atom]
        return xy
    for number_, region in enumerate(world.sources):
        assert isinstance(region, Region), "a plane has regions"
        mine = np.flatnonzero(atom == number_)
        xy[mine] = points(region, rng, len(mine))
    return xy


def points(region: Region, rng: np.random.Generator, size: int) -> FloatArray:
    """(size, 2) points of a region by its law."""
    west, south, east, north = region.box
    if region.density is not None:
        return draw_points(region.density, region.box, rng, size)
    x = rng.beta(*region.beta_x, size) if region.beta_x else rng.random(size)
    y = rng.beta(*region.beta_y, size) if region.beta_y else rng.random(size)
    return np.column_stack((west + x * (east - west), south + y * (north - south)))


def read_recorded(world: World) -> Recorded | None:
    """Calls from demand.csv: columns time, and atom or x and y, and perhaps class, service."""
    name = world.scenario.demand.csv
    if name is None:
        return None
    rows = read_rows(world.folder, name)
    if not rows:
        raise ScenarioError(f"{name}: no calls")
    number_of = {source.id: i for i, source in enumerate(world.sources)}
    kind_of = {kind.id: i for i, kind in enumerate(world.kinds)}
    at = np.array([number(row, "time", name) for row in rows])
    order = np.argsort(at, kind="stable")
    xy = np.zeros((len(rows), 2))
    if world.scenario.world == "plane":
        xy = np.array([(number(row, "x", name), number(row, "y", name)) for row in rows])
        atom = [number_of.get(row.get("region", ""), 0) for row in rows]
    else:
        try:
            atom = [number_of[row["atom"]] for row in rows]
        except KeyError as error:
            raise ScenarioError(f"{name}: atom {error} is not one of the scenario's") from error
        xy = places(world, np.array(atom), stream(0, 0, WHERE))
    kind = [kind_of.get(row.get("class", ""), 0) for row in rows]
    service = None
    if "service" in rows[0]:
        service = np.array([number(row, "service", name) for row in rows])[order]
    return Recorded(
        at[order] - min(0.0, float(at.min())),
        np.array(atom, dtype=np.int64)[order],
        xy[order],
        np.array(kind, dtype=np.int64)[order],
        service,
    )
