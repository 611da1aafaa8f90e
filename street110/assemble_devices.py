"""The device gateways that the configuration names: made, started, added as outlets."""

import asyncio
import importlib
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from dispatch.letters import Letter
from dispatch.runtime import Engine
from gateways.devices.door import DeviceDoor
from gateways.devices.registry import Protocol as Kind
from gateways.devices.registry import Registry, RegistryError
from gateways.mqtt.fixes import Tracks
from gateways.mqtt.link import MqttOptions
from street110.config import Config, ConfigError
from street110.device_books import book_of, write_unknown

log = structlog.get_logger(__name__)
REFRESH_EVERY_S = 1.0
"""A device enrolled while the engine runs is served within this time."""


class Gateway(Protocol):
    """What every device gateway is."""

    port: int

    async def start(self) -> None:
        """Begin to listen."""
        ...

    async def stop(self) -> None:
        """Close."""
        ...

    def send(self, letter: Letter) -> None:
        """Take a letter; never blocks."""
        ...


class Devices:
    """All device gateways of one engine, with the book they share."""

    def __init__(
        self, config: Config, engine: Engine, tracks: Tracks, registry: CollectorRegistry
    ) -> None:
        self._config = config
        self._engine = engine
        self._registry = registry
        self._stack = AsyncExitStack()
        self.gateways: dict[Kind, Gateway] = {}
        self.book: Registry | None = None
        self._tracks = tracks

    async def start(self, broker: MqttOptions) -> None:
        """Start what is configured; `broker` is the engine's own, for OwnTracks.

        Raises:
            ConfigError: a table names a setting its gateway does not have, or the book is broken.
        """
        tables = self._config.devices
        if not tables:
            return
        try:
            self.book = Registry(book_of(Path(self._config.state.directory)))
        except RegistryError as error:
            raise ConfigError(str(error)) from error
        door = DeviceDoor(self._engine, self._tracks, self.book, self._registry)
        self._stack.callback(door.flush)
        for name, table in tables.items():
            gateway = self._make(Kind(name), dict(table), door, broker)
            await gateway.start()
            self._stack.push_async_callback(gateway.stop)
            self._engine.add_outlet(gateway)
            self.gateways[Kind(name)] = gateway
            log.info("devices_ready", protocol=name, port=gateway.port)
        task = asyncio.create_task(self._keep_books(self.book), name="device_books")
        self._stack.callback(task.cancel)

    async def stop(self) -> None:
        """Stop all, the last started first."""
        await self._stack.aclose()

    def _make(
        self, kind: Kind, table: dict[str, Any], door: DeviceDoor, broker: MqttOptions
    ) -> Gateway:
        options_type, gateway_type = find_parts(kind)
        more: dict[str, Any] = {}
        if kind is Kind.OWNTRACKS and table.pop("mqtt", True):
            name = f"{broker.client_id}-owntracks"
            more["broker"] = msgspec.structs.replace(broker, client_id=name)
        unknown = table.keys() - {one.name for one in msgspec.structs.fields(options_type)}
        if unknown:
            raise ConfigError(f"[devices.{kind.value}]: unknown settings {sorted(unknown)}")
        try:
            options = msgspec.convert(table, options_type)
        except msgspec.ValidationError as error:
            raise ConfigError(f"[devices.{kind.value}]: {error}") from error
        if more:
            options = msgspec.structs.replace(options, **more)
        views = [self._engine.views.positions] if kind is Kind.TAK else []
        made: Gateway = gateway_type(options, door, self._registry, *views)
        return made

    async def _keep_books(self, book: Registry) -> None:
        """Take up changes of the book, and write down who was refused."""
        told: object = None
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            try:
                if book.refresh():
                    log.info("device_book_read", devices=len(book.list_of()))
            except RegistryError:
                log.exception("device_book_broken")
            now = [(one.identity, one.times) for one in book.unknown.values()]
            if now != told:
                told = now
                await asyncio.to_thread(write_unknown, book)


def find_parts(kind: Kind) -> tuple[type[Any], type[Any]]:
    """The options and the gateway of a protocol; only configured protocols are loaded.

    Raises:
        ConfigError: this protocol's gateway cannot be loaded.
    """
    package = f"gateways.devices.{kind.value}"
    try:
        module = importlib.import_module(f"{package}.gateway")
    except ImportError as error:
        raise ConfigError(f"[devices.{kind.value}]: cannot be loaded: {error}") from error
    own = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__.startswith(package)
    }
    options = [value for name, value in own.items() if name.endswith("Options")]
    gateways = [value for name, value in own.items() if name.endswith("Gateway")]
    if len(options) != 1 or len(gateways) != 1:
        raise ConfigError(f"[devices.{kind.value}]: {package}.gateway holds no gateway")
    return options[0], gateways[0]
