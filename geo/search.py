"""The inner loops of the road graph, compiled: search over reversed edges, and snapping.

Dijkstra 1959, with a binary heap whose outdated entries are passed over. All times in seconds,
all lengths in metres of the district's plane.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit

from geo.types import BoolArray, ByteArray, FloatArray, IntArray

NOWHERE = -1
HEAP_ROOM = 1_024
"""Entries a search's heap starts with; it grows where a wide search needs more."""

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile to machine code, kept beside the module for the next start; types stay as written."""
    fast: Function = njit(cache=True, nogil=True)(function)
    return fast


@compiled
def _push(keys: FloatArray, vals: IntArray, size: int, key: float, val: int) -> int:
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if keys[up] <= key:
            break
        keys[i] = keys[up]
        vals[i] = vals[up]
        i = up
    keys[i] = key
    vals[i] = val
    return size + 1


@compiled
def _sift(keys: FloatArray, vals: IntArray, size: int) -> int:
    size -= 1
    key, val = keys[size], vals[size]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= size:
            break
        if down + 1 < size and keys[down + 1] < keys[down]:
            down += 1
        if keys[down] >= key:
            break
        keys[i] = keys[down]
        vals[i] = vals[down]
        i = down
    keys[i] = key
    vals[i] = val
    return size


@compiled
def reverse_search(
    into: IntArray,
    into_start: IntArray,
    tail: IntArray,
    seconds: FloatArray,
    goal_edges: IntArray,
    goal_shares: FloatArray,
    off_road_s: float,
    limit_s: float,
) -> tuple[FloatArray, IntArray]:
    """Seconds from every node to a point on a road, and the edge by which each node leaves.

    The goal lies on each of `goal_edges` (both directions of its road, and their copies), as far
    along as `goal_shares` says (from the edge's tail, 0 to 1). Nodes beyond `limit_s` stay inf.
    """
    count = len(into_start) - 1
    best = np.full(count, np.inf)
    leave = np.full(count, NOWHERE, np.int64)
    keys = np.empty(HEAP_ROOM)
    vals = np.empty(HEAP_ROOM, np.int64)
    size = 0
    for i in range(len(goal_edges)):
        edge = goal_edges[i]
        cost = off_road_s + goal_shares[i] * seconds[edge]
        node = tail[edge]
        if cost < best[node] and cost <= limit_s:
            best[node] = cost
            leave[node] = edge
            size = _push(keys, vals, size, cost, node)
    while size > 0:
        key, node = keys[0], vals[0]
        size = _sift(keys, vals, size)
        if key > best[node]:
            continue
        for i in range(into_start[node], into_start[node + 1]):
            edge = into[i]
            cost = key + seconds[edge]
            start = tail[edge]
            if cost < best[start] and cost <= limit_s:
                if size == len(keys):
                    keys = np.concatenate((keys, np.empty(size)))
                    vals = np.concatenate((vals, np.empty(size, np.int64)))
                best[start] = cost
                leave[start] = edge
                size = _push(keys, vals, size, cost, start)
    return best, leave


@compiled
def seconds_on(
    piece: int,
    share: float,
    seconds: FloatArray,
    head: IntArray,
    best: FloatArray,
    goal_piece: int,
    goal_share: float,
    goal_off_s: float,
) -> float:
    """Seconds to the goal from one point on a piece; inf from nowhere and where no way leads."""
    out = np.inf
    if piece == NOWHERE:
        return out
    for side in range(2):
        edge = 2 * piece + side
        at = share if side == 0 else 1.0 - share
        goal_at = goal_share if side == 0 else 1.0 - goal_share
        if not np.isfinite(seconds[edge]):
            continue
        out = min(out, (1.0 - at) * seconds[edge] + best[head[edge]])
        if piece == goal_piece and goal_at >= at:
            out = min(out, (goal_at - at) * seconds[edge] + goal_off_s)
    return out


@compiled
def nearest_on(segment: FloatArray, x: float, y: float) -> tuple[float, float]:
    """Metres from a point to a segment (x, y, x, y), and metres along it to the nearest place."""
    dx, dy = segment[2] - segment[0], segment[3] - segment[1]
    square = dx * dx + dy * dy
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, ((x - segment[0]) * dx + (y - segment[1]) * dy) / square))
    away = np.hypot(segment[0] + t * dx - x, segment[1] + t * dy - y)
    return away, t * np.sqrt(square)


class Cells(NamedTuple):
    """Segments of pieces in a grid of square cells, in metres of the plane.

    Segments: (n, 4) x, y, x, y with the piece each is of and the metres along it where it begins;
    `ways`: bits of the directions each piece is open in, 0 for closed; `start` and `segment`: the
    segments of each cell, row by row from `corner`.
    """

    segment_xy: FloatArray
    piece: IntArray
    at_m: FloatArray
    ways: ByteArray
    start: IntArray
    segment: IntArray
    corner: FloatArray
    cell_m: float
    columns: int
    rows: int


@compiled
def cell_of(cells: Cells, x: float, y: float) -> tuple[int, int, float]:
    """Column and row of a point's cell, and its metres to the nearest border of it."""
    cx = int(np.floor((x - cells.corner[0]) / cells.cell_m))
    cy = int(np.floor((y - cells.corner[1]) / cells.cell_m))
    west_m = x - cells.corner[0] - cx * cells.cell_m
    south_m = y - cells.corner[1] - cy * cells.cell_m
    border_m = min(west_m, cells.cell_m - west_m, south_m, cells.cell_m - south_m)
    return cx, cy, border_m


@compiled
def snap(
    points: FloatArray, cells: Cells, reach_m: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """For each (n, 2) point: nearest piece (-1 beyond `reach_m`), metres along it, metres off it.

    Closed pieces are passed over. Cells are looked at ring by ring; a ring further out than the
    best so far ends the search.
    """
    count = len(points)
    piece = np.full(count, NOWHERE, np.int64)
    along = np.zeros(count)
    off = np.full(count, np.inf)
    rings = int(np.ceil(reach_m / cells.cell_m)) + 1
    for p in range(count):
        x, y = points[p, 0], points[p, 1]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        cx, cy, border_m = cell_of(cells, x, y)
        best = reach_m
        for ring in range(rings + 1):
            if ring > 0 and (ring - 1) * cells.cell_m + border_m > best:
                break
            for gy in range(max(cy - ring, 0), min(cy + ring, cells.rows - 1) + 1):
                edge_row = gy in (cy - ring, cy + ring)
                step = 1 if edge_row or ring == 0 else 2 * ring
                for gx in range(cx - ring, cx + ring + 1, step):
                    if gx < 0 or gx >= cells.columns:
                        continue
                    cell = gy * cells.columns + gx
                    for i in range(cells.start[cell], cells.start[cell + 1]):
                        s = cells.segment[i]
                        away, on_m = nearest_on(cells.segment_xy[s], x, y)
                        nearer = away < best or (away == best and piece[p] == NOWHERE)
                        if nearer and cells.ways[cells.piece[s]] != 0:
                            best = away
                            piece[p] = cells.piece[s]
                            along[p] = cells.at_m[s] + on_m
                            off[p] = away
    return piece, along, off


@compiled
def fill_seconds(
    mine: BoolArray,
    out: FloatArray,
    piece: IntArray,
    share: FloatArray,
    off_s: FloatArray,
    seconds: FloatArray,
    head: IntArray,
    best: FloatArray,
    goal_piece: int,
    goal_share: float,
    goal_off_s: float,
    limit_s: float,
) -> None:
    """Seconds to the goal from the points that are `mine`, each by its faster direction."""
    for i in range(len(piece)):
        if not mine[i]:
            continue
        cost = off_s[i] + seconds_on(
            piece[i], share[i], seconds, head, best, goal_piece, goal_share, goal_off_s
        )
        out[i] = cost if cost <= limit_s else np.inf


@compiled
def follow(
    node: int,
    leave: IntArray,
    base: IntArray,
    head: IntArray,
    seconds: FloatArray,
    best: FloatArray,
    goal_piece: int,
    goal_share: float,
    goal_off_s: float,
) -> IntArray:
    """The edges of the way from a node to the goal's own road, that road's edge the last.

    A node leaves along the goal's road to stop on it, not to pass it, when stopping there is
    what its seconds say.
    """
    edges = np.empty(64, np.int64)
    size = 0
    while True:
        edge = leave[node]
        drawn = base[edge]
        if size == len(edges):
            edges = np.concatenate((edges, np.empty(size, np.int64)))
        edges[size] = drawn
        size += 1
        if drawn >> 1 == goal_piece:
            goal_at = goal_share if drawn % 2 == 0 else 1.0 - goal_share
            if best[node] >= goal_off_s + goal_at * seconds[drawn] - 1e-9:
                return edges[:size]
        node = head[edge]


@compiled
def _apart(xy: FloatArray, i: int, j: int) -> float:
    """Metres between two rows of (n, 2) metres."""
    return float(np.hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1]))


