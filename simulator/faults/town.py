"""The small district that faults are let loose on: four units, three posts, a gate, flat ground."""

from functools import cache

import numpy as np

from dispatch.district import District, Gate, Group, Plan, Post, PostNeed, Unit, UnitNeed
from dispatch.words import GroupId, ResponderId, ResponderKind, UnitKind
from dispatch.work import Views
from geo.tracker import Tracker
from geo.types import (
    BoolArray,
    FloatArray,
    IntArray,
    Point,
    Position,
    Profile,
    RoadSpots,
    Route,
    Street,
)

WEST, SOUTH = 121.40, 31.20
STEP_DEG = 0.004
BOUNDS = (WEST - 0.1, SOUTH - 0.1, WEST + 0.2, SOUTH + 0.2)
MPS = {Profile.CAR: 11.0, Profile.MOTORCYCLE: 12.0, Profile.FOOT: 1.5}
METRES_PER_DEGREE = 111_195.0


def corner(east: float, north: float) -> Point:
    """The corner so many blocks from the south-west one."""
    return Point(WEST + east * STEP_DEG, SOUTH + north * STEP_DEG)


PLANS = (
    Plan(
        type="robbery",
        name_zh="抢劫",
        name_en="Robbery",
        priority=1,
        units=(UnitNeed(count=2),),
        posts=PostNeed(count=1, within_min=12.0),
        notify_group=True,
        join_types=("panic",),
        reinforce_units=1,
        ack_within_s=8,
        expire_after_s=40,
        escalate_after_s=20,
        lone_check_s=30,
    ),
    Plan(
        type="panic",
        name_zh="紧急求助",
        name_en="Panic",
        priority=1,
        notify_group=True,
        ack_within_s=6,
        expire_after_s=30,
        escalate_after_s=15,
    ),
    Plan(type="duress", name_zh="胁迫", name_en="Duress", priority=1, silent=True, ack_within_s=8),
    Plan(
        type="dispute",
        name_zh="纠纷",
        name_en="Dispute",
        priority=4,
        ack_within_s=12,
        expire_after_s=45,
        escalate_after_s=30,
    ),
)


@cache
def make_town() -> District:
    """The book of the district."""
    kinds = (UnitKind.CAR, UnitKind.MOTORCYCLE, UnitKind.FOOT, UnitKind.CAR)
    places = (corner(1, 1), corner(3, 2), corner(2, 0), corner(6, 5))
    return District(
        id="faults",
        name_zh="故障镇",
        name_en="Faults",
        timezone="Asia/Shanghai",
        units=tuple(
            Unit(
                id=ResponderId(f"U{n}"),
                name=f"巡逻{n}",
                kind=kind,
                officers=1 + n % 2,
                base=place,
            )
            for n, (kind, place) in enumerate(zip(kinds, places, strict=True), 1)
        ),
        posts=tuple(
            Post(
                id=ResponderId(f"P{n}"),
                sign=n,
                name=f"银行{n}",
                category="bank",
                place=corner(n, 0.3 * n),
                guards=2,
                radios=1,
                groups=(GroupId("G1"),),
            )
            for n in range(1, 4)
        ),
        gates=(Gate(id=ResponderId("K1"), name="东卡口", place=corner(9, 3), road="东路"),),
        groups=(Group(id=GroupId("G1"), name="南街", channel="1"),),
        areas=(),
        plans=PLANS,
    )


@cache
def responders() -> dict[str, ResponderKind]:
    """Everyone with a device."""
    book = make_town()
    return {
        **dict.fromkeys((unit.id for unit in book.units), ResponderKind.UNIT),
        **dict.fromkeys((post.id for post in book.posts), ResponderKind.POST),
        **dict.fromkeys((gate.id for gate in book.gates), ResponderKind.GATE),
    }


class FlatReach:
    """Straight lines at one speed a profile."""

    def __init__(self, to: Point, profile: Profile, limit_s: float) -> None:
        self._to = to
        self._profile = profile
        self._limit_s = limit_s

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Seconds from (n, 2) lon/lat points; inf beyond the limit."""
        east = (lonlat[:, 0] - self._to.lon) * np.cos(np.radians(self._to.lat))
        far_m = np.hypot(east, lonlat[:, 1] - self._to.lat) * METRES_PER_DEGREE
        out = np.asarray(far_m / MPS[self._profile], dtype=np.float64)
        out[~(out <= self._limit_s)] = np.inf
        return out

    def seconds_from_fixed(self, places: tuple[Point, ...]) -> FloatArray:
        """The same from places."""
        return self.seconds(np.array([(one.lon, one.lat) for one in places]).reshape(-1, 2))

    def fill_seconds(self, spots: RoadSpots, mine: BoolArray, out: FloatArray) -> None:
        """The same from spots of `FlatPositions`."""
        out[mine] = self.seconds(np.column_stack((spots.share, spots.off_s)))[mine]

    def find_route(self, start: Point) -> Route | None:
        """The straight line, or None beyond the limit."""
        seconds = float(self.seconds(np.array([[start.lon, start.lat]]))[0])
        if not np.isfinite(seconds):
            return None
        length_m = seconds * MPS[self._profile]
        return Route(
            seconds=seconds,
            length_m=length_m,
            line=((start.lon, start.lat), (self._to.lon, self._to.lat)),
            streets=(Street(name="直路", length_m=length_m, seconds=seconds),),
        )


class FlatRoads:
    """Roads that lead straight from everywhere to everywhere."""

    def reach(self, to: Point, profile: Profile, limit_s: float) -> FlatReach:
        """A question about one place."""
        return FlatReach(to, profile, limit_s)


class FlatPositions:
    """The real tracker; a spot of it carries lon and lat in the place of share and way."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def located(self) -> BoolArray:
        """Which rows ever had a good fix."""
        found: BoolArray = self._tracker.at_ms > 0
        return found

    def spots(self) -> RoadSpots:
        """Lon and lat of all rows, as `FlatReach` reads them."""
        piece = np.where(self.located(), 0, -1).astype(np.int64)
        return RoadSpots(piece, self._tracker.lon, self._tracker.lat)

    def times(self) -> IntArray:
        """Epoch ms of the latest good fix of all rows."""
        return self._tracker.at_ms

    def at(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """(n, 2) lon/lat and epoch ms of rows."""
        return self._tracker.at(rows)

    def get(self, row: int) -> Position | None:
        """The latest good fix of a row."""
        return self._tracker.get(row)


class FlatPlaces:
    """One area, one name."""

    def areas_at(self, _place: Point) -> tuple[str, ...]:
        """No areas."""
        return ()

    def describe(self, _place: Point) -> str:
        """The same everywhere."""
        return "路口"


def make_tracker() -> Tracker:
    """A tracker that has not heard of anyone."""
    book = make_town()
    return Tracker(
        [unit.id for unit in book.units],
        bounds=BOUNDS,
        impossible_mps=book.rules.impossible_mps,
        ahead_ms=book.rules.clock_ahead_s * 1000,
    )


def make_views(tracker: Tracker) -> Views:
    """What the desk reads beside the board."""
    return Views(FlatPositions(tracker), FlatRoads(), FlatPlaces())
