"""What the desk may only recommend: diversions and move-ups, accepted or dismissed by a person."""

import numpy as np

from dispatch import callout
from dispatch import commands as c
from dispatch import events_case as f
from dispatch.assign import divert, end_order, issue
from dispatch.candidates import Timed
from dispatch.coverage_circles import advise as advise_moves
from dispatch.coverage_circles import look
from dispatch.force import PROFILES
from dispatch.model import Advice
from dispatch.recommend import WIDEST_S
from dispatch.words import (
    ORDER_ENDED,
    AdviceKind,
    IncidentStatus,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    UnitStatus,
)
from dispatch.work import Work
from geo.air import air_m
from geo.types import FloatArray

MOVE_LIVES_MS = 10 * 60_000
MOVES_AT_ONCE = 3
LOOK_S = 900.0
"""Who may move up to a circle that does not hold is looked for this far around."""


def settle(work: Work, command: c.SettleAdvice) -> None:
    """Do what was advised, or let it be; dismissing asks for a reason."""
    advice = work.board.advice.get(command.advice)
    if advice is None:
        work.refuse_centre(
            command.id, field="advice", value=command.advice, error="stands no longer"
        )
        return
    if not command.accept and not command.reason:
        work.refuse_centre(command.id, field="reason", value="", error="say why not")
        return
    work.tell(
        f.AdviceSettled(
            at_ms=work.now_ms,
            advice=advice.id,
            accepted=command.accept,
            by=work.who,
            reason=command.reason,
        )
    )
    if command.accept and advice.kind is AdviceKind.MOVE_UP:
        _move_up(work, advice)
    elif command.accept:
        _divert(work, command, advice)


def lapse(work: Work, advice: str) -> None:
    """Nobody said anything in time: it stands no longer."""
    work.tell(
        f.AdviceSettled(
            at_ms=work.now_ms, advice=advice, accepted=False, by="clock", reason="lapsed"
        )
    )


def _divert(work: Work, command: c.SettleAdvice, advice: Advice) -> None:
    """Take the unit over and recall the slowest of the need that has not arrived."""
    responder = work.board.responders[advice.responder]
    incident = work.board.incidents.get(advice.incident) if advice.incident else None
    if incident is None or incident.status is IncidentStatus.CLOSED or responder.order is None:
        work.refuse_centre(
            command.id, field="advice", value=advice.id, error="overtaken: look again"
        )
        return
    position = callout.place_of(work, advice.responder)
    pick = Timed(
        responder=advice.responder,
        kind=ResponderKind.UNIT,
        profile=work.board.force.profile_of(work.board.force.rows[advice.responder]),
        tier=0,
        eta_s=float("inf"),
        air_m=air_m(position, incident.place),
        fix_age_s=None,
        position=position,
        limit_s=WIDEST_S,
        held=True,
    )
    units = work.board.get_plan(incident).units
    need = f"unit:{units[0].capability}" if units else "unit:patrol"
    divert(work, pick, incident.id)
    issue(work, incident.id, pick, Role.RESPOND, need=need, by=work.who)
    for order_id in incident.orders:
        order = work.board.orders[order_id]
        if (
            order.responder == advice.instead_of
            and order.status not in ORDER_ENDED
            and order.status is not OrderStatus.ON_SCENE
        ):
            why = f"{pick.responder} is nearer"
            end_order(work, order_id, OrderStatus.CANCELLED, by=work.who, reason=why)


def _move_up(work: Work, advice: Advice) -> None:
    """Ask the unit to wait at the place; it stays free for orders."""
    responder = work.board.responders[advice.responder]
    text = f"前置待命 / Move up and wait: {advice.place_name}"
    callout.tell_one(work, (responder.kind, responder.id), text, advice.place)


def take_circles(work: Work) -> None:
    """Look at all circles; note which fail, and advise moves that would mend them."""
    book = work.board.district
    if book is None or not book.circles:
        return
    responders = list(work.board.responders.values())
    free = [
        row.id for row in responders if row.order is None and row.status is UnitStatus.AVAILABLE
    ]
    eta_s = circle_seconds(work, free)
    states = look(book.circles, free, eta_s)
    failing = tuple(state.circle for state in states if not state.holds)
    work.tell(f.CirclesTaken(at_ms=work.now_ms, held=len(states) - len(failing), failing=failing))
    if failing:
        _advise_moves(work, free, eta_s)


def circle_seconds(work: Work, responders: list[ResponderId]) -> FloatArray:
    """(circles, responders) seconds from where each is now: units by road, posts on foot."""
    book = work.board.district
    assert book is not None, "circles come from a book"
    out = np.full((len(book.circles), len(responders)), np.inf)
    force = work.board.force
    column = {one: i for i, one in enumerate(responders)}
    may = np.zeros(len(force.ids), dtype=np.bool_)
    rows = [force.rows[one] for one in responders if one in force.rows]
    may[rows] = True
    may &= work.views.positions.located()
    spots = work.views.positions.spots()
    posts = [one for one in work.board.posts if one in column]
    for number, circle in enumerate(book.circles):
        limit_s = max(circle.minutes * 60, LOOK_S)
        eta = np.full(len(may), np.inf)
        for profile in PROFILES:
            mine = may & force.users[profile]
            if mine.any():
                work.views.roads.reach(circle.place, profile, limit_s).fill_seconds(
                    spots, mine, eta
                )
        for row in np.flatnonzero(np.isfinite(eta)).tolist():
            out[number, column[force.ids[row]]] = eta[row]
        if posts:
            on_foot = work.views.roads.reach(circle.place, PROFILES[2], limit_s)
            seconds = on_foot.seconds_from_fixed(work.board.post_places).tolist()
            for post, walk_s in zip(work.board.posts, seconds, strict=True):
                if post in column:
                    out[number, column[post]] = walk_s
    return out


def _advise_moves(work: Work, free: list[ResponderId], eta_s: FloatArray) -> None:
    book = work.board.district
    assert book is not None, "circles come from a book"
    units = [i for i, one in enumerate(free) if one in work.board.units]
    if not units:
        return
    stays = [i for i in range(len(free)) if i not in set(units)]
    settled_s = np.min(eta_s[:, stays], axis=1, initial=np.inf)
    places = tuple(circle.place for circle in book.circles)
    between_s = np.array(
        [
            work.views.roads.reach(
                circle.place, PROFILES[0], circle.minutes * 60
            ).seconds_from_fixed(places)
            for circle in book.circles
        ]
    )
    moves = advise_moves(
        book.circles,
        [free[i] for i in units],
        eta_s[:, units],
        between_s,
        settled_s=settled_s,
        most=MOVES_AT_ONCE,
    )
    standing = {(one.responder, one.place_name) for one in work.board.advice.values()}
    for move in moves:
        if (move.responder, move.name) in standing:
            continue
        circle = next(one for one in book.circles if one.id == move.to)
        work.tell(
            f.AdviceGiven(
                at_ms=work.now_ms,
                advice=Advice(
                    id=f"A{work.board.advice_given + 1}",
                    kind=AdviceKind.MOVE_UP,
                    responder=move.responder,
                    incident=None,
                    leaves=None,
                    place=circle.place,
                    place_name=circle.name,
                    gain_s=round(move.lateness_s, 1),
                    price_s=round(move.eta_s, 1),
                    at_ms=work.now_ms,
                    expires_ms=work.now_ms + MOVE_LIVES_MS,
                ),
            )
        )
