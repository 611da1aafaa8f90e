"""A bare MQTT 3.1.1 client for load: it costs so little that the measured side stays the subject.

Only what a load generator needs: CONNECT, SUBSCRIBE, PUBLISH of QoS 0 and 1 both ways, PUBACK.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import NamedTuple, cast

Heard = Callable[[str, bytes], None]
MAX_PACKET_ID = 65_535
CONNECT_S = 10.0


class Broker(NamedTuple):
    """Where a broker listens and how one gets in."""

    port: int
    host: str = "127.0.0.1"
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class RefusedError(ConnectionError):
    """The broker is there and does not let us in, or does not grant a topic."""


def remaining(length: int) -> bytes:
    """The variable-length integer that says how long the rest of a packet is."""
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | 128 if length else digit)
        if not length:
            return bytes(out)


def text(value: str) -> bytes:
    """A string with its two bytes of length before it."""
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def publish_0(topic: bytes, body: bytes) -> bytes:
    """A QoS 0 PUBLISH; `topic` already has its length before it, as `text` makes it."""
    return b"\x30" + remaining(len(topic) + len(body)) + topic + body


class Wire(asyncio.Protocol):
    """One connection; `heard(topic, body)` is called for each message, in order."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._left = b""
        self._transport: asyncio.Transport | None = None
        self._packet_id = 0
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._granted: dict[int, asyncio.Future[None]] = {}
        self.unacked = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.room = asyncio.Event()
        self.room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """The broker went away: whoever waits on `lost` learns it."""
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        """The broker reads slower than we write."""
        self.room.clear()

    def resume_writing(self) -> None:
        """The broker caught up."""
        self.room.set()

    def write(self, packets: bytes) -> None:
        """Send packets made elsewhere."""
        assert self._transport is not None
        self.bytes_out += len(packets)
        self._transport.write(packets)

    def publish_1(self, topic: str, body: bytes) -> None:
        """Send one QoS 1 PUBLISH; its PUBACK is counted, not awaited."""
        self.unacked += 1
        head = text(topic) + self._next_id().to_bytes(2, "big")
        self.write(b"\x32" + remaining(len(head) + len(body)) + head + body)

    async def subscribe(self, *filters: str) -> None:
        """Subscribe with QoS 1 and wait for the broker's word."""
        packet_id = self._next_id()
        granted = self._granted[packet_id] = asyncio.get_running_loop().create_future()
        rest = packet_id.to_bytes(2, "big") + b"".join(text(one) + b"\x01" for one in filters)
        self.write(b"\x82" + remaining(len(rest)) + rest)
        await granted

    def close(self) -> None:
        """Say goodbye."""
        self.write(b"\xe0\x00")
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Cut the stream into packets and act on each."""
        self.bytes_in += len(data)
        data = self._left + data if self._left else data
        at, size = 0, len(data)
        while at < size:
            length, shift, body = 0, 0, at + 1
            while body < size and data[body] & 128:
                length |= (data[body] & 127) << shift
                shift, body = shift + 7, body + 1
            if body >= size:
                break
            length |= data[body] << shift
            body += 1
            if body + length > size:
                break
            self._packet(data[at], data[body : body + length])
            at = body + length
        self._left = data[at:]

    def _packet(self, head: int, rest: bytes) -> None:
        match head & 0xF0:
            case 0x30:
                end = 2 + int.from_bytes(rest[:2], "big")
                body = end
                if head & 0x06:
                    body += 2
                    self.write(b"\x40\x02" + rest[end:body])
                self._heard(rest[2:end].decode(), rest[body:])
            case 0x40:
                self.unacked -= 1
            case 0x20:
                if rest[1]:
                    self.connected.set_exception(
                        RefusedError(f"the broker refused the connection: code {rest[1]}")
                    )
                else:
                    self.connected.set_result(None)
            case 0x90:
                granted = self._granted.pop(int.from_bytes(rest[:2], "big"))
                if 0x80 in rest[2:]:
                    granted.set_exception(RefusedError("the broker does not grant the topics"))
                else:
                    granted.set_result(None)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % MAX_PACKET_ID + 1
        return self._packet_id


async def connect(broker: Broker | int, client_id: str, heard: Heard) -> Wire:
    """Open a clean session without keep-alive; a number is a port on loopback.

    Raises:
        OSError: nobody listens there, or the broker says no.
        TimeoutError: it says nothing.
    """
    at = Broker(broker) if isinstance(broker, int) else broker
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(heard), at.host, at.port, ssl=at.tls)
    flags = 2 | (0x80 if at.user is not None else 0) | (0x40 if at.password is not None else 0)
    rest = text("MQTT") + bytes((4, flags, 0, 0)) + text(client_id)
    rest += b"".join(text(word) for word in (at.user, at.password) if word is not None)
    wire.write(b"\x10" + remaining(len(rest)) + rest)
    await asyncio.wait_for(wire.connected, CONNECT_S)
    return wire
