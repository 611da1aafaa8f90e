"""The search over reversed edges with buckets of time instead of a heap: the same answer, sooner.

Dial 1969, over seconds that are no whole numbers: within a bucket nodes are taken round by round,
and a node that turns out to be nearer is taken again. What stands when no bucket holds anything
is the least of all sums along ways, which Dijkstra's order leaves too: equal to the last bit.
Edges lie in memory in the order of the nodes they lead into, so that a node's are read at once.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from geo.search import NOWHERE, compiled
from geo.types import FloatArray, IntArray

ShortArray: TypeAlias = npt.NDArray[np.int32]

PER_SECOND = 2.0
"""Buckets shorter than most pieces of road take, so that hardly a node is taken twice."""
BUCKETS = 4_096
"""34 minutes; what is later comes round again. A power of two, for `&` is quicker than `%`."""
ROOM = 2
"""Nodes are taken in hardly more often than once each; where they are, room is made again."""


def bucket_search(  # noqa: PLR0917  # columns by position, as the compiled loops have them
    into: IntArray,
    into_start: IntArray,
    tail_in: IntArray,
    seconds_in: FloatArray,
    goal_edges: IntArray,
    goal_nodes: IntArray,
    goal_s: FloatArray,
    limit_s: float,
) -> tuple[FloatArray, IntArray]:
    """Seconds from every node to a point on a road, and the edge by which each node leaves.

    `tail_in` and `seconds_in` are the tails and seconds of the edges `into`, in that order; the
    goal is `goal_s` from each of `goal_nodes`, by its `goal_edges`. Nodes beyond `limit_s` stay
    inf and leave by none (-1). Of ways that take equally long, either may be named.
    """
    nodes = len(into_start) - 1
    room = ROOM * nodes + len(goal_nodes)
    best, leave = np.empty(nodes), np.empty(nodes, np.int64)
    while not _spread(
        into,
        into_start,
        tail_in,
        seconds_in,
        goal_edges,
        goal_nodes,
        goal_s,
        float(limit_s),
        best,
        leave,
        room,
    ):
        room *= 2
    return best, leave


@compiled
def _spread(  # noqa: C901, PLR0917  # compiled: columns by position, one nest
    into: IntArray,
    into_start: IntArray,
    tail_in: IntArray,
    seconds_in: FloatArray,
    goal_edges: IntArray,
    goal_nodes: IntArray,
    goal_s: FloatArray,
    limit_s: float,
    best: FloatArray,
    leave: IntArray,
    room: int,
) -> bool:
    """Fill `best` and `leave`; False when the room for waiting nodes did not do."""
    best[:], leave[:] = np.inf, NOWHERE
    first = np.full(BUCKETS, NOWHERE, np.int32)
    nodes, after, keys = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
    used = waiting = 0
    for i in range(len(goal_nodes)):
        node, cost = goal_nodes[i], goal_s[i]
        if cost < best[node] and cost <= limit_s:
            best[node], leave[node] = cost, goal_edges[i]
            _add(first, nodes, after, keys, used, node, cost)
            used, waiting = used + 1, waiting + 1
    now, at, later = 0, NOWHERE, NOWHERE
    while waiting > 0:
        if at == NOWHERE:  # what came into the bucket meanwhile is its next round
            slot = now & (BUCKETS - 1)
            at, first[slot] = first[slot], NOWHERE
            if at == NOWHERE:
                first[slot] = later
                now, later = now + 1, NOWHERE
            continue
        this, at = at, after[at]
        node, key = nodes[this], keys[this]
        if key * PER_SECOND >= now + 1:
            after[this], later = later, this
            continue
        waiting -= 1
        if key > best[node]:
            continue
        for i in range(into_start[node], into_start[node + 1]):
            cost, start = key + seconds_in[i], tail_in[i]
            if cost < best[start] and cost <= limit_s:
                if used == room:
                    return False
                best[start], leave[start] = cost, into[i]
                _add(first, nodes, after, keys, used, start, cost)
                used, waiting = used + 1, waiting + 1
    return True


@compiled
def _add(  # noqa: PLR0917  # compiled: columns by position
    first: ShortArray,
    nodes: ShortArray,
    after: ShortArray,
    keys: FloatArray,
    at: int,
    node: int,
    cost: float,
) -> None:
    """Put a node into the bucket of its seconds."""
    slot = int(cost * PER_SECOND) & (BUCKETS - 1)
    nodes[at], keys[at], after[at] = node, cost, first[slot]
    first[slot] = at
