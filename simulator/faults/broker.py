"""A broker that keeps sessions, queues and wills, without sockets; it may lose what it keeps.

It speaks in whole messages; who is at the other end, and how messages get there, is a `Peer`'s
affair. QoS 1 is at least once: what was not confirmed is handed over again on the next connection.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from simulator.faults.packets import Message

MAX_QUEUED = 1_000


class Peer(Protocol):
    """One connection of a client."""

    def deliver(self, message: Message, mid: int, *, dup: bool) -> None:
        """Hand a message over; `mid` is 0 for QoS 0."""
        ...

    def drop(self) -> None:
        """The broker has ended the connection."""
        ...


class Session:
    """What the broker knows of one client."""

    def __init__(self, client: str, now_s: Callable[[], float]) -> None:
        self.client = client
        self.filters: list[str] = []
        self.peer: Peer | None = None
        self.persistent = False
        self.will: Message | None = None
        self.queue: deque[Message] = deque()
        self.in_flight: dict[int, Message] = {}
        self._wanted: dict[str, bool] = {}
        self._mid = 0
        self._now_s = now_s

    def wants(self, topic: str) -> bool:
        """Whether a filter matches."""
        found = self._wanted.get(topic)
        if found is None:
            found = self._wanted[topic] = any(matches(one, topic) for one in self.filters)
        return found

    def listen(self, filters: Iterable[str]) -> None:
        """Hear these topics from now on, and no others."""
        self.filters = list(filters)
        self._wanted.clear()

    def push(self, message: Message) -> None:
        """Deliver now, or keep for later when the session allows it."""
        if self.peer is not None:
            self._send(message)
        elif self.persistent and message.qos and len(self.queue) < MAX_QUEUED:
            self.queue.append(message)

    def confirmed(self, mid: int) -> None:
        """The client has the message."""
        self.in_flight.pop(mid, None)

    def catch_up(self) -> None:
        """After a connect: what is unconfirmed again, then what was kept."""
        assert self.peer is not None, "somebody has connected"
        for mid, message in list(self.in_flight.items()):
            self.peer.deliver(message, mid, dup=True)
        kept, self.queue = self.queue, deque()
        for message in kept:
            if message.expires_s is None or message.expires_s > self._now_s():
                self._send(message)

    def _send(self, message: Message) -> None:
        assert self.peer is not None, "somebody is connected"
        if not message.qos:
            self.peer.deliver(message, 0, dup=False)
            return
        self._mid = self._mid % 65_535 + 1
        self.in_flight[self._mid] = message
        self.peer.deliver(message, self._mid, dup=False)


class Broker:
    """Sessions and retained messages; a restart ends all connections."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.up = True
        self.sessions: dict[str, Session] = {}
        self._retained: dict[str, Message] = {}
        self._now_s = now_s

    def connect(
        self, client: str, peer: Peer, *, clean: bool, will: Message | None = None
    ) -> tuple[Session, bool]:
        """Let a client in; a connection it still has is ended. Also: was there a session?"""
        old = self.sessions.get(client)
        if old is not None and old.peer is not None:
            self.lose(old, old.peer)
        known = old is not None and old.persistent and not clean
        session = old if known and old is not None else Session(client, self._now_s)
        session.persistent = not clean
        session.peer = peer
        session.will = will
        self.sessions[client] = session
        return session, known

    def subscribe(self, session: Session, filters: Iterable[str]) -> None:
        """Hear these topics from now on; retained messages come at once."""
        session.listen(filters)
        for topic, message in self._retained.items():
            if session.wants(topic):
                session.push(message)

    def publish(self, message: Message) -> None:
        """Hand a message to everyone who wants it."""
        if message.retain:
            self._retained[message.topic] = message
        for session in list(self.sessions.values()):
            if session.wants(message.topic):
                session.push(message)

    def leave(self, session: Session, peer: Peer) -> None:
        """A client says goodbye: no will."""
        if session.peer is peer:
            session.will = None
            self.lose(session, peer)

    def lose(self, session: Session, peer: Peer) -> None:
        """A connection has ended; its will is published."""
        if session.peer is not peer:
            return
        session.peer = None
        peer.drop()
        if not session.persistent:
            self.sessions.pop(session.client, None)
        will, session.will = session.will, None
        if will is not None and self.up:
            self.publish(will)

    def go_down(self, *, keeps_sessions: bool) -> None:
        """Stop, with all connections; without its sessions everything kept is lost."""
        self.up = False
        for session in list(self.sessions.values()):
            if session.peer is not None:
                self.lose(session, session.peer)
        if not keeps_sessions:
            self.sessions.clear()
            self._retained.clear()

    def come_up(self) -> None:
        """Take connections again."""
        self.up = True


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic filter of MQTT fits a topic; patterns end in at most one `#`."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        one in {"+", level} for one, level in zip(wanted, levels, strict=True)
    )
