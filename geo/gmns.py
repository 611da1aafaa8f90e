"""From tables of nodes and links to a road graph: the General Modeling Network Specification.

Two files, CSV or Parquet, as many planning tools write them (github.com/zephyr-data-specs/GMNS):
nodes with `node_id, x_coord, y_coord`, links with `from_node_id, to_node_id` and, where known,
`directed, name, facility_type, free_speed, geometry, allowed_uses`; lon/lat WGS-84 degrees, km/h.
A survey's own `lon, lat, u, v, class` and osm2gmns' `link_type_name, from_biway` are understood.
"""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.build import WALK_MPS, write_graph
from geo.countries import country_at, speeds_of
from geo.osm import CAR_KMH, CLASSES, FOOT_ONLY, NO_FOOT, Say, unheard
from geo.tables import Row, Table
from geo.turns import Piece
from geo.types import FloatArray, Point

KINDS = {"local": "residential", "freeway": "motorway", "expressway": "trunk",
         "highway": "primary", "arterial": "secondary", "collector": "tertiary",
         "ramp": "motorway_link"}  # fmt: skip
"""Words of planners for the classes that the map uses."""
YES = {"1", "true", "yes", "t"}
BY_CAR, ON_FOOT = {"auto", "all"}, {"walk", "all"}


def import_tables(
    nodes: Path, links: Path, target: Path, say: Say = unheard, country: str | None = None
) -> dict[str, Any]:
    """Build the graph file of two tables; returns counts of what went in and what was left out.

    A link that is `directed` is one-way along its drawing, and so is each link of a table that
    draws both ways of a road (`from_biway`); two that are each other's way back become one piece.
    A link between nodes that are not in the table, or of no length, is left out and counted.
    Raises ValueError, naming file and row, when a row cannot be read or no link is left.
    """
    node_table, link_table = Table(nodes), Table(links)
    node_table.need("node_id")
    link_table.need("from_node_id", "to_node_id")
    places = {row["node_id"]: _degrees(row, nodes) for row in node_table.rows()}
    if not places:
        raise ValueError(f"{nodes}: holds no nodes")
    lonlat = np.array(list(places.values()))
    if country is None:
        country = country_at(Point(*np.median(lonlat, axis=0).tolist()))
    town = _Town({ref: i for i, ref in enumerate(places)}, lonlat, speeds_of(country))
    for done, row in enumerate(link_table.rows()):
        if done % 10_000 == 0:
            say("reading links", done, None)
        town.take(row, done, links)
    if not town.pieces:
        raise ValueError(f"{links}: holds no link between nodes of {nodes}")
    from_the_map = {"osm_way_id", "osm_node_id"} & {*link_table.called, *node_table.called}
    about: dict[str, Any] = {
        "source": f"{nodes.name}, {links.name}",
        "country": country,
        "ways": len(town.pieces),
        "restrictions": 0,
        "left_out": dict(sorted(town.left_out.items())),
        "names": list(town.names),
        "credit": "© OpenStreetMap contributors, ODbL 1.0" if from_the_map else "",
    }
    say("measuring", len(town.pieces), len(town.pieces))
    write_graph(target, lonlat, town.walkable(), town.lines, bans=(), about=about)
    return about


