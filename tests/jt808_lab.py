"""A scripted JT/T 808 terminal with a codec of its own, and a small engine that serves it."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any, NamedTuple, Self

from prometheus_client import CollectorRegistry

from dispatch.board import Board
from dispatch.commands import LoadDistrict
from dispatch.runtime import Engine
from dispatch.words import ResponderId, ResponderKind
from dispatch.work import Views
from gateways.devices.door import DeviceDoor
from gateways.devices.jt808.gateway import Jt808Gateway, Jt808Options
from gateways.devices.registry import Device, Protocol, Registry
from geo.types import Point
from tests.mqtt_lab import BOUNDS, StallingJournal, ToldTracker, now_ms, until
from tests.world import PlainPlaces, StraightRoads, make_district, spot

CODE = "7e7d0142"


class Down(NamedTuple):
    """One frame that the platform sent."""

    msg: int
    serial: int
    body: bytes
    raw: bytes
    part: tuple[int, int] | None


def escaped(payload: bytes) -> bytes:
    whole = payload + bytes([reduce(xor, payload)])
    return b"\x7e" + whole.replace(b"}", b"}\x01").replace(b"~", b"}\x02") + b"\x7e"


def bcd_time(at_ms: int) -> bytes:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8)
    return bytes.fromhex(moment.strftime("%y%m%d%H%M%S"))


def location(
    place: Point, *, alarm: int = 0, status: int = 3, at_ms: int | None = None, speed: int = 0
) -> bytes:
    """The body of a position; speed in 0.1 km/h."""
    body = alarm.to_bytes(4) + status.to_bytes(4)
    body += round(place.lat * 1e6).to_bytes(4) + round(place.lon * 1e6).to_bytes(4)
    body += (4).to_bytes(2) + speed.to_bytes(2) + (90).to_bytes(2)
    return (
        body + bcd_time(now_ms() if at_ms is None else at_ms) + bytes.fromhex("0104000000643001ff")
    )


class Scripted:
    """A terminal as its maker would write it; it keeps all that it is sent."""

    def __init__(self, phone: str, *, is_2019: bool = False) -> None:
        self.phone = bytes.fromhex(phone.zfill(20 if is_2019 else 12))
        self.is_2019 = is_2019
        self.serial = 0
        self.heard: list[Down] = []
        self.closed = asyncio.Event()
        self._buffer = b""
        self._write: Callable[[bytes], Any] | None = None
        self._close: Callable[[], Any] = lambda: None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, port: int) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.closed.clear()
        self._buffer = b""
        self._write, self._close = writer.write, writer.close
        self._task = asyncio.create_task(self._listen(reader))
        return self

    async def connect_udp(self, port: int) -> Self:
        told = self._feed

        class Ear(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                told(data)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Ear, remote_addr=("127.0.0.1", port)
        )
        self._write, self._close = transport.sendto, transport.close
        return self

    async def hang_up(self) -> None:
        self._close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self._feed(data)
        self.closed.set()

    def _feed(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"~", 1)) > 0:
            raw, self._buffer = self._buffer[: end + 1], self._buffer[end + 1 :]
            inner = raw[1:-1].replace(b"}\x02", b"~").replace(b"}\x01", b"}")
            assert reduce(xor, inner) == 0, raw.hex()
            self.heard.append(self._read(inner, raw))

    def _read(self, inner: bytes, raw: bytes) -> Down:
        attributes = int.from_bytes(inner[2:4])
        assert bool(attributes & 0x4000) is self.is_2019
        at = 5 if self.is_2019 else 4
        size = len(self.phone)
        assert inner[at : at + size] == self.phone
        serial = int.from_bytes(inner[at + size : at + size + 2])
        start = at + size + 2
        part = None
        if attributes & 0x2000:
            part = (
                int.from_bytes(inner[start : start + 2]),
                int.from_bytes(inner[start + 2 : start + 4]),
            )
            start += 4
        body = inner[start:-1]
        assert len(body) == attributes & 0x3FF
        return Down(int.from_bytes(inner[:2]), serial, body, raw, part)

    def frame(self, msg: int, body: bytes = b"", part: tuple[int, int] | None = None) -> bytes:
        """The next frame of its own; `part` is how many and which."""
        self.serial += 1
        attributes = len(body) | (0x4000 if self.is_2019 else 0) | (0x2000 if part else 0)
        head = msg.to_bytes(2) + attributes.to_bytes(2) + (b"\x01" if self.is_2019 else b"")
        head += self.phone + self.serial.to_bytes(2)
        if part:
            head += part[0].to_bytes(2) + part[1].to_bytes(2)
        return escaped(head + body)

    def write(self, raw: bytes) -> None:
        assert self._write is not None
        self._write(raw)

    def say(self, msg: int, body: bytes = b"") -> int:
        self.write(self.frame(msg, body))
        return self.serial

    def list_of(self, msg: int) -> list[Down]:
        return [one for one in self.heard if one.msg == msg]

    def result_of(self, serial: int) -> int | None:
        for one in self.list_of(0x8001):
            if int.from_bytes(one.body[:2]) == serial:
                return one.body[4]
        return None

    async def answered(self, serial: int) -> int:
        await until(lambda: self.result_of(serial) is not None)
        result = self.result_of(serial)
        assert result is not None
        return result

    async def told(self, msg: int, count: int = 1) -> Down:
        await until(lambda: len(self.list_of(msg)) >= count)
        return self.list_of(msg)[count - 1]

    async def register(self) -> bytes:
        """The code that the platform gives."""
        sizes = (11, 30, 30) if self.is_2019 else (5, 20, 7)
        body = b"\x00\x1f\x00\x64" + b"".join(b"X".ljust(size, b"\0") for size in sizes)
        self.say(0x0100, body + b"\x01" + "沪A12345".encode("gbk"))
        answer = await self.told(0x8100)
        assert answer.body[2] == 0
        return answer.body[3:]

    async def prove(self, code: bytes) -> int:
        body = code
        if self.is_2019:
            body = bytes([len(code)]) + code + b"123456789012345" + b"1.0".ljust(20, b"\0")
        return await self.answered(self.say(0x0102, body))

    async def begin(self, port: int) -> Self:
        await self.connect(port)
        assert await self.prove(CODE.encode()) == 0
        return self


class Served:
    """An engine of the small town with the gateway; the journal can be made to wait."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.registry = CollectorRegistry()
        self.journal = StallingJournal(folder / "journal.db")
        self.district = make_district()
        self.tracker = ToldTracker(
            [unit.id for unit in self.district.units],
            bounds=BOUNDS,
            impossible_mps=10_000.0,
            ahead_ms=self.district.rules.clock_ahead_s * 1000,
        )
        views = Views(self.tracker.twin, StraightRoads(), PlainPlaces())
        self.engine = Engine(Board(), views, self.journal, now_ms, self.registry)
        self.book = Registry(folder / "devices.json")
        door = DeviceDoor(self.engine, self.tracker, self.book, self.registry)
        self.gateway = Jt808Gateway(Jt808Options(**{"port": 0, **options}), door, self.registry)

    async def __aenter__(self) -> Self:
        self.engine.start()
        await self.engine.submit(LoadDistrict(district=self.district), "test")
        await self.gateway.start()
        self.engine.add_outlet(self.gateway)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.journal.go_on()
        await self.gateway.stop()
        await self.engine.stop()
        self.journal.close()

    def enrol(self, phone: str, responder: str, **fields: Any) -> None:
        kind = ResponderKind.POST if responder.startswith("P") else ResponderKind.UNIT
        device = Device(
            protocol=Protocol.JT808,
            identity=phone,
            kind=kind,
            responder=ResponderId(responder),
            **{"secret": CODE, **fields},
        )
        self.book.put(device)

    def figure(self, result: str) -> float:
        labels = {"protocol": "jt808", "result": result}
        return self.registry.get_sample_value("street110_device_frames_total", labels) or 0.0

    @property
    def incidents(self) -> int:
        return len(self.engine.board.incidents)


def near(unit: int) -> Point:
    """Where a unit of the town is at home."""
    return spot(unit, unit)


def batch(kind: int, *items: bytes) -> bytes:
    body = len(items).to_bytes(2) + bytes([kind])
    return body + b"".join(len(item).to_bytes(2) + item for item in items)
