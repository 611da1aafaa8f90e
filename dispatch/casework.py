"""What people at the centre decide about incidents: merge, split, correct, note, refer, reopen."""

from dispatch import assign
from dispatch import commands as c
from dispatch import events_case as f
from dispatch.callout import tell_one
from dispatch.intake import begin, incident_of
from dispatch.model import Alarm, Incident, Note
from dispatch.words import (
    ORDER_ENDED,
    ORDER_TAKEN,
    ORDER_UNANSWERED,
    AreaId,
    FollowUpKind,
    IncidentId,
    IncidentStatus,
    OrderStatus,
    ResponderId,
)
from dispatch.work import Work

RELATIONS = ("part_of", "related")
NOTES_MOST = 500


def find_incident(
    work: Work, message: str, incident: IncidentId, *, is_open: bool = True
) -> Incident | None:
    """An incident in the state that the command needs, or None after a refusal."""
    row = work.board.incidents.get(incident)
    if row is None or (row.status is IncidentStatus.CLOSED) is is_open:
        error = "no such open incident" if is_open else "no such closed incident"
        work.refuse_centre(message, field="incident", value=incident, error=error)
        return None
    return row


def confirm(work: Work, command: c.ConfirmIncident) -> None:
    """Let the plan run for an incident that waited for a person."""
    row = find_incident(work, command.id, command.incident)
    if row is None:
        return
    if "confirmation" not in row.short:
        work.refuse_centre(
            command.id, field="incident", value=row.id, error="waits for no confirmation"
        )
        return
    assign.settle(work, row.id, {})
    assign.fill(work, row.id)


def merge(work: Work, command: c.MergeIncidents) -> None:
    """Two incidents are one; what both have sent counts together, a surplus is not recalled."""
    kept = find_incident(work, command.id, command.kept)
    gone = find_incident(work, command.id, command.merged)
    if kept is None or gone is None:
        return
    if kept.id == gone.id or kept.exercise != gone.exercise:
        error = "an incident cannot be merged into itself, nor an exercise into a real one"
        work.refuse_centre(command.id, field="merged", value=gone.id, error=error)
        return
    orders = tuple(
        order for order in gone.orders if work.board.orders[order].status not in ORDER_ENDED
    )
    work.tell(
        f.IncidentsMerged(
            at_ms=work.now_ms,
            kept=kept.id,
            merged=gone.id,
            orders=orders,
            by=work.who,
            reason=command.reason,
        )
    )
    assign.fill(work, kept.id)


def unmerge(work: Work, command: c.UnmergeIncident) -> None:
    """Undo a merge while both are still on the board; each is then filled by itself."""
    gone = find_incident(work, command.id, command.merged, is_open=False)
    if gone is None:
        return
    kept = work.board.incidents.get(gone.merged_into) if gone.merged_into is not None else None
    if kept is None or kept.status is IncidentStatus.CLOSED:
        error = "not merged into an open incident"
        work.refuse_centre(command.id, field="merged", value=gone.id, error=error)
        return
    work.tell(
        f.IncidentUnmerged(
            at_ms=work.now_ms, kept=kept.id, merged=gone.id, by=work.who, reason=command.reason
        )
    )
    for incident in (kept.id, gone.id):
        assign.fill(work, incident)
        assign.advance_incident(work, incident)


def split(work: Work, command: c.SplitAlarm) -> None:
    """An alarm gets an incident of its own, which is then served like any other."""
    alarm = work.board.alarms.get(command.alarm)
    holder = _holder_of(work, alarm) if alarm is not None else None
    if alarm is None or holder is None:
        work.refuse_centre(
            command.id, field="alarm", value=command.alarm, error="in no open incident"
        )
        return
    if len(holder.alarms) == 1:
        error = "the only alarm of its incident"
        work.refuse_centre(command.id, field="alarm", value=command.alarm, error=error)
        return
    plan = work.board.plans.get(alarm.type) or work.board.get_plan(holder)
    number = work.board.incidents_opened + 1
    fresh = incident_of(work, alarm, IncidentId(f"I{number}"), plan, exercise=holder.exercise)
    work.tell(
        f.AlarmSplit(
            at_ms=work.now_ms,
            alarm=alarm.key,
            left=holder.id,
            incident=fresh,
            by=work.who,
            reason=command.reason,
        )
    )
    begin(work, fresh, plan)


def _holder_of(work: Work, alarm: Alarm) -> Incident | None:
    """The open incident that an alarm counts for."""
    for incident in sorted(work.board.open):
        row = work.board.incidents[incident]
        if alarm.key in row.alarms:
            return row
    return None


