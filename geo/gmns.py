"""From tables of nodes and links to a road graph: the General Modeling Network Specification.

Two CSV files as many planning tools write them (github.com/zephyr-data-specs/GMNS): nodes with
`node_id, x_coord, y_coord`, links with `from_node_id, to_node_id` and, where known, `link_id,
directed, name, facility_type, free_speed, geometry, allowed_uses`; lon/lat WGS-84 degrees, km/h.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.build import WALK_MPS, Piece, write_graph
from geo.osm import CAR_KMH, CLASSES, FOOT_ONLY, NO_FOOT, Say, unheard
from geo.types import FloatArray

KINDS = {"local": "residential", "freeway": "motorway", "expressway": "trunk",
         "arterial": "primary", "collector": "tertiary", "ramp": "motorway_link"}  # fmt: skip
"""Words of planners for the classes that the map uses."""
YES = {"1", "true", "yes", "t"}
TYPE_COLUMNS = ("facility_type", "link_type_name", "highway")
LARGEST_FIELD = 1 << 20


def import_tables(nodes: Path, links: Path, target: Path, say: Say = unheard) -> dict[str, Any]:
    """Build the graph file of two tables; returns counts of what went in and what was left out.

    A link that is `directed` is one-way along its drawing. A link between nodes that are not in
    the table, or of no length, is left out and counted. Raises ValueError, naming file and row,
    when a row cannot be read or no link is left.
    """
    places = {row["node_id"]: _degrees(row, nodes) for row in _rows(nodes, "node_id")}
    number = {ref: i for i, ref in enumerate(places)}
    lonlat = np.array(list(places.values()))
    left_out: Counter[str] = Counter()
    names: dict[str, int] = {"": 0}
    pieces: list[Piece] = []
    lines: list[FloatArray] = []
    for done, row in enumerate(_rows(links, "from_node_id", "to_node_id")):
        if done % 10_000 == 0:
            say("reading links", done, None)
        tail, head = (number.get(row[key], -1) for key in ("from_node_id", "to_node_id"))
        if tail < 0 or head < 0:
            left_out["link without its node"] += 1
            continue
        line = _line(row, lonlat[[tail, head]])
        if (line == line[0]).all():
            left_out["link of no length"] += 1
            continue
        name = names.setdefault((row.get("name") or "").strip(), len(names))
        pieces.append(_piece(row, tail, head, name=name, way=done))
        lines.append(line)
    if not pieces:
        raise ValueError(f"{links}: holds no link between nodes of {nodes}")
    about: dict[str, Any] = {
        "source": f"{nodes.name}, {links.name}",
        "ways": len(pieces),
        "left_out": dict(sorted(left_out.items())),
        "names": list(names),
        "credit": "",
    }
    write_graph(target, lonlat, pieces, lines, bans=(), about=about)
    return about


def _rows(path: Path, *needed: str) -> Iterator[dict[str, str]]:
    csv.field_size_limit(LARGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        missing = [name for name in needed if name not in (table.fieldnames or ())]
        if missing:
            raise ValueError(f"{path}: has no column {', '.join(missing)}")
        yield from table


def _degrees(row: dict[str, str], path: Path) -> tuple[float, float]:
    try:
        lon, lat = float(row["x_coord"]), float(row["y_coord"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}, node {row['node_id']}: no x_coord, y_coord in degrees"
        ) from error
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError(f"{path}, node {row['node_id']}: {lon}, {lat} are not lon, lat degrees")
    return lon, lat


def _line(row: dict[str, str], ends: FloatArray) -> FloatArray:
    """The drawing of a link, its ends put on its nodes; straight where none is given."""
    drawn = row.get("geometry") or ""
    if not drawn.upper().startswith("LINESTRING"):
        return ends
    inner = shapely.get_coordinates(shapely.from_wkt(drawn))[1:-1]
    return np.concatenate((ends[:1], inner, ends[1:]))


def _piece(row: dict[str, str], tail: int, head: int, *, name: int, way: int) -> Piece:
    word = next((row[key] for key in TYPE_COLUMNS if row.get(key)), "road").strip().lower()
    kind = KINDS.get(word, word)
    kind = kind if kind in CLASSES else "road"
    uses = (row.get("allowed_uses") or "").lower()
    drive = kind in CAR_KMH and (not uses or "auto" in uses or "all" in uses)
    walk = kind not in NO_FOOT and (not uses or "walk" in uses or "all" in uses)
    one_way = (row.get("directed") or "").strip().lower() in YES
    return Piece(
        tail=tail,
        head=head,
        name=name,
        kind=CLASSES.index(kind),
        kmh=_speed(row.get("free_speed"), kind),
        forward=drive,
        backward=drive and not one_way,
        walk=walk or kind in FOOT_ONLY,
        way=way,
    )


def _speed(free_speed: str | None, kind: str) -> float:
    try:
        kmh = float(free_speed or "nan")
    except ValueError:
        kmh = float("nan")
    return kmh if 5 <= kmh <= 130 else float(CAR_KMH.get(kind, WALK_MPS * 3.6))
