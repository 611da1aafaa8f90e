"""Who should be on the street and who is, proved by fixes; and what the free cars reach in time.

Units are looked at once a minute. A look counts for a unit when the roster (or, without one, its
own status) has it on duty; it is heard when its fix is no older than its kind allows, and in its
beat when that fix lies there. The counts are of one local day and outlive a restart.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import shapely
from aiohttp import web

from dispatch.district import District, Unit
from dispatch.words import AreaId, ResponderId, UnitStatus
from gateways.api.figures import zone_of
from gateways.api.rights import Right
from gateways.api.room import Room
from gateways.api.scope import Scope
from gateways.api.users import write_private
from gateways.api.web import need, reply
from geo.reach import Reach
from geo.roads import Roads
from geo.types import Point, Profile

PRESENCE_EVERY_S = 60.0
PRESENCE_FILE = "presence.json"
WITHIN_S = (60, 180, 300)
COVERAGE_KEPT_MS = 30_000
MOST_UNCOVERED = 50
MOST_POINTS = 1_000
"""Of more security points than this every second, third, ... is looked at."""


class Looks(msgspec.Struct, kw_only=True):
    """Looks at one unit today: while it was to be on duty, heard of, in its own beat."""

    due: int = 0
    heard: int = 0
    in_beat: int = 0


class Day(msgspec.Struct, kw_only=True):
    """The looks of one local day."""

    date: str = ""
    since_ms: int = 0
    looks: int = 0
    units: dict[ResponderId, Looks] = {}


class PresenceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One unit: how it should be and how it is now, and today's looks.

    `in_beat` is None for a unit without a beat or without a fix.
    """

    id: ResponderId
    name: str
    beat: str
    shift: str
    due: bool
    status: UnitStatus
    age_s: float | None
    heard: bool
    in_beat: bool | None
    looks_due: int
    looks_heard: int
    looks_in_beat: int


