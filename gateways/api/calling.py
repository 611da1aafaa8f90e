"""110 calls: taken with a receipt code, tried out beforehand, and asked after by their code."""

import secrets

import msgspec
from aiohttp import web

from dispatch.commands import RaiseAlarm
from dispatch.letters import Reject
from dispatch.words import IncidentStatus, ResponderId, SourceKind
from gateways.api.bodies import CallBody, NewCallBody
from gateways.api.doing import Doing
from gateways.api.finding import Finding, surest
from gateways.api.named import refused
from gateways.api.rehearse import Rehearsal, rehearse
from gateways.api.rights import Right
from gateways.api.room import Room
from gateways.api.scope import Scope
from gateways.api.sessions import Bucket
from gateways.api.web import ApiError, invalid, missing, need, read_body, reply
from geo.types import Point

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
PREVIEWS_A_SECOND = 2
CODES_A_MINUTE = 20
UNNAMED = "preview"


class CodeState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a citizen's report has come, and since when; nothing else of it."""

    state: IncidentStatus
    at_ms: int


def make_code() -> str:
    """A receipt code that cannot be guessed and can be read aloud."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


class Calling:
    """The routes around a call."""

    def __init__(self, room: Room, doing: Doing, finding: Finding) -> None:
        self._room = room
        self._doing = doing
        self._finding = finding
        self._previews = Bucket(PREVIEWS_A_SECOND, 1_000)
        self._codes = Bucket(CODES_A_MINUTE, 60_000)
        self.routes = [
            web.post("/api/v1/calls", self.take),
            web.post("/api/v1/preview", self.preview),
            web.get("/api/v1/code/{code}", self.code),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """A call becomes an alarm, once for each id."""
        who = need(request, Right.COMMAND)
        body = await read_body(request, NewCallBody)
        place = await self._locate(body, self._room.scope_of(who))
        command = self._alarm_of(body, body.id, place, make_code())
        return reply(await self._doing.carry_out(command, who))

    async def preview(self, request: web.Request) -> web.Response:
        """What the call would come to; nothing is written."""
        who = need(request, Right.COMMAND)
        body = await read_body(request, CallBody)
        now_ms = self._room.engine.now_ms()
        wait_s = self._previews.wait_s(who.name, now_ms)
        if wait_s:
            raise ApiError(429, "too_many", "tried out twice in this second", retry_s=wait_s)
        scope = self._room.scope_of(who)
        place = await self._locate(body, scope)
        command = self._alarm_of(body, UNNAMED, place, None)
        found = rehearse(self._room.board, self._room.engine.views, command, now_ms)
        if isinstance(found, Reject):
            raise refused(found, command, self._room.board)
        return reply(found if scope is None else self._cut(found, scope))

    def _cut(self, found: Rehearsal, scope: Scope) -> Rehearsal:
        """Without incidents and candidates of elsewhere."""
        incidents = self._room.board.incidents
        joins = found.joins
        if joins is not None and not scope.sees(incidents.get(joins.incident)):
            joins = None
        return msgspec.structs.replace(
            found,
            joins=joins,
            near=[one for one in found.near if scope.sees(incidents.get(one.incident))],
            recommendations=[scope.cut(one) for one in found.recommendations],
        )

    async def code(self, request: web.Request) -> web.Response:
        """For a citizen: the state of the report with this code."""
        address = self._room.gate.address_of(request)
        wait_s = self._codes.wait_s(address, self._room.engine.now_ms())
        if wait_s:
            raise ApiError(429, "too_many", "too many questions; wait", retry_s=wait_s)
        asked = request.match_info["code"].strip().upper()
        board = self._room.board
        for alarm in board.alarms.values():
            row = board.incidents.get(alarm.incident)
            if alarm.code is not None and secrets.compare_digest(
                alarm.code.encode(), asked.encode()
            ):
                while row is not None and row.merged_into is not None:
                    row = board.incidents.get(row.merged_into)
                if row is not None:
                    return reply(CodeState(state=row.status, at_ms=row.since_ms))
        raise missing("code", asked)

    async def _locate(self, body: CallBody, scope: Scope | None) -> Point:
        """The place of a call, given or found in words."""
        if body.place is not None:
            place = body.place.point()
        elif body.where is not None:
            found = (await self._finding.finder()).find(body.where, 8, scope)
            sure = surest(found)
            if sure is None:
                detail = "no such place" if not found else "several places may be meant"
                raise invalid("where", body.where, detail, found=found)
            place = sure.place
        else:
            raise invalid("place", "", "a call needs a place, or `where` in words")
        if scope is not None and not scope.holds(place):
            detail = "this place is not in your areas; hand the call over"
            raise ApiError(403, "outside", detail, field="place")
        return place

    def _alarm_of(self, body: CallBody, message: str, place: Point, code: str | None) -> RaiseAlarm:
        # No responder's id holds a colon: a caller is never taken for one.
        source = ResponderId(f"call:{body.caller or message}")
        return RaiseAlarm(
            id=message,
            source_kind=SourceKind.CALL,
            source=source,
            type=body.type,
            sent_ms=self._room.engine.now_ms(),
            text=body.text,
            place=place,
            silent=body.silent,
            suspect=body.suspect,
            code=code,
            exercise=body.exercise,
        )
