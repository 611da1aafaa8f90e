"""A small made-up town for tests of the desk: a naive twin of roads, positions and places."""

import numpy as np

from dispatch.board import Board
from dispatch.commands import LoadDistrict
from dispatch.desk import Desk
from dispatch.district import District, Gate, Group, Plan, Post, PostNeed, Unit, UnitNeed
from dispatch.words import GroupId, ResponderId, UnitKind
from dispatch.work import Views
from geo.air import air_m
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
STEP_DEG = 0.005
SPEED_MPS = {Profile.CAR: 10.0, Profile.MOTORCYCLE: 12.0, Profile.FOOT: 1.5}
START_MS = 1_764_000_000_000


def spot(x: float, y: float) -> Point:
    """The corner `x` blocks east and `y` blocks north of the south-west corner."""
    return Point(WEST + x * STEP_DEG, SOUTH + y * STEP_DEG)


class StraightReach:
    def __init__(self, to: Point, profile: Profile, limit_s: float) -> None:
        self.to = to
        self.profile = profile
        self.limit_s = limit_s

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        out = np.array(
            [air_m(Point(lon, lat), self.to) / SPEED_MPS[self.profile] for lon, lat in lonlat]
        )
        out[out > self.limit_s] = np.inf
        return out

    def seconds_from_fixed(self, places: tuple[Point, ...]) -> FloatArray:
        return self.seconds(np.array([(place.lon, place.lat) for place in places]))

    def fill_seconds(self, spots: RoadSpots, mine: BoolArray, out: FloatArray) -> None:
        out[mine] = self.seconds(np.column_stack((spots.share, spots.off_s))[mine])

    def find_route(self, start: Point) -> Route | None:
        seconds = float(self.seconds(np.array([[start.lon, start.lat]]))[0])
        if not np.isfinite(seconds):
            return None
        length_m = air_m(start, self.to)
        line = ((start.lon, start.lat), (self.to.lon, self.to.lat))
        return Route(
            seconds=seconds,
            length_m=length_m,
            line=line,
            streets=(Street(name="直路", length_m=length_m, seconds=seconds),),
        )


class StraightRoads:
    def reach(self, to: Point, profile: Profile, limit_s: float) -> StraightReach:
        return StraightReach(to, profile, limit_s)


class PlainPositions:
    """Positions by row, sorted in full at every question."""

    def __init__(self, size: int) -> None:
        self.fixes: list[Position | None] = [None] * size

    def put(self, row: int, place: Point, at_ms: int) -> None:
        self.fixes[row] = Position(lon=place.lon, lat=place.lat, at_ms=at_ms)

    def located(self) -> BoolArray:
        return np.array([fix is not None for fix in self.fixes])

    def spots(self) -> RoadSpots:
        """In this town every spot is its own road: its lon and lat stand for share and way."""
        lonlat = np.array([(fix.lon, fix.lat) if fix else (0.0, 0.0) for fix in self.fixes])
        return RoadSpots(np.zeros(len(lonlat), dtype=np.int64), lonlat[:, 0], lonlat[:, 1])

    def times(self) -> IntArray:
        return np.array([fix.at_ms if fix else 0 for fix in self.fixes], dtype=np.int64)

    def at(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        fixes = [self.fixes[row] for row in rows]
        spots = np.array([(fix.lon, fix.lat) for fix in fixes if fix], dtype=np.float64)
        at_ms = np.array([fix.at_ms for fix in fixes if fix], dtype=np.int64)
        return spots.reshape(-1, 2), at_ms

    def get(self, row: int) -> Position | None:
        return self.fixes[row]


class PlainPlaces:
    def areas_at(self, place: Point) -> tuple[str, ...]:
        return ("city",)

    def describe(self, place: Point) -> str:
        return "路口"


PLANS = (
    Plan(
        type="robbery",
        name_zh="抢劫",
        name_en="Robbery",
        priority=1,
        units=(UnitNeed(count=2, within_min=10.0),),
        posts=PostNeed(count=1, within_min=10.0),
        notify_group=True,
        join_types=("panic",),
        reinforce_units=1,
    ),
    Plan(type="panic", name_zh="紧急求助", name_en="Panic", priority=1, notify_group=True),
    Plan(type="duress", name_zh="胁迫", name_en="Duress", priority=1, silent=True),
    Plan(type="dispute", name_zh="纠纷", name_en="Dispute", priority=4, ack_within_s=60),
    Plan(type="notice_only", name_zh="登记", name_en="Log", priority=5, automatic=False),
)


def make_district(units: int = 6, posts: int = 5) -> District:
    """A town of units on a diagonal and posts along the south side."""
    kinds = tuple(UnitKind)
    return District(
        id="town",
        name_zh="小城",
        name_en="Town",
        timezone="Asia/Shanghai",
        units=tuple(
            Unit(
                id=ResponderId(f"U{n:02}"),
                name=f"巡逻{n}",
                kind=kinds[n % 4],
                officers=2,
                base=spot(n, n),
            )
            for n in range(1, units + 1)
        ),
        posts=tuple(
            Post(
                id=ResponderId(f"P{n:03}"),
                sign=n,
                name=f"银行{n}",
                category="bank",
                place=spot(n, 0),
                guards=3,
                radios=2,
                groups=(GroupId("G1"),),
            )
            for n in range(1, posts + 1)
        ),
        gates=(Gate(id=ResponderId("K1"), name="东卡口", place=spot(9, 9), road="东路"),),
        groups=(Group(id=GroupId("G1"), name="南街", channel="1"),),
        areas=(),
        plans=PLANS,
    )


class Town:
    """A desk with its twin views and a clock that the test moves."""

    def __init__(self, units: int = 6, posts: int = 5) -> None:
        self.district = make_district(units, posts)
        self.positions = PlainPositions(units)
        self.views = Views(self.positions, StraightRoads(), PlainPlaces())
        self.board = Board()
        self.desk = Desk(self.board, self.views)
        self.now_ms = START_MS
        self.desk.handle(LoadDistrict(district=self.district), self.now_ms, "test")
        for row, unit in enumerate(self.district.units):
            self.positions.put(row, unit.base, self.now_ms)