def link(work: Work, command: c.LinkIncidents) -> None:
    """Two incidents belong together without being one."""
    known = [one in work.board.incidents for one in (command.incident, command.other)]
    if not all(known) or command.incident == command.other:
        bad = command.other if known[0] else command.incident
        work.refuse_centre(command.id, field="other", value=bad, error="no such other incident")
        return
    if command.relation not in RELATIONS:
        error = "one of " + ", ".join(RELATIONS)
        work.refuse_centre(command.id, field="relation", value=command.relation, error=error)
        return
    work.tell(
        f.IncidentsLinked(
            at_ms=work.now_ms,
            incident=command.incident,
            other=command.other,
            relation=command.relation,
            by=work.who,
        )
    )


def reopen(work: Work, command: c.ReopenIncident) -> None:
    """A closed incident goes on; its plan runs again for what it has not got."""
    row = find_incident(work, command.id, command.incident, is_open=False)
    if row is None:
        return
    if row.merged_into is not None:
        error = f"merged into {row.merged_into}; undo the merge instead"
        work.refuse_centre(command.id, field="incident", value=row.id, error=error)
        return
    work.tell(
        f.IncidentReopened(at_ms=work.now_ms, incident=row.id, by=work.who, reason=command.reason)
    )
    want_again(work, row.id)
    assign.fill(work, row.id)


def want_again(work: Work, incident: IncidentId) -> None:
    """Count what was done before the reopening as spent: the plan is wanted anew."""
    row = work.board.incidents[incident]
    plan = work.board.get_plan(row)
    keys = [f"unit:{need.capability}" for need in plan.units] + ["post"]
    owed = dict(row.owed)
    for key in keys:
        spent = assign.filled(work, incident, key)
        if spent:
            owed[key] = owed.get(key, 0) + spent
    if owed != row.owed:
        work.tell(
            f.NeedChanged(
                at_ms=work.now_ms, incident=incident, owed=owed, by=work.who, reason="reopened"
            )
        )


def change(work: Work, command: c.ChangeIncident) -> None:
    """Correct type, place or priority; what is then missing is sent, what is over stays."""
    row = find_incident(work, command.id, command.incident)
    if row is None:
        return
    if command.type is not None and command.type not in work.board.plans:
        error = "no plan for this type; known: " + ", ".join(sorted(work.board.plans))
        work.refuse_centre(command.id, field="type", value=command.type, error=error)
        return
    if command.priority is not None and not 1 <= command.priority <= 5:
        work.refuse_centre(
            command.id, field="priority", value=str(command.priority), error="1 to 5"
        )
        return
    kind = command.type or row.type
    retyped = kind != row.type
    priority = command.priority or (work.board.plans[kind].priority if retyped else row.priority)
    place = command.place or row.place
    moved = place != row.place
    places = work.views.places
    areas = tuple(AreaId(area) for area in places.areas_at(place)) if moved else row.areas
    work.tell(
        f.IncidentChanged(
            at_ms=work.now_ms,
            incident=row.id,
            type=kind,
            priority=priority,
            place=place,
            place_name=places.describe(place) if moved else row.place_name,
            areas=areas,
            by=work.who,
            reason=command.reason,
        )
    )
    if moved:
        _call_off_unanswered(work, row.id)
        _tell_who_drives(work, row.id)
    assign.fill(work, row.id)


def _call_off_unanswered(work: Work, incident: IncidentId) -> None:
    """Orders nobody has taken yet name the wrong place: they are recalled and made anew."""
    for order_id in work.board.incidents[incident].orders:
        order = work.board.orders[order_id]
        if order.status in ORDER_UNANSWERED:
            assign.end_order(
                work, order_id, OrderStatus.CANCELLED, by=work.who, reason="place changed"
            )


def _tell_who_drives(work: Work, incident: IncidentId) -> None:
    """Who has taken an order goes on with it, to the place as it is now."""
    row = work.board.incidents[incident]
    text = f"{incident}: 地点更正 / place corrected: {row.place_name}"
    for order_id in row.orders:
        order = work.board.orders[order_id]
        if order.status in ORDER_TAKEN:
            tell_one(work, (order.kind, order.responder), text, row.place)


