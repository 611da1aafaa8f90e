"""From pieces of road between crossings to the columns of a graph file.

Piece `k` gives two directed edges: 2k along its drawing, 2k + 1 against it; an edge that a
profile may not use has an infinite time. Where a turn is banned the crossing has copies.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geo.graphfile import Arrays, write_arrays
from geo.islands import keep_large, list_islands, tell_islands
from geo.plane import Plane
from geo.turns import Ban, Links, Piece, list_banned, split_crossings
from geo.types import FloatArray, IntArray, Point

POLICE_FACTOR = 1.15
"""A patrol car under order against ordinary traffic."""
MOTORCYCLE_FACTOR = 1.3
WALK_MPS = 1.5
"""A guard or officer at a brisk walk."""
SHORTEST_M = 0.1


def write_graph(  # columns of the file, in its order
    target: Path,
    lonlat: FloatArray,
    pieces: Sequence[Piece],
    lines: Sequence[FloatArray],
    *,
    bans: Sequence[Ban],
    about: dict[str, Any],
    shut: Collection[int] = (),
) -> None:
    """Measure, leave out islands, split crossings at banned turns, write; `about` is filled in.

    `lonlat` are the (n, 2) places of the nodes, `lines` the (m, 2) drawing of each piece, both
    lon/lat WGS-84 degrees; `shut` are nodes that no vehicle can pass.
    """
    shape = np.concatenate(lines)
    starts = np.concatenate(([0], np.cumsum([len(line) for line in lines]))).astype(np.int64)
    west, south = shape.min(axis=0).tolist()
    east, north = shape.max(axis=0).tolist()
    plane = Plane(Point((west + east) / 2, (south + north) / 2))
    xy = plane.to_metres(shape)
    length_m = measure(xy, starts)
    banned, idle = list_banned(pieces, bans, shut)
    links = split_crossings(pieces, len(lonlat), banned)
    arrays: Arrays = {
        "node_lonlat": lonlat[links.node],
        "tail": links.tail.astype(np.int32),
        "head": links.head.astype(np.int32),
        "base": links.base,
        "length_m": length_m[links.base >> 1],
        "name": np.array([piece.name for piece in pieces], dtype=np.int32),
        "class": np.array([piece.kind for piece in pieces], dtype=np.int32),
        "shape_lonlat": shape,
        "shape_xy": xy,
        "shape_start": starts,
    }
    left_out = _add_times(arrays, pieces, links, about)
    order = np.argsort(links.head, kind="stable").astype(np.int32)
    first_in = np.zeros(len(links.node) + 1, dtype=np.int32)
    np.cumsum(np.bincount(links.head, minlength=len(links.node)), out=first_in[1:])
    about |= {
        "nodes": len(lonlat),
        "pieces": len(pieces),
        "banned_turns": len(banned),
        "bans_idle": idle,
        "origin": [plane.origin.lon, plane.origin.lat],
        "bounds": [west, south, east, north],
        "islands_left_out": left_out,
    }
    write_arrays(target, arrays | {"into": order, "into_start": first_in}, about)


def measure(xy: FloatArray, starts: IntArray) -> FloatArray:
    """Metres of each piece, from the (n, 2) metres of all drawings and where each begins."""
    steps = np.hypot(*np.diff(xy, axis=0).T)
    steps[starts[1:-1] - 1] = 0.0
    total = np.concatenate(([0.0], np.cumsum(steps)))
    length_m: FloatArray = np.maximum(total[starts[1:] - 1] - total[starts[:-1]], SHORTEST_M)
    return length_m


def _add_times(
    arrays: Arrays, pieces: Sequence[Piece], links: Links, about: dict[str, Any]
) -> dict[str, int]:
    """Seconds per edge and profile; returns the edges left out, `about` hears of islands."""
    may_drive = np.array([(piece.forward, piece.backward) for piece in pieces]).ravel()
    may_walk = np.repeat([piece.walk for piece in pieces], 2)
    kmh = np.array([piece.kmh for piece in pieces])[links.base >> 1]
    nodes = len(links.node)
    drive = keep_large(links, may_drive[links.base] & ~links.banned, nodes, "strong")
    # Where all who come may not turn freely, nobody enters the crossing itself, only its copies.
    drive[links.base[drive]] = True
    walk = keep_large(links, may_walk[links.base], nodes, "weak")
    length_m = arrays["length_m"]
    arrays["car_s"] = np.where(drive, length_m / (kmh * POLICE_FACTOR / 3.6), np.inf)
    arrays["motorcycle_s"] = np.where(drive, length_m / (kmh * MOTORCYCLE_FACTOR / 3.6), np.inf)
    arrays["foot_s"] = np.where(walk, length_m / WALK_MPS, np.inf)
    ends = 2 * len(pieces)
    piece_m, lonlat = length_m[0:ends:2], arrays["node_lonlat"][: links.node.max() + 1]
    used = (("drive", drive[:ends], may_drive), ("foot", walk[:ends], may_walk))
    about["islands"] = {
        kind: tell_islands(list_islands(pieces, kept, usable, piece_m, lonlat), about["names"])
        for kind, kept, usable in used
    }
    return {kind: int(usable.sum() - kept.sum()) for kind, kept, usable in used}
