"""Travel times and ways by road: all starts to one place in one search over reversed edges."""

from collections import OrderedDict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.build import WALK_MPS
from geo.graphfile import read_arrays
from geo.osm import CAR_KMH, CLASSES
from geo.plane import Plane
from geo.search import NOWHERE, reverse_search, seconds_from
from geo.snapping import Snapper
from geo.types import FloatArray, IntArray, Point, Profile, RoadSpots, Route, Street

OFF_ROAD_MPS = WALK_MPS
"""From a point to the road it is put on, everyone walks."""
KEPT_SEARCHES = 1_024
"""Searches remembered; alarms come from the same posts again and again."""
LINE_POINTS = 200
LINE_TOLERANCE_M = 2.0


class Reach:
    """All ways to one place for one profile, bounded by a limit in seconds."""

    def __init__(self, roads: "Roads", to: Point, profile: Profile, limit_s: float) -> None:
        self.roads = roads
        self.to = to
        self.profile = profile
        self.limit_s = limit_s
        self.times = roads.times[profile]
        self._snapper = roads.snappers[profile]
        piece, share, off_s = self._put_on_road(to)
        self.piece, self.share, self.off_s = piece, share, off_s
        if self.piece == NOWHERE:
            self.best = np.full(len(roads.into_start) - 1, np.inf)
            self._leave = np.full(len(self.best), NOWHERE, np.int64)
        else:
            edges = roads.list_edges(self.piece)
            self.best, self._leave = reverse_search(
                roads.into,
                roads.into_start,
                roads.tail,
                self.times,
                edges,
                np.where(roads.base[edges] % 2 == 0, self.share, 1.0 - self.share),
                self.off_s,
                limit_s,
            )

    def _put_on_road(self, place: Point) -> tuple[int, float, float]:
        piece, share, off_s = self.roads.put_on_road(
            np.array([[place.lon, place.lat]]), self.profile, self._snapper
        )
        return int(piece[0]), float(share[0]), float(off_s[0])

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Travel seconds from each of (n, 2) lon/lat WGS-84 points; inf beyond the limit."""
        return self.seconds_of(self.roads.put_on_road(lonlat, self.profile, self._snapper))

    def seconds_of(self, spots: RoadSpots) -> FloatArray:
        """As `seconds`, from points already put on the roads this search was made over."""
        out: FloatArray = seconds_from(
            spots.piece,
            spots.share,
            spots.off_s,
            self.times,
            self.roads.head,
            self.best,
            self.piece,
            self.share,
            self.off_s,
        )
        out[out > self.limit_s] = np.inf
        return out

    def find_route(self, start: Point) -> Route | None:
        """The fastest way from `start`, with its line and streets; None beyond the limit."""
        seconds = float(self.seconds(np.array([[start.lon, start.lat]]))[0])
        if not np.isfinite(seconds):
            return None
        piece, share, off_s = self._put_on_road(start)
        legs = self._legs(piece, share, target_s=seconds - off_s)
        return self.roads.draw(start, self.to, legs, self.times, seconds)

    def _legs(self, piece: int, share: float, target_s: float) -> list[tuple[int, float, float]]:
        """Edges with the shares from and to that the fastest way uses of each."""
        times, head = self.times, self.roads.head
        options: list[tuple[float, int, bool]] = []
        for side in range(2):
            edge = 2 * piece + side
            at = share if side == 0 else 1.0 - share
            goal_at = self.share if side == 0 else 1.0 - self.share
            if not np.isfinite(times[edge]):
                continue
            if piece == self.piece and goal_at >= at:
                options.append(((goal_at - at) * times[edge] + self.off_s, edge, True))
            options.append(((1.0 - at) * times[edge] + self.best[head[edge]], edge, False))
        _, edge, direct = min(options, key=lambda option: (abs(option[0] - target_s), option[1]))
        at = share if edge % 2 == 0 else 1.0 - share
        if direct:
            return [(edge, at, self._goal_at(edge))]
        legs = [(edge, at, 1.0)]
        node = int(head[edge])
        while True:
            edge = int(self._leave[node])
            base = int(self.roads.base[edge])
            if base >> 1 == self.piece and self._ends_here(node, base):
                legs.append((base, 0.0, self._goal_at(base)))
                return legs
            legs.append((base, 0.0, 1.0))
            node = int(head[edge])

    def _goal_at(self, edge: int) -> float:
        return self.share if edge % 2 == 0 else 1.0 - self.share

    def _ends_here(self, node: int, edge: int) -> bool:
        """Whether a node leaves along the goal's own piece to stop on it, not to pass it."""
        direct = self.off_s + self._goal_at(edge) * self.times[edge]
        return bool(self.best[node] >= direct - 1e-9)


