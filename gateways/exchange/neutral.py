"""What two centres tell each other of an incident, whatever the format; and how times look there.

Times are UTC epoch milliseconds, places lon/lat WGS-84 degrees. An exercise stays an exercise in
every direction: it is carried in each format and never becomes a live alarm.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

import msgspec

from dispatch.model import Incident, Order
from geo.types import Point

MOST_BYTES = 1 << 20
MOST_TEXT = 4_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")


class What(StrEnum):
    """What a message does to the incident it names."""

    ALERT = "alert"
    UPDATE = "update"
    CANCEL = "cancel"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as it goes out. `sender` is the centre's own name, as a domain: `a.example`.

    `type_en` and `type_zh` are the plan's names. `replaces` and `replaced_by` are incidents that
    were merged into this one, or that this one was merged into.
    """

    incident: Incident
    orders: tuple[Order, ...] = ()
    sender: str
    sent_ms: int
    text: str | None = None
    type_en: str = ""
    type_zh: str = ""
    what: What = What.ALERT
    exercise: bool = False
    references: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    expires_ms: int | None = None
    replaces: tuple[str, ...] = ()
    replaced_by: str | None = None


class ImportedAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm of another centre. `key` names the message for good: the same again is the same.

    `live` is False for what must open nothing: a system message, a test, a draft, an
    acknowledgement. An exercise is not live and has `exercise` set. `priority` is 1 to 5 as far as
    the sender's words allow; `radius_m` says how vague the place is.
    """

    source: str
    key: str
    sender: str
    incident: str
    sent_ms: int
    what: What = What.ALERT
    live: bool = True
    exercise: bool = False
    type: str | None = None
    type_text: str = ""
    text: str = ""
    place: Point | None = None
    place_name: str = ""
    radius_m: float | None = None
    priority: int = 3
    silent: bool = False
    expires_ms: int | None = None
    references: tuple[str, ...] = ()


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not taken: `reason` is a word for a counter, `detail` is for a person."""

    reason: str
    detail: str


Imported: TypeAlias = ImportedAlarm | Unreadable


class MessageError(ValueError):
    """Raised inside a reader; it leaves it as `Unreadable`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:300]

    def as_value(self) -> Unreadable:
        """The refusal as it is handed on."""
        return Unreadable(reason=self.reason, detail=self.detail)


def clean(text: str | None) -> str:
    """Text without what XML cannot carry, of bounded length, with plain line ends."""
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_XML.sub("", plain)[:MOST_TEXT]


def moment(ms: int) -> datetime:
    """A UTC time of epoch milliseconds.

    Raises:
        OverflowError: beyond what a calendar holds.
    """
    return _EPOCH + timedelta(milliseconds=ms)


def cap_time(ms: int) -> str:
    """As CAP 1.2 section 3.3.2 wants it: whole seconds, and `-00:00` for UTC, never `Z`."""
    return moment(ms).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def eido_time(ms: int) -> str:
    """As NENA-STA-010 writes times: milliseconds and a zone."""
    return moment(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


def read_time(text: str, *, strict: bool) -> int:
    """Epoch milliseconds; `strict` refuses fractions and `Z`, as CAP 1.2 does.

    Raises:
        MessageError: not such a time.
    """
    found = _STAMP.fullmatch(text.strip())
    if found is None or (strict and (found[2] or found[3] == "Z")):
        raise MessageError("time", f"expected 2026-01-31T08:00:00-00:00 (found {text[:40]!r})")
    try:
        at = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
        whole = round((at - _EPOCH).total_seconds())
    except (ValueError, OverflowError) as error:
        raise MessageError("time", f"{text[:40]!r}: {error}") from error
    return whole * 1000 + int(((found[2] or ".")[1:] + "000")[:3])
