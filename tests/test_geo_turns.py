"""Banned turns on random little towns: split crossings against a search over edges, by hand."""

import heapq
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.build import write_graph
from geo.roads import Roads
from geo.turns import Ban, Links, Piece, split_crossings
from geo.types import Point, Profile

SIDE = 3
STEP_DEG = 0.002
OFTEN = st.sampled_from([True, True, True, False])


class Town(NamedTuple):
    pieces: list[Piece]
    bans: list[Ban]
    roads: Roads


def place(node: int) -> tuple[float, float]:
    return 121.4 + node % SIDE * STEP_DEG, 31.2 + node // SIDE * STEP_DEG


@st.composite
def towns(draw: st.DrawFn) -> Town:
    pairs = [(n, n + 1) for n in range(SIDE * SIDE) if (n + 1) % SIDE]
    pairs += [(n, n + SIDE) for n in range(SIDE * (SIDE - 1))]
    pieces = []
    for way, (tail, head) in enumerate(pairs):
        forward, backward = draw(OFTEN), draw(OFTEN)
        kmh = float(draw(st.integers(10, 80)))
        pieces.append(Piece(tail, head, way, 0, kmh, forward, backward, True, way))
    bans = []
    for _ in range(draw(st.integers(0, 16))):
        node = draw(st.integers(0, SIDE * SIDE - 1))
        here = [way for way, pair in enumerate(pairs) if node in pair]
        start, end = draw(st.sampled_from(here)), draw(st.sampled_from(here))
        only = start != end and draw(st.integers(0, 4)) == 0
        bans.append(Ban(start, node, end, only, turn_back=start == end))
    lines = [np.array([place(piece.tail), place(piece.head)]) for piece in pieces]
    about = {"names": [str(way) for way in range(len(pieces))], "credit": ""}
    lonlat = np.array([place(node) for node in range(SIDE * SIDE)])
    with TemporaryDirectory() as folder:
        target = Path(folder) / "town.s110"
        write_graph(target, lonlat, pieces, lines, bans=bans, about=about)
        return Town(pieces, bans, Roads.load(target))


def may_turn(town: Town, edge: int, then: int) -> bool:
    """Whether one may go from an edge into another, by the words of the restrictions."""
    start, end = town.pieces[edge >> 1], town.pieces[then >> 1]
    node = start.tail if edge % 2 else start.head
    if node != (end.head if then % 2 else end.tail):
        return False
    for ban in town.bans:
        if (ban.start_way, ban.node) == (start.way, node):
            if ban.only and ban.end_way != end.way:
                return False
            if not ban.only and ban.end_way == end.way:
                return False
    return True


def edge_by_edge(town: Town, start: tuple[int, float], goal: tuple[int, float]) -> float:
    """Seconds from a share of one piece to a share of another, by a search over edges."""
    times = town.roads.times[Profile.CAR][: 2 * len(town.pieces)]
    usable = np.flatnonzero(np.isfinite(times)).tolist()
    turns = {edge: [then for then in usable if may_turn(town, edge, then)] for edge in usable}
    best = np.inf
    queue: list[tuple[float, int]] = []
    for edge in (2 * start[0], 2 * start[0] + 1):
        at, end = (abs(edge % 2 - share) for share in (start[1], goal[1]))
        if edge in usable:
            queue.append(((1 - at) * times[edge], edge))
            if start[0] == goal[0] and end >= at:
                best = min(best, (end - at) * times[edge])
    done: set[int] = set()
    heapq.heapify(queue)
    while queue:
        seconds, edge = heapq.heappop(queue)
        if edge in done:
            continue
        done.add(edge)
        for then in turns[edge]:
            if then >> 1 == goal[0]:
                best = min(best, seconds + abs(then % 2 - goal[1]) * times[then])
            heapq.heappush(queue, (seconds + times[then], then))
    return best


