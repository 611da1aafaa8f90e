"""Following a taken order by the track: what the officer forgot to press, and what goes wrong.

Every statement is marked as inferred, with the metres and the age of the fix it rests on.
"""

from dispatch import callout
from dispatch import events_case as f
from dispatch.assign import advance_incident, end_order, fill, move, set_status
from dispatch.commands import RaiseAlarm
from dispatch.district import Plan
from dispatch.intake import raise_alarm
from dispatch.model import Order
from dispatch.recommend import DEFAULT_STALE_S
from dispatch.words import (
    ORDER_TAKEN,
    OrderId,
    OrderStatus,
    ResponderKind,
    SourceKind,
    UnitStatus,
)
from dispatch.work import Work
from geo.air import air_m
from geo.types import Point, Position

ARRIVED_M = 60.0
STANDING_MPS = 3.0
MOVED_M = 100.0
LEFT_M = 400.0
SETTLED_MS = 120_000
"""Who has been on scene so long and is then away from it has left."""
STARTS_WITHIN_MS = 90_000
"""An accepted order whose unit stands still so long is called late."""
GRACE_MS = 30_000
ANSWER_WITHIN_MS = 60_000
BY_TRACK = "track"


def look_at(work: Work, order_id: OrderId) -> None:
    """Look once at an order that a unit has taken."""
    order = work.board.orders.get(order_id)
    if order is None or order.status not in ORDER_TAKEN:
        return
    if order.kind is not ResponderKind.UNIT or order.responder not in work.board.force.rows:
        return
    plan = work.board.get_plan(work.board.incidents[order.serves])
    fix = work.views.positions.get(work.board.force.rows[order.responder])
    age_ms = work.now_ms - fix.at_ms if fix is not None else None
    fresh = age_ms is not None and age_ms <= _stale_ms(work, order)
    if fix is not None and fresh and fix.at_ms > order.since_ms:
        _infer(work, order, fix)
    order = work.board.orders[order_id]
    if order.status in (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE) and order.late is None:
        _judge(work, order, plan, fix, fresh=fresh)
    elif order.status is OrderStatus.ON_SCENE:
        _check_lone_officer(work, order, plan)


def _stale_ms(work: Work, order: Order) -> int:
    book = work.board.district
    assert book is not None, "orders go to responders of a book"
    kind = work.board.units[order.responder].kind
    return int(1_000 * book.rules.stale_after_s.get(kind, DEFAULT_STALE_S))


def _to_go_m(work: Work, order: Order, fix: Position) -> float:
    """Metres by air to where the incident is now: its place may have been corrected."""
    return air_m(Point(fix.lon, fix.lat), work.board.incidents[order.serves].place)


def _infer(work: Work, order: Order, fix: Position) -> None:
    """What the track says that nobody has pressed."""
    to_go_m = _to_go_m(work, order, fix)
    age_s = (work.now_ms - fix.at_ms) / 1000
    seen = f"{to_go_m:.0f} m from the place, fix {age_s:.0f} s old"
    standing = fix.speed_mps is None or fix.speed_mps <= STANDING_MPS
    if order.status is OrderStatus.ON_SCENE:
        pursuit = work.board.get_plan(work.board.incidents[order.serves]).pursuit
        settled = work.now_ms - order.since_ms >= SETTLED_MS
        if to_go_m > LEFT_M and settled and not pursuit:
            end_order(work, order.id, OrderStatus.COMPLETED, by=BY_TRACK, reason=seen)
            advance_incident(work, order.serves)
    elif to_go_m <= ARRIVED_M and standing:
        move(work, order.id, OrderStatus.ON_SCENE, by=BY_TRACK, reason=seen)
        set_status(work, order.responder, UnitStatus.ON_SCENE, by=BY_TRACK)
        advance_incident(work, order.serves)
    elif order.status is OrderStatus.ACCEPTED and _moved_m(order, fix) >= MOVED_M:
        move(work, order.id, OrderStatus.EN_ROUTE, by=BY_TRACK, reason=seen)
        set_status(work, order.responder, UnitStatus.EN_ROUTE, by=BY_TRACK)


