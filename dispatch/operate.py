"""What people at the centre do with orders, and the table of everything they may ask the desk."""

from collections.abc import Callable
from typing import Any

from dispatch import advise, assign, callout, casework
from dispatch import commands as c
from dispatch.candidates import Timed
from dispatch.events import MessageTaken
from dispatch.model import Incident
from dispatch.recommend import WIDEST_S
from dispatch.words import (
    CENTRE,
    ORDER_ENDED,
    ORDER_FOLLOWS,
    Disposition,
    IncidentStatus,
    OrderStatus,
    ResponderKind,
    Role,
    UnitStatus,
)
from dispatch.work import Work
from geo.air import air_m
from geo.types import Point, Profile

CLOSINGS = frozenset(Disposition) - {Disposition.MERGED}
MOVABLE = {
    OrderStatus.DELIVERED: None,
    OrderStatus.ACCEPTED: None,
    OrderStatus.EN_ROUTE: UnitStatus.EN_ROUTE,
    OrderStatus.ON_SCENE: UnitStatus.ON_SCENE,
    OrderStatus.REFUSED: UnitStatus.AVAILABLE,
    OrderStatus.COMPLETED: UnitStatus.AVAILABLE,
}
"""What an operator may say of an order, and the state that its responder then has."""


def send_order(work: Work, command: c.SendOrder) -> None:
    """Send one responder by hand, in a role and with words of the operator's own."""
    incident = casework.find_incident(work, command.id, command.incident)
    responder = work.board.responders.get(command.responder)
    if incident is None:
        return
    if responder is None or responder.order is not None:
        error = "no such responder" if responder is None else f"holds {responder.order}"
        work.refuse_centre(command.id, field="responder", value=command.responder, error=error)
        return
    units = work.board.get_plan(incident).units
    need = f"unit:{units[0].capability}" if units else "unit:patrol"
    if responder.kind is not ResponderKind.UNIT:
        need = responder.kind.value
    role = Role.RESPOND if responder.kind is ResponderKind.UNIT else Role.HOLD
    assign.issue(
        work,
        incident.id,
        _pick(work, incident, command),
        command.role or role,
        need=need,
        by=work.who if command.reason is None else f"{work.who}: {command.reason}",
        text=command.text,
    )
    short = {key: left for key, left in incident.short.items() if key != "confirmation"}
    assign.settle(work, incident.id, short)
    if incident.short:
        assign.fill(work, incident.id)


def _pick(work: Work, incident: Incident, command: c.SendOrder) -> Timed:
    """The operator's choice, placed by its last fix, its own place or its base."""
    board, responder = work.board, command.responder
    profile = Profile.FOOT
    if responder in board.posts:
        position = board.posts[responder].place
    elif responder in board.gates:
        position, profile = board.gates[responder].place, Profile.CAR
    else:
        row = board.force.rows[responder]
        fix = work.views.positions.get(row)
        position = Point(fix.lon, fix.lat) if fix is not None else board.units[responder].base
        profile = board.force.profile_of(row)
    return Timed(
        responder=responder,
        kind=board.responders[responder].kind,
        profile=profile,
        tier=0,
        eta_s=float("inf"),
        air_m=air_m(position, incident.place),
        fix_age_s=None,
        position=position,
        limit_s=WIDEST_S,
    )


def cancel_order(work: Work, command: c.CancelOrder) -> None:
    """Recall an order; an incident left without any waits for a person, not for the rule."""
    order = work.board.orders.get(command.order)
    if order is None or order.status in ORDER_ENDED:
        work.refuse_centre(
            command.id, field="order", value=command.order, error="no such active order"
        )
        return
    assign.end_order(work, order.id, OrderStatus.CANCELLED, by=work.who, reason=command.reason)
    incident = work.board.incidents[order.serves]
    left = [work.board.orders[other] for other in incident.orders]
    if not any(row.status not in ORDER_ENDED for row in left):
        assign.settle(work, incident.id, {**incident.short, "confirmation": 1})
    else:
        assign.advance_incident(work, incident.id)


def move_order(work: Work, command: c.MoveOrder) -> None:
    """Move an order on, as told by radio; what happened when stays in the words of the fact."""
    order = work.board.orders.get(command.order)
    field = value = error = ""
    if order is None or order.status in ORDER_ENDED:
        field, value, error = "order", command.order, "no such active order"
    elif command.status not in MOVABLE or command.status not in ORDER_FOLLOWS[order.status]:
        field, value, error = "status", command.status, f"cannot follow {order.status}"
    elif command.happened_ms is not None and not (
        order.issued_ms <= command.happened_ms <= work.now_ms
    ):
        field, value = "happened_ms", str(command.happened_ms)
        error = "before the order was issued, or later than now"
    if order is None or field:
        work.refuse_centre(command.id, field=field, value=value, error=error)
        return
    assign.move(
        work,
        order.id,
        command.status,
        by=work.who,
        reason=command.reason,
        happened_ms=command.happened_ms,
    )
    state = MOVABLE[command.status]
    if state is not None:
        assign.set_status(work, order.responder, state, by=work.who)
    if command.status is OrderStatus.REFUSED:
        assign.fill(work, order.serves)
    else:
        assign.advance_incident(work, order.serves)


def close_incident(work: Work, command: c.CloseIncident) -> None:
    """Close with a disposition and what it came to; the plan's follow-ups begin."""
    incident = casework.find_incident(work, command.id, command.incident)
    if incident is None:
        return
    if command.disposition not in CLOSINGS:
        error = "one of " + ", ".join(sorted(CLOSINGS)) + "; to merge, use its own command"
        work.refuse_centre(command.id, field="disposition", value=command.disposition, error=error)
        return
    casework.note_end(work, command)
    assign.close(work, incident.id, disposition=command.disposition, by=work.who)
    if work.board.incidents[incident.id].status is IncidentStatus.CLOSED:
        casework.set_plan_follow_ups(work, incident.id)


Operation = Callable[[Work, Any], None]
OPERATIONS: dict[type[c.Command], Operation] = {
    c.SendOrder: send_order,
    c.CancelOrder: cancel_order,
    c.MoveOrder: move_order,
    c.CloseIncident: close_incident,
    c.ConfirmIncident: casework.confirm,
    c.MergeIncidents: casework.merge,
    c.UnmergeIncident: casework.unmerge,
    c.SplitAlarm: casework.split,
    c.LinkIncidents: casework.link,
    c.ReopenIncident: casework.reopen,
    c.ChangeIncident: casework.change,
    c.AddNote: casework.add_note,
    c.StrikeNote: casework.strike_note,
    c.ReferIncident: casework.refer,
    c.FinishFollowUp: casework.finish_follow_up,
    c.SetStatus: casework.set_status,
    c.SettleAdvice: advise.settle,
    c.CallMany: callout.call_many,
}
"""What a person at the centre may ask of the desk, and who answers it."""


def operate(work: Work, command: Any) -> None:
    """Do what a person at the centre asks, once for each id of that person."""
    key = f"{work.who}/{command.id}"
    if key in work.board.centre_seen:
        return
    OPERATIONS[type(command)](work, command)
    if not work.outcome().rejects:
        work.tell(MessageTaken(at_ms=work.now_ms, responder=CENTRE, message=key))
