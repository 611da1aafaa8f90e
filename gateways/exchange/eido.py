"""EIDO-JSON (NENA-STA-021.1b-2022, structure version 1.0): an incident out, and an alarm in.

Names and required fields follow the published schema (NENA911/EIDO-JSON, Schema/openapi.yaml).
The format has no word for an exercise, so it is carried three ways that a person and a program
both see: in the internal status, in the type's text, and as a note.
"""

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import defusedxml.ElementTree  # type: ignore[import-untyped]
import msgspec
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]

from dispatch.model import Order
from dispatch.words import IncidentStatus, OrderStatus
from gateways.exchange.neutral import (
    MOST_BYTES,
    Imported,
    ImportedAlarm,
    MessageError,
    Outgoing,
    What,
    clean,
    eido_time,
    read_time,
)
from geo.types import Point

VOCABULARY = "./JSON-LD_Contexts/EmergencyIncidentDataObjectType.jsonld"
EXERCISE = "Exercise"
MARK = "EXERCISE 演习: "
PIDF = "urn:ietf:params:xml:ns:pidf"
GEOPRIV = "urn:ietf:params:xml:ns:pidf:geopriv10"
MODEL = "urn:ietf:params:xml:ns:pidf:data-model"
GML = "http://www.opengis.net/gml"

COMMON_TYPES = {
    "robbery": "ROBBERY",
    "burglary": "BURGLARY",
    "assault": "ASSAULT",
    "theft_of_vehicle": "VEHSTLN",
    "vehicle_theft": "VEHSTLN",
    "domestic": "DVA",
    "missing_person": "PERMISS",
    "disturbance": "DISORD",
    "dispute": "FIGHT",
    "suspicious_person": "PERSUSP",
    "citizen_help": "CITASST",
    "help": "CITASST",
    "panic": "ALRPANA",
    "duress": "ALRPANS",
    "officer_duress": "MAYDAY",
}
"""Incident types to the codes of APCO 2.103.2-2019; a silent robbery or panic has its own."""
SILENT_TYPES = {"robbery": "ALRROBS", "panic": "ALRPANS"}
UNKNOWN_TYPE = "TROUBLE"
FROM_COMMON = {
    "ALRROBS": "robbery",
    "ALRROBA": "robbery",
    "ALRPANS": "panic",
    "ALMH": "panic",
    "VEHSTLN": "theft_of_vehicle",
    "CITASST": "citizen_help",
}
STATUS = {
    IncidentStatus.PENDING: "Active",
    IncidentStatus.DISPATCHED: "ResourcesAssigned",
    IncidentStatus.ON_SCENE: "ResourcesOnscene",
    IncidentStatus.CONTAINED: "ResourcesOnscene",
    IncidentStatus.CLOSED: "Closed",
}
SECONDARY = {
    OrderStatus.ISSUED: "Dispatched",
    OrderStatus.DELIVERED: "Dispatched",
    OrderStatus.ACCEPTED: "AcknowledgedTransmission",
    OrderStatus.EN_ROUTE: "EnRoute",
    OrderStatus.ON_SCENE: "OnScene",
    OrderStatus.COMPLETED: "Cleared",
    OrderStatus.CANCELLED: "AssignmentCancelled",
}


def write_eido(out: Outgoing) -> bytes:
    """The incident as one EIDO, UTF-8 JSON."""
    incident, base = out.incident, f"urn:emergency:uid:incidentid:{out.incident.id}:{out.sender}"
    agency = {
        **_head(out.sender, out.sent_ms, out),
        "agencyRoleDescriptionRegistryText": ["Dispatch"],
        "agencyType": ["police"],
        "incidentOwningAgencyIndicator": True,
    }
    agent = {
        **_head(f"engine@{out.sender}", out.sent_ms, out),
        "agentRoleRegistryText": ["Dispatching"],
        "agencyReference": {"$ref": out.sender},
    }
    notes = [text for text in (MARK.strip() if out.exercise else "", clean(out.text)) if text]
    place = _head(f"{base}:location", incident.since_ms, out) | {
        "locationTypeDescriptionRegistryText": "Incident",
        "locationByValue": _pidf(incident.place, f"pres:{incident.id}@{out.sender}"),
        "locationDescriptionText": clean(incident.place_name),
    }
    sent = [order for order in out.orders if order.status in SECONDARY]
    document: dict[str, Any] = {
        **_head(base, out.sent_ms, out),
        "eidoVersion": "1.0",
        "issuingElementIdentification": out.sender,
        "incidentComponent": _incident(out, base, len(notes)),
        "locationComponent": [place],
        "agencyComponent": [agency],
        "agentComponent": [agent],
        "notesComponent": [
            {**_head(f"{base}:note:{i}", incident.raised_ms, out), "notesActionComments": text}
            for i, text in enumerate(notes)
        ],
        "emergencyResourceComponent": [_resource(order, base, out) for order in sent],
        "dispatchComponent": [
            {
                **_head(f"{base}:dispatch:{order.id}", order.issued_ms, out),
                "agencyReference": {"$ref": out.sender},
                "agentReference": {"$ref": f"engine@{out.sender}"},
                "emergencyResourceReference": [{"$ref": f"{base}:resource:{order.id}"}],
            }
            for order in sent
        ],
        "mergeComponent": _merges(out, base),
        "@context": {"@vocab": VOCABULARY},
    }
    return msgspec.json.encode({key: value for key, value in document.items() if value != []})


