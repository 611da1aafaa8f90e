"""The OsmAnd / Traccar client protocol: a request is a report, 200 is the acknowledgement.

Keys and units as Traccar's OsmAndProtocolDecoder reads them (Apache-2.0): speed in knots in the
query form, metres a second in the JSON form of background-geolocation; -1 is unknown.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import msgspec

from gateways.devices.heard import Alarm, AnyHeard, Fix, Reading, Rejected, Understood
from gateways.devices.measures import Stamp, number, place, plain_text, stamp
from gateways.devices.registry import MAX_IDENTITY, Datum

MAX_BODY = 64 * 1024
MAX_TOGETHER = 200
MAX_KEYS = 64
KNOT_MPS = 1852 / 3600
SECONDS_END = 2**31 - 1
"""A larger timestamp is in milliseconds."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
ALARMS = {
    "sos": "panic",
    "panic": "panic",
    "duress": "duress",
    "robbery": "robbery",
    "fire": "fire",
    "medical": "medical",
}
"""Alarm words and the incident types they open; any other word is told and opens nothing."""
KNOWN = frozenset(
    {
        *("id", "deviceid", "token", "timestamp", "lat", "lon", "location", "speed", "bearing"),
        *("heading", "altitude", "accuracy", "hacc", "batt", "valid", "alarm", "text", "mock"),
    }
)
Extra: TypeAlias = dict[str, str | int | float | bool]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One request: who it says it is, the token it shows, and what was read of it."""

    reading: Reading
    identity: str | None = None
    token: str | None = None


def decode(
    target: str, content_type: str, body: bytes, now_ms: int, datum: Datum = Datum.WGS84
) -> Report:
    """A request's target (path and query) and body; `now_ms` judges its times."""
    if len(body) > MAX_BODY or len(target) > MAX_BODY:
        return _bad("too_long", f"more than {MAX_BODY} bytes")
    try:
        parts = urlsplit(target)
        fields = _fields(parts.query)
        if body and "json" in content_type:
            return _decode_json(msgspec.json.decode(body), fields, parts.path, now_ms, datum)
        if body:
            fields |= _fields(body.decode())
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        return _bad("not_readable", str(error))
    identity = _identity(fields.get("id") or fields.get("deviceid"))
    if identity is None:
        return _bad("no_id", "the request has neither id nor deviceid")
    return Report(
        reading=_from_fields(fields, identity, now_ms, datum),
        identity=identity,
        token=fields.get("token") or _token_in(parts.path),
    )


def _fields(query: str) -> dict[str, str]:
    """The first value of each key."""
    found: dict[str, str] = {}
    for key, value in parse_qsl(query, max_num_fields=MAX_KEYS):
        found.setdefault(key, value)
    return found


