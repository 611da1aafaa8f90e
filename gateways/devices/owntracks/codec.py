"""OwnTracks' JSON, plain or encrypted, read without keeping anything.

Fields and their meaning: the OwnTracks booklet, JSON chapter. It has no call for help and no
text down to the phone: a phone gives positions, orders go another way.
"""

import base64
import binascii
from typing import Any, TypeAlias

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from gateways.devices.heard import AnyHeard, Fix, Reading, Rejected, Said, Understood
from gateways.devices.measures import number, place, plain_text, stamp
from gateways.devices.registry import Datum, Device

MAX_PAYLOAD = 64 * 1024
MAX_TOGETHER = 200
"""Messages in one HTTP body: a phone that comes back into coverage sends what it kept."""
MAX_ACCURACY_M = 200.0
"""A circle wider than this is not where the phone is."""
DEFAULT_BASE = "owntracks"
KMH = 3.6
OTHERS = frozenset(
    "lwt cmd card steps status configuration request waypoints dump beacon".split()  # noqa: SIM905
)
BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Extra: TypeAlias = dict[str, str | int | float | bool]


def identity_of(topic: str, base: str = DEFAULT_BASE) -> str | None:
    """`user/device` of a topic below the base; None when it is not such a topic."""
    if not topic.startswith(base + "/"):
        return None
    parts = topic[len(base) + 1 :].split("/")
    if len(parts) < 2 or not parts[0] or not parts[1]:
        return None
    return f"{parts[0]}/{parts[1]}"


def decode(payload: bytes, device: Device | None, now_ms: int, *, trusted: bool = False) -> Reading:
    """One payload as published or posted.

    A phone enrolled with a passphrase is heard encrypted only, unless `trusted`: its HTTP
    password was checked. The last will is published by the broker, which knows no passphrase.
    """
    if not payload:
        return Understood(heard=(Said(what="empty"),))
    if len(payload) > MAX_PAYLOAD:
        return Rejected(reason="too_long", detail=f"{len(payload)} bytes, at most {MAX_PAYLOAD}")
    try:
        body = msgspec.json.decode(payload)
    except BAD_JSON as error:
        return Rejected(reason="not_json", detail=str(error))
    if isinstance(body, list):
        return _read_all(body, device, now_ms, trusted=trusted)
    return _read(body, device, now_ms, trusted=trusted)


def _read_all(body: list[Any], device: Device | None, now_ms: int, *, trusted: bool) -> Reading:
    if len(body) > MAX_TOGETHER:
        return Rejected(reason="too_many", detail=f"{len(body)} messages, at most {MAX_TOGETHER}")
    heard: list[AnyHeard] = []
    for one in body:
        reading = _read(one, device, now_ms, trusted=trusted)
        if isinstance(reading, Rejected):
            return reading
        heard.extend(reading.heard)
    return Understood(heard=tuple(heard))


def _read(body: Any, device: Device | None, now_ms: int, *, trusted: bool) -> Reading:
    if not isinstance(body, dict):
        return Rejected(reason="not_object", detail="the payload is no JSON object")
    kind = body.get("_type")
    if not isinstance(kind, str):
        return Rejected(reason="no_type", detail="the payload has no _type")
    if kind == "encrypted":
        return _decrypt(body, device, now_ms)
    if device is not None and device.secret and not trusted and kind != "lwt":
        return Rejected(reason="plain", detail="enrolled with a passphrase, but not encrypted")
    return _read_plain(body, kind, Datum.WGS84 if device is None else device.datum, now_ms)


def _decrypt(body: dict[str, Any], device: Device | None, now_ms: int) -> Reading:
    if device is None or not device.secret:
        return Rejected(reason="no_key", detail="encrypted, but enrolled without a passphrase")
    data = body.get("data")
    if not isinstance(data, str):
        return Rejected(reason="no_data", detail="encrypted, but without data")
    key = device.secret.encode()[: SecretBox.KEY_SIZE].ljust(SecretBox.KEY_SIZE, b"\0")
    try:
        plain = SecretBox(key).decrypt(base64.b64decode(data, validate=True))
        inner = msgspec.json.decode(plain)
    except (binascii.Error, ValueError, CryptoError, RecursionError) as error:
        return Rejected(reason="wrong_key", detail=f"cannot be decrypted: {error}")
    if not isinstance(inner, dict) or inner.get("_type") == "encrypted":
        return Rejected(reason="not_object", detail="what was encrypted is no message")
    return _read(inner, device, now_ms, trusted=True)


