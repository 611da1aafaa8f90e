"""What responders say afterwards: answers, statuses, sightings and plate checks."""

from dispatch import callout, intake, watch
from dispatch import events as e
from dispatch.assign import advance_incident, end_order, fill, set_status
from dispatch.commands import AnswerOrder, CheckPlate, RaiseAlarm, ReportSighting, ReportStatus
from dispatch.letters import recall_of
from dispatch.model import Order, Responder
from dispatch.words import (
    NEEDS_ORDER,
    ORDER_ENDED,
    ORDER_FOLLOWS,
    ORDER_UNANSWERED,
    REPORTABLE,
    Answer,
    NoticeId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    SourceKind,
    UnitStatus,
)
from dispatch.work import RECALLS, Work

UNABLE = frozenset({UnitStatus.BUSY, UnitStatus.OUT_OF_SERVICE, UnitStatus.OFF_DUTY})
WANTED_VEHICLE = "wanted_vehicle"
"""The incident type that a hit on the hot list opens, where the book has a plan for it."""
LIKE_TOLD = 5
STATUS_AS_ORDER = {
    UnitStatus.EN_ROUTE: OrderStatus.EN_ROUTE,
    UnitStatus.ON_SCENE: OrderStatus.ON_SCENE,
}


def find_sender(
    work: Work, kind: ResponderKind, responder: ResponderId, message: str
) -> Responder | None:
    """The responder on the board, or None after a reject; notes no message yet."""
    row = work.board.responders.get(responder)
    if row is None or row.kind is not kind:
        work.refuse(
            kind, responder, message, field="source", value=responder, error=f"no such {kind}"
        )
        return None
    return row


def take(work: Work, responder: ResponderId, message: str) -> None:
    """Remember a message id, so that its repetition changes nothing."""
    work.tell(e.MessageTaken(at_ms=work.now_ms, responder=responder, message=message))


def answer_order(work: Work, command: AnswerOrder) -> None:
    """A responder has, takes or refuses its order."""
    row = find_sender(work, command.kind, command.responder, command.id)
    if row is None or command.id in row.seen:
        return
    if row.order is not None:
        watch.answered(work, work.board.orders[row.order])
    if callout.may_read(work, command.order, row.id):
        take(work, row.id, command.id)
        callout.read(work, NoticeId(command.order), row.id)
        return
    order = work.board.orders.get(command.order)
    if order is None or order.responder != command.responder:
        work.refuse(
            command.kind,
            command.responder,
            command.id,
            field="order",
            value=command.order,
            error="no such order for you",
        )
        return
    take(work, command.responder, command.id)
    by = f"{command.kind}/{command.responder}"
    if order.status in ORDER_ENDED:
        _answer_ended(work, order, command, by)
        return
    status = OrderStatus(command.answer.value)
    if status not in ORDER_FOLLOWS[order.status]:
        return
    if status is OrderStatus.REFUSED:
        end_order(work, order.id, status, by=by, reason=command.reason)
        fill(work, order.serves)
        return
    work.tell(
        e.OrderAdvanced(
            at_ms=work.now_ms, order=order.id, status=status, by=by, reason=command.reason
        )
    )


def _answer_ended(work: Work, order: Order, command: AnswerOrder, by: str) -> None:
    """A recall that was read is settled; who accepts an order that was taken back is told again.

    What was sent before the order was taken back, and the first that is heard of an order at all,
    speaks of the order and not of its recall, which is then sent until it runs out.
    """
    if command.answer is Answer.ACCEPTED:
        _recall_again(work, order)
    elif order.recalled and order.shown and command.sent_ms >= order.since_ms:
        work.tell(e.RecallConfirmed(at_ms=work.now_ms, order=order.id, by=by))


def _recall_again(work: Work, order: Order) -> None:
    """Who still works on an order that was taken back has not understood it."""
    if order.status in RECALLS:
        work.letters.append(recall_of(order))