@compiled
def trace(
    start: FloatArray,
    edges: IntArray,
    since: FloatArray,
    until: FloatArray,
    shape_start: IntArray,
    shape_lonlat: FloatArray,
    shape_xy: FloatArray,
    to: FloatArray,
) -> FloatArray:
    """(n, 2) lon/lat of a way: from `start` along the used shares of each edge, to `to`."""
    room = 2
    for edge in edges:
        room += 2 * (shape_start[(edge >> 1) + 1] - shape_start[edge >> 1])
    line = np.empty((room, 2))
    line[0] = start
    size = 1
    for leg in range(len(edges)):
        low, high = shape_start[edges[leg] >> 1], shape_start[(edges[leg] >> 1) + 1] - 1
        first, step = (low, 1) if edges[leg] % 2 == 0 else (high, -1)
        length_m = 0.0
        for i in range(low, high):
            length_m += _apart(shape_xy, i, i + 1)
        begin_m, end_m = since[leg] * length_m, until[leg] * length_m
        at_m = 0.0
        for n in range(high - low):
            i, j = first + n * step, first + (n + 1) * step
            next_m = at_m + _apart(shape_xy, i, j)
            if next_m >= begin_m and at_m <= end_m and next_m > at_m:
                for stop_m in (max(begin_m, at_m), min(end_m, next_m)):
                    part = (stop_m - at_m) / (next_m - at_m)
                    point = shape_lonlat[i] + part * (shape_lonlat[j] - shape_lonlat[i])
                    if size == 1 or np.abs(point - line[size - 1]).max() > 1e-12:
                        line[size] = point
                        size += 1
            at_m = next_m
    line[size] = to
    return line[: size + 1]
