"""The tracker against a naive twin that takes one fix at a time, and its promises."""

import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.air import air_m
from geo.fixes import AGREEING_JUMPS, FORGIVE_AFTER_MS, JUMP_SLACK_M, OLDEST_MS
from geo.tracker import Tracker, Verdict
from geo.types import FloatArray, Point, Position

BOUNDS = (121.4, 31.1, 121.6, 31.3)
NOW_MS = 1_800_000_000_000
UNITS = ["U1", "U2", "U3"]


def tracker(units: list[str] | None = None) -> Tracker:
    return Tracker(units or UNITS, bounds=BOUNDS, impossible_mps=70.0, ahead_ms=2_000)


def give(
    target: Tracker, fixes: list[tuple[int, int, float, float]], now_ms: int = NOW_MS
) -> list[Verdict]:
    rows, at_ms = (np.array([fix[i] for fix in fixes], dtype=np.int64) for i in range(2))
    lonlat = np.array([fix[2:] for fix in fixes], dtype=np.float64).reshape(-1, 2)
    none = np.full(len(fixes), np.nan)
    return [Verdict(v) for v in target.update(rows, at_ms, lonlat, none, none, none, now_ms)]


@pytest.mark.parametrize(
    ("lon", "lat", "ago_ms", "verdict"),
    [
        (121.5, 31.2, 0, Verdict.OK),
        (121.5, 31.2, -2_000, Verdict.OK),
        (121.5, 31.2, -2_001, Verdict.FUTURE),
        (121.5, 31.2, OLDEST_MS + 1, Verdict.LATE),
        (31.2, 121.5, 0, Verdict.OUTSIDE),
        (121.7, 31.2, 0, Verdict.OUTSIDE),
        (0.0, 0.0, 0, Verdict.ZERO),
        (float("nan"), 31.2, 0, Verdict.INVALID),
        (121.5, float("inf"), 0, Verdict.INVALID),
    ],
)
def test_a_first_fix_is_judged_by_itself(
    lon: float, lat: float, ago_ms: int, verdict: Verdict
) -> None:
    target = tracker()
    assert give(target, [(0, NOW_MS - ago_ms, lon, lat)]) == [verdict]
    assert target.verdicts[verdict] == 1
    assert (target.get(0) is None) == (verdict != Verdict.OK)
    assert target.get(1) is None


def test_a_late_fix_never_moves_a_unit_back() -> None:
    target = tracker()
    assert give(target, [(0, NOW_MS, 121.5, 31.2), (0, NOW_MS - 5, 121.51, 31.2)]) == [
        Verdict.OK,
        Verdict.LATE,
    ]
    assert give(target, [(0, NOW_MS, 121.51, 31.2)]) == [Verdict.LATE]
    position = target.get(0)
    assert position is not None
    assert (position.lon, position.at_ms, position.speed_mps) == (121.5, NOW_MS, None)


def test_a_jump_is_not_used_until_the_unit_was_silent_long_enough() -> None:
    target = tracker()
    far = 121.59
    give(target, [(0, NOW_MS, 121.41, 31.2)])
    assert give(target, [(0, NOW_MS + 1_000, far, 31.2)], NOW_MS + 1_000) == [Verdict.JUMP]
    later = NOW_MS + FORGIVE_AFTER_MS
    assert give(target, [(0, later, far, 31.2)], later) == [Verdict.OK]


def test_a_wrong_first_fix_gives_way_to_several_that_agree() -> None:
    target = tracker()
    give(target, [(0, NOW_MS - 9_000, 121.41, 31.2)])
    truth = [(0, NOW_MS - 8_000 + i * 1_000, 121.59 + i * 1e-4, 31.2) for i in range(4)]
    assert give(target, truth) == [Verdict.JUMP, Verdict.JUMP, Verdict.OK, Verdict.OK]


def test_jumps_that_do_not_agree_are_never_used() -> None:
    target = tracker()
    give(target, [(0, NOW_MS - 9_000, 121.41, 31.2)])
    wild = [(0, NOW_MS - 8_000 + i * 1_000, (121.59, 121.5)[i % 2], 31.2) for i in range(8)]
    assert give(target, wild) == [Verdict.JUMP] * 8
    near = (0, NOW_MS + 1_000, 121.4101, 31.2)
    assert give(target, [near]) == [Verdict.OK]
    assert give(target, [(0, NOW_MS + 1_500, 121.5, 31.2)]) == [Verdict.JUMP]


