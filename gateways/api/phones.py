"""The pages of guards and officers: pairing, a WebSocket each, and the same by POST."""

import asyncio
from typing import Annotated

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Meta
from prometheus_client import CollectorRegistry, Counter

from dispatch.district import District
from dispatch.ports import Positions
from dispatch.runtime import EngineStoppedError
from dispatch.words import OrderId
from gateways.api.gate import check_origin
from gateways.api.phone_book import PAGES, PhoneBook
from gateways.api.phone_hear import Hearing
from gateways.api.phone_post import Line, PhonePost
from gateways.api.phone_way import find_start, find_way
from gateways.api.phone_words import Hello, greet
from gateways.api.sessions import Bucket
from gateways.api.web import ApiError, ask_one, missing, read_body, reply
from gateways.devices.registry import Device, RegistryError
from geo.phrases import Language
from geo.roads import Roads

log = structlog.get_logger(__name__)

COOKIE = "street110_phone"
COOKIE_S = 400 * 86_400
"""As long as browsers keep a cookie; it is renewed whenever the page is opened."""
ROOT = "/phone"
OF_ONE = 4
"""Open pages of one responder; the oldest gives way."""
MAX_PHONES = 20_000
MAX_MESSAGE = 16_384
MAX_TOGETHER = 50
MESSAGES_A_SECOND = 40
TICK_S = 10.0
"""A page that hears nothing for longer than two of these knows that its link is dead."""
SEND_LIMIT_S = 15.0
NOT_ENROLLED, SUPERSEDED = 4401, 4409
"""Closing codes: taken out of the book, and opened elsewhere once too often."""


class PairBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one-time code of a pairing link."""

    code: Annotated[str, Meta(min_length=8, max_length=64)]


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a browser speaks from now on, and the page that serves it."""

    identity: str
    kind: str
    responder: str
    page: str


