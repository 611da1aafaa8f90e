"""The names by which people say where they are: of the district's book, places and roads."""

from collections.abc import Iterable
from typing import Protocol

from dispatch.district import District
from geo.gazetteer import Gazetteer, Named
from geo.types import FloatArray, IntArray, Point

MOST_POINTS = 400
"""Points kept of one street; its crossings with others are found to within a few metres."""


class StreetNames(Protocol):
    """What a road graph knows of names: an index into `names` and a drawn shape per piece."""

    names: list[str]
    name: IntArray
    shape_lonlat: FloatArray
    shape_start: IntArray


def names_of(
    district: District, landmarks: Iterable[tuple[str, Point]], roads: StreetNames
) -> list[Named]:
    """Posts, gates, landmarks, streets and areas; a landmark that is a post stands once."""
    found = [Named(post.name, "post", (post.place,)) for post in district.posts]
    found += [Named(gate.name, "post", (gate.place,)) for gate in district.gates]
    known = {(one.name, one.points[0]) for one in found}
    found += [
        Named(name, "landmark", (place,))
        for name, place in dict.fromkeys(landmarks)
        if (name, place) not in known
    ]
    found += streets_of(roads)
    found += [
        Named(area.name, "area", tuple(Point(lon, lat) for lon, lat in area.ring))
        for area in district.areas
    ]
    return found


def streets_of(roads: StreetNames) -> list[Named]:
    """Every named street once, with points along all of its pieces."""
    points: dict[str, dict[Point, None]] = {}
    for piece in range(len(roads.shape_start) - 1):
        name = roads.names[roads.name[piece]]
        if not name:
            continue
        start, end = int(roads.shape_start[piece]), int(roads.shape_start[piece + 1])
        street = points.setdefault(name, {})
        for lon, lat in roads.shape_lonlat[start:end].tolist():
            street[Point(lon, lat)] = None
    return [
        Named(name, "street", tuple(found)[:: max(1, -(-len(found) // MOST_POINTS))])
        for name, found in sorted(points.items())
    ]


def make_gazetteer(
    district: District,
    landmarks: Iterable[tuple[str, Point]],
    roads: StreetNames,
    common: dict[str, int],
) -> Gazetteer:
    """The gazetteer of a district; names of its widest areas may be left out before a landmark."""
    wide = [area.name for area in district.areas if area.parent is None]
    drop = [*wide, *(name[:-1] for name in wide if name[-1:] in "省市区县" and len(name) > 2)]
    return Gazetteer(names_of(district, landmarks, roads), common, drop=drop)
