"""The latest fix of every unit in columns: batched updates that distrust, nearest, areas, trails.

What becomes of a fix is decided in `geo.fixes`; who is near is found in `geo.grid`; where a unit
came from is kept in `geo.trails`.
"""

import os
from collections.abc import Sequence
from math import cos, radians
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from geo import grid, trails
from geo.fixes import Fixes, Jumps, Latest, Rules, Verdict, take
from geo.types import BoolArray, FloatArray, IntArray, Point, Position

__all__ = ["Tracker", "Verdict"]


class Tracker:
    """Columns of latest fixes; a row is a unit's place in the book.

    `bounds` are the operating area: west, south, east, north in WGS-84 degrees. A fix further
    from the last than `impossible_mps` allows is a jump; one dated more than `ahead_ms` after its
    receipt is from the future. `kept_fixes` of each unit are kept as its trail.
    """

    def __init__(
        self,
        unit_ids: Sequence[str],
        *,
        bounds: tuple[float, float, float, float],
        impossible_mps: float,
        ahead_ms: int,
        kept_fixes: int = trails.KEPT_FIXES,
    ) -> None:
        self.ids = list(unit_ids)
        self.rows: dict[str, int] = {unit: row for row, unit in enumerate(self.ids)}
        self.bounds = bounds
        narrow = cos(radians((bounds[1] + bounds[3]) / 2))
        west, south, east, north = map(float, bounds)
        self.rules = Rules(west, south, east, north, float(impossible_mps), int(ahead_ms), narrow)
        size = len(self.ids)
        self.lon: FloatArray = np.full(size, np.nan)
        self.lat: FloatArray = np.full(size, np.nan)
        self.at_ms: IntArray = np.zeros(size, dtype=np.int64)
        self.received_ms: IntArray = np.zeros(size, dtype=np.int64)
        self.speed_mps: FloatArray = np.full(size, np.nan)
        self.heading_deg: FloatArray = np.full(size, np.nan)
        self.accuracy_m: FloatArray = np.full(size, np.nan)
        self.verdicts: IntArray = np.zeros(len(Verdict), dtype=np.int64)
        self._latest = Latest(
            self.lon,
            self.lat,
            self.at_ms,
            self.received_ms,
            self.speed_mps,
            self.heading_deg,
            self.accuracy_m,
        )
        self._jumps = Jumps(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros((size, 2)))
        self._grid = grid.make_grid(bounds, size)
        self._trails = trails.make_trails(size, kept_fixes)
        self._warm_up()

    def _warm_up(self) -> None:
        """Compile the inner loops before the first fix needs them."""
        nobody, nowhere = np.zeros(0, np.int64), np.zeros(0)
        none = np.zeros((0, 2))
        Tracker.update(self, nobody, nobody, none, nowhere, nowhere, nowhere, 0)
        grid.rehearse(self._grid, self.lon, self.lat)
        self.speeds_from_trail(nobody)

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
        batch may hold several fixes of one unit. Raises IndexError when a row is nobody's.
        """
        count = len(rows)
        if count and not (rows.min() >= 0 and rows.max() < len(self.ids)):
            raise IndexError(f"rows {rows.min()} to {rows.max()} of {len(self.ids)} units")
        columns = (at_ms, lonlat, speed_mps, heading_deg, accuracy_m)
        assert all(len(column) == count for column in columns), "columns are of one length"
        fixes = Fixes(
            np.ascontiguousarray(rows, np.int64),
            np.ascontiguousarray(at_ms, np.int64),
            *(np.ascontiguousarray(column, np.float64) for column in columns[1:]),
        )
        verdicts, believed = take(fixes, received_ms, self.rules, self._latest, self._jumps)
        good = np.flatnonzero(verdicts == Verdict.OK)
        self._follow(fixes.rows[good], fixes.at_ms[good], fixes.lonlat[good], believed[good])
        self.verdicts += np.bincount(verdicts, minlength=len(Verdict))
        return verdicts

    def _follow(self, rows: IntArray, at_ms: IntArray, lonlat: FloatArray, anew: BoolArray) -> None:
        """Bring cells and trails up to good fixes that the columns hold already."""
        grid.put_all(self._grid, rows, self.lon, self.lat)
        trails.lengthen(self._trails, rows, at_ms, lonlat, anew)

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> tuple[IntArray, FloatArray]:
        """Rows and air metres of the `k` nearest to a lon/lat WGS-84 place among `may_go`.

        Units that never had a good fix are left out. Nearest first, ties by row.
        """
        assert len(may_go) == len(self.ids), "the mask has a place for every unit"
        mask = np.ascontiguousarray(may_go, np.bool_)
        return grid.nearest(self._grid, self.lon, self.lat, mask, to, min(k, len(self.ids)))

    def in_box(self, west: float, south: float, east: float, north: float) -> IntArray:
        """Rows of all units in a box of WGS-84 degrees, its edges included, ascending."""
        return grid.within(self._grid, self.lon, self.lat, (west, south, east, north))

    def in_area(self, area: shapely.Polygon | shapely.MultiPolygon) -> IntArray:
        """Rows of all units in a polygon of lon/lat WGS-84 degrees, its edges included, ascending.

        Holes are outside; an empty area holds nobody.
        """
        if area.is_empty:
            return np.zeros(0, np.int64)
        rows = self.in_box(*area.bounds)
        shapely.prepare(area)
        inside: BoolArray = shapely.intersects_xy(area, self.lon[rows], self.lat[rows])
        return rows[inside]

    def trail(self, row: int) -> tuple[FloatArray, IntArray]:
        """(n, 2) lon/lat WGS-84 degrees and epoch ms of a row's last good fixes, oldest first.

        A trail begins anew when the fixes before it turned out to be wrong.
        """
        return trails.read_trail(self._trails, row)

    def speed_from_trail(self, row: int, over_ms: int = trails.SPEED_OVER_MS) -> float | None:
        """Metres a second of a row over about the last `over_ms` before its latest fix.

        None when it has no two fixes so near in time. For devices that report no speed.
        """
        return _known(self.speeds_from_trail(np.array([row]), over_ms)[0])

    def speeds_from_trail(self, rows: IntArray, over_ms: int = trails.SPEED_OVER_MS) -> FloatArray:
        """As `speed_from_trail`, for many rows; NaN where unknown."""
        return trails.speeds(self._trails, np.ascontiguousarray(rows, np.int64), over_ms)

    def stale(self, now_ms: int, after_ms: IntArray | int) -> BoolArray:
        """Which rows have no fix or one older than `after_ms`, by row or the same for all."""
        is_stale: BoolArray = now_ms - self.at_ms > after_ms
        return is_stale

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
        rows = rows[self.at_ms[rows] > 0]
        lonlat = np.column_stack((self.lon[rows], self.lat[rows]))
        self._follow(rows, self.at_ms[rows], lonlat, np.ones(len(rows), np.bool_))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
