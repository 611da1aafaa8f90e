"""The interface as a whole: its parts put together, its routes, and what it must be told."""

from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from dispatch.district import District
from dispatch.ports import Record
from gateways.api.account import Account
from gateways.api.calling import Calling
from gateways.api.doing import Doing
from gateways.api.done import DoneBook
from gateways.api.figures import Answers
from gateways.api.finding import Finder, Finding
from gateways.api.gate import Gate
from gateways.api.looking import Looking
from gateways.api.maps import Maps
from gateways.api.openapi import render
from gateways.api.presence import PRESENCE_FILE, Presence
from gateways.api.recall import Recall, read_tail
from gateways.api.reporting import Reporting
from gateways.api.room import EngineDoor, Room
from gateways.console.feed import Feed
from geo.tracker import Tracker

REMEMBERED = 10_000
"""Records of the journal's tail that are read at the start."""


class Api:
    """The operators' interface of one engine; mount `routes`, and `seen` as a watcher."""

    def __init__(
        self,
        engine: EngineDoor,
        feed: Feed,
        tracker: Tracker,
        gate: Gate,
        *,
        journal: Path,
        make_finder: Callable[[District], Finder],
    ) -> None:
        self.room = Room(engine, feed, tracker, gate)
        self._journal = journal
        self._done = DoneBook()
        self._answers = Answers()
        doing = Doing(self.room, self._done)
        finding = Finding(self.room, make_finder)
        self.presence = Presence(self.room, journal.with_name(PRESENCE_FILE))
        parts = (
            Account(self.room),
            Looking(self.room),
            Maps(self.room),
            doing,
            finding,
            Calling(self.room, doing, finding),
            Recall(self.room, journal),
            Reporting(self.room, self._answers),
            self.presence,
        )
        self.routes = [route for part in parts for route in part.routes]
        self.routes.append(web.get("/api/v1/openapi.json", self.describe))
        self._description = render().encode()

    def remember(self) -> None:
        """Read what the journal's last records tell; to be called when `seen` is on watch."""
        records = list(read_tail(self._journal, REMEMBERED))
        self.seen(records)

    def seen(self, records: Sequence[Record]) -> None:
        """Take durable records."""
        self._done.take(records)
        self._answers.take(records)

    async def describe(self, _: web.Request) -> web.Response:
        """The contract as OpenAPI."""
        return web.Response(body=self._description, content_type="application/json")
