"""Other centres over HTTP: `POST /exchange/v1/cap|eido` takes an incident, `GET` hands one out.

Each centre is enrolled with a token of its own, sent as `Authorization: Bearer ...`.
"""

import hmac
from collections.abc import Mapping
from typing import Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from dispatch.board import Board
from dispatch.commands import AnyCommand
from dispatch.words import AlarmKey, IncidentId
from dispatch.work import Outcome
from gateways.exchange.cap import read_cap, write_cap
from gateways.exchange.door import alarm_of, outgoing_of
from gateways.exchange.eido import read_eido, write_eido
from gateways.exchange.neutral import MOST_BYTES, ImportedAlarm, Unreadable

READERS = {"cap": read_cap, "eido": read_eido}
WRITERS = {
    "cap": (write_cap, "application/cap+xml"),
    "eido": (write_eido, "application/emergency.eido+json"),
}
LEAST_TOKEN = 20


class EngineDoor(Protocol):
    """What the exchange needs of `dispatch.runtime.Engine`."""

    board: Board

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    async def submit(self, command: AnyCommand, who: str) -> Outcome:
        """Returns once the command's facts are durable."""
        ...


class ExchangeApp:
    """The web side of the exchange; mount its `routes` in an application of your own."""

    def __init__(
        self,
        engine: EngineDoor,
        tokens: Mapping[str, str],
        sender: str,
        fallback: str,
        registry: CollectorRegistry,
    ) -> None:
        """`tokens` by centre; `sender` is our own name; `fallback` a type that has a plan.

        Raises:
            ValueError: a token so short that it can be guessed.
        """
        for centre, token in tokens.items():
            if len(token) < LEAST_TOKEN:
                raise ValueError(f"the token of {centre} is shorter than {LEAST_TOKEN} characters")
        self._engine = engine
        self._tokens = dict(tokens)
        self._sender = sender
        self._fallback = fallback
        self._taken = Counter(
            "street110_exchange", "Messages of other centres", ["result"], registry=registry
        )
        self.routes = [
            web.post("/exchange/v1/{form:cap|eido}", self.take),
            web.get("/exchange/v1/{form:cap|eido}/{incident}", self.give),
        ]

    async def take(self, request: web.Request) -> web.Response:
        """One message: 200 with the incident, 422 with why it raises none."""
        centre = self._who(request)
        if (request.content_length or 0) > MOST_BYTES:
            raise web.HTTPRequestEntityTooLarge(MOST_BYTES, request.content_length or 0)
        found = READERS[request.match_info["form"]](await request.read())
        if isinstance(found, ImportedAlarm):
            plans = self._engine.board.plans
            command = alarm_of(found, plans, self._fallback, self._engine.now_ms())
        else:
            command = found
        if isinstance(command, Unreadable):
            self._taken.labels(command.reason).inc()
            answer = {"error": command.reason, "detail": command.detail}
            return web.json_response(answer, status=422)
        outcome = await self._engine.submit(command, f"centre/{centre}")
        alarm = self._engine.board.alarms.get(AlarmKey(f"{command.source}/{command.id}"))
        if alarm is None:
            reject = outcome.rejects[0]
            self._taken.labels(reject.field).inc()
            answer = {"error": reject.field, "detail": reject.error}
            return web.json_response(answer, status=422)
        self._taken.labels("taken").inc()
        return web.json_response({"incident": alarm.incident})

    async def give(self, request: web.Request) -> web.Response:
        """One incident as it stands; 404 when the board does not hold it."""
        self._who(request)
        incident = IncidentId(request.match_info["incident"])
        write, kind = WRITERS[request.match_info["form"]]
        try:
            out = outgoing_of(self._engine.board, incident, self._sender, self._engine.now_ms())
        except KeyError as error:
            raise web.HTTPNotFound(text="no such incident\n") from error
        return web.Response(body=write(out), headers={"Content-Type": kind})

    def _who(self, request: web.Request) -> str:
        """The enrolled centre of a token; 401 for any other."""
        said = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        for centre, token in self._tokens.items():
            if hmac.compare_digest(said, token.encode()):
                return centre
        self._taken.labels("unauthorized").inc()
        raise web.HTTPUnauthorized(text="an enrolled centre's token is needed\n")