def _moved_m(order: Order, fix: Position) -> float:
    """Metres by air from where the order found its unit; none when it had no way to draw."""
    if not order.line:
        return 0.0
    return air_m(Point(*order.line[0]), Point(fix.lon, fix.lat))


def _judge(work: Work, order: Order, plan: Plan, fix: Position | None, *, fresh: bool) -> None:
    """Say once that an order is late, and send the next responder beside it."""
    passed_ms = work.now_ms - order.issued_ms
    why = None
    if not fresh and work.now_ms - order.since_ms > 2 * _stale_ms(work, order):
        why = "unit_silent"
    elif order.eta_s is not None and passed_ms > (
        1_000 * order.eta_s * plan.eta_overrun_factor + GRACE_MS
    ):
        why = "eta_overrun"
    elif (
        fresh
        and fix is not None
        and order.status is OrderStatus.ACCEPTED
        and work.now_ms - order.since_ms > STARTS_WITHIN_MS
        and _moved_m(order, fix) < MOVED_M < _to_go_m(work, order, fix)
    ):
        why = "not_moving"
    if why is None:
        return
    work.tell(
        f.OrderLate(
            at_ms=work.now_ms,
            order=order.id,
            why=why,
            to_go_m=round(_to_go_m(work, order, fix), 1) if fix is not None else None,
            fix_age_s=round((work.now_ms - fix.at_ms) / 1000, 1) if fix is not None else None,
        )
    )
    owed = dict(work.board.incidents[order.serves].owed)
    owed[order.need] = owed.get(order.need, 0) + 1
    work.tell(
        f.NeedChanged(
            at_ms=work.now_ms,
            incident=order.serves,
            owed=owed,
            by="rule",
            reason=f"{order.id} is late: {why}",
        )
    )
    fill(work, order.serves)


def _check_lone_officer(work: Work, order: Order, plan: Plan) -> None:
    """After a set time on scene a lone officer is asked whether all is well."""
    unit = work.board.units[order.responder]
    since_ms = order.checked_ms or order.since_ms
    if unit.officers != 1 or plan.lone_check_s == 0 or order.due_ms is not None:
        return
    if work.now_ms - since_ms < plan.lone_check_s * 1_000:
        return
    incident = work.board.incidents[order.serves]
    callout.ask(
        work,
        (order.kind, order.responder),
        f"请回复是否平安 / Are you safe? Answer this message. {order.id}",
        incident,
        ANSWER_WITHIN_MS,
    )
    work.tell(
        f.OfficerChecked(
            at_ms=work.now_ms,
            order=order.id,
            answer_by_ms=work.now_ms + ANSWER_WITHIN_MS,
            by="rule",
        )
    )


def answered(work: Work, order: Order) -> None:
    """The officer is heard of again: the check is settled until the next."""
    if order.status is OrderStatus.ON_SCENE and order.due_ms is not None:
        by = f"{order.kind}/{order.responder}"
        work.tell(f.OfficerChecked(at_ms=work.now_ms, order=order.id, answer_by_ms=None, by=by))


def unanswered(work: Work, order: Order) -> None:
    """A lone officer did not answer: that is an alarm of his own."""
    work.tell(f.OfficerChecked(at_ms=work.now_ms, order=order.id, answer_by_ms=None, by="rule"))
    raise_alarm(
        work,
        RaiseAlarm(
            id=f"lone-{order.id}-{work.now_ms // 1000}",
            source_kind=SourceKind.UNIT,
            source=order.responder,
            type="panic",
            sent_ms=work.now_ms,
            text=f"{order.id}: 单警核查未应答 / the lone officer did not answer the check",
            silent=True,
            exercise=order.exercise,
        ),
    )
