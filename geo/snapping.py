"""Puts points on roads: a grid of segments per kind of traveller."""

from copy import copy

import numpy as np

from geo.headings import snap_along
from geo.search import Cells, snap
from geo.types import ByteArray, FloatArray, IntArray

CELL_M = 80.0
REACH_M = 1_500.0
"""A point further than this from any road is on none."""
FORWARD, BACKWARD = 1, 2
"""Bits of the ways in which a piece is open; neither: it is closed."""
AGAINST_M = 40.0
"""Driving against a one-way street weighs as much as being so far from it; across, half of it."""
MOVING_MPS = 2.0
"""Below a brisk walk a heading is the receiver's noise."""


class Snapper:
    """Segments of the pieces that one kind of traveller may use, in a grid of cells."""

    def __init__(self, shape_xy: FloatArray, shape_start: IntArray, ways: ByteArray) -> None:
        """`shape_xy` in metres of the plane; `ways` the bits of each piece that is ever open."""
        starts = np.asarray(shape_start)
        steps = np.hypot(*np.diff(shape_xy, axis=0).T)
        sizes = np.diff(starts) - 1
        piece = np.repeat(np.arange(len(sizes)), sizes)
        first = np.repeat(starts[:-1] - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
        point = np.arange(len(piece)) + first
        total = np.concatenate(([0.0], np.cumsum(steps)))
        at_m = total[point] - total[starts[piece]]
        keep = ways[piece] != 0
        kept = point[keep]
        xy = np.column_stack((shape_xy[kept], shape_xy[kept + 1]))
        corner = np.asarray(shape_xy).min(axis=0) - 1.0
        extent = np.asarray(shape_xy).max(axis=0) + 1.0 - corner
        columns, rows = (int(np.ceil(side / CELL_M)) for side in extent)
        start, segment = _fill_cells(xy - np.tile(corner, 2), columns, rows)
        self.cells = Cells(
            segment_xy=xy,
            piece=piece[keep].astype(np.int64),
            at_m=at_m[keep],
            ways=ways,
            start=start,
            segment=segment,
            corner=corner,
            cell_m=CELL_M,
            columns=columns,
            rows=rows,
        )

    def opened(self, ways: ByteArray) -> "Snapper":
        """The same grid with pieces open as `ways` says now; none may be open that never was."""
        other = copy(self)
        other.cells = self.cells._replace(ways=ways)
        return other

    def snap(self, xy: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Nearest piece (-1 for none), metres along it and metres off it, for (n, 2) metres."""
        found: tuple[IntArray, FloatArray, FloatArray] = snap(
            np.ascontiguousarray(xy), self.cells, REACH_M
        )
        return found

    def snap_along(
        self, xy: FloatArray, heading_deg: FloatArray, speed_mps: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
        """As `snap`, for the road that agrees best with where each point is heading.

        Degrees from north and m/s; NaN or slower than `MOVING_MPS`: by distance alone. The last
        column is the directed edge each drives, -1 where a two-way street leaves it open.
        """
        moving = np.isfinite(heading_deg) & (speed_mps >= MOVING_MPS)
        way = np.radians(np.where(moving, heading_deg, np.nan))
        headings = np.column_stack((np.sin(way), np.cos(way)))
        found: tuple[IntArray, FloatArray, FloatArray, IntArray] = snap_along(
            np.ascontiguousarray(xy), headings, self.cells, REACH_M, AGAINST_M
        )
        return found

    def snap_one(self, x: float, y: float) -> tuple[int, float, float]:
        """As `snap`, for one point."""
        piece, along_m, off_m = self.snap(np.array(((x, y),)))
        return int(piece[0]), float(along_m[0]), float(off_m[0])


def _fill_cells(xy: FloatArray, columns: int, rows: int) -> tuple[IntArray, IntArray]:
    """Where each cell begins, and the lists of all: (n, 4) segments in metres from the corner."""
    low, high = np.minimum(xy[:, :2], xy[:, 2:]), np.maximum(xy[:, :2], xy[:, 2:])
    west, south = (low // CELL_M).astype(np.int64).T
    east, north = (high // CELL_M).astype(np.int64).T
    wide = east - west + 1
    counts = wide * (north - south + 1)
    owner = np.repeat(np.arange(len(xy)), counts)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    cell = (south[owner] + nth // wide[owner]) * columns + west[owner] + nth % wide[owner]
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(cell, minlength=columns * rows), out=start[1:])
    return start, owner[np.argsort(cell, kind="stable")]
