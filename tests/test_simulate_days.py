"""Days of the reference district in virtual time, over the desk, the board and the roads."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dispatch.board import Board
from dispatch.desk import Desk
from dispatch.district import District
from dispatch.district_file import load_district
from dispatch.ports import Record
from dispatch.work import Views
from simulator.virtual.day import Day, DayDone, adapt
from simulator.virtual.day_calls import Alarm, draw_alarms
from simulator.virtual.days import DayCalls, DayRun, Days, Policy, load_days
from simulator.virtual.ground import Ground, make_graph
from simulator.virtual.policies import Lived, compare, first_help, measure_day
from simulator.virtual.scenario import ScenarioError
from street110.cli import app
from street110.terrain import Terrain

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "simulator/districts/shanghai"
DAYS = Days(
    world="district",
    district="shanghai",
    run=DayRun(hours=1.0, warmup_h=0.0, seed=7),
    calls=DayCalls(per_day=1_200.0, posts=0.4, near_posts=0.8),
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    graph = make_graph(FOLDER)
    yield Ground(FOLDER, load_district(FOLDER), graph)
    graph.unlink()
    graph.parent.rmdir()


@pytest.fixture(scope="module")
def alarms(ground: Ground) -> list[Alarm]:
    return draw_alarms(DAYS, ground.district, ground.roads, 0, FOLDER)


@pytest.fixture(scope="module")
def base(ground: Ground, alarms: list[Alarm]) -> DayDone:
    return Day(ground, DAYS, Policy(name="base"), alarms, 0, keep=True).run()


def bytes_of(done: DayDone) -> bytes:
    return msgspec.json.encode(done.seen)


def test_every_incident_gets_a_unit(base: DayDone) -> None:
    waits = np.array([row.unit_s - row.raised_s for row in base.seen])
    assert len(base.seen) > 20
    assert np.isfinite(waits).all()
    assert 30 < waits.mean() < 600


def test_posts_and_neighbours_are_first_where_they_are_near(base: DayDone) -> None:
    helped = [first_help(row) < row.unit_s for row in base.seen]
    assert 0 < sum(helped) < len(helped)


def test_the_same_seed_gives_the_same_day(
    ground: Ground, alarms: list[Alarm], base: DayDone
) -> None:
    again = Day(ground, DAYS, Policy(name="base"), alarms, 0).run()
    assert bytes_of(again) == bytes_of(base)


def test_a_policy_that_changes_nothing_equals_the_baseline(
    ground: Ground, alarms: list[Alarm], base: DayDone
) -> None:
    idle = Policy(name="idle", near="road", posts=True, groups=True, divert=True)
    assert bytes_of(Day(ground, DAYS, idle, alarms, 0).run()) == bytes_of(base)
    watched = msgspec.structs.replace(idle, circles=True)
    assert adapt(ground.district, watched) == ground.district


def test_the_air_line_sends_others(ground: Ground, alarms: list[Alarm], base: DayDone) -> None:
    air = Day(ground, DAYS, Policy(name="air", near="air"), alarms, 0).run()
    assert [row.incident for row in air.seen] == [row.incident for row in base.seen]
    assert bytes_of(air) != bytes_of(base)


def test_without_posts_nobody_walks(ground: Ground, alarms: list[Alarm]) -> None:
    bare = Policy(name="bare", posts=False, groups=False)
    done = Day(ground, DAYS, bare, alarms, 0).run()
    assert all(row.post_s != row.post_s and row.helper_s != row.helper_s for row in done.seen)


class Played:
    """The engine's own composition of a district, fed the commands and fixes of a day."""

    def __init__(self, district: District, state: Path) -> None:
        terrain = Terrain(FOLDER, district, state)
        self.tracker = terrain.tracker
        self.desk = Desk(Board(), Views(terrain.tracker, terrain.roads, terrain.places))

    def decide(self, record: Record) -> bytes:
        events = self.desk.handle(record.command, record.at_ms, record.who).events
        return msgspec.json.encode(events)


