"""A real engine with journal, roads and console on a free port, for a made-up town."""

import time
from pathlib import Path

import numpy as np
from aiohttp import web
from prometheus_client import CollectorRegistry

from dispatch.board import Board
from dispatch.commands import LoadDistrict, RaiseAlarm
from dispatch.force import PROFILE_OF
from dispatch.journal import SqliteJournal
from dispatch.runtime import Engine
from dispatch.words import ResponderId, ResponderKind
from dispatch.work import Outcome, Views
from gateways.console.app import Console
from geo.onroad import RoadTracker
from geo.osm import import_osm
from geo.places import Places
from geo.roads import Roads
from tests.world import make_district, spot

BLOCKS = 12
NAMES = ("东风路", "解放路", "人民路", "中山路", "和平路", "建设路")


def write_town(path: Path) -> None:
    """A square grid of named streets as an OpenStreetMap file."""
    nodes, ways = [], []
    for y in range(BLOCKS):
        for x in range(BLOCKS):
            at = spot(x, y)
            nodes.append(f'<node id="{y * BLOCKS + x + 1}" lon="{at.lon}" lat="{at.lat}"/>')
    lines = [[y * BLOCKS + x + 1 for x in range(BLOCKS)] for y in range(BLOCKS)]
    lines += [[y * BLOCKS + x + 1 for y in range(BLOCKS)] for x in range(BLOCKS)]
    for number, line in enumerate(lines, 1):
        refs = "".join(f'<nd ref="{ref}"/>' for ref in line)
        name, kind = NAMES[number % 6], ("primary", "tertiary", "residential")[number % 3]
        ways.append(
            f'<way id="{number}">{refs}<tag k="highway" v="{kind}"/>'
            f'<tag k="name" v="{name}"/></way>'
        )
    path.write_text(f'<osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>', encoding="utf-8")


def epoch_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251  # the clock of this engine


async def nobody(_request: web.Request) -> web.Response:
    """The session where there are no users: all may look, nobody may do anything."""
    return web.json_response({"name": "", "role": None, "may": [], "csrf": "", "open": True})


class Stage:
    def __init__(self, folder: Path) -> None:
        source, graph = folder / "town.osm", folder / "town.s110"
        write_town(source)
        import_osm(source, graph)
        self.roads = Roads.load(graph)
        self.district = make_district(units=8)
        self.tracker = RoadTracker(
            [unit.id for unit in self.district.units],
            roads=self.roads,
            profiles=[PROFILE_OF[unit.kind] for unit in self.district.units],
            bounds=(121.3, 31.1, 121.6, 31.4),
            impossible_mps=70.0,
            ahead_ms=120_000,
        )
        places = Places(
            [(post.name, post.place) for post in self.district.posts], [], self.roads.street_near
        )
        self.registry = CollectorRegistry()
        self.journal = SqliteJournal(folder / "journal.db")
        views = Views(self.tracker, self.roads, places)
        self.engine = Engine(Board(), views, self.journal, epoch_ms, self.registry)
        self.places = places
        self.connected = True
        self.console = self.make_console()

    def make_console(self) -> Console:
        return Console(
            self.engine,
            self.tracker,
            self.roads,
            self.places,
            self.district,
            CollectorRegistry() if hasattr(self, "console") else self.registry,
            connected=lambda: self.connected,
            build="test",
            routes=[web.get("/api/v1/me", nobody)],
        )

    async def start(self, port: int = 0) -> None:
        self.engine.start()
        await self.engine.submit(LoadDistrict(district=self.district), "admin/test")
        self.move()
        await self.console.start("127.0.0.1", port)

    async def stop(self) -> None:
        await self.console.stop()
        await self.engine.stop()
        self.journal.close()

    async def reopen(self, port: int) -> None:
        """Another console of the same engine on the port of the one that was stopped."""
        self.console = self.make_console()
        await self.console.start("127.0.0.1", port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.console.port}"

    def move(self) -> None:
        """Every unit reports from its base, heading east at 8 m/s."""
        size = len(self.district.units)
        self.tracker.update(
            np.arange(size),
            np.full(size, epoch_ms()),
            np.array([[unit.base.lon, unit.base.lat] for unit in self.district.units]),
            np.full(size, 8.0),
            np.full(size, 90.0),
            np.full(size, np.nan),
            epoch_ms(),
        )

    async def press(self, post: str, alarm: str, what: str = "robbery") -> Outcome:
        return await self.engine.submit(
            RaiseAlarm(
                id=alarm,
                source_kind=ResponderKind.POST,
                source=ResponderId(post),
                type=what,
                sent_ms=epoch_ms(),
                text="两人持刀",
            ),
            f"post/{post}",
        )