def _read_plain(body: dict[str, Any], kind: str, datum: Datum, now_ms: int) -> Reading:
    header: dict[str, str | int | float | bool | None] = {"type": kind}
    match kind:
        case "location":
            return _location(body, datum, now_ms, header)
        case "transition":
            heard = Said(what=kind, extra=_transition(body))
        case "waypoint":
            heard = Said(what=kind, extra=_waypoint(body))
        case _ if kind in OTHERS:
            extra: Extra = {}
            if (action := plain_text(body.get("action"))) is not None:
                extra["action"] = action
            heard = Said(what=kind, extra=extra)
        case _:
            return Rejected(reason="unknown_type", detail=f"_type {kind[:40]!r} is not known")
    return Understood(heard=(heard,), header=header)


def _location(
    body: dict[str, Any],
    datum: Datum,
    now_ms: int,
    header: dict[str, str | int | float | bool | None],
) -> Reading:
    if number(body.get("lat"), -90, 90) is None or number(body.get("lon"), -180, 180) is None:
        return Rejected(reason="no_place", detail="lat and lon are not degrees")
    where = place(body["lon"], body["lat"], datum)
    seconds = number(body.get("tst"), 0, 1e10)
    at = stamp(None if seconds is None else seconds * 1000, now_ms)
    accuracy_m = number(body.get("acc"), 0, 1e7)
    why_not = None
    if where is None:
        why_not = "0,0 is no place"
    elif accuracy_m is not None and not 0 < accuracy_m <= MAX_ACCURACY_M:
        why_not = f"accuracy {accuracy_m:g} m"
    speed_kmh = number(body.get("vel"), 0, 1500)
    fix = Fix(
        lon=None if where is None else where.lon,
        lat=None if where is None else where.lat,
        at_ms=at.at_ms,
        speed_mps=None if speed_kmh is None else speed_kmh / KMH,
        heading_deg=number(body.get("cog"), 0, 360),
        accuracy_m=accuracy_m or None,
        altitude_m=number(body.get("alt"), -1000, 100_000),
        battery_pct=number(body.get("batt"), 0, 100),
        valid=why_not is None,
        history=at.history,
        why_not=why_not,
        extra=_extra(body),
    )
    return Understood(heard=(fix,), header=header)


def _extra(body: dict[str, Any]) -> Extra:
    extra: Extra = {}
    for key in ("tid", "t", "conn", "topic", "poi", "tag"):
        if (text := plain_text(body.get(key))) is not None:
            extra[key] = text
    for key in ("created_at", "m", "bs"):
        if (figure := number(body.get(key), 0, 1e10)) is not None:
            extra[key] = int(figure)
    return extra


def _transition(body: dict[str, Any]) -> Extra:
    extra: Extra = {}
    for key, name in (("event", "event"), ("desc", "region"), ("rid", "rid"), ("tid", "tid")):
        if (text := plain_text(body.get(key))) is not None:
            extra[name] = text
    trigger = {"c": "circular region", "b": "beacon"}.get(str(body.get("t")))
    if trigger is not None:
        extra["trigger"] = trigger
    if (seconds := number(body.get("tst"), 0, 1e10)) is not None:
        extra["time_epoch"] = int(seconds)
    return extra


def _waypoint(body: dict[str, Any]) -> Extra:
    extra: Extra = {}
    if (text := plain_text(body.get("desc"))) is not None:
        extra["desc"] = text
    bounds = (("lat", "lat", 90.0), ("lon", "lon", 180.0), ("rad", "radius_m", 1e7))
    for key, name, most in bounds:
        if (figure := number(body.get(key), -most, most)) is not None:
            extra[name] = figure
    return extra
