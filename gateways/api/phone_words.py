"""What a page is told: the letters of the MQTT contract under a word, and its own state.

A message is a JSON object whose `is` says what it is; the rest are the bodies of
`gateways.mqtt.wire`, so that a page and a terminal speak of the same things in the same words.
"""

import msgspec

from dispatch.board import Board
from dispatch.district import District, Gate, Plan, Post, Unit
from dispatch.follow import WANTED_VEHICLE
from dispatch.intake import OFFICER_IN_NEED
from dispatch.letters import Letter, OrderLetter
from dispatch.model import Order
from dispatch.words import GroupId, ResponderId, ResponderKind
from gateways.devices.registry import Device
from gateways.mqtt.encode import encode

BY_DESK = frozenset({OFFICER_IN_NEED, WANTED_VEHICLE})
"""Types that nobody calls for by name."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """An incident type that may be called for; `direct`: the caller is told who comes."""

    type: str
    name_zh: str
    name_en: str
    priority: int
    silent: bool
    direct: bool


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """Another post of a mutual-aid group."""

    id: ResponderId
    sign: int
    name: str


class Aid(msgspec.Struct, frozen=True, kw_only=True):
    """A mutual-aid group of the page's post."""

    id: GroupId
    name: str
    channel: str
    posts: list[Neighbour]


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="is", tag="hello"):
    """Who the page speaks for, and what it may call for. `t` sets its clock."""

    t: int
    kind: ResponderKind
    id: ResponderId
    name: str
    sign: int | None
    district_zh: str
    district_en: str
    timezone: str
    groups: list[Aid]
    types: list[Kind]
    also: list[Kind]
    """Types by which others are told of incidents, but that are not called for by name."""


def greet(device: Device, book: District, now_ms: int) -> Hello | None:
    """What a page must know of its responder; None when the book does not have it."""
    row: Unit | Post | Gate | None
    match device.kind:
        case ResponderKind.UNIT:
            row = next((one for one in book.units if one.id == device.responder), None)
        case ResponderKind.POST:
            row = next((one for one in book.posts if one.id == device.responder), None)
        case ResponderKind.GATE:
            row = next((one for one in book.gates if one.id == device.responder), None)
    if row is None:
        return None
    mine = row.groups if isinstance(row, Post) else ()
    return Hello(
        t=now_ms,
        kind=device.kind,
        id=device.responder,
        name=row.name,
        sign=row.sign if isinstance(row, Post) else None,
        district_zh=book.name_zh,
        district_en=book.name_en,
        timezone=book.timezone,
        groups=[
            Aid(
                id=group.id,
                name=group.name,
                channel=group.channel,
                posts=[
                    Neighbour(id=post.id, sign=post.sign, name=post.name)
                    for post in book.posts
                    if group.id in post.groups and post.id != device.responder
                ],
            )
            for group in book.groups
            if group.id in mine
        ],
        types=[_kind(plan) for plan in book.plans if plan.type not in BY_DESK],
        also=[_kind(plan) for plan in book.plans if plan.type in BY_DESK],
    )


def _kind(plan: Plan) -> Kind:
    return Kind(
        type=plan.type,
        name_zh=plan.name_zh,
        name_en=plan.name_en,
        priority=plan.priority,
        silent=plan.silent,
        direct=plan.answer_caller,
    )


def write_letter(letter: Letter, now_ms: int) -> bytes:
    """A letter as a message: its body in the MQTT contract under `is`."""
    sent = encode(letter, "", now_ms)
    return b'{"is":"%s",' % sent.kind.encode() + sent.payload[1:]


def write_state(board: Board, device: Device, now_ms: int) -> bytes:
    """How the responder stands on the durable board, with the order that it holds."""
    row = board.responders.get(device.responder)
    order = None if row is None or row.order is None else board.orders.get(row.order)
    body = {
        "is": "state",
        "t": now_ms,
        "status": None if row is None else row.status,
        "since": None if row is None else row.since_ms,
        "order": None if order is None else _held(order, now_ms),
    }
    return msgspec.json.encode(body)


def _held(order: Order, now_ms: int) -> dict[str, object]:
    sent = encode(OrderLetter(order=order), "", now_ms)
    body: dict[str, object] = msgspec.json.decode(sent.payload)
    return body | {"status": order.status, "late": order.late}


def mark_of(board: Board, device: Device) -> tuple[object, ...]:
    """Equal as long as `write_state` would say the same."""
    row = board.responders.get(device.responder)
    if row is None:
        return ()
    order = None if row.order is None else board.orders.get(row.order)
    if order is None:
        return row.status, row.since_ms
    return row.status, row.since_ms, order.id, order.status, order.late
