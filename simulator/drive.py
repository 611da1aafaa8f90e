"""Movement along a line of the road network."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import atan2, cos, degrees, hypot, pi, radians

import msgspec

from geo.types import Point

METRES_PER_DEGREE = 6_371_008.8 * pi / 180


class Where(msgspec.Struct, frozen=True):
    """A moment of a trip: lon/lat WGS-84, heading in degrees from north, m/s, and whether there."""

    place: Point
    heading_deg: float
    speed_mps: float
    arrived: bool


def metres(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """East and north metres from `a` to `b`, by the equirectangular plane of their middle."""
    east = (b[0] - a[0]) * METRES_PER_DEGREE * cos(radians((a[1] + b[1]) / 2))
    return east, (b[1] - a[1]) * METRES_PER_DEGREE


def join_route(
    start: Point, route: Sequence[tuple[float, float]], end: Point | None
) -> tuple[tuple[float, float], ...]:
    """The rest of a route for one who has moved since it was made.

    It leads from `start` on from the route's nearest vertex, and to `end` when that is given.
    """
    here = (start.lon, start.lat)
    nearest = min(
        range(len(route)), key=lambda i: (hypot(*metres(here, route[i])), i), default=len(route)
    )
    tail = () if end is None else ((end.lon, end.lat),)
    return (here, *route[nearest:], *tail)


class Trip:
    """A way along a lon/lat WGS-84 line at one speed, from `start_s` of the agenda's seconds."""

    def __init__(
        self, line: Sequence[tuple[float, float]], speed_mps: float, start_s: float
    ) -> None:
        assert line, "a trip has at least its start"
        assert speed_mps > 0, "a trip moves"
        self._line = tuple(line)
        self._speed_mps = speed_mps
        self._start_s = start_s
        self._along_m = [0.0]
        for a, b in pairwise(self._line):
            self._along_m.append(self._along_m[-1] + hypot(*metres(a, b)))

    @property
    def end_s(self) -> float:
        """When the trip arrives, in the agenda's seconds."""
        return self._start_s + self._along_m[-1] / self._speed_mps

    def at(self, now_s: float) -> Where:
        """Where the traveller is at `now_s`; before the start it waits, after the end it stays."""
        gone_m = max(0.0, (now_s - self._start_s) * self._speed_mps)
        if gone_m >= self._along_m[-1]:
            return Where(Point(*self._line[-1]), self._heading(len(self._line) - 2), 0.0, True)
        leg = bisect_right(self._along_m, gone_m) - 1
        a, b = self._line[leg], self._line[leg + 1]
        part = (gone_m - self._along_m[leg]) / (self._along_m[leg + 1] - self._along_m[leg])
        place = Point(a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)
        return Where(place, self._heading(leg), self._speed_mps, False)

    def _heading(self, leg: int) -> float:
        """Degrees from north of one leg of the line."""
        if leg < 0:
            return 0.0
        east, north = metres(self._line[leg], self._line[leg + 1])
        return degrees(atan2(east, north)) % 360.0
