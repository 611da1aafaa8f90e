"""Cursor on Target events, from XML or TAK protocol version 1, as one shape.

The XML form follows MITRE's event schema 2.0; the protobuf form the messages that TAK clients
publish (`takproto` holds them). Document type definitions and entities are refused.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # has no types
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]  # has no types
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # has no types
from takproto.proto import TakMessage  # type: ignore[import-untyped]  # has no types

from gateways.devices.heard import Rejected
from gateways.devices.measures import number

MAX_EVENT = 128 * 1024
UNKNOWN = 9_999_999.0
"""What stands for "not known" in heights and errors."""
MESH = b"\xbf\x01\xbf"
MAGIC = 0xBF
MAX_UID = 200


class Event(NamedTuple):
    """One event: lon/lat WGS-84 degrees, metres, UTC epoch ms; `detail` as XML."""

    uid: str
    type: str
    how: str
    time_ms: int | None
    start_ms: int | None
    stale_ms: int | None
    lon: float
    lat: float
    hae_m: float | None
    ce_m: float | None
    detail: Element

    def find(self, tag: str) -> Element | None:
        """The first such element of the detail, at whatever depth."""
        return next(self.detail.iter(tag), None)

    def attribute(self, tag: str, name: str) -> str | None:
        """An attribute of the first such element."""
        found = self.find(tag)
        return None if found is None else found.get(name)


def parse(frame: bytes) -> Event | Rejected:
    """One whole frame: XML, or protobuf in its mesh or stream form."""
    if len(frame) > MAX_EVENT:
        return Rejected(reason="too_long", detail=f"more than {MAX_EVENT} bytes")
    if frame[:3] == MESH:
        return parse_protobuf(frame[3:])
    if frame[:1] == bytes([MAGIC]):
        length, size = read_varint(frame, 1)
        if length is None or 1 + size + length != len(frame):
            return Rejected(reason="length", detail="the frame's length is not what it says")
        return parse_protobuf(frame[1 + size :])
    return parse_xml(frame)


def parse_xml(frame: bytes) -> Event | Rejected:
    """An XML event."""
    try:
        root = fromstring(frame, forbid_dtd=True)
    except DefusedXmlException as error:
        return Rejected(reason="dtd", detail=f"document type or entities: {error}"[:200])
    except (ParseError, ValueError, LookupError) as error:
        return Rejected(reason="not_xml", detail=str(error)[:200])
    if root.tag != "event":
        return Rejected(reason="not_event", detail=f"the element is {root.tag[:40]!r}")
    point = root.find("point")
    if point is None:
        return Rejected(reason="no_point", detail="the event has no point")
    detail = root.find("detail")
    times = [read_time(root.get(name)) for name in ("time", "start", "stale")]
    return _checked(
        (root.get("uid"), root.get("type"), root.get("how")),
        times,
        [point.get(name) for name in ("lon", "lat", "hae", "ce")],
        Element("detail") if detail is None else detail,
    )


def parse_protobuf(body: bytes) -> Event | Rejected:
    """A TakMessage that holds an event."""
    message = TakMessage()
    try:
        message.ParseFromString(body)
    except (DecodeError, ValueError) as error:
        return Rejected(reason="not_protobuf", detail=str(error)[:200])
    if not message.HasField("cotEvent"):
        return Rejected(reason="not_event", detail="the message holds no event")
    event = message.cotEvent
    try:
        detail = fromstring(f"<detail>{event.detail.xmlDetail}</detail>", forbid_dtd=True)
    except DefusedXmlException as error:
        return Rejected(reason="dtd", detail=f"document type or entities: {error}"[:200])
    except (ParseError, ValueError) as error:
        return Rejected(reason="not_xml", detail=str(error)[:200])
    _take_fields(detail, event.detail)
    times = [each or None for each in (event.sendTime, event.startTime, event.staleTime)]
    figures = [event.lon, event.lat, event.hae, event.ce]
    return _checked((event.uid, event.type, event.how), times, figures, detail)


def _take_fields(detail: Element, fields: object) -> None:
    """What protobuf keeps in fields of its own, as the elements they are in XML."""
    for name, tag, parts in (
        ("contact", "contact", ("callsign", "endpoint")),
        ("group", "__group", ("name", "role")),
        ("status", "status", ("battery",)),
        ("track", "track", ("speed", "course")),
        ("takv", "takv", ("device", "platform", "os", "version")),
    ):
        if fields.HasField(name):  # type: ignore[attr-defined]  # generated, untyped
            value = getattr(fields, name)
            detail.append(Element(tag, {part: str(getattr(value, part)) for part in parts}))


def _checked(
    names: tuple[str | None, str | None, str | None],
    times: list[int | None],
    figures: list[str | None] | list[float],
    detail: Element,
) -> Event | Rejected:
    uid, kind, how = names
    if not uid or len(uid) > MAX_UID or not uid.isprintable():
        return Rejected(reason="no_uid", detail="the event has no uid")
    if not kind or len(kind) > MAX_UID or not kind.isprintable():
        return Rejected(reason="no_type", detail="the event has no type", device=uid)
    lon, lat = number(figures[0], -180, 180), number(figures[1], -90, 90)
    if lon is None or lat is None:
        return Rejected(reason="no_place", detail="lat and lon are not degrees", device=uid)
    hae, ce = number(figures[2], -1e5, 1e6), number(figures[3], 0, UNKNOWN - 1)
    return Event(uid, kind, how or "", times[0], times[1], times[2], lon, lat, hae, ce, detail)


def read_varint(data: bytes | bytearray, at: int) -> tuple[int | None, int]:
    """A protobuf varint of at most four bytes: its value (None: not whole or too long) and size."""
    value = 0
    for size in range(4):
        if at + size >= len(data):
            return None, size
        byte = data[at + size]
        value |= (byte & 0x7F) << (7 * size)
        if byte < 0x80:
            return value, size + 1
    return None, 4


def read_time(text: str | None) -> int | None:
    """UTC epoch ms of a W3C time; None for anything else."""
    if not text or len(text) > 40:
        return None
    try:
        when = datetime.fromisoformat(text)
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def write_time(at_ms: int) -> str:
    """UTC epoch ms as events carry it."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
