"""What may be looked at: incidents and their stories, advice, calls to many, circles, plans."""

from typing import Any

import msgspec
from aiohttp import web

from dispatch.district import Plan
from dispatch.model import Advice, Alarm, Heard, Incident, Note, Order, Recommendation
from dispatch.words import IncidentStatus
from gateways.api.rehearse import weigh_now
from gateways.api.room import Room
from gateways.api.sessions import Bucket
from gateways.api.web import WHO, ApiError, ask_number, ask_one, missing, reply
from gateways.console.feed import Case, Step
from geo.types import Point

MOST_INCIDENTS = 1_000
WEIGHED_A_SECOND = 2


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents as a list; `more` says that there are others beyond it."""

    at_ms: int
    incidents: list[Incident]
    more: bool


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """Who was weighed for an incident, ranked, with the reason for each."""

    at_ms: int
    recommendations: list[Recommendation]


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """Calls to many that stand, and the last that ended, with who has read them."""

    standing: list[Heard]
    ended: list[Heard]


class CircleNow(msgspec.Struct, frozen=True, kw_only=True):
    """A key place, whether its circle held when last looked at, and its share of the looks kept."""

    id: str
    name: str
    minutes: float
    place: Point
    bound: tuple[str, ...]
    holds: bool | None
    share: float | None
    looks: int


class Looking:
    """Reads the durable board; every answer is cut to the jurisdiction of who asks."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._pace = Bucket(WEIGHED_A_SECOND, 1_000)
        one = "/api/v1/incidents/{incident}"
        self.routes = [
            web.get("/api/v1/incidents", self.incidents),
            web.get(one, self.case),
            web.get(one + "/timeline", self.timeline),
            web.get(one + "/alarms", self.alarms),
            web.get(one + "/orders", self.orders),
            web.get(one + "/notes", self.notes),
            web.get(one + "/candidates", self.candidates),
            web.get("/api/v1/advice", self.advice),
            web.get("/api/v1/calls", self.calls),
            web.get("/api/v1/circles", self.circles),
            web.get("/api/v1/plans", self.plans),
        ]

    async def incidents(self, request: web.Request) -> web.Response:
        """Open incidents, most urgent first; closed ones, last closed first."""
        status = ask_one(request, "status", ("open", "closed", "all"))
        most = ask_number(request, "most", 200, 1, MOST_INCIDENTS)
        board, scope = self._room.board, self._room.scope_in(request)
        rows: list[Incident] = []
        if status != "closed":
            rows += board.list_open()
        if status != "open":
            closed = [board.incidents[one] for one in reversed(board.closed)]
            rows += [row for row in closed if row.status is IncidentStatus.CLOSED]
        mine = [row for row in rows if scope is None or scope.sees(row)]
        at_ms = self._room.engine.now_ms()
        return reply(Incidents(at_ms=at_ms, incidents=mine[:most], more=len(mine) > most))

    def _case(self, request: web.Request) -> Case:
        row = self._room.incident_in(request)
        case = self._room.feed.find_case(row.id, self._room.scope_in(request))
        if case is None:
            raise missing("incident", row.id)
        return case

    async def case(self, request: web.Request) -> web.Response:
        """An incident with all that belongs to it."""
        return reply(self._case(request))

    async def timeline(self, request: web.Request) -> web.Response:
        """What happened, oldest first."""
        steps: list[Step] = self._case(request).timeline
        return reply(steps)

    async def alarms(self, request: web.Request) -> web.Response:
        """The alarms that were joined."""
        alarms: list[Alarm] = self._case(request).alarms
        return reply(alarms)

    async def orders(self, request: web.Request) -> web.Response:
        """The orders, with how far each has come."""
        orders: list[Order] = self._case(request).orders
        return reply(orders)

    async def notes(self, request: web.Request) -> web.Response:
        """The remarks, those struck out among them."""
        notes: tuple[Note, ...] = self._room.incident_in(request).notes
        return reply(notes)

    async def candidates(self, request: web.Request) -> web.Response:
        """Who was weighed when orders were sent, or who could be sent now."""
        row = self._room.incident_in(request)
        now_ms = self._room.engine.now_ms()
        if ask_number(request, "now", 0, 0, 1) == 0:
            found = self._case(request).recommendations
            return reply(Candidates(at_ms=now_ms, recommendations=found))
        if row.status is IncidentStatus.CLOSED:
            now: dict[str, Any] = msgspec.to_builtins(row)
            raise ApiError(
                409, "state_changed", "the incident is closed", field="incident", now=now
            )
        wait_s = self._pace.wait_s(request[WHO].name, now_ms)
        if wait_s:
            raise ApiError(429, "too_many", "weighed twice in this second", retry_s=wait_s)
        found = weigh_now(self._room.board, self._room.engine.views, row.id, now_ms)
        scope = self._room.scope_in(request)
        mine = found if scope is None else [scope.cut(one) for one in found]
        return reply(Candidates(at_ms=now_ms, recommendations=mine))

    async def advice(self, request: web.Request) -> web.Response:
        """What the desk advises and nobody has settled."""
        board, scope = self._room.board, self._room.scope_in(request)
        rows: list[Advice] = list(board.advice.values())
        return reply([one for one in rows if scope is None or scope.sees_advice(board, one)])

    async def calls(self, request: web.Request) -> web.Response:
        """Calls to many and who has read them."""
        board, scope = self._room.board, self._room.scope_in(request)

        def cut(rows: list[Heard]) -> list[Heard]:
            if scope is None:
                return rows
            found = (scope.cut_call(board, row) for row in rows)
            return [row for row in found if row is not None]

        standing = cut(list(board.calls.values()))
        return reply(Calls(standing=standing, ended=cut(board.calls_ended[::-1])))

    async def circles(self, request: web.Request) -> web.Response:
        """The circles, as the board remembers the last looks at them."""
        return reply(list_circles(self._room, request))

    async def plans(self, request: web.Request) -> web.Response:
        """What each type of incident gets."""
        del request
        plans: tuple[Plan, ...] = self._room.book.plans
        return reply(plans)


def list_circles(room: Room, request: web.Request) -> list[CircleNow]:
    """Every circle of the book that is to be seen."""
    scope, taken = room.scope_in(request), room.board.circles
    found = []
    for circle in room.book.circles:
        if scope is not None and not scope.holds(circle.place):
            continue
        held = [circle.id not in look.failing for look in taken]
        found.append(
            CircleNow(
                id=circle.id,
                name=circle.name,
                minutes=circle.minutes,
                place=circle.place,
                bound=circle.bound,
                holds=held[-1] if held else None,
                share=round(sum(held) / len(held), 4) if held else None,
                looks=len(held),
            )
        )
    return found
