"""One search and what it answers: seconds from anywhere to one place, and the ways there."""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely

from geo.buckets import bucket_search
from geo.search import NOWHERE, fill_seconds, follow, trace
from geo.types import BoolArray, FloatArray, IntArray, Point, Profile, RoadSpots, Route, Street

if TYPE_CHECKING:
    from geo.roads import Roads

Legs: TypeAlias = tuple[IntArray, FloatArray, FloatArray]
"""Edges of a way, and the shares from and to which each is used, in travel direction."""
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
        self.piece, self.share, self.off_s = roads.spot_of(to, self._snapper)
        if self.piece == NOWHERE:
            self.best = np.full(len(roads.into_start) - 1, np.inf)
            self._leave = np.full(len(self.best), NOWHERE, np.int64)
        else:
            edges = roads.list_edges(self.piece)
            edges = edges[np.isfinite(self.times[edges])]
            share = np.where(roads.base[edges] % 2 == 0, self.share, 1.0 - self.share)
            self.best, self._leave = bucket_search(
                roads.into,
                roads.into_start,
                roads.tail_in,
                roads.times_in[profile],
                edges,
                roads.tail[edges],
                self.off_s + share * self.times[edges],
                limit_s,
            )

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Travel seconds from each of (n, 2) lon/lat WGS-84 points; inf beyond the limit."""
        return self.seconds_of(self.roads.put_on_road(lonlat, self.profile, self._snapper))

    def seconds_from_fixed(self, places: tuple[Point, ...]) -> FloatArray:
        """As `seconds`, from lon/lat places that stand still: their roads are remembered."""
        return self.seconds_of(self.roads.fixed_spots(places, self._snapper))

    def seconds_of(self, spots: RoadSpots) -> FloatArray:
        """As `seconds`, from points already put on the roads this search was made over."""
        out = np.full(len(spots.piece), np.inf)
        self.fill_seconds(spots, np.ones(len(out), dtype=np.bool_), out)
        return out

    def fill_seconds(self, spots: RoadSpots, mine: BoolArray, out: FloatArray) -> None:
        """Write seconds as `seconds_of`, but only for the points that are `mine`, into `out`."""
        fill_seconds(
            mine,
            out,
            spots.piece,
            spots.share,
            spots.off_s,
            self.times,
            self.roads.head,
            self.best,
            self.piece,
            self.share,
            self.off_s,
            self.limit_s,
        )

    def find_route(self, start: Point) -> Route | None:
        """The fastest way from `start`, with its line and streets; None beyond the limit."""
        legs, seconds = self._legs_from(start)
        return None if legs is None else self._draw(start, legs, seconds)

    def find_legs(self, start: Point) -> Legs | None:
        """The edges of the fastest way from a lon/lat WGS-84 start; None beyond the limit.

        With the shares (0 to 1, in travel direction) from and to which each edge is used.
        """
        return self._legs_from(start)[0]

    def _legs_from(self, start: Point) -> tuple[Legs | None, float]:
        piece, share, off_s = self.roads.spot_of(start, self._snapper)
        spot = RoadSpots(np.array([piece]), np.array([share]), np.array([off_s]))
        seconds = float(self.seconds_of(spot)[0])
        if not np.isfinite(seconds):
            return None, seconds
        return self._legs(piece, share, target_s=seconds - off_s), seconds

    def _legs(self, piece: int, share: float, target_s: float) -> Legs:
        """Edges with the shares from and to that the fastest way uses of each."""
        times, head = self.times, self.roads.head
        options: list[tuple[float, int, bool]] = []
        for edge, at in ((2 * piece, share), (2 * piece + 1, 1.0 - share)):
            seconds = float(times[edge])
            if not np.isfinite(seconds):
                continue
            goal_at = self._goal_at(edge)
            if piece == self.piece and goal_at >= at:
                options.append(((goal_at - at) * seconds + self.off_s, edge, True))
            options.append(((1.0 - at) * seconds + float(self.best[head[edge]]), edge, False))
        _, edge, direct = min(options, key=lambda option: (abs(option[0] - target_s), option[1]))
        at = share if edge % 2 == 0 else 1.0 - share
        if direct:
            return np.array([edge]), np.array([at]), np.array([self._goal_at(edge)])
        rest = follow(
            int(head[edge]),
            self._leave,
            self.roads.base,
            head,
            times,
            self.best,
            self.piece,
            self.share,
            self.off_s,
        )
        edges = np.concatenate(([edge], rest))
        since, until = np.zeros(len(edges)), np.ones(len(edges))
        since[0], until[-1] = at, self._goal_at(int(edges[-1]))
        return edges, since, until

    def _goal_at(self, edge: int) -> float:
        return self.share if edge % 2 == 0 else 1.0 - self.share

    def _draw(self, start: Point, legs: Legs, seconds: float) -> Route:
        """The line, streets, metres and seconds of a way given as edges with shares."""
        roads = self.roads
        edges, since, until = legs
        used = until - since
        lengths_m = roads.length_m[edges] * used
        streets: list[list[float]] = []
        names: list[str] = []
        for name, length_m, leg_s in zip(
            roads.name[edges >> 1].tolist(),
            lengths_m.tolist(),
            (self.times[edges] * used).tolist(),
            strict=True,
        ):
            street = roads.names[name]
            if names and names[-1] == street:
                streets[-1][0] += length_m
                streets[-1][1] += leg_s
            else:
                names.append(street)
                streets.append([length_m, leg_s])
        line = trace(
            np.array((start.lon, start.lat)),
            edges,
            since,
            until,
            roads.shape_start,
            roads.shape_lonlat,
            roads.shape_xy,
            np.array((self.to.lon, self.to.lat)),
        )
        return Route(
            seconds=seconds,
            length_m=float(lengths_m.sum()),
            line=simplify(line),
            streets=tuple(
                Street(name, round(length_m, 1), round(leg_s, 1))
                for name, (length_m, leg_s) in zip(names, streets, strict=True)
            ),
        )


def simplify(line: FloatArray) -> tuple[tuple[float, float], ...]:
    """A line with no more points than a small screen or message needs, to 1e-6 degrees."""
    whole = shapely.linestrings(line)
    tolerance_deg = LINE_TOLERANCE_M / 111_320
    while True:
        points = shapely.get_coordinates(
            shapely.simplify(whole, tolerance_deg, preserve_topology=False)
        )
        if len(points) <= LINE_POINTS:
            return tuple((lon, lat) for lon, lat in np.round(points, 6).tolist())
        tolerance_deg *= 2
