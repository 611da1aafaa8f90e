"""Travel times and ways by road: all starts to one place in one search over reversed edges."""

from collections import OrderedDict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from geo.build import WALK_MPS
from geo.graphfile import read_arrays
from geo.matrix import seconds_between
from geo.osm import CAR_KMH, CLASSES
from geo.plane import Plane
from geo.reach import Reach
from geo.search import NOWHERE
from geo.snapping import BACKWARD, FORWARD, Snapper
from geo.types import ByteArray, FloatArray, IntArray, Point, Profile, RoadSpots

OFF_ROAD_MPS = WALK_MPS
"""From a point to the road it is put on, everyone walks."""
KEPT_SPOTS = 1_024
KEPT_SEARCHES = 1_024
"""Searches remembered; alarms come from the same posts again and again."""
KEPT_BYTES = 256 << 20
"""And so much memory at most for all of them together."""
SEARCH_BYTES_PER_NODE = 16
"""A search keeps the seconds and the next edge of every node."""


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
        self.length_m: FloatArray = np.asarray(arrays["length_m"])
        self.name: IntArray = np.asarray(arrays["name"])
        self.kind: IntArray = arrays["class"]
        self.shape_lonlat: FloatArray = np.asarray(arrays["shape_lonlat"])
        self.shape_xy: FloatArray = np.asarray(arrays["shape_xy"])
        self.shape_start: IntArray = np.asarray(arrays["shape_start"])
        self._free = {profile: np.array(arrays[f"{profile}_s"]) for profile in Profile}
        self.times = {profile: seconds.copy() for profile, seconds in self._free.items()}
        self.tail_in: IntArray = self.tail[self.into]
        self.times_in = {profile: seconds[self.into] for profile, seconds in self.times.items()}
        self.ends = 2 * (len(self.shape_start) - 1)
        self.base: IntArray = np.array(arrays["base"])
        self.piece_of: IntArray = self.base >> 1
        self._copies: dict[int, list[int]] = {}
        for edge in range(self.ends, len(self.base)):
            self._copies.setdefault(int(self.piece_of[edge]), []).append(edge)
        self._factor = {profile: np.ones(len(self.piece_of)) for profile in Profile}
        self.version = 0
        self.blocked: frozenset[int] = frozenset()
        self._grids = {
            profile: Snapper(self.shape_xy, self.shape_start, self._list_ways(profile))
            for profile in (Profile.CAR, Profile.FOOT)
        }
        self.snappers = self._list_snappers()
        self._fastest = {profile: self._find_fastest(profile) for profile in Profile}
        self._searches: OrderedDict[tuple[Point, Profile, float], Reach] = OrderedDict()
        nodes = max(1, len(self.into_start) - 1)
        self._kept = max(1, min(KEPT_SEARCHES, KEPT_BYTES // (SEARCH_BYTES_PER_NODE * nodes)))
        self._spots: dict[tuple[Snapper, Point], tuple[int, float, float]] = {}
        self._fixed: dict[tuple[Snapper, tuple[Point, ...]], RoadSpots] = {}

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
            if len(self._searches) > self._kept:
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
            self.times_in[profile] = self.times[profile][self.into]
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

    def _list_ways(self, profile: Profile) -> ByteArray:
        """In which directions each piece is open to a profile, as the bits of the snapper."""
        forward, backward = np.isfinite(self.times[profile][: self.ends]).reshape(-1, 2).T
        ways: ByteArray = (FORWARD * forward + BACKWARD * backward).astype(np.uint8)
        return ways

    def _list_snappers(self) -> dict[Profile, Snapper]:
        """The grids made once, with the pieces that are open now."""
        by_car, on_foot = (
            grid.opened(self._list_ways(profile)) for profile, grid in self._grids.items()
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

    def put_along(
        self,
        lonlat: FloatArray,
        profile: Profile,
        heading_deg: FloatArray,
        speed_mps: FloatArray,
    ) -> tuple[RoadSpots, IntArray]:
        """As `put_on_road`, on the road that agrees with where each point is heading.

        (n, 2) lon/lat WGS-84, degrees clockwise from north, m/s; NaN where not known. With the
        directed edge each drives, -1 where heading and road leave it open.
        """
        piece, along_m, off_m, edge = self.snappers[profile].snap_along(
            self.plane.to_metres(lonlat), heading_deg, speed_mps
        )
        share = np.clip(along_m / self.length_m[2 * np.maximum(piece, 0)], 0.0, 1.0)
        return RoadSpots(piece, share, off_m / OFF_ROAD_MPS), edge

    def matrix(
        self, froms: FloatArray, tos: FloatArray, profile: Profile, limit_s: float
    ) -> FloatArray:
        """(n, m) seconds from (n, 2) starts to (m, 2) goals, lon/lat WGS-84; inf beyond."""
        return seconds_between(self, froms, tos, profile, limit_s)

    def spot_of(self, place: Point, snapper: Snapper) -> tuple[int, float, float]:
        """One lon/lat place on the roads of a snapper: piece (-1 for none), share, seconds off.

        The last few are remembered: one alarm asks for its place once per profile.
        """
        known = self._spots.get((snapper, place))
        if known is None:
            piece, along_m, off_m = snapper.snap_one(*self.plane.to_metres_one(place))
            share = min(1.0, max(0.0, along_m / float(self.length_m[2 * max(piece, 0)])))
            known = piece, share, off_m / OFF_ROAD_MPS
            if len(self._spots) >= KEPT_SPOTS:
                self._spots.clear()
            self._spots[snapper, place] = known
        return known

    def fixed_spots(self, places: tuple[Point, ...], snapper: Snapper) -> RoadSpots:
        """Lon/lat places that stand still, put on the roads of a snapper once."""
        known = self._fixed.get((snapper, places))
        if known is None:
            lonlat = np.array([(one.lon, one.lat) for one in places]).reshape(-1, 2)
            known = self.put_on_road(lonlat, Profile.FOOT, snapper)
            self._fixed = {k: v for k, v in self._fixed.items() if k[0] in self.snappers.values()}
            self._fixed[snapper, places] = known
        return known

    def street_near(self, place: Point) -> str:
        """The name of the street at a place; empty when it has none."""
        piece, _, _ = self.spot_of(place, self.snappers[Profile.CAR])
        return self.names[self.name[piece]] if piece != NOWHERE else ""

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

    def xy_of(self, edge: int) -> FloatArray:
        """(n, 2) metres in the district's plane of an edge, in travel direction."""
        piece = edge >> 1
        line = np.asarray(self.shape_xy[self.shape_start[piece] : self.shape_start[piece + 1]])
        return line[::-1] if edge % 2 else line

    @cached_property
    def _out(self) -> tuple[IntArray, IntArray]:
        tails = self.tail[: self.ends]
        return np.argsort(tails, kind="stable"), np.sort(tails)

    def list_out(self, node: int) -> list[int]:
        """The edges that leave a crossing, open or not, without the copies banned turns need."""
        edges, tails = self._out
        first, last = np.searchsorted(tails, (node, node + 1))
        found: list[int] = edges[first:last].tolist()
        return found

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