def _head(identifier: str, at_ms: int, out: Outgoing) -> dict[str, Any]:
    """What every component of an EIDO begins with."""
    return {
        "$id": identifier,
        "lastUpdateTimeStamp": eido_time(at_ms),
        "updatedByAgencyReference": {"$ref": out.sender},
        "updatedByAgentReference": {"$ref": f"engine@{out.sender}"},
    }


def _incident(out: Outgoing, base: str, notes: int) -> dict[str, Any]:
    incident = out.incident
    common = COMMON_TYPES.get(incident.type, UNKNOWN_TYPE)
    if incident.silent:
        common = SILENT_TYPES.get(incident.type, common)
    status = "Cancelled" if out.what is What.CANCEL else STATUS[incident.status]
    internal = [incident.status.value, *(["silent"] if incident.silent else [])]
    name = f"{out.type_en or incident.type} {out.type_zh}".strip()
    found: dict[str, Any] = {
        **_head(f"{base}:incident", incident.since_ms, out),
        "incidentTypeInternalCode": incident.type,
        "incidentTypeInternalText": (MARK if out.exercise else "") + clean(name),
        "incidentTypeCommonRegistryText": common,
        "incidentStatusInternalText": [*internal, *([EXERCISE] if out.exercise else [])],
        "incidentStatusCommonRegistryText": [status],
        "internalIncidentId": str(incident.id),
        "locationReference": [{"$ref": f"{base}:location"}],
        "notesReference": [{"$ref": f"{base}:note:{i}"} for i in range(notes)],
        "incidentPriorityInternalText": str(incident.priority),
        "incidentCommonPriorityNumber": min(10, 12 - 2 * incident.priority),
    }
    if incident.areas:
        found["beatOrDispatchGroupText"] = str(incident.areas[-1])
    if not notes:
        del found["notesReference"]
    return found


def _resource(order: Order, base: str, out: Outgoing) -> dict[str, Any]:
    under_way = order.status in (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE)
    found = {
        **_head(f"{base}:resource:{order.id}", order.since_ms, out),
        "emergencyResourceName": str(order.responder),
        "emergencyResourceTypeCommonRegistryText": "Other",
        "emergencyResourceTypeInternalText": order.kind.value,
        "resourceAttributeRegistryText": ["Other"],
        "resourceAttributeInternalText": [order.role.value],
        "primaryUnitStatusRegistryText": "ConditionallyAvailable" if under_way else "NotAvailable",
        "secondaryUnitStatusRegistryText": [SECONDARY[order.status]],
        "unitStatusInternal": [order.status.value],
        "agentReference": [{"$ref": f"engine@{out.sender}"}],
        "unitDestinationReference": {"$ref": f"{base}:location"},
    }
    if order.eta_s is not None:
        found["eta"] = eido_time(order.issued_ms + round(order.eta_s * 1000))
    return found


def _merges(out: Outgoing, base: str) -> list[dict[str, Any]]:
    pairs = [(one, "REPLACING") for one in out.replaces]
    pairs += [(out.replaced_by, "REPLACED")] if out.replaced_by else []
    return [
        {
            **_head(f"{base}:merge:{other}", out.sent_ms, out),
            "incidentTrackingIdentification": f"urn:emergency:uid:incidentid:{other}:{out.sender}",
            "incidentMergeDirectionCode": direction,
        }
        for other, direction in pairs
    ]


def _pidf(place: Point, entity: str) -> str:
    """A PIDF-LO with one point, RFC 5491."""
    presence = Element(f"{{{PIDF}}}presence", entity=entity)
    device = SubElement(presence, f"{{{MODEL}}}device", id="incident")
    geopriv = SubElement(device, f"{{{GEOPRIV}}}geopriv")
    info = SubElement(geopriv, f"{{{GEOPRIV}}}location-info")
    point = SubElement(info, f"{{{GML}}}Point", srsName="urn:ogc:def:crs:EPSG::4326")
    SubElement(point, f"{{{GML}}}pos").text = f"{place.lat:.6f} {place.lon:.6f}"
    SubElement(geopriv, f"{{{GEOPRIV}}}usage-rules")
    return tostring(presence, encoding="unicode")


