"""Our nearest by road against a city's own answer, and our roads against where taxis drove."""

import csv

import numpy as np
import pyarrow.parquet as pq

from geo.roads import OFF_ROAD_MPS, Roads
from geo.types import FloatArray, Point, Profile
from tests.geo_proof_towns import DATA, roads_of

HOUR_S = 3_600.0
NOT_IN_THE_TABLE = {"35", "48"}
"""Stations whose place the table of stations does not give: a pier, and Treasure Island."""
FIRST_SHARE, FIRST_TWO_SHARE = 0.84, 0.96
NEAR_M, NEAR_SHARE = 30.0, 0.98


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rank_of_own(roads: Roads, calls: list[dict[str, str]]) -> FloatArray:
    """How many stations are nearer by road than the official first-due one, call by call."""
    stations = read_rows("sf_fire_stations.csv")
    number = {station["station"]: i for i, station in enumerate(stations)}
    stand = np.array([(float(one["lon"]), float(one["lat"])) for one in stations])
    places = [Point(float(call["longitude"]), float(call["latitude"])) for call in calls]
    times = np.array([roads.reach(to, Profile.CAR, HOUR_S).seconds(stand) for to in places])
    own = times[np.arange(len(calls)), [number[call["station_area"]] for call in calls]]
    assert np.isfinite(own).all()
    nearer: FloatArray = (times < own[:, None]).sum(axis=1)
    return nearer


def test_the_nearest_station_is_the_one_the_city_sends_first() -> None:
    rows = read_rows("sf_fire_calls_20180113_0120.csv")
    calls = [call for call in rows if call["station_area"] not in NOT_IN_THE_TABLE]
    assert len(rows) == 3_210
    assert len(calls) == 3_139
    nearer = rank_of_own(roads_of("san francisco"), calls)
    first, first_two = float((nearer == 0).mean()), float((nearer <= 1).mean())
    said = f"first {first:.1%}, among the first two {first_two:.1%} of {len(calls)} calls"
    assert first >= FIRST_SHARE, said
    assert first_two >= FIRST_TWO_SHARE, said


def test_taxis_stand_on_the_roads_they_are_put_on() -> None:
    table = pq.read_table(DATA / "porto_taxi_20130701.parquet")
    fixes = np.column_stack((table["lon_e6"].to_numpy(), table["lat_e6"].to_numpy())) / 1e6
    assert len(fixes) == 47_304
    spots = roads_of("porto").put_on_road(fixes, Profile.CAR)
    off_m = spots.off_s * OFF_ROAD_MPS
    near = float((off_m <= NEAR_M).mean())
    assert near >= NEAR_SHARE, f"{near:.2%} within {NEAR_M:.0f} m"
    assert np.median(off_m) < 5
