"""The ground of a simulated district: its roads, once for all runs of a process, and two views.

The road view is the desk's own. The air view answers every question about time by the straight
line at one speed a profile, for the policy that dispatches so; crews drive by road all the same.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from dispatch.district import District
from dispatch.force import PROFILE_OF
from dispatch.words import AreaLevel
from geo.onroad import RoadTracker
from geo.osm import import_osm
from geo.places import Places
from geo.roads import Roads
from geo.types import BoolArray, FloatArray, IntArray, Point, Position, Profile, RoadSpots, Route

LEVELS = list(AreaLevel)
MARGIN_DEG = 0.03
FAR_S = 3_600.0
AIR_MPS = {Profile.CAR: 9.0, Profile.MOTORCYCLE: 11.0, Profile.FOOT: 1.2}
METRES_PER_DEGREE = 111_195.0


class Ground:
    """Roads and places of one district folder; trackers are made anew for each run."""

    def __init__(self, folder: Path, district: District, graph: Path) -> None:
        self.district = district
        self.roads = Roads.load(graph)
        self.places = Places(
            [(post.name, post.place) for post in district.posts],
            [(area.id, LEVELS.index(area.level), area.ring) for area in district.areas],
            self.roads.street_near,
        )
        self.ways: dict[tuple[Point, Point, Profile], Route | None] = {}
        self.folder = folder

    def find_way(self, start: Point, end: Point, profile: Profile) -> Route | None:
        """The fastest way between two places that patrols go between again and again."""
        key = (start, end, profile)
        if key not in self.ways:
            self.ways[key] = self.roads.reach(end, profile, FAR_S).find_route(start)
        return self.ways[key]

    def make_tracker(self) -> RoadTracker:
        """A tracker that has not heard of anyone."""
        west, south, east, north = self.roads.bounds
        return RoadTracker(
            [unit.id for unit in self.district.units],
            roads=self.roads,
            profiles=[PROFILE_OF[unit.kind] for unit in self.district.units],
            bounds=(
                west - MARGIN_DEG,
                south - MARGIN_DEG,
                east + MARGIN_DEG,
                north + MARGIN_DEG,
            ),
            impossible_mps=self.district.rules.impossible_mps,
            ahead_ms=self.district.rules.clock_ahead_s * 1000,
        )


def make_graph(folder: Path) -> Path:
    """The graph of the district's roads, in a folder of its own that the caller removes."""
    target = Path(tempfile.mkdtemp(prefix="street110-simulate-")) / "roads.s110"
    try:
        import_osm(folder / "roads.osm.pbf", target)
    except BaseException:
        shutil.rmtree(target.parent)
        raise
    return target


class AirReach:
    """All starts to one place by the straight line; the way itself is still by road."""

    def __init__(self, roads: Roads, to: Point, profile: Profile, limit_s: float) -> None:
        self._roads = roads
        self._to = to
        self._profile = profile
        self._limit_s = limit_s

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Seconds from (n, 2) lon/lat points; inf beyond the limit."""
        east = (lonlat[:, 0] - self._to.lon) * np.cos(np.radians(self._to.lat))
        far_m = np.hypot(east, lonlat[:, 1] - self._to.lat) * METRES_PER_DEGREE
        out = np.asarray(far_m / AIR_MPS[self._profile], dtype=np.float64)
        out[~(out <= self._limit_s)] = np.inf
        return out

    def seconds_from_fixed(self, places: tuple[Point, ...]) -> FloatArray:
        """The same from places."""
        return self.seconds(np.array([(one.lon, one.lat) for one in places]).reshape(-1, 2))

    def fill_seconds(self, spots: RoadSpots, mine: BoolArray, out: FloatArray) -> None:
        """The same from spots of `AirPositions`, whose share and way hold lon and lat."""
        out[mine] = self.seconds(np.column_stack((spots.share, spots.off_s)))[mine]

    def find_route(self, start: Point) -> Route | None:
        """The way by road, which the crew will drive."""
        return self._roads.reach(self._to, self._profile, FAR_S).find_route(start)


class AirRoads:
    """Travel times by the straight line."""

    def __init__(self, roads: Roads) -> None:
        self._roads = roads

    def reach(self, to: Point, profile: Profile, limit_s: float) -> AirReach:
        """A question about one place."""
        return AirReach(self._roads, to, profile, limit_s)


class AirPositions:
    """A tracker whose spots carry lon and lat, for `AirReach`."""

    def __init__(self, tracker: RoadTracker) -> None:
        self._tracker = tracker

    def located(self) -> BoolArray:
        """Which rows ever had a good fix."""
        return self._tracker.located()

    def spots(self) -> RoadSpots:
        """Lon and lat of all rows in the place of share and way."""
        piece = np.where(self._tracker.located(), 0, -1).astype(np.int64)
        return RoadSpots(piece, self._tracker.lon, self._tracker.lat)

    def times(self) -> IntArray:
        """Epoch ms of the latest good fix of all rows."""
        return self._tracker.times()

    def at(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """(n, 2) lon/lat and epoch ms of rows."""
        return self._tracker.at(rows)

    def get(self, row: int) -> Position | None:
        """The latest good fix of a row."""
        return self._tracker.get(row)
