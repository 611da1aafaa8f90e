"""Radio gateways and trackers that send NMEA 0183 lines: over UDP, over TCP either way round."""

import asyncio
import ipaddress
import random
from collections import OrderedDict
from typing import Annotated, cast

import msgspec
import structlog
from msgspec import Meta
from prometheus_client import CollectorRegistry

from dispatch.letters import Letter
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import AnyHeard, Fix, Rejected, SaidHello
from gateways.devices.nmea.lines import MAX_TOGETHER, Lines, read
from gateways.devices.registry import Device, Protocol

log = structlog.get_logger(__name__)
READ_SIZE = 16 * 1024
QUIET_S = 600.0
"""A connection that sends nothing for so long is gone."""
MAX_CONNECTIONS = 1_000
MAX_PER_ADDRESS = 50
AGAIN_FIRST_S, AGAIN_MOST_S = 0.5, 30.0
BETTER_LASTS_MS = 10_000
"""While RMC or its like comes, the same places out of GGA and GLL are not taken twice."""
BARE = ("GGA", "GLL", "GNS")
"""Sentences without speed and course."""
PORT_TRIES = 5


class NmeaOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One port for TCP and UDP; `connect` are radio gateways to call, as `host:port`.

    `allow` are the networks that are listened to; empty, all.
    """

    host: str = "127.0.0.1"
    port: int = 10110
    connect: tuple[Annotated[str, Meta(pattern=r"^.+:\d{1,5}$")], ...] = ()
    allow: tuple[Annotated[str, Meta(pattern=r"^[0-9A-Fa-f.:]+(/\d{1,3})?$")], ...] = ()


class Source(msgspec.Struct):
    """Where lines come from: its address, and who it has said it is."""

    address: str
    names: tuple[str, ...]
    """By which a plain sentence's device is looked up, the first first."""
    bound: str | None = None


