"""The simulator against figures that others published; each source stands in tests/yardsticks."""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from simulator.virtual.build import build
from simulator.virtual.run import run_many
from simulator.virtual.scenario import Scenario
from simulator.virtual.summary import Estimate, summarise
from simulator.yard import hypercube, nearest, queues

HERE = Path(__file__).parent / "yardsticks"


def read(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def simulate(**tables: Any) -> dict[str, Estimate]:
    scenario = msgspec.convert(tables, Scenario)
    world = build(scenario, HERE)
    return summarise(run_many(world, 2, lambda: None), scenario.run.runs, 0.95)


def sigmas(found: Estimate, exact: float | np.ndarray[Any, Any]) -> Any:
    """How many standard errors the estimate is off, given 95 % half-widths of many runs."""
    from scipy import stats

    error = found.half / stats.t.ppf(0.975, found.runs - 1)
    return np.abs(found.value - exact) / error


EXPONENTIAL = {"law": "exponential", "mean": 1.0}


# The hypercube model


def test_worked_example_of_the_hypercube_over_a_million_calls() -> None:
    yard = read("hypercube_mit3")
    found = simulate(
        world="nodes",
        run={"calls": 1_000_000, "warmup_calls": 2_000, "seed": 1},
        service=EXPONENTIAL,
        units={"count": 3},
        choice={"by": "preference"},
        atom=[
            {"id": a["name"], "rate": a["rate"], "preference": [str(u) for u in a["preference"]]}
            for a in yard["atoms"]
        ],
    )
    published = yard["published"]
    assert found["workload"].value == pytest.approx(published["workload"], abs=0.003)
    assert float(found["p_wait"].value) == pytest.approx(published["p_delay_PQ_prime"], abs=0.003)
    interarea = float(found["interarea_share"].value)
    assert interarea == pytest.approx(published["interarea_fraction"], abs=0.003)
    computed = yard["computed_here"]
    assert found["dispatch_share"].value == pytest.approx(
        np.array(computed["dispatch_fraction_unit_by_atom"]), abs=0.003
    )
    assert float(found["mean_wait"].value) == pytest.approx(
        computed["mean_wait_all_calls"], rel=0.03
    )


def test_the_exact_solver_gives_the_published_example() -> None:
    yard = read("hypercube_mit3")
    rates = [atom["rate"] for atom in yard["atoms"]]
    lists = [[unit - 1 for unit in atom["preference"]] for atom in yard["atoms"]]
    exact = hypercube.solve(rates, lists, [1.0] * 3, waits=True)
    assert exact.workload == pytest.approx(yard["published"]["workload"], abs=1e-4)
    assert exact.interarea == pytest.approx(yard["computed_here"]["interarea_fraction"], abs=1e-9)
    loss = hypercube.solve(rates, lists, [1.0] * 3, waits=False)
    assert loss.workload == pytest.approx(yard["computed_here"]["zero_line_workload"], abs=1e-9)
    assert loss.p_all_busy == pytest.approx(yard["computed_here"]["zero_line_loss"], abs=1e-9)


def test_five_units_of_a_public_implementation() -> None:
    yard = read("hypercube_meowoodie5")
    lists = yard["preference_0based"]
    found = simulate(
        world="nodes",
        run={"calls": 400_000, "warmup_calls": 1_000, "seed": 3},
        service=EXPONENTIAL,
        queue={"kind": "loss"},
        units={"count": 5},
        choice={"by": "preference"},
        travel={"in_service": True, "matrix": yard["travel_time"]},
        atom=[
            {"id": str(i), "rate": rate, "preference": [str(u + 1) for u in lists[i]]}
            for i, rate in enumerate(yard["lam"])
        ],
    )
    exact = hypercube.solve(yard["lam"], lists, [1.0] * 5, waits=False)
    assert exact.workload == pytest.approx(yard["workload"], abs=1e-9)
    assert found["workload"].value == pytest.approx(yard["workload"], abs=0.004)
    share = np.array(yard["dispatch_fraction_unit_by_atom"])
    assert found["dispatch_share"].value == pytest.approx(share, abs=0.003)
    assert found["mean_travel_by_unit"].value == pytest.approx(
        yard["mean_travel_by_unit"], abs=0.003
    )


@pytest.mark.parametrize("waits", [False, True])
def test_unequal_units_with_many_atoms_as_solved_exactly(*, waits: bool) -> None:
    rng = np.random.default_rng(71)
    units, atoms = 8, 71
    rates = (rng.random(atoms) * 3.6 * 2 / atoms).tolist()
    lists = [rng.permutation(units).tolist() for _ in range(atoms)]
    speeds = rng.uniform(0.6, 1.5, units)
    found = simulate(
        world="nodes",
        run={"calls": 300_000, "warmup_calls": 2_000, "seed": 9},
        queue={"kind": "wait" if waits else "loss"},
        choice={"by": "preference"},
        unit=[
            {"id": str(i), "service": {"law": "exponential", "rate": float(rate)}}
            for i, rate in enumerate(speeds)
        ],
        atom=[
            {"id": f"a{i}", "rate": rate, "preference": [str(u) for u in lists[i]]}
            for i, rate in enumerate(rates)
        ],
    )
    exact = hypercube.solve(rates, lists, speeds.tolist(), waits=waits)
    assert found["workload"].value == pytest.approx(exact.workload, abs=0.006)
    assert found["dispatch_share"].value == pytest.approx(exact.dispatch_share, abs=0.001)
    assert float(found["interarea_share"].value) == pytest.approx(exact.interarea, abs=0.006)


# Erlang and priorities

POINTS = [(1, 0.5), (3, 1.5), (5, 3), (10, 6), (10, 8), (20, 15)]


def row_of(n: int, a: float) -> Any:
    return next(row for row in read("erlang")["rows"] if (row["n"], row["a"]) == (n, a))


@pytest.mark.parametrize(("n", "a"), POINTS)
def test_erlang_loss_for_another_law_too(n: int, a: float) -> None:
    exact = row_of(n, a)["B"]
    assert queues.erlang_b(n, a) == pytest.approx(exact, abs=1e-12)
    found = simulate(
        world="nodes",
        run={"calls": 10_000, "warmup_calls": 400, "runs": 24, "seed": n},
        demand={"rate": a},
        service={"law": "lognormal", "mean": 1.0, "cv": 0.8},
        units={"count": n},
        queue={"kind": "loss"},
    )
    assert sigmas(found["p_lost"], exact) < 4


@pytest.mark.parametrize(("n", "a"), POINTS)
def test_erlang_delay_and_wait(n: int, a: float) -> None:
    exact = row_of(n, a)
    assert queues.erlang_c(n, a) == pytest.approx(exact["C"], abs=1e-12)
    found = simulate(
        world="nodes",
        run={"calls": 10_000, "warmup_calls": 400, "runs": 24, "seed": n},
        demand={"rate": a},
        service=EXPONENTIAL,
        units={"count": n},
        choice={"by": "random"},
    )
    assert sigmas(found["p_wait"], exact["C"]) < 4
    assert sigmas(found["mean_wait"], exact["mean_wait_in_service_times"]) < 4


def of_classes(preempt: str) -> dict[str, Estimate]:
    return simulate(
        world="nodes",
        run={"calls": 30_000, "warmup_calls": 1_000, "runs": 24, "seed": 5},
        service=EXPONENTIAL,
        units={"count": 3},
        queue={"order": "class", "preempt": preempt},
        **{"class": [{"id": "A"}, {"id": "B"}, {"id": "C"}]},
        atom=[{"id": "all", "rates": {"A": 0.4, "B": 0.6, "C": 0.8}}],
    )


def test_three_classes_that_wait_for_each_other() -> None:
    exact = np.array(read("priority_mm3")["nonpreemptive_wait"])
    assert queues.waits_by_class(3, [0.4, 0.6, 0.8]) == pytest.approx(exact, abs=1e-12)
    assert (sigmas(of_classes("no")["mean_wait_by_class"], exact) < 4).all()


def test_three_classes_that_interrupt_each_other() -> None:
    exact = np.array(read("priority_mm3")["preemptive_resume_extra_time"])
    assert queues.extra_times_by_class(3, [0.4, 0.6, 0.8]) == pytest.approx(exact, abs=1e-9)
    assert (sigmas(of_classes("resume")["mean_wait_by_class"], exact) < 4).all()


# Busy in transient

SURVIVORS = {
    "exponential": (EXPONENTIAL | {"mean": 0.5}, lambda u: np.exp(-2 * u)),
    "constant": ({"law": "deterministic", "mean": 0.5}, lambda u: float(u < 0.5)),
    "uniform": ({"law": "uniform", "low": 0.0, "high": 1.0}, lambda u: max(0.0, 1 - u)),
}
INSTANTS = [0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0]


@pytest.mark.parametrize("law", SURVIVORS)
def test_busy_of_endlessly_many_from_empty(law: str) -> None:
    service, survivor = SURVIVORS[law]
    found = simulate(
        world="nodes",
        run={"horizon": 2.1, "runs": 2_000, "seed": 4, "instants": INSTANTS},
        demand={"rate": 20.0},
        service=service,
        units={"count": "unlimited"},
    )
    exact = np.array([queues.busy_at(20.0, survivor, at) for at in INSTANTS])
    assert (sigmas(found["busy_at"], exact) < 4).all()


def test_closed_form_in_transient_is_the_published_one() -> None:
    names = {"exponential mean .5": "exponential", "constant .5": "constant"}
    for case in read("mg_infinity")["cases"][1:]:
        survivor = SURVIVORS[names.get(case["service"], "uniform")][1]
        assert queues.busy_at(20.0, survivor, case["t"]) == pytest.approx(case["mean"], abs=1e-6)


# Distances


@pytest.mark.parametrize("metric", ["euclid", "manhattan"])
@pytest.mark.parametrize("units", [150, 250, 400, 600])
def test_square_root_law_at_four_densities(metric: str, units: int) -> None:
    found = simulate(
        world="plane",
        run={"calls": 60_000, "seed": units},
        plane={"box": [0, 0, 10, 10], "metric": metric, "torus": True},
        demand={"rate": 1.0},
        travel={"in_service": True},
        service={"law": "deterministic", "mean": 1e-6},
        units={"count": units, "roams": True},
        choice={"by": "nearest"},
    )
    law = read("sqrt_law")[metric]
    scale = np.sqrt(100 / units)
    assert float(found["mean_travel"].value) == pytest.approx(law["mean"][0] * scale, rel=0.01)
    assert found["travel_percentiles"].value[1] == pytest.approx(law["p90"][0] * scale, rel=0.01)


def test_the_second_and_third_sent_come_from_farther() -> None:
    units = 300
    found = simulate(
        world="plane",
        run={"calls": 60_000, "seed": 8},
        plane={"box": [0, 0, 1, 1], "torus": True},
        demand={"rate": 1.0},
        travel={"in_service": True},
        service={"law": "deterministic", "mean": 1e-6},
        units={"count": units, "roams": True},
        choice={"by": "nearest"},
        **{"class": [{"id": "all", "send": 3}]},
    )
    exact = [nearest.mean_distance("euclid", units, k) for k in (1, 2, 3)]
    law = read("sqrt_law")["euclid"]
    assert exact == pytest.approx(np.array(law["mean"][:3]) / np.sqrt(units), rel=1e-6)
    assert nearest.distance_at("euclid", 1.0, 0.9) == pytest.approx(law["p90"][0], rel=1e-6)
    assert found["mean_travel_by_order"].value == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("metric", ["euclid", "manhattan"])
def test_one_unit_anywhere_in_a_square(metric: str) -> None:
    found = simulate(
        world="plane",
        run={"calls": 400_000, "seed": 2},
        plane={"box": [0, 0, 1, 1], "metric": metric},
        demand={"rate": 1.0},
        travel={"in_service": True},
        service={"law": "deterministic", "mean": 1e-6},
        units={"count": 1, "roams": True},
        choice={"by": "nearest"},
    )
    exact = read("sqrt_law")["one_unit_anywhere_in_unit_square"][metric]
    assert float(found["mean_travel"].value) == pytest.approx(exact, rel=0.005)


# Two units: the nearest is not always the best


def two_units(boundary: float) -> tuple[dict[str, Estimate], np.ndarray[Any, Any]]:
    """The city of 2 by 1 miles; the strip that changes hands is a region of its own.

    So both policies see the same calls; the rows of mean travel by run are returned to compare.
    """
    swing = ["2", "1"] if boundary == 0.4206349080902054 else ["1", "2"]

    def region(name: str, west: float, east: float, preference: list[str]) -> dict[str, Any]:
        rate = 0.625 * (east - west) / (0.25 if west >= 0.75 else 1.75)
        return {"id": name, "box": [west, 0, east, 1], "rate": rate, "preference": preference}

    tables = {
        "world": "plane",
        "run": {"calls": 250_000, "runs": 12, "seed": 2},
        "plane": {"metric": "east_west"},
        "travel": {"in_service": True},
        "service": EXPONENTIAL,
        "queue": {"kind": "loss"},
        "unit": [{"id": "1", "at": [0.75, 0.5]}, {"id": "2", "at": [-0.25, 0.5]}],
        "choice": {"by": "preference"},
        "region": [
            region("west", -1.0, 0.25, ["2", "1"]),
            region("strip", 0.25, 0.75 - 0.4206349080902054, swing),
            region("middle", 0.75 - 0.4206349080902054, 0.75, ["1", "2"]),
            region("east", 0.75, 1.0, ["1", "2"]),
        ],
    }
    scenario = msgspec.convert(tables, Scenario)
    parts = run_many(build(scenario, HERE), 2, lambda: None)
    by_run = np.array([float(part["mean_travel"]) for part in parts])
    return summarise(parts, scenario.run.runs, 0.95), by_run


def test_the_nearest_is_not_always_the_best() -> None:
    yard = read("closest_not_optimal_two_units")
    best, best_runs = two_units(yard["best_boundary"]["w"])
    equal, equal_runs = two_units(yard["equal_travel_boundary"]["w"])
    for found, exact in ((best, yard["best_boundary"]), (equal, yard["equal_travel_boundary"])):
        assert float(found["mean_travel"].value) == pytest.approx(
            exact["mean_travel_miles"], rel=0.002
        )
        assert found["workload"].value == pytest.approx(exact["workload"], abs=0.002)
        assert float(found["p_lost"].value) == pytest.approx(exact["loss"], abs=0.002)
    gain = equal_runs - best_runs
    assert gain.mean() > 3 * gain.std(ddof=1) / np.sqrt(len(gain)) > 0
