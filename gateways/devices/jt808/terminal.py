"""What must be remembered of an enrolled terminal from one frame to the next."""

import asyncio
from collections.abc import Callable

from dispatch.words import OrderId
from gateways.devices.jt808.link import Link
from gateways.devices.registry import Device

MOST_SENT = 8
"""Frames that wait for a terminal's answer; the oldest is given up first."""
MOST_ASKED = 8
MOST_WAITING = 4
"""Frames that hold one press and wait with it for its commit; others are answered by none."""
RESEND_S = (5.0, 10.0, 20.0)
"""Seconds until an unanswered frame is sent again, each time longer, then no more."""


class Press:
    """One bit of the alarm word that is set: since its first frame it is one alarm."""

    __slots__ = ("answered", "bit", "calls", "clears", "confirmed_ms", "task", "waiting")

    def __init__(self, bit: int, *, calls: bool, clears: bool) -> None:
        self.bit = bit
        self.calls = calls
        """Whether it is a call for help; other bits are told and open nothing."""
        self.clears = clears
        """Whether the terminal clears it only when it has been confirmed."""
        self.task: asyncio.Task[str | None] | None = None
        self.answered = False
        self.confirmed_ms = 0
        self.waiting = 0

    def is_pending(self) -> bool:
        """Whether its alarm is on its way to the journal."""
        return self.task is not None and not self.task.done()

    def when_done(self, then: Callable[[], None]) -> None:
        """Call once the alarm is durable, or never will be; of many callers only the first."""
        if self.task is not None and self.waiting < MOST_WAITING:
            self.waiting += 1
            self.task.add_done_callback(lambda _: then())

    def is_on_record(self) -> bool:
        """Whether its alarm is durable as an incident's."""
        return not self.has_broken() and self.task is not None and self.task.result() is not None

    def has_broken(self) -> bool:
        """Whether it could not be decided: too much waits, or the engine has ended."""
        task = self.task
        return task is None or task.cancelled() or task.exception() is not None


class Sent:
    """A message that wants an answer: `frames` has more than one when it needs parts."""

    __slots__ = ("frames", "lost", "msg", "order", "sent_s", "serial", "tries")

    def __init__(
        self, msg: int, serial: int, frames: list[bytes], order: OrderId | None, now_s: float
    ) -> None:
        self.msg = msg
        self.serial = serial
        self.frames = frames
        self.order = order
        self.sent_s = now_s
        self.tries = 0
        self.lost = False
        """Whether it went over a connection that is no more."""

    def is_of(self, serial: int) -> bool:
        """Whether a serial is that of one of its parts."""
        return 0 <= (serial - self.serial) & 0xFFFF < len(self.frames)


class Terminal:
    """One enrolled terminal; it outlives its connections."""

    __slots__ = (
        "asked",
        "device",
        "heard_ms",
        "held",
        "is_2019",
        "link",
        "order",
        "phone",
        "said_s",
        "sent",
        "serial",
        "tracked",
        "tracked_s",
    )

    def __init__(self, device: Device) -> None:
        self.device = device
        self.link: Link | None = None
        self.phone = b""
        self.is_2019 = False
        self.serial = 0
        self.heard_ms = 0
        """The latest time of its own among positions of now."""
        self.said_s = 0.0
        self.held: dict[int, Press] = {}
        self.sent: list[Sent] = []
        self.asked: dict[int, OrderId] = {}
        """Which order or call a question was about, by its serial; the latest few."""
        self.order: OrderId | None = None
        """The latest order it was sent."""
        self.tracked: OrderId | None = None
        self.tracked_s = 0.0

    def next_serial(self) -> int:
        """Serials go round at 16 bits."""
        self.serial = (self.serial + 1) & 0xFFFF
        return self.serial

    def say(self, data: bytes) -> None:
        """Send, where it is connected."""
        if self.link is not None:
            self.link.send(data)

    def move(self, link: Link) -> None:
        """It is reached here from now on; what is unanswered was lost with the way before."""
        self.link = link
        for one in self.sent:
            one.lost = True

    def holds(self, order: OrderId) -> bool:
        """Whether an order went over this connection and waits for its answer."""
        return any(one.order == order and not one.lost for one in self.sent)

    def ask(self, serial: int, about: OrderId) -> None:
        """Remember what a question is about; the oldest is forgotten."""
        self.asked.pop(serial, None)
        self.asked[serial] = about
        while len(self.asked) > MOST_ASKED:
            self.asked.pop(next(iter(self.asked)))

    def keep(self, sent: Sent) -> None:
        """Wait for an answer; the oldest gives way."""
        self.sent = [*self.sent[1 - MOST_SENT :], sent]

    def answered(self, serial: int, msg: int) -> Sent | None:
        """What a terminal's general answer is about; it is waited for no longer."""
        for one in self.sent:
            if one.msg == msg and one.is_of(serial):
                self.sent = [other for other in self.sent if other is not one]
                return one
        return None

    def list_due(self, now_s: float) -> list[Sent]:
        """What to send again now; what was sent often enough is given up."""
        self.sent = [one for one in self.sent if one.tries < len(RESEND_S)]
        due = [one for one in self.sent if now_s - one.sent_s >= RESEND_S[one.tries]]
        for one in due:
            one.tries += 1
            one.sent_s = now_s
        return due
