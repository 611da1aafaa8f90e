"""What becomes of a fix: one pass over a batch, in machine code, each fix in its turn.

A late or out-of-order fix never moves a unit back in time; a fix from the future, outside the
area, at 0,0 or implying an impossible speed is not used. A batch may hold many fixes of one unit:
each is judged by what the ones before it left behind, and costs the same.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.air import METRES_PER_DEGREE
from geo.search import compiled
from geo.types import BoolArray, FloatArray, IntArray

JUMP_SLACK_M = 150.0
"""Two fixes of one second may differ by the error of both; a jump is more than that."""
FORGIVE_AFTER_MS = 300_000
"""After so long without a good fix a unit may be anywhere: the next fix is believed."""
AGREEING_JUMPS = 3
"""So many jumps in a row to where the unit could have driven among them, and it is there."""
OLDEST_MS = 86_400_000
"""A fix older than a day says nothing about now."""
ZERO_DEG = 1e-6
"""A receiver without satellites reports 0,0."""


class Verdict(IntEnum):
    """What became of a fix."""

    OK = 0
    LATE = 1
    FUTURE = 2
    OUTSIDE = 3
    ZERO = 4
    JUMP = 5
    INVALID = 6


class Fixes(NamedTuple):
    """A batch in columns, in the order received; `lonlat` is (n, 2) WGS-84 degrees."""

    rows: IntArray
    at_ms: IntArray
    lonlat: FloatArray
    speed_mps: FloatArray
    heading_deg: FloatArray
    accuracy_m: FloatArray


class Latest(NamedTuple):
    """Columns by row of the latest good fix; `at_ms` is 0 where there never was one."""

    lon: FloatArray
    lat: FloatArray
    at_ms: IntArray
    received_ms: IntArray
    speed_mps: FloatArray
    heading_deg: FloatArray
    accuracy_m: FloatArray


class Jumps(NamedTuple):
    """Columns by row of the refused jumps since: how many agree, and the last of them."""

    agreeing: IntArray
    at_ms: IntArray
    lonlat: FloatArray


class Rules(NamedTuple):
    """West, south, east, north; metres a second nobody drives; ms a device's clock may be ahead.

    `narrow` is what a degree of longitude is of one of latitude.
    """

    west: float
    south: float
    east: float
    north: float
    impossible_mps: float
    ahead_ms: int
    narrow: float


@compiled
def judge_alone(rules: Rules, lon: float, lat: float, at_ms: int, received_ms: int) -> int:
    """What a fix shows to be wrong by itself; the gravest reason stands."""
    if not (np.isfinite(lon) and np.isfinite(lat)):
        return Verdict.INVALID
    if abs(lon) < ZERO_DEG and abs(lat) < ZERO_DEG:
        return Verdict.ZERO
    if not (rules.west <= lon <= rules.east and rules.south <= lat <= rules.north):
        return Verdict.OUTSIDE
    if at_ms > received_ms + rules.ahead_ms:
        return Verdict.FUTURE
    return Verdict.LATE if at_ms < received_ms - OLDEST_MS else Verdict.OK


@compiled
def too_far(rules: Rules, east_deg: float, north_deg: float, passed_ms: int) -> bool:
    """Whether a move in degrees is more than anyone drives in so many milliseconds."""
    moved_m = METRES_PER_DEGREE * np.hypot(east_deg * rules.narrow, north_deg)
    return bool(moved_m > JUMP_SLACK_M + rules.impossible_mps * max(passed_ms, 0) / 1000.0)


@compiled
def agree(  # noqa: PLR0917  # compiled: columns by position
    rules: Rules, jumps: Jumps, row: int, lon: float, lat: float, at_ms: int
) -> bool:
    """Count a jump; whether enough agree, so that it was the fix we held that was wrong."""
    passed_ms = at_ms - jumps.at_ms[row]
    follows = jumps.agreeing[row] > 0 and 0 < passed_ms < FORGIVE_AFTER_MS
    if follows:
        east, north = lon - jumps.lonlat[row, 0], lat - jumps.lonlat[row, 1]
        follows = not too_far(rules, east, north, passed_ms)
    jumps.agreeing[row] = jumps.agreeing[row] + 1 if follows else 1
    jumps.at_ms[row] = at_ms
    jumps.lonlat[row, 0], jumps.lonlat[row, 1] = lon, lat
    return bool(jumps.agreeing[row] >= AGREEING_JUMPS)


@compiled
def take(
    fixes: Fixes, received_ms: int, rules: Rules, latest: Latest, jumps: Jumps
) -> tuple[npt.NDArray[np.uint8], BoolArray]:
    """Judge a batch fix by fix and keep the good ones; one verdict each.

    Also tells with which fixes a unit turned out never to have been where it was held to be.
    """
    verdicts = np.zeros(len(fixes.rows), dtype=np.uint8)
    believed = np.zeros(len(fixes.rows), dtype=np.bool_)
    for i in range(len(fixes.rows)):
        row, at_ms = fixes.rows[i], fixes.at_ms[i]
        lon, lat = fixes.lonlat[i, 0], fixes.lonlat[i, 1]
        verdict = judge_alone(rules, lon, lat, at_ms, received_ms)
        passed_ms = at_ms - latest.at_ms[row]
        if verdict == Verdict.OK and latest.at_ms[row] > 0:
            if passed_ms <= 0:
                verdict = Verdict.LATE
            elif passed_ms < FORGIVE_AFTER_MS and too_far(
                rules, lon - latest.lon[row], lat - latest.lat[row], passed_ms
            ):
                if agree(rules, jumps, row, lon, lat, at_ms):
                    believed[i] = True
                else:
                    verdict = Verdict.JUMP
        verdicts[i] = verdict
        if verdict != Verdict.OK:
            continue
        jumps.agreeing[row] = 0
        latest.lon[row], latest.lat[row] = lon, lat
        latest.at_ms[row], latest.received_ms[row] = at_ms, received_ms
        latest.speed_mps[row] = fixes.speed_mps[i]
        latest.heading_deg[row] = fixes.heading_deg[i]
        latest.accuracy_m[row] = fixes.accuracy_m[i]
    return verdicts, believed
