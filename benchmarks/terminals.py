"""Ten thousand JT/T 808 terminals in one process: they report by the clock, press, take orders."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from operator import xor
from random import Random
from typing import cast

MS_STEP_S = 0.001
CONNECTS_AT_ONCE = 200
BEIJING = timedelta(hours=8)
CODE = b"bench808"


def escaped(payload: bytes) -> bytes:
    """A frame with its check byte, escapes and flags."""
    whole = payload + bytes((reduce(xor, payload),))
    return b"~" + whole.replace(b"}", b"}\x01").replace(b"~", b"}\x02") + b"~"


def place_key(lon: float, lat: float) -> str:
    """A place as an order's text tells it: how an order is matched with its alarm."""
    return f"{lon:.5f},{lat:.5f}"


@dataclass(slots=True)
class Heard:
    """What came back: milliseconds from a frame's write to its answer, and counts."""

    reports_ms: list[float] = field(default_factory=list)
    answers_ms: list[float] = field(default_factory=list)
    confirmations_ms: list[float] = field(default_factory=list)
    orders: list[tuple[float, str]] = field(default_factory=list)
    pressed: dict[str, float] = field(default_factory=dict)
    """When the button was pressed, by place."""
    presses: int = 0
    reports: int = 0
    texts: int = 0
    refused: int = 0
    late_ms: float = 0.0


