"""Orders as texts where nothing else gets through, and the answers that come back."""

import asyncio
from collections import OrderedDict
from typing import Annotated, Literal

import msgspec
import structlog
from msgspec import Meta
from prometheus_client import CollectorRegistry

from dispatch.commands import AddNote
from dispatch.letters import Letter, OrderLetter, Recall
from dispatch.model import Order
from dispatch.words import IncidentId, OrderId, OrderStatus
from gateways.devices.door import DeviceDoor, short_id
from gateways.devices.heard import Alarm, Reply
from gateways.devices.registry import Device, Protocol
from gateways.devices.sms import words
from gateways.devices.sms.client import Client, Fate, Outgoing, Settings
from gateways.devices.sms.ledger import Ledger, State, Text
from gateways.devices.sms.numbers import address, find_device
from gateways.devices.sms.pdu import Message, Status
from gateways.devices.sms.text import Joiner, read_receipt, read_text, split_text, take_header
from gateways.tips.rules import judge

log = structlog.get_logger(__name__)
UNANSWERED = frozenset({OrderStatus.ISSUED, OrderStatus.DELIVERED})
UNCONFIRMED = frozenset({OrderStatus.ISSUED})
WRONG_CODES = 5
"""So many wrong codes from one number, then its answers are not read for a while."""
LOCKED_MS = 600_000
SAME_MS = 600_000
"""The same text of one number within this time is one text: centres bring some twice."""
MAX_NUMBERS = 5_000
WAITING_MOST = 10_000
NOT_BEFORE_S = 1
LONGEST_VALIDITY_S = 86_399
PLAIN_ZH = "zh"


class SmsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The short message centre, and when and how texts are sent.

    An order goes out as a text when after `after_s` no device has confirmed it. `code_key` makes
    the answer codes (without it, the password does). `source` is the number texts come from.
    """

    host: str = "127.0.0.1"
    port: int = 2775
    system_id: Annotated[str, Meta(max_length=15)] = "street110"
    password: Annotated[str, Meta(max_length=8)] = ""
    system_type: Annotated[str, Meta(max_length=12)] = ""
    tls: bool = False
    source: Annotated[str, Meta(max_length=20)] = "110"
    after_s: float = 20.0
    language: Literal["zh", "en"] = "zh"
    country: Annotated[str, Meta(pattern=r"^\d{0,4}$")] = "86"
    code_key: str | None = None
    without_code: bool = False
    window: Annotated[int, Meta(ge=1, le=100)] = 10
    per_s: Annotated[float, Meta(gt=0)] = 10.0
    enquire_s: Annotated[float, Meta(gt=0)] = 30.0
    response_s: Annotated[float, Meta(gt=0)] = 30.0
    queue: Annotated[int, Meta(ge=1)] = 2_000


class SmsGateway:
    """A client of one centre; holds no rules but who is told when."""

    def __init__(self, options: SmsOptions, door: DeviceDoor, registry: CollectorRegistry) -> None:  # noqa: ARG002 - all gateways are made alike
        names = {one.name for one in msgspec.structs.fields(Settings)}
        given = {
            one: value for one, value in msgspec.structs.asdict(options).items() if one in names
        }
        self._options = options
        self._door = door
        self._client = Client(Settings(**given), self._take)
        self._ledger = Ledger()
        self._joiner = Joiner()
        self._timers: OrderedDict[tuple[str, str, bool], asyncio.TimerHandle] = OrderedDict()
        self._wrong: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._recent: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._key = (options.code_key or options.password or options.system_id).encode()
        self._reference = 0
        self.port = options.port

    async def start(self) -> None:
        """Begin to bind; orders that are still owed are thought of."""
        self._client.start()
        for letter in self._door.engine.outbox():
            self.send(letter)

    async def stop(self) -> None:
        """Unbind; what was not sent is owed again at the next start."""
        for timer in self._timers.values():
            timer.cancel()
        await self._client.stop()

    def send(self, letter: Letter) -> None:
        """An order or its recall, to the telephones of its responder."""
        match letter:
            case OrderLetter():
                order = letter.order
                for device in self._telephones(order):
                    self._plan(order, device)
            case Recall():
                row = self._door.engine.board.orders.get(letter.order)
                for device in self._telephones(letter):
                    self._recall(letter.order, letter.incident, device, row)
            case _:
                return

    def _telephones(self, whom: Order | Recall) -> list[Device]:
        found = self._door.devices.of_responder(whom.kind, whom.responder)
        return [one for one in found if one.protocol is Protocol.SMS]

    def _plan(self, order: Order, device: Device) -> None:
        """Send a text in a while; at once to who has nothing but this telephone."""
        known = self._ledger.find(order.id, device)
        if known is not None and known.state is not State.FAILED:
            return
        text = Text(order=order.id, device=device)
        if text.key in self._timers:
            return
        wait_s = 0.0 if "only" in settings_of(device) else self._options.after_s
        if wait_s <= 0:
            self._send_order(order.id, device)
            return
        while len(self._timers) >= WAITING_MOST:
            self._timers.popitem(last=False)[1].cancel()
        loop = asyncio.get_running_loop()
        self._timers[text.key] = loop.call_later(wait_s, self._send_order, order.id, device)

    def _send_order(self, order_id: OrderId, device: Device) -> None:
        self._timers.pop((order_id, device.identity, False), None)
        order = self._door.engine.board.orders.get(order_id)
        alone = "only" in settings_of(device)
        if order is None or order.status not in (UNANSWERED if alone else UNCONFIRMED):
            return
        plan = self._door.engine.board.plans.get(order.type)
        zh = self._in_chinese(device)
        name = order.type if plan is None else plan.name_zh if zh else plan.name_en
        body = words.order_text(order, name, self._code(order.id, device), zh=zh)
        text = Text(order=order_id, device=device)
        self._put(text, body, order.expires_ms)

    def _recall(
        self, order_id: OrderId, incident: IncidentId, device: Device, order: Order | None
    ) -> None:
        """Take back what was sent; what was only planned is not sent."""
        timer = self._timers.pop((order_id, device.identity, False), None)
        if timer is not None:
            timer.cancel()
        sent = self._ledger.find(order_id, device)
        known = self._ledger.find(order_id, device, recall=True)
        if known is not None and known.state is not State.FAILED:
            return
        told = sent is not None and sent.state in {State.SENT, State.ARRIVED}
        if not told and "only" not in settings_of(device):
            return
        body = words.say("recalled", zh=self._in_chinese(device), incident=incident)
        expires_ms = self._door.engine.now_ms() + 3_600_000
        text = Text(order=order_id, device=device, recall=True)
        self._put(text, body, expires_ms if order is None else max(order.expires_ms, expires_ms))

    def _put(self, text: Text, body: str, expires_ms: int) -> None:
        text.state = State.QUEUED
        self._ledger.begin(text)

        def wanted() -> bool:
            order = self._door.engine.board.orders.get(OrderId(text.order))
            in_time = self._door.engine.now_ms() < expires_ms
            if text.recall:
                return in_time
            return in_time and order is not None and order.status in UNANSWERED

        def done(fate: Fate) -> None:
            self._door.frames.labels(Protocol.SMS, f"sent_{fate.value}").inc()
            if text.state is State.QUEUED:
                text.state = State.SENT if fate is Fate.TAKEN else State.FAILED

        def taken(message_id: str) -> None:
            self._ledger.taken(text, message_id)

        parts = self._messages(text.device, body, expires_ms)
        text.parts = len(parts)
        if not self._client.put(Outgoing(parts=parts, wanted=wanted, taken=taken, done=done)):
            log.error("sms_queue_full", order=text.order)
            done(Fate.UNWANTED)

    def _messages(self, device: Device, body: str, expires_ms: int) -> list[Message]:
        self._reference += 1
        coding, esm_class, parts = split_text(body, self._reference)
        dest, ton, npi = address(device.identity)
        valid_s = (expires_ms - self._door.engine.now_ms()) // 1000
        source_ton = 0 if self._options.source.isdigit() else 5
        return [
            Message(
                source=self._options.source,
                source_ton=source_ton,
                source_npi=1 if source_ton == 0 else 0,
                dest=dest,
                dest_ton=ton,
                dest_npi=npi,
                data=one,
                coding=coding,
                esm_class=esm_class,
                priority=1,
                registered=1,
                validity=validity(valid_s),
            )
            for one in parts
        ]

    async def _take(self, message: Message) -> Status:
        """What was delivered to us, answered once it is kept."""
        receipt = read_receipt(message)
        if receipt is not None:
            self._door.frames.labels(Protocol.SMS, "receipt").inc()
            text = self._ledger.settle(receipt)
            if text is not None and text.state is State.ARRIVED:
                key = f"{text.order}:arrived:{text.recall}"
                await self._door.answer(text.device, OrderId(text.order), Reply.DELIVERED, key)
            return Status.OK
        now_ms = self._door.engine.now_ms()
        number = f"+{message.source}" if message.source_ton == 1 else message.source
        device = find_device(self._door.devices, number, self._options.country)
        if device is None:
            self._door.frames.labels(Protocol.SMS, "refused").inc()
            self._door.devices.refuse(Protocol.SMS, number or "-", "smsc", now_ms)
            return Status.OK
        content = self._joiner.take(take_header(message), now_ms)
        if content is None:
            return Status.OK
        text_in = read_text(content, message.coding)
        self._door.frames.labels(Protocol.SMS, "understood").inc()
        await self._read(device, text_in, now_ms)
        return Status.OK

    async def _read(self, device: Device, text: str, now_ms: int) -> None:
        answer = words.read_answer(text)
        if answer is not None:
            what, incident = await self._answered(device, *answer, now_ms)
        else:
            what, incident = await self._told(device, text, now_ms)
        if what is not None:
            body = words.say(what, zh=self._in_chinese(device), incident=incident or "")
            self._say_back(device, body)

    async def _answered(
        self, device: Device, reply: Reply, code: str | None, now_ms: int
    ) -> tuple[str | None, str | None]:
        """An answer to an order, if its code is the one in the text and was not used before."""
        wrong, since_ms = self._wrong.get(device.identity, (0, now_ms))
        if now_ms - since_ms > LOCKED_MS:
            wrong, since_ms = 0, now_ms
        if wrong >= WRONG_CODES:
            self._door.frames.labels(Protocol.SMS, "locked").inc()
            return None, None
        unanswered = self._open_orders(device)
        if code is None:
            if not self._options.without_code or not unanswered:
                return ("no_code", None) if unanswered else ("not_read", None)
            order = unanswered[0]
        else:
            found = [one for one in unanswered if self._code(one.id, device) == code]
            if not found:
                self._wrong[device.identity] = (wrong + 1, since_ms)
                while len(self._wrong) > MAX_NUMBERS:
                    self._wrong.popitem(last=False)
                self._door.frames.labels(Protocol.SMS, "wrong_code").inc()
                return "wrong_code", None
            order = found[0]
        await self._door.answer(device, order.id, reply, f"{order.id}:{reply.value}")
        self._wrong.pop(device.identity, None)
        return reply.value, order.incident

    def _open_orders(self, device: Device) -> list[Order]:
        """The order that waits for an answer of this telephone's responder, if there is one."""
        board = self._door.engine.board
        row = board.responders.get(device.responder)
        order = None if row is None or row.order is None else board.orders.get(row.order)
        return [order] if order is not None and order.status in UNANSWERED else []

    async def _told(self, device: Device, text: str, now_ms: int) -> tuple[str, str | None]:
        """A call for help, a report that names a crime, or words about the order in hand."""
        key = self._key_of(device, text, now_ms)
        board = self._door.engine.board
        judged = judge(text)
        kind = "panic" if words.asks_help(text) else None
        if kind is None and judged is not None and judged.promote and judged.type in board.plans:
            kind = judged.type
        if kind is not None:
            alarm = Alarm(type=kind, code="sms", key=key, text=words.plain(text)[:500])
            incident = await self._door.raise_alarm(device, alarm)
            return ("alarm", incident) if incident else ("not_read", None)
        row = board.responders.get(device.responder)
        order = None if row is None or row.order is None else board.orders.get(row.order)
        if order is None or not text.strip():
            return "not_read", None
        note = AddNote(id=short_id(device, key), incident=order.serves, text=text[:500])
        await self._door.engine.submit(note, self._door.who(device))
        return "noted", order.serves

    def _key_of(self, device: Device, text: str, now_ms: int) -> str:
        """The same for a text that the centre brings twice."""
        mark = (device.identity, text)
        at_ms = self._recent.pop(mark, now_ms)
        at_ms = at_ms if now_ms - at_ms < SAME_MS else now_ms
        self._recent[mark] = at_ms
        while len(self._recent) > MAX_NUMBERS:
            self._recent.popitem(last=False)
        return f"{at_ms}:{text}"

    def _say_back(self, device: Device, body: str) -> None:
        expires_ms = self._door.engine.now_ms() + LOCKED_MS
        outgoing = Outgoing(
            parts=self._messages(device, body, expires_ms),
            wanted=lambda: self._door.engine.now_ms() < expires_ms,
            taken=lambda _: None,
            done=lambda fate: self._door.frames.labels(Protocol.SMS, f"sent_{fate.value}").inc(),
        )
        self._client.put(outgoing)

    def _code(self, order: str, device: Device) -> str:
        return words.code_of(self._key, order, device.identity)

    def _in_chinese(self, device: Device) -> bool:
        told = settings_of(device) & {"zh", "en"}
        return (next(iter(told)) if len(told) == 1 else self._options.language) == PLAIN_ZH


def settings_of(device: Device) -> set[str]:
    """The words of a telephone's model: `only` where it is all its carrier has, `zh` or `en`."""
    return set((device.model or "").casefold().replace(",", " ").split())


def validity(seconds: int) -> str:
    """A validity period relative to now (SMPP 3.4, 7.1.1), of at most a day."""
    left = min(max(seconds, NOT_BEFORE_S), LONGEST_VALIDITY_S)
    return f"000000{left // 3600:02}{left // 60 % 60:02}{left % 60:02}000R"
