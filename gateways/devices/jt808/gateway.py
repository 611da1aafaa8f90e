"""JT/T 808 terminals over TCP and UDP, both on one port; ten thousand of them in one process."""

import asyncio
import resource
from collections import Counter, deque

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Gauge

from dispatch.letters import Letter, NoticeLetter, OrderLetter, Recall
from dispatch.runtime import order_id_of
from dispatch.words import OrderId, ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.jt808.link import Link, TcpLink, UdpLink, UdpServer
from gateways.devices.jt808.talk import Talk
from gateways.devices.jt808.terminal import Terminal
from gateways.devices.osmand.gateway import server_tls
from gateways.devices.registry import Protocol, fold

log = structlog.get_logger(__name__)
TICK_S = 1.0
LOOK_EVERY = 5
"""Ticks between looks at all connections."""
WELCOME_AFTER_S = 0.02
"""Who arrives within so long is looked up in the outbox together."""
BACKLOG = 4_096
FILES_BESIDE = 1_024
"""Files that the engine needs beside the connections of terminals."""
FREE_PORT_TRIES = 20
TOLD_AT_ONCE = 200
"""Terminals that are sent a notice for all before others have their turn."""


class Jt808Options(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, and how patient to be. PEM files put TLS on the TCP side.

    `hands_out_codes`: a registration is answered with the authentication code of the book;
    without, the code is typed into the terminal. `track_every_s`: how often a unit under order
    reports (0: as it likes), asked for `track_for_s` at a time.
    """

    host: str = "127.0.0.1"
    port: int = 6808
    certificate: str | None = None
    key: str | None = None
    udp: bool = True
    hands_out_codes: bool = True
    idle_s: float = 300.0
    prove_within_s: float = 30.0
    frame_within_s: float = 30.0
    max_connections: int = 20_000
    max_per_address: int = 4_000
    max_unproved: int = 4_000
    track_every_s: int = 5
    track_for_s: int = 1_800


class Jt808Gateway:
    """Listens, admits, looks after connections and takes letters; `Talk` knows the protocol."""

    def __init__(
        self, options: Jt808Options, door: DeviceDoor, registry: CollectorRegistry
    ) -> None:
        self._options = options
        self._door = door
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._links: set[TcpLink] = set()
        self._unproved: set[TcpLink] = set()
        self._of_host: Counter[str] = Counter()
        self._talk: Talk | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._welcomes: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._to_tell: deque[tuple[str, Letter]] = deque()
        self._track = (options.track_every_s, options.track_for_s)
        self.port = options.port
        connected = Gauge(
            "street110_jt808_connections", "TCP connections of terminals", registry=registry
        )
        connected.set_function(lambda: len(self._links))

    @property
    def talk(self) -> Talk:
        """The conversation; there is one once it has been started."""
        assert self._talk is not None, "started before it is spoken to"
        return self._talk

    async def start(self) -> None:
        """Begin to listen, on one port for both."""
        loop = asyncio.get_running_loop()
        options = self._options
        allow_files(options.max_connections)
        self._talk = Talk(self._door, hands_out_codes=options.hands_out_codes, now_s=loop.time())
        for attempt in range(FREE_PORT_TRIES):
            await self._listen(loop)
            if not options.udp or await self._listen_udp(loop, attempt):
                break
        self._timer = loop.call_later(TICK_S, self._tick)

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        options = self._options
        self._server = await loop.create_server(
            lambda: TcpLink(self),
            options.host,
            options.port,
            backlog=BACKLOG,
            ssl=server_tls(options.certificate, options.key),
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _listen_udp(self, loop: asyncio.AbstractEventLoop, attempt: int) -> bool:
        """The same port for datagrams; a free one that is taken there is given back."""
        assert self._server is not None, "the port is that of the TCP side"
        try:
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: UdpServer(self), local_addr=(self._options.host, self.port)
            )
        except OSError:
            self._server.close()
            if self._options.port or attempt == FREE_PORT_TRIES - 1:
                raise
            return False
        return True

    async def stop(self) -> None:
        """Let what was heard be put on record, then close all connections."""
        for timer in (self._timer, self._welcomes):
            if timer is not None:
                timer.cancel()
        if self._server is not None:
            self._server.close()
        if self._talk is not None:
            await self._talk.tasks.stop()
        if self._udp is not None:
            self._udp.close()
        for link in list(self._links):
            link.abort()
        await asyncio.sleep(0)

    def admit(self, link: TcpLink) -> bool:
        """Whether there is room for one more, at all, of its address and among the unproved."""
        self._links.add(link)
        self._of_host[link.host] += 1
        self._unproved.add(link)
        options = self._options
        full = len(self._links) > options.max_connections
        crowded = self._of_host[link.host] > options.max_per_address
        return not (full or crowded or len(self._unproved) > options.max_unproved)

    def lose(self, link: TcpLink) -> None:
        """The connection has ended; its terminals are nowhere."""
        if link not in self._links:
            return
        self._links.discard(link)
        self._unproved.discard(link)
        self._of_host[link.host] -= 1
        if not self._of_host[link.host]:
            del self._of_host[link.host]
        for key in link.terminals:
            terminal = self.talk.terminals.get(key)
            if terminal is not None and terminal.link is link:
                terminal.link = None

    def hear(self, link: Link, raw: bytes) -> None:
        """One frame."""
        self.talk.hear(link, raw)
        if isinstance(link, TcpLink) and link.terminals:
            self._unproved.discard(link)
        if self.talk.arrived and self._welcomes is None:
            loop = asyncio.get_running_loop()
            self._welcomes = loop.call_later(WELCOME_AFTER_S, self._welcome)

    def send(self, letter: Letter) -> None:
        """Orders, recalls and notices to the terminals of their responder; never blocks."""
        if self._talk is None:
            return
        match letter:
            case OrderLetter():
                self._send_to(letter.order.kind, letter.order.responder, letter)
            case Recall():
                self._send_to(letter.kind, letter.responder, letter)
            case NoticeLetter():
                self._send_notice(letter)

    def _send_to(self, kind: ResponderKind, responder: ResponderId, letter: Letter) -> None:
        for device in self._door.devices.of_responder(kind, responder):
            if device.protocol is Protocol.JT808:
                self._send_one(fold(device.identity), letter)

    def _send_one(self, key: str, letter: Letter) -> None:
        terminal = self.talk.terminals.get(key)
        if terminal is not None and terminal.link is not None:
            self.talk.deliver(terminal, letter, self._track)

    def _send_notice(self, letter: NoticeLetter) -> None:
        """To those named, to the posts of a group, or to all, a few at once."""
        notice = letter.notice
        to = notice.to if letter.to is None else (letter.to,)
        if notice.group is not None:
            posts = self._door.engine.board.posts.values()
            to = tuple((ResponderKind.POST, one.id) for one in posts if notice.group in one.groups)
        elif not to:
            waiting = bool(self._to_tell)
            self._to_tell.extend((key, letter) for key in self.talk.terminals)
            if not waiting:
                asyncio.get_running_loop().call_soon(self._tell_some)
            return
        for kind, responder in to:
            self._send_to(kind, responder, letter)

    def _tell_some(self) -> None:
        for _ in range(min(TOLD_AT_ONCE, len(self._to_tell))):
            self._send_one(*self._to_tell.popleft())
        if self._to_tell:
            asyncio.get_running_loop().call_soon(self._tell_some)

    def _welcome(self) -> None:
        """What is owed to those who have just come."""
        self._welcomes = None
        arrived, self.talk.arrived = self.talk.arrived, {}
        owed: dict[tuple[ResponderKind, ResponderId], list[Letter]] = {}
        for letter in self._door.engine.outbox():
            match letter:
                case OrderLetter():
                    owed.setdefault((letter.order.kind, letter.order.responder), []).append(letter)
                case Recall():
                    owed.setdefault((letter.kind, letter.responder), []).append(letter)
        for key in arrived:
            terminal = self.talk.terminals.get(key)
            if terminal is not None and terminal.link is not None:
                self._greet(terminal, owed)

    def _greet(
        self, terminal: Terminal, owed: dict[tuple[ResponderKind, ResponderId], list[Letter]]
    ) -> None:
        device = terminal.device
        for letter in owed.get((device.kind, device.responder), ()):
            if not terminal.holds(OrderId(order_id_of(letter))):
                self.talk.deliver(terminal, letter, self._track)
        row = self._door.engine.board.responders.get(device.responder)
        if row is not None and row.kind is device.kind and row.order is not None:
            self.talk.follow(terminal, row.order, self._track)
        elif terminal.tracked is not None or terminal.sent:
            self.talk.busy.add(fold(device.identity))

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TICK_S, self._tick)
        talk = self.talk
        talk.now_s = loop.time()
        for key in list(talk.busy):
            talk.look_after(key, self._track)
        now_ms = self._door.engine.now_ms()
        for key, msg in talk.parts.list_silent(now_ms):
            if key not in talk.terminals or talk.terminals[key].link is None:
                talk.parts.forget(key, msg)
            else:
                talk.ask_again(key, talk.parts.ask(key, msg, now_ms))
        self._ticks += 1
        if self._ticks % LOOK_EVERY == 0:
            self.look_at_links(talk.now_s)

    def look_at_links(self, now_s: float) -> None:
        """Who is silent, does not prove itself or does not finish a frame is let go."""
        options = self._options
        for link in list(self._links):
            began_s = link.unfinished_s
            slow = began_s is not None and now_s - began_s > options.frame_within_s
            silent = now_s - link.heard_s > options.idle_s
            unproved = not link.terminals and now_s - link.began_s > options.prove_within_s
            if slow or silent or unproved:
                log.info("jt808_let_go", peer=link.host, slow=slow, silent=silent)
                link.abort()
        for terminal in self.talk.terminals.values():
            if isinstance(terminal.link, UdpLink) and now_s - terminal.said_s > options.idle_s:
                terminal.link = None


def allow_files(connections: int) -> None:
    """Let this process have a file for each connection, as far as its hard limit goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = connections + FILES_BESIDE
    want = want if hard == resource.RLIM_INFINITY else min(want, hard)
    if soft != resource.RLIM_INFINITY and soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
        log.info("jt808_files_allowed", before=soft, now=want)


__all__ = ["Jt808Gateway", "Jt808Options"]
