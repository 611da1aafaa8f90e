"""Learnt travel times and rush hours, in force by the clock of the district."""

import json
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from geo.roads import Roads
from geo.types import Point, Profile
from street110.config import ConfigError, TravelConfig, load_config
from street110.terrain import load_roads
from street110.travel import TravelTimes

SHANGHAI = Path(__file__).parent.parent / "simulator/districts/shanghai"
SEVEN_MS = 1_764_025_200_000
"""2025-11-25 07:00 in Shanghai."""
HOUR_MS = 3_600_000
HERE, THERE = Point(121.4737, 31.2304), np.array([[121.4900, 31.2400]])


@pytest.fixture(scope="module")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Roads:
    return load_roads(SHANGHAI, tmp_path_factory.mktemp("state"))


def drive_s(roads: Roads) -> float:
    return float(roads.reach(HERE, Profile.CAR, 3_600.0).seconds(THERE)[0])


def make(roads: Roads, factors: Path | None, rush: Path | None = None) -> TravelTimes:
    options = TravelConfig(
        factors_file=str(factors) if factors else None, rush_file=str(rush) if rush else None
    )
    return TravelTimes(options, roads, "Asia/Shanghai", CollectorRegistry())


def test_the_hour_and_the_file_decide_and_a_broken_file_leaves_what_was(
    roads: Roads, tmp_path: Path
) -> None:
    free_s = drive_s(roads)
    file = tmp_path / "factors.json"
    file.write_text(json.dumps({"trips": 90, "hours": {"car": {"7": 1.5, "8": 2.0}}}))
    times = make(roads, file)
    times.begin(SEVEN_MS)
    seven_s = drive_s(roads)
    times.look(SEVEN_MS + HOUR_MS)
    eight_s = drive_s(roads)
    assert free_s < seven_s < eight_s
    assert eight_s == pytest.approx(2 * free_s, rel=0.1)
    file.write_text('{"hours": {"car": {"8": -1}}}')
    times.look(SEVEN_MS + HOUR_MS)
    assert drive_s(roads) == eight_s
    file.write_text(json.dumps({"on": False, "hours": {"car": {"8": 2.0}}}))
    times.look(SEVEN_MS + HOUR_MS)
    assert drive_s(roads) == free_s


def test_rush_hours_end(roads: Roads, tmp_path: Path) -> None:
    free_s = drive_s(roads)
    day = [1.0] * 24
    day[7] = 3.0
    rush = tmp_path / "rush.json"
    kinds = ("motorway", "trunk", "primary", "secondary", "tertiary", "residential")
    rush.write_text(json.dumps({"by_class": dict.fromkeys(kinds, day)}))
    times = make(roads, None, rush)
    times.begin(SEVEN_MS)
    assert drive_s(roads) > 1.5 * free_s
    times.look(SEVEN_MS + HOUR_MS)
    assert drive_s(roads) == free_s


def test_a_file_that_is_no_table_of_factors_is_told_at_the_start(
    roads: Roads, tmp_path: Path
) -> None:
    file = tmp_path / "factors.json"
    file.write_text('{"classes": {"canal": 2.0}}')
    with pytest.raises(ConfigError, match=r"factors\.json: canal: not a class of road"):
        make(roads, file).begin(SEVEN_MS)
    with pytest.raises(ConfigError, match="No such file"):
        make(roads, tmp_path / "none.json").begin(SEVEN_MS)


def test_paths_start_at_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "street110.toml"
    file.write_text('district = "d"\n[travel]\nfactors_file = "learnt/factors.json"\n')
    assert load_config(file).travel.factors_file == str(tmp_path / "learnt/factors.json")
