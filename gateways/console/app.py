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
from gateways.console.clients import Mailbox, serve_browser
from gateways.console.columns import CONNECTED, WORKS, encode_columns
from gateways.console.feed import Case, Feed, describe_district, district_geojson
from gateways.console.guard import LOOPBACK, find_host, is_same_origin, make_guard
from gateways.console.pages import Held, hold_json, join_streets, load_pages, serve_pages
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

    `gate` stands before everything, after the host's name was checked: it says who may in.
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
        self._feed = Feed()
        self._district = district
        self._book = msgspec.Raw(b"null")
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
        self._book = msgspec.Raw(msgspec.json.encode(describe_district(book, self.tracker.ids)))
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
                mailbox.put_state()
        if self._flush_due is None:
            self._flush_due = asyncio.get_running_loop().call_later(GATHER_S, self._flush)

    def _flush(self) -> None:
        """Encode each changed case once and put it into every mailbox."""
        self._flush_due = None
        changed, self._feed.changed = self._feed.changed, set()
        if not self._mailboxes:
            return
        cases = {
            one: msgspec.Raw(msgspec.json.encode(case))
            for one in sorted(changed)
            if (case := self._feed.find_case(one)) is not None
        }
        counters = msgspec.Raw(msgspec.json.encode(self._feed.count()))
        for mailbox in self._mailboxes:
            mailbox.put_cases(cases, counters)

    async def _send_columns(self) -> None:
        while True:
            await asyncio.sleep(COLUMNS_EVERY_S)
            if self._mailboxes:
                frame = self._encode_columns()
                for mailbox in self._mailboxes:
                    mailbox.put_columns(frame)

    def _encode_columns(self) -> bytes:
        status = self._feed.board.force.status
        column = np.where(self._rows >= 0, status[self._rows], 0) if len(status) else self._rows
        health = self._look()
        flags = WORKS * (health["journal"] and health["ticking"]) | CONNECTED * health["broker"]
        return encode_columns(self.tracker, column, self.engine.now_ms(), flags)

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

    def _encode_state(self) -> str:
        cases: list[Case] = self._feed.list_cases()
        state = {
            "is": "state",
            "build": self.build,
            "now_ms": self.engine.now_ms(),
            "bounds": self.roads.bounds,
            "district": self._book,
            "counters": self._feed.count(),
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
        mailbox = Mailbox()
        mailbox.put_columns(self._encode_columns())
        self._mailboxes.add(mailbox)
        self._sockets.add(ws)
        try:
            await serve_browser(ws, mailbox, self._encode_state)
        except TimeoutError:
            self._cut.inc()
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._mailboxes.discard(mailbox)
            self._sockets.discard(ws)
        return ws

    async def _state(self, _: web.Request) -> web.Response:
        return web.Response(
            text=self._encode_state(),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _district_places(self, request: web.Request) -> web.Response:
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
