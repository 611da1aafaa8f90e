"""The console's stage with the operators' interface: a town of two areas, users, real requests."""

from pathlib import Path
from typing import Any

import aiohttp
import argon2
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from dispatch.coverage_circles import Circle
from dispatch.district import Area, District
from dispatch.words import AreaId, AreaLevel, ResponderId
from dispatch.work import Views
from gateways.api.access_log import AccessLog
from gateways.api.app import Api
from gateways.api.finding import Finder
from gateways.api.gate import Gate
from gateways.api.sessions import Sessions
from gateways.api.users import Passwords, Role, User, UserBook
from gateways.console.app import Console
from gateways.console.feed import Feed
from gateways.tips.names import make_gazetteer, names_of
from geo.places import Places
from tests.console_stage import Stage, epoch_ms
from tests.world import make_district, spot

PASSWORD = "correct horse battery"  # noqa: S105 - of users that live in the tests
CHEAP = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
HASH = CHEAP.hash(PASSWORD)
BORDER = 3.5
"""Blocks east of the corner: posts 1 to 3 and units 1 to 3 stand in the west, the rest east."""
LEVELS = tuple(AreaLevel)


def box(west: float, east: float) -> tuple[tuple[float, float], ...]:
    corners = (spot(west, -0.5), spot(east, -0.5), spot(east, 11.5), spot(west, 11.5))
    return tuple((at.lon, at.lat) for at in corners)


def make_town() -> District:
    """Two townships under one district; unit 8 stands in the east but patrols the west."""
    town = make_district(units=8)
    areas = (
        Area(
            id=AreaId("C"), name="小城区", level=AreaLevel.DISTRICT, parent=None, ring=box(-1, 12),
        ),
        Area(
            id=AreaId("W"), name="西街道", level=AreaLevel.TOWNSHIP, parent=AreaId("C"),
            ring=box(-1, BORDER),
        ),
        Area(
            id=AreaId("E"), name="东街道", level=AreaLevel.TOWNSHIP, parent=AreaId("C"),
            ring=box(BORDER, 12),
        ),
    )  # fmt: skip
    circles = (
        Circle(id="Z1", name="西广场", place=spot(1, 1), minutes=3),
        Circle(id="Z2", name="东广场", place=spot(8, 8), minutes=3),
    )
    units = tuple(
        replace(unit, beat=AreaId("W")) if unit.id == "U08" else unit for unit in town.units
    )
    return replace(town, areas=areas, circles=circles, units=units)


class ApiStage(Stage):
    """With users unless `users` is empty."""

    def __init__(self, folder: Path, users: tuple[User, ...] | None = None) -> None:
        self.folder = folder
        self.clock_ahead_ms = 0
        super().__init__(folder)
        self.district = make_town()
        self.places = Places(
            [(post.name, post.place) for post in self.district.posts],
            [(area.id, LEVELS.index(area.level), area.ring) for area in self.district.areas],
            self.roads.street_near,
        )
        self.engine.views = Views(self.tracker, self.roads, self.places)
        self.engine.desk.views = self.engine.views
        self.book = UserBook(folder / "users.json")
        for user in USERS if users is None else users:
            self.book.put(user)
        self.console = self.make_api_console()

    def now_ms(self) -> int:
        return epoch_ms() + self.clock_ahead_ms

    def make_api_console(self) -> Console:
        self.gate = Gate(
            self.book,
            Sessions(self.folder / "sessions.json", self.now_ms()),
            AccessLog(self.folder / "access.jsonl"),
            self.now_ms,
            open_here=True,
            passwords=CHEAP,
        )
        feed = Feed()
        self.api = Api(
            self.engine,
            feed,
            self.tracker,
            self.gate,
            journal=self.journal.path,
            make_finder=self.make_finder,
        )
        self.engine.watch(self.api.seen)
        return Console(
            self.engine,
            self.tracker,
            self.roads,
            self.places,
            self.district,
            CollectorRegistry(),
            connected=lambda: self.connected,
            build="test",
            routes=self.api.routes,
            gate=self.gate.middleware(),
            feed=feed,
            sight=self.api.room.sight_of,
        )

    def make_finder(self, book: District) -> Finder:
        landmarks = [(post.name, post.place) for post in book.posts]
        names = names_of(book, landmarks, self.roads)
        return Finder(book, names, make_gazetteer(book, landmarks, self.roads, {}))

    async def log_in(self, name: str, password: str = PASSWORD) -> "Visitor":
        visitor = Visitor(self.url)
        status, body = await visitor.post("login", {"name": name, "password": password})
        assert status == 200, body
        visitor.csrf = body["csrf"]
        return visitor


def make_user(name: str, role: Role, *areas: str) -> User:
    return User(name=name, role=role, areas=tuple(AreaId(a) for a in areas), hash=HASH)


USERS = (
    make_user("wang", Role.OPERATOR),
    make_user("west", Role.OPERATOR, "W"),
    make_user("east", Role.SUPERVISOR, "E"),
    make_user("boss", Role.SUPERVISOR),
    make_user("admin", Role.ADMINISTRATOR),
    make_user("audit", Role.AUDITOR),
)


class Visitor:
    """A browser: keeps its cookies, sends the token, answers (status, body)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.csrf = ""
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def get(self, path: str, **query: Any) -> tuple[int, Any]:
        async with self.session.get(self.address(path), params=query) as answer:
            return answer.status, await read(answer)

    async def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        sent = {"X-CSRF-Token": self.csrf} if headers is None else headers
        async with self.session.post(self.address(path), json=body, headers=sent) as answer:
            return answer.status, await read(answer)

    async def do(self, command: str, **fields: Any) -> tuple[int, Any]:
        return await self.post(f"commands/{command}", fields)

    def address(self, path: str) -> str:
        return self.url + (path if path.startswith("/") else f"/api/v1/{path}")

    async def close(self) -> None:
        await self.session.close()


async def read(answer: aiohttp.ClientResponse) -> Any:
    if answer.content_type.endswith("json"):
        return await answer.json(content_type=None)
    return await answer.read()


def unit(number: int) -> ResponderId:
    return ResponderId(f"U{number:02}")
