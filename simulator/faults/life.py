"""One life of the engine's process: started as `street110 serve` starts it, until it ends."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Protocol

from prometheus_client import CollectorRegistry

import dispatch.snapshot
from dispatch.board import Board
from dispatch.commands import AnyCommand, LoadDistrict
from dispatch.letters import Letter
from dispatch.runtime import Engine
from dispatch.work import fleeting_letters
from gateways.mqtt.gateway import MqttGateway, MqttOptions
from simulator.faults.clock import Clock, VirtualLoop
from simulator.faults.disk import FILE, SteppedJournal
from simulator.faults.town import BOUNDS, make_town, make_tracker, make_views
from simulator.faults.wire import Net


class World(Protocol):
    """What a life is lived in."""

    clock: Clock
    net: Net
    version: str

    def later(self, delay_s: float, deed: Callable[[float], None]) -> None:
        """Have a deed done after so many seconds."""
        ...

    def engine_ms(self) -> int:
        """The engine's clock."""
        ...

    def sync_s(self) -> float:
        """How long the next sync takes."""
        ...

    def at_point(self, name: str) -> bool:
        """A step that the world can see is done; whether the engine died there."""
        ...

    def became_durable(self) -> None:
        """A sync has ended."""
        ...

    def opened(self, journal: SteppedJournal) -> None:
        """A journal was opened."""
        ...

    def rebuilt(self, board: Board) -> None:
        """A board was made from it."""
        ...


class Life:
    """A process: its loop, its journal, its engine, its gateway."""

    def __init__(self, world: World, folder: Path) -> None:
        self.folder = folder
        self.world = world
        self.loop = VirtualLoop(world.clock, lambda protocol: world.net.dial(protocol, self.loop))
        self.journal: SteppedJournal | None = None
        self.engine: Engine | None = None
        self.gateway: MqttGateway | None = None
        self.up = False
        self.stopping = False
        self.tracker = make_tracker()
        self.task = self.loop.create_task(self._live())

    async def _live(self) -> None:
        world = self.world
        self.journal = journal = SteppedJournal(
            self.folder / FILE,
            world.later,
            world.sync_s,
            world.at_point,
            world.became_durable,
        )
        world.opened(journal)
        board, _ = dispatch.snapshot.rebuild(journal)
        in_doubt = letters_in_doubt(journal)
        world.rebuilt(board)
        registry = CollectorRegistry()
        self.engine = engine = Engine(
            board, make_views(self.tracker), journal, world.engine_ms, registry
        )
        engine.await_edges()
        engine.start()
        await engine.submit(LoadDistrict(district=make_town()), "admin/start")
        world.at_point("loaded")
        options = MqttOptions(
            host="broker", port=1883, client_id="street110", version=world.version
        )
        self.gateway = gateway = MqttGateway(options, engine, self.tracker, BOUNDS, registry)
        engine.add_outlet(gateway, lambda: gateway.connected)
        await gateway.start()
        up = asyncio.ensure_future(gateway.wait_up())
        ended = asyncio.ensure_future(engine.wait_failed())
        await asyncio.wait({up, ended}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            engine.send_again(in_doubt)
            self.up = True
        await ended

    def command(self, command: AnyCommand, who: str) -> None:
        """Somebody at the centre asks for something."""
        engine = self.engine
        if engine is not None and not self.stopping and engine.failure is None:
            self.loop.call_soon(lambda: engine.offer(command, who))

    def stop(self) -> None:
        """Stop as an administrator does; the task of this life ends when all is done."""
        self.stopping = True
        self.task = self.loop.create_task(self._stop())

    async def _stop(self) -> None:
        assert self.engine is not None, "only a whole engine is stopped"
        self.engine.await_edges()
        if self.gateway is not None:
            await self.gateway.stop()
        await self.engine.stop()
        assert self.journal is not None, "an engine has a journal"
        self.world.became_durable()
        self.journal.close()

    def lose_power(self, folder: Path, rng: Random) -> None:
        """All stops; what the disk held stands in `folder`."""
        self.loop.abandon()
        if self.journal is not None:
            self.journal.crash(folder, rng)

    def end(self) -> None:
        """The process has ended by itself; its files stand as they are."""
        self.loop.abandon()
        if self.journal is not None and not self.journal.dead:
            self.journal.let_go()


def letters_in_doubt(journal: SteppedJournal) -> list[Letter]:
    """What a crash may have kept from leaving, as the start of the engine asks for it."""
    return [
        letter
        for _, record in journal.read(journal.released())
        for event in record.events
        for letter in fleeting_letters(event)
    ]
