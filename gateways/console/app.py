"""The console's server: the live page and its WebSocket, the map, health and metrics."""

import asyncio
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
import numpy as np
import structlog
from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import generate_latest

from dispatch.district import District
from dispatch.ports import Places, Record
from dispatch.runtime import Engine
from dispatch.words import AreaId
from gateways.api.scope import Scope
from gateways.console.clients import Mailbox, Sight, see_all, serve_browser
from gateways.console.columns import CONNECTED, WORKS, encode_columns
from gateways.console.feed import Case, Feed, describe_district, district_geojson
from gateways.console.guard import LOOPBACK, find_host, is_same_origin, make_guard
from gateways.console.pages import SHORT, Held, hold_json, join_streets, load_pages, serve_pages
from geo.roads import Roads
from geo.tracker import Tracker

log = structlog.get_logger(__name__)

COLUMNS_EVERY_S = 0.5
GATHER_S = 0.05
"""Decisions of so short a time are shown together."""
MAX_BROWSERS = 64
MAX_REQUEST_BYTES = 256 << 10
TICK_OVERDUE_S = 5.0
MAP_KEPT_S = 3_600
HEARTBEAT_S = 10.0
STOP_WITHIN_S = 2.0


def find_build() -> str:
    """The version of the installed distribution; `source` when run from a bare tree."""
    try:
        return version("street110")
    except PackageNotFoundError:
        return "source"


