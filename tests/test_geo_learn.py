"""Travel times that learn from a journal: what is found, what is applied, what is left alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dispatch import commands as c
from dispatch import events as e
from dispatch.journal import SqliteJournal
from dispatch.model import Order
from dispatch.ports import Record
from dispatch.words import IncidentId, OrderId, OrderStatus, ResponderId, ResponderKind, Role
from geo.calibration import (
    NEUTRAL,
    Calibration,
    Trip,
    apply_factors,
    fit,
    is_believed,
    read_calibration,
)
from geo.hours import RushHours, combine, read_rush_hours
from geo.roads import Roads
from geo.types import Point, Profile
from geo.waykinds import shares_by_class
from street110.cli_geo import app
from tests.test_geo_roads import graph_file
from tests.world import START_MS, Town

HOUR_MS = 3_600_000
MAY = settings(max_examples=30, deadline=None)


def trips_of(count: int, seed: int, *, noise: float = 0.15) -> list[Trip]:
    """Cars are half as slow again at eight, everyone is late by a tenth, primary roads by half."""
    rng = np.random.default_rng(seed)
    trips = []
    for _ in range(count):
        profile = Profile.CAR if rng.random() < 0.7 else Profile.FOOT
        hour, primary = int(rng.choice([3, 8, 14])), float(rng.random())
        promised_s = float(rng.uniform(30, 900))
        slow = 1.1 * (1.5 if profile == Profile.CAR and hour == 8 else 1.0) * 1.5**primary
        actual_s = promised_s * slow * float(np.exp(rng.normal(0, noise)))
        shares = {"primary": primary, "residential": 1 - primary}
        trip = Trip(
            promised_s=promised_s, actual_s=actual_s, profile=profile, hour=hour, shares=shares
        )
        trips.append(trip)
    return trips


def test_what_slows_people_is_found() -> None:
    found = fit(trips_of(2_000, 1)).calibration
    shares = {"primary": 0.0, "residential": 1.0}
    assert found.factor(Profile.CAR, 8, shares) == pytest.approx(1.65, rel=0.05)
    assert found.factor(Profile.CAR, 14, shares) == pytest.approx(1.10, rel=0.05)
    assert found.factor(Profile.FOOT, 8, shares) == pytest.approx(1.10, rel=0.05)
    more = found.factor(Profile.CAR, 8, {"primary": 1.0}) / found.factor(Profile.CAR, 8, shares)
    assert more == pytest.approx(1.5, rel=0.06)


def test_the_table_says_before_and_after_on_trips_not_learnt_from() -> None:
    found = fit(trips_of(1_000, 2))
    whole = found.quality[0]
    assert (whole.profile, whole.hour, whole.trips) == (None, None, 1_000)
    assert whole.after_error_s < 0.5 * whole.before_error_s
    assert abs(whole.after_bias_s) < 0.2 * abs(whole.before_bias_s)
    rows = [(row.profile, row.hour) for row in found.quality]
    assert len(rows) == len(set(rows)) == 1 + 2 + 6
    assert sum(row.trips for row in found.quality if row.hour is not None) == 1_000


@given(ratio=st.floats(0.3, 3.0), count=st.integers(1, 400), hour=st.integers(0, 23))
@MAY
def test_few_trips_hardly_move_a_factor_and_many_do(ratio: float, count: int, hour: int) -> None:
    trip = Trip(promised_s=200.0, actual_s=200.0 * ratio, profile=Profile.CAR, hour=hour)
    found = fit([trip] * count).calibration
    low, high = sorted((1.0, ratio))
    at_hour = found.factor(Profile.CAR, hour)
    assert low - 1e-9 <= at_hour <= high + 1e-9
    moved = abs(np.log(at_hour)) / abs(np.log(ratio)) if ratio != 1.0 else 0.0
    assert moved <= 3 * count / (3 * count + 8.0) + 1e-6
    other = found.factor(Profile.FOOT, (hour + 1) % 24)
    assert low - 1e-9 <= other <= high + 1e-9
    assert abs(np.log(other)) <= abs(np.log(at_hour)) + 1e-9


@given(seed=st.integers(0, 1_000), count=st.integers(0, 60))
@MAY
def test_factors_learnt_twice_are_factors_learnt_of_both(seed: int, count: int) -> None:
    first = fit(trips_of(200, seed)).calibration
    again = fit(trips_of(count, seed + 1), in_force=first).calibration
    alone = fit(trips_of(count, seed + 1)).calibration
    for hour in (3, 8, 20):
        shares = {"primary": 0.5}
        product = first.factor(Profile.CAR, hour, shares) * alone.factor(Profile.CAR, hour, shares)
        assert again.factor(Profile.CAR, hour, shares) == pytest.approx(product)
    assert again.trips == 200 + count


def test_promises_that_are_kept_teach_nothing() -> None:
    kept = [
        Trip(promised_s=100.0 + i, actual_s=100.0 + i, profile=Profile.CAR, hour=i % 24)
        for i in range(100)
    ]
    found = fit(kept)
    assert found.calibration.factor(Profile.CAR, 5) == pytest.approx(1.0)
    assert found.quality[0].after_error_s == pytest.approx(0.0, abs=1e-9)
    assert fit([]).calibration == NEUTRAL
    assert fit([]).quality == ()


@given(promised_s=st.floats(0, 1e6), actual_s=st.floats(-1e6, 1e6), hour=st.integers(-1, 24))
@MAY
def test_any_trips_give_factors_that_a_graph_takes(
    promised_s: float, actual_s: float, hour: int
) -> None:
    odd = Trip(promised_s=promised_s, actual_s=actual_s, profile=Profile.CAR, hour=hour)
    found = fit([odd, odd])
    assert found.left_out == (0 if is_believed(odd) else 2)
    for factor in found.calibration.by_class(Profile.CAR, 12).values():
        assert 0.1 <= factor <= 100


def test_switched_off_everything_is_as_promised(tmp_path: Path) -> None:
    found = fit(trips_of(500, 3)).calibration
    off = read_calibration(json.dumps({"on": False, "all": 2.0}).encode())
    assert off.factor(Profile.CAR, 8, {"primary": 1.0}) == 1.0
    assert off.by_class(Profile.CAR, 8) == {}
    roads = Roads.load(graph_file())
    start, goal = np.array([[121.43, 31.2]]), Point(121.4737, 31.2304)
    free_s = roads.reach(goal, Profile.CAR, 3_600).seconds(start)[0]
    apply_factors(roads, 8, learnt=found)
    assert roads.reach(goal, Profile.CAR, 7_200).seconds(start)[0] > 1.2 * free_s
    apply_factors(roads, 8, learnt=off)
    assert roads.reach(goal, Profile.CAR, 3_600).seconds(start)[0] == free_s


def test_rush_hours_and_what_was_learnt_go_together() -> None:
    roads = Roads.load(graph_file())
    goal, start = Point(121.4737, 31.2304), np.array([[121.43, 31.2]])
    day = (1.0,) * 8 + (2.0,) + (1.0,) * 15
    rush = RushHours(by_class={"primary": day, "secondary": day, "trunk": day, "tertiary": day})

    def seconds(hour: int, learnt: Calibration = NEUTRAL) -> dict[Profile, float]:
        apply_factors(roads, hour, learnt=learnt, rush=rush)
        return {
            profile: float(roads.reach(goal, profile, 36_000).seconds(start)[0])
            for profile in Profile
        }

    free, busy = seconds(7), seconds(8)
    assert busy[Profile.CAR] > 1.2 * free[Profile.CAR]
    assert busy[Profile.FOOT] == free[Profile.FOOT]
    slower = seconds(8, Calibration(all=1.5))
    assert busy[Profile.CAR] < slower[Profile.CAR] <= 1.5 * busy[Profile.CAR] + 1e-6
    assert seconds(7) == free


@given(factors=st.dictionaries(st.sampled_from(["primary", "service"]), st.floats(0.1, 100)))
@MAY
def test_combining_with_nothing_changes_nothing(factors: dict[str, float]) -> None:
    assert combine(factors, {}) == combine({}, factors) == factors


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "truncated"),
        (b'{"by_class": {"primary": [1, 2]}}', "length >= 24"),
        (json.dumps({"by_class": {"canal": [1] * 24}}).encode(), "canal"),
        (json.dumps({"by_class": {"primary": [0] * 24}}).encode(), ">= 0.1"),
    ],
)
def test_bad_rush_hours_are_said(raw: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_rush_hours(raw)
    with pytest.raises(ValueError, match="not a"):
        read_calibration(b'{"classes": {"canal": 2}}')
    with pytest.raises(ValueError, match="no hour"):
        RushHours(by_class={}).at(24, Profile.CAR)


def test_a_way_is_made_of_classes_of_road() -> None:
    roads = Roads.load(graph_file())
    route = roads.reach(Point(121.4737, 31.2304), Profile.CAR, 3_600).find_route(
        Point(121.43, 31.2)
    )
    assert route is not None
    shares = shares_by_class(roads, route.line, Profile.CAR)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares.get("secondary", 0.0) + shares.get("primary", 0.0) > 0.3
    assert shares_by_class(roads, route.line[:1], Profile.CAR) == {}
    assert shares_by_class(roads, [(0.0, 0.0), (0.0, 0.1)], Profile.CAR) == {}


def order(number: int, unit: str, kind: ResponderKind, issued_ms: int, eta_s: float) -> Order:
    return Order(
        id=OrderId(f"I{number}-1"), incident=IncidentId(f"I{number}"), responder=ResponderId(unit),
        kind=kind, role=Role.RESPOND, type="robbery", priority=1, place=Point(121.4737, 31.2304),
        place_name="", text=None, silent=False, eta_s=eta_s, length_m=None,
        line=((121.43, 31.2), (121.4737, 31.2304)), streets=(), issued_ms=issued_ms,
        ack_by_ms=issued_ms + 20_000, expires_ms=issued_ms + HOUR_MS, by="desk", need="units",
    )  # fmt: skip


def write_journal(path: Path, trips: int) -> None:
    """Cars take half as long again as promised, guards on foot what was promised."""
    town = Town()
    journal = SqliteJournal(path)
    loaded = e.DistrictLoaded(at_ms=START_MS, district=town.district)
    batch = [
        Record(
            at_ms=START_MS, who="engine", command=c.LoadDistrict(district=town.district),
            events=(loaded,),
        )
    ]  # fmt: skip
    car = next(unit.id for unit in town.district.units if unit.kind == "car")
    post = town.district.posts[0].id
    for number in range(trips):
        at_ms = START_MS + number * 600_000
        eta_s = 60.0 + number % 7 * 40
        on_foot = number % 4 == 0
        who, kind = (post, ResponderKind.POST) if on_foot else (car, ResponderKind.UNIT)
        given_ms, begun_ms = at_ms, at_ms + 15_000
        there_ms = begun_ms + int(eta_s * 1_000 * (1.0 if on_foot else 1.5))
        name = OrderId(f"I{number}-1")
        events: list[e.AnyEvent] = [
            e.OrderIssued(at_ms=given_ms, order=order(number, who, kind, given_ms, eta_s))
        ]
        steps = (
            (begun_ms, OrderStatus.ACCEPTED), (there_ms, OrderStatus.ON_SCENE),
            (there_ms + 1_000, OrderStatus.COMPLETED),
        )  # fmt: skip
        events += [
            e.OrderAdvanced(at_ms=when, order=name, status=status, by=who) for when, status in steps
        ]
        batch.append(Record(at_ms=at_ms, who="engine", command=c.Tick(), events=tuple(events)))
    journal.append(batch).result()
    journal.close()


def test_a_journal_teaches_factors(tmp_path: Path) -> None:
    journal, factors = tmp_path / "journal.db", tmp_path / "factors.json"
    write_journal(journal, 400)
    words = ["calibrate", "--journal", journal, "--out", factors, "--graph", graph_file()]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert "400 trips" in result.stdout
    found = read_calibration(factors.read_bytes())
    assert found.factor(Profile.CAR, 8, {"secondary": 1.0}) == pytest.approx(1.5, rel=0.12)
    assert found.factor(Profile.FOOT, 8, {"secondary": 1.0}) == pytest.approx(1.0, rel=0.12)
    words = ["calibrate", "--journal", journal, "--in-force", factors, "--json"]
    again = CliRunner().invoke(app, [str(word) for word in words])
    whole = json.loads(again.stdout)["quality"][0]
    assert whole["trips"] == 400
    assert whole["after_error_s"] < 0.5 * whole["before_error_s"]


def test_factors_and_rush_hours_are_applied_on_the_command_line(tmp_path: Path) -> None:
    factors, rush = tmp_path / "factors.json", tmp_path / "rush.json"
    factors.write_text('{"profiles": {"car": 2.0}}')
    rush.write_text(json.dumps({"by_class": {"secondary": [1.0] * 8 + [3.0] + [1.0] * 15}}))
    here = ["--graph", str(graph_file()), "--from", "121.43,31.2", "--to", "121.4737,31.2304"]

    def seconds(*more: str | Path) -> float:
        words = ["route", *here, "--geojson", *map(str, more)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        return float(json.loads(result.stdout)["properties"]["seconds"])

    free = seconds()
    assert seconds("--hour", "7", "--rush", rush) == free
    assert seconds("--hour", "8", "--rush", rush) > free
    assert 1.3 * free < seconds("--hour", "7", "--factors", factors) <= 2 * free + 0.1
    alone = CliRunner().invoke(app, ["route", *here, "--hour", "8"])
    assert alone.exit_code == 2
    factors.write_text("{")
    broken = CliRunner().invoke(app, ["route", *here, "--hour", "8", "--factors", str(factors)])
    assert broken.exit_code == 2
    assert "factors.json" in broken.stderr


def test_calibrate_refuses_what_is_no_journal(tmp_path: Path) -> None:
    other = tmp_path / "journal.db"
    other.write_text("not a journal")
    result = CliRunner().invoke(app, ["calibrate", "--journal", str(other)])
    assert result.exit_code == 2
    assert "journal.db" in result.stderr
