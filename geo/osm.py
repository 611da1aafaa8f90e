"""From an OpenStreetMap extract to a road graph.

Tags: wiki.openstreetmap.org/wiki/Key:highway, /wiki/Key:access, /wiki/Relation:restriction.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import osmium

from geo.build import WALK_MPS, Ban, Piece, write_graph

CAR_KMH = {
    "motorway": 80, "trunk": 60, "primary": 50, "secondary": 40, "tertiary": 35,
    "unclassified": 30, "residential": 25, "living_street": 15, "service": 15, "road": 25,
    "motorway_link": 50, "trunk_link": 40, "primary_link": 35, "secondary_link": 30,
    "tertiary_link": 25,
}  # fmt: skip
"""Free speed by class where no maxspeed is drawn, for a city in China; km/h."""
FOOT_ONLY = {"footway", "pedestrian", "path", "steps", "track", "cycleway", "corridor"}
NO_FOOT = {"motorway", "motorway_link", "trunk", "trunk_link"}
CLASSES = (*CAR_KMH, *sorted(FOOT_ONLY))
CLOSED = {"no", "private"}
VEHICLE_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""The most particular one that is drawn decides."""
CHANGES_DIRECTION = {"reversible", "alternating"}
EXEMPT = {"motorcar", "emergency"}
"""Whom a turn restriction must spare to mean nothing to us."""
Say = Callable[[str, int, int | None], None]
"""Hears a step by name, how much of it is done, and of how many."""
SPEED = re.compile(r"^(\d{1,3})( ?mph)?$")


def unheard(step: str, done: int, total: int | None) -> None:
    """Nobody watches this import."""


class Drawn:
    """One way as it was drawn: node ids, class, km/h, names, and who may use it which way."""

    def __init__(self, way: Any) -> None:
        tags = way.tags
        self.id = int(way.id)
        self.nodes: list[int] = []
        self.highway = str(tags.get("highway"))
        self.name = str(tags.get("name:zh") or tags.get("name") or tags.get("ref") or "")
        self.kmh = speed_of(tags.get("maxspeed"), self.highway)
        access = next((tags.get(key) for key in VEHICLE_KEYS if key in tags), None)
        oneway = tags.get("oneway")
        self.drive = (
            self.highway in CAR_KMH and access not in CLOSED and oneway not in CHANGES_DIRECTION
        )
        foot = tags.get("foot") or tags.get("access")
        on_foot = self.highway not in NO_FOOT or foot in {"yes", "designated"}
        self.walk = on_foot and foot not in CLOSED
        round_about = tags.get("junction") in {"roundabout", "circular"}
        implied = (round_about or self.highway == "motorway") and oneway != "no"
        self.forward = oneway not in {"-1", "reverse"}
        self.backward = not self.forward or not (oneway in {"yes", "true", "1"} or implied)

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

    def piece(self, tail: int, head: int, name: int) -> Piece:
        """A piece of this way between two nodes, by their numbers and the number of its name."""
        return Piece(
            tail=tail,
            head=head,
            name=name,
            kind=CLASSES.index(self.highway),
            kmh=self.kmh,
            forward=self.drive and self.forward,
            backward=self.drive and self.backward,
            walk=self.walk,
            way=self.id,
        )


def speed_of(maxspeed: str | None, highway: str) -> float:
    """Free speed in km/h from a maxspeed tag, else from the class."""
    match = SPEED.match(maxspeed or "")
    if match and 5 <= int(match[1]) <= 130:
        return int(match[1]) * (1.609344 if match[2] else 1.0)
    return float(CAR_KMH.get(highway, WALK_MPS * 3.6))


class Extract:
    """What an extract holds for us: usable ways, places of their nodes, bans, and the rest."""

    def __init__(self, path: Path, say: Say) -> None:
        self.ways: list[Drawn] = []
        self.places: dict[int, tuple[float, float]] = {}
        self.bans: list[Ban] = []
        self.left_out: Counter[str] = Counter()
        for done, item in enumerate(osmium.FileProcessor(str(path)).with_locations()):
            if done % 50_000 == 0:
                say("reading", done, None)
            if item.is_way() and "highway" in item.tags:
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
        kinds = [[kind for kind, _ in members[role]] for role in ("from", "via", "to")]
        if EXEMPT & set(str(item.tags.get("except") or "").split(";")):
            return
        if not rule.startswith(("no_", "only_")) or kinds[1] != ["n"]:
            self.left_out["restriction of another kind"] += 1
            return
        for _, start in members["from"]:
            for _, end in members["to"]:
                self.bans.append(
                    Ban(
                        start, members["via"][0][1], end, rule.startswith("only_"), "u_turn" in rule
                    )
                )


def import_osm(source: Path, target: Path, say: Say = unheard) -> dict[str, Any]:
    """Build the graph file of an extract; returns counts of what went in and what was left out.

    `say` hears how far the work is. Raises ValueError when nobody may use anything in it.
    """
    extract = Extract(source, say)
    if not extract.ways:
        raise ValueError(f"{source}: holds no roads that anyone may use")
    uses: Counter[int] = Counter()
    for way in extract.ways:
        uses.update(way.nodes)
        uses.update((way.nodes[0], way.nodes[-1]))
    number = {ref: i for i, ref in enumerate(sorted(ref for ref in uses if uses[ref] > 1))}
    names: dict[str, int] = {"": 0}
    pieces: list[Piece] = []
    lines: list[list[int]] = []
    for done, way in enumerate(extract.ways):
        if done % 1_000 == 0:
            say("cutting at crossings", done, len(extract.ways))
        name = names.setdefault(way.name, len(names))
        for line in way.cut_at(number):
            pieces.append(way.piece(number[line[0]], number[line[-1]], name))
            lines.append(line)
    say("measuring", len(extract.ways), len(extract.ways))
    bans = [ban._replace(node=number[ban.node]) for ban in extract.bans if ban.node in number]
    extract.left_out["restriction without its crossing"] += len(extract.bans) - len(bans)
    about: dict[str, Any] = {
        "source": source.name,
        "ways": len(extract.ways),
        "left_out": dict(sorted((+extract.left_out).items())),
        "names": list(names),
        "credit": "© OpenStreetMap contributors, ODbL 1.0",
    }
    places = extract.places
    write_graph(
        target,
        np.array([places[ref] for ref in number]),
        pieces,
        [np.array([places[ref] for ref in line]) for line in lines],
        bans=bans,
        about=about,
    )
    return about
