"""The operators' stage with the pages of guards and officers, and devices to pair."""

import asyncio
from pathlib import Path

import aiohttp
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from dispatch.commands import LoadDistrict
from dispatch.district import Plan
from dispatch.words import ResponderId, ResponderKind
from gateways.api.access_log import AccessLog
from gateways.api.phone_admin import PhoneAdmin
from gateways.api.phone_book import PhoneBook, link_of
from gateways.api.phone_hear import Hearing
from gateways.api.phone_post import PhonePost
from gateways.api.phones import Phones
from gateways.devices.registry import Registry
from tests.api_stage import ApiStage

DIRECT = Plan(
    type="direct_call", name_zh="调警", name_en="Direct call", priority=2, answer_caller=True
)
BOUNDS = (121.3, 31.1, 121.6, 31.4)


class PhoneStage(ApiStage):
    """Everything of `ApiStage`, and `/phone/`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.pages = PhoneBook(Registry(folder / "devices.json"))

    async def start(self, port: int = 0) -> None:
        self.engine.start()
        self.district = replace(self.district, plans=(*self.district.plans, DIRECT))
        await self.engine.submit(LoadDistrict(district=self.district), "admin/test")
        self.move()
        self.mount()
        await self.console.start("127.0.0.1", port)

    def mount(self) -> None:
        """Put the pages' side onto the console that is to be started."""
        registry = CollectorRegistry()
        post = PhonePost(self.engine, self.api.room.feed, registry)
        self.engine.add_outlet(post)
        self.engine.watch(post.seen)
        hearing = Hearing(post, self.tracker, BOUNDS)
        self.phones = Phones(post, hearing, self.pages, self.roads, self.tracker, registry)
        admin = PhoneAdmin(post, self.pages, AccessLog(self.folder / "access.jsonl"))
        self.console._routes += (*self.phones.routes, *admin.routes)

    async def leave(self) -> int:
        """Take the console down, as when the engine's machine is gone; its port."""
        port = self.console.port
        await self.phones.stop()
        await self.console.stop()
        return port

    async def come_back(self, port: int) -> None:
        """Another console of the same engine on the port of the one that left."""
        self.console = self.make_api_console()
        self.mount()
        await self.console.start("127.0.0.1", port)

    async def stop(self) -> None:
        await self.phones.stop()
        await super().stop()

    def pair(self, kind: ResponderKind, responder: str) -> str:
        """The link that a device opens to be paired."""
        whose = (kind, ResponderId(responder))
        code = self.pages.enrol(f"page-{responder}", whose, self.now_ms())
        return link_of(self.url, code)

    def statuses(self, responder: str) -> list[str]:
        """How far each order of a responder has come."""
        orders = self.engine.board.orders.values()
        return [order.status.value for order in orders if order.responder == responder]


class Phone:
    """A page without a browser: pairs, keeps its cookie, talks over a WebSocket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.ws: aiohttp.ClientWebSocketResponse | None = None

    async def pair(self, link: str) -> tuple[int, dict[str, object]]:
        body = {"code": link.partition("#")[2]}
        async with self.session.post(f"{self.url}/phone/pair", json=body) as answer:
            return answer.status, await answer.json()

    async def open(self) -> None:
        self.ws = await self.session.ws_connect(f"{self.url}/phone/ws")

    async def say(self, **message: object) -> None:
        assert self.ws is not None, "opened before it talks"
        await self.ws.send_json({("is" if key == "word" else key): v for key, v in message.items()})

    async def hear(self, word: str) -> dict[str, object]:
        """The next message of a word; others are passed over."""
        assert self.ws is not None, "opened before it hears"
        async with asyncio.timeout(10):
            while True:
                message: dict[str, object] = await self.ws.receive_json()
                if message["is"] == word:
                    return message

    async def close(self) -> None:
        if self.ws is not None:
            await self.ws.close()
        await self.session.close()
