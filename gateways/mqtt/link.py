"""One MQTT connection of the engine that outlives every loss of its broker, over gmqtt.

Read in gmqtt's source and relied on here: its own reconnecting cannot back off and gives up for
good after a refusal, its delayed PUBACK costs a task for every message and may answer on a later
connection for a message of an earlier one, and its packet ids run out at the broker's receive
maximum. So each connection is a new client, a PUBACK belongs to the connection that brought its
message, and publishes wait for room.
"""

import asyncio
import random
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import gmqtt
import msgspec
import structlog
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError
from gmqtt.storage import PersistentStorage

from gateways.mqtt.encode import Outgoing

log = structlog.get_logger(__name__)

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 15.0
GOOD_AFTER_S = 5.0
"""A connection that lasted this long makes the next wait short again."""
ANSWER_WITHIN_S = 10.0
"""A broker that has not answered CONNECT or SUBSCRIBE by then is left."""
KEEPALIVE_S = 10
MAX_WAITING = 20_000
"""Letters that may wait for room or for a broker; above it the oldest is dropped and counted."""
MAX_IN_FLIGHT = 2_000
"""Publishes without PUBACK; fewer when the broker says so."""
MAX_UNACKED_IN = 2_000
"""Messages of QoS 1 that the broker may have handed over without our PUBACK."""
SESSION_KEPT_S = 7 * 86_400
LARGEST_PACKET = 4 * 1024 * 1024
PUBLISH_QOS_0 = 0x30
"""The first byte of such a packet, but for its retain flag and what QoS 0 leaves unset."""
NEVER_BY_ITSELF = -2
"""The number of retries at which gmqtt leaves reconnecting to us."""

Ack = Callable[[], None]
Hear = Callable[[str, bytes, dict[str, Any], Ack], None]


class MqttOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and how to be let in; `version` is `5` or `3.1.1`.

    `ca`, `certificate` and `key` are PEM files; any of the first makes the connection TLS.
    """

    host: str
    port: int
    client_id: str
    version: str = "5"
    user: str | None = None
    password: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None

    def find_tls(self) -> ssl.SSLContext | None:
        """The TLS settings, or None for a plain connection."""
        if self.ca is None and self.certificate is None:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """As whom to connect and what to hear; `persistent` keeps the session over a restart."""

    client_id: str
    topics: Sequence[str]
    qos: int
    persistent: bool
    will: Outgoing | None = None


class _InFlight(PersistentStorage):  # type: ignore[misc]  # gmqtt is untyped
    """Tells the link which packet was sent and which was acked; the link itself remembers."""

    def __init__(self, acked: Callable[[int], None]) -> None:
        super().__init__()
        self.newest = 0
        self._acked = acked

    def push_message(self, mid: int, raw_package: bytes) -> None:  # noqa: ARG002 - gmqtt's names
        self.newest = mid

    def remove_message_by_mid(self, mid: int) -> None:
        self._acked(mid)

    def clear(self) -> None:
        """Nothing is kept here."""


class Link:
    """Connects, subscribes, hears, publishes; until stopped."""

    def __init__(
        self, broker: MqttOptions, listening: Listening, hear: Hear, came_up: Callable[[], None]
    ) -> None:
        self._broker = broker
        self._tls = broker.find_tls()
        self._listening = listening
        self._hear = hear
        self._came_up = came_up
        self._client: Any = None
        self._storage: Any = None
        self._window = MAX_IN_FLIGHT
        self._in_flight: dict[int, Outgoing] = {}
        self._waiting: deque[Outgoing] = deque()
        self._lost = asyncio.Event()
        self._drained = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self.up = asyncio.Event()
        self.connects = 0
        self.dropped = 0

    @property
    def unacked(self) -> int:
        """Publishes that the broker has not confirmed yet, sent or waiting."""
        return len(self._in_flight) + len(self._waiting)

    def start(self) -> None:
        """Begin connecting."""
        self._task = asyncio.create_task(self._run(), name=self._listening.client_id)

    async def stop(self, within_s: float = 2.0) -> None:
        """Wait a moment for what is unconfirmed, say goodbye, end."""
        try:
            async with asyncio.timeout(within_s):
                while self.up.is_set() and self.unacked:
                    self._drained.clear()
                    await self._drained.wait()
        except TimeoutError:
            log.warning("mqtt_left_unconfirmed", letters=self.unacked)
        self._stopping = True
        self.up.clear()
        if self._client is not None:
            await self._leave(self._client)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def publish(self, outgoing: Outgoing) -> None:
        """Send now, or as soon as there is a connection and room; never blocks.

        Without a connection an owed letter is let go: its outbox hands it over again.
        """
        if self.up.is_set() and not self._waiting and len(self._in_flight) < self._window:
            self._send(outgoing)
            return
        if outgoing.owed and not self.up.is_set():
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(outgoing)

    def hold_reading(self, hold: bool) -> None:
        """Let the broker wait, by way of TCP, while too much is being decided; and go on."""
        transport = self._transport()
        if transport is None:
            return
        if hold:
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _transport(self) -> Any:
        connection = getattr(self._client, "_connection", None)
        if connection is None or connection.is_closing():
            return None
        return connection._transport  # noqa: SLF001 - gmqtt offers no flow control for reading

    def _send(self, outgoing: Outgoing) -> None:
        message = gmqtt.Message(
            outgoing.topic,
            outgoing.payload,
            qos=outgoing.qos,
            retain=outgoing.retain,
            **outgoing.properties,
        )
        self._client.publish(message)
        self._in_flight[self._storage.newest] = outgoing

    def _acked(self, mid: int) -> None:
        self._in_flight.pop(mid, None)
        while self._waiting and self.up.is_set() and len(self._in_flight) < self._window:
            self._send(self._waiting.popleft())
        if not self._in_flight and not self._waiting:
            self._drained.set()

    async def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began_s = loop.time()
            try:
                await self._connect()
                await self._lost.wait()
                log.warning("mqtt_connection_lost", client=self._listening.client_id)
            except (OSError, TimeoutError, MQTTConnectError, ConnectionError) as error:
                log.warning("mqtt_not_connected", error=str(error) or type(error).__name__)
            finally:
                self._forget_connection()
            if loop.time() - began_s > GOOD_AFTER_S:
                wait_s = FIRST_WAIT_S
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _connect(self) -> None:
        self._lost.clear()
        self._storage = _InFlight(self._acked)
        subscribed: asyncio.Future[Sequence[int]] = asyncio.get_running_loop().create_future()
        self._client = client = self._make_client(subscribed)
        broker = self._broker
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await client.connect(
                broker.host,
                broker.port,
                ssl=self._tls or False,
                keepalive=KEEPALIVE_S,
                version=MQTTv50 if broker.version == "5" else MQTTv311,
            )
            listening = self._listening
            client.subscribe([gmqtt.Subscription(t, qos=listening.qos) for t in listening.topics])
            granted = await subscribed
        if any(code >= 0x80 for code in granted):
            raise ConnectionError(f"the broker refused subscriptions of {listening.client_id}")
        self._window = _find_window(client)
        self.connects += 1
        self.up.set()
        log.info("mqtt_connected", client=listening.client_id)
        self._came_up()
        while self._waiting and len(self._in_flight) < self._window:
            self._send(self._waiting.popleft())

    def _make_client(self, subscribed: "asyncio.Future[Sequence[int]]") -> Any:
        listening, broker = self._listening, self._broker
        will = listening.will
        client = gmqtt.Client(
            listening.client_id,
            clean_session=not listening.persistent,
            optimistic_acknowledgement=False,
            will_message=will
            and gmqtt.Message(will.topic, will.payload, qos=will.qos, retain=will.retain),
            persistent_storage=self._storage,
            session_expiry_interval=SESSION_KEPT_S if listening.persistent else 0,
            receive_maximum=MAX_UNACKED_IN,
            maximum_packet_size=LARGEST_PACKET,
        )
        client.set_config({"reconnect_retries": NEVER_BY_ITSELF})
        if broker.user is not None:
            client.set_auth_credentials(broker.user, broker.password)

        def answered(_client: Any, _mid: int, granted: Sequence[int], _properties: Any) -> None:
            if not subscribed.done():
                subscribed.set_result(granted)

        def heard(
            _client: Any, topic: str, payload: bytes, _qos: int, properties: dict[str, Any]
        ) -> None:
            self._hear(topic, payload, properties, _no_ack)

        client.on_subscribe = answered
        client.on_message = heard
        client.on_disconnect = lambda *_: self._on_lost(client)
        handler = client._package_handler  # noqa: SLF001 - the only place a PUBACK can be held back
        assert callable(handler._handle_qos_1_publish_packet), "gmqtt as it was read"  # noqa: SLF001
        handler._handle_qos_1_publish_packet = partial(self._hear_qos_1, client)  # noqa: SLF001
        if listening.qos == 0:
            _read_tracks_directly(handler, self._hear, v5=broker.version == "5")
        return client

    def _hear_qos_1(
        self, client: Any, mid: int, payload: bytes, topic: str, properties: dict[str, Any]
    ) -> None:
        self._hear(topic, payload, properties, partial(self._ack, client, mid))

    def _ack(self, client: Any, mid: int) -> None:
        """PUBACK, unless the connection that brought the message is gone: then it comes again."""
        if client is self._client and self._transport() is not None:
            client._package_handler._send_puback(mid)  # noqa: SLF001 - see above

    def _on_lost(self, client: Any) -> None:
        if client is self._client:
            self.up.clear()
            self._lost.set()
            self._drained.set()

    def _forget_connection(self) -> None:
        self.up.clear()
        transport = self._transport()
        if transport is not None:
            transport.abort()
        self._client = None
        unconfirmed = [each for each in self._in_flight.values() if not each.owed]
        kept = [each for each in self._waiting if not each.owed]
        self._in_flight.clear()
        self._waiting = deque([*unconfirmed, *kept], maxlen=None)

    async def _leave(self, client: Any) -> None:
        try:
            async with asyncio.timeout(1.0):
                await client.disconnect()
        except (OSError, TimeoutError, AttributeError) as error:
            log.info("mqtt_left_abruptly", error=str(error))


def _read_tracks_directly(handler: Any, hear: Hear, *, v5: bool) -> None:
    """Let plain QoS 0 messages pass gmqtt's general way: ten thousand come every second.

    What has properties, another QoS or no topic takes the library's own way.
    """
    general = handler._handle_packet  # noqa: SLF001 - gmqtt has no door for this
    no_properties: dict[str, Any] = {}

    def handle(command: int, packet: bytes) -> None:
        if command & 0xF6 == PUBLISH_QOS_0:
            ends = 2 + (packet[0] << 8) + packet[1]
            if ends > 2 and (not v5 or packet[ends] == 0):
                handler._last_msg_in = time.monotonic()  # noqa: SLF001 - what keep-alive looks at
                topic = packet[2:ends].decode("utf-8", "replace")
                hear(topic, packet[ends + v5 :], no_properties, _no_ack)
                return
        general(command, packet)

    handler._handle_packet = handle  # noqa: SLF001


def _no_ack() -> None:
    """A message of QoS 0 expects no answer."""


def _find_window(client: Any) -> int:
    """How many publishes may be unconfirmed: gmqtt raises at the broker's maximum."""
    # Its public properties hide the broker's answer behind what we asked for ourselves.
    told = client._package_handler._connack_properties.get("receive_maximum")  # noqa: SLF001
    most = told[0] if told else MAX_IN_FLIGHT
    return int(max(1, min(MAX_IN_FLIGHT, most - 1)))
