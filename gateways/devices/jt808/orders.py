"""Orders on their way down: a text that is read aloud, a question that takes or refuses it.

Content and serials follow from the order alone, so that what is sent again, also by another
process after a restart, is byte for byte what was sent before.
"""

import hashlib

from dispatch.board import Board
from dispatch.letters import NoticeLetter, Recall
from dispatch.model import Order
from dispatch.words import CallKind, OrderId, Role
from gateways.devices.jt808.terminal import Sent, Terminal
from gateways.devices.jt808.write import (
    write_question,
    write_text,
    write_tracking,
)

TEXT, QUESTION, TRACKING = 0x8300, 0x8302, 0x8202
ACCEPT, REFUSE = 1, 2
CHOICES = ((ACCEPT, "接受"), (REFUSE, "拒绝"))
ROLES = {
    Role.RESPOND: "处置",
    Role.HOLD: "支援",
    Role.OBSERVE: "观察",
    Role.STOP: "拦截",
    Role.RING: "围堵",
}
MOST_STREETS = 6


def serial_of(key: str) -> int:
    """The serial of what is sent for an order: always the same for the same thing."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=2).digest())


def text_of(order: Order, board: Board) -> str:
    """An order in words that a loudspeaker can read: what, where, how far, which way."""
    parts = [f"[{order.id}] {_name(order, board)} {order.priority}级 {ROLES[order.role]}"]
    parts.append(order.place_name)
    if order.eta_s is not None:
        parts.append(f"预计{order.eta_s:.0f}秒")
    ways = [one.name for one in order.streets if one.name][:MOST_STREETS]
    if ways:
        parts.append("经" + "、".join(ways))
    if order.text:
        parts.append(order.text)
    if order.others:
        parts.append("同行" + "、".join(order.others))
    parts.append(f"{order.place.lon:.5f},{order.place.lat:.5f}")
    parts.append("回复1接受 2拒绝")
    return "。".join(parts)


def question_of(order: Order, board: Board) -> str:
    """The same in one line."""
    return f"[{order.id}] {_name(order, board)} {ROLES[order.role]} {order.place_name}"


def _name(order: Order, board: Board) -> str:
    plan = board.plans.get(order.type)
    exercise = "演练 " if order.exercise else ""
    return exercise + (plan.name_zh if plan is not None else order.type)


def send_order(terminal: Terminal, order: Order, board: Board, now_s: float) -> None:
    """The text and the question; what still waits for its answer is only sent again."""
    terminal.order = order.id
    serial = serial_of(f"{order.id}?")
    terminal.ask(serial, order.id)
    text = write_text(
        terminal.phone,
        serial_of(order.id),
        text_of(order, board),
        is_2019=terminal.is_2019,
        urgent=True,
        spoken=not order.silent,
    )
    question = write_question(
        terminal.phone, serial, question_of(order, board), CHOICES, is_2019=terminal.is_2019
    )
    _send(terminal, Sent(TEXT, serial_of(order.id), text, order.id, now_s))
    _send(terminal, Sent(QUESTION, serial, [question], order.id, now_s))


def send_recall(terminal: Terminal, recall: Recall, board: Board, now_s: float) -> None:
    """The order is taken back; a text, since there is nothing to ask."""
    order = board.orders.get(recall.order)
    silent = order is not None and order.silent
    terminal.sent = [one for one in terminal.sent if one.order != recall.order]
    serial = serial_of(f"{recall.order}-recall")
    words = f"[{recall.order}] 指令撤回，无需再去。警情{recall.incident}"
    text = write_text(
        terminal.phone, serial, words, is_2019=terminal.is_2019, urgent=True, spoken=not silent
    )
    _send(terminal, Sent(TEXT, serial, text, recall.order, now_s))


def send_notice(terminal: Terminal, letter: NoticeLetter, now_s: float) -> None:
    """A notice is shown and read aloud; a call that counts who has read it asks for that too."""
    notice = letter.notice
    text = write_text(
        terminal.phone,
        serial_of(f"{notice.id}!"),
        notice.text,
        is_2019=terminal.is_2019,
        urgent=False,
        spoken=True,
    )
    _send(terminal, Sent(TEXT, serial_of(f"{notice.id}!"), text, None, now_s))
    if notice.kind is not CallKind.NOTICE:
        serial = serial_of(f"{notice.id}?")
        words = f"[{notice.id}] {notice.text}"
        question = write_question(
            terminal.phone, serial, words, ((ACCEPT, "收到"),), is_2019=terminal.is_2019
        )
        terminal.ask(serial, OrderId(notice.id))
        _send(terminal, Sent(QUESTION, serial, [question], None, now_s))


def send_tracking(terminal: Terminal, every_s: int, for_s: int, now_s: float) -> None:
    """Report more often for a while; 0 as before."""
    serial = terminal.next_serial()
    frame = write_tracking(terminal.phone, serial, every_s, for_s, is_2019=terminal.is_2019)
    terminal.sent = [one for one in terminal.sent if one.msg != TRACKING]
    _send(terminal, Sent(TRACKING, serial, [frame], None, now_s))


def _send(terminal: Terminal, sent: Sent) -> None:
    same = [one for one in terminal.sent if (one.msg, one.serial) == (sent.msg, sent.serial)]
    if same:
        same[0].lost = False
    else:
        terminal.keep(sent)
    for frame in sent.frames:
        terminal.say(frame)


def order_asked(terminal: Terminal, serial: int, board: Board) -> OrderId | None:
    """Which order a choice is about, also when another process asked before a restart."""
    known = terminal.asked.get(serial)
    if known is not None:
        return known
    for order in list_orders(terminal, board):
        if serial_of(f"{order.id}?") == serial:
            return order.id
    return None


def order_told(terminal: Terminal, serial: int, msg: int, board: Board) -> OrderId | None:
    """Which order a general answer is about, also after a restart."""
    mark = {TEXT: "", QUESTION: "?"}.get(msg)
    if mark is None:
        return None
    for order in list_orders(terminal, board):
        if serial_of(f"{order.id}{mark}") == serial or (
            msg == TEXT and serial_of(f"{order.id}-recall") == serial
        ):
            return order.id
    return None


def list_orders(terminal: Terminal, board: Board) -> list[Order]:
    """The order that the terminal's responder holds, and those it must still forget."""
    device = terminal.device
    row = board.responders.get(device.responder)
    held = [row.order] if row is not None and row.order is not None else []
    mine = [board.orders[one] for one in (*held, *board.owed) if one in board.orders]
    return [one for one in mine if (one.kind, one.responder) == (device.kind, device.responder)]