class Phones:
    """The routes under `/phone/`; add `post` as an outlet of the engine."""

    def __init__(  # noqa: PLR0917  # each is one part of the running engine
        self,
        post: PhonePost,
        hearing: Hearing,
        book: PhoneBook,
        roads: Roads,
        positions: Positions,
        registry: CollectorRegistry,
        *,
        behind_proxy: bool = False,
    ) -> None:
        self.post = post
        self.book = book
        self._hearing = hearing
        self._engine = post.engine
        self._roads = roads
        self._positions = positions
        self._secure = behind_proxy
        self._tries = Bucket(20, 60_000)
        self._ways = Bucket(2, 1_000)
        self._pace = Bucket(MESSAGES_A_SECOND, 1_000)
        self._sockets: dict[Line, web.WebSocketResponse] = {}
        self._said = Counter(
            "street110_phone_messages", "Messages of pages", ["result"], registry=registry
        )
        self.routes = [
            web.post(f"{ROOT}/pair", self.pair),
            web.get(f"{ROOT}/me", self.me),
            web.get(f"{ROOT}/news", self.news),
            web.post(f"{ROOT}/send", self.send),
            web.get(f"{ROOT}/way/{{order}}", self.way),
            web.get(f"{ROOT}/ws", self.talk),
        ]

    async def pair(self, request: web.Request) -> web.Response:
        """A one-time code becomes a token in a cookie."""
        check_origin(request)
        now_ms = self._engine.now_ms()
        wait_s = self._tries.wait_s(self._address_of(request), now_ms)
        if wait_s:
            raise ApiError(429, "too_many", "too many attempts; wait", retry_s=wait_s)
        body = await read_body(request, PairBody)
        try:
            found = self.book.pair(body.code, now_ms)
        except RegistryError as error:
            raise ApiError(503, "no_devices", "the book of devices cannot be read") from error
        if found is None:
            raise ApiError(403, "used_up", "this pairing code is used up or too old")
        token, device = found
        log.info("phone_paired", device=device.identity, responder=device.responder)
        answer = reply(
            Paired(
                identity=device.identity,
                kind=device.kind,
                responder=device.responder,
                page=PAGES[device.kind],
            )
        )
        self._give(answer, token)
        return answer

    def _address_of(self, request: web.Request) -> str:
        """Whence a request comes; behind a proxy as the proxy says."""
        said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return said[:64] if self._secure and said else request.remote or ""

    def _give(self, answer: web.Response, token: str) -> None:
        answer.set_cookie(
            COOKIE,
            token,
            max_age=COOKIE_S,
            path=ROOT,
            httponly=True,
            samesite="Strict",
            secure=self._secure,
        )

    def _device(self, request: web.Request) -> Device:
        """The device whose token a request bears; 401 for none."""
        try:
            self.book.refresh()
        except RegistryError as error:
            raise ApiError(503, "no_devices", "the book of devices cannot be read") from error
        device = self.book.find(request.cookies.get(COOKIE, ""))
        if device is None:
            raise ApiError(401, "not_paired", "pair this device first")
        return device

    def _greet(self, device: Device) -> Hello:
        hello = greet(device, self._book_now(), self._engine.now_ms())
        if hello is None:
            raise missing(device.kind, device.responder)
        return hello

    def _book_now(self) -> District:
        book = self.post.board.district
        assert book is not None, "an engine that runs has a district"
        return book

    async def me(self, request: web.Request) -> web.Response:
        """For whom this browser speaks; its cookie lives on."""
        device = self._device(request)
        answer = reply(self._greet(device))
        self._give(answer, request.cookies[COOKIE])
        return answer

    async def news(self, request: web.Request) -> web.Response:
        """What a WebSocket would be told first, for a page that cannot have one."""
        device = self._device(request)
        hello = msgspec.json.encode(self._greet(device))
        found = [hello, *self.post.owed(device)]
        return reply([msgspec.Raw(one) for one in found])

    async def send(self, request: web.Request) -> web.Response:
        """Messages as over the WebSocket, as a list; the answer holds what they came to."""
        check_origin(request)
        device = self._device(request)
        body: list[msgspec.Raw] = await read_body(request, list[msgspec.Raw])
        if len(body) > MAX_TOGETHER:
            raise ApiError(413, "too_large", f"at most {MAX_TOGETHER} messages")
        told: list[msgspec.Raw] = []
        try:
            for raw in body:
                released, said = await self._hear(device, bytes(raw))
                told += [msgspec.Raw(one) for one in (*released, *said)]
        except EngineStoppedError as error:
            raise ApiError(503, "engine_stopped", "the engine takes nothing more") from error
        return reply(told)

    async def _hear(self, device: Device, raw: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
        """Released letters and answers; a page that says too much is made to wait."""
        if self._pace.wait_s(device.identity, self._engine.now_ms()):
            await asyncio.sleep(1.0)
        heard = await self._hearing.hear(device, raw)
        self._said.labels(heard.result).inc()
        return heard.released, heard.told

    async def way(self, request: web.Request) -> web.Response:
        """The way to an order's place from where its responder is now, with its turns."""
        device = self._device(request)
        language = Language(ask_one(request, "language", ("zh", "en")))
        board = self.post.board
        order = board.orders.get(OrderId(request.match_info["order"]))
        if order is None or (order.kind, order.responder) != (device.kind, device.responder):
            raise missing("order", request.match_info["order"])
        wait_s = self._ways.wait_s(device.identity, self._engine.now_ms())
        if wait_s:
            raise ApiError(429, "too_many", "too many requests", retry_s=wait_s)
        start = find_start(board, self._positions, order)
        found = start and find_way(self._roads, board, order, start, language)
        if not found:
            raise ApiError(404, "no_way", "no position, or no way by road")
        return reply(found)

    async def talk(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket of one page."""
        check_origin(request)
        device = self._device(request)
        hello = self._greet(device)
        if len(self._sockets) >= MAX_PHONES:
            raise ApiError(503, "full", "too many pages are open already")
        ws = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE, heartbeat=TICK_S)
        await ws.prepare(request)
        line = Line(device)
        await self._give_way(line)
        self._sockets[line] = ws
        line.put(msgspec.json.encode(hello))
        self.post.open(line)
        sending = asyncio.create_task(self._write(ws, line), name="phone-send")
        try:
            await self._read(ws, device, line)
        finally:
            self.post.close(line)
            self._sockets.pop(line, None)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return ws

    async def _give_way(self, line: Line) -> None:
        """A responder's oldest page is closed when it has one open too many."""
        for old in self.post.list_lines(line.whom)[: 1 - OF_ONE]:
            self.post.close(old)
            ws = self._sockets.get(old)
            if ws is not None:
                await ws.close(code=SUPERSEDED, message=b"opened elsewhere")

    async def _read(self, ws: web.WebSocketResponse, device: Device, line: Line) -> None:
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                await ws.close(code=WSCloseCode.UNSUPPORTED_DATA)
                return
            if not self.book.stands(device):
                await ws.close(code=NOT_ENROLLED, message=b"not enrolled")
                return
            try:
                _, told = await self._hear(device, message.data.encode())
            except EngineStoppedError:
                await ws.close(code=WSCloseCode.GOING_AWAY)
                return
            for one in told:
                line.put(one)

    async def _write(self, ws: web.WebSocketResponse, line: Line) -> None:
        """Send what waits; a sign of life when nothing does; cut who does not read."""
        while not ws.closed and not line.full.is_set():
            try:
                async with asyncio.timeout(TICK_S):
                    message = await line.waiting.get()
            except TimeoutError:
                if not self._stands(line.device):
                    await ws.close(code=NOT_ENROLLED, message=b"not enrolled")
                    return
                message = msgspec.json.encode({"is": "tick", "t": self._engine.now_ms()})
            try:
                async with asyncio.timeout(SEND_LIMIT_S):
                    await ws.send_str(message.decode())
            except (TimeoutError, ConnectionError):
                break
        await ws.close(code=WSCloseCode.TRY_AGAIN_LATER)

    def _stands(self, device: Device) -> bool:
        try:
            self.book.refresh()
        except RegistryError:
            return False
        return self.book.stands(device)

    async def stop(self) -> None:
        """Close all pages' connections."""
        self.post.stop()
        self._hearing.stop()
        leaving = [ws.close(code=WSCloseCode.GOING_AWAY) for ws in self._sockets.values()]
        await asyncio.gather(*leaving, return_exceptions=True)
