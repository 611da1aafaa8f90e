"""Everyone's time by road to one place: our search and its peers over the same graph, in turns.

`python -m benchmarks.geo_routing [--quick] [--map FILE.osm.pbf]` imports a map, loads it as the
engine does at its start, then asks for the times of 1 000 and of 10 000 units to places drawn by
lot, bounded at 15 minutes. The peers get the graph ready made, units and places already on it.
"""

import argparse
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import igraph
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.geo_valhalla import ABSENT, Valhalla, valhalla
from geo.roads import Roads
from geo.types import FloatArray, IntArray, Point, Profile, RoadSpots

MAP = Path(__file__).parent.parent / "tests" / "data" / "porto_metro_roads.osm.pbf"
LIMIT_S = 900.0
JITTER_DEG = 1e-4
"""A receiver's error: units stand this far from the middle of a piece of road."""
EQUAL = 1e-6
ROUTER_S = 15.0
COMMAND = [sys.executable, "-m", "benchmarks.geo_routing"]


@dataclass(frozen=True, slots=True)
class Scale:
    """Units of each table, places asked for, loads of the graph of which the median counts.

    One load may be the first after a change of the loops, and compile them. `router` is whether
    one with a map of its own is asked too.
    """

    units: tuple[int, ...] = (1_000, 10_000)
    places: int = 200
    loads: int = 3
    router: bool = True


QUICK = Scale(places=20, loads=1, router=False)


class Units(NamedTuple):
    """Where units are: (n, 2) WGS-84 degrees, and on the roads."""

    lonlat: FloatArray
    spots: RoadSpots


class Place(NamedTuple):
    """Somewhere on a one-way street: the only node before it, and seconds from there."""

    at: Point
    piece: int
    node: int
    off_s: float


@dataclass(slots=True)
class Waits:
    """Seconds of each query, by the wall and of the processor, and the largest difference."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    unlike: float = 0.0
    compared: int = 0


def list_places(roads: Roads, wanted: int, seed: int) -> list[Place]:
    """Places of one street and one way in, so that a peer can start from a single node."""
    rng = np.random.default_rng(seed)
    seconds = roads.times[Profile.CAR]
    ways = np.isfinite(seconds[: roads.ends]).reshape(-1, 2)
    places: list[Place] = []
    for piece in rng.permutation(np.flatnonzero(ways[:, 0] & ~ways[:, 1])).tolist():
        lon, lat = roads.shape_of(2 * piece, 0.5, 0.5)[0].tolist()
        spot = roads.put_on_road(np.array([[lon, lat]]), Profile.CAR)
        if spot.piece[0] != piece or len(roads.list_edges(piece)) > 2:
            continue
        off_s = float(spot.share[0] * seconds[2 * piece] + spot.off_s[0])
        places.append(Place(Point(lon, lat), piece, int(roads.tail[2 * piece]), off_s))
        if len(places) == wanted:
            break
    return places


def spread_units(roads: Roads, units: int, seed: int) -> Units:
    """Units beside pieces of road drawn by lot, put on the roads as their fixes would be."""
    rng = np.random.default_rng(seed)
    usable = np.isfinite(roads.times[Profile.CAR][: roads.ends]).reshape(-1, 2).any(axis=1)
    pieces = rng.choice(np.flatnonzero(usable), units)
    middle = np.array([roads.shape_of(2 * piece, 0.5, 0.5)[0] for piece in pieces.tolist()])
    lonlat = middle + rng.normal(0, JITTER_DEG, (units, 2))
    return Units(lonlat, roads.put_on_road(lonlat, Profile.CAR))


class Ours:
    """The road graph of the engine, place and all."""

    name = "street110"
    version = "this tree"

    def __init__(self, roads: Roads, spots: RoadSpots) -> None:
        self._roads, self._spots = roads, spots

    def ask(self, place: Place) -> FloatArray:
        """Put the place on its road, search, read off everyone."""
        return self._roads.reach(place.at, Profile.CAR, LIMIT_S).seconds_of(self._spots)


class FromNodes:
    """From the times of nodes to those of units, for a peer that knows nodes only."""

    def __init__(self, roads: Roads, spots: RoadSpots) -> None:
        self._spots = spots
        edges = np.column_stack((2 * spots.piece, 2 * spots.piece + 1))
        share_left = np.column_stack((1.0 - spots.share, spots.share))
        seconds = roads.times[Profile.CAR][edges]
        usable = np.isfinite(seconds)
        self._left_s = np.where(usable, share_left * np.where(usable, seconds, 0.0), np.inf)
        self.heads = np.where(usable, roads.head[edges], roads.head[edges[:, ::-1]])

    def times(self, at_heads: FloatArray, place: Place) -> FloatArray:
        """Seconds of units from those of the (n, 2) nodes that their roads lead to."""
        total: FloatArray = (self._left_s + at_heads).min(axis=1) + self._spots.off_s + place.off_s
        total[total > LIMIT_S] = np.inf
        return total


def usable_edges(roads: Roads) -> tuple[IntArray, IntArray, FloatArray]:
    """Tail, head and seconds of the edges a car may use; of equal pairs only the fastest."""
    seconds = np.asarray(roads.times[Profile.CAR])
    tail, head = np.asarray(roads.tail, np.int64), np.asarray(roads.head, np.int64)
    edges = np.flatnonzero(np.isfinite(seconds))
    edges = edges[np.lexsort((seconds[edges], head[edges], tail[edges]))]
    new = np.ones(len(edges), bool)
    new[1:] = (np.diff(tail[edges]) != 0) | (np.diff(head[edges]) != 0)
    edges = edges[new]
    return tail[edges], head[edges], seconds[edges]


class Scipy:
    """scipy.sparse.csgraph.dijkstra over the reversed graph, with its limit."""

    name = "scipy dijkstra(limit=)"
    version = importlib.metadata.version("scipy")

    def __init__(self, roads: Roads, spots: RoadSpots) -> None:
        self._ends = FromNodes(roads, spots)
        tail, head, seconds = usable_edges(roads)
        nodes = len(roads.into_start) - 1
        self._graph = csr_array((seconds, (head, tail)), shape=(nodes, nodes))

    def ask(self, place: Place) -> FloatArray:
        """One search, then the ends of everyone's way."""
        best = dijkstra(self._graph, indices=place.node, limit=LIMIT_S - place.off_s)
        return self._ends.times(best[self._ends.heads], place)


