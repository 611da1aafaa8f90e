"""The shifted datums against what other implementations say of Chinese cities."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import (
    Datum,
    bd09_to_gcj02,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    wgs84_to_gcj02,
)
from geo.types import FloatArray

FRAMES = json.loads((Path(__file__).parent / "frames/gcj02.json").read_text(encoding="utf-8"))
IN_CHINA = st.tuples(st.floats(73, 136), st.floats(2, 55))


def lonlat(latlon: list[float]) -> FloatArray:
    return np.array([latlon[::-1]])


def apart_m(one: FloatArray, other: FloatArray) -> float:
    east, north = (one - other)[0]
    return float(np.hypot(east * np.cos(np.radians(one[0, 1])), north) * 111_320)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame["id"])
def test_what_others_say(frame: dict[str, dict[str, list[float]]]) -> None:
    expect = frame["expect"]
    wgs84, gcj02 = lonlat(expect["wgs84"]), lonlat(expect["gcj02"])
    assert apart_m(wgs84_to_gcj02(wgs84), gcj02) <= float(str(expect["tolerance_forward_m"]))
    assert apart_m(gcj02_to_wgs84(gcj02), wgs84) <= float(str(expect["tolerance_inverse_m"]))
    if "bd09" in expect:
        bd09 = lonlat(expect["bd09"])
        assert apart_m(gcj02_to_bd09(gcj02), bd09) <= 1.0
        assert apart_m(bd09_to_gcj02(bd09), gcj02) <= 1.0


@given(place=IN_CHINA)
def test_there_and_back_is_no_way_at_all(place: tuple[float, float]) -> None:
    here = np.array([place])
    for datum in Datum:
        assert np.abs(to_wgs84(from_wgs84(here, datum), datum) - here).max() < 1e-10


@given(places=st.lists(IN_CHINA, min_size=1, max_size=20), declared=st.sampled_from(list(Datum)))
def test_the_inverse_is_exact_and_many_are_shifted_as_each(
    places: list[tuple[float, float]], declared: Datum
) -> None:
    shown = np.array(places)
    wgs84 = to_wgs84(shown, declared)
    back = from_wgs84(wgs84, declared)
    assert np.hypot(*((back - shown) * 111_320).T).max() < 1e-5
    for one, told in zip(shown, wgs84, strict=True):
        np.testing.assert_allclose(to_wgs84(one[None], declared)[0], told, rtol=0, atol=1e-11)


@given(place=IN_CHINA, step_deg=st.tuples(st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3)))
def test_neighbours_stay_neighbours(
    place: tuple[float, float], step_deg: tuple[float, float]
) -> None:
    near = np.array([place, np.add(place, step_deg)])
    for shift in (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02):
        one, other = shift(near) - near
        assert np.abs(one - other).max() < 0.05 * np.abs(step_deg).max() + 1e-10


@given(place=IN_CHINA)
def test_the_shift_is_felt_and_bounded(place: tuple[float, float]) -> None:
    moved_m = apart_m(np.array([place]), wgs84_to_gcj02(np.array([place])))
    assert 10 < moved_m < 1_500


def test_outside_china_nothing_moves() -> None:
    abroad = np.array([[-122.4194, 37.7749], [-8.61, 41.15], [7.42, 43.73]])
    np.testing.assert_array_equal(wgs84_to_gcj02(abroad), abroad)
    np.testing.assert_array_equal(gcj02_to_wgs84(abroad), abroad)


def test_a_place_that_is_none_stays_none() -> None:
    assert np.isnan(gcj02_to_wgs84(np.array([[np.nan, np.nan]]))).all()
