"""`POST /api/v1/commands/<do>`: what a person asks of the desk, once for each id of his."""

import asyncio
from typing import Any

from aiohttp import web

from dispatch import commands as c
from dispatch.runtime import EngineStoppedError
from dispatch.words import CENTRE, CallKind
from dispatch.work import Outcome
from gateways.api.bodies import BODIES, command_of
from gateways.api.done import BY, Done, DoneBook, digest_of, done_of
from gateways.api.named import check_named, refused
from gateways.api.rights import Right
from gateways.api.room import Room
from gateways.api.sessions import Bucket
from gateways.api.web import ApiError, Who, invalid, missing, need, read_body, reply

A_SECOND = 10


class Doing:
    """Carries out commands; the same id of the same user is carried out once."""

    def __init__(self, room: Room, done: DoneBook) -> None:
        self._room = room
        self._done = done
        self._running: dict[tuple[str, str], asyncio.Future[Any]] = {}
        self._pace = Bucket(A_SECOND, 1_000)
        self.routes = [web.post("/api/v1/commands/{do}", self.do)]

    async def do(self, request: web.Request) -> web.Response:
        """One command of the path's name."""
        who = need(request, Right.COMMAND)
        name = request.match_info["do"]
        if name not in BODIES:
            raise missing("command", name)
        body = await read_body(request, BODIES[name])
        return reply(await self.carry_out(command_of(name, body), who))

    async def carry_out(self, command: Any, who: Who) -> Done:
        """The answer to a command, once it is durable.

        Raises:
            ApiError: it cannot be, or not any more, or not by this user.
        """
        self._check_pace(who)
        by = f"{BY}{who.name}"
        while (running := self._running.get((by, command.id))) is not None:
            await asyncio.wait([running])
        known = self._done.find(by, command.id)
        if known is not None:
            if known.digest != digest_of(command):
                detail = "this id was used for something else"
                raise ApiError(409, "id_used", detail, field="id", value=command.id)
            return Done(
                id=command.id,
                again=True,
                incident=known.done.incident,
                code=known.done.code,
                joined=known.done.joined,
                events=known.done.events,
            )
        if isinstance(command, c.CallMany) and command.kind is CallKind.MUSTER:
            self._need_muster(who)
        check_named(command, self._room.board, self._room.scope_of(who))
        outcome = await self._submit(command, by)
        self._raise_refusal(command, outcome, by)
        return done_of(command, outcome.events)

    async def _submit(self, command: Any, by: str) -> Outcome:
        key = by, command.id
        submitted = asyncio.ensure_future(self._room.engine.submit(command, by))
        self._running[key] = submitted
        submitted.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            # Shielded: what was begun is decided, whether or not the browser waits for it.
            return await asyncio.shield(submitted)
        except EngineStoppedError as error:
            raise ApiError(503, "engine_stopped", str(error)) from error

    def _raise_refusal(self, command: Any, outcome: Outcome, by: str) -> None:
        for reject in outcome.rejects:
            if reject.responder == CENTRE and reject.id == command.id:
                raise refused(reject, command, self._room.board)
        poison = self._room.engine.poison
        if not outcome.events and poison is not None and poison.holds(command, by):
            raise invalid("id", command.id, "this command broke a decision before; it is not taken")

    def _check_pace(self, who: Who) -> None:
        wait_s = self._pace.wait_s(who.name, self._room.engine.now_ms())
        if wait_s:
            raise ApiError(429, "too_many", "too many commands", retry_s=wait_s)

    @staticmethod
    def _need_muster(who: Who) -> None:
        if Right.MUSTER not in who.rights:
            raise ApiError(403, "forbidden", "this needs the right: muster", field="kind")
