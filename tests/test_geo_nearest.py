"""Many to many, who is first, and what is reached in time: each against single searches."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.isochrone import STREET_M, TOLERANCE_M, isochrone, isochrone_geojson
from geo.nearest import Crowd
from geo.reach import Reach
from geo.roads import OFF_ROAD_MPS, Roads
from geo.types import FloatArray, Point, Profile
from tests.test_geo_roads import graph_file, places

MAY = settings(max_examples=20, deadline=None)
CENTRE = Point(121.4737, 31.2304)


@given(
    seed=st.integers(0, 10_000),
    sizes=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    profile=st.sampled_from(Profile),
    limit_s=st.floats(1, 4_000),
)
@MAY
def test_a_matrix_is_single_searches_side_by_side(
    seed: int, sizes: tuple[int, int], profile: Profile, limit_s: float
) -> None:
    roads = Roads.load(graph_file())
    froms, tos = places(roads, sizes[0], seed), places(roads, sizes[1], seed + 1)
    if len(tos) > 1:
        tos[0] = tos[-1]
    if len(froms):
        froms[0] = (0.0, 0.0)
    found = roads.matrix(froms, tos, profile, limit_s)
    assert found.shape == sizes
    for j, (lon, lat) in enumerate(tos.tolist()):
        single = Reach(roads, Point(lon, lat), profile, limit_s).seconds(froms)
        np.testing.assert_array_equal(found[:, j], single)


def test_a_matrix_knows_a_blocked_road_at_once() -> None:
    roads = Roads.load(graph_file())
    froms, tos = np.array([[121.43, 31.2]]), np.array([[CENTRE.lon, CENTRE.lat]])
    before = roads.matrix(froms, tos, Profile.CAR, 7_200)[0, 0]
    route = roads.reach(CENTRE, Profile.CAR, 7_200).find_route(Point(121.43, 31.2))
    assert route is not None
    middle = np.array([route.line[len(route.line) // 2]])
    roads.block({int(roads.put_on_road(middle, Profile.CAR).piece[0])})
    assert roads.matrix(froms, tos, Profile.CAR, 7_200)[0, 0] > before


@given(seed=st.integers(0, 10_000), k=st.integers(1, 12), limit_s=st.floats(30, 3_000))
@MAY
def test_the_nearest_are_first_of_all_sorted(seed: int, k: int, limit_s: float) -> None:
    roads = Roads.load(graph_file())
    rng = np.random.default_rng(seed)
    who = places(roads, 30, seed)
    profiles = [list(Profile)[i] for i in rng.integers(0, 3, 30)]
    may_go = rng.random(30) < 0.7
    found = Crowd(roads, who, profiles).nearest(CENTRE, k=k, limit_s=limit_s, may_go=may_go)
    plain = sorted(
        (float(roads.reach(CENTRE, profiles[i], limit_s).seconds(who[i : i + 1])[0]), i)
        for i in np.flatnonzero(may_go).tolist()
    )
    expected = [(i, seconds) for seconds, i in plain if np.isfinite(seconds)][:k]
    assert [(one.row, one.seconds) for one in found] == expected
    for one in found:
        route = one.reach.find_route(Point(*who[one.row].tolist()))
        assert route is not None
        assert route.seconds == one.seconds


def test_a_crowd_sees_a_closed_road_at_once() -> None:
    roads = Roads.load(graph_file())
    crowd = Crowd(roads, np.array([[121.43, 31.2]]), [Profile.CAR])
    (before,) = crowd.nearest(CENTRE, k=1, limit_s=7_200)
    spot = roads.put_on_road(np.array([[121.43, 31.2]]), Profile.CAR)
    roads.block({int(spot.piece[0])})
    (after,) = crowd.nearest(CENTRE, k=1, limit_s=7_200)
    fresh = roads.reach(CENTRE, Profile.CAR, 7_200).seconds(np.array([[121.43, 31.2]]))[0]
    assert after.seconds == fresh != before.seconds
    nobody = Crowd(roads, np.zeros((0, 2)), [])
    assert nobody.nearest(CENTRE, k=3, limit_s=60) == []


def near_streets(roads: Roads, seed: int, around: Point) -> FloatArray:
    rng = np.random.default_rng(seed)
    nodes = np.asarray(roads.shape_lonlat)
    near = nodes[np.abs(nodes - (around.lon, around.lat)).max(axis=1) < 0.03]
    chosen: FloatArray = rng.choice(near, 400) + rng.normal(0, 1e-4, (400, 2))
    return chosen


@pytest.mark.parametrize("minutes", [1, 3, 5])
@pytest.mark.parametrize("profile", [Profile.CAR, Profile.FOOT])
def test_areas_are_proper_and_hold_what_is_reached(minutes: int, profile: Profile) -> None:
    roads = Roads.load(graph_file())
    for seed, place in enumerate((CENTRE, Point(121.49, 31.24), Point(121.45, 31.22))):
        reach = roads.reach(place, profile, 1_200)
        area = isochrone(reach, minutes * 60)
        assert area.geom_type == "MultiPolygon"
        assert area.is_valid, shapely.is_valid_reason(area)
        points = near_streets(roads, seed, place)
        spots = roads.put_on_road(points, profile)
        close = spots.off_s * OFF_ROAD_MPS < STREET_M - TOLERANCE_M - 1
        reached = reach.seconds_of(spots) <= minutes * 60
        inside = shapely.contains_xy(area, points[:, 0], points[:, 1])
        assert inside[reached & close].all()
        late = close & ~(reach.seconds_of(spots) <= minutes * 60 + 120)
        assert inside[late].mean() < 0.15, "only where one street runs above or beside another"


def test_a_longer_time_reaches_further_and_nothing_is_reached_from_nowhere() -> None:
    roads = Roads.load(graph_file())
    reach = roads.reach(CENTRE, Profile.CAR, 1_200)
    areas = [isochrone(reach, minutes * 60) for minutes in (1, 3, 5)]
    assert areas[0].area < areas[1].area < areas[2].area
    assert sum(len(part.interiors) for part in areas[2].geoms) > 0, "blocks of houses are holes"
    nowhere = roads.reach(Point(0.0, 0.0), Profile.CAR, 600)
    assert isochrone(nowhere, 300).is_empty
    assert isochrone_geojson(nowhere, 300) == {"type": "MultiPolygon", "coordinates": []}
    drawn = isochrone_geojson(reach, 300)
    assert shapely.geometry.shape(drawn).equals(areas[2])
