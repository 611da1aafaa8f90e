"""From what an incident lacks to orders: fill its needs, in its plan's words."""

from dispatch import events as e
from dispatch.candidates import Timed
from dispatch.district import Plan, UnitNeed
from dispatch.events_case import AdviceGiven
from dispatch.model import Advice, Incident, Order, Recommendation
from dispatch.recommend import UnitSearch, recommend_units
from dispatch.recommend_posts import recommend_posts
from dispatch.words import (
    ORDER_ENDED,
    ORDER_UNANSWERED,
    AdviceKind,
    IncidentId,
    IncidentStatus,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    UnitStatus,
)
from dispatch.work import Work

HELD_BY_ORDER = frozenset({UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE, UnitStatus.ON_SCENE})
ADVICE_LIVES_MS = 90_000
NEIGHBOURS_FROM = 3
"""At this level of escalation the neighbouring districts are asked for help."""
FALLEN_SHORT = frozenset({OrderStatus.REFUSED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})


def fill(work: Work, incident_id: IncidentId) -> None:
    """Give an incident what its plan wants and it does not have; say what is still missing."""
    incident = work.board.incidents[incident_id]
    if incident.status is IncidentStatus.CLOSED:
        return
    plan = work.board.get_plan(incident)
    missing: dict[str, int] = {}
    for number, need in enumerate(needs_of(plan, incident)):
        key = f"unit:{need.capability}"
        extra = plan.reinforce_units if number == 0 and incident.certainty > 1 else 0
        extra += incident.owed.get(key, 0)
        lacking = need.count + extra - filled(work, incident_id, key)
        if lacking > 0:
            left = lacking - send_units(work, incident_id, need, lacking)
            if left:
                missing[key] = left
    lacking = plan.posts.count + incident.owed.get("post", 0) - filled(work, incident_id, "post")
    if lacking > 0:
        send_posts(work, incident_id, lacking)
    settle(work, incident_id, missing)
    robbed, work.refill = work.refill, []
    for other in robbed:
        fill(work, other)


def needs_of(plan: Plan, incident: Incident) -> tuple[UnitNeed, ...]:
    """The plan's needs, and those beyond it that were asked for."""
    known = {f"unit:{need.capability}" for need in plan.units}
    asked = sorted(key for key in incident.owed if key not in known and key.startswith("unit:"))
    more = (UnitNeed(capability=key.removeprefix("unit:"), count=0) for key in asked)
    return (*plan.units, *more)


def filled(work: Work, incident_id: IncidentId, need: str) -> int:
    """How many orders stand for a need; one overdue for its answer does not count."""
    count = 0
    for order_id in work.board.incidents[incident_id].orders:
        order = work.board.orders[order_id]
        overdue = order.status in ORDER_UNANSWERED and order.attempts > 1
        count += order.need == need and order.status not in FALLEN_SHORT and not overdue
    return count


def send_units(work: Work, incident_id: IncidentId, need: UnitNeed, wanted: int) -> int:
    """Order the nearest units for one need; returns how many were found."""
    incident = work.board.incidents[incident_id]
    plan = work.board.get_plan(incident)
    search = UnitSearch(work.board, work.views, incident, need, work.now_ms)
    book = work.board.district
    assert book is not None, "incidents come from alarms of a book"
    may_divert = book.rules.divert == "automatic" or plan.priority == 0
    recommendation, picks, advised = recommend_units(
        search, wanted, plan.divert_gain_s, may_divert=may_divert
    )
    _say_recommended(work, incident, recommendation)
    for pick in picks:
        if pick.held:
            divert(work, pick, incident_id)
        issue(work, incident_id, pick, Role.RESPOND, need=recommendation.need, by="rule")
    for one, instead_of in advised:
        advise_diversion(work, incident, one, instead_of)
    return len(picks)


def advise_diversion(work: Work, incident: Incident, one: Timed, instead_of: Timed) -> None:
    """Tell the operator, once, of a unit under way elsewhere that would be there sooner."""
    held = work.board.responders[one.responder].order
    assert held is not None, "a unit under way holds an order"
    if any(
        known.responder == one.responder and known.incident == incident.id
        for known in work.board.advice.values()
    ):
        return
    work.tell(
        AdviceGiven(
            at_ms=work.now_ms,
            advice=Advice(
                id=f"A{work.board.advice_given + 1}",
                kind=AdviceKind.DIVERT,
                responder=one.responder,
                incident=incident.id,
                leaves=work.board.orders[held].serves,
                place=incident.place,
                place_name=incident.place_name,
                instead_of=instead_of.responder,
                gain_s=round(instead_of.eta_s - one.eta_s, 1),
                price_s=None,
                at_ms=work.now_ms,
                expires_ms=work.now_ms + ADVICE_LIVES_MS,
            ),
        )
    )


