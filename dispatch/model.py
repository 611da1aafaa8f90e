"""The rows of the board: frozen values, replaced whole when something changes."""

import msgspec

from dispatch.words import (
    AdviceKind,
    AlarmKey,
    AreaId,
    CallKind,
    FollowUpKind,
    GroupId,
    IncidentId,
    IncidentStatus,
    NoticeId,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    SourceKind,
    UnitStatus,
)
from geo.types import Point, Street


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One raw call for help as it was recorded. `key` is `<source>/<id>`, the sender's own id."""

    key: AlarmKey
    id: str
    source_kind: SourceKind
    source: ResponderId
    type: str
    sent_ms: int
    received_ms: int
    place: Point
    place_from: str
    incident: IncidentId
    text: str | None = None
    silent: bool = False
    suspect: str | None = None
    code: str | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A remark on an incident. It is struck out, never deleted; `happened_ms` is its real time."""

    number: int
    text: str
    by: str
    at_ms: int
    happened_ms: int
    struck_by: str | None = None
    struck_reason: str | None = None


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """Something owed for an incident by a date, perhaps by another department."""

    kind: FollowUpKind
    due_ms: int
    department: str | None = None
    done_ms: int | None = None
    overdue: bool = False


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident came to, counted."""

    checked: int = 0
    arrested: int = 0
    vehicles_recovered: int = 0
    citizens_helped: int = 0


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Another incident that belongs to this one: `part_of`, `has_part` or `related`."""

    incident: IncidentId
    relation: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk would do if a person agrees; numbered through the life of the board.

    A diversion takes `responder` from `leaves` to `incident`, instead of `instead_of`; a move-up
    takes it to `place`. `gain_s` is what that saves, `price_s` the way there, in seconds.
    """

    id: str
    kind: AdviceKind
    responder: ResponderId
    incident: IncidentId | None
    leaves: IncidentId | None
    place: Point | None
    place_name: str
    gain_s: float | None
    price_s: float | None
    at_ms: int
    expires_ms: int
    instead_of: ResponderId | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One responder as it was weighed: seconds by road or on foot, position age, and the reason.

    `reason` is a word of `dispatch.candidates.Why`; `eta_s` is None where no way was found.
    """

    responder: ResponderId
    kind: ResponderKind
    rank: int
    eta_s: float | None
    air_m: float | None
    fix_age_s: float | None
    position: Point | None
    chosen: bool
    reason: str
    price_s: float = 0.0
    """Seconds that its beat loses, as they were counted on top of its own."""


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """The ranked candidates for one need, and how many were passed over unlisted, by reason."""

    need: str
    wanted: int
    found: int
    candidates: tuple[Candidate, ...]
    passed_over: dict[str, int]
    together: tuple[IncidentId, ...] = ()
    """The incidents that were served at once, where there were several."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction to one responder: what its device shows, and how far it has come."""

    id: OrderId
    incident: IncidentId
    responder: ResponderId
    kind: ResponderKind
    role: Role
    type: str
    priority: int
    place: Point
    place_name: str
    text: str | None
    silent: bool
    eta_s: float | None
    length_m: float | None
    line: tuple[tuple[float, float], ...]
    streets: tuple[Street, ...]
    issued_ms: int
    ack_by_ms: int
    expires_ms: int
    by: str
    need: str
    others: tuple[ResponderId, ...] = ()
    status: OrderStatus = OrderStatus.ISSUED
    since_ms: int = 0
    attempts: int = 1
    due_ms: int | None = None
    recalled: bool = False
    shown: bool = False
    """Whether its responder ever said that it has it."""
    exercise: bool = False
    moved_to: IncidentId | None = None
    late: str | None = None
    checked_ms: int | None = None

    @property
    def serves(self) -> IncidentId:
        """The incident it counts for: after a merge another than it was issued for."""
        return self.moved_to or self.incident


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre works on: one or more alarms joined."""

    id: IncidentId
    type: str
    priority: int
    status: IncidentStatus
    place: Point
    place_name: str
    areas: tuple[AreaId, ...]
    silent: bool
    raised_ms: int
    since_ms: int
    alarms: tuple[AlarmKey, ...]
    sources: tuple[ResponderId, ...]
    certainty: int = 1
    orders: tuple[OrderId, ...] = ()
    orders_issued: int = 0
    short: dict[str, int] = {}
    escalations: int = 0
    due_ms: int | None = None
    disposition: str | None = None
    first_order_ms: int | None = None
    first_on_scene_ms: int | None = None
    closed_ms: int | None = None
    exercise: bool = False
    owed: dict[str, int] = {}
    """Needs an operator asked for beyond the plan, by need."""
    notes: tuple[Note, ...] = ()
    links: tuple[Link, ...] = ()
    merged_into: IncidentId | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    outcomes: Outcomes = Outcomes()
    reopened: int = 0


class Responder(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a unit, post or gate. `seen` holds the last message ids it sent us."""

    id: ResponderId
    kind: ResponderKind
    status: UnitStatus = UnitStatus.AVAILABLE
    since_ms: int = 0
    order: OrderId | None = None
    missed: int = 0
    seen: tuple[str, ...] = ()
    musters_missed: int = 0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Information to a group, to those named in `to`, or with neither to all.

    A `notice` owes no answer; a `search` collects who has read it, a `muster` measures it.
    """

    id: NoticeId
    group: GroupId | None
    incident: IncidentId | None
    text: str
    place: Point | None
    sent_ms: int
    expires_ms: int
    kind: CallKind = CallKind.NOTICE
    to: tuple[tuple[ResponderKind, ResponderId], ...] = ()
    exercise: bool = False


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Who has answered a call so far, each with the time of its first answer."""

    notice: Notice
    asked: int
    read_ms: dict[ResponderId, int] = {}


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fleeing suspect was seen: lon/lat WGS-84, degrees from north, m/s."""

    responder: ResponderId
    seen_ms: int
    place: Point
    on: str
    incident: IncidentId | None
    heading_deg: float | None
    speed_mps: float | None
    text: str | None
