"""From a letter to topic, bytes and delivery properties. Sans-IO."""

from typing import Any

import msgspec

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
from dispatch.model import Order
from dispatch.words import CallKind
from gateways.mqtt.wire import (
    CheckResultDown,
    EngineState,
    HelpDown,
    Leg,
    NoticeDown,
    OrderDown,
    RecallDown,
    ReceiptDown,
    RejectDown,
)

_encode = msgspec.json.Encoder().encode
LONGEST_EXPIRY_S = 0xFFFFFFFF


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One publish. `owed` letters are kept by the engine's outbox, so a link need not keep them.

    `properties` are those of MQTT 5; an older connection leaves them out.
    """

    kind: str
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    owed: bool = False
    properties: dict[str, Any] = {}


def encode(  # noqa: PLR0911  # one match, all letters
    letter: Letter, root: str, now_ms: int
) -> Outgoing:
    """A letter for its device; `root` ends with a slash, `now_ms` starts the message's expiry."""
    match letter:
        case OrderLetter():
            return _order(letter.order, root, now_ms)
        case Recall():
            return _recall(letter, root, now_ms)
        case Receipt():
            body = ReceiptDown(
                id=letter.id, incident=letter.incident, t=letter.at_ms, silent=letter.silent
            )
            return Outgoing(
                kind="receipt",
                topic=f"{root}{letter.kind}/{letter.responder}/receipt",
                payload=_encode(body),
                properties=_properties(letter.id),
            )
        case HelpCall():
            return _help(letter, root)
        case NoticeLetter():
            return _notice(letter, root, now_ms)
        case CheckResult():
            result = CheckResultDown(
                id=letter.id,
                plate=letter.plate,
                hit=letter.hit,
                reason=letter.reason,
                t=letter.at_ms,
            )
            return Outgoing(
                kind="check_result",
                topic=f"{root}unit/{letter.responder}/check/result",
                payload=_encode(result),
                properties=_properties(letter.id),
            )
        case Reject():
            reject = RejectDown(
                id=letter.id, field=letter.field, value=letter.value, error=letter.error
            )
            return Outgoing(
                kind="reject",
                topic=f"{root}{letter.kind}/{letter.responder}/reject",
                payload=_encode(reject),
                properties=_properties(letter.id),
            )


def encode_state(state: EngineState, root: str) -> Outgoing:
    """The engine's own state, retained."""
    return Outgoing(
        kind="state",
        topic=root + "engine/state",
        payload=_encode(state),
        retain=True,
        properties=_properties(None),
    )


def _properties(
    about: str | None, expires_ms: int | None = None, now_ms: int = 0
) -> dict[str, Any]:
    properties: dict[str, Any] = {"content_type": "application/json"}
    if about is not None:
        properties["correlation_data"] = about.encode()
    if expires_ms is not None:
        seconds = -(-(expires_ms - now_ms) // 1000)
        properties["message_expiry_interval"] = min(max(1, seconds), LONGEST_EXPIRY_S)
    return properties


def _order(order: Order, root: str, now_ms: int) -> Outgoing:
    body = OrderDown(
        id=order.id,
        incident=order.incident,
        role=order.role,
        type=order.type,
        priority=order.priority,
        lon=order.place.lon,
        lat=order.place.lat,
        place=order.place_name,
        text=order.text,
        silent=order.silent,
        eta_s=order.eta_s,
        length_m=order.length_m,
        route=order.line,
        streets=tuple(Leg(leg.name, leg.length_m, leg.seconds) for leg in order.streets),
        others=order.others,
        t=order.issued_ms,
        ack_by=order.ack_by_ms,
        expires=order.expires_ms,
        exercise=order.exercise,
    )
    return Outgoing(
        kind="order",
        topic=f"{root}{order.kind}/{order.responder}/order",
        payload=_encode(body),
        owed=True,
        properties=_properties(order.id, order.expires_ms, now_ms),
    )


def _recall(recall: Recall, root: str, now_ms: int) -> Outgoing:
    body = RecallDown(
        id=recall.order,
        incident=recall.incident,
        reason=recall.reason,
        t=recall.at_ms,
        expires=recall.expires_ms,
    )
    return Outgoing(
        kind="recall",
        topic=f"{root}{recall.kind}/{recall.responder}/order",
        payload=_encode(body),
        owed=True,
        properties=_properties(recall.order, recall.expires_ms, now_ms),
    )


def _notice(letter: NoticeLetter, root: str, now_ms: int) -> Outgoing:
    notice = letter.notice
    body = NoticeDown(
        id=notice.id,
        t=notice.sent_ms,
        text=notice.text,
        expires=notice.expires_ms,
        kind=notice.kind,
        answer=notice.kind is not CallKind.NOTICE,
        incident=notice.incident,
        lon=notice.place.lon if notice.place is not None else None,
        lat=notice.place.lat if notice.place is not None else None,
        exercise=notice.exercise,
    )
    to = "all" if notice.group is None else f"group/{notice.group}"
    if letter.to is not None:
        to = "/".join(letter.to)
    return Outgoing(
        kind="notice",
        topic=f"{root}{to}/notice",
        payload=_encode(body),
        properties=_properties(notice.id, notice.expires_ms, now_ms),
    )


def _help(call: HelpCall, root: str) -> Outgoing:
    body = HelpDown(
        incident=call.incident,
        type=call.type,
        priority=call.priority,
        lon=call.place.lon,
        lat=call.place.lat,
        place=call.place_name,
        lacking=call.lacking,
        level=call.level,
        t=call.at_ms,
    )
    return Outgoing(
        kind="help", topic=f"{root}neighbours/help", payload=_encode(body), properties={}
    )
