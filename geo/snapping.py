"""Puts points on roads: a grid of segments per kind of traveller."""

import numpy as np

from geo.search import snap
from geo.types import BoolArray, FloatArray, IntArray

CELL_M = 80.0
REACH_M = 1_500.0
"""A point further than this from any road is on none."""


class Snapper:
    """Segments of the pieces that one kind of traveller may use, in a grid of cells."""

    def __init__(self, shape_xy: FloatArray, shape_start: IntArray, usable: BoolArray) -> None:
        starts = np.asarray(shape_start)
        steps = np.hypot(*np.diff(shape_xy, axis=0).T)
        sizes = np.diff(starts) - 1
        piece = np.repeat(np.arange(len(sizes)), sizes)
        first = np.repeat(starts[:-1] - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
        point = np.arange(len(piece)) + first
        total = np.concatenate(([0.0], np.cumsum(steps)))
        at_m = total[point] - total[starts[piece]]
        keep = usable[piece]
        self.piece, self.at_m = piece[keep].astype(np.int64), at_m[keep]
        kept = point[keep]
        self.xy = np.column_stack((shape_xy[kept], shape_xy[kept + 1]))
        self.corner = np.asarray(shape_xy).min(axis=0) - 1.0
        extent = np.asarray(shape_xy).max(axis=0) + 1.0 - self.corner
        self.columns, self.rows = (int(np.ceil(side / CELL_M)) for side in extent)
        self._fill_cells()

    def _fill_cells(self) -> None:
        low = np.minimum(self.xy[:, :2], self.xy[:, 2:]) - self.corner
        high = np.maximum(self.xy[:, :2], self.xy[:, 2:]) - self.corner
        west, south = (low // CELL_M).astype(np.int64).T
        east, north = (high // CELL_M).astype(np.int64).T
        cells: list[IntArray] = []
        owners: list[IntArray] = []
        wide, tall = int((east - west).max(initial=0)), int((north - south).max(initial=0))
        for dx in range(wide + 1):
            for dy in range(tall + 1):
                inside = np.flatnonzero((west + dx <= east) & (south + dy <= north))
                cells.append((south[inside] + dy) * self.columns + west[inside] + dx)
                owners.append(inside)
        cell = np.concatenate(cells)
        owner = np.concatenate(owners)
        order = np.lexsort((owner, cell))
        self.cell_segment = owner[order]
        self.cell_start = np.zeros(self.columns * self.rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(cell, minlength=self.columns * self.rows), out=self.cell_start[1:])

    def snap(self, xy: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Nearest piece (-1 for none), metres along it and metres off it, for (n, 2) metres."""
        found: tuple[IntArray, FloatArray, FloatArray] = snap(
            np.ascontiguousarray(xy),
            self.xy,
            self.piece,
            self.at_m,
            self.cell_start,
            self.cell_segment,
            self.corner,
            CELL_M,
            self.columns,
            self.rows,
            REACH_M,
        )
        return found

    def snap_one(self, x: float, y: float) -> tuple[int, float, float]:
        """As `snap`, for one point."""
        piece, along_m, off_m = self.snap(np.array(((x, y),)))
        return int(piece[0]), float(along_m[0]), float(off_m[0])
