"""The conversation with terminals: who may speak, what is made of it, when it is answered."""

import hmac

import structlog

from dispatch.letters import Letter, NoticeLetter, OrderLetter, Recall
from dispatch.words import ORDER_ENDED, NoticeId, OrderId
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Answered, Fix, Rejected, Reply, Said, SaidHello
from gateways.devices.jt808 import orders
from gateways.devices.jt808.body import read_body
from gateways.devices.jt808.frame import LOCKS, Frame, read_raw
from gateways.devices.jt808.lines import ANSWERS, CLOCKS, NO_CHECK, PLATFORM, WANTS_ANSWER, code_of
from gateways.devices.jt808.link import Link
from gateways.devices.jt808.parts import MOST_PARTS, Asked, Parts
from gateways.devices.jt808.presses import Presses
from gateways.devices.jt808.tasks import Tasks
from gateways.devices.jt808.terminal import Terminal
from gateways.devices.jt808.write import (
    answer_clock,
    answer_general,
    answer_lock,
    answer_register,
    write_re_request,
)
from gateways.devices.registry import Device, Protocol, fold

log = structlog.get_logger(__name__)
DONE, FAILED, WRONG = 0, 1, 2
NO_TERMINAL, REGISTERED = 4, 3
MOST_BAD = 20
"""Refusals in a row, and unreadable frames, after which a connection is ended."""
GUESS_COSTS = 5
"""A wrong code weighs so many refusals: a few guesses end a connection."""
ASSEMBLED = frozenset({0x0102, 0x0200, 0x0201, 0x0302, 0x0704})
"""What is put together when it comes in parts; parts of other messages are let go."""
POSITIONS = frozenset({0x0200, 0x0201, 0x0210, 0x0704})


