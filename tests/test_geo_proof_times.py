"""Travel times on four towns against igraph and SciPy, on the same weights."""

import igraph
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from geo.reach import Reach
from geo.roads import Roads
from geo.types import FloatArray, IntArray, Point, Profile
from tests.geo_proof_towns import PAIRS, Spots, random_spots, roads_of

FOUR = ("shanghai", "porto", "nanjing", "monaco")
SAME = 1e-6
NO_LIMIT_S = 1e9
BLOCK = 100
FOR_SCIPY = 250
"""SciPy searches the whole graph for each pair, so it is asked for fewer of them."""


class Doubled:
    """The graph as a list of weighted edges, with a node for each start and each goal."""

    def __init__(self, roads: Roads, starts: Spots, goals: Spots) -> None:
        times = roads.times[Profile.CAR]
        usable = np.flatnonzero(np.isfinite(times))
        count = len(roads.into_start) - 1
        self.starts = np.arange(len(starts.piece)) + count
        self.goals = self.starts + len(starts.piece)
        self.nodes = int(self.goals[-1]) + 1
        rows = [*zip(roads.tail[usable], roads.head[usable], times[usable], strict=True)]
        for i, (piece, share) in enumerate(zip(starts.piece, starts.share, strict=True)):
            to_piece, to_share = goals.piece[i], goals.share[i]
            for edge in (2 * piece, 2 * piece + 1):
                if not np.isfinite(times[edge]):
                    continue
                at, to = (one if edge % 2 == 0 else 1 - one for one in (share, to_share))
                rows.append((self.starts[i], roads.head[edge], (1 - at) * times[edge]))
                if piece == to_piece and to >= at:
                    rows.append((self.starts[i], self.goals[i], (to - at) * times[edge]))
            for edge in np.flatnonzero(roads.base >> 1 == to_piece):
                to = to_share if roads.base[edge] % 2 == 0 else 1 - to_share
                if np.isfinite(times[edge]):
                    rows.append((roads.tail[edge], self.goals[i], to * times[edge]))
        table = np.array(rows, dtype=np.float64)
        self.tail, self.head = table[:, :2].astype(np.int64).T
        self.seconds: FloatArray = table[:, 2]

    def by_igraph(self) -> FloatArray:
        graph = igraph.Graph(
            n=self.nodes, edges=np.column_stack((self.tail, self.head)), directed=True
        )
        weights = self.seconds.tolist()
        found = []
        for i in range(0, len(self.starts), BLOCK):
            starts, goals = (ends[i : i + BLOCK].tolist() for ends in (self.starts, self.goals))
            found.append(np.diag(graph.distances(starts, goals, weights=weights)))
        return np.concatenate(found)

    def by_scipy(self, count: int) -> FloatArray:
        order = np.lexsort((self.seconds, self.head, self.tail))
        tail, head = self.tail[order], self.head[order]
        fastest = np.concatenate(([True], (np.diff(tail) != 0) | (np.diff(head) != 0)))
        seconds = np.maximum(self.seconds[order], 1e-12)[fastest]
        matrix = csr_array(
            (seconds, (tail[fastest], head[fastest])), shape=(self.nodes, self.nodes)
        )
        found: IntArray = np.arange(count)
        return np.array([dijkstra(matrix, indices=self.starts[i])[self.goals[i]] for i in found])


@pytest.mark.parametrize("town", FOUR)
def test_travel_times_are_those_of_igraph_and_scipy(town: str) -> None:
    roads = roads_of(town)
    starts, goals = random_spots(roads, PAIRS, 110), random_spots(roads, PAIRS, 911)
    ours, on_road = np.zeros(PAIRS), []
    for i in range(PAIRS):
        reach = Reach(roads, Point(*goals.lonlat[i].tolist()), Profile.CAR, NO_LIMIT_S)
        spots = roads.put_on_road(starts.lonlat[i : i + 1], Profile.CAR)
        ours[i] = reach.seconds_of(spots)[0] - reach.off_s - spots.off_s[0]
        on_road.append((spots.piece[0], spots.share[0], reach.piece, reach.share))
    columns = [np.array(column) for column in zip(*on_road, strict=True)]
    twice = Doubled(
        roads,
        Spots(columns[0], columns[1], starts.lonlat),
        Spots(columns[2], columns[3], goals.lonlat),
    )
    by_igraph = twice.by_igraph()
    assert np.isfinite(by_igraph).mean() > 0.95
    np.testing.assert_allclose(ours, by_igraph, rtol=SAME, atol=1e-6)
    np.testing.assert_allclose(ours[:FOR_SCIPY], twice.by_scipy(FOR_SCIPY), rtol=SAME, atol=1e-6)