class Twin:
    """What the rules say, a fix at a time, in plain words."""

    def __init__(self) -> None:
        self.last: dict[int, tuple[int, Point]] = {}
        self.jumps: dict[int, list[tuple[int, Point]]] = {}

    def take(self, row: int, at_ms: int, lon: float, lat: float) -> Verdict:
        verdict = self.judge(row, at_ms, lon, lat)
        if verdict is Verdict.JUMP:
            jumps = self.jumps.setdefault(row, [])
            if jumps and not self.follows(jumps[-1], at_ms, lon, lat):
                jumps.clear()
            jumps.append((at_ms, Point(lon, lat)))
            if len(jumps) >= AGREEING_JUMPS:
                verdict = Verdict.OK
        if verdict is Verdict.OK:
            self.last[row] = (at_ms, Point(lon, lat))
            self.jumps.pop(row, None)
        return verdict

    def follows(self, before: tuple[int, Point], at_ms: int, lon: float, lat: float) -> bool:
        passed_ms = at_ms - before[0]
        can_m = JUMP_SLACK_M + 70.0 * passed_ms / 1000
        return 0 < passed_ms < FORGIVE_AFTER_MS and air_m(before[1], Point(lon, lat)) <= can_m

    def judge(self, row: int, at_ms: int, lon: float, lat: float) -> Verdict:
        before = self.last.get(row)
        wrong = {
            Verdict.INVALID: not (np.isfinite(lon) and np.isfinite(lat)),
            Verdict.ZERO: lon == 0 and lat == 0,
            Verdict.OUTSIDE: not (BOUNDS[0] <= lon <= BOUNDS[2] and BOUNDS[1] <= lat <= BOUNDS[3]),
            Verdict.FUTURE: at_ms > NOW_MS + 2_000,
            Verdict.LATE: before is not None and at_ms <= before[0],
            Verdict.JUMP: before is not None
            and at_ms - before[0] < FORGIVE_AFTER_MS
            and not self.follows(before, at_ms, lon, lat),
        }
        return next((verdict for verdict, is_so in wrong.items() if is_so), Verdict.OK)


DEGREES = st.sampled_from([121.41, 121.412, 121.415, 121.5, 0.0, 31.2, float("nan")])
LATITUDES = st.sampled_from([31.2, 31.2001, 0.0, 121.4])
STEPS_MS = st.sampled_from([-400_000, -9_000, -1_000, -1, 0, 1, 1_000, 2_000, 2_001, 290_000])
FIXES = st.lists(st.tuples(st.integers(0, 2), STEPS_MS, DEGREES, LATITUDES), max_size=40)


@given(fixes=FIXES, cuts=st.lists(st.integers(0, 40), max_size=4))
def test_the_twin_agrees_however_the_batches_are_cut(
    fixes: list[tuple[int, int, float, float]], cuts: list[int]
) -> None:
    target, twin = tracker(), Twin()
    said = [(row, NOW_MS + step_ms, lon, lat) for row, step_ms, lon, lat in fixes]
    edges = [0, *sorted(cuts), len(said)]
    verdicts = [v for a, b in itertools.pairwise(edges) for v in give(target, said[a:b])]
    assert verdicts == [twin.take(*fix) for fix in said]
    for row in range(3):
        held, position = twin.last.get(row), target.get(row)
        assert (held is None) == (position is None)
        if held is not None and position is not None:
            assert (position.at_ms, position.lon, position.lat) == (
                held[0],
                held[1].lon,
                held[1].lat,
            )
    assert target.verdicts.tolist() == [verdicts.count(verdict) for verdict in Verdict]


def test_one_unit_a_thousand_times_in_a_batch() -> None:
    fixes = [(0, NOW_MS - 1_000 + i, 121.5 + i * 1e-6, 31.2) for i in range(1_000)]
    target = tracker()
    assert give(target, fixes) == [Verdict.OK] * 1_000
    assert target.get(0) == Position(lon=fixes[-1][2], lat=31.2, at_ms=NOW_MS - 1)