class Igraph:
    """igraph's distances to the place from the nodes that units' roads lead to."""

    name = "igraph distances"
    version = igraph.__version__

    def __init__(self, roads: Roads, spots: RoadSpots) -> None:
        self._ends = FromNodes(roads, spots)
        tail, head, self._seconds = usable_edges(roads)
        nodes = len(roads.into_start) - 1
        self._graph = igraph.Graph(n=nodes, edges=np.column_stack((tail, head)), directed=True)
        self._seconds = self._seconds.tolist()
        wanted, self._of = np.unique(self._ends.heads, return_inverse=True)
        self._wanted = wanted.tolist()

    def ask(self, place: Place) -> FloatArray:
        """One search without a bound, for it knows none; it ends when all are reached."""
        found = self._graph.distances(place.node, self._wanted, self._seconds, mode="in")
        return self._ends.times(np.array(found[0])[self._of].reshape(-1, 2), place)


PEERS = (Ours, Scipy, Igraph)


def compare(ours: FloatArray, theirs: FloatArray, waits: Waits) -> None:
    """Note the largest relative difference of two answers; one infinite alone is infinite."""
    with np.errstate(invalid="ignore"):
        unlike = np.abs(ours - theirs) / np.maximum(theirs, 1.0)
    unlike[np.isinf(ours) & np.isinf(theirs)] = 0.0
    near_limit = np.abs(np.minimum(ours, theirs) - LIMIT_S) < LIMIT_S * EQUAL
    unlike[near_limit] = 0.0
    waits.unlike = max(waits.unlike, float(np.nan_to_num(unlike, nan=np.inf).max()))
    waits.compared += len(unlike)


def measure_units(
    roads: Roads, units: int, places: list[Place], router: Valhalla | None
) -> dict[str, Any]:
    """Every peer asked for every place, one after the other, so that noise meets all alike."""
    lonlat, spots = spread_units(roads, units, seed=units)
    peers = [make(roads, spots) for make in PEERS]
    waits = [Waits() for _ in peers]
    for peer in peers:
        peer.ask(places[0])
    reached: list[float] = []
    for place in places[1:]:
        answers: list[FloatArray] = []
        for peer, wait in zip(peers, waits, strict=True):
            began_s, cpu_s = time.perf_counter(), time.process_time()
            answers.append(peer.ask(place))
            wait.cpu_s.append(time.process_time() - cpu_s)
            wait.wall_s.append(time.perf_counter() - began_s)
        # Who stands on the very street of the place may have a way that leads along no node.
        elsewhere = spots.piece != place.piece
        reached.append(float(np.isfinite(answers[0]).mean()))
        for answer, wait in zip(answers, waits, strict=True):
            compare(answers[0][elsewhere], answer[elsewhere], wait)
    rows = [figures(peer, wait) for peer, wait in zip(peers, waits, strict=True)]
    if router is not None:
        rows.append(measure_router(router, lonlat, places))
    for row in rows:
        row["times_ours"] = round(row["cpu_ms_p50"] / rows[0]["cpu_ms_p50"], 1)
    return {
        "units": units,
        "places": len(places) - 1,
        "reached_share": round(float(np.mean(reached)), 3),
        "peers": rows,
    }


