"""Shifts come and go: who is off the roster is not sent, who logged on by hand stays on."""

from dispatch.assign import set_status
from dispatch.words import ResponderId, UnitStatus
from dispatch.work import Work

BY_ROSTER = "roster"


def take_shifts(work: Work, before: frozenset[ResponderId] | None) -> frozenset[ResponderId]:
    """Set those whose shift began or ended since `before`; returns who is on now.

    A responder that no duty names is on always. One that logged on or off by itself keeps that
    until its own shift next begins or ends; one under an order finishes it first.
    """
    book = work.board.district
    roster = book.roster if book is not None else None
    assert roster is not None, "there is a roster to look at"
    now = set(roster.list_at(work.now_ms))
    for responder in dict.fromkeys(duty.responder for duty in roster.duties):
        row = work.board.responders.get(responder)
        if row is None:
            continue
        on = responder in now
        if row.order is not None:
            # The end of the shift is looked at again when the order is over.
            if before is None or responder in before:
                now.add(responder)
            continue
        changed = row.since_ms == 0 if before is None else on != (responder in before)
        if not changed:
            continue
        if on and row.status is UnitStatus.OFF_DUTY:
            set_status(work, responder, UnitStatus.AVAILABLE, by=BY_ROSTER)
        elif not on and row.status is UnitStatus.AVAILABLE:
            set_status(work, responder, UnitStatus.OFF_DUTY, by=BY_ROSTER)
    return frozenset(now)


def works_over(work: Work, believed: frozenset[ResponderId] | None) -> bool:
    """Whether anybody is counted as on only because an order kept him past his shift."""
    book = work.board.district
    roster = book.roster if book is not None else None
    return (
        roster is not None and bool(believed) and believed != frozenset(roster.list_at(work.now_ms))
    )
