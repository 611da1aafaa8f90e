"""Commands: imperatives from outside, already decoded and checked for shape by a gateway.

`sent_ms` is the sender's clock (UTC epoch ms), never trusted for decisions beyond its window;
the time of receipt is handed to the desk beside the command.
"""

from typing import TypeAlias

import msgspec

from dispatch.district import District
from dispatch.words import (
    Answer,
    IncidentId,
    OrderId,
    ResponderId,
    ResponderKind,
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
    source_kind: ResponderKind
    source: ResponderId
    type: str
    sent_ms: int
    text: str | None = None
    place: Point | None = None
    silent: bool = False
    suspect: str | None = None


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
    """An operator sends one responder to an incident by hand."""

    id: str
    incident: IncidentId
    responder: ResponderId


class CancelOrder(Command, frozen=True, kw_only=True, tag="cancel_order"):
    """An operator recalls an order."""

    id: str
    order: OrderId
    reason: str


class CloseIncident(Command, frozen=True, kw_only=True, tag="close_incident"):
    """An operator closes an incident with its disposition."""

    id: str
    incident: IncidentId
    disposition: str


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
    | Tick
)
