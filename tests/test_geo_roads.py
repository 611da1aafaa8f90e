"""The fast search against a plain one, and what blocking and factors do at once."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.graphfile import GraphFileError
from geo.isochrone import isochrone
from geo.osm import import_osm
from geo.reach import LINE_POINTS
from geo.roads import OFF_ROAD_MPS, Roads
from geo.snapping import REACH_M
from geo.types import FloatArray, Point, Profile

EXTRACT = Path(__file__).parent.parent / "simulator/districts/shanghai/roads.osm.pbf"
HOUR_S = 3_600.0


@cache
def graph_file() -> Path:
    target = Path(__file__).parent.parent / "var" / "test-shanghai.s110"
    target.parent.mkdir(exist_ok=True)
    import_osm(EXTRACT, target)
    return target


@pytest.fixture
def roads() -> Roads:
    return Roads.load(graph_file())


def places(roads: Roads, count: int, seed: int) -> FloatArray:
    west, south, east, north = roads.bounds
    return np.random.default_rng(seed).uniform((west, south), (east, north), (count, 2))


def plain_seconds(roads: Roads, profile: Profile, start: FloatArray, goal: FloatArray) -> float:
    """The same question put to SciPy: start and goal become nodes within their pieces of road."""
    piece, share, off_s = roads.put_on_road(np.array([start, goal]), profile)
    count = len(roads.into_start) - 1
    begin, end = count, count + 1
    times = roads.times[profile]
    links: dict[tuple[int, int], float] = {}

    def link(tail: int, head: int, seconds: float) -> None:
        if np.isfinite(seconds):
            links[tail, head] = min(links.get((tail, head), np.inf), max(seconds, 1e-300))

    for edge in range(len(times)):
        tail, head, seconds = int(roads.tail[edge]), int(roads.head[edge]), float(times[edge])
        link(tail, head, seconds)
        done = [s if edge % 2 == 0 else 1.0 - s for s in share.tolist()]
        here = roads.piece_of[edge]
        if np.isfinite(seconds) and here == piece[0]:
            link(begin, head, (1.0 - done[0]) * seconds)
        if np.isfinite(seconds) and here == piece[1]:
            link(tail, end, done[1] * seconds)
        if np.isfinite(seconds) and here == piece[0] == piece[1] and done[0] <= done[1]:
            link(begin, end, (done[1] - done[0]) * seconds)
    tails, heads = np.array(list(links)).T
    matrix = csr_array((np.array(list(links.values())), (tails, heads)), shape=(count + 2,) * 2)
    return float(dijkstra(matrix, indices=begin)[end] + off_s.sum())


@pytest.mark.parametrize("profile", list(Profile))
def test_times_equal_a_plain_search(roads: Roads, profile: Profile) -> None:
    starts, goals = places(roads, 12, 1), places(roads, 12, 2)
    starts[0] = goals[0] + 1e-5
    for start, goal in zip(starts, goals, strict=True):
        reach = roads.reach(Point(*goal), profile, 10 * HOUR_S)
        expected = plain_seconds(roads, profile, start, goal)
        assert reach.seconds(np.array([start]))[0] == pytest.approx(expected, rel=1e-9)


def test_one_search_answers_for_all_nodes_as_a_plain_one(roads: Roads) -> None:
    times = roads.times[Profile.CAR]
    goal = Point(121.4737, 31.2304)
    reach = roads.reach(goal, Profile.CAR, 10 * HOUR_S)
    nodes = len(roads.into_start) - 1
    links: dict[tuple[int, int], float] = {}
    for edge in np.flatnonzero(np.isfinite(times)).tolist():
        key = int(roads.head[edge]), int(roads.tail[edge])
        links[key] = min(links.get(key, np.inf), float(times[edge]))
    for side, share in ((0, reach.share), (1, 1.0 - reach.share)):
        edge = 2 * reach.piece + side
        if np.isfinite(times[edge]):
            links[nodes, int(roads.tail[edge])] = reach.off_s + share * float(times[edge])
    tails, heads = np.array(list(links)).T
    matrix = csr_array((np.array(list(links.values())), (tails, heads)), shape=(nodes + 1,) * 2)
    expected = dijkstra(matrix, indices=nodes)[:nodes]
    np.testing.assert_allclose(reach.best, expected, rtol=1e-9)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_route_adds_up_and_holds_together(roads: Roads, profile: Profile) -> None:
    goal = Point(121.4737, 31.2304)
    reach = roads.reach(goal, profile, 10 * HOUR_S)
    starts = places(roads, 40, 3)
    assert np.isfinite(reach.seconds(starts)).sum() > 20
    for lon, lat in starts:
        start = Point(lon, lat)
        route = reach.find_route(start)
        if np.isinf(reach.seconds(np.array([[lon, lat]]))[0]):
            assert route is None
            continue
        assert route is not None
        assert route.seconds == reach.seconds(np.array([[lon, lat]]))[0]
        _, _, off_s = roads.put_on_road(np.array([[lon, lat]]), profile)
        on_road_s = sum(street.seconds for street in route.streets)
        assert on_road_s + off_s[0] + reach.off_s == pytest.approx(
            route.seconds, abs=0.06 * len(route.streets)
        )
        assert len(route.line) <= LINE_POINTS
        assert route.line[0] == (round(lon, 6), round(lat, 6))
        assert route.line[-1] == (goal.lon, goal.lat)
        drawn = shapely.LineString(roads.plane.to_metres(np.array(route.line))).length
        walked = float(off_s[0] + reach.off_s) * OFF_ROAD_MPS
        assert drawn <= (route.length_m + walked) * 1.001 + 1
        assert drawn >= (route.length_m + walked) * 0.9
        assert all(one.name != other.name for one, other in pairwise(route.streets))


@given(limit_s=st.floats(1, 900), seed=st.integers(0, 1_000))
@settings(max_examples=20)
def test_a_limit_only_cuts(limit_s: float, seed: int) -> None:
    roads = Roads.load(graph_file())
    starts = places(roads, 30, seed)
    goal = Point(*places(roads, 1, seed + 1)[0])
    whole = roads.reach(goal, Profile.CAR, 10 * HOUR_S).seconds(starts)
    cut = roads.reach(goal, Profile.CAR, limit_s).seconds(starts)
    np.testing.assert_array_equal(cut, np.where(whole <= limit_s, whole, np.inf))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_no_time_beats_the_straight_line_at_the_highest_speed(seed: int) -> None:
    roads = Roads.load(graph_file())
    (start, goal) = places(roads, 2, seed)
    straight_m = np.hypot(*np.diff(roads.plane.to_metres(np.array([start, goal])), axis=0)[0])
    for profile in Profile:
        seconds = roads.reach(Point(*goal), profile, 10 * HOUR_S).seconds(np.array([start]))[0]
        assert seconds >= straight_m / roads.fastest_mps(profile) * (1 - 1e-6)


def test_snapping_finds_what_looking_at_every_segment_finds(roads: Roads) -> None:
    snapper = roads.snappers[Profile.CAR]
    points = roads.plane.to_metres(places(roads, 200, 5))
    _, _, off_m = snapper.snap(points)
    segments = shapely.linestrings(snapper.cells.segment_xy.reshape(-1, 2, 2))
    away_m = np.array([shapely.distance(segments, shapely.Point(at)).min() for at in points])
    expected = np.where(away_m <= REACH_M, away_m, np.inf)
    np.testing.assert_allclose(off_m, expected, atol=1e-6)
    assert np.isinf(expected).any()


def test_a_point_that_is_nowhere_is_reached_never(roads: Roads) -> None:
    reach = roads.reach(Point(121.4737, 31.2304), Profile.CAR, HOUR_S)
    seconds = reach.seconds(np.array([[np.nan, np.nan], [0.0, 0.0], [31.2, 121.4]]))
    assert np.isinf(seconds).all()
    assert reach.find_route(Point(0.0, 0.0)) is None
    nowhere = roads.reach(Point(0.0, 0.0), Profile.CAR, HOUR_S)
    assert np.isinf(nowhere.seconds(np.array([[121.4737, 31.2304]]))).all()


def test_a_blocked_road_is_avoided_at_once_and_open_again_at_once(roads: Roads) -> None:
    start, goal = Point(121.43, 31.2), Point(121.4737, 31.2304)
    before = roads.reach(goal, Profile.CAR, HOUR_S)
    route = before.find_route(start)
    assert route is not None
    middle = route.line[len(route.line) // 2]
    piece = int(roads.put_on_road(np.array([middle]), Profile.CAR)[0][0])
    roads.block({piece})
    after = roads.reach(goal, Profile.CAR, HOUR_S).find_route(start)
    assert after is not None
    assert after.seconds > route.seconds
    assert middle not in after.line
    assert before.find_route(start) == route, "an answer given keeps the roads as they were"
    roads.unblock({piece})
    assert roads.reach(goal, Profile.CAR, HOUR_S).find_route(start) == route
    assert roads.version == 2


def test_a_place_on_a_blocked_road_is_walked_to_from_the_nearest_open_one(roads: Roads) -> None:
    goal, start = Point(121.4737, 31.2304), np.array([[121.48, 31.24]])
    before = roads.reach(goal, Profile.CAR, HOUR_S)
    roads.block({before.piece})
    after = roads.reach(goal, Profile.CAR, HOUR_S)
    assert after.piece != before.piece
    assert after.off_s > before.off_s
    expected = plain_seconds(roads, Profile.CAR, start[0], np.array([goal.lon, goal.lat]))
    assert after.seconds(start)[0] == pytest.approx(expected, rel=1e-9)


def test_a_factor_slows_its_class_and_profile_alone(roads: Roads) -> None:
    start, goal = np.array([[121.43, 31.2]]), Point(121.4737, 31.2304)
    car, foot = (
        roads.reach(goal, p, 10 * HOUR_S).seconds(start)[0] for p in (Profile.CAR, Profile.FOOT)
    )
    roads.set_factors(Profile.CAR, {"primary": 2.0, "secondary": 2.0})
    assert roads.reach(goal, Profile.CAR, HOUR_S).seconds(start)[0] > car
    assert roads.reach(goal, Profile.FOOT, 10 * HOUR_S).seconds(start)[0] == foot
    roads.set_factors(Profile.CAR, {})
    assert roads.reach(goal, Profile.CAR, HOUR_S).seconds(start)[0] == car
    with pytest.raises(ValueError, match="footpath"):
        roads.set_factors(Profile.CAR, {"footpath": 2.0})


def test_who_is_inside_the_isochrone_arrives_in_time(roads: Roads) -> None:
    reach = roads.reach(Point(121.4737, 31.2304), Profile.CAR, HOUR_S)
    area = isochrone(reach, 240.0)
    nodes = roads.shape_lonlat[roads.shape_start[:-1]]
    on_road = nodes[roads.put_on_road(np.asarray(nodes), Profile.CAR)[2] < 0.01]
    seconds = reach.seconds(on_road)
    inside = shapely.contains_xy(area, on_road[:, 0], on_road[:, 1])
    assert inside[seconds <= 239.0].all()
    far = inside[seconds > 400.0]
    assert far.mean() < 0.05, "only where one street runs above or beside another"
    assert isochrone(reach, 30.0).area < area.area


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.s110"
    other.write_bytes(b"not a graph at all")
    with pytest.raises(GraphFileError, match="not a road graph"):
        Roads.load(other)
    cut = tmp_path / "cut.s110"
    cut.write_bytes(graph_file().read_bytes()[:-100_000])
    with pytest.raises(GraphFileError, match="cut short"):
        Roads.load(cut)
