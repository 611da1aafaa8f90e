"""Banned turns: from the words of a map to sequences of edges, and to copies of crossings.

Piece `k` gives two directed edges: 2k along its drawing, 2k + 1 against it. A ban is a sequence
of edges that nobody may drive from first to last. Each beginning of one gets a copy of the
crossing it leads to, with copies of the edges out of it; the copies remember how one came, as
the states of a pattern matcher do (Aho and Corasick, CACM 18(6), 1975), so the search over the
graph stays a plain one.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from geo.types import BoolArray, IntArray

EdgePath = tuple[int, ...]
"""Directed edges, each beginning where the one before it ends."""


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
    """A turn restriction: from a way, over a node or ways, `only` or never to a way.

    Way ids are those of the source; `node` is the number of the crossing, or -1 where `via`
    names the ways between.
    """

    start_way: int
    node: int
    end_way: int
    only: bool
    turn_back: bool
    via: tuple[int, ...] = ()


class Links(NamedTuple):
    """Directed edges with the copies that banned turns need; `base` is the edge copied."""

    tail: IntArray
    head: IntArray
    base: IntArray
    banned: BoolArray
    node: IntArray


class Streets:
    """Who can drive where: the edges of pieces, by crossing and by the way they were cut from."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.into: dict[tuple[int, int], list[int]] = {}
        self.out: dict[int, list[int]] = {}
        self.way: dict[int, int] = {}
        self.tail: dict[int, int] = {}
        self.head: dict[int, int] = {}
        self.nodes_of: dict[int, set[int]] = {}
        for k, piece in enumerate(pieces):
            self.nodes_of.setdefault(piece.way, set()).update((piece.tail, piece.head))
            if piece.forward:
                self._add(2 * k, piece.tail, piece.head, piece.way)
            if piece.backward:
                self._add(2 * k + 1, piece.head, piece.tail, piece.way)

    def _add(self, edge: int, tail: int, head: int, way: int) -> None:
        self.into.setdefault((way, head), []).append(edge)
        self.out.setdefault(tail, []).append(edge)
        self.way[edge], self.tail[edge], self.head[edge] = way, tail, head

    def list_approaches(self, ban: Ban) -> Iterator[EdgePath]:
        """The ways to come to where a ban decides: one edge, or one and those of its via ways."""
        if not ban.via:
            for edge in self.into.get((ban.start_way, ban.node), ()):
                yield (edge,)
            return
        for node in sorted(self.nodes_of.get(ban.via[0], ())):
            for edge in self.into.get((ban.start_way, node), ()):
                path = self._find_via(edge, ban)
                if path is not None:
                    yield (edge, *path)

    def _find_via(self, start: int, ban: Ban) -> EdgePath | None:
        """The shortest way over all via ways, in pieces, to a crossing with the way it ends on."""
        goals = self.nodes_of.get(ban.end_way, set())
        ways = set(ban.via)
        fringe: list[EdgePath] = [()]
        seen: set[int] = set()
        while fringe:
            longer: list[EdgePath] = []
            for path in fringe:
                node = self.head[path[-1] if path else start]
                if path and node in goals and {self.way[edge] for edge in path} == ways:
                    return path
                for edge in self.out.get(node, ()):
                    turns_back = edge ^ 1 == (path[-1] if path else start)
                    if self.way[edge] in ways and edge not in seen and not turns_back:
                        seen.add(edge)
                        longer.append((*path, edge))
            fringe = longer
        return None


def list_banned(
    pieces: Sequence[Piece], bans: Sequence[Ban], shut: Collection[int] = ()
) -> tuple[set[EdgePath], int]:
    """Sequences of edges nobody may drive, and how many bans bind nobody who may drive there.

    `shut` are crossings that cars cannot pass, as at a bollard: they may only turn round.
    """
    streets = Streets(pieces)
    banned: set[EdgePath] = set()
    idle = 0
    for ban in bans:
        paths = list(streets.list_approaches(ban))
        idle += not paths
        for path in paths:
            for then in streets.out.get(streets.head[path[-1]], ()):
                same = streets.way[then] == ban.end_way
                if ban.turn_back and ban.start_way == ban.end_way and not ban.via:
                    same = then == path[-1] ^ 1
                if same != ban.only:
                    banned.add((*path, then))
    for edge, head in streets.head.items():
        if head in shut:
            banned.update((edge, then) for then in streets.out.get(head, ()) if then != edge ^ 1)
    return banned, idle


def split_crossings(pieces: Sequence[Piece], nodes: int, banned: Collection[EdgePath]) -> Links:
    """Edges and nodes, with a copy of a crossing for each way to come that may not go on freely."""
    tail: IntArray = np.array([(piece.tail, piece.head) for piece in pieces], np.int64).ravel()
    head: IntArray = np.array([(piece.head, piece.tail) for piece in pieces], np.int64).ravel()
    forbidden = frozenset(banned)
    begun = {path[:k] for path in forbidden for k in range(1, len(path))}
    order = sorted(begun, key=lambda path: (len(path), path))
    state = {path: nodes + i for i, path in enumerate(order)}
    crossing = [int(head[path[-1]]) for path in order]
    at_bans = set(crossing)
    leaving: dict[int, list[int]] = {}
    for edge, start in enumerate(tail.tolist()):
        if start in at_bans:
            leaving.setdefault(start, []).append(edge)
    copies: list[tuple[int, int, int, bool]] = []
    for path, here in zip(order, crossing, strict=True):
        for then in leaving[here]:
            ends = [(*path[i:], then) for i in range(len(path) + 1)]
            goes = next((state[end] for end in ends if end in state), int(head[then]))
            copies.append((state[path], goes, then, not forbidden.isdisjoint(ends)))
    for path in order:
        if len(path) == 1:
            head[path[0]] = state[path]
    rows = np.array([row[:3] for row in copies], dtype=np.int64).reshape(-1, 3)
    banned_copies = np.array([row[3] for row in copies], dtype=bool)
    return Links(
        tail=np.concatenate((tail, rows[:, 0])),
        head=np.concatenate((head, rows[:, 1])),
        base=np.concatenate((np.arange(len(tail)), rows[:, 2])),
        banned=np.concatenate((np.zeros(len(tail), bool), banned_copies)),
        node=np.array([*range(nodes), *crossing], dtype=np.int64),
    )
