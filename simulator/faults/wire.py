"""The engine's TCP connection to the broker: in order and whole, until it is cut.

A cut holds everything back; when it lasts, each side gives up by its own keep-alive. What was on
its way when an end died arrives up to some point, as after a TCP reset.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Protocol

from simulator.faults import packets
from simulator.faults.broker import Broker, Session
from simulator.faults.packets import Message, Packet

Later = Callable[[float, Callable[[float], None]], None]


class Witness(Protocol):
    """Who looks at everything the engine says, in the moment it says it."""

    def engine_sent(self, message: Message) -> None:
        """The engine wrote a publish."""
        ...

    def engine_acked(self, message: Message) -> None:
        """The engine confirmed what the broker handed over."""
        ...


class Net:
    """What every connection of the engine shares: time, chance, the broker, cuts."""

    def __init__(
        self,
        broker: Broker,
        later: Later,
        now_s: Callable[[], float],
        rng: Random,
        *,
        witness: Witness,
        at_point: Callable[[str], bool],
    ) -> None:
        self.broker = broker
        self.later = later
        self.now_s = now_s
        self.rng = rng
        self.witness = witness
        self.at_point = at_point
        self.cut_until_s = 0.0
        self.window = 1_000
        self.sockets: list[EngineSocket] = []

    def dial(self, protocol: asyncio.Protocol, loop: asyncio.AbstractEventLoop) -> "EngineSocket":
        """A new connection. Raises ConnectionRefusedError when nobody listens."""
        if not self.broker.up or self.cut_until_s > self.now_s():
            raise ConnectionRefusedError("the broker cannot be reached")
        socket = EngineSocket(self, protocol, loop)
        self.sockets.append(socket)
        return socket

    def engine_died(self) -> None:
        """The engine's machine is gone; so are its connections."""
        for socket in self.sockets:
            socket.die()
        self.sockets.clear()


