"""From an OpenStreetMap extract to a road graph.

Tags: wiki.openstreetmap.org/wiki/Key:highway, /wiki/Key:access, /wiki/Relation:restriction.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from geo.build import WALK_MPS, write_graph
from geo.countries import country_at, speeds_of
from geo.turns import Ban, Piece
from geo.types import Point

CAR_KMH = speeds_of("CN")
"""The classes a vehicle may use, with the free speed of each in a city in China; km/h."""
FOOT_ONLY = {"footway", "pedestrian", "path", "steps", "track", "cycleway", "corridor"}
NO_FOOT = {"motorway", "motorway_link", "trunk", "trunk_link"}
CLASSES = (*CAR_KMH, *sorted(FOOT_ONLY))
CLOSED = {"no", "private", "restricted"}
VEHICLE_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""The most particular one that is drawn decides."""
STOPS_CARS = {
    "bollard", "block", "jersey_barrier", "chain", "log", "debris", "stone", "planter", "wall",
    "fence", "hedge", "guard_rail", "stile", "turnstile", "full-height_turnstile",
    "kissing_gate", "cycle_barrier", "motorcycle_barrier", "horse_stile", "step", "trench",
}  # fmt: skip
"""Barriers on a road that a vehicle cannot pass unless the map says it may."""
OPEN = {"yes", "permissive", "designated", "destination", "official"}
CHANGES_DIRECTION = {"reversible", "alternating"}
STILL_OPEN = {None, "no", "minor", "widening"}
"""What a road in use may say of its building site; any other says that it is not open yet."""
EXEMPT = {"motorcar", "emergency"}
"""Whom a turn restriction must spare to mean nothing to us."""
NO_NODE = -1
Tags = Any
"""Key to value, as the reader of extracts hands them over."""
Say = Callable[[str, int, int | None], None]
"""Hears a step by name, how much of it is done, and of how many."""
SPEED = re.compile(r"^(\d{1,3})( ?mph)?$")


def unheard(step: str, done: int, total: int | None) -> None:
    """Nobody watches this import."""


class Drawn:
    """One way as it was drawn: node ids, class, km/h, names, and who may use it which way."""

    def __init__(self, way: Any) -> None:
        tags: Tags = way.tags
        self.id = int(way.id)
        self.nodes: list[int] = []
        self.highway = str(tags.get("highway"))
        self.name = str(tags.get("name:zh") or tags.get("name") or tags.get("ref") or "")
        self.posted = str(tags.get("maxspeed") or "")
        access = vehicle_access(tags)
        oneway = tags.get("oneway")
        self.drive = (
            self.highway in CAR_KMH
            and access not in CLOSED
            and oneway not in CHANGES_DIRECTION
            and tags.get("construction") in STILL_OPEN
        )
        foot = tags.get("foot") or tags.get("access")
        for_cars_only = self.highway in NO_FOOT or tags.get("motorroad") == "yes"
        on_foot = not for_cars_only or foot in {"yes", "designated"}
        self.walk = on_foot and foot not in CLOSED
        round_about = tags.get("junction") in {"roundabout", "circular"}
        implied = (round_about or self.highway == "motorway") and oneway != "no"
        against = oneway in {"-1", "reverse"}
        along = oneway in {"yes", "true", "1"} or implied
        self.forward = not against and vehicle_access(tags, ":forward") not in CLOSED
        self.backward = (against or not along) and (vehicle_access(tags, ":backward") not in CLOSED)

    def along(self, nodes: list[int]) -> "Drawn":
        """The same way along some of its nodes."""
        part = copy(self)
        part.nodes = nodes
        return part

    def cut_at(self, crossings: Container[int]) -> Iterator[list[int]]:
        """The node ids of each piece from crossing to crossing; a way's ends are crossings."""
        line: list[int] = []
        for ref in self.nodes:
            line.append(ref)
            if len(line) > 1 and ref in crossings:
                yield line
                line = [ref]

    def piece(self, tail: int, head: int, name: int, free_kmh: Mapping[str, int]) -> Piece:
        """A piece of this way between two nodes, by their numbers and the number of its name."""
        return Piece(
            tail=tail,
            head=head,
            name=name,
            kind=CLASSES.index(self.highway),
            kmh=speed_of(self.posted, self.highway, free_kmh),
            forward=self.drive and self.forward,
            backward=self.drive and self.backward,
            walk=self.walk,
            way=self.id,
        )


def vehicle_access(tags: Tags, direction: str = "") -> str | None:
    """What the map says of a car's access, by the most particular tag; None when nothing."""
    keys = (key + direction for key in VEHICLE_KEYS)
    return next((tags.get(key) for key in keys if key in tags), None)


def speed_of(maxspeed: str | None, highway: str, free_kmh: Mapping[str, int] = CAR_KMH) -> float:
    """Free speed in km/h from a maxspeed tag, else from the class.

    Of several posted speeds, as by lane or direction, the lowest holds.
    """
    posted = [SPEED.match(part.strip()) for part in (maxspeed or "").split(";")]
    kmh = [int(one[1]) * (1.609344 if one[2] else 1.0) for one in posted if one]
    known = [one for one in kmh if 5 <= one <= 130]
    return float(min(known, default=free_kmh.get(highway, WALK_MPS * 3.6)))