def send_posts(work: Work, incident_id: IncidentId, wanted: int) -> int:
    """Order the nearest posts on foot to hold the place until units come."""
    incident = work.board.incidents[incident_id]
    need = work.board.get_plan(incident).posts
    recommendation, picks = recommend_posts(work.board, work.views, incident, need, wanted)
    if not picks and incident.orders:
        return 0
    _say_recommended(work, incident, recommendation)
    for pick in picks:
        issue(work, incident_id, pick, Role.HOLD, need="post", by="rule")
    return len(picks)


def _say_recommended(work: Work, incident: Incident, recommendation: Recommendation) -> None:
    known = incident.short.get(recommendation.need) == recommendation.wanted
    if recommendation.found or not known:
        work.tell(
            e.Recommended(at_ms=work.now_ms, incident=incident.id, recommendation=recommendation)
        )


def divert(work: Work, pick: Timed, to: IncidentId) -> None:
    """Take a unit off a less urgent incident, which is filled again in the same decision."""
    held = work.board.responders[pick.responder].order
    assert held is not None, "a diverted unit holds an order"
    robbed = work.board.orders[held].serves
    end_order(work, held, OrderStatus.CANCELLED, by="rule", reason=f"diverted to {to}")
    work.refill.append(robbed)


def move(
    work: Work,
    order_id: OrderId,
    status: OrderStatus,
    *,
    by: str,
    reason: str | None = None,
    happened_ms: int | None = None,
) -> None:
    """State that an order moved on; `happened_ms` is the real time of what was done by hand."""
    work.tell(
        e.OrderAdvanced(
            at_ms=work.now_ms,
            order=order_id,
            status=status,
            by=by,
            reason=reason,
            happened_ms=happened_ms,
        )
    )


def end_order(
    work: Work, order_id: OrderId, status: OrderStatus, *, by: str, reason: str | None = None
) -> None:
    """End an order and free its responder."""
    order = work.board.orders[order_id]
    move(work, order_id, status, by=by, reason=reason)
    responder = work.board.responders[order.responder]
    if responder.order is None and responder.status is not UnitStatus.AVAILABLE:
        set_status(work, order.responder, UnitStatus.AVAILABLE, by=by)


def set_status(work: Work, responder: ResponderId, status: UnitStatus, *, by: str) -> None:
    """Change a responder's status where it differs."""
    row = work.board.responders[responder]
    if row.status is status:
        return
    work.tell(e.ResponderChanged(at_ms=work.now_ms, responder=row.id, status=status, by=by))
    work.freed = work.freed or status is UnitStatus.AVAILABLE


def issue(
    work: Work,
    incident_id: IncidentId,
    pick: Timed,
    role: Role,
    *,
    need: str,
    by: str,
    text: str | None = None,
) -> None:
    """Make the order of one responder, with its way there."""
    incident = work.board.incidents[incident_id]
    plan = work.board.get_plan(incident)
    reach = work.views.roads.reach(incident.place, pick.profile, pick.limit_s)
    route = reach.find_route(pick.position)
    number = incident.orders_issued + 1
    first = work.board.alarms[incident.alarms[0]]
    ack_by_ms = work.now_ms + plan.ack_within_s * 1000
    order = Order(
        id=OrderId(f"{incident.id}-{number}"),
        incident=incident.id,
        responder=pick.responder,
        kind=pick.kind,
        role=role,
        type=incident.type,
        priority=incident.priority,
        place=incident.place,
        place_name=incident.place_name,
        text=text or first.text,
        silent=incident.silent,
        eta_s=round(route.seconds, 1) if route else None,
        length_m=round(route.length_m, 1) if route else None,
        line=route.line if route else (),
        streets=route.streets if route else (),
        issued_ms=work.now_ms,
        ack_by_ms=ack_by_ms,
        expires_ms=max(work.now_ms + plan.expire_after_s * 1000, ack_by_ms + 1),
        by=by,
        need=need,
        others=tuple(
            work.board.orders[order].responder
            for order in incident.orders
            if work.board.orders[order].status not in ORDER_ENDED
        ),
        since_ms=work.now_ms,
        due_ms=ack_by_ms,
        exercise=incident.exercise,
    )
    work.tell(e.OrderIssued(at_ms=work.now_ms, order=order))


