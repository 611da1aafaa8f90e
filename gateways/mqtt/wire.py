"""The bodies of the MQTT contract, version 1, both ways: what is decoded, encoded and published.

Times are UTC epoch milliseconds, places WGS-84 degrees, speeds m/s, headings degrees from north,
lengths metres. Unknown fields are ignored, so that a device may be newer than its engine.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from dispatch.words import Answer, ResponderKind, Role, UnitStatus

VERSION = "v1"
MAX_BODY_BYTES = 16_384
MAX_FIXES = 500

Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$", description="chosen by the sender")]
Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
Millis = Annotated[int, Meta(ge=0, le=9_007_199_254_740_991, description="UTC epoch ms")]
Lon = Annotated[float, Meta(ge=-180, le=180, description="WGS-84 degrees east")]
Lat = Annotated[float, Meta(ge=-90, le=90, description="WGS-84 degrees north")]
Speed = Annotated[float, Meta(ge=0, le=400, description="m/s")]
Heading = Annotated[float, Meta(ge=0, le=360, description="degrees from north, clockwise")]
Metres = Annotated[float, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(max_length=1_000)]
Reason = Annotated[str, Meta(max_length=200)]
Plate = Annotated[str, Meta(min_length=1, max_length=16)]
Means = Literal["foot", "motorcycle", "car"]


class FixUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One position report of one unit; `unit` names it on the shared topic `fixes`."""

    t: Millis
    lon: Lon
    lat: Lat
    speed: Speed | None = None
    heading: Heading | None = None
    accuracy: Metres | None = None
    unit: Id | None = None


class Up(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every message of the decision lane carries.

    `id` is the sender's own: the same id again changes nothing and gets the same answer. Who
    sent it is said by the topic; a body may repeat it under `unit`, `post` or `gate`.
    """

    id: Id
    t: Millis
    unit: Id | None = None
    post: Id | None = None
    gate: Id | None = None


class AlarmUp(Up, frozen=True, kw_only=True, omit_defaults=True):
    """A call for help. Without `lon` and `lat` the place is the sender's own."""

    type: Word
    text: Text | None = None
    lon: Lon | None = None
    lat: Lat | None = None
    silent: bool = False
    suspect: Text | None = None


class StatusUp(Up, frozen=True, kw_only=True, omit_defaults=True):
    """A responder's own state, about one order or at large."""

    status: UnitStatus
    order: Id | None = None


class AckUp(Up, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to an order; `delivered` on a recalled order confirms its recall."""

    order: Id
    answer: Answer
    reason: Reason | None = None


class SightingUp(Up, frozen=True, kw_only=True, omit_defaults=True):
    """Where a fleeing suspect was seen, on what, heading where."""

    lon: Lon
    lat: Lat
    on: Means
    incident: Id | None = None
    heading: Heading | None = None
    speed: Speed | None = None
    text: Text | None = None


class CheckUp(Up, frozen=True, kw_only=True, omit_defaults=True):
    """Is this vehicle on the hot list?"""

    plate: Plate


class Leg(msgspec.Struct, frozen=True):
    """One street of a route."""

    name: str
    length_m: float
    seconds: float


class OrderDown(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="order"):
    """An order. Sent again until answered: the same `id` is the same order, shown once."""

    id: str
    incident: str
    role: Role
    type: str
    priority: int
    lon: float
    lat: float
    place: str
    text: str | None
    silent: bool
    eta_s: float | None
    length_m: float | None
    route: tuple[tuple[float, float], ...]
    streets: tuple[Leg, ...]
    others: tuple[str, ...]
    t: int
    ack_by: int
    expires: int
    exercise: bool = False


class RecallDown(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", tag="recall"):
    """Forget the order `id`. Sent again until confirmed with the answer `delivered`."""

    id: str
    incident: str
    reason: str
    t: int
    expires: int


class ReceiptDown(msgspec.Struct, frozen=True, kw_only=True):
    """Your alarm `id` is durably on record as `incident`. With `silent`, make no sound."""

    id: str
    incident: str
    t: int
    silent: bool


class RejectDown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was wrong with what you sent; `id` where your message had a readable one."""

    id: str | None = None
    field: str
    value: str
    error: str


class NoticeDown(msgspec.Struct, frozen=True, kw_only=True):
    """Information to a mutual-aid group, to all or to one responder.

    With `answer` true its reader is counted: an ack `delivered` with this id as the order.
    """

    id: str
    t: int
    text: str
    expires: int
    kind: str = "notice"
    answer: bool = False
    incident: str | None = None
    lon: float | None = None
    lat: float | None = None
    exercise: bool = False


class HelpDown(msgspec.Struct, frozen=True, kw_only=True):
    """To the centres of neighbouring districts: an incident for which nobody is left here."""

    incident: str
    type: str
    priority: int
    lon: float
    lat: float
    place: str
    lacking: dict[str, int]
    level: int
    t: int


class CheckResultDown(msgspec.Struct, frozen=True, kw_only=True):
    """What the hot list says of a plate."""

    id: str
    plate: str
    hit: bool
    reason: str | None
    t: int


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """Retained: whether the engine hears you. `gone` is its last will."""

    state: Literal["live", "standby", "gone"]
    t: int
    since: int


FixesUp = Annotated[list[FixUp], Meta(max_length=MAX_FIXES)]
AnyUp: TypeAlias = AlarmUp | StatusUp | AckUp | SightingUp | CheckUp
DECISIONS: dict[str, type[AnyUp]] = {
    "alarm": AlarmUp,
    "status": StatusUp,
    "ack": AckUp,
    "sighting": SightingUp,
    "check": CheckUp,
}
"""The last level of a topic of the decision lane, and its body."""
_K = ResponderKind
SENDERS: dict[str, tuple[ResponderKind, ...]] = {
    "alarm": (_K.UNIT, _K.POST, _K.GATE),
    "status": (_K.UNIT, _K.POST, _K.GATE),
    "ack": (_K.UNIT, _K.POST, _K.GATE),
    "sighting": (_K.UNIT, _K.POST, _K.GATE),
    "check": (_K.UNIT,),
}
"""Which kinds of responder may say what."""


def root_of(district: str) -> str:
    """The topic prefix of a district, with its closing slash."""
    return f"s110/{VERSION}/{district}/"
