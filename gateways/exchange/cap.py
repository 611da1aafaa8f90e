"""CAP 1.2 (OASIS Common Alerting Protocol, July 2010): an incident to XML, and XML to an alarm.

The writer keeps the element order of the schema. The reader forbids document types and entities,
takes circles and polygons, and tells an exercise, a test and a draft from a live alarm.
"""

from math import isfinite
from xml.etree.ElementTree import Element, SubElement, tostring

import defusedxml.ElementTree  # type: ignore[import-untyped]
import shapely
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

from dispatch.words import IncidentStatus
from gateways.exchange.neutral import (
    MOST_BYTES,
    Imported,
    ImportedAlarm,
    MessageError,
    Outgoing,
    What,
    cap_time,
    clean,
    read_time,
)
from geo.air import METRES_PER_DEGREE
from geo.types import Point

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CODE = "street110:type"
SEVERITY = {0: "Extreme", 1: "Extreme", 2: "Severe", 3: "Moderate", 4: "Minor", 5: "Minor"}
URGENCY = {
    0: "Immediate",
    1: "Immediate",
    2: "Immediate",
    3: "Expected",
    4: "Expected",
    5: "Future",
}
CERTAINTY = {1: "Possible", 2: "Likely"}
PRIORITY = {"Extreme": 1, "Severe": 2, "Moderate": 3, "Minor": 4, "Unknown": 3}
CATEGORY = {"fire": "Fire", "medical": "Health", "traffic_accident": "Transport"}
STATUSES = frozenset({"Actual", "Exercise", "System", "Test", "Draft"})
TYPES = {"Alert": What.ALERT, "Update": What.UPDATE, "Cancel": What.CANCEL}
WORDS = {"Alert", "Update", "Cancel", "Ack", "Error"}
MOST_POINTS = 2_000


def write_cap(out: Outgoing) -> bytes:
    """The incident as one CAP message, UTF-8."""
    incident = out.incident
    alert = Element("alert", xmlns=NAMESPACE)
    identifier = f"{incident.id}.{out.sent_ms}"
    status = "Exercise" if out.exercise else "Actual"
    kind = "Alert" if out.what is What.ALERT else out.what.value.capitalize()
    for name, value in (
        ("identifier", identifier),
        ("sender", out.sender),
        ("sent", cap_time(out.sent_ms)),
        ("status", status),
        ("msgType", kind),
        ("source", "street110"),
        ("scope", "Private" if out.addresses else "Restricted"),
    ):
        _put(alert, name, value)
    if out.addresses:
        quoted = (f'"{one}"' if " " in one else one for one in out.addresses)
        _put(alert, "addresses", " ".join(quoted))
    else:
        _put(alert, "restriction", "public safety centres only")
    if out.exercise:
        _put(alert, "note", "EXERCISE 演习")
    if out.references:
        _put(alert, "references", " ".join(out.references))
    _put(alert, "incidents", str(incident.id))
    _write_info(alert, out)
    body: bytes = tostring(alert, encoding="utf-8", xml_declaration=True)
    return body


def reference(out: Outgoing) -> str:
    """How a later message names this one: sender, identifier, sent."""
    return f"{out.sender},{out.incident.id}.{out.sent_ms},{cap_time(out.sent_ms)}"


def _put(parent: Element, name: str, value: str) -> None:
    SubElement(parent, name).text = clean(value)


def _write_info(alert: Element, out: Outgoing) -> None:
    incident = out.incident
    info = SubElement(alert, "info")
    name = out.type_en or incident.type
    closed = incident.status is IncidentStatus.CLOSED
    _put(info, "language", "en")
    _put(info, "category", CATEGORY.get(incident.type, "Security"))
    _put(info, "event", name)
    _put(info, "responseType", "AllClear" if closed else "Assess")
    _put(info, "urgency", "Past" if closed else URGENCY[incident.priority])
    _put(info, "severity", SEVERITY[incident.priority])
    _put(info, "certainty", CERTAINTY.get(incident.certainty, "Observed"))
    _put_pair(info, "eventCode", CODE, incident.type)
    _put(info, "onset", cap_time(incident.raised_ms))
    if out.expires_ms is not None:
        _put(info, "expires", cap_time(out.expires_ms))
    _put(info, "senderName", out.sender)
    mark = "EXERCISE 演习: " if out.exercise else ""
    _put(info, "headline", f"{mark}{name} {out.type_zh}".strip())
    if out.text:
        _put(info, "description", out.text)
    for key, value in (
        ("priority", str(incident.priority)),
        ("silent", "true" if incident.silent else "false"),
        ("status", incident.status.value),
        ("disposition", incident.disposition or ""),
        ("replacedBy", out.replaced_by or ""),
        ("replaces", " ".join(out.replaces)),
    ):
        if value:
            _put_pair(info, "parameter", f"street110:{key}", value)
    area = SubElement(info, "area")
    _put(area, "areaDesc", incident.place_name or "place of the incident")
    _put(area, "circle", f"{incident.place.lat:.6f},{incident.place.lon:.6f} 0.0")


def _put_pair(parent: Element, name: str, key: str, value: str) -> None:
    pair = SubElement(parent, name)
    _put(pair, "valueName", key)
    _put(pair, "value", value)


def read_cap(raw: bytes) -> Imported:
    """The alarm of one CAP message, or why it is not taken."""
    try:
        return _read(raw)
    except MessageError as error:
        return error.as_value()


