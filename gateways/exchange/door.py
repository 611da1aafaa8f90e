"""From a message of another centre to an alarm of the engine, and from the board to a message."""

import hashlib
import re
from collections.abc import Collection

from dispatch.board import Board
from dispatch.commands import RaiseAlarm
from dispatch.words import IncidentId, IncidentStatus, ResponderId, SourceKind
from gateways.exchange.neutral import ImportedAlarm, Outgoing, Unreadable, What

_NO_ID = re.compile(r"[^A-Za-z0-9_-]+")


def alarm_of(
    found: ImportedAlarm, types: Collection[str], fallback: str, now_ms: int
) -> RaiseAlarm | Unreadable:
    """The alarm that a message raises, or why it raises none.

    The same message again is the same alarm. A type that the district has no plan for becomes
    `fallback`, with the sender's own word in the text. An exercise is raised as an exercise; a
    test, a draft, an update or a cancellation raises nothing.
    """
    if not (found.live or found.exercise):
        return Unreadable(reason="not_live", detail=f"{found.key} is no live alarm")
    if found.what is not What.ALERT:
        return Unreadable(reason=found.what.value, detail=f"{found.key} changes {found.incident}")
    if found.expires_ms is not None and found.expires_ms <= now_ms:
        return Unreadable(reason="expired", detail=f"{found.key} has expired")
    if found.place is None:
        return Unreadable(reason="place", detail=f"{found.key} does not say where")
    digest = hashlib.blake2b(f"{found.source}\n{found.key}".encode(), digest_size=15).hexdigest()
    known = found.type in types
    parts = [found.place_name, "" if known else found.type_text, found.text]
    return RaiseAlarm(
        id=f"x{digest}",
        source_kind=SourceKind.CENTRE,
        source=ResponderId(_NO_ID.sub("-", found.sender)[:32] or "centre"),
        type=found.type if known and found.type is not None else fallback,
        sent_ms=found.sent_ms,
        text="\n".join(part for part in parts if part),
        place=found.place,
        silent=found.silent,
        exercise=found.exercise,
    )


def outgoing_of(
    board: Board,
    incident: IncidentId,
    sender: str,
    sent_ms: int,
    references: tuple[str, ...] = (),
) -> Outgoing:
    """An incident as it stands on the board, ready to be written in either format.

    With `references` to what was sent before it is an update; of a closed incident, the last one.

    Raises:
        KeyError: the board does not hold the incident.
    """
    row = board.incidents[incident]
    plan = board.get_plan(row)
    first = board.alarms.get(row.alarms[0]) if row.alarms else None
    what = What.UPDATE if references else What.ALERT
    if references and row.status is IncidentStatus.CLOSED:
        what = What.CANCEL
    return Outgoing(
        incident=row,
        orders=tuple(board.orders[order] for order in row.orders),
        sender=sender,
        sent_ms=sent_ms,
        text=None if first is None else first.text,
        type_en=plan.name_en,
        type_zh=plan.name_zh,
        what=what,
        exercise=row.exercise,
        references=references,
        replaces=tuple(
            sorted(other.id for other in board.incidents.values() if other.merged_into == row.id)
        ),
        replaced_by=row.merged_into,
    )
