"""Rings of the last fixes: what they keep, in what order, and the speed they tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.air import air_m
from geo.fixes import FORGIVE_AFTER_MS
from geo.tracker import Tracker
from geo.trails import make_trails
from geo.types import Point

BOUNDS = (121.4, 31.1, 121.6, 31.3)
NOW_MS = 1_800_000_000_000
STEP_DEG = 1e-4
KEPT = 5


def drive(target: Tracker, fixes: list[tuple[int, int, float, float]]) -> None:
    """Rows, ms after the start, lon, lat; received one by one, when they were made."""
    none = np.full(1, np.nan)
    for row, after_ms, lon, lat in fixes:
        at_ms = NOW_MS + after_ms
        place = np.array([[lon, lat]])
        target.update(np.array([row]), np.array([at_ms]), place, none, none, none, at_ms)


def tracker(kept_fixes: int = KEPT) -> Tracker:
    return Tracker(
        ["U1", "U2"], bounds=BOUNDS, impossible_mps=70.0, ahead_ms=2_000, kept_fixes=kept_fixes
    )


@given(
    steps=st.lists(st.tuples(st.integers(0, 1), st.integers(-3_000, 5_000)), max_size=40),
    kept=st.integers(1, 7),
)
def test_a_trail_is_the_last_good_fixes_in_order(steps: list[tuple[int, int]], kept: int) -> None:
    target = tracker(kept)
    plain: dict[int, list[tuple[float, int]]] = {0: [], 1: []}
    for number, (row, step_ms) in enumerate(steps):
        newest_ms = plain[row][-1][1] if plain[row] else NOW_MS
        at_ms, lon = newest_ms + step_ms, 121.5 + number * 1e-6
        drive(target, [(row, at_ms - NOW_MS, lon, 31.2)])
        if step_ms > 0 or not plain[row]:
            plain[row].append((lon, at_ms))
    for row, fixes in plain.items():
        lonlat, at_ms_of = target.trail(row)
        assert list(zip(lonlat[:, 0].tolist(), at_ms_of.tolist(), strict=True)) == fixes[-kept:]
        assert lonlat.shape == (len(fixes[-kept:]), 2)


def test_a_trail_begins_anew_where_the_unit_was_never_driving_from() -> None:
    target = tracker()
    drive(target, [(0, 0, 121.41, 31.2), (0, 1_000, 121.4101, 31.2)])
    truth = [(0, 2_000 + i * 1_000, 121.59 + i * STEP_DEG, 31.2) for i in range(4)]
    drive(target, truth)
    assert target.trail(0)[0][:, 0].tolist() == [121.59 + 2 * STEP_DEG, 121.59 + 3 * STEP_DEG]


def test_a_trail_goes_on_after_a_silence() -> None:
    target = tracker()
    drive(target, [(0, 0, 121.41, 31.2), (0, FORGIVE_AFTER_MS, 121.59, 31.2)])
    assert target.trail(0)[1].tolist() == [NOW_MS, NOW_MS + FORGIVE_AFTER_MS]
    assert target.speed_from_trail(0) is None


@given(speed_mps=st.floats(0, 60), every_ms=st.integers(200, 9_000), bearing=st.floats(0, 6.28))
def test_a_steady_drive_has_its_speed(speed_mps: float, every_ms: int, bearing: float) -> None:
    target = tracker()
    step_m = speed_mps * every_ms / 1000
    north = np.cos(bearing) * step_m / 111_320
    east = np.sin(bearing) * step_m / 111_320 / np.cos(np.radians(31.2))
    drive(target, [(1, i * every_ms, 121.5 + i * east, 31.2 + i * north) for i in range(8)])
    told = target.speed_from_trail(1)
    assert told == pytest.approx(speed_mps, rel=1e-3, abs=1e-3)
    assert target.speed_from_trail(0) is None


@given(seed=st.integers(0, 1_000), over_ms=st.integers(0, 20_000))
def test_speeds_of_many_are_those_of_each_in_plain_words(seed: int, over_ms: int) -> None:
    rng = np.random.default_rng(seed)
    target = tracker()
    at_ms = np.cumsum(rng.integers(1, 8_000, 12)).tolist()
    places = rng.normal((121.5, 31.2), 1e-4, (12, 2)).tolist()
    drive(target, [(int(rng.integers(0, 2)), t, *at) for t, at in zip(at_ms, places, strict=True)])
    told = target.speeds_from_trail(np.array([1, 0]), over_ms)
    for row, speed in zip((1, 0), told, strict=True):
        lonlat, when = target.trail(row)
        recent = [i for i in range(len(when)) if when[-1] - when[i] <= over_ms]
        if len(recent) < 2:
            assert np.isnan(speed)
            continue
        way_m = air_m(Point(*lonlat[recent[0]]), Point(*lonlat[-1]))
        passed_s = float(when[-1] - when[recent[0]]) / 1000
        assert speed == pytest.approx(way_m / passed_s, rel=1e-3)


def test_a_parked_car_with_a_shaky_receiver_hardly_moves() -> None:
    target, rng = tracker(kept_fixes=32), np.random.default_rng(3)
    shaky = rng.normal((121.5, 31.2), 4.0 / 111_320, (20, 2)).tolist()
    drive(target, [(0, i * 1_000, *at) for i, at in enumerate(shaky)])
    speed = target.speed_from_trail(0)
    assert speed is not None
    assert speed < 2.0


def test_a_trail_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="keeps nothing"):
        make_trails(3, kept=0)