def _identity(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**MAX_IDENTITY else None
    text = plain_text(value, MAX_IDENTITY + 1)
    return text if text is not None and len(text) <= MAX_IDENTITY else None


def _token_in(path: str) -> str | None:
    return path.strip("/").rpartition("/")[2] or None


def _from_fields(fields: dict[str, str], identity: str, now_ms: int, datum: Datum) -> Reading:
    lon, lat = fields.get("lon"), fields.get("lat")
    if lon is None and lat is None and "location" in fields:
        lat, _, lon = fields["location"].partition(",")
    at = stamp(read_time(fields.get("timestamp")), now_ms)
    knots = number(fields.get("speed"), 0, 1000)
    where = place(lon, lat, datum)
    declared = fields.get("valid", "true").casefold() in {"true", "1", "yes"}
    why_not = _why_not(where is not None, lon is not None, declared)
    extra: Extra = {}
    for key, value in fields.items():
        if key not in KNOWN and (text := plain_text(value)) is not None:
            extra[key[:40]] = text
    fix = Fix(
        device=identity,
        lon=None if where is None else where.lon,
        lat=None if where is None else where.lat,
        at_ms=at.at_ms,
        speed_mps=None if knots is None else knots * KNOT_MPS,
        heading_deg=number(fields.get("bearing", fields.get("heading")), 0, 360),
        accuracy_m=number(fields.get("accuracy", fields.get("hacc")), 0, 1e7) or None,
        altitude_m=number(fields.get("altitude"), -1000, 100_000),
        battery_pct=number(fields.get("batt"), 0, 100),
        valid=why_not is None,
        history=at.history,
        mock=fields.get("mock", "").casefold() in {"true", "1"},
        why_not=why_not,
        extra=extra,
    )
    return _with_alarm(fix, fields.get("alarm"), fields.get("text"), at, now_ms)


def _why_not(placed: bool, given: bool, declared: bool) -> str | None:
    if placed:
        return None if declared else "declared not valid"
    return "coordinates that are no place" if given else "no coordinates"


def _with_alarm(fix: Fix, word: object, text: object, at: Stamp, now_ms: int) -> Understood:
    heard: list[AnyHeard] = [fix]
    code = plain_text(word, 40)
    if code is not None:
        spot = place(fix.lon, fix.lat) if fix.valid else None
        moment = at.at_ms if at.at_ms is not None else now_ms // 60_000 * 60_000
        kind = ALARMS.get(code.casefold())
        heard.append(
            Alarm(
                device=fix.device,
                type=kind,
                code=code,
                key=f"{code}:{moment}",
                silent=kind == "duress",
                at_ms=at.alarm_ms,
                place=spot,
                text=plain_text(text),
                history=at.history,
            )
        )
    return Understood(heard=tuple(heard), reply=OK, after_commit=code is not None)


def _decode_json(body: Any, fields: dict[str, str], path: str, now_ms: int, datum: Datum) -> Report:
    if not isinstance(body, dict):
        return _bad("not_object", "the body is no JSON object")
    identity = _identity(body.get("device_id") or fields.get("id"))
    if identity is None:
        return _bad("no_id", "the body has no device_id")
    given = body.get("location")
    given = given if isinstance(given, list) else [given]
    rows = [row for row in given if isinstance(row, dict)]
    if not rows or len(rows) > MAX_TOGETHER or len(rows) < len(given):
        return _bad("no_location", "the body has no location")
    heard: list[AnyHeard] = []
    for row in rows:
        heard.extend(_from_location(row, body.get("alarm"), identity, now_ms, datum).heard)
    alarmed = any(isinstance(one, Alarm) for one in heard)
    token = fields.get("token") or plain_text(body.get("token"), 256) or _token_in(path)
    reading = Understood(heard=tuple(heard), reply=OK, after_commit=alarmed)
    return Report(reading=reading, identity=identity, token=token)


def _from_location(
    row: dict[str, Any], alarm: object, identity: str, now_ms: int, datum: Datum
) -> Understood:
    coords, battery, extras = (_object(row.get(key)) for key in ("coords", "battery", "extras"))
    at = stamp(read_time(row.get("timestamp")), now_ms)
    where = place(coords.get("longitude"), coords.get("latitude"), datum)
    level = number(battery.get("level"), 0, 1)
    why_not = _why_not(where is not None, "longitude" in coords, declared=True)
    extra: Extra = {}
    for key, value in (
        ("event", row.get("event")),
        ("activity", _object(row.get("activity")).get("type")),
    ):
        if (text := plain_text(value)) is not None:
            extra[key] = text
    if isinstance(row.get("is_moving"), bool):
        extra["motion"] = row["is_moving"]
    if (odometer := number(row.get("odometer"), 0, 1e10)) is not None:
        extra["odometer"] = odometer
    fix = Fix(
        device=identity,
        lon=None if where is None else where.lon,
        lat=None if where is None else where.lat,
        at_ms=at.at_ms,
        speed_mps=number(coords.get("speed"), 0, 500),
        heading_deg=number(coords.get("heading"), 0, 360),
        accuracy_m=number(coords.get("accuracy"), 0, 1e7) or None,
        altitude_m=number(coords.get("altitude"), -1000, 100_000),
        battery_pct=None if level is None else level * 100,
        valid=why_not is None,
        history=at.history,
        mock=row.get("mock") is True,
        why_not=why_not,
        extra=extra,
    )
    return _with_alarm(fix, extras.get("alarm") or alarm, extras.get("text"), at, now_ms)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def read_time(value: object) -> float | None:
    """UTC epoch ms of seconds, milliseconds, ISO 8601 or `yyyy-MM-dd HH:mm:ss` (UTC)."""
    figure = number(value, 0, 1e14)
    if figure is not None:
        return figure * 1000 if figure <= SECONDS_END else figure
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        when = datetime.fromisoformat(value.strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000
    except (ValueError, OverflowError):
        return None


def same_secret(shown: str | None, wanted: str) -> bool:
    """Whether a token is the one enrolled, in a time that tells nothing about it."""
    marks = [hashlib.blake2b((one or "").encode("utf-8", "replace")) for one in (shown, wanted)]
    return marks[0].digest() == marks[1].digest()


def _bad(reason: str, detail: str) -> Report:
    return Report(reading=Rejected(reason=reason, detail=detail[:200], reply=BAD))
