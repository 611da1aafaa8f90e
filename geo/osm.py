"""From an OpenStreetMap extract to a road graph: pieces of road between crossings.

Piece `k` gives two directed edges: 2k along the drawing of the way, 2k + 1 against it; an edge
that a profile may not use has an infinite time. Tags: wiki.openstreetmap.org/wiki/Key:highway.
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.graphfile import write_arrays
from geo.plane import Plane
from geo.types import FloatArray, IntArray, Point

CAR_KMH = {
    "motorway": 80, "trunk": 60, "primary": 50, "secondary": 40, "tertiary": 35,
    "unclassified": 30, "residential": 25, "living_street": 15, "service": 15, "road": 25,
    "motorway_link": 50, "trunk_link": 40, "primary_link": 35, "secondary_link": 30,
    "tertiary_link": 25,
}  # fmt: skip
"""Free speed by class where no maxspeed is drawn, for a city in China; km/h."""
POLICE_FACTOR = 1.15
"""A patrol car under order against ordinary traffic."""
MOTORCYCLE_FACTOR = 1.3
WALK_MPS = 1.5
"""A guard or officer at a brisk walk."""
FOOT_ONLY = {"footway", "pedestrian", "path", "steps", "track", "cycleway", "corridor"}
NO_FOOT = {"motorway", "motorway_link", "trunk", "trunk_link"}
CLASSES = (*CAR_KMH, *sorted(FOOT_ONLY))
CLOSED = {"no", "private"}
Say = Callable[[str, int, int | None], None]
"""Hears a step by name, how much of it is done, and of how many."""
SPEED = re.compile(r"^(\d{1,3})( ?mph)?$")


def unheard(step: str, done: int, total: int | None) -> None:
    """Nobody watches this import."""


class Drawn:
    """One way as it was drawn: node ids, class, km/h, names, and who may use it which way."""

    def __init__(self, way: Any) -> None:
        tags = way.tags
        self.nodes = [node.ref for node in way.nodes]
        self.highway = str(tags.get("highway"))
        self.name = str(tags.get("name:zh") or tags.get("name") or tags.get("ref") or "")
        self.kmh = speed_of(tags.get("maxspeed"), self.highway)
        access = tags.get("motor_vehicle") or tags.get("vehicle") or tags.get("access")
        self.drive = self.highway in CAR_KMH and access not in CLOSED
        foot = tags.get("foot") or tags.get("access")
        self.walk = self.highway not in NO_FOOT and foot not in CLOSED
        oneway = tags.get("oneway")
        round_about = tags.get("junction") in {"roundabout", "circular"}
        implied = (round_about or self.highway == "motorway") and oneway != "no"
        self.backward = not (oneway in {"yes", "true", "1"} or implied)
        self.forward = oneway not in {"-1", "reverse"}
        if not self.forward:
            self.backward = True


def speed_of(maxspeed: str | None, highway: str) -> float:
    """Free speed in km/h from a maxspeed tag, else from the class."""
    match = SPEED.match(maxspeed or "")
    if match and 5 <= int(match[1]) <= 130:
        return int(match[1]) * (1.609344 if match[2] else 1.0)
    return float(CAR_KMH.get(highway, WALK_MPS * 3.6))


def read_ways(path: Path) -> tuple[list[Drawn], dict[int, tuple[float, float]], Counter[str]]:
    """All usable ways of an extract, the places of their nodes, and what was left out."""
    ways: list[Drawn] = []
    places: dict[int, tuple[float, float]] = {}
    left_out: Counter[str] = Counter()
    reader = osmium.FileProcessor(str(path)).with_locations()
    for item in reader:
        if not item.is_way() or "highway" not in item.tags:
            continue
        way = Drawn(item)
        if way.highway not in CAR_KMH and way.highway not in FOOT_ONLY:
            left_out[f"class {way.highway}"] += 1
            continue
        if not (way.drive or way.walk) or item.tags.get("area") == "yes":
            left_out["closed or area"] += 1
            continue
        kept: list[int] = []
        for node in item.nodes:
            if node.location.valid():
                places[node.ref] = (node.location.lon, node.location.lat)
                kept.append(node.ref)
            else:
                left_out["missing node"] += 1
        way.nodes = [ref for i, ref in enumerate(kept) if i == 0 or kept[i - 1] != ref]
        if len(way.nodes) > 1:
            ways.append(way)
    return ways, places, left_out


def import_osm(source: Path, target: Path, say: Say = unheard) -> dict[str, Any]:
    """Build the graph file of an extract; returns counts of what went in and what was left out.

    `say` hears how far the work is. Raises ValueError when nobody may use anything in it.
    """
    say("reading ways", 0, None)
    ways, places, left_out = read_ways(source)
    if not ways:
        raise ValueError(f"{source}: holds no roads that anyone may use")
    uses: Counter[int] = Counter()
    for way in ways:
        uses.update(way.nodes)
        uses.update((way.nodes[0], way.nodes[-1]))
    refs = sorted(ref for ref, count in uses.items() if count > 1)
    number = {ref: i for i, ref in enumerate(refs)}
    names: dict[str, int] = {"": 0}
    pieces: list[tuple[int, int, int, int, float, bool, bool, bool]] = []
    shape: list[tuple[float, float]] = []
    starts: list[int] = [0]
    for done, way in enumerate(ways):
        if done % 1_000 == 0:
            say("cutting at crossings", done, len(ways))
        name = names.setdefault(way.name, len(names))
        line: list[int] = []
        for ref in way.nodes:
            line.append(ref)
            if len(line) > 1 and ref in number:
                pieces.append(
                    (
                        number[line[0]],
                        number[ref],
                        name,
                        CLASSES.index(way.highway),
                        way.kmh,
                        way.drive and way.forward,
                        way.drive and way.backward,
                        way.walk,
                    )
                )
                shape.extend(places[one] for one in line)
                starts.append(len(shape))
                line = [ref]
    lonlat = np.array([places[ref] for ref in refs])
    about = {
        "source": source.name, "ways": len(ways), "nodes": len(refs), "pieces": len(pieces),
        "left_out": dict(sorted(left_out.items())), "names": list(names),
        "credit": "© OpenStreetMap contributors, ODbL 1.0",
    }  # fmt: skip
    say("measuring", len(ways), len(ways))
    arrays = _columns(lonlat, pieces, np.array(shape), np.array(starts), about)
    write_arrays(target, arrays, about)
    return about


def _columns(
    lonlat: FloatArray,
    pieces: list[Any],
    shape: FloatArray,
    starts: IntArray,
    about: dict[str, Any],
) -> dict[str, Any]:
    west, south = shape.min(axis=0).tolist()
    east, north = shape.max(axis=0).tolist()
    plane = Plane(Point((west + east) / 2, (south + north) / 2))
    about["origin"] = [plane.origin.lon, plane.origin.lat]
    about["bounds"] = [west, south, east, north]
    xy = plane.to_metres(shape)
    steps = np.hypot(*np.diff(xy, axis=0).T)
    steps[starts[1:-1] - 1] = 0.0
    total = np.concatenate(([0.0], np.cumsum(steps)))
    length = total[starts[1:] - 1] - total[starts[:-1]]
    a, b, name, kind = (np.array([p[i] for p in pieces], dtype=np.int32) for i in range(4))
    kmh = np.array([p[4] for p in pieces])
    forward, backward, walk = (np.array([p[i] for p in pieces], dtype=bool) for i in (5, 6, 7))
    tail = np.column_stack((a, b)).ravel()
    head = np.column_stack((b, a)).ravel()
    both = np.repeat(np.maximum(length, 0.1), 2)
    drive = np.column_stack((forward, backward)).ravel()
    drive = keep_largest(tail, head, drive, len(lonlat), "strong")
    on_foot = keep_largest(tail, head, np.repeat(walk, 2), len(lonlat), "weak")
    about["islands_left_out"] = {
        "drive": int(forward.sum() + backward.sum() - drive.sum()),
        "foot": int(2 * walk.sum() - on_foot.sum()),
    }
    car = np.where(drive, both / (np.repeat(kmh, 2) * POLICE_FACTOR / 3.6), np.inf)
    motorcycle = np.where(drive, both / (np.repeat(kmh, 2) * MOTORCYCLE_FACTOR / 3.6), np.inf)
    foot = np.where(on_foot, both / WALK_MPS, np.inf)
    order = np.argsort(head, kind="stable").astype(np.int32)
    first_in = np.zeros(len(lonlat) + 1, dtype=np.int32)
    np.cumsum(np.bincount(head, minlength=len(lonlat)), out=first_in[1:])
    return {
        "node_lonlat": lonlat, "tail": tail, "head": head, "length_m": both, "name": name,
        "class": kind, "shape_lonlat": shape, "shape_xy": xy, "shape_start": starts,
        "car_s": car, "motorcycle_s": motorcycle, "foot_s": foot,
        "into": order, "into_start": first_in,
    }  # fmt: skip


def keep_largest(tail: Any, head: Any, usable: Any, nodes: int, how: str) -> Any:
    """Edges of the largest component only: nobody may be snapped to an island he cannot leave."""
    graph = coo_array(
        (np.ones(int(usable.sum())), (tail[usable], head[usable])), shape=(nodes, nodes)
    )
    _, label = connected_components(graph.tocsr(), directed=True, connection=how)
    largest = np.bincount(label[tail[usable]], minlength=1).argmax() if usable.any() else 0
    return usable & (label[tail] == largest) & (label[head] == largest)