class _Town:
    """The pieces made of links so far, and what was left out."""

    def __init__(
        self, number: dict[str, int], lonlat: FloatArray, free_kmh: Mapping[str, int]
    ) -> None:
        self.number, self.lonlat, self.free_kmh = number, lonlat, free_kmh
        self.pieces: list[Piece] = []
        self.lines: list[FloatArray] = []
        self.names: dict[str, int] = {"": 0}
        self.left_out: Counter[str] = Counter()
        self.ways: dict[str, int] = {}
        self.says_who_walks = False
        self._one_way: dict[tuple[int, int], list[int]] = {}

    def take(self, row: Row, done: int, path: Path) -> None:
        """Add one link, or open the piece it is the way back of in its direction too."""
        tail, head = (self.number.get(row[key], -1) for key in ("from_node_id", "to_node_id"))
        if tail < 0 or head < 0:
            self.left_out["link without its node"] += 1
            return
        line = _line(row, self.lonlat[[tail, head]], f"{path}, row {done + 1}")
        if (line == line[0]).all():
            self.left_out["link of no length"] += 1
            return
        name = self.names.setdefault(row.get("name", "").strip(), len(self.names))
        uses = set(re.split(r"[^a-z]+", row.get("allowed_uses", "").lower())) - {""}
        self.says_who_walks |= bool(uses & ON_FOOT)
        way = self.ways.setdefault(row.get("osm_way_id") or f"row {done}", len(self.ways))
        piece = _piece(row, uses, self.free_kmh, tail=tail, head=head, name=name, way=way)
        if piece.forward and not piece.backward and self._is_way_back(piece, line):
            return
        self._one_way.setdefault((tail, head), []).append(len(self.pieces))
        self.pieces.append(piece)
        self.lines.append(line)

    def _is_way_back(self, piece: Piece, line: FloatArray) -> bool:
        """Whether a one-way piece is another drawn backwards, which then is open both ways."""
        for k in self._one_way.get((piece.head, piece.tail), ()):
            other = self.pieces[k]
            as_drawn = piece._replace(tail=other.tail, head=other.head, way=other.way)
            if other == as_drawn and np.array_equal(self.lines[k], line[::-1]):
                self.pieces[k] = other._replace(backward=True)
                return True
        return False

    def walkable(self) -> list[Piece]:
        """The pieces; where no link of a table names people on foot, the class of road decides."""
        if self.says_who_walks:
            return self.pieces
        return [piece._replace(walk=CLASSES[piece.kind] not in NO_FOOT) for piece in self.pieces]


def _degrees(row: Row, path: Path) -> tuple[float, float]:
    try:
        lon, lat = float(row["x_coord"]), float(row["y_coord"])
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{path}, node {row['node_id']}: no x_coord, y_coord in degrees"
        ) from error
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError(f"{path}, node {row['node_id']}: {lon}, {lat} are not lon, lat degrees")
    return lon, lat


def _line(row: Row, ends: FloatArray, where: str) -> FloatArray:
    """The drawing of a link, its ends put on its nodes; straight where none is given."""
    drawn = row.get("geometry", "")
    if not drawn.upper().startswith("LINESTRING"):
        return ends
    try:
        inner = shapely.get_coordinates(shapely.from_wkt(drawn))[1:-1]
    except shapely.errors.ShapelyError as error:
        raise ValueError(f"{where}: geometry that cannot be read") from error
    return np.concatenate((ends[:1], inner, ends[1:]))


def _piece(
    row: Row,
    uses: set[str],
    free_kmh: Mapping[str, int],
    *,
    tail: int,
    head: int,
    name: int,
    way: int,
) -> Piece:
    word = (row.get("facility_type") or "road").strip().lower()
    kind = KINDS.get(word, word)
    kind = kind if kind in CLASSES else "road"
    drive = kind in CAR_KMH and (not uses or bool(uses & BY_CAR))
    walk = kind not in NO_FOOT and (not uses or bool(uses & ON_FOOT))
    one_way = "from_biway" in row or row.get("directed", "").strip().lower() in YES
    return Piece(
        tail=tail,
        head=head,
        name=name,
        kind=CLASSES.index(kind),
        kmh=_speed(row.get("free_speed", ""), kind, free_kmh),
        forward=drive,
        backward=drive and not one_way,
        walk=walk or kind in FOOT_ONLY,
        way=way,
    )


def _speed(free_speed: str, kind: str, free_kmh: Mapping[str, int]) -> float:
    try:
        kmh = float(free_speed or "nan")
    except ValueError:
        kmh = float("nan")
    return kmh if 5 <= kmh <= 130 else float(free_kmh.get(kind, WALK_MPS * 3.6))
