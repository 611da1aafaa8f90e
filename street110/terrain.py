"""The ground of a district: its road graph (imported once, kept), places and tracker."""

import json
from pathlib import Path

import structlog

from dispatch.district import District
from dispatch.force import PROFILE_OF
from dispatch.words import AreaLevel
from geo.onroad import RoadTracker
from geo.osm import import_osm
from geo.places import Places
from geo.roads import Roads
from geo.types import Point

log = structlog.get_logger(__name__)

LEVELS = list(AreaLevel)
MARGIN_DEG = 0.03
"""A unit may follow a suspect so far beyond the extract (about 3 km) and still be believed."""


class Terrain:
    """Roads, places and the tracker of one district folder."""

    def __init__(self, folder: Path, district: District, state: Path) -> None:
        self.roads = load_roads(folder, state)
        self.roads.warm_up()
        west, south, east, north = self.roads.bounds
        self.bounds = (
            west - MARGIN_DEG,
            south - MARGIN_DEG,
            east + MARGIN_DEG,
            north + MARGIN_DEG,
        )
        self.places = Places(
            landmarks_of(folder, district),
            [(area.id, LEVELS.index(area.level), area.ring) for area in district.areas],
            self.roads.street_near,
        )
        self.tracker = RoadTracker(
            [unit.id for unit in district.units],
            roads=self.roads,
            profiles=[PROFILE_OF[unit.kind] for unit in district.units],
            bounds=self.bounds,
            impossible_mps=district.rules.impossible_mps,
            ahead_ms=district.rules.clock_ahead_s * 1000,
        )


def load_roads(folder: Path, state: Path) -> Roads:
    """The graph of the district's extract, imported anew when the extract is newer."""
    source = folder / "roads.osm.pbf"
    graph = state / "roads.s110"
    if not graph.exists() or graph.stat().st_mtime < source.stat().st_mtime:
        about = import_osm(source, graph)
        log.info("roads_imported", nodes=about["nodes"], pieces=about["pieces"])
    return Roads.load(graph)


def landmarks_of(folder: Path, district: District) -> list[tuple[str, Point]]:
    """Posts, gates and the places of the folder's places.geojson, by name."""
    found = [(post.name, post.place) for post in district.posts]
    found += [(gate.name, gate.place) for gate in district.gates]
    file = folder / "places.geojson"
    if file.exists():
        for feature in json.loads(file.read_text(encoding="utf-8"))["features"]:
            name = feature["properties"].get("name")
            if name and feature["geometry"]["type"] == "Point":
                lon, lat = feature["geometry"]["coordinates"][:2]
                found.append((name, Point(lon, lat)))
    return found