class Lane:
    """One direction of a connection: what goes in comes out later, in order."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._last_s = 0.0
        self.dead_after: int | None = None
        self._sent = 0

    def send(self, deed: Callable[[], None]) -> None:
        """Have `deed` done at the other end."""
        net = self._net
        self._sent += 1
        number = self._sent
        due_s = max(net.now_s(), self._last_s) + net.rng.uniform(0.0002, 0.02)
        self._last_s = max(due_s, net.cut_until_s)

        def arrive(now_s: float) -> None:
            if self.dead_after is not None and number > self.dead_after:
                return
            if net.cut_until_s > now_s:
                net.later(net.cut_until_s - now_s, arrive)
                return
            deed()

        net.later(self._last_s - net.now_s(), arrive)

    def die(self) -> None:
        """Of what is on its way, only the first part may still arrive."""
        self.dead_after = self._net.rng.randint(max(0, self._sent - 5), self._sent)


class EngineSocket(asyncio.Transport):
    """The engine's end of a connection, and the broker's side of it."""

    def __init__(
        self, net: Net, protocol: asyncio.Protocol, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__()
        self._net = net
        self._protocol: Any = protocol
        self._loop = loop
        self._closing = False
        self._paused = False
        self._held: deque[bytes] = deque()
        self._up, self._down = Lane(net), Lane(net)
        self._heard_s = net.now_s()
        self._keepalive_s = 0
        self._v5 = True
        self.session: Session | None = None
        self.dead = False

    # The engine's side, as asyncio wants it

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """Send; each packet is shown to the witness at once."""
        if self._closing:
            return
        for packet in packets.split(bytes(data)):
            if self.dead:
                return
            self._show(packet)
            self._up.send(partial(self._take, packet))

    def _show(self, packet: Packet) -> None:
        net = self._net
        if packet.kind == packets.PUBLISH:
            message, _ = packets.read_publish(packet, net.now_s(), v5=self._v5)
            net.witness.engine_sent(message)
            net.at_point("sent")
        elif packet.kind == packets.CONNECT:
            self._v5 = packets.read_connect(packet.body).v5
        elif packet.kind == packets.SUBSCRIBE:
            net.at_point("subscribed")
        elif packet.kind == packets.PUBACK and self.session is not None:
            confirmed = self.session.in_flight.get(packets.read_mid(packet.body))
            if confirmed is not None:
                net.witness.engine_acked(confirmed)
            net.at_point("acked")

    def close(self) -> None:
        """Say goodbye, then end."""
        if not self._closing:
            self._up.send(self._hung_up)
            self._ended(None)

    def abort(self) -> None:
        """End at once."""
        self.close()

    def is_closing(self) -> bool:
        """Whether this end is closed."""
        return self._closing

    def pause_reading(self) -> None:
        """Hold back what comes."""
        self._paused = True

    def resume_reading(self) -> None:
        """Go on."""
        self._paused = False
        while self._held:
            self._loop.call_soon(self._protocol.data_received, self._held.popleft())

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        """Nothing to tell."""
        return default

    def die(self) -> None:
        """The machine at this end lost power, or its process ended."""
        self.dead = self._closing = True
        self._up.die()
        self._net.later(self._net.rng.uniform(0.001, 0.05), lambda _: self._hung_up())

    def _ended(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, error)

    # The broker's side

    def _take(self, packet: Packet) -> None:
        if self.session is not None and self.session.peer is not self:
            return
        self._heard_s = self._net.now_s()
        broker = self._net.broker
        match packet.kind:
            case packets.CONNECT:
                self._welcome(packets.read_connect(packet.body))
            case packets.SUBSCRIBE if self.session is not None:
                mid, filters = packets.read_subscribe(packet.body, v5=self._v5)
                self._reply(packets.write_suback(mid, len(filters), v5=self._v5))
                broker.subscribe(self.session, filters)
            case packets.PUBLISH if self.session is not None:
                message, mid = packets.read_publish(packet, self._net.now_s(), v5=self._v5)
                if message.qos:
                    self._reply(packets.write_puback(mid))
                broker.publish(message)
            case packets.PUBACK if self.session is not None:
                self.session.confirmed(packets.read_mid(packet.body))
            case packets.PINGREQ:
                self._reply(packets.write(packets.PINGRESP, 0, b""))
            case packets.DISCONNECT if self.session is not None:
                broker.leave(self.session, self)
            case _:
                pass

    def _welcome(self, told: packets.Connect) -> None:
        if not self._net.broker.up:
            self.drop()
            return
        self._keepalive_s = told.keepalive_s
        self.session, known = self._net.broker.connect(
            told.client, self, clean=told.clean, will=told.will
        )
        window = self._net.window
        self._reply(
            packets.write_connack(v5=self._v5, session_present=known, receive_maximum=window)
        )
        self.session.catch_up()
        self._watch(self._net.now_s())

    def _watch(self, now_s: float) -> None:
        """The broker gives up on a client that is silent for one and a half keep-alives."""
        if self.session is None or self.session.peer is not self or not self._keepalive_s:
            return
        left_s = self._heard_s + 1.5 * self._keepalive_s - now_s
        if left_s <= 0:
            self._net.broker.lose(self.session, self)
        else:
            self._net.later(left_s + 0.001, self._watch)

    def _hung_up(self) -> None:
        if self.session is not None:
            self._net.broker.lose(self.session, self)

    def deliver(self, message: Message, mid: int, *, dup: bool) -> None:
        """A message for the engine."""
        self._reply(packets.write_publish(message, mid, dup=dup, v5=self._v5))

    def drop(self) -> None:
        """The broker's end is closed; the engine learns it when the network lets it."""
        self._down.send(lambda: self._ended(ConnectionResetError("closed by the broker")))

    def _reply(self, data: bytes) -> None:
        at = len(data)
        if self._net.rng.random() < 0.1:
            at = self._net.rng.randrange(1, len(data))
        for piece in (data[:at], data[at:]):
            if piece:
                self._down.send(partial(self._hear, piece))

    def _hear(self, data: bytes) -> None:
        if self._closing:
            return
        if self._paused:
            self._held.append(data)
        else:
            self._loop.call_soon(self._protocol.data_received, data)