class Roads:
    """A road graph in memory-mapped columns; read-only but for blocked pieces."""

    def __init__(self, arrays: dict[str, Any], about: dict[str, Any]) -> None:
        self.about = about
        self.plane = Plane(Point(*about["origin"]))
        self.bounds: tuple[float, float, float, float] = tuple(about["bounds"])
        self.names: list[str] = about["names"]
        self.tail: IntArray = np.array(arrays["tail"])
        self.head: IntArray = np.array(arrays["head"])
        self.into: IntArray = np.array(arrays["into"])
        self.into_start: IntArray = np.array(arrays["into_start"])
        self.length_m: FloatArray = arrays["length_m"]
        self.name: IntArray = arrays["name"]
        self.kind: IntArray = arrays["class"]
        self.shape_lonlat: FloatArray = arrays["shape_lonlat"]
        self.shape_xy: FloatArray = arrays["shape_xy"]
        self.shape_start: IntArray = arrays["shape_start"]
        self._free = {profile: np.array(arrays[f"{profile}_s"]) for profile in Profile}
        self.times = {profile: seconds.copy() for profile, seconds in self._free.items()}
        self.ends = 2 * (len(self.shape_start) - 1)
        self.base: IntArray = np.array(arrays["base"])
        self.piece_of: IntArray = self.base >> 1
        self._copies: dict[int, list[int]] = {}
        for edge in range(self.ends, len(self.base)):
            self._copies.setdefault(int(self.piece_of[edge]), []).append(edge)
        self._factor = {profile: np.ones(len(self.piece_of)) for profile in Profile}
        self.version = 0
        self.blocked: frozenset[int] = frozenset()
        self.snappers = self._list_snappers()
        self._fastest = {profile: self._find_fastest(profile) for profile in Profile}
        self._searches: OrderedDict[tuple[Point, Profile, float], Reach] = OrderedDict()

    @staticmethod
    def load(path: Path) -> "Roads":
        """Map a graph file. Raises GraphFileError when it is not one of this version."""
        return Roads(*read_arrays(path))

    def warm_up(self) -> None:
        """Compile the inner loops before the first alarm needs them."""
        here = Point(*self.about["origin"])
        for column in (self.shape_xy, self.shape_lonlat, self.length_m):
            np.asarray(column).sum()  # a page of the map read now is not read during an alarm
        for profile in Profile:
            reach = Reach(self, here, profile, 60.0)
            reach.find_route(here)

    def fastest_mps(self, profile: Profile) -> float:
        """The highest speed of any edge; what is off the road is slower."""
        return self._fastest[profile]

    def reach(self, to: Point, profile: Profile, limit_s: float) -> Reach:
        """Search once from a lon/lat WGS-84 place; remembered until a road changes."""
        key = (to, profile, limit_s)
        known = self._searches.get(key)
        if known is None:
            known = Reach(self, to, profile, limit_s)
            self._searches[key] = known
            if len(self._searches) > KEPT_SEARCHES:
                self._searches.popitem(last=False)
        else:
            self._searches.move_to_end(key)
        return known

    def set_blocked(self, pieces: AbstractSet[int]) -> None:
        """Block exactly these pieces in both directions; the next question knows it.

        Nobody passes a blocked piece; who stands on it or is called to it walks from the nearest
        open road. Answers already given keep the roads as they were.
        """
        self.blocked = frozenset(pieces)
        closed = np.isin(self.piece_of, np.array(sorted(pieces), dtype=np.int64))
        for profile, free in self._free.items():
            self.times[profile] = np.where(closed, np.inf, free * self._factor[profile])
        self.snappers = self._list_snappers()
        self.version += 1
        self._searches.clear()

    def block(self, pieces: AbstractSet[int]) -> None:
        """Close more pieces of road to everyone."""
        self.set_blocked(self.blocked | pieces)

    def unblock(self, pieces: AbstractSet[int]) -> None:
        """Open pieces of road that were closed."""
        self.set_blocked(self.blocked - pieces)

    def set_factors(self, profile: Profile, seconds_by_class: Mapping[str, float]) -> None:
        """Travel times of classes of road multiplied for one profile, as at a rush hour.

        Each call states all factors of the profile; a class that is not named has factor 1.
        """
        for kind, factor in seconds_by_class.items():
            if kind not in CLASSES or not 0.1 <= factor <= 100:
                raise ValueError(f"{kind}: {factor} is not a factor 0.1 to 100 of a road class")
        by_class = np.array([seconds_by_class.get(kind, 1.0) for kind in CLASSES])
        self._factor[profile] = by_class[self.kind[self.piece_of]]
        self.set_blocked(self.blocked)
        self._fastest[profile] = self._find_fastest(profile)

    def list_edges(self, piece: int) -> IntArray:
        """Both directions of a piece, and their copies at crossings with banned turns."""
        return np.array([2 * piece, 2 * piece + 1, *self._copies.get(piece, ())])

    def _list_snappers(self) -> dict[Profile, Snapper]:
        open_to = {
            profile: np.bitwise_or(*np.isfinite(self.times[profile][: self.ends]).reshape(-1, 2).T)
            for profile in (Profile.CAR, Profile.FOOT)
        }
        by_car, on_foot = (
            Snapper(self.shape_xy, self.shape_start, usable) for usable in open_to.values()
        )
        return {Profile.CAR: by_car, Profile.MOTORCYCLE: by_car, Profile.FOOT: on_foot}

    def _find_fastest(self, profile: Profile) -> float:
        free_s = self._free[profile] * self._factor[profile]
        return float((np.asarray(self.length_m) / free_s).max())

    def put_on_road(
        self, lonlat: FloatArray, profile: Profile, snapper: Snapper | None = None
    ) -> RoadSpots:
        """Piece (-1 for none), share along it (0 to 1) and walking seconds to it, per point.

        `snapper` puts the points on the roads as they were when it was made.
        """
        snapper = snapper or self.snappers[profile]
        piece, along_m, off_m = snapper.snap(self.plane.to_metres(lonlat))
        length = np.asarray(self.length_m)[2 * np.maximum(piece, 0)]
        share = np.clip(along_m / length, 0.0, 1.0)
        return RoadSpots(piece, share, off_m / OFF_ROAD_MPS)

    def street_near(self, place: Point) -> str:
        """The name of the street at a place; empty when it has none."""
        piece, _, _ = self.put_on_road(np.array([[place.lon, place.lat]]), Profile.CAR)
        return self.names[self.name[piece[0]]] if piece[0] != NOWHERE else ""

    def draw(
        self,
        start: Point,
        to: Point,
        legs: list[tuple[int, float, float]],
        times: FloatArray,
        seconds: float,
    ) -> Route:
        """The line, streets, metres and seconds of a way given as edges with shares."""
        parts: list[FloatArray] = [np.array([[start.lon, start.lat]])]
        streets: list[Street] = []
        total_m = 0.0
        for edge, since, until in legs:
            parts.append(self.shape_of(edge, since, until))
            length_m = float(self.length_m[edge]) * (until - since)
            leg_s = float(times[edge]) * (until - since)
            total_m += length_m
            name = self.names[self.name[edge >> 1]]
            if streets and streets[-1].name == name:
                length_m += streets[-1].length_m
                leg_s += streets.pop().seconds
            streets.append(Street(name, round(length_m, 1), round(leg_s, 1)))
        parts.append(np.array([[to.lon, to.lat]]))
        return Route(
            seconds=seconds,
            length_m=total_m,
            line=simplify(np.concatenate(parts)),
            streets=tuple(streets),
        )

    def shape_of(self, edge: int, since: float, until: float) -> FloatArray:
        """(n, 2) lon/lat of an edge between two shares of its length, in travel direction."""
        piece = edge >> 1
        span = slice(self.shape_start[piece], self.shape_start[piece + 1])
        line = np.asarray(self.shape_lonlat[span])
        xy = np.asarray(self.shape_xy[span])
        if edge % 2:
            line, xy = line[::-1], xy[::-1]
        if since == 0.0 and until == 1.0:
            return line
        at = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
        at /= max(at[-1], 1e-9)
        inner = line[(at > since) & (at < until)]
        ends = [
            [[np.interp(share, at, line[:, 0]), np.interp(share, at, line[:, 1])]]
            for share in (since, until)
        ]
        return np.concatenate((ends[0], inner, ends[1]))

    def streets_geojson(self) -> dict[str, Any]:
        """Every piece that may be driven, as GeoJSON lines with class and name."""
        features = []
        for piece in range(len(self.shape_start) - 1):
            kind = CLASSES[self.kind[piece]]
            if kind not in CAR_KMH:
                continue
            span = slice(self.shape_start[piece], self.shape_start[piece + 1])
            line = np.round(self.shape_lonlat[span], 6).tolist()
            features.append(
                {
                    "type": "Feature",
                    "properties": {"class": kind, "name": self.names[self.name[piece]]},
                    "geometry": {"type": "LineString", "coordinates": line},
                }
            )
        return {"type": "FeatureCollection", "features": features}


def simplify(line: FloatArray) -> tuple[tuple[float, float], ...]:
    """A line with no more points than a small screen or message needs, to 1e-6 degrees."""
    tolerance_deg = LINE_TOLERANCE_M / 111_320
    points = line
    while True:
        points = shapely.get_coordinates(shapely.LineString(line).simplify(tolerance_deg))
        if len(points) <= LINE_POINTS:
            return tuple((round(float(x), 6), round(float(y), 6)) for x, y in points)
        tolerance_deg *= 2
