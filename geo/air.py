"""Straight distances between two places, for windows and bounds where a road is not asked for."""

from math import cos, hypot, radians

from geo.types import Point

METRES_PER_DEGREE = 111_320.0
"""Length of one degree of latitude on the WGS-84 sphere of equal area, rounded."""


def air_m(one: Point, other: Point) -> float:
    """Metres between two lon/lat WGS-84 places, equirectangular: 0.1 % within a city."""
    east = (one.lon - other.lon) * cos(radians((one.lat + other.lat) / 2))
    return hypot(east, one.lat - other.lat) * METRES_PER_DEGREE
