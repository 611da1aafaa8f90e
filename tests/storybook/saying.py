"""What a fact or a letter looks like in a story: one line, in a dispatcher's words."""

from dispatch import events as e
from dispatch import events_case as k
from dispatch.letters import CheckResult, HelpCall, Letter, NoticeLetter, Recall, Receipt, Reject
from dispatch.model import Advice, Notice
from dispatch.words import ResponderKind
from tests.storybook.clocks import clock

ALL = 4
"""A call to more than so many is told by their number."""


def say(event: e.AnyEvent) -> str | None:
    """One fact as a line; None for what only the machine keeps."""
    return _say_incident(event) or _say_order(event) or _say_case(event) or _say_rest(event)


def _say_incident(event: e.AnyEvent) -> str | None:  # noqa: C901, PLR0911, PLR0912  # one match
    match event:
        case e.IncidentOpened():
            row = event.incident
            mark = " (exercise)" if row.exercise else ""
            return (
                f"incident {row.id} {row.type} at {row.place_name}, by {event.alarm.source}{mark}"
            )
        case e.AlarmJoined():
            return f"alarm of {event.alarm.source} joins {event.incident}: {event.why}"
        case e.IncidentAdvanced():
            how = f": {event.disposition}" if event.disposition else ""
            return f"{event.incident} {event.status}{how}"
        case e.IncidentShort():
            lack = ", ".join(f"{n} {need}" for need, n in sorted(event.missing.items()))
            return f"{event.incident} lacks {lack or 'nothing'}"
        case e.IncidentEscalated():
            to = "" if event.to == "operator" else f" to {event.to}"
            return f"{event.incident} escalated{to}, level {event.level}"
        case k.IncidentsMerged():
            moved = f", with {', '.join(event.orders)}" if event.orders else ""
            return f"{event.merged} goes on as {event.kept}{moved}: {event.reason}"
        case k.IncidentUnmerged():
            return f"{event.merged} is apart from {event.kept} again: {event.reason}"
        case k.AlarmSplit():
            return f"alarm {event.alarm} leaves {event.left} as {event.incident.id}: {event.reason}"
        case k.IncidentsLinked():
            return f"{event.incident} is {event.relation} {event.other}"
        case k.IncidentReopened():
            return f"{event.incident} goes on: {event.reason}"
        case k.IncidentChanged():
            what = f"{event.type}, priority {event.priority}, at {event.place_name}"
            return f"{event.incident} is now {what}: {event.reason}"
        case k.NeedChanged():
            owed = ", ".join(f"{n} {need}" for need, n in sorted(event.owed.items())) or "nothing"
            return f"{event.incident} is to have {owed} more: {event.reason}"
        case _:
            return None


def _say_order(event: e.AnyEvent) -> str | None:  # noqa: PLR0911  # one match
    match event:
        case e.OrderIssued():
            order = event.order
            how = "on foot " if order.kind is ResponderKind.POST else ""
            eta = "no eta" if order.eta_s is None else f"eta {how}{order.eta_s:.0f} s"
            words = f", “{order.text}”" if order.text and order.by != "rule" else ""
            silent = ", silent" if order.silent else ""
            return f"order {order.id} to {order.responder} {order.role}, {eta}{silent}{words}"
        case e.OrderAdvanced():
            why = f": {event.reason}" if event.reason else ""
            then = f", at {clock(event.happened_ms)}" if event.happened_ms is not None else ""
            return f"{event.order} {event.status}{then}{why}"
        case e.OrderOverdue():
            return f"{event.order} overdue, sent again, attempt {event.attempt}"
        case k.OrderLate():
            return f"{event.order} is late: {event.why}"
        case k.OfficerChecked():
            if event.answer_by_ms is None and event.by == "rule":
                return f"{event.order}: the lone officer does not answer"
            if event.answer_by_ms is None:
                return f"{event.order}: the officer is well"
            return f"{event.order}: the lone officer is asked, until {clock(event.answer_by_ms)}"
        case _:
            return None


