"""Indexes of what moves, each asked the same: ours, and those that live in the same process.

All hold the same units. An update counts when the next query sees it; who may go is told with
the query, as a mask. Metres are those of an equirectangular plane at the middle of the city.
"""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import rtree
import shapely
from scipy.spatial import cKDTree

from geo.air import METRES_PER_DEGREE
from geo.tracker import Tracker
from geo.types import BoolArray, FloatArray, IntArray, Point

BOUNDS = (121.2, 30.95, 121.8, 31.45)
MIDDLE = np.array([121.5, 31.2])
SCALE_M = METRES_PER_DEGREE * np.array([np.cos(np.radians(MIDDLE[1])), 1.0])
START_MS = 1_800_000_000_000
IDLE_SHARE = 0.3
"""So many of the units may go."""
MORE = 2.0
"""So many times the expected are fetched where the index knows no mask."""


def to_metres(lonlat: FloatArray) -> FloatArray:
    """(n, 2) or (2,) WGS-84 degrees to metres east and north of the middle."""
    metres: FloatArray = (lonlat - MIDDLE) * SCALE_M
    return metres


class Peer(Protocol):
    """An index that follows moving units and names the nearest of those who may go."""

    name: str
    version: str

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:
        """Take a batch of places; a query after it sees them."""
        ...

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """The rows of the `k` nearest who may go, nearest first."""
        ...

    def pids(self) -> list[int]:
        """Processes other than this one that do the work."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class InProcess:
    """What every index without a server of its own has in common."""

    def pids(self) -> list[int]:
        """None but this one."""
        return []

    def close(self) -> None:
        """Nothing to give back."""


class Ours(InProcess):
    """The tracker: besides following, it judges every fix and keeps trails."""

    name = "street110"
    version = "this tree"

    def __init__(self, lonlat: FloatArray) -> None:
        ids = [str(row) for row in range(len(lonlat))]
        self._tracker = Tracker(ids, bounds=BOUNDS, impossible_mps=70.0, ahead_ms=2_000)
        self.move(np.arange(len(lonlat)), lonlat, START_MS)

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:
        """As a gateway hands them over."""
        none = np.full(len(rows), np.nan)
        at_ms = np.full(len(rows), now_ms)
        verdicts = self._tracker.update(rows, at_ms, lonlat, none, none, none, now_ms)
        assert not verdicts.any(), "every fix of the benchmark is good"

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """By the grid."""
        return self._tracker.nearest(to, k, may_go)[0]


class Scan(InProcess):
    """The plainest: columns, and a look at everyone for each query."""

    name = "numpy, all looked at"
    version = np.__version__

    def __init__(self, lonlat: FloatArray) -> None:
        self._xy = to_metres(lonlat)

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:  # noqa: ARG002
        """Two columns are written."""
        self._xy[rows] = to_metres(lonlat)

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """By partition, then sort."""
        rows = np.flatnonzero(may_go)
        away = np.hypot(*(self._xy[rows] - to_metres(np.array([to.lon, to.lat]))).T)
        near = np.argpartition(away, k)[:k] if len(rows) > k else np.arange(len(rows))
        found: IntArray = rows[near[np.argsort(away[near])]]
        return found


class Rtree(InProcess):
    """libspatialindex by rtree: a delete and an insert for each move."""

    name = "rtree"
    version = rtree.__version__

    def __init__(self, lonlat: FloatArray) -> None:
        self._xy = to_metres(lonlat)
        stream = ((row, (x, y, x, y), None) for row, (x, y) in enumerate(self._xy.tolist()))
        self._index = rtree.index.Index(stream)

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:  # noqa: ARG002
        """One by one, for there is no other way."""
        for row, (x, y) in zip(rows.tolist(), to_metres(lonlat).tolist(), strict=True):
            was_x, was_y = self._xy[row].tolist()
            self._index.delete(row, (was_x, was_y, was_x, was_y))
            self._index.insert(row, (x, y, x, y))
            self._xy[row] = x, y

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """More than asked for, until enough of them may go."""
        x, y = to_metres(np.array([to.lon, to.lat])).tolist()

        def ask(count: int) -> IntArray:
            found = self._index.nearest((x, y, x, y), count)
            return np.fromiter(found, np.int64)

        return widen(ask, k, may_go)


class KdTree(InProcess):
    """SciPy's cKDTree, built anew for the first query after a move."""

    name = "SciPy cKDTree, rebuilt"

    def __init__(self, lonlat: FloatArray) -> None:
        import scipy  # noqa: PLC0415

        self.version = scipy.__version__
        self._xy = to_metres(lonlat)
        self._tree: cKDTree | None = None

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:  # noqa: ARG002
        """The tree cannot move a point; it is built again at once."""
        self._xy[rows] = to_metres(lonlat)
        self._tree = cKDTree(self._xy, balanced_tree=False, compact_nodes=False)

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """More than asked for, until enough of them may go."""
        here = to_metres(np.array([to.lon, to.lat]))
        tree = self._tree or cKDTree(self._xy)
        return widen(lambda count: tree.query(here, min(count, len(may_go)))[1], k, may_go)


class StrTree(InProcess):
    """Shapely's STRtree, built anew; it has no k nearest, so circles are asked."""

    name = "shapely STRtree, rebuilt"
    version = shapely.__version__

    def __init__(self, lonlat: FloatArray) -> None:
        self._xy = to_metres(lonlat)
        self._start_m = first_circle_m(len(lonlat))
        self._tree = shapely.STRtree(shapely.points(self._xy))

    def move(self, rows: IntArray, lonlat: FloatArray, now_ms: int) -> None:  # noqa: ARG002
        """The tree cannot move a point; it is built again at once."""
        self._xy[rows] = to_metres(lonlat)
        self._tree = shapely.STRtree(shapely.points(self._xy))
        self._tree.query(shapely.Point(0, 0))  # it is built by its first question

    def nearest(self, to: Point, k: int, may_go: BoolArray) -> IntArray:
        """All in a circle, sorted by us."""
        here = to_metres(np.array([to.lon, to.lat]))
        point = shapely.Point(*here)

        def ask(radius_m: float) -> IntArray:
            rows = self._tree.query(point, predicate="dwithin", distance=radius_m)
            away = np.hypot(*(self._xy[rows] - here).T)
            found: IntArray = rows[np.argsort(away)]
            return found

        return widen_circle(ask, k, may_go, self._start_m)


def widen(ask: Callable[[int], IntArray], k: int, may_go: BoolArray) -> IntArray:
    """Ask an index that knows no mask for more and more, until `k` of them may go."""
    count = int(k / IDLE_SHARE * MORE)
    while True:
        rows = ask(count)
        good: IntArray = rows[may_go[rows]]
        if len(good) >= k or count >= len(may_go):
            return good[:k]
        count *= 2


def widen_circle(
    ask: Callable[[float], IntArray], k: int, may_go: BoolArray, radius_m: float
) -> IntArray:
    """Ask for all in larger and larger circles, until `k` of them may go."""
    while True:
        rows = ask(radius_m)
        good: IntArray = rows[may_go[rows]]
        if len(good) >= k or radius_m > 100_000:
            return good[:k]
        radius_m *= 2


def first_circle_m(units: int) -> float:
    """The circle that holds enough in the centre of the city, of so many units."""
    return 600.0 * math.sqrt(10_000 / units)
