"""The figures of a period: how fast, by priority, beat and hour; who answered; what is overdue."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from dispatch import events as e
from dispatch.board import Board
from dispatch.district import District
from dispatch.model import FollowUp, Incident, Order
from dispatch.muster import percentile
from dispatch.ports import Record
from dispatch.words import (
    AreaId,
    CallKind,
    IncidentId,
    IncidentStatus,
    OrderId,
    OrderStatus,
    ResponderId,
)
from gateways.api.scope import Scope

KEPT = 50_000
MOST_POSTS = 2_000
ANSWERS = frozenset({OrderStatus.ACCEPTED, OrderStatus.REFUSED})


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How many, and the half and nine tenths of them in seconds; null of none."""

    count: int
    p50_s: float | None
    p90_s: float | None


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents of one kind: raised to first order, raised to first on scene."""

    key: str
    name: str
    count: int
    dispatch: Spread
    arrival: Spread


class Responses(msgspec.Struct, frozen=True, kw_only=True):
    """Response times of all, and by priority, beat and local hour."""

    all: Response
    by_priority: list[Response]
    by_beat: list[Response]
    by_hour: list[Response]


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """Orders of the period and how they were answered."""

    issued: int
    accepted: int
    refused: int
    expired: int
    cancelled: int
    late: int
    answer: Spread


class PostLine(msgspec.Struct, frozen=True, kw_only=True):
    """One security point: its orders and test calls, and how many it answered."""

    id: ResponderId
    name: str
    status: str
    orders: int
    answered: int
    musters: int
    mustered: int


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """Something owed for an incident."""

    incident: IncidentId
    type: str
    kind: str
    department: str | None
    due_ms: int
    overdue: bool


class CallLine(msgspec.Struct, frozen=True, kw_only=True):
    """A call to many: how many were asked and how many have read it."""

    id: str
    kind: str
    sent_ms: int
    asked: int
    read: int
    standing: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a period; exercises are left out."""

    since_ms: int
    until_ms: int
    incidents: int
    open: int
    by_type: dict[str, int]
    response: Responses
    orders: Orders
    posts: list[PostLine]
    follow_ups: list[Owed]
    calls: list[CallLine]


class Answers:
    """When each order was first answered, from the durable records; the last are remembered."""

    def __init__(self) -> None:
        self._at_ms: OrderedDict[OrderId, int] = OrderedDict()

    def take(self, records: Iterable[Record]) -> None:
        """Take durable records, oldest first."""
        for record in records:
            for event in record.events:
                if isinstance(event, e.OrderAdvanced) and event.status in ANSWERS:
                    self._at_ms.setdefault(event.order, event.at_ms)
                    if len(self._at_ms) > KEPT:
                        self._at_ms.popitem(last=False)

    def find_ms(self, order: OrderId) -> int | None:
        """When it was answered; None when it was not, or longer ago than is remembered."""
        return self._at_ms.get(order)