class NmeaGateway:
    """Takes positions; nothing goes down this way."""

    def __init__(
        self,
        options: NmeaOptions,
        door: DeviceDoor,
        registry: CollectorRegistry,  # noqa: ARG002 - all gateways are made alike
    ) -> None:
        self._options = options
        self._door = door
        self._allow = [ipaddress.ip_network(one, strict=False) for one in options.allow]
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._writers: dict[asyncio.StreamWriter, str] = {}
        self._callers: list[asyncio.Task[None]] = []
        self._better: OrderedDict[str, int] = OrderedDict()
        self.port = options.port

    async def start(self) -> None:
        """Listen on both, and call those who are to be called."""
        await self._listen()
        for peer in self._options.connect:
            task = asyncio.create_task(self._call(peer), name=f"nmea_call_{peer}")
            self._callers.append(task)

    async def stop(self) -> None:
        """Close all."""
        for task in self._callers:
            task.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        if self._udp is not None:
            self._udp.close()
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        while self._writers:  # noqa: ASYNC110 - each ends when its reader notices
            await asyncio.sleep(0.005)

    def send(self, letter: Letter) -> None:
        """This protocol has no way down: orders go to a radio's carrier another way."""

    async def _listen(self) -> None:
        """The same port number for TCP and UDP; a free one is looked for again when one is not."""
        for left in reversed(range(PORT_TRIES)):
            self._server = await asyncio.start_server(
                self._serve, self._options.host, self._options.port, limit=READ_SIZE
            )
            self.port = self._server.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self._options.host, self.port)
                )
            except OSError:
                self._server.close()
                if self._options.port or not left:
                    raise
            else:
                return

    def hears(self, address: str) -> bool:
        """Whether an address is in a network that is listened to."""
        if not self._allow:
            return True
        peer = ipaddress.ip_address(address.partition("%")[0])
        return any(peer in network for network in self._allow)

    def take_datagram(self, data: bytes, peer: tuple[str, int]) -> None:
        """Whole lines; what is not ended by a line end ends with the datagram."""
        address, port = peer[:2]
        if not self.hears(address):
            self._door.frames.labels(Protocol.NMEA, "not_allowed").inc()
            return
        source = Source(address, (f"{address}:{port}", address))
        for line in Lines().feed(data + b"\n")[:MAX_TOGETHER]:
            self._take(line, source)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername") or ("-", 0)
        address = str(peer[0])
        same = sum(one == address for one in self._writers.values())
        if not self.hears(address) or len(self._writers) >= MAX_CONNECTIONS:
            writer.close()
            return
        if same >= MAX_PER_ADDRESS:
            writer.close()
            return
        source = Source(address, (f"{address}:{peer[1]}", address))
        await self._read(reader, writer, source)

    async def _call(self, peer: str) -> None:
        """Keep a connection to a radio gateway or a serial port's bridge."""
        host, _, port = peer.rpartition(":")
        wait_s = AGAIN_FIRST_S
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, int(port), limit=READ_SIZE)
            except OSError as error:
                log.warning("nmea_call_failed", peer=peer, error=str(error))
            else:
                wait_s = AGAIN_FIRST_S
                await self._read(reader, writer, Source(host, (peer, host)))
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # noqa: S311 - spreads the calls
            wait_s = min(AGAIN_MOST_S, wait_s * 2)

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: Source
    ) -> None:
        self._writers[writer] = source.address
        lines = Lines()
        try:
            while True:
                async with asyncio.timeout(QUIET_S):
                    data = await reader.read(READ_SIZE)
                if not data:
                    break
                for line in lines.feed(data):
                    self._take(line, source)
                if lines.too_long:
                    self._door.frames.labels(Protocol.NMEA, "too_long").inc(lines.too_long)
                    lines.too_long = 0
        except (OSError, TimeoutError) as error:
            log.info("nmea_lost", peer=source.address, error=repr(error))
        finally:
            writer.close()
            self._writers.pop(writer, None)

    def _take(self, line: str, source: Source) -> None:
        now_ms = self._door.engine.now_ms()
        sender = self._find(source)
        reading = read(line, sender, now_ms)
        if isinstance(reading, Rejected):
            self._door.frames.labels(Protocol.NMEA, reading.reason).inc()
            return
        heard = reading.heard[0]
        device = sender if heard.device is None else self._named(heard.device, sender)
        if device is None:
            self._door.frames.labels(Protocol.NMEA, "refused").inc()
            identity = heard.device or source.bound or source.names[-1]
            self._door.devices.refuse(Protocol.NMEA, identity, source.address, now_ms)
            return
        if sender is not device and (device.datum, device.model) != _settings(sender):
            again = read(line, device, now_ms)
            if isinstance(again, Rejected):
                return
            heard = again.heard[0]
        self._act(device, heard, str(reading.header.get("sentence", "")), source)
        self._door.frames.labels(Protocol.NMEA, "understood").inc()

    def _find(self, source: Source) -> Device | None:
        """The device that a plain sentence from here belongs to."""
        names = source.names if source.bound is None else (source.bound, *source.names)
        for name in names:
            device = self._door.devices.find(Protocol.NMEA, name)
            if device is not None:
                return device
        return None

    def _named(self, identity: str, sender: Device | None) -> Device | None:
        """The device a sentence names; one that only a logger's line number names, the sender's."""
        device = self._door.devices.find(Protocol.NMEA, identity)
        if device is None and "-" in identity:
            device = self._door.devices.find(Protocol.NMEA, identity.replace("-", ""))
        if device is None and sender is not None and (sender.model or "").casefold() == "single":
            return sender
        return device

    def _act(self, device: Device, heard: AnyHeard, sentence: str, source: Source) -> None:
        if isinstance(heard, SaidHello):
            source.bound = heard.device
        if not isinstance(heard, Fix):
            return
        now_ms = self._door.engine.now_ms()
        if not sentence.endswith(BARE) and heard.valid:
            self._better[device.identity] = now_ms
            self._better.move_to_end(device.identity)
            while len(self._better) > MAX_CONNECTIONS * 10:
                self._better.popitem(last=False)
        elif now_ms - self._better.get(device.identity, -BETTER_LASTS_MS) < BETTER_LASTS_MS:
            return
        self._door.take_fix(device, heard)


def _settings(device: Device | None) -> tuple[object, object] | None:
    return None if device is None else (device.datum, device.model)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, gateway: NmeaGateway) -> None:
        self._gateway = gateway

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self._gateway.take_datagram(data, cast("tuple[str, int]", addr))
