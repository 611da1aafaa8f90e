"""What stands still: landmarks by nearness and areas by what holds a place."""

from collections.abc import Callable, Sequence
from math import cos, radians

import shapely
from rtree.index import Index

from geo.air import air_m
from geo.types import Point

LANDMARK_M = 120.0
"""A landmark further than this does not describe a place; its street does."""


class Places:
    """Landmarks (name, place) and areas (id, depth, ring of lon/lat WGS-84 degrees)."""

    def __init__(
        self,
        landmarks: Sequence[tuple[str, Point]],
        areas: Sequence[tuple[str, int, Sequence[tuple[float, float]]]],
        street_near: Callable[[Point], str],
    ) -> None:
        self._landmarks = list(landmarks)
        self._street_near = street_near
        self._near = (
            Index(
                (i, (at.lon, at.lat, at.lon, at.lat), None)
                for i, (_, at) in enumerate(self._landmarks)
            )
            if self._landmarks
            else Index()
        )
        ranked = sorted(areas, key=lambda area: (area[1], area[0]))
        self._area_ids = [area for area, _, _ in ranked]
        self._shapes = [shapely.Polygon(ring) for _, _, ring in ranked]
        self._tree = shapely.STRtree(self._shapes)

    def areas_at(self, place: Point) -> tuple[str, ...]:
        """Ids of the areas that hold a place, widest first, ties by id."""
        inside = self._tree.query(shapely.Point(place.lon, place.lat), predicate="intersects")
        return tuple(self._area_ids[i] for i in sorted(inside))

    def describe(self, place: Point) -> str:
        """A name that a person can find: the landmark here, else street and landmark nearby."""
        street = self._street_near(place)
        found = self._find_landmark(place)
        if found is None:
            return street or f"{place.lon:.5f},{place.lat:.5f}"
        name, away_m = found
        if away_m <= 30.0 or not street:
            return name
        return f"{street}（近{name}）"

    def _find_landmark(self, place: Point) -> tuple[str, float] | None:
        tall = LANDMARK_M / 111_320
        wide = tall / cos(radians(place.lat))
        box = (place.lon - wide, place.lat - tall, place.lon + wide, place.lat + tall)
        near = [
            (air_m(place, self._landmarks[i][1]), self._landmarks[i][0])
            for i in self._near.intersection(box)
        ]
        if not near or min(near)[0] > LANDMARK_M:
            return None
        away_m, name = min(near)
        return name, away_m
