"""Our ways against those of OSRM, which read the same extracts by its own rules.

OSRM's answers are kept beside the networks: `stock_m` by its own car profile, `same_speeds` by
our speeds and without costs of turns. Why single pairs differ: docs/decisions/301.
"""

import csv
import gzip
from functools import cache

import numpy as np
import pytest

from geo.reach import Reach
from geo.types import FloatArray, Point, Profile
from tests.geo_proof_towns import DATA, PAIRS, roads_of

NO_LIMIT_S = 1e9
FOUR = ("shanghai", "porto", "nanjing", "monaco")
SAME_MEDIAN, LARGE = 0.02, 0.02
MOST_LARGE = {"shanghai": 0.015, "porto": 0.045, "nanjing": 0.005, "monaco": 0.085}
"""Shares of pairs that differ by more than 2 % on equal speeds, each explained in the note."""


@cache
def answers(town: str) -> tuple[list[tuple[Point, Point]], FloatArray]:
    """The pairs of a town, and OSRM's metres, metres and seconds on equal speeds."""
    with gzip.open(DATA / "osrm_answers.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["town"] == town]
    pairs = [
        (
            Point(float(row["start_lon"]), float(row["start_lat"])),
            Point(float(row["goal_lon"]), float(row["goal_lat"])),
        )
        for row in rows
    ]
    columns = ("stock_m", "same_speeds_m", "same_speeds_s")
    return pairs, np.array([[float(row[name]) for name in columns] for row in rows])


@pytest.mark.parametrize("town", FOUR)
def test_distances_are_those_of_a_mature_router(town: str) -> None:
    roads = roads_of(town)
    pairs, theirs = answers(town)
    assert len(pairs) == PAIRS
    ours = np.zeros((PAIRS, 2))
    for i, (start, to) in enumerate(pairs):
        reach = Reach(roads, to, Profile.CAR, NO_LIMIT_S)
        route = reach.find_route(start)
        assert route is not None
        _, _, off_s = roads.spot_of(start, roads.snappers[Profile.CAR])
        ours[i] = route.length_m, route.seconds - off_s - reach.off_s
    stock = np.abs(ours[:, 0] / np.maximum(theirs[:, 0], 1) - 1)
    equal = np.abs(ours[:, 0] / np.maximum(theirs[:, 1], 1) - 1)
    seconds = np.abs(ours[:, 1] / np.maximum(theirs[:, 2], 0.1) - 1)
    assert np.median(stock) <= SAME_MEDIAN, f"{np.median(stock):.2%}"
    assert np.median(equal) <= 0.0005, f"{np.median(equal):.4%}"
    assert np.median(seconds) <= 0.005, f"{np.median(seconds):.4%}"
    large = float((equal > LARGE).mean())
    assert large <= MOST_LARGE[town], f"{large:.1%} differ by more than {LARGE:.0%}"