@pytest.mark.parametrize("row", [-1, 3])
def test_a_fix_of_nobody_is_a_mistake_of_the_caller(row: int) -> None:
    with pytest.raises(IndexError, match="of 3 units"):
        give(tracker(), [(0, NOW_MS, 121.5, 31.2), (row, NOW_MS, 121.5, 31.2)])


def strided(values: FloatArray) -> FloatArray:
    """The same values, not side by side in memory."""
    return np.column_stack((values, values))[:, 0]


def test_columns_cut_from_a_block_are_read_as_they_are() -> None:
    target = tracker()
    speed, heading, accuracy = (strided(np.array([value, value + 1])) for value in (3.5, 90.0, 5.0))
    block = np.array([[121.5, 31.2, 0.0], [121.45, 31.25, 0.0]])
    rows, at_ms = np.array([2, 0], np.int32), np.full(2, float(NOW_MS))
    target.update(rows, at_ms, block[:, :2], speed, heading, accuracy, NOW_MS)
    assert target.get(0) == Position(121.45, 31.25, NOW_MS, 4.5, 91.0, 6.0)
    assert target.get(2) == Position(121.5, 31.2, NOW_MS, 3.5, 90.0, 5.0)


class Moved(NamedTuple):
    """A tracker whose units have moved about, and where each is."""

    target: Tracker
    lonlat: FloatArray


def move_about(seed: int, units: int, digits: int) -> Moved:
    """Most units reported twice, far apart; the last fifth never did."""
    rng = np.random.default_rng(seed)
    target = tracker([f"U{i}" for i in range(units)])
    lonlat = np.full((units, 2), np.nan)
    seen = units * 4 // 5
    for later_ms in (0, FORGIVE_AFTER_MS):
        at = np.round(rng.uniform(BOUNDS[:2], BOUNDS[2:], (seen, 2)), digits)
        if seed % 2:
            at = np.round(np.clip(rng.normal((121.48, 31.23), 0.01, at.shape), 31, 122), digits)
        now_ms = NOW_MS + later_ms
        verdicts = give(target, [(i, now_ms, *one) for i, one in enumerate(at.tolist())], now_ms)
        assert set(verdicts) <= {Verdict.OK}
        lonlat[:seen] = at
    return Moved(target, lonlat)


PLACES = st.tuples(st.floats(121.3, 121.7), st.floats(31.0, 31.4))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1_000),
    units=st.integers(1, 400),
    place=st.one_of(PLACES, st.just((121.5, 31.2)), st.just((-60.0, 40.0))),
    k=st.integers(0, 20),
    share=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
)
def test_nearest_is_what_sorting_all_says(
    seed: int, units: int, place: tuple[float, float], k: int, share: float
) -> None:
    target, lonlat = move_about(seed, units, digits=2 if seed % 3 else 7)
    may_go = np.random.default_rng(seed).random(units) < share
    rows, away_m = target.nearest(Point(*place), k, may_go)
    narrow = np.cos(np.radians(place[1]))
    plain = sorted(
        (((lon - place[0]) * narrow) ** 2 + (lat - place[1]) ** 2, i)
        for i, (lon, lat) in enumerate(lonlat.tolist())
        if may_go[i] and np.isfinite(lon)
    )[:k]
    assert rows.tolist() == [i for _, i in plain]
    np.testing.assert_allclose(away_m, [111_320.0 * square**0.5 for square, _ in plain])


@settings(max_examples=60)
@given(seed=st.integers(0, 1_000), units=st.integers(1, 400), one=PLACES, other=PLACES)
def test_a_box_holds_whom_looking_at_all_finds(
    seed: int, units: int, one: tuple[float, float], other: tuple[float, float]
) -> None:
    target, lonlat = move_about(seed, units, digits=2)
    west, east = np.round(sorted((one[0], other[0])), 2)
    south, north = np.round(sorted((one[1], other[1])), 2)
    plain = [
        i
        for i, (lon, lat) in enumerate(lonlat.tolist())
        if west <= lon <= east and south <= lat <= north
    ]
    assert target.in_box(west, south, east, north).tolist() == plain
    assert target.in_area(shapely.box(west, south, east, north)).tolist() == plain


