"""The inner loop that puts points on roads by where they are and where they are heading."""
# ruff: noqa: C901  # a compiled loop: columns by position, one nest

import numpy as np

from geo.search import NOWHERE, Cells, cell_of, compiled, nearest_on
from geo.types import FloatArray, IntArray


@compiled
def _agreement(segment: FloatArray, way: int, east: float, north: float) -> tuple[float, int]:
    """How far a heading is against a segment, 0 (along) to 1, and by which side it agrees (0, 1).

    `way` has bit 1 for open along the drawing and bit 2 for against it; a street open both ways
    is never driven against. Without a heading (NaN) all agree, and the side is that of a one-way
    street, or -1.
    """
    if not np.isfinite(east):
        return 0.0, way - 1 if way < 3 else -1
    dx, dy = segment[2] - segment[0], segment[3] - segment[1]
    size = np.hypot(dx, dy)
    cosine = (dx * east + dy * north) / size if size > 0.0 else 0.0
    side = 1 if way == 2 or (way == 3 and cosine < 0.0) else 0
    if side == 1:
        cosine = -cosine
    return (1.0 - cosine) / 2.0, side


@compiled
def snap_along(
    points: FloatArray, headings: FloatArray, cells: Cells, reach_m: float, against_m: float
) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
    """As `snap`, by distance and heading: driving against a segment weighs `against_m` metres.

    `headings` are (n, 2) unit vectors east and north, NaN where unknown. The last column is the
    directed edge driven, -1 where it is not known.
    """
    count = len(points)
    piece, edge = np.full(count, NOWHERE, np.int64), np.full(count, NOWHERE, np.int64)
    along, off = np.zeros(count), np.full(count, np.inf)
    rings = int(np.ceil(reach_m / cells.cell_m)) + 1
    for p in range(count):
        x, y = points[p, 0], points[p, 1]
        east, north = headings[p, 0], headings[p, 1]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        cx, cy, border_m = cell_of(cells, x, y)
        best = np.inf
        for ring in range(rings + 1):
            if ring > 0 and (ring - 1) * cells.cell_m + border_m > min(best, reach_m):
                break
            for gy in range(max(cy - ring, 0), min(cy + ring, cells.rows - 1) + 1):
                step = 1 if gy in (cy - ring, cy + ring) or ring == 0 else 2 * ring
                for gx in range(cx - ring, cx + ring + 1, step):
                    if gx < 0 or gx >= cells.columns:
                        continue
                    cell = gy * cells.columns + gx
                    for i in range(cells.start[cell], cells.start[cell + 1]):
                        s = cells.segment[i]
                        away, on_m = nearest_on(cells.segment_xy[s], x, y)
                        way = cells.ways[cells.piece[s]]
                        if away > reach_m or away >= best or way == 0:
                            continue
                        against, side = _agreement(cells.segment_xy[s], way, east, north)
                        if away + against * against_m < best:
                            best = away + against * against_m
                            piece[p], along[p] = cells.piece[s], cells.at_m[s] + on_m
                            off[p] = away
                            edge[p] = 2 * piece[p] + side if side >= 0 else NOWHERE
    return piece, along, off, edge
