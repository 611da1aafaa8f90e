"""Letters: what leaves the engine for a device, once the events behind it are durable.

A letter is a value; how it becomes bytes on a topic is its gateway's affair.
"""

from typing import TypeAlias

import msgspec

from dispatch.model import Notice, Order
from dispatch.words import IncidentId, OrderId, ResponderId, ResponderKind
from geo.types import Point


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """To the alarm's source: your alarm `id` is on record as `incident`, since `at_ms`."""

    kind: ResponderKind
    responder: ResponderId
    id: str
    incident: IncidentId
    at_ms: int
    silent: bool


class OrderLetter(msgspec.Struct, frozen=True, kw_only=True):
    """To a responder: the order; sent again until answered, always with equal content."""

    order: Order


class Recall(msgspec.Struct, frozen=True, kw_only=True):
    """To a responder: forget this order. Sent again until its delivery is confirmed."""

    kind: ResponderKind
    responder: ResponderId
    order: OrderId
    incident: IncidentId
    at_ms: int
    expires_ms: int
    reason: str


class NoticeLetter(msgspec.Struct, frozen=True, kw_only=True):
    """To a group or to all; with `to`, one of those whom the notice names."""

    notice: Notice
    to: tuple[ResponderKind, ResponderId] | None = None


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """To a patrol: what the hot list says of a plate."""

    responder: ResponderId
    id: str
    plate: str
    hit: bool
    reason: str | None
    at_ms: int


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """To a sender: what was wrong with what it sent."""

    kind: ResponderKind
    responder: ResponderId
    id: str | None
    field: str
    value: str
    error: str


class HelpCall(msgspec.Struct, frozen=True, kw_only=True):
    """To the neighbouring districts' centres: we have nobody for this."""

    incident: IncidentId
    type: str
    priority: int
    place: Point
    place_name: str
    lacking: dict[str, int]
    level: int
    at_ms: int


Letter: TypeAlias = HelpCall | Receipt | OrderLetter | Recall | NoticeLetter | CheckResult | Reject


def recall_of(order: Order) -> Recall:
    """The letter that takes an order back."""
    return Recall(
        kind=order.kind,
        responder=order.responder,
        order=order.id,
        incident=order.incident,
        at_ms=order.since_ms,
        expires_ms=order.due_ms or order.expires_ms,
        reason=order.status.value,
    )
