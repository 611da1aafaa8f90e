"""Connections: bytes in, frames out; never more of either than a named limit."""

import asyncio
from collections import deque
from typing import Protocol, cast

from gateways.devices.jt808.frame import Splitter

MOST_WAITING = 256 << 10
"""Bytes that may wait for a terminal that does not read; above it, the connection is dropped."""
MOST_JUNK = 64 << 10
"""Bytes outside of frames after which a peer is no terminal."""
FRAMES_AT_ONCE = 32
"""Frames of one connection that are heard before others have their turn."""


class Hearer(Protocol):
    """Who is told of connections and of what comes over them. Times are of the loop's clock."""

    def admit(self, link: "TcpLink") -> bool:
        """Whether there is room for one more."""
        ...

    def hear(self, link: "Link", raw: bytes) -> None:
        """One frame, as it came between its flags."""
        ...

    def lose(self, link: "TcpLink") -> None:
        """The connection has ended."""
        ...


class Link(Protocol):
    """Where answers go."""

    host: str
    bad: int

    def send(self, data: bytes) -> None:
        """Hand over bytes; never blocks."""
        ...

    def close(self) -> None:
        """End it, where it is a connection."""
        ...

    def join(self, identity: str) -> None:
        """A terminal speaks over it."""
        ...

    def leave(self, identity: str) -> None:
        """A terminal speaks over it no longer."""
        ...

    def is_same(self, other: "Link | None") -> bool:
        """Whether a terminal that proved itself over `other` needs no proof here."""
        ...


class TcpLink(asyncio.Protocol):
    """One connection; usually of one terminal, of several where something forwards them."""

    __slots__ = (
        "_hearer",
        "_pieces",
        "_transport",
        "bad",
        "began_s",
        "heard_s",
        "host",
        "splitter",
        "terminals",
        "unfinished_s",
    )

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[bytes] | None = None
        self.splitter = Splitter()
        self.terminals: tuple[str, ...] = ()
        """Identities of those who speak over it."""
        self.host = "-"
        self.bad = 0
        self.began_s = self.heard_s = asyncio.get_running_loop().time()
        self.unfinished_s: float | None = None
        """Since when a frame has begun and not ended."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the peer's address; leave at once where there is no room."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.host = str(peer[0]) if peer else "-"
        if not self._hearer.admit(self):
            self.close()

    def data_received(self, data: bytes) -> None:
        """Frames that are whole now are heard, a few at once."""
        if self._transport is None:
            return
        self.heard_s = asyncio.get_running_loop().time()
        pieces = self.splitter.feed(data)
        if not self.splitter.pending:
            self.unfinished_s = None
        elif pieces or self.unfinished_s is None:
            self.unfinished_s = self.heard_s
        if self.splitter.junk > MOST_JUNK:
            self.close()
            return
        if self._pieces is not None:
            self._pieces.extend(pieces)
            return
        for place, piece in enumerate(pieces):
            if self.is_closing():
                return
            if place == FRAMES_AT_ONCE:
                self._pieces = deque(pieces[place:])
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._hear_more)
                return
            self._hearer.hear(self, piece)

    def is_closing(self) -> bool:
        """Whether nothing more is to be heard over it."""
        return self._transport is None or self._transport.is_closing()

    def _hear_more(self) -> None:
        pieces = self._pieces
        for _ in range(FRAMES_AT_ONCE):
            if not pieces or self.is_closing():
                break
            self._hearer.hear(self, pieces.popleft())
        if self._transport is None or self._transport.is_closing():
            self._pieces = None
        elif pieces:
            asyncio.get_running_loop().call_soon(self._hear_more)
        else:
            self._pieces = None
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why makes no odds
        """Tell that it has ended."""
        self._transport = None
        self._hearer.lose(self)

    def send(self, data: bytes) -> None:
        """Write; a peer that does not read is dropped, and gets what is owed when it is back."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MOST_WAITING:
            transport.abort()
            return
        transport.write(data)

    def close(self) -> None:
        """End the connection once what was written has gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def join(self, identity: str) -> None:
        """A terminal speaks over it."""
        self.terminals = (*self.terminals, identity)

    def leave(self, identity: str) -> None:
        """A terminal speaks over it no longer; with nobody left it ends."""
        self.terminals = tuple(one for one in self.terminals if one != identity)
        if not self.terminals:
            self.close()

    def is_same(self, other: "Link | None") -> bool:
        """Only the connection itself is proved."""
        return self is other


class UdpLink:
    """Where a datagram came from; it costs nothing when it is not kept."""

    __slots__ = ("_address", "_transport", "bad", "host")

    def __init__(self, transport: asyncio.DatagramTransport, address: tuple[str, int]) -> None:
        self._transport = transport
        self._address = address
        self.host = address[0]
        self.bad = 0

    def send(self, data: bytes) -> None:
        """Send a datagram; what cannot be sent is lost, as datagrams are."""
        if not self._transport.is_closing():
            self._transport.sendto(data, self._address)

    def close(self) -> None:
        """There is no connection to end."""

    def join(self, identity: str) -> None:
        """The terminal keeps the address."""

    def leave(self, identity: str) -> None:
        """The terminal forgets the address."""

    def is_same(self, other: "Link | None") -> bool:
        """The same host: carriers change the port of a terminal behind their translation."""
        return isinstance(other, UdpLink) and other.host == self.host


class UdpServer(asyncio.DatagramProtocol):
    """Datagrams of all terminals; each holds whole frames."""

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hear the frames of one datagram."""
        assert self.transport is not None, "made before it receives"
        link = UdpLink(self.transport, (addr[0], addr[1]))
        for piece in Splitter().feed(data)[:FRAMES_AT_ONCE]:
            self._hearer.hear(link, piece)
