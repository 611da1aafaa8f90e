"""Puts the parts of one engine together, and takes them apart in the right order."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Gauge

from dispatch.board import Board
from dispatch.commands import LoadDistrict
from dispatch.district import District
from dispatch.district_file import load_district
from dispatch.journal import SqliteJournal
from dispatch.letters import Letter
from dispatch.poison import PoisonBook
from dispatch.runtime import Engine
from dispatch.snapshot import SnapshotTaker, rebuild
from dispatch.work import Views, fleeting_letters
from gateways.api.presence import PRESENCE_EVERY_S
from gateways.broker import EmbeddedBroker
from gateways.console.app import Console
from gateways.mqtt.gateway import MqttGateway
from gateways.mqtt.link import MqttOptions
from street110.assemble_api import make_api
from street110.assemble_devices import Devices
from street110.assemble_extras import make_routes, make_run_sheets
from street110.assemble_phones import make_phones
from street110.config import Config
from street110.terrain import Terrain
from street110.travel import LOOK_EVERY_S, TravelTimes

log = structlog.get_logger(__name__)

THREAD_TURN_S = 0.0005
"""A commit that is back from the disk waits this long at most for its turn, not Python's 5 ms."""


def epoch_ms() -> int:
    """The engine's clock: UTC epoch milliseconds. The only place where the line asks the time."""
    return time.time_ns() // 1_000_000  # noqa: TID251  # this is the clock


class Running:
    """One engine with its journal, broker, gateway and page."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.registry = CollectorRegistry()
        self.state = Path(config.state.directory)
        self.state.mkdir(parents=True, exist_ok=True)
        self.district: District = load_district(Path(config.district))
        self.terrain = Terrain(Path(config.district), self.district, self.state)
        self.travel = TravelTimes(
            config.travel, self.terrain.roads, self.district.timezone, self.registry
        )
        self.positions_file = self.state / "positions.npz"
        self.mqtt_host = config.mqtt.host
        self.mqtt_port = config.mqtt.port
        self.engine: Engine
        self.journal: SqliteJournal
        self.console: Console
        self.devices: Devices
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Bring the parts up, innermost first: journal, board, engine, broker, gateway, page."""
        sys.setswitchinterval(THREAD_TURN_S)
        self.journal = SqliteJournal(self.state / "journal.db")
        self._stack.callback(self.journal.close)
        began = time.perf_counter()
        board, seq = rebuild(self.journal)
        in_doubt = [
            letter
            for _, record in self.journal.read(self.journal.released())
            for event in record.events
            for letter in fleeting_letters(event)
        ]
        log.info("board_ready", records=seq, seconds=round(time.perf_counter() - began, 3))
        tracker = self.terrain.tracker
        if self.positions_file.exists():
            tracker.load(self.positions_file)
        self.travel.begin(epoch_ms())
        views = Views(tracker, self.terrain.roads, self.terrain.places)
        poison = PoisonBook(self.state / "poison.json")
        if len(poison):
            log.error("poison_waits", commands=len(poison), look_at=str(poison.path))
        self.engine = Engine(board, views, self.journal, epoch_ms, self.registry, poison=poison)
        taker = SnapshotTaker(self.journal.path, self.config.state.snapshot_every)
        self._stack.callback(taker.close)
        self.engine.watch(taker.seen)
        self.engine.await_edges()
        self.engine.start()
        self._stack.callback(self._keep_board)
        self._stack.push_async_callback(self.engine.stop)
        await self.engine.submit(LoadDistrict(district=self.district), "admin/start")
        self._count_units(board)
        await self._start_edges(in_doubt)
        if self.travel.named:
            self._every(LOOK_EVERY_S, "travel", self._look_at_travel)
        self._every(self.config.state.positions_every_s, "positions", self._save_positions)
        if self.config.runsheets.every_s:
            sheets = make_run_sheets(self.engine, self.terrain, self.config, self.registry)
            await sheets.write()
            self._every(self.config.runsheets.every_s, "runsheets", sheets.write)
        self._stack.callback(tracker.save, self.positions_file)

    async def stop(self) -> None:
        """Take the parts down, outermost first; what was decided is released before the end."""
        await self._stack.aclose()

    async def _start_edges(self, in_doubt: list[Letter]) -> None:
        if self.config.mqtt.embedded:
            broker = EmbeddedBroker(port=0)
            await broker.start()
            self._stack.push_async_callback(broker.stop)
            self.mqtt_host, self.mqtt_port = "127.0.0.1", broker.port
        options = self._make_options()
        gateway = MqttGateway(
            options, self.engine, self.terrain.tracker, self.terrain.bounds, self.registry
        )
        self.engine.add_outlet(gateway, lambda: gateway.connected)
        await gateway.start()
        self._stack.push_async_callback(gateway.stop)
        await gateway.wait_up()
        self.devices = Devices(self.config, self.engine, self.terrain.tracker, self.registry)
        self._stack.push_async_callback(self.devices.stop)
        await self.devices.start(options)
        self.engine.send_again(in_doubt)
        api = await make_api(self.engine, self.terrain, self.config, self.journal.path)
        phones = make_phones(self.engine, self.terrain, self.config, self.registry, api.feed)
        extras = make_routes(self.engine, self.terrain, self.config, self.registry)
        self.console = Console(
            self.engine,
            self.terrain.tracker,
            self.terrain.roads,
            self.terrain.places,
            self.district,
            self.registry,
            connected=lambda: gateway.connected,
            hosts=self.config.http.hosts,
            routes=[*api.routes, *phones.routes, *extras],
            gate=api.gate,
            feed=api.feed,
            sight=api.sight,
        )
        await self.console.start(self.config.http.host, self.config.http.port)
        self._stack.push_async_callback(self.console.stop)
        # The gateways leave before the last batch is durable: its letters stay in doubt.
        self._stack.callback(self.engine.await_edges)
        self._stack.push_async_callback(phones.stop)
        self._every(PRESENCE_EVERY_S, "presence", api.presence.look)

    def _make_options(self) -> MqttOptions:
        config = self.config.mqtt
        return MqttOptions(
            host=self.mqtt_host,
            port=self.mqtt_port,
            client_id=config.client_id or f"street110-{self.district.id}",
            version="3.1.1" if config.embedded else config.version,
            user=config.user,
            password=read_password(config.password_file),
            ca=config.tls.ca if config.tls else None,
            certificate=config.tls.certificate if config.tls else None,
            key=config.tls.key if config.tls else None,
        )

    def _count_units(self, board: Board) -> None:
        gauge = Gauge("street110_units_available", "Units free to go", registry=self.registry)
        gauge.set_function(lambda: float(board.force.available.sum()))

    def _keep_board(self) -> None:
        """After a clean end the last board stands beside the journal, to be held against it."""
        if self.engine.failure is None:
            (self.state / "board.json").write_bytes(self.engine.board.dump())

    def _every(self, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
        async def repeat() -> None:
            while True:
                await asyncio.sleep(seconds)
                await work()

        task = asyncio.create_task(repeat(), name=name)
        self._stack.callback(task.cancel)

    async def _look_at_travel(self) -> None:
        self.travel.look(epoch_ms())

    async def _save_positions(self) -> None:
        self.terrain.tracker.save(self.positions_file)


def read_password(file: str | None) -> str | None:
    """The password of the broker, from a file that only the engine's user should read."""
    return Path(file).read_text(encoding="utf-8").strip() if file is not None else None
