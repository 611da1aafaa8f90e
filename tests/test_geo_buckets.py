"""The search by buckets of time against Dijkstra's order, in plain words and in machine code."""

import heapq
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.buckets import BUCKETS, PER_SECOND, bucket_search
from geo.search import NOWHERE, reverse_search
from geo.types import FloatArray, IntArray


class Town(NamedTuple):
    """Directed edges with seconds, and those into each node, as a graph file has them."""

    tail: IntArray
    head: IntArray
    seconds: FloatArray
    into: IntArray
    into_start: IntArray


def build(tail: IntArray, head: IntArray, seconds: FloatArray, nodes: int) -> Town:
    into = np.argsort(head, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(head, minlength=nodes))))
    return Town(tail, head, seconds, into, start)


def make_town(seed: int, longest_s: float) -> Town:
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 60))
    edges = int(rng.integers(1, 4 * nodes))
    tail, head = rng.integers(0, nodes, (2, edges))
    seconds = rng.uniform(0, longest_s, edges)
    seconds[rng.random(edges) < 0.1] = np.inf
    return build(tail, head, seconds, nodes)


def search(
    town: Town, goals: IntArray, goal_s: FloatArray, limit_s: float
) -> tuple[FloatArray, IntArray]:
    tail_in, seconds_in = town.tail[town.into], town.seconds[town.into]
    nodes = town.tail[goals]
    return bucket_search(
        town.into, town.into_start, tail_in, seconds_in, goals, nodes, goal_s, limit_s
    )


def plain(town: Town, goals: IntArray, goal_s: FloatArray, limit_s: float) -> list[float]:
    best = [np.inf] * (len(town.into_start) - 1)
    queue = [(s, int(town.tail[edge])) for s, edge in zip(goal_s, goals, strict=True)]
    heapq.heapify(queue)
    while queue:
        cost, node = heapq.heappop(queue)
        if cost >= best[node] or cost > limit_s:
            continue
        best[node] = cost
        for edge in np.flatnonzero(town.head == node):
            heapq.heappush(queue, (cost + town.seconds[edge], int(town.tail[edge])))
    return best


@given(
    seed=st.integers(0, 10_000),
    longest_s=st.sampled_from([0.01, 1.0, 40.0, 3 * BUCKETS / PER_SECOND]),
    limit_s=st.sampled_from([0.0, 5.0, 300.0, 1e5, float("inf")]),
)
def test_equal_to_the_last_bit(seed: int, longest_s: float, limit_s: float) -> None:
    town = make_town(seed, longest_s)
    rng = np.random.default_rng(seed)
    goals = np.unique(rng.integers(0, len(town.tail), 3))
    share, off_s = rng.random(len(goals)), float(rng.uniform(0, 2))
    goal_s = off_s + share * town.seconds[goals]
    best, leave = search(town, goals, goal_s, limit_s)
    assert best.tolist() == plain(town, goals, goal_s, limit_s)
    heap, _ = reverse_search(
        town.into, town.into_start, town.tail, town.seconds, goals, share, off_s, limit_s
    )
    assert best.tolist() == heap.tolist()
    for node, edge in enumerate(leave.tolist()):
        assert (edge == NOWHERE) == np.isinf(best[node])
        if edge == NOWHERE:
            continue
        assert town.tail[edge] == node
        onward_s = best[town.head[edge]] + town.seconds[edge]
        ends_s = goal_s[goals == edge]
        assert best[node] in {onward_s, *ends_s.tolist()}


def test_room_is_made_for_a_town_whose_nodes_are_taken_again_and_again() -> None:
    steps = 40
    tail = [node for i in range(1, steps) for node in [i] * i]
    head = [node for i in range(1, steps) for node in range(i)]
    # A way over more nodes is shorter, and all is within one bucket.
    seconds = [1e-4 * (i - to) ** 2 for i in range(1, steps) for to in range(i)]
    town = build(np.array(tail), np.array(head), np.array(seconds), steps)
    goals, goal_s = np.array([0]), np.array([0.25])
    best, _ = search(town, goals, goal_s, np.inf)
    assert best.tolist() == plain(town, goals, goal_s, np.inf)
