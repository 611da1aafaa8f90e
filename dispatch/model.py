"""The rows of the board: frozen values, replaced whole when something changes."""

import msgspec

from dispatch.words import (
    AlarmKey,
    AreaId,
    GroupId,
    IncidentId,
    IncidentStatus,
    NoticeId,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
    UnitStatus,
)
from geo.types import Point, Street


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One raw call for help as it was recorded. `key` is `<source>/<id>`, the sender's own id."""

    key: AlarmKey
    id: str
    source_kind: ResponderKind
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


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """The ranked candidates for one need, and how many were passed over unlisted, by reason."""

    need: str
    wanted: int
    found: int
    candidates: tuple[Candidate, ...]
    passed_over: dict[str, int]


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


class Responder(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a unit, post or gate. `seen` holds the last message ids it sent us."""

    id: ResponderId
    kind: ResponderKind
    status: UnitStatus = UnitStatus.AVAILABLE
    since_ms: int = 0
    order: OrderId | None = None
    missed: int = 0
    seen: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Information to a group or, with `group` None, to all; nobody owes an answer."""

    id: NoticeId
    group: GroupId | None
    incident: IncidentId
    text: str
    place: Point
    sent_ms: int
    expires_ms: int


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