def test_a_box_turned_inside_out_holds_nobody() -> None:
    target, _ = move_about(2, 50, digits=7)
    assert target.in_box(121.6, 31.1, 121.4, 31.3).tolist() == []
    assert target.in_box(float("nan"), 31.1, 121.6, 31.3).tolist() == []
    assert len(target.in_box(*BOUNDS)) == 40


def test_an_area_may_have_holes_and_parts() -> None:
    target = tracker([f"U{i}" for i in range(5)])
    places = [(121.45, 31.2), (121.5, 31.2), (121.52, 31.2), (121.55, 31.2), (121.45, 31.25)]
    give(target, [(i, NOW_MS, *at) for i, at in enumerate(places)])
    ring = shapely.Point(121.5, 31.2).buffer(0.03) - shapely.Point(121.5, 31.2).buffer(0.01)
    apart = shapely.Point(121.45, 31.25).buffer(0.001)
    assert target.in_area(ring).tolist() == [2]
    assert target.in_area(shapely.MultiPolygon([ring, apart])).tolist() == [2, 4]
    assert target.in_area(shapely.Polygon()).tolist() == []


def test_stale_is_who_was_silent_longer_than_his_kind_may_be() -> None:
    target = tracker()
    give(target, [(0, NOW_MS - 60_000, 121.5, 31.2), (1, NOW_MS - 60_001, 121.5, 31.2)])
    assert target.stale(NOW_MS, 60_000).tolist() == [False, True, True]
    limits_ms = np.array([59_999, 60_001, 86_400_000])
    assert target.stale(NOW_MS, limits_ms).tolist() == [True, False, True]


def test_what_was_kept_comes_back_by_unit_not_by_row(tmp_path: Path) -> None:
    before = tracker()
    give(before, [(0, NOW_MS, 121.5, 31.2), (2, NOW_MS - 7, 121.45, 31.25)])
    before.save(tmp_path / "fixes.npz")
    after = tracker(["U3", "U9", "U1"])
    after.load(tmp_path / "fixes.npz")
    assert after.get(0) == before.get(2)
    assert after.get(1) is None
    assert after.get(2) == before.get(0)
    assert [file.name for file in tmp_path.iterdir()] == ["fixes.npz"]
    assert give(after, [(2, NOW_MS, 121.5, 31.2)]) == [Verdict.LATE]
    assert after.nearest(Point(121.5, 31.2), 3, np.ones(3, bool))[0].tolist() == [2, 0]
    assert after.in_box(*BOUNDS).tolist() == [0, 2]
    assert after.trail(2)[1].tolist() == [NOW_MS]


def test_nobody_moves_in_an_empty_batch() -> None:
    assert give(tracker(), []) == []


def test_a_hundred_thousand_units_are_followed_and_found() -> None:
    units, rng = 100_000, np.random.default_rng(11)
    target = tracker([str(row) for row in range(units)])
    at = np.clip(rng.normal((121.5, 31.2), 0.03, (units, 2)), BOUNDS[:2], BOUNDS[2:])
    none = np.full(units, np.nan)
    for now_ms in (NOW_MS, NOW_MS + 1_000):
        at = np.clip(at + rng.normal(0, 1e-4, at.shape), BOUNDS[:2], BOUNDS[2:])
        order = rng.permutation(units)
        when = np.full(units, now_ms)
        target.update(order, when, at[order], none, none, none, now_ms)
    assert target.verdicts.tolist() == [2 * units, 0, 0, 0, 0, 0, 0]
    may_go = rng.random(units) < 0.3
    for lon, lat in rng.uniform(BOUNDS[:2], BOUNDS[2:], (20, 2)).tolist():
        rows, _ = target.nearest(Point(lon, lat), 8, may_go)
        away = np.hypot((at[:, 0] - lon) * np.cos(np.radians(lat)), at[:, 1] - lat)
        plain = np.flatnonzero(may_go)[np.argsort(away[may_go])[:8]]
        assert rows.tolist() == plain.tolist()
        inside = (np.abs(at - (lon, lat)) <= 0.01).all(axis=1)
        box = target.in_box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)
        assert set(np.flatnonzero(inside)) ^ set(box) == set()
