"""What the routes share: the engine, the durable board behind it, and whose eyes look."""

from typing import Protocol

from aiohttp import web

from dispatch.board import Board
from dispatch.commands import AnyCommand
from dispatch.district import District
from dispatch.model import Incident
from dispatch.poison import PoisonBook
from dispatch.words import IncidentId
from dispatch.work import Outcome, Views
from gateways.api.gate import Gate
from gateways.api.scope import Scope
from gateways.api.web import WHO, Who, missing
from gateways.console.clients import Sight
from gateways.console.feed import Feed
from geo.tracker import Tracker


class EngineDoor(Protocol):
    """What the interface needs of `dispatch.runtime.Engine`."""

    views: Views
    poison: PoisonBook | None

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...

    async def submit(self, command: AnyCommand, who: str) -> Outcome:
        """Returns once the command's facts are durable."""
        ...


class Room:
    """One for all routes of an engine. `feed` holds the board of what is durable."""

    def __init__(self, engine: EngineDoor, feed: Feed, tracker: Tracker, gate: Gate) -> None:
        self.engine = engine
        self.feed = feed
        self.tracker = tracker
        self.gate = gate
        self._scopes: dict[tuple[str, ...], Scope] = {}

    @property
    def board(self) -> Board:
        """The durable board; to be read only."""
        return self.feed.board

    @property
    def book(self) -> District:
        """The district's book in force."""
        book = self.board.district
        assert book is not None, "an engine that runs has a district"
        return book

    def scope_of(self, who: Who) -> Scope | None:
        """The jurisdiction of who asks; None where it is the whole district."""
        if who.user is None or not who.user.areas:
            return None
        areas = who.user.areas
        scope = self._scopes.get(areas)
        if scope is None or scope.book is not self.book:
            scope = self._scopes[areas] = Scope(areas, self.book)
        return scope

    def scope_in(self, request: web.Request) -> Scope | None:
        """The jurisdiction of a request."""
        return self.scope_of(request[WHO])

    def sight_of(self, request: web.Request) -> Sight:
        """What a request may see, and until when."""
        who = request[WHO]
        return Sight(self.scope_of(who), lambda: self.gate.stands(who))

    def incident_in(self, request: web.Request) -> Incident:
        """The incident of the path. Raises ApiError 404 when it is not there or not his."""
        name = request.match_info["incident"]
        row = self.board.incidents.get(IncidentId(name))
        scope = self.scope_in(request)
        if row is None or (scope is not None and not scope.sees(row)):
            raise missing("incident", name)
        return row
