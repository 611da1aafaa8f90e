"""Facts of the life of a case: what people decide about incidents, calls to many, what is owed."""

from typing import TypeAlias

import msgspec

from dispatch.model import Advice, Incident, Note, Notice, Outcomes
from dispatch.words import (
    AlarmKey,
    AreaId,
    FollowUpKind,
    IncidentId,
    NoticeId,
    OrderId,
    ResponderId,
)
from geo.types import Point


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="is"):
    """A fact of the decision lane; `at_ms` is UTC epoch milliseconds of the desk's clock."""

    at_ms: int


class IncidentsMerged(Event, frozen=True, kw_only=True, tag="incidents_merged"):
    """`merged` goes on as `kept`: its alarms, its sources and its standing orders count there."""

    kept: IncidentId
    merged: IncidentId
    orders: tuple[OrderId, ...]
    by: str
    reason: str


class IncidentUnmerged(Event, frozen=True, kw_only=True, tag="incident_unmerged"):
    """A merge was undone: the incident has its alarms and its orders again."""

    kept: IncidentId
    merged: IncidentId
    by: str
    reason: str


class AlarmSplit(Event, frozen=True, kw_only=True, tag="alarm_split"):
    """An alarm left its incident and opened one of its own."""

    alarm: AlarmKey
    left: IncidentId
    incident: Incident
    by: str
    reason: str


class IncidentsLinked(Event, frozen=True, kw_only=True, tag="incidents_linked"):
    """Two incidents belong together; `relation` is what `incident` is to `other`."""

    incident: IncidentId
    other: IncidentId
    relation: str
    by: str


class IncidentReopened(Event, frozen=True, kw_only=True, tag="incident_reopened"):
    """A closed incident goes on."""

    incident: IncidentId
    by: str
    reason: str


class IncidentChanged(Event, frozen=True, kw_only=True, tag="incident_changed"):
    """Type, place or priority of an incident were corrected; what stands here holds from now."""

    incident: IncidentId
    type: str
    priority: int
    place: Point
    place_name: str
    areas: tuple[AreaId, ...]
    by: str
    reason: str


class NeedChanged(Event, frozen=True, kw_only=True, tag="need_changed"):
    """How many more than its plan says an incident is to have, by need; and why."""

    incident: IncidentId
    owed: dict[str, int]
    by: str
    reason: str


class NoteAdded(Event, frozen=True, kw_only=True, tag="note_added"):
    """A remark was made on an incident."""

    incident: IncidentId
    note: Note


class NoteStruck(Event, frozen=True, kw_only=True, tag="note_struck"):
    """A remark was struck out; it stays readable."""

    incident: IncidentId
    number: int
    by: str
    reason: str


class IncidentEnded(Event, frozen=True, kw_only=True, tag="incident_ended"):
    """What an incident came to, counted, as its closing says."""

    incident: IncidentId
    outcomes: Outcomes
    text: str | None
    by: str


class FollowUpSet(Event, frozen=True, kw_only=True, tag="follow_up_set"):
    """Something is owed for an incident by a date, perhaps by another department."""

    incident: IncidentId
    kind: FollowUpKind
    due_ms: int
    department: str | None
    by: str


class FollowUpOverdue(Event, frozen=True, kw_only=True, tag="follow_up_overdue"):
    """The date passed and it is not done; the operator and the supervisor are told."""

    incident: IncidentId
    kind: FollowUpKind


class FollowUpFinished(Event, frozen=True, kw_only=True, tag="follow_up_finished"):
    """Something owed is done."""

    incident: IncidentId
    kind: FollowUpKind
    text: str | None
    by: str


class OrderLate(Event, frozen=True, kw_only=True, tag="order_late"):
    """An accepted order does not come on as promised; `why` says how it was seen.

    `eta_overrun`, `not_moving` or `unit_silent`; with metres to go and the age of the last fix.
    """

    order: OrderId
    why: str
    to_go_m: float | None
    fix_age_s: float | None


class OfficerChecked(Event, frozen=True, kw_only=True, tag="officer_checked"):
    """A lone officer on scene was asked whether all is well; `answer_by_ms` is the limit."""

    order: OrderId
    answer_by_ms: int | None
    by: str


class AdviceGiven(Event, frozen=True, kw_only=True, tag="advice_given"):
    """The desk advises; nothing is done until a person agrees."""

    advice: Advice


class AdviceSettled(Event, frozen=True, kw_only=True, tag="advice_settled"):
    """A person accepted or dismissed an advice, or it lapsed."""

    advice: str
    accepted: bool
    by: str
    reason: str | None = None


class CallRead(Event, frozen=True, kw_only=True, tag="call_read"):
    """A responder has read a call to many."""

    notice: NoticeId
    responder: ResponderId


class CallEnded(Event, frozen=True, kw_only=True, tag="call_ended"):
    """A call to many is over; who had answered by then is what its report counts."""

    notice: Notice
    asked: int
    answered: int


class CirclesTaken(Event, frozen=True, kw_only=True, tag="circles_taken"):
    """Which of the 1-3-5 minute circles held when looked at; those that did not, by id."""

    held: int
    failing: tuple[str, ...]


CaseEvent: TypeAlias = (
    IncidentsMerged
    | IncidentUnmerged
    | AlarmSplit
    | IncidentsLinked
    | IncidentReopened
    | IncidentChanged
    | NeedChanged
    | NoteAdded
    | NoteStruck
    | IncidentEnded
    | FollowUpSet
    | FollowUpOverdue
    | FollowUpFinished
    | OrderLate
    | OfficerChecked
    | AdviceGiven
    | AdviceSettled
    | CallRead
    | CallEnded
    | CirclesTaken
)
