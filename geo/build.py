"""From pieces of road between crossings to the columns of a graph file.

Piece `k` gives two directed edges: 2k along its drawing, 2k + 1 against it; an edge that a
profile may not use has an infinite time. Where a turn is banned the crossing gets a copy that is
entered by that road only, with copies of the edges out of it; so the search stays a plain one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.graphfile import Arrays, write_arrays
from geo.plane import Plane
from geo.types import BoolArray, FloatArray, IntArray, Point

POLICE_FACTOR = 1.15
"""A patrol car under order against ordinary traffic."""
MOTORCYCLE_FACTOR = 1.3
WALK_MPS = 1.5
"""A guard or officer at a brisk walk."""
SHORTEST_M = 0.1


class Piece(NamedTuple):
    """A piece of road: end nodes, index of its name and class, km/h, who may use it which way.

    `way` is the id of the road it was cut from, as turn restrictions name it.
    """

    tail: int
    head: int
    name: int
    kind: int
    kmh: float
    forward: bool
    backward: bool
    walk: bool
    way: int


class Ban(NamedTuple):
    """A turn restriction at a node: from a way, `only` or never to a way; ids of the source."""

    start_way: int
    node: int
    end_way: int
    only: bool
    turn_back: bool


class Links(NamedTuple):
    """Directed edges with the copies that banned turns need; `base` is the edge copied."""

    tail: IntArray
    head: IntArray
    base: IntArray
    banned: BoolArray
    node: IntArray


def write_graph(  # columns of the file, in its order
    target: Path,
    lonlat: FloatArray,
    pieces: Sequence[Piece],
    lines: Sequence[FloatArray],
    *,
    bans: Sequence[Ban],
    about: dict[str, Any],
) -> None:
    """Measure, leave out islands, split crossings at banned turns, write; `about` is filled in.

    `lonlat` are the (n, 2) places of the nodes, `lines` the (m, 2) drawing of each piece, both
    lon/lat WGS-84 degrees.
    """
    shape = np.concatenate(lines)
    starts = np.concatenate(([0], np.cumsum([len(line) for line in lines]))).astype(np.int64)
    west, south = shape.min(axis=0).tolist()
    east, north = shape.max(axis=0).tolist()
    plane = Plane(Point((west + east) / 2, (south + north) / 2))
    xy = plane.to_metres(shape)
    steps = np.hypot(*np.diff(xy, axis=0).T)
    steps[starts[1:-1] - 1] = 0.0
    total = np.concatenate(([0.0], np.cumsum(steps)))
    length_m = np.maximum(total[starts[1:] - 1] - total[starts[:-1]], SHORTEST_M)
    links = split_crossings(pieces, len(lonlat), ban_turns(pieces, bans))
    arrays: Arrays = {
        "node_lonlat": lonlat[links.node],
        "tail": links.tail,
        "head": links.head,
        "base": links.base,
        "length_m": length_m[links.base >> 1],
        "name": np.array([piece.name for piece in pieces], dtype=np.int32),
        "class": np.array([piece.kind for piece in pieces], dtype=np.int32),
        "shape_lonlat": shape,
        "shape_xy": xy,
        "shape_start": starts,
    }
    left_out = _add_times(arrays, pieces, links)
    order = np.argsort(links.head, kind="stable").astype(np.int32)
    first_in = np.zeros(len(links.node) + 1, dtype=np.int32)
    np.cumsum(np.bincount(links.head, minlength=len(links.node)), out=first_in[1:])
    about |= {
        "nodes": len(lonlat),
        "pieces": len(pieces),
        "banned_turns": int(links.banned.sum()),
        "origin": [plane.origin.lon, plane.origin.lat],
        "bounds": [west, south, east, north],
        "islands_left_out": left_out,
    }
    write_arrays(target, arrays | {"into": order, "into_start": first_in}, about)


def _add_times(arrays: Arrays, pieces: Sequence[Piece], links: Links) -> dict[str, int]:
    """Seconds per edge and profile; returns the directed edges left out as islands."""
    may_drive = np.array([(piece.forward, piece.backward) for piece in pieces]).ravel()
    may_walk = np.repeat([piece.walk for piece in pieces], 2)
    kmh = np.array([piece.kmh for piece in pieces])[links.base >> 1]
    nodes = len(links.node)
    drive = keep_largest(links, may_drive[links.base] & ~links.banned, nodes, "strong")
    # Where all who come may not turn freely, nobody enters the crossing itself, only its copies.
    drive[links.base[drive]] = True
    walk = keep_largest(links, may_walk[links.base], nodes, "weak")
    length_m = arrays["length_m"]
    arrays["car_s"] = np.where(drive, length_m / (kmh * POLICE_FACTOR / 3.6), np.inf)
    arrays["motorcycle_s"] = np.where(drive, length_m / (kmh * MOTORCYCLE_FACTOR / 3.6), np.inf)
    arrays["foot_s"] = np.where(walk, length_m / WALK_MPS, np.inf)
    ends = 2 * len(pieces)
    return {
        "drive": int(may_drive.sum() - drive[:ends].sum()),
        "foot": int(may_walk.sum() - walk[:ends].sum()),
    }


def ban_turns(pieces: Sequence[Piece], bans: Sequence[Ban]) -> dict[int, set[int]]:
    """Banned next edges by the edge one comes from, for edges that may be driven."""
    into: dict[tuple[int, int], list[int]] = {}
    out: dict[int, list[int]] = {}
    drivable: dict[int, int] = {}
    for k, piece in enumerate(pieces):
        for edge, tail, head, may in (
            (2 * k, piece.tail, piece.head, piece.forward),
            (2 * k + 1, piece.head, piece.tail, piece.backward),
        ):
            if may:
                into.setdefault((piece.way, head), []).append(edge)
                out.setdefault(tail, []).append(edge)
                drivable[edge] = piece.way
    banned: dict[int, set[int]] = {}
    for ban in bans:
        for edge in into.get((ban.start_way, ban.node), ()):
            for then in out.get(ban.node, ()):
                same = drivable[then] == ban.end_way
                if ban.turn_back and ban.start_way == ban.end_way:
                    same = then == edge ^ 1
                if same != ban.only:
                    banned.setdefault(edge, set()).add(then)
    return banned


def split_crossings(pieces: Sequence[Piece], nodes: int, banned: Mapping[int, set[int]]) -> Links:
    """Edges and nodes, with a copy of each crossing for each road that may not turn freely."""
    tail = np.array([(piece.tail, piece.head) for piece in pieces], dtype=np.int32).ravel()
    head = np.array([(piece.head, piece.tail) for piece in pieces], dtype=np.int32).ravel()
    leaving: dict[int, list[int]] = {}
    at_bans = {int(head[edge]) for edge in banned}
    for edge, start in enumerate(tail.tolist()):
        if start in at_bans:
            leaving.setdefault(start, []).append(edge)
    node = list(range(nodes))
    copies: list[tuple[int, int, bool]] = []
    for edge in sorted(banned):
        crossing = int(head[edge])
        head[edge] = len(node)
        copies += [(len(node), then, then in banned[edge]) for then in leaving[crossing]]
        node.append(crossing)
    base = np.array([then for _, then, _ in copies], dtype=np.int64)
    return Links(
        tail=np.concatenate((tail, np.array([start for start, _, _ in copies], np.int32))),
        head=np.concatenate((head, head[base])),
        base=np.concatenate((np.arange(len(tail)), base)),
        banned=np.concatenate((np.zeros(len(tail), bool), [is_so for _, _, is_so in copies])) > 0,
        node=np.array(node, dtype=np.int64),
    )


def keep_largest(links: Links, usable: BoolArray, nodes: int, how: str) -> BoolArray:
    """Edges of the largest component only: nobody may be snapped to an island he cannot leave."""
    tail, head = links.tail, links.head
    graph = coo_array(
        (np.ones(int(usable.sum())), (tail[usable], head[usable])), shape=(nodes, nodes)
    )
    _, label = connected_components(graph.tocsr(), directed=True, connection=how)
    largest = np.bincount(label[tail[usable]], minlength=1).argmax() if usable.any() else 0
    kept: BoolArray = usable & (label[tail] == largest) & (label[head] == largest)
    return kept
