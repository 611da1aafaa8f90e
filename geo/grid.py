"""What moves, in a grid of cells that is never rebuilt: the compiled loops over it.

Each cell holds a doubly linked list of rows, so that a unit changes its cell in constant time
and nothing is allocated. Distances are equirectangular at the latitude asked from, as in
`geo.air`: 0.1 % within a city. Coordinates are lon, lat in WGS-84 degrees.
"""

from math import ceil, cos, radians, sqrt
from typing import NamedTuple

import numpy as np

from geo.air import METRES_PER_DEGREE
from geo.search import NOWHERE, compiled
from geo.types import BoolArray, FloatArray, IntArray, Point

CELLS_PER_UNIT = 2
"""Units crowd in the centre; with so many cells the crowded ones still hold few."""
MOST_CELLS = 1 << 20
FEW_PER_WANTED = 16
"""Where no more may go for each one wanted, looking at all of them is faster than the cells."""
HAIR_DEG = 1e-11
"""A place may round into the neighbouring cell by a hair; a cell's edge is trusted no further."""


class Grid(NamedTuple):
    """Lists of rows by cell; a row outside of all is in cell -1.

    `side_deg` is a cell's width and height in degrees, `size` the columns and rows of the grid.
    """

    corner: FloatArray
    side_deg: FloatArray
    size: IntArray
    first: IntArray
    after: IntArray
    before: IntArray
    cell: IntArray


def make_grid(bounds: tuple[float, float, float, float], units: int) -> Grid:
    """An empty grid for so many units over bounds: west, south, east, north."""
    west, south, east, north = bounds
    narrow = max(cos(radians((south + north) / 2)), 0.01)
    wide, tall = max((east - west) * narrow, 1e-9), max(north - south, 1e-9)
    wanted = min(max(units * CELLS_PER_UNIT, 1), MOST_CELLS)
    side = sqrt(wide * tall / wanted)
    columns, rows = (min(max(ceil(length / side), 1), MOST_CELLS) for length in (wide, tall))
    return Grid(
        corner=np.array([west, south]),
        side_deg=np.array([(east - west) / columns, (north - south) / rows]),
        size=np.array([columns, rows], dtype=np.int64),
        first=np.full(columns * rows, NOWHERE, np.int64),
        after=np.full(units, NOWHERE, np.int64),
        before=np.full(units, NOWHERE, np.int64),
        cell=np.full(units, NOWHERE, np.int64),
    )


@compiled
def cell_along(grid: Grid, axis: int, degrees: float) -> int:
    """Column (axis 0) or row (axis 1) of a coordinate; the outermost for one beyond."""
    last = grid.size[axis] - 1
    at = (degrees - grid.corner[axis]) / grid.side_deg[axis]
    if at >= last:
        return int(last)
    return int(at) if at > 0.0 else 0


@compiled
def put(grid: Grid, row: int, lon: float, lat: float) -> None:
    """Note that a row is now at a place."""
    cell = cell_along(grid, 1, lat) * grid.size[0] + cell_along(grid, 0, lon)
    left = grid.cell[row]
    if cell == left:
        return
    if left != NOWHERE:
        after, before = grid.after[row], grid.before[row]
        if before == NOWHERE:
            grid.first[left] = after
        else:
            grid.after[before] = after
        if after != NOWHERE:
            grid.before[after] = before
    head = grid.first[cell]
    grid.after[row], grid.before[row] = head, NOWHERE
    if head != NOWHERE:
        grid.before[head] = row
    grid.first[cell] = row
    grid.cell[row] = cell


@compiled
def put_all(grid: Grid, rows: IntArray, lon: FloatArray, lat: FloatArray) -> None:
    """Note where many rows are; the columns are those of all rows."""
    for row in rows:
        put(grid, row, lon[row], lat[row])


@compiled
def _worse(key: float, row: int, than: float, other: int) -> bool:
    return key > than or (key == than and row > other)


@compiled
def _sink(keys: FloatArray, rows: IntArray, size: int, key: float, row: int) -> None:
    """Replace the worst, which stands first in the heap."""
    i = 0
    while True:
        down = 2 * i + 1
        if down >= size:
            break
        if down + 1 < size and _worse(keys[down + 1], rows[down + 1], keys[down], rows[down]):
            down += 1
        if not _worse(keys[down], rows[down], key, row):
            break
        keys[i], rows[i] = keys[down], rows[down]
        i = down
    keys[i], rows[i] = key, row


@compiled
def _keep(keys: FloatArray, rows: IntArray, size: int, key: float, row: int) -> int:
    """Take a candidate into the heap of the best, the worst of them first; its size then."""
    if size == len(keys):
        if _worse(keys[0], rows[0], key, row):
            _sink(keys, rows, size, key, row)
        return size
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if not _worse(key, row, keys[up], rows[up]):
            break
        keys[i], rows[i] = keys[up], rows[up]
        i = up
    keys[i], rows[i] = key, row
    return size + 1


