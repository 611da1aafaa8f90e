"""One MQTT connection that several virtual devices share, as behind a radio gateway."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from random import Random

import aiomqtt

from simulator.ledger import Ledger
from simulator.options import FleetOptions

MAX_WAITING = 20_000
SUBSCRIBE_AT_ONCE = 40
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0


class Link:
    """Keeps a session alive through every loss of the broker; nothing with QoS 1 is given up.

    Topics go without the root. A QoS 0 message is dropped while the link is down, as a radio
    does; a QoS 1 message waits, and is sent again when its PUBACK did not come.
    """

    def __init__(
        self, options: FleetOptions, number: int, hear: Callable[[str, bytes], None], ledger: Ledger
    ) -> None:
        self._options = options
        self._name = f"{options.client_prefix}-{options.seed}-{number}"
        self._root = f"s110/v1/{options.district.id}/"
        self._hear = hear
        self._ledger = ledger
        self._rng = Random(f"link:{options.seed}:{number}")
        self._waiting: deque[tuple[str, bytes, int]] = deque()
        self._awake = asyncio.Event()
        self._topics: list[str] = []
        self.up = asyncio.Event()
        self.over = False
        self.came_back: Callable[[], None] = lambda: None

    def subscribe(self, topics: Sequence[str]) -> None:
        """Listen to these from the next connection on."""
        self._topics.extend(topics)

    def say(self, topic: str, body: bytes, qos: int) -> None:
        """Hand over for sending; never blocks."""
        if qos == 0 and not self.up.is_set():
            return
        if len(self._waiting) >= MAX_WAITING:
            self._ledger.dropped += 1
            return
        self._waiting.append((topic, body, qos))
        self._awake.set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self) -> None:
        """Connect, talk, reconnect with growing, scattered waits; until cancelled."""
        wait_s, connected_before = FIRST_WAIT_S, False
        while True:
            try:
                async with self._client() as client:
                    await self._listen(client)
                    wait_s = FIRST_WAIT_S
                    self.up.set()
                    if connected_before:
                        self._ledger.reconnects += 1
                        self.came_back()
                    connected_before = True
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._receive(client), name=f"{self._name} receives")
                        group.create_task(self._publish(client), name=f"{self._name} publishes")
            except* aiomqtt.MqttError:
                # Every loss of the broker ends here; the loop is the remedy.
                pass
            finally:
                self.up.clear()
            if self.over:
                # The farewell failed as well, and its error hid the cancellation.
                return
            await asyncio.sleep(wait_s * self._rng.uniform(0.5, 1.5))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _client(self) -> aiomqtt.Client:
        options = self._options
        return aiomqtt.Client(
            options.host,
            options.port,
            username=options.username,
            password=options.password,
            identifier=self._name,
            clean_session=not options.persistent,
            keepalive=30,
            timeout=10,
            # Without it Nagle's algorithm holds a button's message back for 40 ms.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    async def _listen(self, client: aiomqtt.Client) -> None:
        for first in range(0, len(self._topics), SUBSCRIBE_AT_ONCE):
            some = self._topics[first : first + SUBSCRIBE_AT_ONCE]
            await client.subscribe([(self._root + topic, 1) for topic in some])

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._hear(message.topic.value.removeprefix(self._root), message.payload)

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            while self._waiting:
                topic, body, qos = self._waiting[0]
                await client.publish(self._root + topic, body, qos=qos)
                self._waiting.popleft()
            self._awake.clear()
            await self._awake.wait()
