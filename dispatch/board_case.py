"""What the facts of a case do to the tables: merges and splits, notes, what is owed, calls."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from dispatch import events_case as e
from dispatch.model import Alarm, FollowUp, Incident, Link
from dispatch.words import CallKind, IncidentStatus, ResponderId

if TYPE_CHECKING:
    from dispatch.board import Board

FOLLOW_UP, CALL, ADVICE = "follow_up:", "call:", "advice:"
"""Before an id in the table of deadlines: what about it is due."""
CIRCLES_KEPT = 60
CALLS_KEPT = 200


def apply_case(board: "Board", event: e.CaseEvent) -> None:  # noqa: C901, PLR0912  # one match
    """Change the tables by one fact of a case. Raises KeyError on what was never told."""
    match event:
        case e.IncidentsMerged():
            _merge(board, event)
        case e.IncidentUnmerged():
            _unmerge(board, event)
        case e.AlarmSplit():
            _split(board, event)
        case e.IncidentsLinked():
            _link(board, event)
        case e.IncidentReopened():
            _reopen(board, event)
        case e.IncidentChanged():
            _change(board, event)
        case e.NeedChanged():
            row = board.incidents[event.incident]
            board.put_incident(replace(row, owed=event.owed))
        case e.NoteAdded():
            row = board.incidents[event.incident]
            board.put_incident(replace(row, notes=(*row.notes, event.note)))
        case e.NoteStruck():
            _strike(board, event)
        case e.IncidentEnded():
            ended = replace(board.incidents[event.incident], outcomes=event.outcomes)
            board.put_incident(ended)
        case e.FollowUpSet() | e.FollowUpOverdue() | e.FollowUpFinished():
            _follow_up(board, event)
        case e.OrderLate():
            board.put_order(replace(board.orders[event.order], late=event.why))
        case e.OfficerChecked():
            order = board.orders[event.order]
            board.put_order(replace(order, due_ms=event.answer_by_ms, checked_ms=event.at_ms))
        case e.AdviceGiven() | e.AdviceSettled():
            _advise(board, event)
        case e.CallRead() | e.CallEnded():
            _hear(board, event)
        case e.CirclesTaken():
            board.circles = [*board.circles[1 - CIRCLES_KEPT :], event]
        case _:
            assert_never(event)


def _change(board: "Board", event: e.IncidentChanged) -> None:
    board.put_incident(
        replace(
            board.incidents[event.incident],
            type=event.type,
            priority=event.priority,
            place=event.place,
            place_name=event.place_name,
            areas=event.areas,
        )
    )


def _advise(board: "Board", event: e.AdviceGiven | e.AdviceSettled) -> None:
    match event:
        case e.AdviceGiven():
            board.advice[event.advice.id] = event.advice
            board.advice_given += 1
            board.deadlines.put(f"{ADVICE}{event.advice.id}", event.advice.expires_ms)
        case e.AdviceSettled():
            del board.advice[event.advice]
            board.deadlines.put(f"{ADVICE}{event.advice}", None)


def _hear(board: "Board", event: e.CallRead | e.CallEnded) -> None:
    """A muster that was not answered counts against a responder until it answers one."""
    match event:
        case e.CallRead():
            heard = board.calls[event.notice]
            read_ms = {**heard.read_ms, event.responder: event.at_ms}
            board.calls[event.notice] = replace(heard, read_ms=read_ms)
        case e.CallEnded():
            heard = board.calls.pop(event.notice.id)
            board.deadlines.put(f"{CALL}{event.notice.id}", None)
            board.calls_ended = [*board.calls_ended[1 - CALLS_KEPT :], heard]
            if event.notice.kind is not CallKind.MUSTER:
                return
            for _, one in event.notice.to:
                row = board.responders.get(one)
                if row is not None:
                    missed = 0 if one in heard.read_ms else row.musters_missed + 1
                    board.put_responder(replace(row, musters_missed=missed))


def _merge(board: "Board", event: e.IncidentsMerged) -> None:
    kept, gone = board.incidents[event.kept], board.incidents[event.merged]
    sources = tuple(dict.fromkeys((*kept.sources, *gone.sources)))
    for order_id in event.orders:
        board.put_order(replace(board.orders[order_id], moved_to=kept.id))
    board.put_incident(
        replace(
            kept,
            alarms=(*kept.alarms, *gone.alarms),
            sources=sources,
            certainty=kept.certainty + len(sources) - len(kept.sources),
            orders=(*kept.orders, *event.orders),
        )
    )
    board.closed.append(gone.id)
    board.put_incident(
        replace(
            gone,
            status=IncidentStatus.CLOSED,
            since_ms=event.at_ms,
            closed_ms=event.at_ms,
            disposition="merged",
            merged_into=kept.id,
            due_ms=None,
            short={},
        )
    )


def _unmerge(board: "Board", event: e.IncidentUnmerged) -> None:
    kept, back = board.incidents[event.kept], board.incidents[event.merged]
    alarms = tuple(alarm for alarm in kept.alarms if alarm not in back.alarms)
    moved = {order for order in kept.orders if board.orders[order].incident == back.id}
    for order_id in moved:
        board.put_order(replace(board.orders[order_id], moved_to=None))
    sources = sources_of(board.alarms[alarm] for alarm in alarms)
    orders = tuple(order for order in kept.orders if order not in moved)
    board.put_incident(
        replace(kept, alarms=alarms, sources=sources, certainty=len(sources), orders=orders)
    )
    board.closed.remove(back.id)
    board.put_incident(
        replace(
            back,
            status=IncidentStatus.PENDING,
            since_ms=event.at_ms,
            closed_ms=None,
            disposition=None,
            merged_into=None,
        )
    )


def _split(board: "Board", event: e.AlarmSplit) -> None:
    left = board.incidents[event.left]
    alarms = tuple(alarm for alarm in left.alarms if alarm != event.alarm)
    sources = sources_of(board.alarms[alarm] for alarm in alarms)
    board.put_incident(replace(left, alarms=alarms, sources=sources, certainty=len(sources)))
    board.incidents_opened += 1
    board.put_incident(event.incident)


def sources_of(alarms: Iterable[Alarm]) -> tuple[ResponderId, ...]:
    """Who called, each once, in the order they did."""
    return tuple(dict.fromkeys(alarm.source for alarm in alarms))


REVERSED = {"part_of": "has_part", "has_part": "part_of", "related": "related"}


def _link(board: "Board", event: e.IncidentsLinked) -> None:
    pairs = (
        (event.incident, event.other, event.relation),
        (event.other, event.incident, REVERSED[event.relation]),
    )
    for one, other, relation in pairs:
        row = board.incidents[one]
        links = tuple(link for link in row.links if link.incident != other)
        board.put_incident(replace(row, links=(*links, Link(incident=other, relation=relation))))


def _reopen(board: "Board", event: e.IncidentReopened) -> None:
    row = board.incidents[event.incident]
    board.closed.remove(row.id)
    board.put_incident(
        replace(
            row,
            status=IncidentStatus.PENDING,
            since_ms=event.at_ms,
            closed_ms=None,
            disposition=None,
            reopened=row.reopened + 1,
        )
    )


def _strike(board: "Board", event: e.NoteStruck) -> None:
    row = board.incidents[event.incident]
    notes = tuple(
        replace(note, struck_by=event.by, struck_reason=event.reason)
        if note.number == event.number
        else note
        for note in row.notes
    )
    board.put_incident(replace(row, notes=notes))


def _follow_up(
    board: "Board", event: e.FollowUpSet | e.FollowUpOverdue | e.FollowUpFinished
) -> None:
    row = board.incidents[event.incident]
    ups = {up.kind: up for up in row.follow_ups}
    match event:
        case e.FollowUpSet():
            ups[event.kind] = FollowUp(
                kind=event.kind, due_ms=event.due_ms, department=event.department
            )
        case e.FollowUpOverdue():
            ups[event.kind] = replace(ups[event.kind], overdue=True)
        case e.FollowUpFinished():
            ups[event.kind] = replace(ups[event.kind], done_ms=event.at_ms)
    board.put_incident(replace(row, follow_ups=tuple(ups.values())))


def next_follow_up_ms(row: Incident) -> int | None:
    """When the next unfinished follow-up of an incident is due and not yet called overdue."""
    due = [up.due_ms for up in row.follow_ups if up.done_ms is None and not up.overdue]
    return min(due, default=None)
