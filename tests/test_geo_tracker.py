"""The tracker against a naive twin that takes one fix at a time, and its promises."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.air import air_m
from geo.tracker import AGREEING_JUMPS, FORGIVE_AFTER_MS, JUMP_SLACK_M, OLDEST_MS, Tracker, Verdict
from geo.types import Point

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


def test_a_batch_equals_its_fixes_one_by_one_in_order() -> None:
    rng = np.random.default_rng(7)
    fixes = [
        (int(r), NOW_MS + int(t), float(x), float(y))
        for r, t, x, y in zip(
            rng.integers(0, 3, 400),
            rng.integers(-9_000, 9_000, 400),
            rng.uniform(121.45, 121.46, 400),
            rng.uniform(31.2, 31.21, 400),
            strict=True,
        )
    ]
    together, apart = tracker(), tracker()
    assert give(together, fixes) == [give(apart, [fix])[0] for fix in fixes]
    np.testing.assert_array_equal(together.lon, apart.lon)
    np.testing.assert_array_equal(together.verdicts, apart.verdicts)


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
FIXES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(NOW_MS - 400_000, NOW_MS + 3_000),
        DEGREES,
        LATITUDES,
    ),
    max_size=30,
)


@given(fixes=FIXES)
def test_the_twin_agrees(fixes: list[tuple[int, int, float, float]]) -> None:
    target, twin = tracker(), Twin()
    assert give(target, fixes) == [twin.take(*fix) for fix in fixes]
    for row, (at_ms, place) in twin.last.items():
        position = target.get(row)
        assert position is not None
        assert (position.at_ms, position.lon, position.lat) == (at_ms, place.lon, place.lat)


@given(seed=st.integers(0, 1_000), k=st.integers(0, 20), share=st.floats(0, 1))
def test_nearest_is_what_sorting_all_says(seed: int, k: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    target = tracker([f"U{i}" for i in range(60)])
    lonlat = np.round(rng.uniform(BOUNDS[:2], BOUNDS[2:], (50, 2)), 2)
    give(target, [(i, NOW_MS, *at) for i, at in enumerate(lonlat.tolist())])
    may_go = rng.random(60) < share
    rows, away_m = target.nearest(Point(121.5, 31.2), k, may_go)
    plain = sorted(
        (
            np.hypot((target.lon[i] - 121.5) * np.cos(np.radians(31.2)), target.lat[i] - 31.2),
            i,
        )
        for i in range(50)
        if may_go[i]
    )[:k]
    assert rows.tolist() == [i for _, i in plain]
    assert (np.diff(away_m) >= 0).all()


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


def test_nobody_moves_in_an_empty_batch() -> None:
    assert give(tracker(), []) == []
