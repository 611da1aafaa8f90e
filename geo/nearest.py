"""Who is there first by road: the k nearest by travel time, of those who may go."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geo.reach import Reach
from geo.roads import Roads
from geo.types import BoolArray, FloatArray, IntArray, Point, Profile, RoadSpots


class Near(NamedTuple):
    """One who can be there: its row in the crowd, travel seconds, and the search that says so."""

    row: int
    seconds: float
    reach: Reach


class Crowd:
    """Many who might be sent, put on the roads once and asked about often."""

    def __init__(self, roads: Roads, lonlat: FloatArray, profiles: Sequence[Profile]) -> None:
        """`lonlat` is (n, 2) lon/lat WGS-84 degrees, `profiles` how each of them travels."""
        self.roads = roads
        self._lonlat = lonlat
        self._rows: dict[Profile, IntArray] = {}
        for profile in Profile:
            rows = np.flatnonzero(np.array([one == profile for one in profiles], dtype=np.bool_))
            if len(rows):
                self._rows[profile] = rows
        self._version = -1
        self._spots: dict[Profile, RoadSpots] = {}

    def seconds(self, to: Point, limit_s: float) -> tuple[FloatArray, dict[Profile, Reach]]:
        """Travel seconds of everyone to a lon/lat WGS-84 place, inf beyond the limit.

        The searches they come from are handed over by profile: they draw the ways.
        """
        if self._version != self.roads.version:
            self._spots = {
                profile: self.roads.put_on_road(self._lonlat[rows], profile)
                for profile, rows in self._rows.items()
            }
            self._version = self.roads.version
        eta_s = np.full(len(self._lonlat), np.inf)
        reaches = {profile: self.roads.reach(to, profile, limit_s) for profile in self._rows}
        for profile, rows in self._rows.items():
            eta_s[rows] = reaches[profile].seconds_of(self._spots[profile])
        return eta_s, reaches

    def nearest(
        self, to: Point, *, k: int, limit_s: float, may_go: BoolArray | None = None
    ) -> list[Near]:
        """The `k` who reach a lon/lat WGS-84 place first, within `limit_s` seconds; ties by row.

        `may_go` masks the crowd; nobody is passed over because he is far as the crow flies.
        """
        eta_s, reaches = self.seconds(to, limit_s)
        if may_go is not None:
            eta_s[~may_go] = np.inf
        reached = np.flatnonzero(np.isfinite(eta_s))
        first = reached[np.argsort(eta_s[reached], kind="stable")[:k]]
        how = {row: profile for profile, rows in self._rows.items() for row in rows.tolist()}
        return [Near(row, float(eta_s[row]), reaches[how[row]]) for row in first.tolist()]
