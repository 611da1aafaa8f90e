"""Commands: imperatives from outside, already decoded and checked for shape by a gateway.

`sent_ms` is the sender's clock (UTC epoch ms), never trusted for decisions beyond its window;
the time of receipt is handed to the desk beside the command.
"""

from typing import TypeAlias

import msgspec

from dispatch.district import District
from dispatch.model import Outcomes
from dispatch.words import (
    AlarmKey,
    Answer,
    AreaId,
    CallKind,
    FollowUpKind,
    GroupId,
    IncidentId,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    SourceKind,
    UnitStatus,
)
from geo.types import Point


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="do"):
    """Anything the desk can be asked to do."""


class LoadDistrict(Command, frozen=True, kw_only=True, tag="load_district"):
    """Take a new book of the district into force."""

    district: District


class RaiseAlarm(Command, frozen=True, kw_only=True, tag="raise_alarm"):
    """One raw call for help. `place` is lon/lat WGS-84 degrees, or None for the source's own."""

    id: str
    source_kind: SourceKind
    source: ResponderId
    type: str
    sent_ms: int
    text: str | None = None
    place: Point | None = None
    silent: bool = False
    suspect: str | None = None
    code: str | None = None
    """By which a citizen may ask after the report; made at the edge, not to be guessed."""
    exercise: bool = False


class AnswerOrder(Command, frozen=True, kw_only=True, tag="answer_order"):
    """A responder says that it has, takes or refuses an order."""

    id: str
    kind: ResponderKind
    responder: ResponderId
    order: OrderId
    answer: Answer
    sent_ms: int
    reason: str | None = None


class ReportStatus(Command, frozen=True, kw_only=True, tag="report_status"):
    """A responder reports its own state, about one order or at large."""

    id: str
    kind: ResponderKind
    responder: ResponderId
    status: UnitStatus
    sent_ms: int
    order: OrderId | None = None


class ReportSighting(Command, frozen=True, kw_only=True, tag="report_sighting"):
    """Where a fleeing suspect was seen: lon/lat WGS-84, degrees from north, m/s."""

    id: str
    kind: ResponderKind
    responder: ResponderId
    sent_ms: int
    place: Point
    on: str
    incident: IncidentId | None = None
    heading_deg: float | None = None
    speed_mps: float | None = None
    text: str | None = None


class CheckPlate(Command, frozen=True, kw_only=True, tag="check_plate"):
    """A patrol asks whether a vehicle is on the hot list."""

    id: str
    responder: ResponderId
    sent_ms: int
    plate: str


class SendOrder(Command, frozen=True, kw_only=True, tag="send_order"):
    """An operator sends one responder to an incident by hand.

    `role` and `text` are the operator's own where given (watch, hold or stop somebody); `reason`
    is why not the one that was recommended.
    """

    id: str
    incident: IncidentId
    responder: ResponderId
    role: Role | None = None
    text: str | None = None
    reason: str | None = None


class CancelOrder(Command, frozen=True, kw_only=True, tag="cancel_order"):
    """An operator recalls an order."""

    id: str
    order: OrderId
    reason: str


class CloseIncident(Command, frozen=True, kw_only=True, tag="close_incident"):
    """An operator closes an incident; `disposition` is a word of `dispatch.words.Disposition`."""

    id: str
    incident: IncidentId
    disposition: str
    outcomes: Outcomes = Outcomes()
    text: str | None = None


class ConfirmIncident(Command, frozen=True, kw_only=True, tag="confirm_incident"):
    """An operator lets the plan run for an incident that waits for confirmation."""

    id: str
    incident: IncidentId


class MergeIncidents(Command, frozen=True, kw_only=True, tag="merge_incidents"):
    """Two incidents are one: `merged` goes on as `kept`, with its alarms and orders."""

    id: str
    kept: IncidentId
    merged: IncidentId
    reason: str


