"""Positions out of NMEA 0183 sentences, with or without a device identity in them."""

import re

from gateways.devices.heard import AnyHeard, Fix, Reading, Rejected, Said, SaidHello, Understood
from gateways.devices.measures import number, place, stamp
from gateways.devices.nmea.clock import date_ms, latest_day, time_of_day_ms, without_rollover
from gateways.devices.nmea.readers import (
    READERS,
    Raw,
    as_minutes,
    identity_of,
    speed,
    status_of,
    wire_identity,
)
from gateways.devices.nmea.sentence import MAX_LINE, BadSentenceError, Sentence, take_apart
from gateways.devices.registry import Datum

UNCHECKED = frozenset({"GGA"})
"""Sentences that may come without a checksum (T55 trackers), but then with all their fields:
the last, the station, must be there, so that one that was cut short is not taken for them."""
STATION = re.compile(r"\d[\d.]*")
DEGREES = re.compile(r"(\d{1,3})(\d{2}(?:\.\d{1,10})?)")
HELLO = re.compile(r"IMEI[ :,]?(\d{14,16})|([0-9A-F]{8,20})")
NAMES = frozenset({"PGID", "DEVID", "GPFID", "PCPTI"})
"""Sentences that only say who is speaking."""


def decode(
    line: str, now_ms: int, datum: Datum = Datum.WGS84, *, checks_sum: bool = True
) -> Reading:
    """One line; `now_ms` dates a time of day and judges all times."""
    text = line.strip()
    hello = HELLO.fullmatch(text)
    if hello is not None:
        return Understood(heard=(SaidHello(device=hello[1] or hello[2], what="identity"),))
    try:
        if text.startswith("QZE,") and len(text) <= MAX_LINE:
            fix = _to_fix(_read_qze(text.split(",")), None, now_ms, datum, None)
            return Understood(heard=(fix,), header={"sentence": "QZE", "checksum": False})
        sentence = take_apart(line, checks_sum=checks_sum)
        header: dict[str, str | int | float | bool | None] = {
            "sentence": sentence.name,
            "checksum": sentence.checked,
        }
        if sentence.source is not None:
            header["tag_source"] = sentence.source
        heard = _read(sentence, now_ms, datum, checks_sum=checks_sum)
    except BadSentenceError as error:
        return Rejected(reason=error.reason, detail=error.detail)
    return Understood(heard=(heard,), header=header)


def _read(sentence: Sentence, now_ms: int, datum: Datum, *, checks_sum: bool) -> AnyHeard:
    if sentence.name in NAMES:
        return _read_name(sentence)
    kind = sentence.name if sentence.name.startswith("P") else sentence.name[2:]
    whole = kind in UNCHECKED and STATION.fullmatch(sentence.field(13)) is not None
    if checks_sum and not sentence.checked and not whole:
        raise BadSentenceError("no_checksum", f"{sentence.name} must have a checksum")
    read = READERS.get(kind)
    identity = wire_identity(sentence)
    if read is None:
        return Said(device=identity, what=sentence.name)
    raw = read(sentence)
    return _to_fix(raw, identity, now_ms, datum, sentence.tag_s) if isinstance(raw, Raw) else raw


def _to_fix(raw: Raw, identity: str | None, now_ms: int, datum: Datum, tag_s: float | None) -> Fix:
    """A position with its figures bounded and its time judged."""
    lat, lon = _degrees(*raw.lat, "NS", 90), _degrees(*raw.lon, "EW", 180)
    given = any((*raw.lat, *raw.lon))
    if raw.why_not is None and given and (lat is None or lon is None):
        written = ",".join((*raw.lat, *raw.lon))
        raise BadSentenceError("place", f"no latitude and longitude: {written[:60]}")
    where = place(lon, lat, datum) if lat is not None and lon is not None else None
    at_ms, extra = _date(raw, now_ms, tag_s)
    if raw.time and at_ms is None:
        raise BadSentenceError("time", f"no time: {raw.time[:20]} {(raw.date or '')[:10]}")
    at = stamp(at_ms, now_ms)
    why_not = raw.why_not or (None if where else "0,0 is no place" if given else "no coordinates")
    return Fix(
        device=raw.device or identity,
        lon=None if where is None else where.lon,
        lat=None if where is None else where.lat,
        at_ms=at.at_ms,
        speed_mps=raw.speed_mps,
        heading_deg=number(raw.course, 0, 360),
        accuracy_m=raw.accuracy_m,
        altitude_m=number(raw.altitude, -1000, 100_000),
        valid=why_not is None,
        history=at.history,
        why_not=why_not,
        extra=raw.extra | extra | ({"clock_ahead": True} if at.ahead else {}),
    )


def _date(
    raw: Raw, now_ms: int, tag_s: float | None
) -> tuple[int | None, dict[str, str | int | float | bool]]:
    """UTC epoch ms of a sentence's time, and what had to be done for it."""
    day_ms = time_of_day_ms(raw.time)
    if day_ms is None:
        return None, {}
    if not raw.date:
        near_ms = now_ms if tag_s is None else round(tag_s * 1000)
        return latest_day(day_ms, near_ms), {"date": "received"}
    midnight_ms = date_ms(raw.date)
    if midnight_ms is None:
        return None, {}
    at_ms, rolled = without_rollover(midnight_ms + day_ms, now_ms)
    return at_ms, {"week_rollover": True} if rolled else {}


def _degrees(figure: str, side: str, sides: str, most: float) -> float | None:
    """`dddmm.mmmm` and its side in degrees, north and east positive."""
    found = DEGREES.fullmatch(figure)
    if found is None or side not in sides or len(side) != 1:
        return None
    minutes = float(found[2])
    degrees = int(found[1]) + minutes / 60
    if minutes >= 60 or degrees > most:
        return None
    return degrees if side == sides[0] else -degrees


def _read_qze(fields: list[str]) -> Raw:
    """`QZE,imei,event,ddmmyyyy,hhmmss,lat,lon,knots,course,A|V,..`, in degrees, no checksum."""
    if len(fields) < 11 or not re.fullmatch(r"\d{14,16}", fields[1]):
        raise BadSentenceError("too_short", "a QZE report has 11 fields and an IMEI")
    return Raw(
        time=fields[4],
        date=fields[3],
        lat=as_minutes(fields[5], "NS"),
        lon=as_minutes(fields[6], "EW"),
        why_not=status_of(fields[9], ""),
        speed_mps=speed(fields[7]),
        course=fields[8],
        device=fields[1],
        extra={"event": fields[2][:8]},
    )


def _read_name(sentence: Sentence) -> SaidHello:
    identity = identity_of(sentence.field(0))
    if identity is None:
        raise BadSentenceError("no_unit", f"{sentence.name} names nobody")
    return SaidHello(device=identity, what=sentence.name)