def _read(raw: bytes) -> ImportedAlarm:
    if len(raw) > MOST_BYTES:
        raise MessageError("size", f"larger than {MOST_BYTES} bytes")
    try:
        alert = defusedxml.ElementTree.fromstring(raw, forbid_dtd=True)
    except DefusedXmlException as error:
        raise MessageError("dtd", "document types and entities are refused") from error
    except (SyntaxError, ValueError, LookupError) as error:
        raise MessageError("xml", str(error)) from error
    if alert.tag != f"{{{NAMESPACE}}}alert":
        raise MessageError("format", f"expected a CAP 1.2 alert (found {str(alert.tag)[:80]!r})")
    status, kind = _need(alert, "status"), _need(alert, "msgType")
    if status not in STATUSES:
        raise MessageError("status", f"no such status: {status[:40]!r}")
    if kind not in WORDS:
        raise MessageError("msgType", f"no such msgType: {kind[:40]!r}")
    sender, identifier = _need(alert, "sender"), _need(alert, "identifier")
    if kind in ("Update", "Cancel") and not _text(alert, "references"):
        raise MessageError("references", f"an {kind} names what it changes")
    info = _find(alert, "info")
    what = TYPES.get(kind, What.UPDATE)
    fields = {} if info is None else _read_info(info)
    base = ImportedAlarm(
        source="cap",
        key=f"{sender},{identifier}",
        sender=sender,
        incident=(_text(alert, "incidents").split() or [identifier])[0],
        sent_ms=read_time(_need(alert, "sent"), strict=True),
        what=what,
        live=status == "Actual" and kind in TYPES,
        exercise=status == "Exercise",
        references=tuple(_text(alert, "references").split()),
    )
    return _with(base, fields)


def _with(base: ImportedAlarm, fields: dict[str, object]) -> ImportedAlarm:
    return ImportedAlarm(**{name: getattr(base, name) for name in base.__struct_fields__} | fields)


def _read_info(info: Element) -> dict[str, object]:
    for name in ("event", "urgency", "severity", "certainty"):
        _need(info, name)
    parameters = _pairs(info, "parameter")
    severity = _text(info, "severity")
    priority = parameters.get("street110:priority", "")
    expires = _text(info, "expires")
    area = _find(info, "area")
    place, radius_m = (None, None) if area is None else _read_area(area)
    return {
        "type": _pairs(info, "eventCode").get(CODE),
        "type_text": _text(info, "event"),
        "text": _text(info, "description") or _text(info, "headline"),
        "place": place,
        "place_name": "" if area is None else _text(area, "areaDesc"),
        "radius_m": radius_m,
        "priority": int(priority) if priority in set("012345") else PRIORITY.get(severity, 3),
        "silent": parameters.get("street110:silent") == "true",
        "expires_ms": read_time(expires, strict=True) if expires else None,
    }


def _read_area(area: Element) -> tuple[Point | None, float | None]:
    """The middle of the first circle, or of the first polygon, and how far it reaches."""
    circle, polygon = _text(area, "circle"), _text(area, "polygon")
    if circle:
        parts = circle.split()
        if len(parts) != 2:
            raise MessageError("circle", f"expected 'lat,lon km' (found {circle[:60]!r})")
        radius_km = _number(parts[1], "circle")
        if radius_km < 0:
            raise MessageError("circle", "a radius is not below zero")
        return _point(parts[0], "circle"), radius_km * 1000
    if not polygon:
        return None, None
    corners = [_point(pair, "polygon") for pair in polygon.split()[:MOST_POINTS]]
    if len(corners) < 4 or corners[0] != corners[-1]:
        raise MessageError("polygon", "expected 4 or more points, the last equal to the first")
    ring = [(corner.lon, corner.lat) for corner in corners]
    shape = shapely.Polygon(ring)
    inside = shape.representative_point() if shape.is_valid and shape.area else None
    middle = shapely.Point(ring[0]) if inside is None else inside
    reach_deg = max(middle.distance(shapely.Point(corner)) for corner in ring)
    return Point(float(middle.x), float(middle.y)), float(reach_deg) * METRES_PER_DEGREE


def _point(text: str, field: str) -> Point:
    parts = text.split(",")
    if len(parts) != 2:
        raise MessageError(field, f"expected 'lat,lon' (found {text[:40]!r})")
    lat, lon = (_number(part, field) for part in parts)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise MessageError(field, f"not on earth: {text[:40]!r}")
    return Point(lon, lat)


def _number(text: str, field: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise MessageError(field, f"not a number: {text[:40]!r}") from error
    if not isfinite(value):
        raise MessageError(field, f"not a number: {text[:40]!r}")
    return value


def _find(parent: Element, name: str) -> Element | None:
    return parent.find(f"{{{NAMESPACE}}}{name}")


def _text(parent: Element, name: str) -> str:
    found = _find(parent, name)
    return "" if found is None else clean(found.text).strip()


def _need(parent: Element, name: str) -> str:
    text = _text(parent, name)
    if not text:
        raise MessageError(name, "missing")
    return text


def _pairs(parent: Element, name: str) -> dict[str, str]:
    found = parent.findall(f"{{{NAMESPACE}}}{name}")
    return {_text(pair, "valueName"): _text(pair, "value") for pair in found}