def add_note(work: Work, command: c.AddNote) -> None:
    """A remark, on open and closed incidents alike; what was done by hand with its real time."""
    row = work.board.incidents.get(command.incident)
    happened_ms = work.now_ms if command.happened_ms is None else command.happened_ms
    field = value = error = ""
    if row is None:
        field, value, error = "incident", command.incident, "no such incident"
    elif not command.text.strip():
        field, value, error = "text", command.text, "says nothing"
    elif not row.raised_ms - 86_400_000 <= happened_ms <= work.now_ms:
        field, value = "happened_ms", str(happened_ms)
        error = "later than now, or more than a day before the incident"
    elif len(row.notes) >= NOTES_MOST:
        field, value, error = "incident", row.id, f"has {NOTES_MOST} notes; start a linked one"
    if row is None or field:
        work.refuse_centre(command.id, field=field, value=value, error=error)
        return
    note = Note(
        number=len(row.notes) + 1,
        text=command.text,
        by=work.who,
        at_ms=work.now_ms,
        happened_ms=happened_ms,
    )
    work.tell(f.NoteAdded(at_ms=work.now_ms, incident=row.id, note=note))


def strike_note(work: Work, command: c.StrikeNote) -> None:
    """A remark was wrong: struck out, with who and why."""
    row = work.board.incidents.get(command.incident)
    known = row is not None and any(
        note.number == command.number and note.struck_by is None for note in row.notes
    )
    if not known:
        work.refuse_centre(
            command.id, field="number", value=str(command.number), error="no such note stands"
        )
        return
    work.tell(
        f.NoteStruck(
            at_ms=work.now_ms,
            incident=command.incident,
            number=command.number,
            by=work.who,
            reason=command.reason,
        )
    )


def refer(work: Work, command: c.ReferIncident) -> None:
    """Another department takes the matter over by a date; the incident may go on here."""
    row = work.board.incidents.get(command.incident)
    if row is None or command.due_ms <= work.now_ms:
        field = "incident" if row is None else "due_ms"
        value = command.incident if row is None else str(command.due_ms)
        error = "no such incident" if row is None else "not in the future"
        work.refuse_centre(command.id, field=field, value=value, error=error)
        return
    due_ms, department = command.due_ms, command.department
    owe(work, row.id, FollowUpKind.REFERRAL, due_ms, department, by=work.who)


def owe(
    work: Work,
    incident: IncidentId,
    kind: FollowUpKind,
    due_ms: int,
    department: str | None = None,
    *,
    by: str,
) -> None:
    """Put something on an incident's list with its date."""
    work.tell(
        f.FollowUpSet(
            at_ms=work.now_ms,
            incident=incident,
            kind=kind,
            due_ms=due_ms,
            department=department,
            by=by,
        )
    )


def finish_follow_up(work: Work, command: c.FinishFollowUp) -> None:
    """Something owed is done."""
    row = work.board.incidents.get(command.incident)
    owed = row is not None and any(
        up.kind is command.kind and up.done_ms is None for up in row.follow_ups
    )
    if not owed:
        work.refuse_centre(command.id, field="kind", value=command.kind, error="is not owed")
        return
    work.tell(
        f.FollowUpFinished(
            at_ms=work.now_ms,
            incident=command.incident,
            kind=command.kind,
            text=command.text,
            by=work.who,
        )
    )


def set_status(work: Work, command: c.SetStatus) -> None:
    """A responder's state as told by radio; one under an order keeps it: move the order instead."""
    row = work.board.responders.get(command.responder)
    if row is None or row.order is not None or command.status in assign.HELD_BY_ORDER:
        error = "no such responder" if row is None else "set by its order; move or recall that"
        work.refuse_centre(command.id, field="responder", value=command.responder, error=error)
        return
    assign.set_status(work, ResponderId(row.id), command.status, by=work.who)


def note_end(work: Work, command: c.CloseIncident) -> None:
    """Keep what an incident came to, and put the follow-ups of its plan on the list."""
    work.tell(
        f.IncidentEnded(
            at_ms=work.now_ms,
            incident=command.incident,
            outcomes=command.outcomes,
            text=command.text,
            by=work.who,
        )
    )


def set_plan_follow_ups(work: Work, incident: IncidentId) -> None:
    """What the plan wants done after the closing: feedback, supervision, call back, archive."""
    row = work.board.incidents[incident]
    if row.exercise:
        return
    for kind, hours in sorted(work.board.get_plan(row).follow_up_h.items()):
        owe(work, incident, kind, work.now_ms + round(hours * 3_600_000), by="rule")


def follow_ups_due(work: Work, incident: IncidentId) -> None:
    """Say once of each that its date has passed."""
    for up in work.board.incidents[incident].follow_ups:
        if up.done_ms is None and not up.overdue and up.due_ms <= work.now_ms:
            work.tell(f.FollowUpOverdue(at_ms=work.now_ms, incident=incident, kind=up.kind))