class Talk:
    """One for all connections of a gateway; hears frames, keeps what is known of terminals."""

    def __init__(self, door: DeviceDoor, *, hands_out_codes: bool, now_s: float) -> None:
        self.door = door
        self.terminals: dict[str, Terminal] = {}
        self.busy: set[str] = set()
        """Who waits for an answer, or is under an order."""
        self.arrived: dict[str, None] = {}
        """Who has just come and may be owed orders."""
        self.now_s = now_s
        self.parts = Parts()
        self.tasks = Tasks()
        self.presses = Presses(door, self.tasks)
        self._hands_out_codes = hands_out_codes
        self._counts = {
            word: door.frames.labels(Protocol.JT808, word)
            for word in ("understood", "refused", "unproved", "wrong_code", "not_ours")
        }

    def hear(self, link: Link, raw: bytes) -> None:
        """One frame, as it came between its flags."""
        now_ms = self.door.engine.now_ms()
        frame = read_raw(raw)
        if isinstance(frame, Rejected) and frame.reason == "checksum":
            frame = self._read_unchecked(raw, frame)
        if isinstance(frame, Rejected):
            self.door.frames.labels(Protocol.JT808, frame.reason).inc()
            self._blame(link)
            return
        if frame.msg >= PLATFORM:
            self._counts["not_ours"].inc()
            self._blame(link)
            return
        device = self.door.devices.find(Protocol.JT808, frame.device)
        if device is None:
            self._refuse(link, frame, now_ms)
            return
        terminal = self._terminal(device)
        if frame.msg == 0x0100:
            self._register(terminal, link, frame, now_ms)
        elif frame.msg == 0x0102 and frame.total == 1:
            self._authenticate(terminal, link, frame, now_ms)
        elif self._may_speak(terminal, link, frame):
            link.bad = 0
            self._take(terminal, frame, now_ms)

    def _read_unchecked(self, raw: bytes, rejected: Rejected) -> Frame | Rejected:
        """A frame of a model whose check byte is known to be wrong."""
        frame = read_raw(raw, check_sum=False)
        if isinstance(frame, Rejected):
            return rejected
        device = self.door.devices.find(Protocol.JT808, frame.device)
        if device is None or (device.model or "").casefold() not in NO_CHECK:
            return rejected
        return frame

    def _blame(self, link: Link) -> None:
        link.bad += 1
        if link.bad >= MOST_BAD:
            link.close()

    def _terminal(self, device: Device) -> Terminal:
        key = fold(device.identity)
        terminal = self.terminals.get(key)
        if terminal is None:
            terminal = self.terminals[key] = Terminal(device)
        terminal.device = device
        return terminal

    def _refuse(self, link: Link, frame: Frame, now_ms: int) -> None:
        """An unknown terminal is told so, remembered, and not served."""
        self._counts["refused"].inc()
        self.door.devices.refuse(Protocol.JT808, frame.device, link.host, now_ms)
        if frame.msg == 0x0100:
            link.send(answer_register(frame, 0, NO_TERMINAL, ""))
        elif frame.msg not in ANSWERS:
            link.send(answer_general(frame, 0, FAILED))
        self.terminals.pop(fold(frame.device), None)
        link.leave(fold(frame.device))
        self._blame(link)

    def _register(self, terminal: Terminal, link: Link, frame: Frame, now_ms: int) -> None:
        """0x0100: the code of the book goes out, unless codes are handed over another way."""
        self._counts["understood"].inc()
        said = read_body(frame, terminal.device, now_ms)
        if isinstance(said, Rejected):
            log.warning("jt808_registration_unread", device=frame.device, detail=said.detail)
        code = code_of(frame, terminal.device)
        result = DONE if self._hands_out_codes else REGISTERED
        self._attach_unproved(terminal, frame)
        link.send(answer_register(frame, terminal.next_serial(), result, code))

    def _attach_unproved(self, terminal: Terminal, frame: Frame) -> None:
        if terminal.link is None:
            terminal.phone, terminal.is_2019 = frame.phone, frame.is_2019

    def _authenticate(self, terminal: Terminal, link: Link, frame: Frame, now_ms: int) -> None:
        said = read_body(frame, terminal.device, now_ms)
        if isinstance(said, Rejected) or not isinstance(said[0], SaidHello):
            link.send(answer_general(frame, terminal.next_serial(), WRONG))
            self._blame(link)
            return
        secret, shown = terminal.device.secret, said[0].credential or ""
        if secret is not None and not hmac.compare_digest(shown.encode(), secret.encode()):
            self._counts["wrong_code"].inc()
            log.warning("jt808_wrong_code", device=frame.device, peer=link.host)
            link.send(answer_general(frame, terminal.next_serial(), FAILED))
            link.bad += GUESS_COSTS
            self._blame(link)
            return
        link.bad = 0
        self._counts["understood"].inc()
        self._attach(terminal, link, frame)
        link.send(answer_general(frame, terminal.next_serial(), DONE))

    def _attach(self, terminal: Terminal, link: Link, frame: Frame) -> None:
        """From now on this is where the terminal is; where it was before is left."""
        terminal.phone, terminal.is_2019 = frame.phone, frame.is_2019
        terminal.said_s = self.now_s
        key = fold(terminal.device.identity)
        if terminal.link is not link:
            if terminal.link is not None:
                terminal.link.leave(key)
            link.join(key)
            terminal.move(link)
        self.arrived[key] = None

    def _may_speak(self, terminal: Terminal, link: Link, frame: Frame) -> bool:
        """Whether a terminal has proved itself here; one without a code needs no proof."""
        if terminal.link is not None and link.is_same(terminal.link):
            terminal.link = link
        elif terminal.device.secret is None:
            self._attach(terminal, link, frame)
        else:
            self._counts["unproved"].inc()
            if frame.msg not in ANSWERS:
                link.send(answer_general(frame, 0, FAILED))
            self._blame(link)
            return False
        terminal.said_s = self.now_s
        terminal.phone, terminal.is_2019 = frame.phone, frame.is_2019
        return True

    def _take(self, terminal: Terminal, frame: Frame, now_ms: int) -> None:
        """Act on a frame of a terminal that may speak."""
        whole: Frame | None = frame
        if frame.total > 1:
            whole = self._assemble(terminal, frame, now_ms)
        if whole is None:
            return
        heard = read_body(whole, terminal.device, now_ms)
        if isinstance(heard, Rejected):
            self.door.frames.labels(Protocol.JT808, heard.reason).inc()
            self._answer(terminal, whole, WRONG)
            return
        self._counts["understood"].inc()
        if whole.msg in POSITIONS:
            self.presses.take(terminal, whole, heard, now_ms)
            return
        for one in heard:
            match one:
                case Answered():
                    self._answered(terminal, whole, one)
                case Fix():
                    self.door.take_fix(terminal.device, one)
                case Said():
                    self._said(terminal, whole, one)
        self._reply(terminal, whole, now_ms)

    def _reply(self, terminal: Terminal, frame: Frame, now_ms: int) -> None:
        if frame.msg in LOCKS:
            if frame.attributes & WANTS_ANSWER:
                terminal.say(answer_lock(frame))
        elif frame.msg in CLOCKS:
            terminal.say(answer_clock(frame, terminal.next_serial(), now_ms))
        elif frame.msg == 0x0003:
            self._answer(terminal, frame, DONE)
            self._log_out(terminal)
        elif frame.msg not in ANSWERS:
            self._answer(terminal, frame, DONE)

    def _answer(self, terminal: Terminal, frame: Frame, result: int) -> None:
        terminal.say(answer_general(frame, terminal.next_serial(), result))

    def _log_out(self, terminal: Terminal) -> None:
        """0x0003: it must prove itself again."""
        link, terminal.link = terminal.link, None
        if link is not None:
            link.leave(fold(terminal.device.identity))

    def _assemble(self, terminal: Terminal, frame: Frame, now_ms: int) -> Frame | None:
        """The whole of a message of which this is a part; a part alone is answered at once."""
        known = frame.msg in ASSEMBLED
        if known and frame.total > MOST_PARTS:
            self._answer(terminal, frame, WRONG)
            return None
        key = fold(terminal.device.identity)
        whole = self.parts.take(key, frame, now_ms) if known else None
        if whole is not None:
            return whole
        self._answer(terminal, frame, DONE)
        if known and frame.number == frame.total:
            self.ask_again(key, self.parts.ask(key, frame.msg, now_ms))
        return None

    def ask_again(self, key: str, asked: Asked | None) -> None:
        """0x8003 for parts that are missing."""
        terminal = self.terminals.get(key)
        if asked is not None and terminal is not None:
            serial = terminal.next_serial()
            terminal.say(
                write_re_request(
                    terminal.phone, serial, asked.first, asked.missing, is_2019=terminal.is_2019
                )
            )

    def _said(self, terminal: Terminal, frame: Frame, said: Said) -> None:
        """Parts of ours that did not arrive; a text that answers the latest order."""
        if frame.msg == 0x0005:
            self._send_parts(terminal, frame.body)
        elif frame.msg == 0x6006 and terminal.order is not None:
            word = (said.text or "").strip().casefold()
            reply = REPLIES.get(word)
            if reply is not None:
                self._answer_order(terminal, terminal.order, reply)

    def _send_parts(self, terminal: Terminal, body: bytes) -> None:
        """0x0005: the serial of the first part, and the numbers of those that are missing."""
        first, numbers = int.from_bytes(body[:2]), body[4:]
        if len(numbers) % 2:
            numbers = body[3:]
        for one in terminal.sent:
            if one.serial == first:
                for at in range(0, len(numbers), 2):
                    number = int.from_bytes(numbers[at : at + 2])
                    if 1 <= number <= len(one.frames):
                        terminal.say(one.frames[number - 1])

    def _answered(self, terminal: Terminal, frame: Frame, one: Answered) -> None:
        """0x0001: it is there, or cannot be shown; 0x0302: taken or refused."""
        board, serial = self.door.engine.board, int(one.of)
        if frame.msg == 0x0302:
            order = orders.order_asked(terminal, serial, board)
            terminal.answered(serial, orders.QUESTION)
            if order is not None:
                self._answer_order(terminal, order, one.reply)
        elif frame.msg == 0x0001:
            msg = int.from_bytes(frame.body[2:4])
            sent = terminal.answered(serial, msg)
            order = sent.order if sent else orders.order_told(terminal, serial, msg, board)
            if order is not None and one.reply is Reply.DELIVERED:
                self._answer_order(terminal, order, Reply.DELIVERED)

    def _answer_order(self, terminal: Terminal, order: OrderId, reply: Reply) -> None:
        board, device = self.door.engine.board, terminal.device
        if NoticeId(order) in board.calls:
            self.tasks.start(self.door.answer(device, order, reply, f"{order}:read"), "jt808_read")
            return
        row = board.orders.get(order)
        if row is None or (row.kind, row.responder) != (device.kind, device.responder):
            return
        key = f"{order}:{reply.value}:{row.status.value if row.recalled else ''}"
        self.tasks.start(self.door.answer(device, order, reply, key), "jt808_answer")

    def deliver(self, terminal: Terminal, letter: Letter, track: tuple[int, int]) -> None:
        """A letter to a terminal that is connected; `track` is every how many s, for how long."""
        board = self.door.engine.board
        match letter:
            case OrderLetter():
                orders.send_order(terminal, letter.order, board, self.now_s)
                self.follow(terminal, letter.order.id, track)
            case Recall():
                orders.send_recall(terminal, letter, board, self.now_s)
            case NoticeLetter():
                orders.send_notice(terminal, letter, self.now_s)
            case _:
                return
        self.busy.add(fold(terminal.device.identity))

    def follow(self, terminal: Terminal, order: OrderId, track: tuple[int, int]) -> None:
        """Have it report more often; once for an order, and again before the time is over."""
        every_s, for_s = track
        fresh = self.now_s - terminal.tracked_s < for_s / 2
        if every_s and not (terminal.tracked is not None and fresh):
            terminal.tracked_s = self.now_s
            orders.send_tracking(terminal, every_s, for_s, self.now_s)
        if every_s:
            terminal.tracked = order
            self.busy.add(fold(terminal.device.identity))

    def look_after(self, key: str, track: tuple[int, int]) -> None:
        """What is due for one terminal: frames to send again, a report rate to end or renew."""
        terminal = self.terminals.get(key)
        if terminal is None or terminal.link is None:
            self.busy.discard(key)
            return
        for sent in terminal.list_due(self.now_s):
            for frame in sent.frames:
                terminal.say(frame)
        if terminal.tracked is not None:
            order = self.door.engine.board.orders.get(terminal.tracked)
            if order is None or order.status in ORDER_ENDED:
                terminal.tracked = None
                orders.send_tracking(terminal, 0, 0, self.now_s)
            else:
                self.follow(terminal, order.id, track)
        if not terminal.sent and terminal.tracked is None:
            self.busy.discard(key)


REPLIES = {
    "1": Reply.ACCEPTED,
    "接受": Reply.ACCEPTED,
    "收到": Reply.ACCEPTED,
    "2": Reply.REFUSED,
    "拒绝": Reply.REFUSED,
}
"""Words by which terminals without questions answer an order in a text of their own (0x6006)."""
