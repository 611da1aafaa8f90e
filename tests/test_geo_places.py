"""The plane, and what stands still: landmarks, streets and areas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.air import air_m
from geo.places import Places
from geo.plane import Plane
from geo.types import Point

CENTRE = Point(121.4737, 31.2304)
NEAR = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
GEOD = Geod(ellps="WGS84")


def square(lon: float, lat: float, half: float) -> list[tuple[float, float]]:
    return [
        (lon - half, lat - half),
        (lon + half, lat - half),
        (lon + half, lat + half),
        (lon - half, lat + half),
    ]


@given(off=NEAR)
def test_into_the_plane_and_back(off: tuple[float, float]) -> None:
    plane = Plane(CENTRE)
    lonlat = np.array([[CENTRE.lon + off[0], CENTRE.lat + off[1]]])
    back = plane.to_degrees(plane.to_metres(lonlat))
    assert np.abs(back - lonlat).max() < 1e-9


@given(one=NEAR, other=NEAR)
def test_metres_in_the_plane_are_metres_on_the_ground(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    lonlat = np.array([one, other]) + np.array([CENTRE.lon, CENTRE.lat])
    flat_m = float(np.hypot(*np.diff(Plane(CENTRE).to_metres(lonlat), axis=0)[0]))
    ground_m = GEOD.inv(*lonlat[0], *lonlat[1])[2]
    assert abs(flat_m - ground_m) <= 1.2e-5 * ground_m + 0.001
    here, there = Point(*lonlat[0].tolist()), Point(*lonlat[1].tolist())
    assert abs(air_m(here, there) - ground_m) <= 0.005 * ground_m + 0.001


def places(landmarks: list[tuple[str, Point]], street: str = "") -> Places:
    areas = [
        ("T1", 2, square(121.47, 31.23, 0.01)),
        ("C", 0, square(121.47, 31.23, 0.1)),
        ("D1", 1, square(121.47, 31.23, 0.05)),
        ("D2", 1, square(121.57, 31.23, 0.05)),
    ]
    return Places(landmarks, areas, lambda _: street)


def test_areas_are_named_widest_first() -> None:
    where = places([])
    assert where.areas_at(Point(121.47, 31.23)) == ("C", "D1", "T1")
    assert where.areas_at(Point(121.4, 31.2)) == ("C",)
    assert where.areas_at(Point(0.0, 0.0)) == ()


def test_a_border_belongs_to_both_sides() -> None:
    assert places([]).areas_at(Point(121.52, 31.23)) == ("C", "D1", "D2")


def test_a_place_is_named_by_what_stands_there() -> None:
    market = ("人民市场", Point(121.4700, 31.23))
    bank = ("建设银行", Point(121.4710, 31.23))
    where = places([market, bank], "淮海中路")
    assert where.describe(Point(121.4701, 31.23)) == "人民市场"
    assert where.describe(Point(121.4706, 31.23)) == "淮海中路（近建设银行）"
    assert where.describe(Point(121.4900, 31.23)) == "淮海中路"
    assert places([market]).describe(Point(121.4706, 31.23)) == "人民市场"
    assert places([]).describe(Point(121.49, 31.23)) == "121.49000,31.23000"
