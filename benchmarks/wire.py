"""A bare MQTT 3.1.1 client for load: it costs so little that the measured side stays the subject.

Only what a load generator needs: CONNECT, SUBSCRIBE, PUBLISH of QoS 0 and 1 both ways, PUBACK.
"""

import asyncio
from collections.abc import Callable
from typing import cast

Heard = Callable[[str, bytes], None]
MAX_PACKET_ID = 65_535


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
                assert rest[1] == 0, f"the broker refused the connection: code {rest[1]}"
                self.connected.set_result(None)
            case 0x90:
                self._granted.pop(int.from_bytes(rest[:2], "big")).set_result(None)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % MAX_PACKET_ID + 1
        return self._packet_id


async def connect(port: int, client_id: str, heard: Heard) -> Wire:
    """Open a clean session without keep-alive on a loopback broker."""
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(heard), "127.0.0.1", port)
    rest = text("MQTT") + b"\x04\x02\x00\x00" + text(client_id)
    wire.write(b"\x10" + remaining(len(rest)) + rest)
    await asyncio.wait_for(wire.connected, 10)
    return wire
