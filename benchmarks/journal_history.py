"""A made-up district that lives through incident after incident, for the measures of the journal.

A real desk decides over straight roads, so every record is what an engine would write.
"""

from heapq import heappop, heappush
from random import Random

import numpy as np

from dispatch import commands as c
from dispatch.board import Board
from dispatch.desk import Desk
from dispatch.district import District, Gate, Group, Plan, Post, PostNeed, Unit, UnitNeed
from dispatch.letters import OrderLetter
from dispatch.model import Order
from dispatch.ports import Record
from dispatch.words import (
    Answer,
    GroupId,
    ResponderId,
    SourceKind,
    UnitKind,
    UnitStatus,
)
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

WEST, SOUTH, EAST, NORTH = 121.45, 31.20, 121.52, 31.26
START_MS = 1_764_000_000_000
INCIDENT_EVERY_MS = 30_000
"""About 2 900 incidents a day: a busy district."""
SILENT_SHARE = 0.03
"""So many orders are never answered, so that deadlines have work to do."""
ROUTE_POINTS = 60
SPEED_MPS = {Profile.CAR: 11.0, Profile.MOTORCYCLE: 12.0, Profile.FOOT: 1.5}
STEPS: tuple[Answer | UnitStatus, ...] = (
    Answer.DELIVERED,
    Answer.ACCEPTED,
    UnitStatus.EN_ROUTE,
    UnitStatus.ON_SCENE,
    UnitStatus.AVAILABLE,
)
PLANS = (
    Plan(
        type="robbery",
        name_zh="抢劫",
        name_en="Robbery",
        priority=1,
        units=(UnitNeed(count=2),),
        posts=PostNeed(count=2),
        notify_group=True,
    ),
    Plan(type="dispute", name_zh="纠纷", name_en="Dispute", priority=4),
)


class StraightReach:
    """Times and routes as the crow flies, with as many points as a road would have."""

    def __init__(self, to: Point, profile: Profile, limit_s: float) -> None:
        self.to = to
        self.speed_mps = SPEED_MPS[profile]
        self.limit_s = limit_s

    def seconds(self, lonlat: FloatArray) -> FloatArray:
        """Seconds from each point; inf beyond the limit."""
        x = (lonlat[:, 0] - self.to.lon) * 95_200.0
        y = (lonlat[:, 1] - self.to.lat) * 110_900.0
        out: FloatArray = np.hypot(x, y) * 1.3 / self.speed_mps
        out[out > self.limit_s] = np.inf
        return out

    def seconds_from_fixed(self, places: tuple[Point, ...]) -> FloatArray:
        """The same from places that stand still."""
        return self.seconds(np.array([(at.lon, at.lat) for at in places]).reshape(-1, 2))

    def fill_seconds(self, spots: RoadSpots, mine: BoolArray, out: FloatArray) -> None:
        """The same: every spot is its own road, its lon and lat stand for share and way."""
        out[mine] = self.seconds(np.column_stack((spots.share, spots.off_s)))[mine]

    def find_route(self, start: Point) -> Route | None:
        """A line of `ROUTE_POINTS` points in four streets."""
        seconds = float(self.seconds(np.array([[start.lon, start.lat]]))[0])
        if not np.isfinite(seconds):
            return None
        length_m = air_m(start, self.to) * 1.3
        lon = np.linspace(start.lon, self.to.lon, ROUTE_POINTS).round(6)
        lat = np.linspace(start.lat, self.to.lat, ROUTE_POINTS).round(6)
        names = ("南京东路", "河南中路", "福州路", "四川中路")
        legs = tuple(
            Street(name=name, length_m=length_m / 4, seconds=seconds / 4) for name in names
        )
        line = tuple(zip(lon.tolist(), lat.tolist(), strict=True))
        return Route(seconds=seconds, length_m=length_m, line=line, streets=legs)


class StraightRoads:
    """Roads that go everywhere."""

    def reach(self, to: Point, profile: Profile, limit_s: float) -> StraightReach:
        """One search."""
        return StraightReach(to, profile, limit_s)


class StandingUnits:
    """Every unit at its base, with a fix of this moment."""

    def __init__(self, district: District) -> None:
        self.bases = np.array([(unit.base.lon, unit.base.lat) for unit in district.units])
        self.now_ms = START_MS

    def located(self) -> BoolArray:
        """All of them."""
        return np.ones(len(self.bases), dtype=np.bool_)

    def spots(self) -> RoadSpots:
        """Each on a road of its own."""
        roads = np.zeros(len(self.bases), dtype=np.int64)
        return RoadSpots(roads, self.bases[:, 0], self.bases[:, 1])

    def times(self) -> IntArray:
        """This moment."""
        return np.full(len(self.bases), self.now_ms, dtype=np.int64)

    def at(self, rows: IntArray) -> tuple[FloatArray, IntArray]:
        """Bases, and the moment."""
        return self.bases[rows], np.full(len(rows), self.now_ms)

    def get(self, row: int) -> Position | None:
        """One of them."""
        lon, lat = self.bases[row].tolist()
        return Position(lon=lon, lat=lat, at_ms=self.now_ms)


