"""The receiver of alarm panels: one port for TCP and UDP, ACK only after the commit."""

import asyncio
from collections.abc import Callable
from typing import Annotated, cast

import msgspec
import structlog
from msgspec import Meta
from prometheus_client import CollectorRegistry, Counter

from dispatch.letters import Letter
from gateways.devices.dc09.codec import account_of, decode, fit, refusal
from gateways.devices.dc09.codes import FAULT
from gateways.devices.dc09.frame import MAX_FRAME, Framer
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Alarm, AlarmState, Rejected
from gateways.devices.registry import Device, Protocol

log = structlog.get_logger(__name__)
READ_SIZE = 4_096
MAX_CONNECTIONS = 10_000
MAX_PER_ADDRESS = 200
MAX_DATAGRAMS = 1_000
"""Datagrams in hand at once; those beyond are dropped, and their panels send again."""
PORT_TRIES = 5
LOOK_EVERY_S = 1.0


class Dc09Options(msgspec.Struct, frozen=True, kw_only=True):
    """Where panels connect; `grace` link tests may be missed in part before it is a fault."""

    host: str = "127.0.0.1"
    port: int = 10500
    idle_s: Annotated[float, Meta(gt=0)] = 600.0
    grace: Annotated[float, Meta(ge=1)] = 1.5


class Dc09Gateway:
    """Takes alarms and link tests; a panel shows no orders, its post's terminal does."""

    def __init__(self, options: Dc09Options, door: DeviceDoor, registry: CollectorRegistry) -> None:
        self._options = options
        self._door = door
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._writers: dict[asyncio.StreamWriter, str] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None
        self._heard_ms: dict[str, int] = {}
        self._missing: set[str] = set()
        self._faults = Counter(
            "street110_dc09_link_faults", "Panels that missed their link test", registry=registry
        )
        self.port = options.port

    async def start(self) -> None:
        """Listen on both transports, and begin to watch the link tests."""
        for left in reversed(range(PORT_TRIES)):
            self._server = await asyncio.start_server(
                self._serve, self._options.host, self._options.port, limit=READ_SIZE
            )
            self.port = self._server.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self.take_datagram),
                    local_addr=(self._options.host, self.port),
                )
            except OSError:
                self._server.close()
                if self._options.port or not left:
                    raise
            else:
                break
        self._watch = asyncio.create_task(self._supervise(), name="dc09_supervision")

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._watch is not None:
            self._watch.cancel()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._udp is not None:
            self._udp.close()
        for writer in list(self._writers):
            writer.close()
        while self._writers:  # noqa: ASYNC110 - each ends when its reader notices
            await asyncio.sleep(0.005)

    def send(self, letter: Letter) -> None:
        """This protocol has no way down: orders go to the post's terminal."""

    def take_datagram(
        self, data: bytes, peer: tuple[str, int], reply: Callable[[bytes], None]
    ) -> None:
        """One frame a datagram; answered to where it came from."""
        if len(self._jobs) >= MAX_DATAGRAMS or len(data) > MAX_FRAME:
            self._door.frames.labels(Protocol.DC09, "dropped").inc()
            return
        job = asyncio.create_task(self._datagram(data, peer[0], reply), name="dc09_datagram")
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _datagram(self, data: bytes, peer: str, reply: Callable[[bytes], None]) -> None:
        answer = await self._take(data.rstrip(b"\x00"), peer)
        if answer:
            reply(answer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("-",))[0])
        same = sum(one == peer for one in self._writers.values())
        if len(self._writers) >= MAX_CONNECTIONS or same >= MAX_PER_ADDRESS:
            writer.close()
            return
        self._writers[writer] = peer
        framer = Framer()
        try:
            while True:
                async with asyncio.timeout(self._options.idle_s):
                    data = await reader.read(READ_SIZE)
                if not data:
                    break
                for frame in framer.feed(data):
                    writer.write(await self._take(frame, peer))
                await writer.drain()
        except (OSError, TimeoutError) as error:
            log.info("dc09_lost", peer=peer, error=repr(error))
        finally:
            writer.close()
            self._writers.pop(writer, None)

    async def _take(self, raw: bytes, peer: str) -> bytes:
        """What goes back, once what it says is durable; nothing to those who are not enrolled."""
        now_ms = self._door.engine.now_ms()
        identity = account_of(raw)
        device = None if identity is None else self._door.devices.find(Protocol.DC09, identity)
        reading = decode(raw, device, now_ms)
        if isinstance(reading, Rejected) and reading.reason in {"malformed", "checksum"}:
            self._door.frames.labels(Protocol.DC09, reading.reason).inc()
            return b""
        if device is None:
            self._door.frames.labels(Protocol.DC09, "refused").inc()
            if identity is not None:
                self._door.devices.refuse(Protocol.DC09, identity, peer, now_ms)
            return b""
        if isinstance(reading, Rejected):
            self._door.frames.labels(Protocol.DC09, reading.reason).inc()
            log.warning("dc09_rejected", device=device.identity, reason=reading.reason)
            return reading.reply
        self._seen(device, now_ms)
        result = "understood"
        for one in reading.heard:
            if isinstance(one, Alarm) and not await self._record(device, one):
                result = "unserved"
        self._door.frames.labels(Protocol.DC09, result).inc()
        return reading.reply if result == "understood" else refusal(raw, device, now_ms)

    async def _record(self, device: Device, alarm: Alarm) -> bool:
        """Whether an alarm is on record, or is one that opens nothing."""
        fitting = fit(alarm.type, self._door.engine.board.plans)
        incident = await self._door.raise_alarm(
            device, msgspec.structs.replace(alarm, type=fitting)
        )
        opens = fitting is not None and alarm.state is AlarmState.RAISED and not alarm.history
        return incident is not None or not opens

    def _seen(self, device: Device, now_ms: int) -> None:
        self._heard_ms[device.identity] = now_ms
        if device.identity in self._missing:
            self._missing.discard(device.identity)
            log.info("dc09_link_restored", device=device.identity, responder=device.responder)

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look(self._door.engine.now_ms())

    async def look(self, now_ms: int) -> None:
        """Raise a fault for each panel that is overdue, counted from when it was first known."""
        devices = self._door.devices.list_of(Protocol.DC09)
        known = {one.identity for one in devices}
        self._heard_ms = {key: at for key, at in self._heard_ms.items() if key in known}
        self._missing &= known
        for device in devices:
            if device.test_every_s is None:
                continue
            heard_ms = self._heard_ms.setdefault(device.identity, now_ms)
            late = now_ms - heard_ms > device.test_every_s * 1_000 * self._options.grace
            if late and device.identity not in self._missing:
                self._missing.add(device.identity)
                await self._fault(device, heard_ms, now_ms)

    async def _fault(self, device: Device, heard_ms: int, now_ms: int) -> None:
        self._faults.inc()
        log.error("dc09_link_missing", device=device.identity, responder=device.responder)
        if FAULT not in self._door.engine.board.plans:
            return
        silent_s = (now_ms - heard_ms) // 1_000
        fault = Alarm(
            type=FAULT,
            code="link_test_missed",
            key=f"link/{heard_ms}",
            silent=True,
            text=f"DC-09 {device.identity}: {silent_s} s 无巡检信号 / no link test",
        )
        await self._door.raise_alarm(device, fault)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(
        self, take: Callable[[bytes, tuple[str, int], Callable[[bytes], None]], None]
    ) -> None:
        self._take = take
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        def reply(answer: bytes) -> None:
            if self._transport is not None:
                self._transport.sendto(answer, addr)

        self._take(data, addr, reply)