class Terminal(asyncio.Protocol):
    """One terminal on one connection."""

    __slots__ = (
        "_left",
        "_sent",
        "_transport",
        "closed",
        "confirmed_s",
        "crowd",
        "head",
        "held",
        "lat",
        "lon",
        "proved",
        "serial",
    )

    def __init__(self, crowd: "Crowd", phone: str, lon: float, lat: float) -> None:
        self.crowd = crowd
        self.head = bytes.fromhex(phone.zfill(12))
        self.lon, self.lat = lon, lat
        self.serial = 0
        self.held = 0.0
        """Since when the button is down, on the monotonic clock; 0: it is up."""
        self.proved = False
        self.closed = False
        self._sent: dict[int, float] = {}
        self._left = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who it is."""
        self._transport = cast("asyncio.Transport", transport)
        self.say(0x0102, CODE)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - counted, whatever it was
        """Counted as a fault by who looks at the crowd."""
        self.closed = True

    def data_received(self, data: bytes) -> None:
        """Answers, orders and confirmations."""
        now_s = time.perf_counter()
        parts = (self._left + data).split(b"~")
        self._left = b"~" + parts[-1] if parts[-1] else b""
        for part in parts[:-1]:
            if part:
                inner = part.replace(b"}\x02", b"~").replace(b"}\x01", b"}")
                self._hear(int.from_bytes(inner[:2]), inner[12:-1], inner[10:12], now_s)

    def _hear(self, msg: int, body: bytes, serial: bytes, now_s: float) -> None:
        heard = self.crowd.heard
        match msg:
            case 0x8001:
                self._answered(int.from_bytes(body[:2]), int.from_bytes(body[2:4]), body[4], now_s)
            case 0x8203:
                if self.held:
                    heard.confirmations_ms.append((now_s - self.held) * 1000)
                    self.held = 0.0
            case 0x8300:
                heard.texts += 1
                words = body[1:].decode("gbk")
                heard.orders.append((now_s, words.rsplit("。", 2)[-2]))
                self.say(0x0001, serial + b"\x83\x00\x00")
            case 0x8302:
                self.say(0x0302, serial + b"\x01")
            case 0x8202:
                self.say(0x0001, serial + b"\x82\x02\x00")

    def _answered(self, serial: int, msg: int, result: int, now_s: float) -> None:
        heard = self.crowd.heard
        sent_s = self._sent.pop(serial, None)
        if result in (1, 2, 3):
            heard.refused += 1
        elif msg == 0x0102:
            self.proved = True
        elif sent_s is not None and sent_s == self.held:
            heard.answers_ms.append((now_s - sent_s) * 1000)
        elif sent_s is not None:
            heard.reports_ms.append((now_s - sent_s) * 1000)

    def say(self, msg: int, body: bytes) -> int:
        """Write one frame; its serial."""
        self.serial = (self.serial + 1) & 0xFFFF
        head = msg.to_bytes(2) + len(body).to_bytes(2) + self.head + self.serial.to_bytes(2)
        if self._transport is not None and not self.closed:
            self._transport.write(escaped(head + body))
        return self.serial

    def forget(self) -> None:
        """What is answered from here on counts for another part of the measurement."""
        self._sent.clear()

    def report(self) -> None:
        """A position of now, with the button as it is."""
        now_s = time.perf_counter()
        serial = self.say(0x0200, self._position(1 if self.held else 0))
        self._sent[serial] = now_s

    def press(self) -> None:
        """The button goes down: a position at once."""
        self.held = time.perf_counter()
        self.crowd.heard.pressed[place_key(self.lon, self.lat)] = self.held
        self._sent[self.say(0x0200, self._position(1))] = self.held

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _position(self, alarm: int) -> bytes:
        body = alarm.to_bytes(4) + b"\0\0\0\x03"
        body += round(self.lat * 1e6).to_bytes(4) + round(self.lon * 1e6).to_bytes(4)
        return body + b"\0\x04\0\0\0\x5a" + self.crowd.stamp + b"\x01\x04\0\0\0\x64\x30\x01\x1f"


def itself(one: Terminal) -> Terminal:
    """What makes the protocol of a connection that belongs to a terminal already there."""
    return one


class Crowd:
    """All terminals, and the clock they report by."""

    def __init__(self, places: list[tuple[str, float, float]], seed: int = 1) -> None:
        self.heard = Heard()
        self.stamp = b"\0" * 6
        self._rng = Random(seed)
        self.terminals = [Terminal(self, phone, lon, lat) for phone, lon, lat in places]
        self._calm = deque(self._rng.sample(self.terminals, len(self.terminals)))

    async def connect(self, port: int, first: int, last: int) -> float:
        """Those from `first` up to `last` connect and prove themselves; the seconds it took."""
        loop, start_s = asyncio.get_running_loop(), time.perf_counter()
        for at in range(first, last, CONNECTS_AT_ONCE):
            some = self.terminals[at : min(last, at + CONNECTS_AT_ONCE)]
            await asyncio.gather(
                *(loop.create_connection(partial(itself, one), "127.0.0.1", port) for one in some)
            )
        while not all(one.proved for one in self.terminals[first:last]):  # noqa: ASYNC110 - they count
            await asyncio.sleep(0.02)
        return time.perf_counter() - start_s

    async def run(self, seconds: float, every_s: float, presses: float) -> Heard:
        """Report each every so many seconds and press so many a second, open loop."""
        self.heard = heard = Heard()
        for one in self.terminals:
            one.forget()
        start_s, count = time.perf_counter(), len(self.terminals)
        rate = count / every_s
        while (gone_s := time.perf_counter() - start_s) < seconds:
            now = datetime.now(UTC) + BEIJING  # noqa: TID251 - a terminal has a clock of its own
            self.stamp = bytes.fromhex(now.strftime("%y%m%d%H%M%S"))
            due, due_presses = int(gone_s * rate), int(gone_s * presses)
            if due > heard.reports:
                heard.late_ms = max(heard.late_ms, (gone_s - heard.reports / rate) * 1000)
            while heard.reports < due:
                self.terminals[heard.reports % count].report()
                heard.reports += 1
            while heard.presses < due_presses and self._calm:
                self._calm.popleft().press()
                heard.presses += 1
            await asyncio.sleep(MS_STEP_S)
        return heard

    def close(self) -> None:
        """All hang up."""
        for one in self.terminals:
            one.close()
