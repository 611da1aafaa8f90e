"""The event core against a slow, obvious twin: units that drive home, fed the same calls."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulator.virtual.build import build
from simulator.virtual.run import run_once
from simulator.virtual.scenario import load_scenario
from simulator.virtual.shapes import Calls

SCENARIOS = Path(__file__).resolve().parent.parent / "simulator" / "scenarios"
OUT, BACK = 2.0, 1.3333


class Unit:
    """A unit as its history: where it was free last, when, and where its home is."""

    def __init__(self, home: tuple[float, float]) -> None:
        self.home = home
        self.site = home
        self.free = 0.0

    def place(self, now: float) -> tuple[float, float]:
        """North or south first, then along."""
        gone = (now - self.free) * BACK
        (x, y), (hx, hy) = self.site, self.home
        north = min(gone, abs(hy - y))
        along = min(gone - north, abs(hx - x))
        return x + along * np.sign(hx - x), y + north * np.sign(hy - y)


def responses(calls: Calls, work: np.ndarray, homes: np.ndarray) -> list[float]:
    """Call by call: the nearest that is free now, else the one that is free first."""
    units = [Unit((float(x), float(y))) for x, y in homes]
    found = []
    for at, (x, y), long in zip(calls.at, calls.xy, work, strict=True):
        free = [unit for unit in units if unit.free <= at]
        start = at

        def far(unit: Unit, at: float = at, x: float = x, y: float = y) -> float:
            ux, uy = unit.place(at)
            return abs(ux - x) + abs(uy - y)

        if free:
            unit = min(free, key=far)
            travel = far(unit) / OUT
        else:
            unit = min(units, key=lambda one: one.free)
            start = unit.free
            travel = (abs(unit.site[0] - x) + abs(unit.site[1] - y)) / OUT
        found.append(start - at + travel)
        unit.free = start + travel + long
        unit.site = (float(x), float(y))
    return found


@pytest.mark.parametrize("rate", [1.0, 3.0])
def test_ambulances_in_a_square_call_by_call(rate: float) -> None:
    scenario = load_scenario(SCENARIOS / "square.toml")
    busier = msgspec.structs.replace(scenario.demand, rate=rate)
    longer = msgspec.structs.replace(scenario.run, horizon=480.0, runs=1)
    world = build(msgspec.structs.replace(scenario, demand=busier, run=longer), SCENARIOS)
    done = run_once(world, 4)
    work = world.town.law_scale[0] * done.calls.draws[0]
    twin = responses(done.calls, work, world.town.home_xy)
    mine = done.log.begun - done.calls.at + done.log.travel[:, 0]
    assert len(twin) > 400
    assert mine == pytest.approx(twin, abs=1e-9)