def zone_of(book: District) -> tzinfo:
    """The district's zone; UTC when it names none that is known."""
    try:
        return ZoneInfo(book.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def list_incidents(
    board: Board, scope: Scope | None, since_ms: int, until_ms: int
) -> list[Incident]:
    """Incidents raised in a period, oldest first, without exercises and without merged ones."""
    rows = [
        row
        for row in board.incidents.values()
        if since_ms <= row.raised_ms < until_ms
        and row.merged_into is None
        and not row.exercise
        and (scope is None or scope.sees(row))
    ]
    return sorted(rows, key=lambda row: (row.raised_ms, row.id))


def list_orders(board: Board, rows: Iterable[Incident]) -> list[Order]:
    """The orders of incidents, in their order."""
    found = dict.fromkeys(order for row in rows for order in row.orders)
    return [board.orders[one] for one in found if one in board.orders]


def make_report(
    board: Board, answers: Answers, scope: Scope | None, since_ms: int, until_ms: int
) -> Report:
    """The figures of incidents raised in a period."""
    rows = list_incidents(board, scope, since_ms, until_ms)
    orders = list_orders(board, rows)
    types: dict[str, int] = {}
    for row in rows:
        types[row.type] = types.get(row.type, 0) + 1
    return Report(
        since_ms=since_ms,
        until_ms=until_ms,
        incidents=len(rows),
        open=sum(row.status is not IncidentStatus.CLOSED for row in rows),
        by_type=dict(sorted(types.items())),
        response=_responses(board, rows),
        orders=_count_orders(orders, answers),
        posts=_list_posts(board, orders, answers, scope),
        follow_ups=list_owed(board, scope),
        calls=list_calls(board, scope, since_ms, until_ms),
    )


def _responses(board: Board, rows: list[Incident]) -> Responses:
    book = board.district
    assert book is not None, "an engine that runs has a district"
    names = {area.id: area.name for area in book.areas}
    zone = zone_of(book)

    def hour_of(row: Incident) -> str:
        return f"{datetime.fromtimestamp(row.raised_ms / 1000, zone):%H}"

    def beat_of(row: Incident) -> str:
        return row.areas[-1] if row.areas else ""

    return Responses(
        all=_response("", "", rows),
        by_priority=_by(rows, lambda row: str(row.priority), lambda key: key),
        by_beat=_by(rows, beat_of, lambda key: names.get(AreaId(key), key)),
        by_hour=_by(rows, hour_of, lambda key: f"{key}:00"),
    )


def _by(
    rows: list[Incident], key_of: Callable[[Incident], str], name_of: Callable[[str], str]
) -> list[Response]:
    groups: dict[str, list[Incident]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return [_response(key, name_of(key), groups[key]) for key in sorted(groups)]


def _response(key: str, name: str, rows: list[Incident]) -> Response:
    ordered = [(r.first_order_ms, r.raised_ms) for r in rows if r.first_order_ms is not None]
    there = [(r.first_on_scene_ms, r.raised_ms) for r in rows if r.first_on_scene_ms is not None]
    return Response(
        key=key,
        name=name,
        count=len(rows),
        dispatch=spread([(to_ms - from_ms) / 1000 for to_ms, from_ms in ordered]),
        arrival=spread([(to_ms - from_ms) / 1000 for to_ms, from_ms in there]),
    )


def spread(seconds: list[float]) -> Spread:
    """How many, and their percentiles."""
    return Spread(
        count=len(seconds), p50_s=percentile(seconds, 0.5), p90_s=percentile(seconds, 0.9)
    )


def _count_orders(orders: list[Order], answers: Answers) -> Orders:
    took = [
        (at_ms - order.issued_ms) / 1000
        for order in orders
        if (at_ms := answers.find_ms(order.id)) is not None
    ]
    refused = sum(order.status is OrderStatus.REFUSED for order in orders)
    return Orders(
        issued=len(orders),
        accepted=max(0, len(took) - refused),
        refused=refused,
        expired=sum(order.status is OrderStatus.EXPIRED for order in orders),
        cancelled=sum(order.status is OrderStatus.CANCELLED for order in orders),
        late=sum(order.late is not None for order in orders),
        answer=spread(took),
    )


def _list_posts(
    board: Board, orders: list[Order], answers: Answers, scope: Scope | None
) -> list[PostLine]:
    """Every post that was ordered or called, those that answered least first."""
    sent: dict[ResponderId, int] = {}
    answered: dict[ResponderId, int] = {}
    for order in orders:
        sent[order.responder] = sent.get(order.responder, 0) + 1
        said = answers.find_ms(order.id) is not None
        answered[order.responder] = answered.get(order.responder, 0) + said
    asked: dict[ResponderId, int] = {}
    mustered: dict[ResponderId, int] = {}
    for heard in board.calls_ended:
        if heard.notice.kind is CallKind.MUSTER:
            for _, one in heard.notice.to:
                asked[one] = asked.get(one, 0) + 1
                mustered[one] = mustered.get(one, 0) + (one in heard.read_ms)
    lines = [
        PostLine(
            id=post.id,
            name=post.name,
            status=board.responders[post.id].status,
            orders=sent.get(post.id, 0),
            answered=answered.get(post.id, 0),
            musters=asked.get(post.id, 0),
            mustered=mustered.get(post.id, 0),
        )
        for post in board.posts.values()
        if (post.id in sent or post.id in asked) and (scope is None or post.id in scope.own)
    ]
    lines.sort(key=lambda one: (one.answered + one.mustered - one.orders - one.musters, one.id))
    return lines[:MOST_POSTS]


def list_owed(board: Board, scope: Scope | None) -> list[Owed]:
    """What is still owed for incidents, overdue first, then by date."""
    found = [
        _owed(row, one)
        for row in board.incidents.values()
        if scope is None or scope.sees(row)
        for one in row.follow_ups
        if one.done_ms is None
    ]
    return sorted(found, key=lambda one: (not one.overdue, one.due_ms, one.incident, one.kind))


def _owed(row: Incident, one: FollowUp) -> Owed:
    return Owed(
        incident=row.id,
        type=row.type,
        kind=one.kind,
        department=one.department,
        due_ms=one.due_ms,
        overdue=one.overdue,
    )


def list_calls(board: Board, scope: Scope | None, since_ms: int, until_ms: int) -> list[CallLine]:
    """Calls to many that were sent in a period, the last first."""
    lines = []
    for standing, rows in ((True, board.calls.values()), (False, board.calls_ended)):
        for heard in rows:
            row = heard if scope is None else scope.cut_call(board, heard)
            if row is not None and since_ms <= row.notice.sent_ms < until_ms:
                line = CallLine(
                    id=row.notice.id,
                    kind=row.notice.kind,
                    sent_ms=row.notice.sent_ms,
                    asked=row.asked,
                    read=len(row.read_ms),
                    standing=standing,
                )
                lines.append(line)
    return sorted(lines, key=lambda one: (-one.sent_ms, one.id))
