"""The witness: holds all that becomes durable, and all that leaves the engine, against the rules.

It keeps a board of its own, fed with the rows of the journal file as they become durable, decoded
as a replay would decode them. What leaves the engine is judged in the moment it is written.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from dispatch import events as e
from dispatch.board import Board
from dispatch.journal_file import Row
from dispatch.words import (
    ORDER_ENDED,
    ORDER_FOLLOWS,
    ORDER_UNANSWERED,
    IncidentStatus,
    OrderStatus,
)
from simulator.faults.packets import Message

LATE_MS = 6_000
"""A deadline that the engine passes over by so much, with nothing in its way, is lost."""

IN_TIME_MS = 90_000
"""A message whose clock is further off may be refused, and is confirmed all the same."""


class Witness:
    """Remembers the first rule that was broken; `tell` writes the story."""

    def __init__(self, root: str, tell: Callable[[str], None]) -> None:
        self.root = root
        self.tell = tell
        self.board = Board()
        self.seq = 0
        self.broken: str | None = None
        self.alarms: dict[str, str] = {}
        self.issued: dict[str, tuple[str, str]] = {}
        self.pairs: dict[tuple[str, str], str] = {}
        self.notices: set[str] = set()
        self.notices_sent: set[str] = set()
        self.ran_out: set[str] = set()
        self.messages: set[tuple[str, str]] = set()
        self._fixes_of = 0
        self._fixes_ms: list[int] = []
        self.said_since_up: set[str] = set()
        self.came_up: Callable[[], None] = lambda: None
        self.clock_ms: Callable[[], int] = lambda: 0

    def breach(self, what: str) -> None:
        """A rule is broken; the first one is the story."""
        if self.broken is None:
            self.broken = what
            self.tell(f"BROKEN: {what}")

    # What becomes durable

    def take(self, row: Row, events: tuple[e.AnyEvent, ...]) -> None:
        """One durable record."""
        if row.seq != self.seq + 1:
            self.breach(f"record {row.seq} follows record {self.seq}")
        self.seq = row.seq
        for event in events:
            self._judge(event)
            self.board.apply(event)
        self._hold_each_once()

    def _judge(self, event: e.AnyEvent) -> None:  # noqa: C901 - one match, all facts that matter
        """What a fact may be, given the board before it."""
        match event:
            case e.IncidentOpened() | e.AlarmJoined():
                key = event.alarm.key
                if key in self.alarms:
                    self.breach(f"alarm {key} is on record twice")
                self.alarms[key] = event.alarm.incident
                self.tell(f"on record: alarm {key} is {event.alarm.incident}")
            case e.OrderIssued():
                self._issue(event)
            case e.OrderAdvanced():
                self._advance(event)
            case e.OrderOverdue():
                due_ms = self.board.orders[event.order].due_ms
                if due_ms is None or due_ms > event.at_ms:
                    self.breach(f"order {event.order} was called overdue before its deadline")
            case e.IncidentEscalated():
                due_ms = self.board.incidents[event.incident].due_ms
                if due_ms is None or due_ms > event.at_ms:
                    self.breach(f"{event.incident} escalated before its time")
            case e.MessageTaken():
                self.messages.add((event.responder, event.message))
            case e.RecallConfirmed() if event.by == "expiry":
                self.ran_out.add(event.order)
                self.tell(f"on record: the recall of {event.order} ran out")
            case e.NoticeSent():
                self.notices.add(event.notice.id)
            case _:
                pass

    def _issue(self, event: e.OrderIssued) -> None:
        order = event.order
        pair = (order.incident, order.responder)
        if order.id in self.issued:
            self.breach(f"order id {order.id} was issued twice")
        if pair in self.pairs:
            self.breach(f"{order.responder} has a second order for {order.incident}: {order.id}")
        self.issued[order.id] = pair
        self.pairs[pair] = order.id
        self.tell(f"on record: order {order.id} to {order.responder}")

    def _advance(self, event: e.OrderAdvanced) -> None:
        order = self.board.orders[event.order]
        if event.status not in ORDER_FOLLOWS[order.status]:
            self.breach(f"order {order.id} went from {order.status} to {event.status}")
        early = event.status is OrderStatus.EXPIRED and event.at_ms < order.expires_ms
        if early:
            self.breach(f"order {order.id} expired before its time")
        self.tell(f"on record: order {order.id} {event.status} by {event.by}")

    def _hold_each_once(self) -> None:
        """A responder holds at most one order, and the tables agree on which."""
        held: dict[str, str] = {}
        for order in self.board.orders.values():
            if order.status in ORDER_ENDED:
                continue
            if order.responder in held:
                self.breach(f"{order.responder} holds {held[order.responder]} and {order.id}")
            held[order.responder] = order.id
        for responder in self.board.responders.values():
            if responder.order != held.get(responder.id):
                self.breach(f"{responder.id} is said to hold {responder.order}")
        for incident in self.board.incidents.values():
            if incident.status is IncidentStatus.PENDING and not incident.short:
                self.breach(f"{incident.id} waits and nobody sees why")

    def compare(self, board: Board, what: str) -> None:
        """A board must be, byte for byte, what its durable records say."""
        if board.dump() != self.board.dump():
            self.breach(f"{what} is not what the durable records say")

    def look_at_fixes(self, life: int, at_ms: list[int]) -> None:
        """Within one life of the engine no late fix takes a unit back in time."""
        if life == self._fixes_of and any(
            now < before for now, before in zip(at_ms, self._fixes_ms, strict=True)
        ):
            self.breach("a late fix took a unit back in time")
        self._fixes_of, self._fixes_ms = life, at_ms

    def look_at_deadlines(self, now_ms: int) -> None:
        """No order waits unanswered past its deadline, no incident and no recall unattended."""
        late_ms = now_ms - LATE_MS
        for order in self.board.orders.values():
            waits = order.status in ORDER_UNANSWERED or order.recalled
            if waits and order.due_ms is not None and order.due_ms < late_ms:
                self.breach(f"order {order.id} passed its deadline and nothing happened")
        for incident in self.board.incidents.values():
            if incident.short and incident.due_ms is not None and incident.due_ms < late_ms:
                self.breach(f"{incident.id} passed its deadline and did not escalate")

    # What leaves

    def engine_sent(self, message: Message) -> None:
        """A publish was written: it must follow from what is durable."""
        levels = message.topic.removeprefix(self.root).split("/")
        word, responder = levels[-1], levels[-2]
        body: dict[str, Any] = msgspec.json.decode(message.payload)
        match word:
            case "receipt":
                key = f"{responder}/{body['id']}"
                if self.alarms.get(key) != body["incident"]:
                    self.breach(f"a receipt of {key} left before the alarm was durable")
                self.tell(f"engine: receipt of {key}")
            case "order":
                self._order_sent(responder, body)
            case "notice":
                self.notices_sent.add(body["id"])
                if body["id"] not in self.notices:
                    self.breach(f"notice {body['id']} left before it was durable")
            case "state" if body["state"] == "live":
                self.said_since_up = set()
                self.came_up()
            case _:
                pass

    def _order_sent(self, responder: str, body: dict[str, Any]) -> None:
        order_id = body["id"]
        self.said_since_up.add(order_id)
        self.tell(f"engine: {body['action']} {order_id} to {responder}")
        if self.issued.get(order_id) != (body["incident"], responder):
            self.breach(f"order {order_id} for {responder} left and is not on record")
            return
        order = self.board.orders.get(order_id)
        ended = order is None or order.status in ORDER_ENDED
        if body["action"] == "recall" and not ended:
            self.breach(f"the recall of {order_id} left before it was durable")

    def engine_acked(self, message: Message) -> None:
        """The broker forgets a message now: what it asked for must be durable, or refused."""
        levels = message.topic.removeprefix(self.root).split("/")
        word = levels[-1]
        body: dict[str, Any] = msgspec.json.decode(message.payload)
        sender = body.get("post") or levels[-2]
        if abs(self.clock_ms() - body["t"]) > IN_TIME_MS:
            return
        match word:
            case "alarm":
                if f"{sender}/{body['id']}" not in self.alarms:
                    self.breach(f"alarm {sender}/{body['id']} was confirmed and is not durable")
            case "ack" | "status" if self.issued.get(body["order"], ("", ""))[1] == sender:
                if (sender, body["id"]) not in self.messages:
                    self.breach(f"{word} {sender}/{body['id']} was confirmed and is not durable")
            case _:
                pass

    def list_owed(self) -> list[str]:
        """Orders and recalls that somebody must still hear of."""
        return list(self.board.owed)