class PlainPlaces:
    """One area, one name."""

    def areas_at(self, place: Point) -> tuple[str, ...]:
        """The district."""
        return ("city", "district") if place.lon < EAST else ("city",)

    def describe(self, place: Point) -> str:
        """A landmark."""
        return f"南京东路附近 {place.lon:.4f}"


def make_district(rng: Random) -> District:
    """120 units, 106 posts in 20 groups, 7 gates."""
    groups = tuple(GroupId(f"G{n:02}") for n in range(20))
    return District(
        id="bench",
        name_zh="测试区",
        name_en="Bench",
        timezone="Asia/Shanghai",
        units=tuple(make_unit(n, rng) for n in range(120)),
        posts=tuple(make_post(n, groups[n % 20], rng) for n in range(106)),
        gates=tuple(
            Gate(id=ResponderId(f"K{n}"), name=f"卡口{n}", place=spot(rng), road="延安高架路")
            for n in range(7)
        ),
        groups=tuple(Group(id=group, name=group, channel=group) for group in groups),
        areas=(),
        plans=PLANS,
    )


def spot(rng: Random) -> Point:
    """Anywhere in the district."""
    return Point(round(rng.uniform(WEST, EAST), 6), round(rng.uniform(SOUTH, NORTH), 6))


def make_unit(number: int, rng: Random) -> Unit:
    """A patrol of two."""
    return Unit(
        id=ResponderId(f"U{number:03}"),
        name=f"巡逻{number}组",
        kind=tuple(UnitKind)[number % 4],
        officers=2,
        base=spot(rng),
    )


def make_post(number: int, group: GroupId, rng: Random) -> Post:
    """A bank with three guards."""
    return Post(
        id=ResponderId(f"P{number:03}"),
        sign=number,
        name=f"安保点{number}",
        category="bank",
        place=spot(rng),
        guards=3,
        radios=2,
        groups=(group,),
    )


class History:
    """A desk that lives through incident after incident; every decision becomes a record."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = Random(seed)
        self.district = make_district(self.rng)
        self.positions = StandingUnits(self.district)
        self.board = Board()
        self.desk = Desk(self.board, Views(self.positions, StraightRoads(), PlainPlaces()))
        self.now_ms = START_MS
        self.records: list[Record] = []
        self.events = 0
        self.number = 0
        self.agenda: list[tuple[int, int, int, Order]] = []
        self.planned = 0
        self.give(c.LoadDistrict(district=self.district), "admin")

    def give(self, command: c.AnyCommand, who: str) -> None:
        """Have a command decided and keep its record."""
        outcome = self.desk.handle(command, self.now_ms, who)
        if outcome.events:
            record = Record(at_ms=self.now_ms, who=who, command=command, events=outcome.events)
            self.records.append(record)
            self.events += len(outcome.events)
        for letter in outcome.letters:
            if isinstance(letter, OrderLetter) and letter.order.attempts == 1:
                self.plan(letter.order)

    def plan(self, order: Order) -> None:
        """The responder will say so and so at such times, unless it is one of the silent ones."""
        if self.rng.random() < SILENT_SHARE:
            return
        for step, after_s in enumerate((0.3, 4, 9, order.eta_s or 60, (order.eta_s or 60) + 600)):
            self.planned += 1
            at_ms = order.issued_ms + int(after_s * 1000)
            heappush(self.agenda, (at_ms, self.planned, step, order))

    def to(self, at_ms: int) -> None:
        """Let time pass, with a tick at each deadline and every word of a responder."""
        while True:
            due_ms = self.desk.next_due_ms()
            said_ms = self.agenda[0][0] if self.agenda else at_ms
            if due_ms is not None and due_ms <= min(at_ms, said_ms):
                self.now_ms = max(self.now_ms, due_ms)
                self.give(c.Tick(), "clock")
            elif self.agenda and said_ms <= at_ms:
                _, number, step, order = heappop(self.agenda)
                self.now_ms = max(self.now_ms, said_ms)
                self.answer(order, STEPS[step], f"m{number}")
            else:
                break
        self.now_ms = at_ms

    def incident(self) -> None:
        """One alarm, after all that was said before it."""
        self.number += 1
        self.to(START_MS + self.number * INCIDENT_EVERY_MS)
        self.positions.now_ms = self.now_ms
        post = self.rng.choice(self.district.posts).id
        kind = "robbery" if self.rng.random() < 0.4 else "dispute"
        alarm = c.RaiseAlarm(
            id=f"a{self.number}",
            source_kind=SourceKind.POST,
            source=post,
            type=kind,
            sent_ms=self.now_ms,
        )
        self.give(alarm, f"post/{post}")

    def answer(self, order: Order, step: Answer | UnitStatus, message: str) -> None:
        """One word of a responder about an order that it still holds."""
        if self.board.responders[order.responder].order != order.id:
            return
        who = f"{order.kind}/{order.responder}"
        command: c.AnyCommand
        if isinstance(step, Answer):
            command = c.AnswerOrder(
                id=message,
                kind=order.kind,
                responder=order.responder,
                order=order.id,
                answer=step,
                sent_ms=self.now_ms,
            )
        else:
            command = c.ReportStatus(
                id=message,
                kind=order.kind,
                responder=order.responder,
                status=step,
                sent_ms=self.now_ms,
                order=order.id,
            )
        self.give(command, who)
