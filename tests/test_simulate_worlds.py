"""Model worlds from files: what can be written, what is refused, and small worlds done by hand."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from geo.air import air_m
from geo.types import Point
from simulator.virtual.build import build
from simulator.virtual.calls import read_recorded
from simulator.virtual.days import load_days
from simulator.virtual.run import run_many, run_once
from simulator.virtual.scenario import Scenario, ScenarioError, load_scenario
from simulator.virtual.summary import summarise
from street110.cli import app

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = sorted((ROOT / "simulator" / "scenarios").glob("*.toml"))
CALLS_HEAD = "time,x,y,service\n"
LINE = {
    "world": "plane",
    "run": {"runs": 1},
    "plane": {"metric": "manhattan"},
    "region": [{"id": "all", "box": [0, 0, 10, 10]}],
    "demand": {"csv": "calls.csv"},
    "service": {"law": "exponential", "mean": 1.0},
    "travel": {"in_service": False, "speed": 1.0, "speed_back": 1.0},
    "choice": {"by": "nearest"},
}


def worked_off(tmp_path: Path, calls: str, **changes: Any) -> Any:
    (tmp_path / "calls.csv").write_text(CALLS_HEAD + calls, encoding="utf-8")
    scenario = msgspec.convert({**LINE, **changes}, Scenario)
    world = build(scenario, tmp_path)
    return run_once(world, 0, read_recorded(world)).log


TWO = [{"id": "a", "at": [0, 0]}, {"id": "b", "at": [10, 0]}]


def test_the_nearest_goes_and_the_next_takes_its_place(tmp_path: Path) -> None:
    log = worked_off(tmp_path, "0,1,0,5\n1,2,0,5\n", unit=TWO)
    assert log.unit.tolist() == [0, 1]
    assert log.travel[:, 0].tolist() == [1.0, 8.0]
    assert log.ended.tolist() == [6.0, 14.0]


def test_a_call_waits_for_the_first_to_be_free(tmp_path: Path) -> None:
    log = worked_off(tmp_path, "0,1,0,5\n1,9,0,9\n2,0,0,1\n", unit=TWO)
    assert log.unit.tolist() == [0, 1, 0]
    assert log.begun.tolist() == [0.0, 1.0, 6.0]


def test_units_that_stay_go_on_from_there(tmp_path: Path) -> None:
    stay = {"by": "nearest", "after": "stay"}
    log = worked_off(tmp_path, "0,4,0,1\n20,5,0,1\n", unit=TWO[:1], choice=stay)
    assert log.travel[:, 0].tolist() == [4.0, 1.0]


def test_units_on_their_way_home_can_be_sent_from_where_they_are(tmp_path: Path) -> None:
    """Free at (3, 4) at 8, home by y first: at 10 it is at (3, 2), at 14 at (1, 0)."""
    back = {"by": "nearest", "after": "return"}
    one = [{"id": "a", "at": [0, 0]}]
    log = worked_off(tmp_path, "0,3,4,1\n10,3,2,1\n", unit=one, choice=back)
    assert log.ended[0] == 8.0
    assert log.travel[1, 0] == 0.0
    log = worked_off(tmp_path, "0,3,4,1\n14,3,0,1\n", unit=one, choice=back)
    assert log.travel[1, 0] == 2.0


def test_the_way_back_can_count_as_work(tmp_path: Path) -> None:
    busy = {"by": "nearest", "after": "return_busy"}
    log = worked_off(tmp_path, "0,3,0,1\n5,1,0,1\n", unit=TWO[:1], choice=busy)
    assert log.ended[0] == 7.0
    assert log.begun[1] == 7.0


def test_loss_and_limited_places(tmp_path: Path) -> None:
    calls = "0,0,0,9\n1,0,0,9\n2,0,0,9\n"
    lost = worked_off(tmp_path, calls, unit=TWO[:1], queue={"kind": "loss"})
    assert lost.unit.tolist() == [0, -2, -2]
    one = worked_off(tmp_path, calls, unit=TWO[:1], queue={"places": 1})
    assert one.unit.tolist() == [0, 0, -2]


def test_the_nearest_waiting_call_can_be_taken_first(tmp_path: Path) -> None:
    calls = "0,0,0,9\n1,9,0,1\n2,1,0,1\n"
    log = worked_off(tmp_path, calls, unit=TWO[:1], queue={"take": "nearest"})
    assert log.begun[2] < log.begun[1]


def nodes(**changes: Any) -> dict[str, Any]:
    return {
        "world": "nodes",
        "run": {"calls": 20_000, "seed": 3},
        "service": {"law": "exponential", "mean": 1.0},
        "demand": {"rate": 1.0, "atoms_csv": "atoms.csv"},
        "units": {"csv": "units.csv"},
        "travel": {"in_service": True, "csv": "matrix.csv"},
        "choice": {"by": "nearest"},
        **changes,
    }


def test_tables_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "atoms.csv").write_text("id,rate\nx,3\ny,1\n", encoding="utf-8")
    (tmp_path / "units.csv").write_text(
        "id,count,mean_service\nslow,1,2.0\nquick,2,0.5\n", encoding="utf-8"
    )
    (tmp_path / "matrix.csv").write_text(
        "unit,x,y\nslow,1,9\nquick-1,5,5\nquick-2,9,1\n", encoding="utf-8"
    )
    world = build(msgspec.convert(nodes(), Scenario), tmp_path)
    assert world.unit_ids == ["slow", "quick-1", "quick-2"]
    assert world.rates.ravel().tolist() == [0.75, 0.25]
    found = summarise(run_many(world, 1, lambda: None), 1, 0.95)
    assert found["dispatch_share"].value.sum() == pytest.approx(1.0)
    assert found["workload"].value[0] > found["workload"].value[1]
    (tmp_path / "matrix.csv").write_text("1,2\n3,4\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"matrix.csv is \(2, 2\), wanted \(3, 2\)"):
        build(msgspec.convert(nodes(), Scenario), tmp_path)


def test_the_course_of_the_day_and_a_density(tmp_path: Path) -> None:
    tables = {
        "world": "plane",
        "run": {"horizon": 2_400.0, "seed": 5},
        "demand": {"rate": 20.0, "step": 12.0, "course": [0.5, 1.5]},
        "region": [{"id": "r", "box": [0, 0, 1, 1], "rate": 1.0, "density": "2 * x"}],
        "units": {"count": 1, "at": [0.5, 0.5]},
        "service": {"law": "deterministic", "mean": 0.001},
        "travel": {"in_service": True},
    }
    world = build(msgspec.convert(tables, Scenario), tmp_path)
    calls = run_once(world, 0).calls
    late = (calls.at % 24 >= 12).mean()
    assert late == pytest.approx(0.75, abs=0.01)
    assert calls.xy[:, 0].mean() == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"choice": {"by": "preference"}}, "needs its list"),
        ({"travel": None}, "needs \\[travel\\]"),
        ({"queue": {"preempt": "resume"}}, "queue.preempt needs"),
        ({"choice": {"by": "nearest", "after": "return"}}, "needs a plane"),
        ({"service": None, "units": {"count": 2}}, "how long a call takes"),
        ({"run": {"calls": 100, "warmup_calls": 100}}, "leaves no calls"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    tables = nodes(
        demand={"rate": 1.0},
        atom=[{"id": "x", "rate": 1.0}],
        units={"count": 2},
        travel={"in_service": True, "matrix": [[1.0], [2.0]]},
    )
    scenario = msgspec.convert({**tables, **changes}, Scenario)
    with pytest.raises(ScenarioError, match=words):
        run_once(build(scenario, tmp_path), 0)


def test_a_density_is_no_program(tmp_path: Path) -> None:
    tables = {
        "world": "plane",
        "run": {"calls": 10},
        "region": [{"id": "r", "box": [0, 0, 1, 1], "rate": 1, "density": "__import__('os')"}],
        "units": {"count": 1},
        "service": {"mean": 1.0},
        "travel": {"in_service": True},
    }
    with pytest.raises(ScenarioError, match="cannot hold"):
        run_once(build(msgspec.convert(tables, Scenario), tmp_path), 0)


# The command


def test_every_bundled_scenario_is_one() -> None:
    worlds = [file for file in SCENARIOS if 'world = "district"' not in file.read_text()]
    assert len(worlds) >= 4
    for file in worlds:
        assert build(load_scenario(file), file.parent).unit_ids


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    file = ROOT / "simulator/scenarios/mit-three-units.toml"
    out = [tmp_path / name for name in ("o.json", "o.parquet", "o.png")]
    asked = ["--calls", "4000", "--runs", "3", "--seed", "5"]
    where = ["--json", str(out[0]), "--parquet", str(out[1]), "--picture", str(out[2])]
    done = CliRunner().invoke(app, ["simulate", str(file), *asked, *where])
    assert done.exit_code == 0, done.output
    assert "share of calls that wait" in done.output
    body = json.loads(out[0].read_text(encoding="utf-8"))
    assert body["figures"]["workload"]["entries"] == ["1", "2", "3"]
    assert len(body["figures"]["dispatch_share"]["value"]) == 3
    table = pq.read_table(out[1]).to_pylist()
    loads = [row["value"] for row in table if row["figure"] == "workload"]
    assert loads == body["figures"]["workload"]["value"]
    assert out[2].read_bytes()[:4] == b"\x89PNG"
    again = CliRunner().invoke(app, ["simulate", str(file), *asked, "--json", "-"])
    assert json.loads(again.stdout)["figures"] == body["figures"]


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('world = "nodes"\nrun = { calls = 10, rounds = 2 }\n', encoding="utf-8")
    done = CliRunner().invoke(app, ["simulate", str(file)])
    assert done.exit_code == 2
    assert "rounds" in done.output


def test_more_workers_change_nothing(tmp_path: Path) -> None:
    scenario = load_scenario(ROOT / "simulator/scenarios/mit-three-units.toml")
    few = msgspec.structs.replace(scenario, run=msgspec.structs.replace(
        scenario.run, calls=3_000, warmup_calls=100, runs=6
    ))  # fmt: skip
    world = build(few, tmp_path)
    one, four = run_many(world, 1, lambda: None), run_many(world, 4, lambda: None)
    assert all(
        np.array_equal(a[name], b[name], equal_nan=True)
        for a, b in zip(one, four, strict=True)
        for name in a
    )


# Bounds, coordinates, documents


@pytest.mark.parametrize("by", ["nearest", "random", "first", "preference"])
def test_no_policy_is_better_than_nobody_ever_busy(tmp_path: Path, by: str) -> None:
    tables = {
        "world": "plane",
        "run": {"calls": 4_000, "seed": 6},
        "plane": {"box": [0, 0, 4, 4]},
        "unit": [{"id": str(i), "at": [i, (7 * i) % 4]} for i in range(4)],
        "region": [
            {"id": "r", "box": [0, 0, 4, 4], "rate": 0.5, "preference": ["2", "0", "1", "3"]}
        ],
        "service": {"mean": 3.0},
        "travel": {"in_service": False},
        "choice": {"by": by},
    }
    world = build(msgspec.convert(tables, Scenario), tmp_path)
    found = summarise(run_many(world, 1, lambda: None), 1, 0.95)
    assert float(found["response_factor"].value) > 1
    calm = {**tables, "region": [{"id": "r", "box": [0, 0, 4, 4], "rate": 1e-6}]}
    if by == "nearest":
        world = build(msgspec.convert(calm, Scenario), tmp_path)
        found = summarise(run_many(world, 1, lambda: None), 1, 0.95)
        assert float(found["response_factor"].value) == pytest.approx(1.0)


def test_lon_and_lat_become_kilometres(tmp_path: Path) -> None:
    here, there = (-122.4194, 37.7749), (-122.4036, 37.7955)
    tables = {
        "world": "nodes",
        "run": {"calls": 100},
        "plane": {"coordinates": "lonlat"},
        "atom": [{"id": "a", "rate": 1, "at": there}],
        "unit": [{"id": "u", "at": here}],
        "service": {"mean": 0.1},
        "travel": {"in_service": True, "speed": 2.0},
        "choice": {"by": "nearest"},
    }
    world = build(msgspec.convert(tables, Scenario), tmp_path)
    found = summarise(run_many(world, 1, lambda: None), 1, 0.95)
    exact_km = air_m(Point(*here), Point(*there)) / 1_000
    assert float(found["mean_travel"].value) == pytest.approx(exact_km / 2, rel=0.002)


@pytest.mark.parametrize("page", ["docs/simulate.md", "docs/zh/simulate.md"])
def test_the_scenarios_in_the_documents_are_accepted(tmp_path: Path, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    first, second = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "first.toml").write_text(first, encoding="utf-8")
    assert build(load_scenario(tmp_path / "first.toml"), tmp_path).unit_ids == ["north", "south"]
    (tmp_path / "second.toml").write_text(second, encoding="utf-8")
    assert len(load_days(tmp_path / "second.toml").policy) == 2