def settle(work: Work, incident_id: IncidentId, missing: dict[str, int]) -> None:
    """Bring an incident's shortage and status in line with its orders."""
    incident = work.board.incidents[incident_id]
    if missing != incident.short:
        due_ms = incident.due_ms
        if missing and due_ms is None:
            due_ms = work.now_ms + work.board.get_plan(incident).escalate_after_s * 1000
        work.tell(
            e.IncidentShort(
                at_ms=work.now_ms,
                incident=incident_id,
                missing=missing,
                next_due_ms=due_ms if missing else None,
            )
        )
    advance_incident(work, incident_id)


def advance_incident(work: Work, incident_id: IncidentId) -> None:
    """Let an incident's status follow from its orders; close it where its plan says so."""
    incident = work.board.incidents[incident_id]
    orders = [work.board.orders[order] for order in incident.orders]
    active = [order for order in orders if order.status not in ORDER_ENDED]
    units_active = [order for order in active if order.kind is ResponderKind.UNIT]
    done = any(
        order.status is OrderStatus.COMPLETED and order.kind is ResponderKind.UNIT
        for order in orders
    )
    status = IncidentStatus.PENDING
    if any(order.status is OrderStatus.ON_SCENE for order in active):
        status = IncidentStatus.ON_SCENE
    elif done and not units_active:
        status = IncidentStatus.CONTAINED
    elif active:
        status = IncidentStatus.DISPATCHED
    if status is not incident.status:
        work.tell(
            e.IncidentAdvanced(at_ms=work.now_ms, incident=incident_id, status=status, by=work.who)
        )
    if status is IncidentStatus.CONTAINED and work.board.get_plan(incident).close_when_clear:
        close(work, incident_id, disposition="handled", by="rule")


def close(work: Work, incident_id: IncidentId, *, disposition: str, by: str) -> None:
    """End all orders of an incident, then the incident."""
    for order_id in work.board.incidents[incident_id].orders:
        order = work.board.orders[order_id]
        if order.status in ORDER_ENDED:
            continue
        taken = order.status not in ORDER_UNANSWERED
        arrived = order.status is OrderStatus.ON_SCENE
        holding = taken and order.kind is ResponderKind.POST
        status = OrderStatus.COMPLETED if arrived or holding else OrderStatus.CANCELLED
        end_order(work, order_id, status, by=by, reason=f"incident closed: {disposition}")
    work.tell(
        e.IncidentAdvanced(
            at_ms=work.now_ms,
            incident=incident_id,
            status=IncidentStatus.CLOSED,
            by=by,
            disposition=disposition,
        )
    )


def overdue(work: Work, order: Order) -> None:
    """An order stands unanswered: send it again and send the next one; at the end let it expire."""
    if work.now_ms >= order.expires_ms:
        end_order(work, order.id, OrderStatus.EXPIRED, by="rule", reason="no answer")
        work.refill.append(order.serves)
        return
    wait_ms = (order.ack_by_ms - order.issued_ms) * 2 ** min(order.attempts, 10)
    again_ms = min(order.expires_ms, work.now_ms + wait_ms)
    work.tell(
        e.OrderOverdue(
            at_ms=work.now_ms,
            order=order.id,
            attempt=order.attempts + 1,
            next_due_ms=again_ms,
        )
    )
    if order.attempts == 1:
        work.refill.append(order.serves)


def escalate(work: Work, incident: Incident) -> None:
    """A short incident has waited: tell the operator, ever louder, and look again."""
    level = incident.escalations + 1
    wait_ms = work.board.get_plan(incident).escalate_after_s * 1000 * 2 ** min(level, 5)
    work.tell(
        e.IncidentEscalated(
            at_ms=work.now_ms,
            incident=incident.id,
            level=level,
            reason="short of " + ", ".join(sorted(incident.short)),
            next_due_ms=work.now_ms + wait_ms,
            to="neighbours" if level >= NEIGHBOURS_FROM else "operator",
        )
    )
    work.refill.append(incident.id)