class Console:
    """Shows one engine to people and to monitoring; what may be asked of it comes as `routes`.

    `gate` stands before everything, after the host's name was checked: it says who may in, and
    `sight` what he sees. `feed` is given where others read the durable board too.
    """

    def __init__(  # noqa: PLR0917  # each is one part of the running engine
        self,
        engine: Engine,
        tracker: Tracker,
        roads: Roads,
        places: Places,
        district: District,
        registry: CollectorRegistry,
        *,
        connected: Callable[[], bool],
        build: str | None = None,
        hosts: Sequence[str] = (),
        routes: Sequence[web.RouteDef] = (),
        gate: Middleware | None = None,
        feed: Feed | None = None,
        sight: Callable[[web.Request], Sight] = see_all,
    ) -> None:
        self.engine = engine
        self.tracker = tracker
        self.roads = roads
        self.places = places
        self.registry = registry
        self.build = build or find_build()
        self.port = 0
        self._connected = connected
        self._routes = tuple(routes)
        self._gate = gate
        self._hosts = frozenset(host.lower() for host in hosts)
        self._sight = sight
        self._feed = feed or Feed()
        self._district = district
        self._places_json: Held | None = None
        self._roads_json: Held | None = None
        self._rows = np.zeros(0, dtype=np.int64)
        self._mailboxes: set[Mailbox] = set()
        self._sockets: set[web.WebSocketResponse] = set()
        self._flush_due: asyncio.TimerHandle | None = None
        self._runner: web.AppRunner | None = None
        self._columns_task: asyncio.Task[None] | None = None
        browsers = Gauge("street110_console_browsers", "Pages that watch", registry=registry)
        browsers.set_function(lambda: len(self._mailboxes))
        self._cut = Counter(
            "street110_console_cut", "Pages cut off because they stopped reading", registry=registry
        )

    async def start(self, host: str, port: int) -> None:
        """Serve on an address; with port 0 a free one, named by `port` afterwards."""
        while not self.engine.quiet:  # noqa: ASYNC110  # quiet is a state that nobody announces
            await asyncio.sleep(0.001)
        self._feed.begin(self.engine.board)
        self.engine.watch(self._seen)
        self._load_book(self._feed.board.district or self._district)
        streets = await asyncio.to_thread(lambda: join_streets(self.roads.streets_geojson()))
        self._roads_json = await asyncio.to_thread(hold_json, streets, MAP_KEPT_S)
        pages = await asyncio.to_thread(load_pages)
        hosts = self._hosts | LOOPBACK | {find_host(host)}
        gates = [make_guard(hosts)] if self._gate is None else [make_guard(hosts), self._gate]
        app = web.Application(middlewares=gates, client_max_size=MAX_REQUEST_BYTES)
        app.add_routes(self._routes)
        app.router.add_get("/", serve_pages(pages))
        app.router.add_get(f"/{{name:{'|'.join(SHORT)}}}", serve_pages(pages))
        app.router.add_get("/pages/{name:.{1,120}}", serve_pages(pages))
        app.router.add_get("/ws", self._watch)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/api/district.geojson", self._district_places)
        app.router.add_get("/map/roads.geojson", self._streets)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._columns_task = asyncio.create_task(self._send_columns(), name="console-columns")
        log.info("console_open", host=host, port=self.port)

    async def stop(self) -> None:
        """Close the pages' connections and the port."""
        if self._columns_task is not None:
            self._columns_task.cancel()
        if self._flush_due is not None:
            self._flush_due.cancel()
        leaving = [ws.close(code=WSCloseCode.GOING_AWAY) for ws in self._sockets]
        await asyncio.gather(*leaving, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    def _load_book(self, book: District) -> None:
        self._district = book
        self._places_json = hold_json(district_geojson(book))
        rows = self._feed.board.force.rows
        self._rows = np.array([rows.get(one, -1) for one in self._ids()], dtype=np.int64)

    def _ids(self) -> list[Any]:
        return list(self.tracker.ids)

    def _seen(self, records: Sequence[Record]) -> None:
        self._feed.take(records, self.engine.now_ms())
        if self._feed.reloaded:
            self._feed.reloaded = False
            self._load_book(self._feed.board.district or self._district)
            for mailbox in self._mailboxes:
                mailbox.scope = mailbox.scope and mailbox.scope.of(self._district)
                mailbox.put_state()
        if self._flush_due is None:
            self._flush_due = asyncio.get_running_loop().call_later(GATHER_S, self._flush)

    def _flush(self) -> None:
        """Encode each changed case once and put it into every mailbox."""
        self._flush_due = None
        changed, self._feed.changed = self._feed.changed, set()
        if not self._mailboxes:
            return
        for scope, mailboxes in self._by_scope():
            found = {one: self._feed.find_case(one, scope) for one in sorted(changed)}
            cases = {
                one: msgspec.Raw(msgspec.json.encode(case))
                for one, case in found.items()
                if case is not None
            }
            counters = msgspec.Raw(msgspec.json.encode(self._feed.count(scope)))
            guests = scope.guests(self._feed.board) if scope is not None else frozenset()
            for mailbox in mailboxes:
                if mailbox.guests != guests:
                    # Who serves here for a while is named in the book that goes with the state.
                    mailbox.guests = guests
                    mailbox.put_state()
                mailbox.put_cases(cases, counters, found.keys() - cases.keys() if scope else ())

    def _by_scope(self) -> list[tuple[Scope | None, list[Mailbox]]]:
        """Mailboxes that are shown the same, together: what they get is encoded once."""
        groups: dict[frozenset[AreaId] | None, list[Mailbox]] = {}
        for mailbox in self._mailboxes:
            key = None if mailbox.scope is None else mailbox.scope.areas
            groups.setdefault(key, []).append(mailbox)
        return [(group[0].scope, group) for group in groups.values()]

    async def _send_columns(self) -> None:
        while True:
            await asyncio.sleep(COLUMNS_EVERY_S)
            for scope, mailboxes in self._by_scope():
                frame = self._encode_columns(scope)
                for mailbox in mailboxes:
                    mailbox.put_columns(frame)

    def _encode_columns(self, scope: Scope | None) -> bytes:
        status = self._feed.board.force.status
        column = np.where(self._rows >= 0, status[self._rows], 0) if len(status) else self._rows
        health = self._look()
        flags = WORKS * (health["journal"] and health["ticking"]) | CONNECTED * health["broker"]
        seen = None
        if scope is not None:
            mine = scope.seen(self._feed.board)
            seen = np.array([one in mine for one in self._ids()], dtype=np.bool_)
        return encode_columns(self.tracker, column, self.engine.now_ms(), flags, seen)

    def _look(self) -> dict[str, Any]:
        age_s = (self.engine.now_ms() - self.engine.ticked_ms) / 1000
        ticking = age_s < TICK_OVERDUE_S
        journal = self.engine.failure is None
        broker = self._connected()
        return {
            "live": True,
            "ready": journal and broker and ticking,
            "journal": journal,
            "broker": broker,
            "ticking": ticking,
            "tick_age_s": age_s if self.engine.ticked_ms else None,
            "build": self.build,
        }

    def _encode_state(self, scope: Scope | None, mailbox: Mailbox | None = None) -> str:
        cases: list[Case] = self._feed.list_cases(scope)
        if mailbox is not None:
            mailbox.shown = {case.incident.id for case in cases}
        seen = None if scope is None else scope.seen(self._feed.board)
        state = {
            "is": "state",
            "build": self.build,
            "now_ms": self.engine.now_ms(),
            "bounds": self.roads.bounds,
            "district": describe_district(self._district, self.tracker.ids, seen),
            "counters": self._feed.count(scope),
            "cases": cases,
        }
        return msgspec.json.encode(state).decode()

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        if not is_same_origin(request):
            raise web.HTTPForbidden(text="a page of another origin may not watch\n")
        if len(self._mailboxes) >= MAX_BROWSERS:
            raise web.HTTPServiceUnavailable(text="too many pages watch already\n")
        ws = web.WebSocketResponse(
            compress=False, max_msg_size=1_024, heartbeat=HEARTBEAT_S, timeout=STOP_WITHIN_S
        )
        await ws.prepare(request)
        sight = self._sight(request)
        mailbox = Mailbox(sight.scope, sight.stands)
        if mailbox.scope is not None:
            mailbox.guests = mailbox.scope.guests(self._feed.board)
        mailbox.put_columns(self._encode_columns(mailbox.scope))
        self._mailboxes.add(mailbox)
        self._sockets.add(ws)
        try:
            await serve_browser(ws, mailbox, lambda: self._encode_state(mailbox.scope, mailbox))
        except TimeoutError:
            self._cut.inc()
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._mailboxes.discard(mailbox)
            self._sockets.discard(ws)
        return ws

    async def _state(self, request: web.Request) -> web.Response:
        return web.Response(
            text=self._encode_state(self._sight(request).scope),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _district_places(self, request: web.Request) -> web.Response:
        scope = self._sight(request).scope
        if scope is not None:
            return hold_json(district_geojson(self._district, scope)).answer(request)
        assert self._places_json is not None, "held since the start"
        return self._places_json.answer(request)

    async def _streets(self, request: web.Request) -> web.Response:
        assert self._roads_json is not None, "held since the start"
        return self._roads_json.answer(request)

    async def _health(self, _: web.Request) -> web.Response:
        health = self._look()
        return web.Response(
            status=200 if health["ready"] else 503,
            body=msgspec.json.encode(health),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
        )