def report_status(work: Work, command: ReportStatus) -> None:
    """A responder reports its state; with an active order this moves the order too."""
    row = find_sender(work, command.kind, command.responder, command.id)
    if row is None or command.id in row.seen:
        return
    if command.status not in REPORTABLE:
        work.refuse(
            command.kind,
            command.responder,
            command.id,
            field="status",
            value=command.status,
            error="only the desk sets this; report one of " + ", ".join(sorted(REPORTABLE)),
        )
        return
    if row.order is not None:
        watch.answered(work, work.board.orders[row.order])
    order = find_meant(work, row, command)
    if order is None and command.order is None and row.order is None:
        if command.status in NEEDS_ORDER:
            work.refuse(
                command.kind,
                command.responder,
                command.id,
                field="status",
                value=command.status,
                error="you hold no order to be en route or on scene for",
            )
            return
        take(work, row.id, command.id)
        set_status(work, row.id, command.status, by=f"{command.kind}/{row.id}")
        return
    take(work, row.id, command.id)
    if order is not None:
        _move_order(work, order, command)
    elif command.order is not None and command.status in NEEDS_ORDER:
        named = work.board.orders.get(command.order)
        if named is not None and named.responder == row.id:
            _recall_again(work, named)


def find_meant(work: Work, row: Responder, command: ReportStatus) -> Order | None:
    """The active order a status is about: the named one, or the held one if it was sent since.

    A status that names another order, or was sent before this one was issued, speaks of the past.
    """
    if row.order is None:
        return None
    held = work.board.orders[row.order]
    if command.order is not None:
        return held if held.id == command.order else None
    return held if command.sent_ms >= held.issued_ms else None


def _move_order(work: Work, order: Order, command: ReportStatus) -> None:
    by = f"{command.kind}/{command.responder}"
    status = STATUS_AS_ORDER.get(command.status)
    if status is not None:
        if status in ORDER_FOLLOWS[order.status]:
            work.tell(e.OrderAdvanced(at_ms=work.now_ms, order=order.id, status=status, by=by))
            set_status(work, order.responder, command.status, by=by)
            advance_incident(work, order.serves)
        return
    gave_up = command.status in UNABLE and order.status is not OrderStatus.ON_SCENE
    ended = OrderStatus.REFUSED if gave_up else OrderStatus.COMPLETED
    if order.status in ORDER_UNANSWERED and not gave_up:
        ended = OrderStatus.REFUSED
    end_order(work, order.id, ended, by=by, reason=f"reported {command.status}")
    set_status(work, order.responder, command.status, by=by)
    if ended is OrderStatus.REFUSED:
        fill(work, order.serves)
    else:
        advance_incident(work, order.serves)


def report_sighting(work: Work, command: ReportSighting) -> None:
    """A suspect was seen: on record, for the board and the console."""
    row = find_sender(work, command.kind, command.responder, command.id)
    if row is None or command.id in row.seen:
        return
    if command.incident is not None and command.incident not in work.board.incidents:
        work.refuse(
            command.kind,
            command.responder,
            command.id,
            field="incident",
            value=command.incident,
            error="no such incident",
        )
        return
    take(work, row.id, command.id)
    work.tell(
        e.SightingReported(
            at_ms=work.now_ms,
            responder=row.id,
            message=command.id,
            seen_ms=command.sent_ms,
            place=command.place,
            on=command.on,
            incident=command.incident,
            heading_deg=command.heading_deg,
            speed_mps=command.speed_mps,
            text=command.text,
        )
    )


def check_plate(work: Work, command: CheckPlate) -> None:
    """Look a plate up in the hot list; every check stays on record, a hit is an alarm."""
    row = find_sender(work, ResponderKind.UNIT, command.responder, command.id)
    if row is None:
        return
    plate = "".join(command.plate.split()).upper()
    hit = work.board.hot_list.find(plate)
    like = () if hit is not None else tuple(work.board.hot_list.list_like(plate))
    reason = hit.reason if hit is not None else None
    if like:
        reason = "; ".join(f"{one.plate}? {one.reason}" for one in like[:LIKE_TOLD])
    result = e.PlateChecked(
        at_ms=work.now_ms,
        responder=row.id,
        message=command.id,
        plate=plate,
        hit=hit is not None,
        reason=reason,
        like=tuple(one.plate for one in like),
        place=callout.place_of(work, row.id),
    )
    if command.id in row.seen:
        work.repeat(result)
        return
    take(work, row.id, command.id)
    work.tell(result)
    if hit is not None and WANTED_VEHICLE in work.board.plans:
        intake.raise_alarm(
            work,
            RaiseAlarm(
                id=f"plate-{command.id}"[:64],
                source_kind=SourceKind.UNIT,
                source=row.id,
                type=WANTED_VEHICLE,
                sent_ms=work.now_ms,
                text=f"{plate}: {reason}",
                silent=True,
            ),
        )
