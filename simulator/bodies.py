"""The bodies of the MQTT contract as a device sees them.

Written apart from the engine's own codec on purpose: two ends of a test that share one
implementation share its mistakes too.
"""

import msgspec


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """An order or the recall of one, as `<kind>/<id>/order` carries it; times are epoch ms."""

    id: str
    incident: str
    action: str
    expires: int
    t: int
    lon: float | None = None
    lat: float | None = None
    eta_s: float | None = None
    length_m: float | None = None
    route: tuple[tuple[float, float], ...] = ()


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Your alarm `id` is on record as `incident`."""

    id: str
    incident: str
    t: int


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """What was wrong with something this device sent."""

    field: str
    value: str
    error: str
    id: str | None = None


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One position report: epoch ms, WGS-84 degrees, m/s, degrees from north, metres."""

    t: int
    lon: float
    lat: float
    speed: float | None = None
    heading: float | None = None
    accuracy: float | None = None


class AlarmUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One press of a button; `post` stands in the copy for the mutual-aid group."""

    id: str
    t: int
    type: str
    text: str | None = None
    lon: float | None = None
    lat: float | None = None
    silent: bool = False
    post: str | None = None


class AckUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer to an order: delivered, accepted or refused."""

    id: str
    t: int
    order: str
    answer: str
    reason: str | None = None


class StatusUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A responder's report of its own state."""

    id: str
    t: int
    status: str
    order: str | None = None


encode = msgspec.json.Encoder().encode
decode_down = msgspec.json.Decoder(Down).decode
decode_receipt = msgspec.json.Decoder(Receipt).decode
decode_reject = msgspec.json.Decoder(Reject).decode
