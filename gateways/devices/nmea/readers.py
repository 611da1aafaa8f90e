"""What each NMEA 0183 sentence has in which field.

Field orders: IEC 61162-1 (RMC, GGA, GLL, GNS, VTG, HDT), Kenwood's FleetSync (PKLDS, PKLSH) and
NEXEDGE (PKNDS, PKNSH) sentences, u-blox PUBX,00, and the forms of T55 trackers.
"""

import re
from collections.abc import Callable

import msgspec

from gateways.devices.heard import KeptAlive, Said
from gateways.devices.measures import number
from gateways.devices.nmea.sentence import BadSentenceError, Sentence
from gateways.devices.registry import MAX_IDENTITY

KNOT_MPS = 1852 / 3600
KMH_MPS = 1 / 3.6
MODES = frozenset("ADRFP")
"""Positioning modes that are a fix: autonomous, differential, RTK fixed or float, precise."""
QUALITIES = frozenset("12345")
"""GGA qualities that are a fix; 6 is reckoned, 7 typed in, 8 simulated."""
PUBX_FIXES = frozenset({"G2", "G3", "D2", "D3", "RK"})
GGA_FIELDS = 14
METRES_PER_HDOP = 5.0
"""A receiver's usual error without correction, which the dilution multiplies."""
WIRE_IDENTITY = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.: -]*")


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a position sentence before any of them is believed."""

    time: str
    lat: tuple[str, str]
    lon: tuple[str, str]
    why_not: str | None
    date: str | None = None
    speed_mps: float | None = None
    course: str = ""
    altitude: str = ""
    accuracy_m: float | None = None
    device: str | None = None
    extra: dict[str, str | int | float | bool] = {}


def speed(text: str, unit_mps: float = KNOT_MPS) -> float | None:
    """A speed in m/s from one in knots or another unit."""
    figure = number(text, 0, 2000)
    return None if figure is None else figure * unit_mps


def _accuracy(hdop: str) -> float | None:
    figure = number(hdop, 0.01, 99)
    return None if figure is None else figure * METRES_PER_HDOP


def identity_of(*parts: str) -> str | None:
    """The parts of an identity joined by `-`; None when one is missing or is none."""
    joined = "-".join(parts)
    good = all(parts) and len(joined) <= MAX_IDENTITY and WIRE_IDENTITY.fullmatch(joined)
    return joined if good else None


def status_of(status: str, mode: str) -> str | None:
    """Why a status and positioning mode are no fix; a mode that is not sent says nothing."""
    if status != "A":
        return f"status {status or 'not sent'}"
    if mode and mode not in MODES:
        return f"mode {mode}"
    return None


def wire_identity(sentence: Sentence) -> str | None:
    """Who a line says it is from: a prefix, an IMEI after the checksum, a tag block's source."""
    if sentence.prefix is not None:
        return sentence.prefix
    for one in sentence.trailer:
        if one.isdigit() and len(one) == 15:
            return one
    return sentence.source


def _numbers_are(texts: tuple[str, ...], name: str) -> None:
    for text in texts:
        if text and number(text, -1e9, 1e9) is None:
            raise BadSentenceError("figure", f"{name}: {text[:20]!r} is no number")


def _read_rmc(sentence: Sentence) -> Raw:
    field = sentence.field
    if len(sentence.fields) < 9:
        raise short(sentence)
    _numbers_are((field(6), field(7)), sentence.name)
    return Raw(
        time=field(0),
        lat=(field(2), field(3)),
        lon=(field(4), field(5)),
        why_not=status_of(field(1), field(11)),
        date=field(8),
        speed_mps=speed(field(6)),
        course=field(7),
    )


def _read_gga(sentence: Sentence) -> Raw:
    field = sentence.field
    if len(sentence.fields) < (9 if sentence.checked else GGA_FIELDS):
        raise short(sentence)
    _numbers_are((field(7), field(8)), sentence.name)
    return Raw(
        time=field(0),
        lat=(field(1), field(2)),
        lon=(field(3), field(4)),
        why_not=None if field(5) in QUALITIES else f"quality {field(5) or 'not sent'}",
        altitude=field(8),
        accuracy_m=_accuracy(field(7)),
    )


def _read_gll(sentence: Sentence) -> Raw:
    field = sentence.field
    if len(sentence.fields) < 6:
        raise short(sentence)
    return Raw(
        lat=(field(0), field(1)),
        lon=(field(2), field(3)),
        time=field(4),
        why_not=status_of(field(5), field(6)),
    )


def _read_gns(sentence: Sentence) -> Raw:
    """The mode has one letter per satellite system: one that has a fix is enough."""
    field = sentence.field
    if len(sentence.fields) < 9:
        raise short(sentence)
    _numbers_are((field(7), field(8)), sentence.name)
    return Raw(
        time=field(0),
        lat=(field(1), field(2)),
        lon=(field(3), field(4)),
        why_not=None if MODES & set(field(5)) else f"mode {field(5) or 'not sent'}",
        altitude=field(8),
        accuracy_m=_accuracy(field(7)),
    )


