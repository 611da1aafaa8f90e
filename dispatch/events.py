"""Events: facts that happened, past participles, with every input that was not in the journal."""

from typing import TypeAlias

from dispatch.district import District
from dispatch.events_case import CaseEvent, Event
from dispatch.model import Alarm, Incident, Notice, Order, Recommendation
from dispatch.words import (
    AlarmKey,
    IncidentId,
    IncidentStatus,
    OrderId,
    OrderStatus,
    ResponderId,
    UnitStatus,
)
from geo.types import Point


class DistrictLoaded(Event, frozen=True, kw_only=True, tag="district_loaded"):
    """A book of the district came into force."""

    district: District


class MessageTaken(Event, frozen=True, kw_only=True, tag="message_taken"):
    """A message id of a responder was used; the same id again changes nothing."""

    responder: ResponderId
    message: str


class IncidentOpened(Event, frozen=True, kw_only=True, tag="incident_opened"):
    """An alarm opened an incident of its own."""

    incident: Incident
    alarm: Alarm


class AlarmJoined(Event, frozen=True, kw_only=True, tag="alarm_joined"):
    """An alarm joined an open incident; `why` says by which rule, with metres and seconds apart."""

    incident: IncidentId
    alarm: Alarm
    certainty: int
    why: str
    apart_m: float
    apart_s: float


class Recommended(Event, frozen=True, kw_only=True, tag="recommended"):
    """The responders were weighed for an incident's need; what was found and what is missing."""

    incident: IncidentId
    recommendation: Recommendation


class OrderIssued(Event, frozen=True, kw_only=True, tag="order_issued"):
    """An order goes to a responder; the recommendation is the `Recommended` of the same record."""

    order: Order


class OrderAdvanced(Event, frozen=True, kw_only=True, tag="order_advanced"):
    """An order moved on, by the responder's word, by the operator's or inferred."""

    order: OrderId
    status: OrderStatus
    by: str
    reason: str | None = None
    happened_ms: int | None = None


class OrderOverdue(Event, frozen=True, kw_only=True, tag="order_overdue"):
    """An order stood unanswered past its deadline; it is sent again and the operator is told."""

    order: OrderId
    attempt: int
    next_due_ms: int


class RecallConfirmed(Event, frozen=True, kw_only=True, tag="recall_confirmed"):
    """The responder has seen that its order was recalled, or the recall ran out."""

    order: OrderId
    by: str


class ResponderChanged(Event, frozen=True, kw_only=True, tag="responder_changed"):
    """A responder's state changed."""

    responder: ResponderId
    status: UnitStatus
    by: str


class IncidentAdvanced(Event, frozen=True, kw_only=True, tag="incident_advanced"):
    """An incident moved to another status."""

    incident: IncidentId
    status: IncidentStatus
    by: str
    disposition: str | None = None


class IncidentShort(Event, frozen=True, kw_only=True, tag="incident_short"):
    """What an incident still lacks, by need; empty when it lacks nothing."""

    incident: IncidentId
    missing: dict[str, int]
    next_due_ms: int | None


class IncidentEscalated(Event, frozen=True, kw_only=True, tag="incident_escalated"):
    """An incident waited too long for a responder; the operator is told, ever louder."""

    incident: IncidentId
    level: int
    reason: str
    next_due_ms: int
    to: str = "operator"


class NoticeSent(Event, frozen=True, kw_only=True, tag="notice_sent"):
    """Information went to a group or to many; `asked` is how many are expected to answer."""

    notice: Notice
    asked: int = 0


class SightingReported(Event, frozen=True, kw_only=True, tag="sighting_reported"):
    """A suspect was seen; lon/lat WGS-84 degrees, degrees from north, m/s."""

    responder: ResponderId
    message: str
    seen_ms: int
    place: Point
    on: str
    incident: IncidentId | None
    heading_deg: float | None
    speed_mps: float | None
    text: str | None


class PlateChecked(Event, frozen=True, kw_only=True, tag="plate_checked"):
    """A plate was looked up in the hot list."""

    responder: ResponderId
    message: str
    plate: str
    hit: bool
    reason: str | None
    like: tuple[str, ...] = ()
    """Plates of the list that this one may be, where it is none of them for certain."""
    place: Point | None = None


AnyEvent: TypeAlias = (
    DistrictLoaded
    | MessageTaken
    | IncidentOpened
    | AlarmJoined
    | Recommended
    | OrderIssued
    | OrderAdvanced
    | OrderOverdue
    | RecallConfirmed
    | ResponderChanged
    | IncidentAdvanced
    | IncidentShort
    | IncidentEscalated
    | NoticeSent
    | SightingReported
    | PlateChecked
    | CaseEvent
)
__all__ = ["AlarmKey", "AnyEvent", "Event"]