def test_the_engine_decides_the_same_from_the_same_events(
    ground: Ground, alarms: list[Alarm], tmp_path: Path
) -> None:
    """Place names may differ: the engine knows more landmarks; who is sent may not."""
    day = Day(ground, DAYS, Policy(name="base"), alarms[:12], 0, keep=True)
    engine = Played(ground.district, tmp_path)
    day.tracker.update = twice(day.tracker.update, engine.tracker.update)
    decided: list[tuple[int, int]] = []

    def compare_with(command: object, now_ms: int, who: str) -> object:
        outcome = handle(command, now_ms, who)
        other = engine.desk.handle(command, now_ms, who)
        mine, theirs = list_orders(outcome.events), list_orders(other.events)
        assert mine == theirs
        decided.append((len(mine), now_ms))
        return outcome

    handle = day.desk.handle
    day.desk.handle = compare_with
    day.run()
    assert sum(count for count, _ in decided) >= 12


def twice(one: object, other: object) -> object:
    def both(*columns: object) -> object:
        other(*columns)
        return one(*columns)

    return both


def list_orders(events: object) -> list[tuple[str, str, float | None]]:
    return [
        (event.order.id, event.order.responder, event.order.eta_s)
        for event in events
        if type(event).__name__ == "OrderIssued"
    ]


# Scenario, figures, table


def test_the_bundled_days_are_a_scenario_of_this_district(ground: Ground) -> None:
    days = load_days(ROOT / "simulator/scenarios/shanghai-days.toml")
    found = draw_alarms(days, ground.district, ground.roads, 3, FOLDER)
    assert abs(len(found) - days.calls.per_day) < 5 * days.calls.per_day**0.5
    pressed = sum(alarm.place is None for alarm in found) / len(found)
    assert pressed == pytest.approx(days.calls.posts, abs=0.05)


def test_alarms_of_a_file(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(
        "time,type,post,lon,lat\n60,panic,P001,,\n30,medical,,121.42,31.22\n", encoding="utf-8"
    )
    days = msgspec.structs.replace(DAYS, calls=DayCalls(csv="calls.csv"))
    found = draw_alarms(days, ground.district, ground.roads, 0, tmp_path)
    assert [alarm.at_s for alarm in found] == [30.0, 60.0]
    (tmp_path / "calls.csv").write_text("time,type,post\n1,panic,NOBODY\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="no post 'NOBODY'"):
        draw_alarms(days, ground.district, ground.roads, 0, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('world = "district"\n', "missing required field `district`"),
        ('world = "district"\ndistrict = "x"\nwhat = 1\n', "unknown field `what`"),
        ('world = "district"\ndistrict = "x"\ncalls = { by_hour = [1] }\n', "24 entries"),
        (
            'world = "district"\ndistrict = "x"\npolicy = [{ name = "a" }, { name = "a" }]\n',
            "same name",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "days.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=words):
        load_days(file)


def test_the_table_compares_each_policy_with_the_first(base: DayDone) -> None:
    days = msgspec.structs.replace(DAYS, policy=(Policy(name="a"), Policy(name="b")))
    lived = [Lived(policy, run, base.seen, 0, 0) for policy in range(2) for run in range(2)]
    table = compare(days, lived)
    assert {row["priority"] for row in table} >= {None, 3}
    assert all(row["gain_mean_s"].value == 0.0 for row in table if row["mean_s"].value > 0)
    alone = measure_day(days, lived[0], None)
    assert table[0]["mean_s"].value == pytest.approx(alone["mean_s"])


def test_the_command_compares_policies_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text(
        f'world = "district"\ndistrict = "{FOLDER.as_posix()}"\n'
        "run = { hours = 0.4, warmup_h = 0 }\ncalls = { per_day = 2000 }\n"
        '[[policy]]\nname = "air"\nnear = "air"\n[[policy]]\nname = "road"\n',
        encoding="utf-8",
    )
    out = [str(tmp_path / name) for name in ("o.json", "o.parquet", "o.png")]
    asked = ["--workers", "1", "--json", out[0], "--parquet", out[1], "--picture", out[2]]
    done = CliRunner().invoke(app, ["simulate", str(file), *asked])
    assert done.exit_code == 0, done.output
    body = json.loads(Path(out[0]).read_text(encoding="utf-8"))
    assert [row["policy"] for row in body["rows"][:2]] == ["air", "road"]
    rows = pq.read_table(out[1]).to_pylist()
    assert body["rows"][0]["incidents"]["value"] == sum(row["policy"] == "air" for row in rows)
    assert Path(out[2]).read_bytes()[:4] == b"\x89PNG"