@given(town=towns(), seed=st.integers(0, 1_000))
@settings(max_examples=40)
def test_split_crossings_equal_a_search_over_edges(town: Town, seed: int) -> None:
    roads = town.roads
    rng = np.random.default_rng(seed)
    points = rng.uniform(place(0), place(SIDE * SIDE - 1), (6, 2))
    piece, share, off_s = roads.put_on_road(points, Profile.CAR)
    for goal in range(3):
        reach = roads.reach(Point(*points[goal].tolist()), Profile.CAR, 1e9)
        seconds = reach.seconds(points[3:])
        for start in range(3, 6):
            if piece[goal] < 0 or piece[start] < 0:
                assert np.isinf(seconds[start - 3])
                continue
            plain = edge_by_edge(
                town, (int(piece[start]), share[start]), (int(piece[goal]), share[goal])
            )
            expected = plain + off_s[start] + off_s[goal]
            assert seconds[start - 3] == pytest.approx(expected, rel=1e-9)
            route = reach.find_route(Point(*points[start].tolist()))
            if np.isinf(plain):
                assert route is None
                continue
            assert route is not None
            driven_s = sum(street.seconds for street in route.streets)
            assert driven_s == pytest.approx(plain, abs=0.06 * len(route.streets))


@st.composite
def banned_paths(draw: st.DrawFn) -> tuple[list[Piece], set[tuple[int, ...]]]:
    """A grid of two-way roads, and walks of two to four edges that nobody may drive."""
    pairs = [(n, n + 1) for n in range(SIDE * SIDE) if (n + 1) % SIDE]
    pairs += [(n, n + SIDE) for n in range(SIDE * (SIDE - 1))]
    pieces = [
        Piece(tail, head, way, 0, 30.0, forward=True, backward=True, walk=True, way=way)
        for way, (tail, head) in enumerate(pairs)
    ]
    ends = [end for pair in pairs for end in (pair, pair[::-1])]
    banned = set()
    for _ in range(draw(st.integers(0, 8))):
        path = [draw(st.integers(0, len(ends) - 1))]
        for _ in range(draw(st.integers(1, 3))):
            out = [edge for edge, (tail, _) in enumerate(ends) if tail == ends[path[-1]][1]]
            path.append(draw(st.sampled_from(out)))
        banned.add(tuple(path))
    return pieces, banned


def steps_from(
    leaving: dict[int, list[tuple[int, int]]], first: tuple[int, int], banned: set[tuple[int, ...]]
) -> dict[int, int]:
    """Fewest edges to each edge after a first one, by a search that remembers four of them.

    `leaving` gives (edge as drawn, node it leads to) by node.
    """
    found: dict[int, int] = {}
    fringe = [((first[0],), first[1])]
    seen = set(fringe)
    for steps in range(40):
        for path, _ in fringe:
            found.setdefault(path[-1], steps)
        longer = [
            ((*path, edge), node)
            for path, at in fringe
            for edge, node in leaving.get(at, ())
            if not any((*path, edge)[i:] in banned for i in range(len(path)))
        ]
        fringe = [one for one in {(path[-4:], node) for path, node in longer} if one not in seen]
        seen.update(fringe)
    return found


@given(town=banned_paths())
@settings(max_examples=30)
def test_copies_of_crossings_remember_how_one_came(
    town: tuple[list[Piece], set[tuple[int, ...]]],
) -> None:
    pieces, banned = town
    links = split_crossings(pieces, SIDE * SIDE, banned)
    plain = split_crossings(pieces, SIDE * SIDE, ())

    def leaving(of: Links) -> dict[int, list[tuple[int, int]]]:
        out: dict[int, list[tuple[int, int]]] = {}
        for tail, head, base, shut in zip(of.tail, of.head, of.base, of.banned, strict=True):
            if not shut:
                out.setdefault(int(tail), []).append((int(base), int(head)))
        return out

    split, drawn = leaving(links), leaving(plain)
    for edge in range(2 * len(pieces)):
        ours = steps_from(split, (edge, int(links.head[edge])), set())
        assert ours == steps_from(drawn, (edge, int(plain.head[edge])), banned)
