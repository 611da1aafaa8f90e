"""What stands in the brackets: the event of SIA-DCS or ADM-CID, extended data, the time."""

import re
from datetime import UTC, datetime

import msgspec

from gateways.devices.dc09 import codes
from geo.types import Point

BLOCKS = re.compile(
    r"(?P<data>[^\]]*)\](?P<extra>(?:\[[^\]]*\])*)"
    r"(?:_(?P<stamp>\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}))?(?P<tail>.*)",
    re.DOTALL,
)
ONE_EXTRA = re.compile(r"\[([A-Z])([^\]]*)\]")
CID_EVENT = re.compile(r"([136])([0-9A-F]{3}) ([0-9A-F]{2}) ([0-9A-F]{3})")
NAMED = re.compile(r"#([0-9A-Za-z]{0,16})\||([0-9A-F]{0,16})\|")
"""The account in front of the first bar; some panels leave its # away, or all of it."""
PIECE = re.compile(r"\^([^^]*)\^?|\*'([^']*)'(?:NM)?|([^/^*|]+)|[/*|]")
MODIFIER = re.compile(r"([a-z]{2})([0-9A-Za-z:.\-]*)")
JOINED = re.compile(r"([a-z]{2})([0-9:.\-]*)([A-Z]{2})([0-9A-F]*)(?:NM)?")
CODE = re.compile(r"([A-Z]{2})([0-9A-F]*)(?:NM)?")
ANGLE = re.compile(r"(\d{1,3})([EWNS])(\d{1,2}(?:\.\d+)?)")
PREFIX = re.compile(r"[NO](?=[a-z]{2}|[A-Z]{2})")
"""New or old event; `NA` and `OP` without it are codes."""
MAX_EVENTS = 32
"""Events of one data block that are taken."""


class Blocks(msgspec.Struct, frozen=True, kw_only=True):
    """The brackets taken apart; `block_account` is what stands before the bar."""

    block_account: str | None
    data: str
    extra: tuple[tuple[str, str], ...]
    at_ms: int | None
    bad_stamp: bool
    tail: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event: `code` of two letters, or a qualifier and three digits."""

    code: str
    address: str = ""
    is_user: bool = False
    modifiers: dict[str, str] = {}
    text: str | None = None


def take_apart(rest: str) -> Blocks | None:
    """Data block, extended data and time; None when a bracket is missing."""
    found = BLOCKS.fullmatch(rest)
    if found is None:
        return None
    named = NAMED.match(found["data"])
    data = found["data"] if named is None else found["data"][named.end() :]
    at_ms = None if found["stamp"] is None else read_stamp(found["stamp"])
    return Blocks(
        block_account=None if named is None else named[1] or named[2] or None,
        data=data,
        extra=tuple((one[1], one[2]) for one in ONE_EXTRA.finditer(found["extra"])),
        at_ms=at_ms,
        bad_stamp=found["stamp"] is not None and at_ms is None,
        tail=found["tail"].strip("\x00 "),
    )


def read_stamp(text: str) -> int | None:
    """UTC epoch ms of `HH:MM:SS,MM-DD-YYYY`."""
    try:
        when = datetime.strptime(text, "%H:%M:%S,%m-%d-%Y").replace(tzinfo=UTC)
    except ValueError:
        return None
    return round(when.timestamp() * 1000)


def read_cid(data: str) -> list[Event] | None:
    """The event of Contact ID: qualifier and code, group, zone or user."""
    found = [CID_EVENT.fullmatch(one.strip()) for one in data.split("|")]
    events = [_cid_event(one) for one in found[:MAX_EVENTS] if one is not None]
    return events if len(events) == len(found) else None


def _cid_event(found: re.Match[str]) -> Event:
    is_user = found[2].startswith(codes.USER_CODES)
    return Event(
        code=found[1] + found[2], address=found[4], is_user=is_user, modifiers={"ri": found[3]}
    )


def read_sia(data: str) -> list[Event] | None:
    """The events of a DC-03 block, with the modifiers that stand before each."""
    pieces = [one for one in PIECE.finditer(data) if one[0] not in {"/", "*", "|"}]
    events: list[Event] = []
    modifiers: dict[str, str] = {}
    for place, piece in enumerate(pieces):
        told = piece[1] if piece[1] is not None else piece[2]
        if told is not None:
            if events and events[-1].text is None:
                events[-1] = msgspec.structs.replace(events[-1], text=told.strip() or None)
            continue
        word = piece[3]
        if data[: piece.start()][-1:] in {"", "|"} and PREFIX.match(word):
            word = word[1:]
        if not _read_piece(word, modifiers, events, later=_has_code(pieces[place + 1 :])):
            return None
    return events[:MAX_EVENTS] or None


def _has_code(pieces: list[re.Match[str]]) -> bool:
    return any(one[3] is not None and CODE.fullmatch(one[3]) for one in pieces)


def _read_piece(word: str, modifiers: dict[str, str], events: list[Event], *, later: bool) -> bool:
    """One piece between slashes: a modifier, a code, or both written together."""
    code = CODE.fullmatch(word)
    joined = JOINED.fullmatch(word)
    if code is not None:
        events.append(Event(code=code[1], address=code[2], modifiers=dict(modifiers)))
    elif joined is not None and (joined[4] or not later):
        modifiers[joined[1]] = joined[2]
        events.append(Event(code=joined[3], address=joined[4], modifiers=dict(modifiers)))
    else:
        modifier = MODIFIER.fullmatch(word)
        if modifier is None:
            return False
        modifiers[modifier[1]] = modifier[2]
    return True


def place_of(extra: tuple[tuple[str, str], ...]) -> Point | None:
    """Longitude out of X and latitude out of Y: degrees, hemisphere, minutes."""
    held = dict(extra)
    lon, lat = _angle(held.get("X", ""), "EW", 180), _angle(held.get("Y", ""), "NS", 90)
    return None if lon is None or lat is None or (lon, lat) == (0, 0) else Point(lon, lat)


def _angle(text: str, sides: str, most: int) -> float | None:
    found = ANGLE.fullmatch(text.strip())
    if found is None or found[2] not in sides or float(found[3]) >= 60:
        return None
    value = int(found[1]) + float(found[3]) / 60
    if value > most:
        return None
    return value if found[2] == sides[0] else -value
