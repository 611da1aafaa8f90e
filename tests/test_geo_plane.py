"""The district's plane against geodesics on the ellipsoid, by another library's formulas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.plane import Plane
from geo.types import Point

GEODESICS = Geod(ellps="WGS84")
CITIES = [(121.475, 31.225), (118.79, 32.05), (-8.61, 41.15), (-122.43, 37.76), (7.42, 43.73)]
ORIGINS = st.one_of(st.sampled_from(CITIES), st.tuples(st.floats(-179, 179), st.floats(-66, 66)))
AWAY_M = st.floats(0, 20_000)
BEARINGS_DEG = st.floats(0, 360)


@given(origin=ORIGINS, bearing_deg=BEARINGS_DEG, away_m=AWAY_M)
def test_metres_from_the_origin_are_those_on_the_earth(
    origin: tuple[float, float], bearing_deg: float, away_m: float
) -> None:
    lon, lat, _ = GEODESICS.fwd(*origin, bearing_deg, away_m)
    ((x, y),) = Plane(Point(*origin)).to_metres(np.array([[lon, lat]]))
    assert abs(np.hypot(x, y) - away_m) < 0.1
    assert abs(x - away_m * np.sin(np.radians(bearing_deg))) < 0.1
    assert abs(y - away_m * np.cos(np.radians(bearing_deg))) < 0.1


@given(origin=ORIGINS, ways=st.lists(st.tuples(BEARINGS_DEG, AWAY_M), min_size=2, max_size=2))
def test_metres_between_two_places_of_a_district(
    origin: tuple[float, float], ways: list[tuple[float, float]]
) -> None:
    places = np.array([GEODESICS.fwd(*origin, *way)[:2] for way in ways])
    _, _, truth_m = GEODESICS.inv(*places[0], *places[1])
    (dx, dy) = np.diff(Plane(Point(*origin)).to_metres(places), axis=0)[0]
    assert abs(np.hypot(dx, dy) - truth_m) < 0.1


@given(
    origin=ORIGINS,
    xy=st.tuples(st.floats(-30_000, 30_000), st.floats(-30_000, 30_000)),
)
def test_there_and_back_is_no_way_at_all(
    origin: tuple[float, float], xy: tuple[float, float]
) -> None:
    plane, metres = Plane(Point(*origin)), np.array([xy])
    assert np.abs(plane.to_metres(plane.to_degrees(metres)) - metres).max() < 1e-3


def test_east_is_x_and_north_is_y() -> None:
    plane = Plane(Point(121.475, 31.225))
    xy = plane.to_metres(np.array([[121.475, 31.225], [121.485, 31.225], [121.475, 31.235]]))
    np.testing.assert_allclose(xy[0], 0, atol=1e-6)
    np.testing.assert_allclose(xy[1], [952.9, 0.4], atol=0.5)
    np.testing.assert_allclose(xy[2], [0, 1_108.8], atol=0.5)


def test_a_place_that_is_none_stays_none() -> None:
    assert not np.isfinite(Plane(Point(0, 0)).to_metres(np.array([[np.nan, np.nan]]))).any()