class Extract:
    """What an extract holds for us: usable ways, places of their nodes, bans, and the rest."""

    def __init__(self, path: Path, say: Say) -> None:
        self.ways: list[Drawn] = []
        self.places: dict[int, tuple[float, float]] = {}
        self.bans: list[Ban] = []
        self.shut: set[int] = set()
        self.left_out: Counter[str] = Counter()
        for done, item in enumerate(osmium.FileProcessor(str(path)).with_locations()):
            if done % 50_000 == 0:
                say("reading", done, None)
            if item.is_node():
                if "barrier" in item.tags and is_shut(item.tags):
                    self.shut.add(int(item.id))
            elif item.is_way() and "highway" in item.tags:
                self._take_way(item)
            elif item.is_relation() and item.tags.get("type") == "restriction":
                self._take_restriction(item)

    def _take_way(self, item: Any) -> None:
        way = Drawn(item)
        if way.highway not in CAR_KMH and way.highway not in FOOT_ONLY:
            self.left_out[f"class {way.highway}"] += 1
            return
        if not (way.drive or way.walk) or item.tags.get("area") == "yes":
            self.left_out["closed or area"] += 1
            return
        line: list[int] = []
        for node in item.nodes:
            if not node.location.valid():
                self.left_out["missing node"] += 1
                self._keep(way, line)
                line = []
            elif not line or line[-1] != node.ref:
                self.places[node.ref] = (node.location.lon, node.location.lat)
                line.append(node.ref)
        self._keep(way, line)

    def _keep(self, way: Drawn, line: list[int]) -> None:
        """Keep a part of a way; a node that is missing parts it in two."""
        if len(line) > 1:
            self.ways.append(way.along(line))

    def _take_restriction(self, item: Any) -> None:
        rule = str(item.tags.get("restriction") or item.tags.get("restriction:motorcar") or "")
        members: dict[str, list[tuple[str, int]]] = {role: [] for role in ("from", "via", "to")}
        for member in item.members:
            members.setdefault(member.role, []).append((member.type, member.ref))
        over = [ref for _, ref in members["via"]]
        kinds = [kind for kind, _ in members["via"]]
        if EXEMPT & set(str(item.tags.get("except") or "").split(";")):
            self.left_out["restriction that spares cars"] += 1
            return
        if not rule.startswith(("no_", "only_")):
            self.left_out["restriction of another kind"] += 1
            return
        by_node = kinds == ["n"]
        if not (by_node or (kinds and set(kinds) == {"w"})):
            self.left_out["restriction without its via"] += 1
            return
        if not (members["from"] and members["to"]):
            self.left_out["restriction without its roads"] += 1
            return
        only, turn_back = rule.startswith("only_"), "u_turn" in rule
        node, via = (over[0], ()) if by_node else (NO_NODE, tuple(over))
        for _, start in members["from"]:
            for _, end in members["to"]:
                self.bans.append(Ban(start, node, end, only, turn_back, via))


def is_shut(tags: Tags) -> bool:
    """Whether a barrier on a road stops every car: by its kind, or because the map says so.

    A gate that is private belongs to whoever lives beside the road; it does not close the road.
    """
    access = vehicle_access(tags)
    return access == "no" or (tags.get("barrier") in STOPS_CARS and access not in OPEN)


def import_osm(
    source: Path, target: Path, say: Say = unheard, country: str | None = None
) -> dict[str, Any]:
    """Build the graph file of an extract; returns counts of what went in and what was left out.

    `say` hears how far the work is. `country` (as CN, PT, US) chooses the speeds of roads
    without a posted one; by default it follows from where the extract lies. Raises ValueError
    when nobody may use anything in it.
    """
    extract = Extract(source, say)
    if not extract.ways:
        raise ValueError(f"{source}: holds no roads that anyone may use")
    places = extract.places
    if country is None:
        country = country_at(Point(*np.median(list(places.values()), axis=0).tolist()))
    number = number_crossings(extract)
    names: dict[str, int] = {"": 0}
    free_kmh = speeds_of(country)
    pieces: list[Piece] = []
    lines: list[list[int]] = []
    for done, way in enumerate(extract.ways):
        if done % 1_000 == 0:
            say("cutting at crossings", done, len(extract.ways))
        name = names.setdefault(way.name, len(names))
        for line in way.cut_at(number):
            pieces.append(way.piece(number[line[0]], number[line[-1]], name, free_kmh))
            lines.append(line)
    say("measuring", len(extract.ways), len(extract.ways))
    bans = number_bans(extract, number)
    about: dict[str, Any] = {
        "source": source.name,
        "country": country,
        "ways": len(extract.ways),
        "restrictions": len(bans),
        "left_out": dict(sorted((+extract.left_out).items())),
        "names": list(names),
        "credit": "© OpenStreetMap contributors, ODbL 1.0",
    }
    write_graph(
        target,
        np.array([places[ref] for ref in number]),
        pieces,
        [np.array([places[ref] for ref in line]) for line in lines],
        bans=bans,
        about=about,
        shut={number[ref] for ref in extract.shut if ref in number},
    )
    return about


def number_bans(extract: Extract, number: Mapping[int, int]) -> list[Ban]:
    """The bans of an extract with the numbers of their crossings; those without are counted."""
    bans = [
        ban._replace(node=number.get(ban.node, NO_NODE))
        for ban in extract.bans
        if ban.via or ban.node in number
    ]
    extract.left_out["restriction without its crossing"] += len(extract.bans) - len(bans)
    return bans


def number_crossings(extract: Extract) -> dict[int, int]:
    """Numbers for the nodes where roads are cut: crossings, ends, and what stops cars."""
    uses: Counter[int] = Counter()
    for way in extract.ways:
        uses.update(way.nodes)
        uses.update((way.nodes[0], way.nodes[-1]))
    uses.update(ref for ref in extract.shut if ref in uses)
    return {ref: i for i, ref in enumerate(sorted(ref for ref in uses if uses[ref] > 1))}