class _Ref(msgspec.Struct):
    ref: str = msgspec.field(name="$ref", default="")


class _Incident(msgspec.Struct, rename="camel"):
    incident_type_common_registry_text: str = ""
    incident_type_internal_code: str = ""
    incident_type_internal_text: str = ""
    incident_status_internal_text: list[str] = []
    incident_status_common_registry_text: list[str] = []
    incident_common_priority_number: int = 6
    internal_incident_id: str = ""
    location_reference: list[_Ref] = []


class _Location(msgspec.Struct, rename="camel"):
    id: str = msgspec.field(name="$id", default="")
    location_by_value: str = ""
    location_description_text: str = ""


class _Note(msgspec.Struct, rename="camel"):
    notes_action_comments: str = ""


class _Eido(msgspec.Struct, rename="camel"):
    last_update_time_stamp: str
    issuing_element_identification: str
    id: str = msgspec.field(name="$id")
    eido_version: str = "1.0"
    incident_component: _Incident | list[_Incident] | None = None
    location_component: list[_Location] = []
    notes_component: list[_Note] = []


_DECODER = msgspec.json.Decoder(_Eido)


def read_eido(raw: bytes) -> Imported:
    """The alarm of one EIDO, or why it is not taken."""
    try:
        return _read(raw)
    except MessageError as error:
        return error.as_value()


def _read(raw: bytes) -> ImportedAlarm:
    if len(raw) > MOST_BYTES:
        raise MessageError("size", f"larger than {MOST_BYTES} bytes")
    try:
        eido = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageError("json", str(error)) from error
    if eido.eido_version != "1.0":
        raise MessageError("eidoVersion", f"expected 1.0 (found {eido.eido_version[:20]!r})")
    found = eido.incident_component
    incident = (found[0] if found else None) if isinstance(found, list) else found
    if incident is None:
        raise MessageError("incidentComponent", "missing")
    notes = [clean(note.notes_action_comments) for note in eido.notes_component]
    exercise = EXERCISE in incident.incident_status_internal_text
    exercise = exercise or incident.incident_type_internal_text.startswith(EXERCISE.upper())
    place, name = _place(eido, incident)
    states = set(incident.incident_status_common_registry_text)
    common = incident.incident_type_common_registry_text
    back = {code: word for word, code in reversed(COMMON_TYPES.items())} | FROM_COMMON
    return ImportedAlarm(
        source="eido",
        key=f"{eido.id}@{eido.last_update_time_stamp}",
        sender=eido.issuing_element_identification,
        incident=incident.internal_incident_id or eido.id,
        sent_ms=read_time(eido.last_update_time_stamp, strict=False),
        what=What.CANCEL if states & {"Cancelled", "Closed"} else What.ALERT,
        live=not exercise,
        exercise=exercise,
        type=incident.incident_type_internal_code or back.get(common),
        type_text=clean(incident.incident_type_internal_text.removeprefix(MARK) or common),
        text="\n".join(note for note in notes if note and note != MARK.strip()),
        place=place,
        place_name=clean(name),
        priority=min(5, max(1, (13 - incident.incident_common_priority_number) // 2)),
        silent="silent" in incident.incident_status_internal_text
        or common in SILENT_TYPES.values(),
    )


def _place(eido: _Eido, incident: _Incident) -> tuple[Point | None, str]:
    """The place that the incident refers to, else the first that says where it is."""
    wanted = {one.ref for one in incident.location_reference}
    ranked = sorted(eido.location_component, key=lambda one: one.id not in wanted)
    for location in ranked:
        point = _read_pidf(location.location_by_value)
        if point is not None:
            return point, location.location_description_text
    return None, next((one.location_description_text for one in ranked), "")


def _read_pidf(text: str) -> Point | None:
    """The first position of a PIDF-LO; None where it has none or is no XML that we open."""
    try:
        root = defusedxml.ElementTree.fromstring(text.strip(), forbid_dtd=True)
    except (DefusedXmlException, SyntaxError, ValueError, LookupError):
        return None
    for element in root.iter():
        if str(element.tag).rpartition("}")[2] != "pos":
            continue
        try:
            lat, lon = (float(part) for part in (element.text or "").split()[:2])
        except ValueError:
            continue
        if -90 <= lat <= 90 and -180 <= lon <= 180:
            return Point(lon, lat)
    return None
