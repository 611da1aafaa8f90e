"""The devices' side: each device of the simulator behind its own bad connection to the broker."""

from collections.abc import Callable
from random import Random

from dispatch.words import ResponderKind
from simulator.agenda import Agenda, Deed
from simulator.devices import Device, World
from simulator.faults.broker import Broker, Session
from simulator.faults.clock import START_MS
from simulator.faults.packets import Message
from simulator.ledger import Ledger
from simulator.options import Habits

Later = Callable[[float, Callable[[float], None]], None]
GIVES_UP_S = 4.0
"""A confirmation that does not come for so long ends the connection; then all is sent again."""
HABITS = Habits(
    refuse=0.1,
    silent=0.15,
    accept_after_s=(0.3, 6.0),
    turnout_s=(0.5, 4.0),
    on_scene_s=(3.0, 25.0),
    alarm_retry_s=(2.0, 12.0),
)


class Street:
    """What all terminals share."""

    def __init__(
        self, root: str, broker: Broker, later: Later, now_s: Callable[[], float], seed: int
    ) -> None:
        self.root = root
        self.broker = broker
        self.later = later
        self.now_s = now_s
        self.seed = seed
        self.ledger = Ledger()


class _Woken(Agenda):
    """An agenda that asks to be run when something is due."""

    def __init__(self, street: Street) -> None:
        super().__init__()
        self._street = street
        self.now_s = street.now_s()

    def at(self, due_s: float, deed: Deed) -> None:
        """Enter a deed."""
        super().at(due_s, deed)
        self._street.later(max(0.0, due_s - self._street.now_s()), self.run)


class Terminal:
    """One device with its link: messages may be lost, doubled, late, out of order; QoS 1 repeats.

    A lost message or confirmation is noticed after a while and ends the connection. What was not
    confirmed is sent again on the next one, in the order it was first said.
    """

    def __init__(self, street: Street, kind: ResponderKind, name: str) -> None:
        self.street = street
        self.kind = kind
        self.name = name
        self.boots = 0
        self.ahead_s = 0.0
        self.cut_until_s = 0.0
        self.lose = self.double = self.delay_s = 0.0
        self.unconfirmed: dict[int, tuple[str, bytes]] = {}
        self.session: Session | None = None
        self._rng = Random(f"terminal:{street.seed}:{name}")
        self._number = 0
        self._connection = 0
        self._been_up = False
        self.start()

    def start(self) -> None:
        """A device without memory; its ids begin with a new word, as its contract asks."""
        self.boots += 1
        self.agenda = _Woken(self.street)
        self.world = World(
            agenda=self.agenda,
            ledger=self.street.ledger,
            habits=HABITS,
            say=self.say,
            now_s=self.street.now_s,
            start_ms=START_MS + int(self.ahead_s * 1000),
            run=f"{self.name}b{self.boots}",
            seed=self.street.seed * 100 + self.boots,
        )
        self.device = Device(self.world, self.kind, self.name)
        self.unconfirmed.clear()
        self._been_up = False
        self.hang_up()
        self.street.later(0.05, self._connect)

    def jump(self, by_s: float) -> None:
        """The device's clock is set, rightly or wrongly."""
        self.ahead_s += by_s
        self.world.start_ms = START_MS + int(self.ahead_s * 1000)

    # Connecting

    def _connect(self, now_s: float) -> None:
        if self.session is not None:
            return
        broker = self.street.broker
        if not broker.up or self.cut_until_s > now_s:
            self.street.later(self._rng.uniform(0.3, 1.5), self._connect)
            return
        session, _ = broker.connect(self.name, self, clean=False)
        self.session = session
        root = self.street.root
        broker.subscribe(
            session,
            [f"{root}{self.kind}/{self.name}/{word}" for word in ("order", "receipt", "reject")],
        )
        session.catch_up()
        for number in list(self.unconfirmed):
            self._transmit(number)
        if self._been_up:
            self.device.resay(now_s)
        self._been_up = True

    def hang_up(self) -> None:
        """End the connection from this side."""
        if self.session is not None:
            self.street.broker.lose(self.session, self)

    def drop(self) -> None:
        """The connection is gone; a new one is tried soon."""
        self.session = None
        self._connection += 1
        self.street.later(self._rng.uniform(0.3, 2.0), self._connect)

    # Saying

    def say(self, _device: str, topic: str, body: bytes, _qos: int) -> None:
        """Hand a message to the link; it stays until it is confirmed."""
        self._number += 1
        self.unconfirmed[self._number] = (topic, body)
        if self.session is not None:
            self._transmit(self._number)

    def _transmit(self, number: int) -> None:
        copies = 1 + (self._rng.random() < self.double)
        for _ in range(copies):
            self._carry(lambda: self._reached(number))

    def _reached(self, number: int) -> None:
        """The broker has the message, and confirms it."""
        said = self.unconfirmed.get(number)
        if said is None:
            return
        topic, body = said
        self.street.broker.publish(Message(self.street.root + topic, body))
        self._carry(lambda: self.unconfirmed.pop(number, None))

    # Hearing

    def deliver(self, message: Message, mid: int, *, dup: bool) -> None:  # noqa: ARG002 - a peer
        """A message from the broker sets out for the device."""
        session, boot = self.session, self.boots
        if session is None:
            return

        def arrive() -> None:
            if boot == self.boots:
                word = message.topic.rpartition("/")[2]
                self.device.hear(word, message.payload, self.street.now_s())
                self._carry(lambda: session.confirmed(mid))

        for _ in range(1 + (self._rng.random() < self.double)):
            self._carry(arrive)

    def _carry(self, deed: Callable[[], object]) -> None:
        """Have something done at the other end of this connection, if it gets there."""
        connection, street = self._connection, self.street
        if self._rng.random() < self.lose:
            street.later(GIVES_UP_S, lambda _: self._give_up(connection))
            return

        def arrive(now_s: float) -> None:
            if connection != self._connection:
                return
            if self.cut_until_s > now_s:
                street.later(GIVES_UP_S, lambda _: self._give_up(connection))
                return
            deed()

        street.later(self._rng.uniform(0.005, 0.08 + self.delay_s), arrive)

    def _give_up(self, connection: int) -> None:
        if connection == self._connection:
            self.hang_up()