class UnmergeIncident(Command, frozen=True, kw_only=True, tag="unmerge_incident"):
    """A merge was wrong: the incident gets its alarms and orders back."""

    id: str
    merged: IncidentId
    reason: str


class SplitAlarm(Command, frozen=True, kw_only=True, tag="split_alarm"):
    """An alarm was joined wrongly: it gets an incident of its own."""

    id: str
    alarm: AlarmKey
    reason: str


class LinkIncidents(Command, frozen=True, kw_only=True, tag="link_incidents"):
    """Two incidents belong together without being one: `part_of` or `related`."""

    id: str
    incident: IncidentId
    other: IncidentId
    relation: str


class ReopenIncident(Command, frozen=True, kw_only=True, tag="reopen_incident"):
    """A closed incident goes on."""

    id: str
    incident: IncidentId
    reason: str


class ChangeIncident(Command, frozen=True, kw_only=True, tag="change_incident"):
    """An operator corrects type, place (lon/lat WGS-84) or priority; None leaves as it is."""

    id: str
    incident: IncidentId
    reason: str
    type: str | None = None
    place: Point | None = None
    priority: int | None = None


class AddNote(Command, frozen=True, kw_only=True, tag="add_note"):
    """A remark, also of what was done by hand, with its real time."""

    id: str
    incident: IncidentId
    text: str
    happened_ms: int | None = None


class StrikeNote(Command, frozen=True, kw_only=True, tag="strike_note"):
    """A remark was wrong: it stays readable, struck out."""

    id: str
    incident: IncidentId
    number: int
    reason: str


class ReferIncident(Command, frozen=True, kw_only=True, tag="refer_incident"):
    """Another department takes the matter over, by a date."""

    id: str
    incident: IncidentId
    department: str
    due_ms: int


class FinishFollowUp(Command, frozen=True, kw_only=True, tag="finish_follow_up"):
    """Something owed for an incident is done."""

    id: str
    incident: IncidentId
    kind: FollowUpKind
    text: str | None = None


class SetStatus(Command, frozen=True, kw_only=True, tag="set_status"):
    """An operator sets a responder's state, as told by radio."""

    id: str
    responder: ResponderId
    status: UnitStatus
    reason: str


class MoveOrder(Command, frozen=True, kw_only=True, tag="move_order"):
    """An operator moves an order on, as told by radio; `happened_ms` is when it really was."""

    id: str
    order: OrderId
    status: OrderStatus
    reason: str
    happened_ms: int | None = None


class SettleAdvice(Command, frozen=True, kw_only=True, tag="settle_advice"):
    """A person accepts or dismisses what the desk advised."""

    id: str
    advice: str
    accept: bool
    reason: str | None = None


class CallMany(Command, frozen=True, kw_only=True, tag="call_many"):
    """One call to many: to all, a group, an area of the book, or those inside a lon/lat ring.

    `kinds` says which responders of them; `lives_s` for how long it stands.
    """

    id: str
    kind: CallKind
    text: str
    incident: IncidentId | None = None
    kinds: tuple[ResponderKind, ...] = (ResponderKind.UNIT, ResponderKind.POST)
    group: GroupId | None = None
    area: AreaId | None = None
    ring: tuple[tuple[float, float], ...] = ()
    lives_s: int = 1_800
    exercise: bool = False


class Tick(Command, frozen=True, kw_only=True, tag="tick"):
    """Time has passed: look at what is due."""


AnyCommand: TypeAlias = (
    LoadDistrict
    | RaiseAlarm
    | AnswerOrder
    | ReportStatus
    | ReportSighting
    | CheckPlate
    | SendOrder
    | CancelOrder
    | CloseIncident
    | ConfirmIncident
    | MergeIncidents
    | UnmergeIncident
    | SplitAlarm
    | LinkIncidents
    | ReopenIncident
    | ChangeIncident
    | AddNote
    | StrikeNote
    | ReferIncident
    | FinishFollowUp
    | SetStatus
    | MoveOrder
    | SettleAdvice
    | CallMany
    | Tick
)
