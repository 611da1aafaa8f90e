"""The last fixes of every unit in rings of fixed size: where it came from, how fast it moves."""

from typing import NamedTuple

import numpy as np

from geo.air import METRES_PER_DEGREE
from geo.search import compiled
from geo.types import BoolArray, FloatArray, IntArray

KEPT_FIXES = 32
"""Half a minute of a unit that reports every second; 77 MB for 100 000 units."""
SPEED_OVER_MS = 10_000
"""Long enough that the error of two fixes is small beside the way between them."""


class Trails(NamedTuple):
    """Rings by row: (n, kept, 2) lon/lat WGS-84 degrees, (n, kept) epoch ms, fixes ever put in."""

    lonlat: FloatArray
    at_ms: IntArray
    taken: IntArray


def make_trails(units: int, kept: int = KEPT_FIXES) -> Trails:
    """Empty rings of `kept` fixes each; the memory is taken as fixes come."""
    if kept < 1:
        raise ValueError(f"a trail of {kept} fixes keeps nothing")
    return Trails(
        np.zeros((units, kept, 2)),
        np.zeros((units, kept), dtype=np.int64),
        np.zeros(units, dtype=np.int64),
    )


@compiled
def lengthen(
    trails: Trails, rows: IntArray, at_ms: IntArray, lonlat: FloatArray, anew: BoolArray
) -> None:
    """Put newer fixes in, each unit's in their order; the oldest of a full ring goes.

    Where `anew`, the way to where the unit is does not lead from where it was held to be.
    """
    kept = trails.at_ms.shape[1]
    for i, row in enumerate(rows):
        if anew[i]:
            trails.taken[row] = 0
        at = trails.taken[row] % kept
        trails.lonlat[row, at, 0], trails.lonlat[row, at, 1] = lonlat[i, 0], lonlat[i, 1]
        trails.at_ms[row, at] = at_ms[i]
        trails.taken[row] += 1


def read_trail(trails: Trails, row: int) -> tuple[FloatArray, IntArray]:
    """(n, 2) lon/lat WGS-84 degrees and (n,) epoch ms of a row's last fixes, oldest first."""
    kept = trails.at_ms.shape[1]
    count = int(trails.taken[row])
    at = np.arange(max(count - kept, 0), count) % kept
    return trails.lonlat[row, at], trails.at_ms[row, at]


@compiled
def speeds(trails: Trails, rows: IntArray, over_ms: int) -> FloatArray:
    """Metres a second of rows by their trails over about the last `over_ms`; NaN where unknown.

    From the newest fix back to the oldest that is not longer ago, in a straight line: summed from
    fix to fix the error of each would add up, and a parked car would seem to drive.
    """
    kept = trails.at_ms.shape[1]
    out = np.full(len(rows), np.nan)
    for i, row in enumerate(rows):
        count = trails.taken[row]
        if count < 2:
            continue
        newest = (count - 1) % kept
        oldest = newest
        for back in range(2, min(count, kept) + 1):
            at = (count - back) % kept
            if trails.at_ms[row, newest] - trails.at_ms[row, at] > over_ms:
                break
            oldest = at
        passed_ms = trails.at_ms[row, newest] - trails.at_ms[row, oldest]
        if passed_ms <= 0:
            continue
        north = trails.lonlat[row, newest, 1] - trails.lonlat[row, oldest, 1]
        east = trails.lonlat[row, newest, 0] - trails.lonlat[row, oldest, 0]
        east *= np.cos(np.radians(trails.lonlat[row, newest, 1]))
        out[i] = np.hypot(east, north) * METRES_PER_DEGREE * 1000.0 / passed_ms
    return out