def _say_case(event: e.AnyEvent) -> str | None:  # noqa: PLR0911  # one match
    match event:
        case k.NoteAdded():
            note = event.note
            then = f" of {clock(note.happened_ms)}" if note.happened_ms != note.at_ms else ""
            return f"{event.incident} note {note.number}{then}: {note.text}"
        case k.NoteStruck():
            return f"{event.incident} note {event.number} struck out: {event.reason}"
        case k.IncidentEnded():
            counts = event.outcomes
            told = [
                f"{getattr(counts, name)} {name}"
                for name in counts.__struct_fields__
                if getattr(counts, name)
            ]
            words = [*told, *([event.text] if event.text else [])]
            return f"{event.incident} came to {', '.join(words)}" if words else None
        case k.FollowUpSet():
            who = f" by {event.department}" if event.department else ""
            return f"{event.incident} owes {event.kind}{who} until {clock(event.due_ms)}"
        case k.FollowUpOverdue():
            return f"{event.incident} {event.kind} is overdue"
        case k.FollowUpFinished():
            words = f": {event.text}" if event.text else ""
            return f"{event.incident} {event.kind} is done{words}"
        case k.AdviceGiven():
            return _say_advice(event.advice)
        case k.AdviceSettled():
            why = f": {event.reason}" if event.reason else ""
            return f"advice {event.advice} {'accepted' if event.accepted else 'dismissed'}{why}"
        case _:
            return None


def _say_advice(advice: Advice) -> str:
    words = f"advice {advice.id}: {advice.kind} {advice.responder}"
    if advice.leaves is not None:
        words += f" from {advice.leaves}"
    if advice.incident is not None:
        words += f" to {advice.incident}"
    elif advice.place_name:
        words += f" to {advice.place_name}"
    return f"{words}, gains {advice.gain_s:.0f} s" if advice.gain_s is not None else words


def _say_rest(event: e.AnyEvent) -> str | None:  # noqa: PLR0911  # one match
    match event:
        case e.ResponderChanged():
            own = event.by.endswith(f"/{event.responder}")
            return None if own else f"{event.responder} is {event.status}, by {event.by}"
        case e.NoticeSent():
            return _say_notice(event.notice)
        case k.CallRead():
            return f"{event.responder} has read {event.notice}"
        case k.CallEnded():
            return f"{event.notice.id} is over: {event.answered} of {event.asked} answered"
        case k.CirclesTaken():
            if not event.failing:
                return None
            return f"circles: {event.held} hold, {', '.join(event.failing)} do not"
        case e.PlateChecked():
            like = f", like {', '.join(event.like)}" if event.like else ""
            return f"plate {event.plate}: {event.reason or 'not wanted'}{like}"
        case e.SightingReported():
            return f"sighting by {event.responder}, {event.on}"
        case _:
            return None


def _say_notice(notice: Notice) -> str:
    mark = " (exercise)" if notice.exercise else ""
    if notice.group is not None:
        return f"notice to {notice.group}: {notice.text}{mark}"
    names = [one for _, one in notice.to]
    to = ", ".join(names) if len(names) <= ALL else f"{len(names)} responders"
    kind = "" if notice.kind == "notice" else f" {notice.kind}"
    return f"notice {notice.id}{kind} to {to}: {notice.text}{mark}"


def say_letter(letter: Letter) -> str | None:
    """One letter as a line, where no fact has told it already."""
    match letter:
        case Receipt():
            return f"receipt to {letter.responder} for {letter.id}: {letter.incident}"
        case Recall():
            return f"recall of {letter.order} to {letter.responder}"
        case Reject():
            return f"reject to {letter.responder}: {letter.field} {letter.value}".rstrip()
        case HelpCall():
            lack = ", ".join(f"{n} {need}" for need, n in sorted(letter.lacking.items()))
            return f"neighbours are asked for help with {letter.incident}: {lack}"
        case CheckResult() | NoticeLetter():
            return None
        case _:
            return None
