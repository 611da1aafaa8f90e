"""What a command names: whether it exists and is the user's to see, and how it stands now."""

from typing import Any

import msgspec

from dispatch import commands as c
from dispatch.board import Board
from dispatch.callout import ring_of
from dispatch.letters import Reject
from dispatch.words import AlarmKey, IncidentId, OrderId, ResponderId
from gateways.api.scope import Scope, sees_order
from gateways.api.web import ApiError, invalid, missing

INCIDENTS = ("incident", "kept", "merged", "other")
STATE = frozenset({*INCIDENTS, "order", "responder", "advice", "alarm"})
"""A refusal over one of these fields means that it stands otherwise than the user saw."""


def check_named(command: Any, board: Board, scope: Scope | None) -> None:
    """See that everything a command names is there for this user.

    Raises:
        ApiError: 404 for what is not there or not his, 403 for a call beyond his areas.
    """
    for field in INCIDENTS:
        _check_incident(getattr(command, field, None), field, board, scope)
    order = getattr(command, "order", None)
    if order is not None and not sees_order(scope, board, board.orders.get(OrderId(order))):
        raise missing("order", order)
    responder = getattr(command, "responder", None)
    if responder is not None and (
        responder not in board.responders or (scope is not None and responder not in scope.own)
    ):
        raise missing("responder", responder)
    _check_rest(command, board, scope)


def _check_rest(command: Any, board: Board, scope: Scope | None) -> None:
    match command:
        case c.SplitAlarm():
            holder = next((i for i in board.incidents.values() if command.alarm in i.alarms), None)
            if holder is None or (scope is not None and not scope.sees(holder)):
                raise missing("alarm", command.alarm)
        case c.UnmergeIncident():
            into = board.incidents[command.merged].merged_into
            if into is not None:
                _check_incident(into, "merged", board, scope)
        case c.SettleAdvice():
            advice = board.advice.get(command.advice)
            if advice is None or (scope is not None and not scope.sees_advice(board, advice)):
                raise missing("advice", command.advice)
        case c.CallMany():
            _check_call(command, board, scope)
        case _:
            return


def _check_incident(name: str | None, field: str, board: Board, scope: Scope | None) -> None:
    if name is None:
        return
    row = board.incidents.get(IncidentId(name))
    if row is None or (scope is not None and not scope.sees(row)):
        raise missing(field, name)


def _check_call(command: c.CallMany, board: Board, scope: Scope | None) -> None:
    book = board.district
    assert book is not None, "an engine that runs has a district"
    if command.group is not None and command.group not in {group.id for group in book.groups}:
        raise missing("group", command.group)
    areas = {area.id for area in book.areas}
    if command.area is not None and command.area not in areas:
        raise missing("area", command.area)
    if scope is None:
        return
    if command.area is not None and command.area not in scope.tree:
        raise missing("area", command.area)
    ring = ring_of(board, command)
    if command.area is None and not scope.covers(ring):
        raise ApiError(
            403, "outside", "name one of your areas, or draw a ring inside them", field="area"
        )


def refused(reject: Reject, command: Any, board: Board) -> ApiError:
    """The desk's refusal as an error: a changed state with how it is now, or a wrong field."""
    more = {"field": reject.field, "value": reject.value}
    if reject.field in STATE:
        now = now_of(reject.field, reject.value, board)
        return ApiError(409, "state_changed", reject.error, now=now, **more)
    if isinstance(command, c.MoveOrder) and reject.field == "status":
        now = now_of("order", command.order, board)
        return ApiError(409, "state_changed", reject.error, now=now, **more)
    return invalid(reject.field, reject.value, reject.error)


def now_of(field: str, value: str, board: Board) -> dict[str, Any] | None:
    """The row that a field names, as it stands."""
    row: msgspec.Struct | None
    if field in INCIDENTS:
        row = board.incidents.get(IncidentId(value))
    elif field == "order":
        row = board.orders.get(OrderId(value))
    elif field == "responder":
        row = board.responders.get(ResponderId(value))
    elif field == "advice":
        row = board.advice.get(value)
    else:
        row = board.alarms.get(AlarmKey(value))
    found: dict[str, Any] | None = None if row is None else msgspec.to_builtins(row)
    return found
