"""The latest fix of every unit in columns: batched updates that distrust, masked nearest-k.

A late or out-of-order fix never moves a unit back in time; a fix from the future, outside the
area, at 0,0 or implying an impossible speed is counted and not used.
"""

import os
from collections.abc import Sequence
from enum import IntEnum
from math import cos, radians
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.air import METRES_PER_DEGREE
from geo.types import BoolArray, FloatArray, IntArray, Point, Position

JUMP_SLACK_M = 150.0
"""Two fixes of one second may differ by the error of both; a jump is more than that."""
FORGIVE_AFTER_MS = 300_000
"""After so long without a good fix a unit may be anywhere: the next fix is believed."""
AGREEING_JUMPS = 3
"""So many jumps in a row to where the unit could have driven among them, and it is there."""
OLDEST_MS = 86_400_000
"""A fix older than a day says nothing about now."""


class Verdict(IntEnum):
    """What became of a fix."""

    OK = 0
    LATE = 1
    FUTURE = 2
    OUTSIDE = 3
    ZERO = 4
    JUMP = 5
    INVALID = 6


class Tracker:
    """Columns of latest fixes; a row is a unit's place in the book."""

    def __init__(
        self,
        unit_ids: Sequence[str],
        *,
        bounds: tuple[float, float, float, float],
        impossible_mps: float,
        ahead_ms: int,
    ) -> None:
        self.ids = list(unit_ids)
        self.rows: dict[str, int] = {unit: row for row, unit in enumerate(self.ids)}
        self.bounds = bounds
        self.impossible_mps = impossible_mps
        self.ahead_ms = ahead_ms
        size = len(self.ids)
        self.lon: FloatArray = np.full(size, np.nan)
        self.lat: FloatArray = np.full(size, np.nan)
        self.at_ms: IntArray = np.zeros(size, dtype=np.int64)
        self.received_ms: IntArray = np.zeros(size, dtype=np.int64)
        self.speed_mps: FloatArray = np.full(size, np.nan)
        self.heading_deg: FloatArray = np.full(size, np.nan)
        self.accuracy_m: FloatArray = np.full(size, np.nan)
        self.verdicts: IntArray = np.zeros(len(Verdict), dtype=np.int64)
        self._jumps: IntArray = np.zeros(size, dtype=np.int64)
        self._jump_ms: IntArray = np.zeros(size, dtype=np.int64)
        self._jump_lonlat: FloatArray = np.full((size, 2), np.nan)
        self._narrow = cos(radians((bounds[1] + bounds[3]) / 2))

    def update(  # noqa: PLR0917  # columns by position, as numpy does
        self,
        rows: IntArray,
        at_ms: IntArray,
        lonlat: FloatArray,
        speed_mps: FloatArray,
        heading_deg: FloatArray,
        accuracy_m: FloatArray,
        received_ms: int,
    ) -> npt.NDArray[np.uint8]:
        """Take a batch of fixes in the order received; one verdict each.

        `rows` names units, `at_ms` the devices' UTC epoch ms, `lonlat` is (n, 2) WGS-84 degrees;
        speed in m/s, heading in degrees from north, accuracy in metres, NaN where unknown. A
        batch may hold several fixes of one unit.
        """
        verdicts = self._judge_alone(at_ms, lonlat, received_ms)
        waiting = np.flatnonzero(verdicts == Verdict.OK)
        while len(waiting):
            _, first = np.unique(rows[waiting], return_index=True)
            now = waiting[np.sort(first)]
            self._take(now, rows, at_ms, lonlat, verdicts)
            good = now[verdicts[now] == Verdict.OK]
            row = rows[good]
            self._jumps[row] = 0
            self.lon[row], self.lat[row] = lonlat[good, 0], lonlat[good, 1]
            self.at_ms[row] = at_ms[good]
            self.received_ms[row] = received_ms
            self.speed_mps[row] = speed_mps[good]
            self.heading_deg[row] = heading_deg[good]
            self.accuracy_m[row] = accuracy_m[good]
            if len(now) == len(waiting):
                break
            waiting = np.setdiff1d(waiting, now, assume_unique=True)
        self.verdicts += np.bincount(verdicts, minlength=len(Verdict))
        return verdicts

    def _judge_alone(
        self, at_ms: IntArray, lonlat: FloatArray, received_ms: int
    ) -> npt.NDArray[np.uint8]:
        """What a fix shows to be wrong by itself; the gravest reason stands."""
        west, south, east, north = self.bounds
        lon, lat = lonlat[:, 0], lonlat[:, 1]
        verdicts = np.zeros(len(at_ms), dtype=np.uint8)
        inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        verdicts[~inside] = Verdict.OUTSIDE
        verdicts[(np.abs(lon) < 1e-6) & (np.abs(lat) < 1e-6)] = Verdict.ZERO
        verdicts[~(np.isfinite(lon) & np.isfinite(lat))] = Verdict.INVALID
        ok = verdicts == Verdict.OK
        verdicts[ok & (at_ms > received_ms + self.ahead_ms)] = Verdict.FUTURE
        verdicts[ok & (at_ms < received_ms - OLDEST_MS)] = Verdict.LATE
        return verdicts

    def _take(
        self,
        now: IntArray,
        rows: IntArray,
        at_ms: IntArray,
        lonlat: FloatArray,
        verdicts: npt.NDArray[np.uint8],
    ) -> None:
        """Judge one fix per unit against what is known of that unit."""
        row = rows[now]
        known = self.at_ms[row] > 0
        passed_ms = at_ms[now] - self.at_ms[row]
        verdicts[now[known & (passed_ms <= 0)]] = Verdict.LATE
        came = np.column_stack((self.lon[row], self.lat[row]))
        far = self._too_far(lonlat[now] - came, passed_ms)
        jumped = known & (passed_ms > 0) & (passed_ms < FORGIVE_AFTER_MS) & far
        if jumped.any():
            self._doubt(now[jumped], rows, at_ms, lonlat, verdicts)

    def _too_far(self, moved: FloatArray, passed_ms: IntArray) -> BoolArray:
        """Whether (n, 2) degrees are more than anyone drives in so many milliseconds."""
        moved_m = METRES_PER_DEGREE * np.hypot(moved[:, 0] * self._narrow, moved[:, 1])
        can_m = JUMP_SLACK_M + self.impossible_mps * np.maximum(passed_ms, 0) / 1000
        too_far: BoolArray = moved_m > can_m
        return too_far

    def _doubt(
        self,
        now: IntArray,
        rows: IntArray,
        at_ms: IntArray,
        lonlat: FloatArray,
        verdicts: npt.NDArray[np.uint8],
    ) -> None:
        """Refuse jumps, until several agree: then it was the fix we held that was wrong."""
        row = rows[now]
        passed_ms = at_ms[now] - self._jump_ms[row]
        agrees = (self._jumps[row] > 0) & (passed_ms > 0) & (passed_ms < FORGIVE_AFTER_MS)
        agrees &= ~self._too_far(lonlat[now] - self._jump_lonlat[row], passed_ms)
        self._jumps[row] = np.where(agrees, self._jumps[row] + 1, 1)
        self._jump_ms[row] = at_ms[now]
        self._jump_lonlat[row] = lonlat[now]
        verdicts[now[self._jumps[row] < AGREEING_JUMPS]] = Verdict.JUMP

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> tuple[IntArray, FloatArray]:
        """Rows and air metres of the `k` nearest to a lon/lat place among `may_go`.

        Units that never had a good fix are left out. Nearest first, ties by row.
        """
        rows = np.flatnonzero(may_go & (self.at_ms > 0))
        east = (self.lon[rows] - to.lon) * cos(radians(to.lat))
        air_m = METRES_PER_DEGREE * np.hypot(east, self.lat[rows] - to.lat)
        if len(rows) > k:
            edge = np.partition(air_m, k - 1)[k - 1]
            near = np.flatnonzero(air_m <= edge)
            rows, air_m = rows[near], air_m[near]
        order = np.lexsort((rows, air_m))[:k]
        return rows[order], air_m[order]

    def at(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """(n, 2) lon/lat WGS-84 degrees and epoch ms of the latest good fixes of some rows."""
        return np.column_stack((self.lon[rows], self.lat[rows])), self.at_ms[rows]

    def get(self, row: int) -> Position | None:
        """The latest good fix of a row, or None when it never had one."""
        if self.at_ms[row] == 0:
            return None
        return Position(
            lon=float(self.lon[row]),
            lat=float(self.lat[row]),
            at_ms=int(self.at_ms[row]),
            speed_mps=_known(self.speed_mps[row]),
            heading_deg=_known(self.heading_deg[row]),
            accuracy_m=_known(self.accuracy_m[row]),
        )

    def save(self, path: Path) -> None:
        """Keep the latest fixes in a file that appears whole or not at all."""
        part = path.with_name(path.name + ".part")
        with part.open("wb") as out:
            np.savez(
                out,
                ids=np.array(self.ids, dtype=np.str_),
                at_ms=self.at_ms,
                received_ms=self.received_ms,
                columns=np.column_stack(
                    (self.lon, self.lat, self.speed_mps, self.heading_deg, self.accuracy_m)
                ),
            )
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)

    def load(self, path: Path) -> None:
        """Take over kept fixes of units that are still in the book, with their age."""
        with np.load(path, allow_pickle=False) as kept:
            pairs = [(self.rows[u], i) for i, u in enumerate(kept["ids"]) if u in self.rows]
            if not pairs:
                return
            rows, old = np.array(pairs).T
            self.at_ms[rows] = kept["at_ms"][old]
            self.received_ms[rows] = kept["received_ms"][old]
            columns = kept["columns"][old].T
        self.lon[rows], self.lat[rows] = columns[0], columns[1]
        self.speed_mps[rows], self.heading_deg[rows] = columns[2], columns[3]
        self.accuracy_m[rows] = columns[4]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