class PresenceNow(msgspec.Struct, frozen=True, kw_only=True):
    """All units, those least heard of first; `roster` says whether there is one to hold against."""

    at_ms: int
    since_ms: int
    looks: int
    roster: bool
    units: list[PresenceLine]


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the security points a free unit reaches within so many seconds by road."""

    within_s: int
    reached: int


class CoverageNow(msgspec.Struct, frozen=True, kw_only=True):
    """What the free units reach now; `uncovered` are points beyond the last of the limits.

    `posts` is how many were looked at.
    """

    at_ms: int
    posts: int
    units: int
    within: list[Reached]
    uncovered: list[str]


class Presence:
    """Looks at all units when told to, and answers who was where he should be."""

    def __init__(self, room: Room, path: Path) -> None:
        self._room = room
        self._path = path
        self._day = Day()
        self._beats: tuple[District, dict[AreaId, shapely.Geometry]] | None = None
        self._covered: tuple[int, list[tuple[ResponderId, str, Point, float]], int] | None = None
        self._turn = asyncio.Lock()
        if path.exists():
            try:
                self._day = msgspec.json.decode(path.read_bytes(), type=Day)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self._day = Day()
        self.routes = [
            web.get("/api/v1/presence", self.presence),
            web.get("/api/v1/coverage", self.coverage),
        ]

    async def look(self) -> None:
        """Count every unit once."""
        now_ms = self._room.engine.now_ms()
        date = f"{datetime.fromtimestamp(now_ms / 1000, zone_of(self._room.book)):%Y-%m-%d}"
        if date != self._day.date:
            self._day = Day(date=date, since_ms=now_ms)
        self._day.looks += 1
        for line in self._lines(now_ms, None):
            row = self._day.units.setdefault(line.id, Looks())
            row.due += line.due
            row.heard += line.due and line.heard
            row.in_beat += line.due and line.heard and bool(line.in_beat)
        body = msgspec.json.encode(self._day)
        await asyncio.to_thread(write_private, self._path, body)

    def _lines(self, now_ms: int, scope: Scope | None) -> list[PresenceLine]:
        book, board, tracker = self._room.book, self._room.board, self._room.tracker
        on = None if book.roster is None else book.roster.list_at(now_ms)
        shifts = {} if book.roster is None else {one.id: one.name for one in book.roster.shifts}
        listed = {duty.responder for duty in book.roster.duties} if book.roster else set()
        names = {area.id: area.name for area in book.areas}
        lines = []
        for unit in book.units:
            if scope is not None and unit.id not in scope.own:
                continue
            state = board.responders[unit.id]
            row = tracker.rows.get(unit.id, -1)
            at_ms = int(tracker.at_ms[row]) if row >= 0 else 0
            age_s = (now_ms - at_ms) / 1000 if at_ms else None
            shift = None if on is None else on.get(unit.id)
            due = shift is not None
            if on is None or unit.id not in listed:
                due = state.status not in {UnitStatus.OFF_DUTY, UnitStatus.OUT_OF_SERVICE}
            looks = self._day.units.get(unit.id, Looks())
            lines.append(
                PresenceLine(
                    id=unit.id,
                    name=unit.name,
                    beat="" if unit.beat is None else names.get(unit.beat, unit.beat),
                    shift="" if shift is None else shifts.get(shift.shift, shift.shift),
                    due=due,
                    status=state.status,
                    age_s=age_s,
                    heard=age_s is not None and age_s <= book.rules.stale_after_s[unit.kind],
                    in_beat=None if age_s is None else self._in_beat(unit, row),
                    looks_due=looks.due,
                    looks_heard=looks.heard,
                    looks_in_beat=looks.in_beat,
                )
            )
        return lines

    def _in_beat(self, unit: Unit, row: int) -> bool | None:
        shape = None if unit.beat is None else self._shapes().get(unit.beat)
        if shape is None:
            return None
        tracker = self._room.tracker
        return bool(shapely.intersects_xy(shape, tracker.lon[row], tracker.lat[row]))

    def _shapes(self) -> dict[AreaId, shapely.Geometry]:
        book = self._room.book
        if self._beats is None or self._beats[0] is not book:
            wanted = {unit.beat for unit in book.units}
            shapes = {
                area.id: shapely.make_valid(shapely.Polygon(area.ring))
                for area in book.areas
                if area.id in wanted and len(area.ring) > 2
            }
            for shape in shapes.values():
                shapely.prepare(shape)
            self._beats = book, shapes
        return self._beats[1]

    async def presence(self, request: web.Request) -> web.Response:
        """Units on the street, as the roster has them and as their fixes prove."""
        need(request, Right.REPORT)
        now_ms = self._room.engine.now_ms()
        lines = self._lines(now_ms, self._room.scope_in(request))

        def missing(line: PresenceLine) -> tuple[bool, float, str]:
            share = line.looks_heard / line.looks_due if line.looks_due else 1.0
            return not (line.due and not line.heard), share, line.id

        found = PresenceNow(
            at_ms=now_ms,
            since_ms=self._day.since_ms,
            looks=self._day.looks,
            roster=self._room.book.roster is not None,
            units=sorted(lines, key=missing),
        )
        return reply(found)

    async def coverage(self, request: web.Request) -> web.Response:
        """How many security points the free units reach in one, three and five minutes."""
        need(request, Right.REPORT)
        scope = self._room.scope_in(request)
        async with self._turn:
            now_ms = self._room.engine.now_ms()
            if self._covered is None or now_ms - self._covered[0] > COVERAGE_KEPT_MS:
                self._covered = await self._weigh(now_ms)
        at_ms, rows, units = self._covered
        mine = [row for row in rows if scope is None or row[0] in scope.own]
        found = CoverageNow(
            at_ms=at_ms,
            posts=len(mine),
            units=units,
            within=[Reached(within_s=s, reached=sum(r[3] <= s for r in mine)) for s in WITHIN_S],
            uncovered=[r[1] for r in mine if r[3] > WITHIN_S[-1]][:MOST_UNCOVERED],
        )
        return reply(found)

    async def _weigh(
        self, now_ms: int
    ) -> tuple[int, list[tuple[ResponderId, str, Point, float]], int]:
        """Seconds from the nearest free car to each post; the line goes on between two of them."""
        roads = self._room.engine.views.roads
        assert isinstance(roads, Roads), "the interface stands on a real graph"
        tracker, free = self._room.tracker, self._room.board.force.available
        rows = np.flatnonzero(free & (np.asarray(tracker.at_ms)[: len(free)] > 0))
        lonlat = np.column_stack((tracker.lon[rows], tracker.lat[rows]))
        found = []
        posts = self._room.book.posts
        for post in posts[:: 1 + (len(posts) - 1) // MOST_POINTS]:
            best_s = np.inf
            if len(rows):
                # Not remembered: these searches would push out those of the desk.
                reach = Reach(roads, post.place, Profile.CAR, float(WITHIN_S[-1]))
                best_s = float(reach.seconds(lonlat).min())
            found.append((post.id, post.name, post.place, best_s))
            await asyncio.sleep(0)
        return now_ms, found, len(rows)
