"""The way between the engine and open pages: letters down, messages up. An outlet of the engine.

A page that stops reading costs one bounded queue and its connection, never the engine's time.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from dispatch.board import Board
from dispatch.letters import (
    CheckResult,
    HelpCall,
    Letter,
    NoticeLetter,
    OrderLetter,
    Recall,
    Receipt,
    Reject,
)
from dispatch.ports import Record
from dispatch.words import GroupId, NoticeId, ResponderId, ResponderKind
from gateways.api.phone_words import mark_of, write_letter, write_state
from gateways.console.feed import Feed
from gateways.devices.registry import Device
from gateways.mqtt.gateway import EngineDoor

MAX_WAITING = 300
"""Messages that may wait for one page; one that is further behind is cut off and begins anew."""
NOTICES_KEPT = 500
GATHER_S = 0.05
"""Facts of so short a time are told of together."""
Whom = tuple[ResponderKind, ResponderId]


class Line:
    """One open page: what it has not been sent yet, and the state that it was last told."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self.full = asyncio.Event()
        self.mark: tuple[object, ...] | None = None

    @property
    def whom(self) -> Whom:
        """For whom the page speaks."""
        return self.device.kind, self.device.responder

    def put(self, message: bytes) -> None:
        """Have a message sent; never waits."""
        try:
            self.waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.full.set()


class PhonePost:
    """All open pages by responder; mount `send` as an outlet and `seen` as a watcher."""

    def __init__(self, engine: EngineDoor, feed: Feed, registry: CollectorRegistry) -> None:
        self.engine = engine
        self._feed = feed
        self._lines: dict[Whom, list[Line]] = {}
        self._notices: deque[NoticeLetter] = deque(maxlen=NOTICES_KEPT)
        self._due: asyncio.TimerHandle | None = None
        self._letters = Counter(
            "street110_phone_letters", "Letters handed to pages", ["kind"], registry=registry
        )
        gauge = Gauge("street110_phones", "Open pages of guards and officers", registry=registry)
        gauge.set_function(lambda: sum(map(len, self._lines.values())))

    @property
    def board(self) -> Board:
        """The durable board."""
        return self._feed.board

    def open(self, line: Line) -> None:
        """A page has come: it is told how it stands and what is owed to it."""
        self._lines.setdefault(line.whom, []).append(line)
        line.mark = mark_of(self.board, line.device)
        for message in self.owed(line.device):
            line.put(message)

    def close(self, line: Line) -> None:
        """A page has gone."""
        mine = self._lines.get(line.whom, [])
        if line in mine:
            mine.remove(line)
        if not mine:
            self._lines.pop(line.whom, None)

    def list_lines(self, whom: Whom) -> list[Line]:
        """The open pages of a responder, the oldest first."""
        return list(self._lines.get(whom, ()))

    def owed(self, device: Device) -> list[bytes]:
        """The state of a device's responder, its unanswered orders and recalls, and its calls."""
        now_ms = self.engine.now_ms()
        whom = (device.kind, device.responder)
        owed: list[Letter] = [one for one in self.engine.outbox() if whom_of(one) == whom]
        owed += [
            notice
            for notice in self._list_notices(now_ms)
            if self._is_for(notice, whom) and not self._has_read(notice, whom[1])
        ]
        state = write_state(self.board, device, now_ms)
        return [state, *(write_letter(letter, now_ms) for letter in owed)]

    def _list_notices(self, now_ms: int) -> Iterable[NoticeLetter]:
        """The last notices that have not run out, and every call that stands, each once."""
        kept = [one for one in self._notices if one.notice.expires_ms > now_ms]
        ids = {one.notice.id for one in kept}
        for heard in self.board.calls.values():
            if heard.notice.id not in ids:
                kept += [NoticeLetter(notice=heard.notice, to=to) for to in heard.notice.to]
        return kept

    def _has_read(self, letter: NoticeLetter, responder: ResponderId) -> bool:
        heard = self.board.calls.get(NoticeId(letter.notice.id))
        return heard is not None and responder in heard.read_ms

    def _is_for(self, letter: NoticeLetter, whom: Whom) -> bool:
        if letter.to is not None:
            return letter.to == whom
        group = letter.notice.group
        return group is None or group in self._groups_of(whom)

    def _groups_of(self, whom: Whom) -> tuple[GroupId, ...]:
        post = self.board.posts.get(whom[1]) if whom[0] is ResponderKind.POST else None
        return () if post is None else post.groups

    def send(self, letter: Letter) -> None:
        """Hand a letter to the open pages it is for; never blocks."""
        if isinstance(letter, NoticeLetter):
            self._notices.append(letter)
            if letter.to is None:
                lines = [
                    line
                    for whom, mine in self._lines.items()
                    if self._is_for(letter, whom)
                    for line in mine
                ]
            else:
                lines = self._lines.get(letter.to, [])
        else:
            whom = whom_of(letter)
            lines = [] if whom is None else self._lines.get(whom, [])
        if not lines:
            return
        message = write_letter(letter, self.engine.now_ms())
        for line in lines:
            line.put(message)
            self._letters.labels(type(letter).__name__).inc()

    def seen(self, records: Sequence[Record]) -> None:
        """Facts are durable: pages whose responder they moved are told, a moment later."""
        if records and self._lines and self._due is None:
            self._due = asyncio.get_running_loop().call_later(GATHER_S, self._tell)

    def _tell(self) -> None:
        self._due = None
        now_ms = self.engine.now_ms()
        for lines in self._lines.values():
            for line in lines:
                mark = mark_of(self.board, line.device)
                if mark != line.mark:
                    line.mark = mark
                    line.put(write_state(self.board, line.device, now_ms))

    def stop(self) -> None:
        """Tell nobody anything any more."""
        if self._due is not None:
            self._due.cancel()


def whom_of(letter: Letter) -> Whom | None:
    """The one responder that a letter is for; None where it is for many, or for no device."""
    match letter:
        case OrderLetter():
            return letter.order.kind, letter.order.responder
        case Recall() | Receipt() | Reject():
            return letter.kind, letter.responder
        case CheckResult():
            return ResponderKind.UNIT, letter.responder
        case NoticeLetter():
            return letter.to
        case HelpCall():
            return None


def write_taken(message: str) -> bytes:
    """What a page said under this id is on record or refused: it need not be said again."""
    return msgspec.json.encode({"is": "taken", "id": message})
