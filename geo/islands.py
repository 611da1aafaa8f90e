"""Parts of a road graph that are cut off from the rest: left out, found again and reported."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.turns import Links, Piece
from geo.types import BoolArray, FloatArray

NAMED = 20
"""The largest islands are told one by one."""
SMALLEST_SHARE = 0.01
SMALLEST_EDGES = 100
"""A part this large is a bank of a river, not an island: people are sent within it."""


def keep_large(links: Links, usable: BoolArray, nodes: int, how: str) -> BoolArray:
    """Edges of large components only: nobody may be snapped to an island he cannot leave.

    Kept are the largest component and every other that has a hundredth of its edges and at
    least `SMALLEST_EDGES`: the far bank, where the only bridges are closed to people on foot.
    """
    tail, head = links.tail, links.head
    graph = coo_array(
        (np.ones(int(usable.sum())), (tail[usable], head[usable])), shape=(nodes, nodes)
    )
    count, label = connected_components(graph.tocsr(), directed=True, connection=how)
    inside = usable & (label[tail] == label[head])
    edges = np.bincount(label[tail[inside]], minlength=count)
    large = edges >= max(SMALLEST_SHARE * edges.max(), SMALLEST_EDGES)
    large[edges.argmax()] = True
    kept: BoolArray = inside & large[label[tail]]
    return kept


def list_islands(
    pieces: Sequence[Piece],
    kept: BoolArray,
    usable: BoolArray,
    length_m: FloatArray,
    lonlat: FloatArray,
) -> list[dict[str, Any]]:
    """The connected groups of left-out edges, longest first.

    `kept` and `usable` are by directed edge (2 per piece), `length_m` by piece, `lonlat` the
    (n, 2) nodes, WGS-84 degrees. `touches` tells a dead end of one-way roads, which touches the
    kept roads but cannot be both entered and left, from an island that does not.
    """
    both = np.arange(len(pieces))
    out = (usable & ~kept).reshape(-1, 2).any(axis=1)
    ends = np.array([(piece.tail, piece.head) for piece in pieces])
    on_kept = np.zeros(len(lonlat), dtype=bool)
    on_kept[ends[kept.reshape(-1, 2).any(axis=1)].ravel()] = True
    lost, lost_ends = both[out], ends[out]
    graph = coo_array((np.ones(len(lost)), lost_ends.T), shape=(len(lonlat), len(lonlat)))
    _, label = connected_components(graph.tocsr(), directed=False)
    groups: dict[int, list[int]] = {}
    for piece, group in zip(lost.tolist(), label[lost_ends[:, 0]].tolist(), strict=True):
        groups.setdefault(group, []).append(piece)
    islands = [
        {
            "pieces": len(group),
            "length_m": round(float(length_m[group].sum()), 1),
            "lon": round(float(lonlat[ends[group[0], 0], 0]), 6),
            "lat": round(float(lonlat[ends[group[0], 0], 1]), 6),
            "name": pieces[max(group, key=lambda k: (pieces[k].name, k))].name,
            "touches": bool(on_kept[ends[group]].any()),
        }
        for group in groups.values()
    ]
    return sorted(islands, key=lambda one: (-one["length_m"], one["lon"], one["lat"]))


def tell_islands(islands: list[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """How many islands and dead ends, their metres, and the largest with a street of each."""
    dead_ends = [one for one in islands if one["touches"]]
    cut_off = [one for one in islands if not one["touches"]]
    return {
        "islands": len(cut_off),
        "islands_m": round(sum(one["length_m"] for one in cut_off), 1),
        "dead_ends": len(dead_ends),
        "dead_ends_m": round(sum(one["length_m"] for one in dead_ends), 1),
        "largest": [one | {"name": names[one["name"]]} for one in islands[:NAMED]],
    }
