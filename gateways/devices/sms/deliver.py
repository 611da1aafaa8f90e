"""SMS-DELIVER as modems hand it over in PDU mode (3GPP TS 23.040, 9.2.2.1)."""

from datetime import UTC, datetime, timedelta

import msgspec

from gateways.devices.sms.pdu import BadPduError
from gateways.devices.sms.text import DEFAULT, from_gsm, read_text, unpack

DIGITS = "0123456789*#abc"
INTERNATIONAL = 0x10
ALPHANUMERIC = 0x50
SEMI_END = 0xF
CENTURY_TURNS = 80


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """One message from a modem; `sent_ms` is the centre's stamp, UTC epoch ms."""

    centre: str
    sender: str
    text: str
    sent_ms: int
    offset_min: int


def read_deliver(raw: bytes) -> Delivered:
    """One SMS-DELIVER with its service centre before it.

    Raises:
        BadPduError: it is none.
    """
    if not raw or not 1 < raw[0] <= 12:
        raise BadPduError("length", "no service centre begins here")
    at = 1 + raw[0]
    centre = _address(raw[1:at], (raw[0] - 1) * 2)
    rest = raw[at:]
    if len(rest) < 2 or rest[0] & 3:
        raise BadPduError("not_deliver", "the type is not SMS-DELIVER")
    digits = rest[1]
    end = 3 + (digits + 1) // 2
    if digits > 20 or len(rest) < end + 10:
        raise BadPduError("cut_off", "the header is cut off")
    sender = _address(rest[2:end], digits)
    coding = rest[end + 1]
    sent, offset_min = _stamp(rest[end + 2 : end + 9])
    count, data = rest[end + 9], rest[end + 10 :]
    packed = coding & 0xF0 == 0 and coding & 0x0C == 0
    if len(data) != ((count * 7 + 7) // 8 if packed else count):
        raise BadPduError("cut_off", f"{len(data)} octets are not {count} characters")
    return Delivered(
        centre=centre,
        sender=sender,
        text=_body(data, count, coding, packed=packed, headed=bool(rest[0] & 0x40)),
        sent_ms=sent,
        offset_min=offset_min,
    )


def _body(data: bytes, count: int, coding: int, *, packed: bool, headed: bool) -> str:
    size = (data[0] + 1 if data else 1) if headed else 0
    if size > len(data):
        raise BadPduError("header", "a user data header is longer than its message")
    if not packed:
        return read_text(data[size:], coding)
    # The header fills whole septets.
    return from_gsm(unpack(data, count)[(size * 8 + 6) // 7 :])


def _address(raw: bytes, digits: int) -> str:
    kind = raw[0] & 0x70 if raw else 0
    if kind == ALPHANUMERIC:
        return from_gsm(unpack(raw[1:], digits * 4 // 7))
    halves = [half for one in raw[1:] for half in (one & 0xF, one >> 4)]
    found = halves[:digits]
    while found and found[-1] == SEMI_END:
        found.pop()
    if not found or SEMI_END in found:
        raise BadPduError("number", "a number with a hole in it")
    return ("+" if kind == INTERNATIONAL else "") + "".join(DIGITS[one] for one in found)


def _stamp(raw: bytes) -> tuple[int, int]:
    """Seven swapped octets: date, time, and quarters of an hour ahead of UTC (bit 3: behind)."""
    swapped = [(one & 0xF, one >> 4) for one in raw]
    if any(high > 9 or low > 9 for high, low in swapped[:6]):
        raise BadPduError("time", "the stamp is no time")
    year, month, day, hour, minute, second = (high * 10 + low for high, low in swapped[:6])
    high, low = swapped[6]
    quarters = (high & 7) * 10 + low
    offset_min = -15 * quarters if high & 8 else 15 * quarters
    year += 1900 if year >= CENTURY_TURNS else 2000
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise BadPduError("time", str(error)) from error
    return round((local - timedelta(minutes=offset_min)).timestamp() * 1000), offset_min


def read_packed(raw: bytes) -> str:
    """Bare packed text in the GSM alphabet, all of it printable."""
    text = from_gsm(unpack(raw))
    if not text or not all(one.isprintable() or one in "\r\n" for one in text):
        raise BadPduError("text", f"no text in the GSM alphabet (coding {DEFAULT})")
    return text