def _read_pubx(sentence: Sentence) -> Raw | Said:
    """u-blox: only message 00 holds a place; its speed is in km/h."""
    field = sentence.field
    if field(0) != "00":
        return Said(what=f"PUBX {field(0)[:4]}")
    if len(sentence.fields) < 12:
        raise short(sentence)
    _numbers_are((field(6), field(8), field(10), field(11)), sentence.name)
    return Raw(
        time=field(1),
        lat=(field(2), field(3)),
        lon=(field(4), field(5)),
        altitude=field(6),
        why_not=None if field(7) in PUBX_FIXES else f"navigation status {field(7)[:4]}",
        accuracy_m=number(field(8), 0, 1e7) or None,
        speed_mps=speed(field(10), KMH_MPS),
        course=field(11),
    )


def _read_kenwood_long(sentence: Sentence) -> Raw:
    """PKLDS: an RMC with fleet and unit after it; PKNDS: with a unit alone."""
    field = sentence.field
    fleet = sentence.name == "PKLDS"
    identity = identity_of(field(11), field(12)) if fleet else identity_of(field(11))
    if identity is None:
        raise BadSentenceError("no_unit", f"{sentence.name} names no unit")
    _numbers_are((field(6), field(7)), sentence.name)
    status = field(13 if fleet else 12)
    return Raw(
        time=field(0),
        lat=(field(2), field(3)),
        lon=(field(4), field(5)),
        why_not=status_of(field(1), ""),
        date=field(8),
        speed_mps=speed(field(6)),
        course=field(7),
        device=identity,
        extra={"status": status[:8]} if status else {},
    )


def _read_kenwood_short(sentence: Sentence) -> Raw:
    """PKLSH: a GLL with fleet and unit after it; PKNSH: with a unit alone."""
    field = sentence.field
    parts = (field(6), field(7)) if sentence.name == "PKLSH" else (field(6),)
    identity = identity_of(*parts)
    if identity is None:
        raise BadSentenceError("no_unit", f"{sentence.name} names no unit")
    return Raw(
        lat=(field(0), field(1)),
        lon=(field(2), field(3)),
        time=field(4),
        why_not=status_of(field(5), ""),
        device=identity,
    )


def _read_kenwood_id(sentence: Sentence) -> KeptAlive:
    """PKLID, PKNID: who has just pressed to talk, without a place."""
    field = sentence.field
    parts = (field(1), field(2)) if sentence.name == "PKLID" else (field(1),)
    identity = identity_of(*parts)
    if identity is None:
        raise BadSentenceError("no_unit", f"{sentence.name} names no unit")
    return KeptAlive(device=identity, what=sentence.name)


def _read_course(sentence: Sentence) -> Said:
    """VTG, HDT, HDG, THS: where a vehicle points or goes, without a place."""
    field = sentence.field
    heading = number(field(0), 0, 360)
    if field(0) and heading is None:
        raise BadSentenceError("figure", f"no heading: {field(0)[:20]!r}")
    extra: dict[str, str | int | float | bool] = {}
    if heading is not None:
        extra["heading_deg"] = heading
    moving_mps = speed(field(4)) if sentence.name.endswith("VTG") else None
    if moving_mps is not None:
        extra["speed_mps"] = moving_mps
    return Said(device=wire_identity(sentence), what=sentence.name, extra=extra)


def _read_trccr(sentence: Sentence) -> Raw:
    """A tracker's own: `yyyymmddhhmmss.sss,A,lat,lon,knots,course,m,battery`, in degrees."""
    field = sentence.field
    if len(sentence.fields) < 7:
        raise short(sentence)
    when = field(0)
    return Raw(
        time=when[8:],
        date=when[6:8] + when[4:6] + when[:4],
        lat=as_minutes(field(2), "NS"),
        lon=as_minutes(field(3), "EW"),
        why_not=status_of(field(1), ""),
        speed_mps=speed(field(4)),
        course=field(5),
        altitude=field(6),
    )


def as_minutes(figure: str, sides: str) -> tuple[str, str]:
    """Decimal degrees as degrees with minutes and a side; empty for anything else."""
    degrees = number(figure, -180, 180)
    if degrees is None:
        return (figure or "-", "")
    whole, part = divmod(abs(degrees), 1)
    return f"{whole:03.0f}{min(part * 60, 59.9999999999):013.10f}", sides[degrees < 0]


def short(sentence: Sentence) -> BadSentenceError:
    """What to raise for a sentence that lacks fields it must have."""
    count = len(sentence.fields)
    return BadSentenceError("too_short", f"{sentence.name} with {count} fields only")


READERS: dict[str, Callable[[Sentence], Raw | Said | KeptAlive]] = {
    "RMC": _read_rmc,
    "GGA": _read_gga,
    "GLL": _read_gll,
    "GNS": _read_gns,
    "PUBX": _read_pubx,
    "PKLDS": _read_kenwood_long,
    "PKNDS": _read_kenwood_long,
    "PKLSH": _read_kenwood_short,
    "PKNSH": _read_kenwood_short,
    "PKLID": _read_kenwood_id,
    "PKNID": _read_kenwood_id,
    "VTG": _read_course,
    "HDT": _read_course,
    "HDG": _read_course,
    "THS": _read_course,
    "CCR": _read_trccr,
}