@compiled
def _next_edge(grid: Grid, x: float, y: float, narrow: float, span: tuple[int, ...]) -> float:
    """Squared degrees to the nearest place outside a span of cells; inf when that is all."""
    best = np.inf
    low_x, low_y, high_x, high_y = span
    if low_x > 0:
        best = min(best, (x - grid.corner[0] - low_x * grid.side_deg[0]) * narrow)
    if low_y > 0:
        best = min(best, y - grid.corner[1] - low_y * grid.side_deg[1])
    if high_x < grid.size[0] - 1:
        best = min(best, (grid.corner[0] + (high_x + 1) * grid.side_deg[0] - x) * narrow)
    if high_y < grid.size[1] - 1:
        best = min(best, grid.corner[1] + (high_y + 1) * grid.side_deg[1] - y)
    best = max(best - HAIR_DEG, 0.0)
    return best * best


@compiled
def _collect(  # noqa: PLR0917  # compiled: columns by position
    grid: Grid,
    lon: FloatArray,
    lat: FloatArray,
    may_go: BoolArray,
    to: tuple[float, float, float],
    k: int,
) -> tuple[IntArray, FloatArray]:
    """Rows and squared degrees of the `k` nearest, in the order of a heap.

    `to` is lon, lat and what a degree of longitude is there of one of latitude. Cells are looked
    at ring by ring, until nothing outside can be as near as the worst kept.
    """
    x, y, narrow = to
    keys, rows = np.empty(k), np.empty(k, np.int64)
    size = 0
    column, line = cell_along(grid, 0, x), cell_along(grid, 1, y)
    for ring in range(max(grid.size[0], grid.size[1])):
        low_x, high_x = max(column - ring, 0), min(column + ring, grid.size[0] - 1)
        low_y, high_y = max(line - ring, 0), min(line + ring, grid.size[1] - 1)
        for cy in range(low_y, high_y + 1):
            whole = cy in (line - ring, line + ring)
            step = 1 if whole or ring == 0 else 2 * ring
            for cx in range(low_x if whole else column - ring, high_x + 1, step):
                if cx < 0:
                    continue
                row = grid.first[cy * grid.size[0] + cx]
                while row != NOWHERE:
                    if may_go[row]:
                        east, north = (lon[row] - x) * narrow, lat[row] - y
                        size = _keep(keys, rows, size, east * east + north * north, row)
                    row = grid.after[row]
        edge = _next_edge(grid, x, y, narrow, (low_x, low_y, high_x, high_y))
        if edge == np.inf or (size == k and keys[0] < edge):
            break
    return rows[:size], keys[:size]


@compiled
def _scan(grid: Grid, lon: FloatArray, lat: FloatArray, box: FloatArray) -> IntArray:
    """Rows inside a box, cell by cell."""
    found = np.empty(len(lon), np.int64)
    size = 0
    for cy in range(cell_along(grid, 1, box[1]), cell_along(grid, 1, box[3]) + 1):
        for cx in range(cell_along(grid, 0, box[0]), cell_along(grid, 0, box[2]) + 1):
            row = grid.first[cy * grid.size[0] + cx]
            while row != NOWHERE:
                if box[0] <= lon[row] <= box[2] and box[1] <= lat[row] <= box[3]:
                    found[size] = row
                    size += 1
                row = grid.after[row]
    return found[:size]


def nearest(  # noqa: PLR0917  # columns by position, as the compiled loops have them
    grid: Grid, lon: FloatArray, lat: FloatArray, may_go: BoolArray, to: Point, k: int
) -> tuple[IntArray, FloatArray]:
    """Rows and metres of the `k` nearest to a place among `may_go`; nearest first, ties by row."""
    narrow = cos(radians(to.lat))
    if k <= 0:
        return np.zeros(0, np.int64), np.zeros(0)
    if np.count_nonzero(may_go) <= FEW_PER_WANTED * k:
        rows = np.flatnonzero(may_go & (grid.cell != NOWHERE))
        east, north = (lon[rows] - to.lon) * narrow, lat[rows] - to.lat
        squares = east * east + north * north
    else:
        here = float(to.lon), float(to.lat), narrow
        rows, squares = _collect(grid, lon, lat, may_go, here, k)
    order = np.lexsort((rows, squares))[:k]
    return rows[order], np.sqrt(squares[order]) * METRES_PER_DEGREE


def within(
    grid: Grid, lon: FloatArray, lat: FloatArray, box: tuple[float, float, float, float]
) -> IntArray:
    """Rows inside a box (west, south, east, north; its edges too), in the order of rows."""
    return np.sort(_scan(grid, lon, lat, np.array(box, dtype=np.float64)))


def rehearse(grid: Grid, lon: FloatArray, lat: FloatArray) -> None:
    """Compile the loops of an empty grid before a query needs them."""
    _collect(grid, lon, lat, np.zeros(len(lon), np.bool_), (0.0, 0.0, 1.0), 1)
    within(grid, lon, lat, (0.0, 0.0, 0.0, 0.0))
