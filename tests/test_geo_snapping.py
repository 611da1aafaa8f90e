"""Points on roads: headings decide between roads, closing a road keeps the grid."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.roads import OFF_ROAD_MPS, Roads
from geo.snapping import AGAINST_M, BACKWARD, FORWARD, MOVING_MPS, REACH_M, Snapper
from geo.types import FloatArray, Point, Profile
from tests.test_geo_guidance import METRE_DEG, Sketch, at
from tests.test_geo_roads import graph_file, places

MAY = settings(max_examples=40, deadline=None)


def lonlat(*places_: tuple[float, float]) -> FloatArray:
    return np.array(places_) * METRE_DEG


def dual(folder: Path) -> Roads:
    """A road with a carriageway each way, 20 m apart, and a lane across at 100 m."""
    town = Sketch()
    town.street("Main", (-300, 0), (100, 0), (300, 0), one_way=True)
    town.street("Main", (300, 20), (100, 20), (-300, 20), one_way=True)
    town.street("East", (300, 0), (300, 20))
    town.street("Ramp", (-300, 0), (-300, 20))
    town.street("Side", (100, -200), (100, 0))
    town.street("Side", (100, 0), (100, 20))
    return town.build(folder)


def names_of(roads: Roads, edges: list[int]) -> list[tuple[str, float]]:
    """Street and bearing of each edge driven."""
    found = []
    for edge in edges:
        east, north = np.diff(roads.xy_of(edge)[:2], axis=0)[0]
        bearing = float(np.degrees(np.arctan2(east, north)) % 360)
        found.append((roads.names[roads.name[edge >> 1]], round(bearing, 0)))
    return found


def test_a_heading_chooses_the_carriageway(tmp_path: Path) -> None:
    roads = dual(tmp_path)
    spots = lonlat((0, 8), (0, 12), (0, 8), (0, 12))
    east_west = np.array([90.0, 90.0, 270.0, 270.0])
    _, edges = roads.put_along(spots, Profile.CAR, east_west, np.full(4, 12.0))
    assert names_of(roads, edges.tolist()) == [("Main", 90)] * 2 + [("Main", 270)] * 2


def test_a_heading_chooses_the_street_at_a_crossing(tmp_path: Path) -> None:
    roads = dual(tmp_path)
    spots = lonlat((103, -10), (103, -10), (95, -4))
    heading = np.array([0.0, 180.0, 85.0])
    _, edges = roads.put_along(spots, Profile.CAR, heading, np.full(3, 10.0))
    assert names_of(roads, edges.tolist()) == [("Side", 0), ("Side", 180), ("Main", 90)]


def test_both_directions_of_a_two_way_street_are_open_to_who_stands(tmp_path: Path) -> None:
    roads = dual(tmp_path)
    spots = lonlat((100, -50), (0, 1))
    for heading, speed in ((np.nan, 10.0), (0.0, MOVING_MPS - 0.1), (0.0, np.nan)):
        put, edges = roads.put_along(spots, Profile.CAR, np.full(2, heading), np.full(2, speed))
        assert edges[0] == -1
        assert names_of(roads, [int(edges[1])]) == [("Main", 90)]
        plain = roads.put_on_road(spots, Profile.CAR)
        for column, same in zip(put, plain, strict=True):
            np.testing.assert_allclose(column, same)


@given(seed=st.integers(0, 10_000), known=st.booleans())
@MAY
def test_headings_equal_looking_at_every_segment(seed: int, known: bool) -> None:
    roads = Roads.load(graph_file())
    cells = roads.snappers[Profile.CAR].cells
    rng = np.random.default_rng(seed)
    points = places(roads, 8, seed)
    heading = rng.uniform(0, 360, 8) if known else np.full(8, np.nan)
    put, edges = roads.put_along(points, Profile.CAR, heading, np.full(8, 9.0))
    xy = roads.plane.to_metres(points)
    begin, step = cells.segment_xy[:, :2], cells.segment_xy[:, 2:] - cells.segment_xy[:, :2]
    size = np.maximum(np.hypot(*step.T), 1e-12)
    ways = cells.ways[cells.piece]
    for i in range(8):
        along = np.clip(((xy[i] - begin) * step).sum(axis=1) / size**2, 0, 1)
        away = np.hypot(*(begin + along[:, None] * step - xy[i]).T)
        against = np.zeros(len(away))
        if known:
            way = np.radians(heading[i])
            cosine = (step @ np.array([np.sin(way), np.cos(way)])) / size
            cosine = np.where(ways == BACKWARD, -cosine, cosine)
            cosine = np.where(ways == FORWARD | BACKWARD, np.abs(cosine), cosine)
            against = (1 - cosine) / 2
        score = np.where(away <= REACH_M, away + AGAINST_M * against, np.inf)
        if np.isinf(score.min()):
            assert put.piece[i] == -1
            continue
        best = score <= score.min() + 1e-6
        assert put.piece[i] in cells.piece[best]
        assert any(abs(put.off_s[i] * OFF_ROAD_MPS - one) < 1e-6 for one in away[best])
        assert edges[i] == -1 or edges[i] >> 1 == put.piece[i]
        if edges[i] >= 0:
            assert np.isfinite(roads.times[Profile.CAR][edges[i]])


@given(seed=st.integers(0, 10_000))
@MAY
def test_a_point_on_a_road_is_put_where_it_was_taken(seed: int) -> None:
    roads = Roads.load(graph_file())
    rng = np.random.default_rng(seed)
    drivable = np.flatnonzero(np.isfinite(roads.times[Profile.CAR][: roads.ends]))
    edges = rng.choice(drivable, 10)
    share = rng.uniform(0.0, 1.0, 10)
    points = np.array(
        [roads.shape_of(edge, at_, at_)[0] for edge, at_ in zip(edges, share, strict=True)]
    )
    put = roads.put_on_road(points, Profile.CAR)
    assert (put.off_s * OFF_ROAD_MPS < 0.01).all()
    again = np.array(
        [
            roads.shape_of(2 * piece, at_, at_)[0]
            for piece, at_ in zip(put.piece.tolist(), put.share.tolist(), strict=True)
        ]
    )
    np.testing.assert_allclose(again, points, atol=2e-7)


def test_closing_and_opening_keeps_the_grid_and_finds_the_nearest_open() -> None:
    roads = Roads.load(graph_file())
    grid = roads.snappers[Profile.CAR].cells
    points = places(roads, 50, 7)
    before = roads.put_on_road(points, Profile.CAR)
    closed = frozenset(before.piece[before.piece >= 0].tolist())
    roads.block(closed)
    after = roads.put_on_road(points, Profile.CAR)
    assert not closed & set(after.piece.tolist())
    assert (after.off_s >= before.off_s).all()
    now = roads.snappers[Profile.CAR].cells
    assert now.segment is grid.segment
    assert now.segment_xy is grid.segment_xy
    fresh = Snapper(roads.shape_xy, roads.shape_start, now.ways)
    piece, _, off_m = fresh.snap(roads.plane.to_metres(points))
    np.testing.assert_allclose(after.off_s * OFF_ROAD_MPS, off_m)
    np.testing.assert_array_equal(after.piece, piece)
    roads.unblock(closed)
    for column, same in zip(roads.put_on_road(points, Profile.CAR), before, strict=True):
        np.testing.assert_array_equal(column, same)


def test_a_road_closed_for_cars_only_in_one_direction_is_still_snapped_to(tmp_path: Path) -> None:
    roads = dual(tmp_path)
    ways = roads.snappers[Profile.CAR].cells.ways
    assert sorted(set(ways.tolist())) == [FORWARD, FORWARD | BACKWARD]
    assert set(roads.snappers[Profile.FOOT].cells.ways.tolist()) == {FORWARD | BACKWARD}
    spot = roads.put_on_road(lonlat((0, 1)), Profile.CAR)
    assert roads.reach(at(200, 0), Profile.CAR, 600).seconds_of(spot)[0] < 60
    west = roads.reach(at(-200, 0), Profile.CAR, 600).seconds_of(spot)[0]
    assert west == pytest.approx((100 + 20 + 400 + 20 + 100) / (36 * 1.15 / 3.6), abs=1)


def test_street_near_a_place() -> None:
    roads = Roads.load(graph_file())
    assert roads.street_near(Point(121.4737, 31.2304)) == "延安东路"
    assert not roads.street_near(Point(0.0, 0.0))
