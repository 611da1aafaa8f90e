"""What a device of any protocol can say, and what a gateway answers: the words decoders share.

A decoder is a pure function from bytes and the device's settings to `Understood` or `Rejected`;
it never raises on what came from outside and keeps no clock. Times are UTC epoch ms, places are
lon/lat WGS-84 degrees (already shifted for a device that is enrolled with another datum).
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from geo.types import Point


class Heard(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """One thing understood. `device` is the identity on the wire, None where it has none."""

    device: str | None = None


class Fix(Heard, frozen=True, kw_only=True, tag="position"):
    """A position. Not `valid`: no fix, never stored. `history`: backlog, never "now"."""

    lon: float | None = None
    lat: float | None = None
    at_ms: int | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    altitude_m: float | None = None
    battery_pct: float | None = None
    valid: bool = True
    history: bool = False
    mock: bool = False
    why_not: str | None = None
    extra: dict[str, str | int | float | bool] = {}


class AlarmState(StrEnum):
    """Whether an alarm begins or ends."""

    RAISED = "raised"
    RESTORED = "restored"


class Alarm(Heard, frozen=True, kw_only=True, tag="alarm"):
    """A call for help, or the end of one.

    `type` is the incident type it maps to; None is told and logged but opens nothing (a panel
    that is armed, a battery that is low). `key` names this alarm for good: the same key again
    is the same alarm. `code` is the protocol's own word for it.
    """

    type: str | None
    code: str
    key: str
    state: AlarmState = AlarmState.RAISED
    silent: bool = False
    at_ms: int | None = None
    place: Point | None = None
    text: str | None = None
    zone: str | None = None
    area: str | None = None
    user: str | None = None
    history: bool = False
    extra: dict[str, str | int | float | bool] = {}


class Reply(StrEnum):
    """What a device said to something that was sent to it."""

    DELIVERED = "delivered"
    READ = "read"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"


class Answered(Heard, frozen=True, kw_only=True, tag="answer"):
    """A device answers what `of` names: a serial, a message id, an order id or a one-time code."""

    of: str
    reply: Reply
    text: str | None = None


class SaidHello(Heard, frozen=True, kw_only=True, tag="hello"):
    """A registration, a log-on or a proof of identity."""

    what: str
    credential: str | None = None
    extra: dict[str, str | int | float | bool] = {}


class KeptAlive(Heard, frozen=True, kw_only=True, tag="keep_alive"):
    """A heartbeat or a link test."""

    what: str = "heartbeat"


class Said(Heard, frozen=True, kw_only=True, tag="message"):
    """Anything else that is well formed: told by name, acted on by nobody unless its gateway does.

    A text message from a person carries its words in `text`.
    """

    what: str
    text: str | None = None
    extra: dict[str, str | int | float | bool] = {}


AnyHeard: TypeAlias = Fix | Alarm | Answered | SaidHello | KeptAlive | Said


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """One frame, read. `reply` is what goes back at once, or after what it says is durable."""

    heard: tuple[AnyHeard, ...]
    reply: bytes = b""
    after_commit: bool = False
    header: dict[str, str | int | float | bool | None] = {}


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """One frame, refused. `reason` is a word for a counter, `detail` is for a person."""

    reason: str
    detail: str
    device: str | None = None
    reply: bytes = b""


Reading: TypeAlias = Understood | Rejected