def measure_router(router: Valhalla, lonlat: FloatArray, places: list[Place]) -> dict[str, Any]:
    """A router with a map of its own, for a while: its speeds are not ours to compare."""
    waits = Waits()
    router.seconds(lonlat, places[0].at)
    until_s = time.perf_counter() + ROUTER_S
    for place in places[1:]:
        began_s, cpu_s = time.perf_counter(), time.process_time()
        router.seconds(lonlat, place.at)
        waits.cpu_s.append(time.process_time() - cpu_s)
        waits.wall_s.append(time.perf_counter() - began_s)
        if time.perf_counter() > until_s:
            break
    found = {"peer": "Valhalla matrix", "version": router.version} | percentiles(waits)
    return found | {"asked": len(waits.wall_s)}


def figures(peer: Ours | Scipy | Igraph, waits: Waits) -> dict[str, Any]:
    """What one peer took, and how far its answers are from ours."""
    found: dict[str, Any] = {"peer": peer.name, "version": peer.version} | percentiles(waits)
    found |= {"asked": len(waits.wall_s), "largest_difference": waits.unlike}
    return found | {"compared_times": waits.compared}


def percentiles(waits: Waits) -> dict[str, float]:
    """Of the waits, in milliseconds."""
    found: dict[str, float] = {}
    for kind, waited_s in (("wall", waits.wall_s), ("cpu", waits.cpu_s)):
        for share in (50, 99):
            found[f"{kind}_ms_p{share}"] = round(float(np.percentile(waited_s, share)) * 1e3, 2)
    return found


def in_a_process(task: str, *paths: Path) -> dict[str, Any]:
    """Run one task of this program in a process of its own; returns what it printed."""
    done = subprocess.run(
        [*COMMAND, "--task", task, *map(str, paths)], stdout=subprocess.PIPE, check=True
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def run_task(task: str, source: Path, target: Path) -> dict[str, Any]:
    """Import a map, or load a graph as at the engine's start."""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    found: dict[str, Any] = {}
    if task == "import":
        from geo.osm import import_osm  # noqa: PLC0415

        about = import_osm(source, target)
        found = {"nodes": about["nodes"], "pieces": about["pieces"]}
        found["file_mib"] = round(target.stat().st_size / 2**20, 1)
    else:
        roads = Roads.load(target)
        found["load_s"] = round(time.perf_counter() - began_s, 3)
        found["load_cpu_s"] = round(time.process_time() - cpu_s, 3)
        roads.warm_up()
    took_s = time.perf_counter() - began_s
    return found | {"seconds": round(took_s, 3), "cpu_s": round(time.process_time() - cpu_s, 3)}


def measure(scale: Scale, source: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Import, load, and everyone's times."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="street110-roads-")))
        graph = folder / "roads.s110"
        tell(f"importing {source.name}")
        imported = in_a_process("import", source, graph)
        tell("loading")
        loads = [in_a_process("load", source, graph) for _ in range(scale.loads)]
        roads = Roads.load(graph)
        roads.warm_up()
        router = stack.enter_context(valhalla(source, folder)) if scale.router else None
        tables = []
        for units in scale.units:
            tell(f"{units} units to {scale.places} places")
            # Places of their own, for ours remembers the searches it made.
            places = list_places(roads, scale.places + 1, seed=units)
            tables.append(measure_units(roads, units, places, router))
    return {
        "map": source.name,
        "limit_s": LIMIT_S,
        "import": imported,
        "load": sorted(loads, key=lambda load: load["seconds"])[scale.loads // 2],
        "tables": tables,
        "absent": {} if router or not scale.router else {"Valhalla": ABSENT},
    }


def main() -> None:
    """Measure and print; `python -m benchmarks.geo` keeps the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.geo_routing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 places instead of 200")
    parser.add_argument("--map", type=Path, default=MAP, help="an OpenStreetMap extract")
    parser.add_argument("--task", choices=["import", "load"], help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.task:
        print(json.dumps(run_task(said.task, *said.files)))
        return
    from benchmarks.geo_report import show_routing  # noqa: PLC0415

    show_routing(measure(QUICK if said.quick else Scale(), said.map, print))


if __name__ == "__main__":
    main()
