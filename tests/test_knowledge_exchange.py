"""CAP 1.2 and EIDO-JSON: there and back, what is refused, and that an exercise stays one."""

import json
import re
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatch.model import Incident, Order
from dispatch.words import (
    AreaId,
    IncidentId,
    IncidentStatus,
    OrderId,
    OrderStatus,
    ResponderId,
    ResponderKind,
    Role,
)
from gateways.exchange.cap import NAMESPACE, read_cap, reference, write_cap
from gateways.exchange.eido import read_eido, write_eido
from gateways.exchange.neutral import (
    ImportedAlarm,
    MessageError,
    Outgoing,
    Unreadable,
    What,
    cap_time,
    clean,
    read_time,
)
from geo.types import Point

START_MS = 1_764_000_000_000
INCIDENT = Incident(
    id=IncidentId("I7"),
    type="robbery",
    priority=1,
    status=IncidentStatus.DISPATCHED,
    place=Point(121.4737, 31.2304),
    place_name="人民广场（近地铁站）",
    areas=(AreaId("SH"), AreaId("BT01")),
    silent=False,
    raised_ms=START_MS,
    since_ms=START_MS + 500,
    alarms=(),
    sources=(ResponderId("P001"),),
)
ORDER = Order(
    id=OrderId("I7-1"),
    incident=INCIDENT.id,
    responder=ResponderId("C01"),
    kind=ResponderKind.UNIT,
    role=Role.RESPOND,
    type="robbery",
    priority=1,
    place=INCIDENT.place,
    place_name=INCIDENT.place_name,
    text=None,
    silent=False,
    eta_s=95.5,
    length_m=800.0,
    line=(),
    streets=(),
    issued_ms=START_MS + 100,
    ack_by_ms=START_MS + 15_100,
    expires_ms=START_MS + 300_000,
    by="rule",
    need="unit:patrol",
    status=OrderStatus.EN_ROUTE,
)
OUT = Outgoing(
    incident=INCIDENT,
    orders=(ORDER,),
    sender="shanghai.example",
    sent_ms=START_MS + 2_000,
    text="两名男子 <持刀> & 骑摩托",
    type_en="Robbery",
    type_zh="抢劫",
)
WRITERS = {"cap": (write_cap, read_cap), "eido": (write_eido, read_eido)}


def alarm(found: object) -> ImportedAlarm:
    assert isinstance(found, ImportedAlarm), found
    return found


@pytest.mark.parametrize("form", WRITERS)
def test_an_incident_comes_back_as_it_went(form: str) -> None:
    write, read = WRITERS[form]
    back = alarm(read(write(OUT)))
    assert (back.incident, back.type, back.priority, back.silent) == ("I7", "robbery", 1, False)
    assert (back.place, back.place_name, back.text) == (
        INCIDENT.place,
        INCIDENT.place_name,
        OUT.text,
    )
    assert (back.sender, back.sent_ms, back.what) == ("shanghai.example", OUT.sent_ms, What.ALERT)
    assert (back.live, back.exercise) == (True, False)


@pytest.mark.parametrize("form", WRITERS)
def test_an_exercise_is_marked_for_people_and_programs_and_is_never_live(form: str) -> None:
    write, read = WRITERS[form]
    raw = write(replace(OUT, exercise=True))
    assert "EXERCISE 演习" in raw.decode()
    back = alarm(read(raw))
    assert (back.live, back.exercise) == (False, True)


TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
SENT = st.integers(0, 4_102_444_800).map(lambda s: s * 1000)


@pytest.mark.parametrize("form", WRITERS)
@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    text=TEXT,
    name=TEXT,
    priority=st.integers(1, 5),
    silent=st.booleans(),
    exercise=st.booleans(),
    sent_ms=SENT,
    status=st.sampled_from(IncidentStatus),
)
def test_round_trip(  # noqa: PLR0917
    form: str,
    lon: float,
    lat: float,
    text: str,
    name: str,
    priority: int,
    silent: bool,
    exercise: bool,
    sent_ms: int,
    status: IncidentStatus,
) -> None:
    write, read = WRITERS[form]
    incident = replace(
        INCIDENT,
        place=Point(lon, lat),
        place_name=name,
        priority=priority,
        silent=silent,
        status=status,
    )
    back = alarm(
        read(write(replace(OUT, incident=incident, text=text, exercise=exercise, sent_ms=sent_ms)))
    )
    assert back.place is not None
    assert abs(back.place.lon - lon) < 1e-6
    assert abs(back.place.lat - lat) < 1e-6
    assert (back.priority, back.silent, back.exercise) == (priority, silent, exercise)
    assert (back.sent_ms, back.live) == (sent_ms, not exercise)
    if clean(text).strip():
        assert back.text.strip() == clean(text).strip()
    if clean(name).strip():
        assert back.place_name.strip() == clean(name).strip()


def test_cap_keeps_the_order_and_the_forms_of_the_standard() -> None:
    raw = write_cap(
        replace(OUT, what=What.UPDATE, references=(reference(OUT),), addresses=("a b", "c"))
    )
    root = fromstring(raw.decode())  # noqa: S314
    names = [element.tag.removeprefix(f"{{{NAMESPACE}}}") for element in root]
    assert names == [
        *("identifier", "sender", "sent", "status", "msgType", "source", "scope", "addresses"),
        *("references", "incidents", "info"),
    ]
    info = [element.tag.removeprefix(f"{{{NAMESPACE}}}") for element in root[-1]]
    assert info[:8] == [
        *("language", "category", "event", "responseType", "urgency", "severity", "certainty"),
        "eventCode",
    ]
    assert info[-1] == "area"
    text = {element.tag.removeprefix(f"{{{NAMESPACE}}}"): element.text for element in root}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-00:00", text["sent"] or "")
    assert (text["scope"], text["addresses"]) == ("Private", '"a b" c')
    assert text["references"] == f"shanghai.example,I7.{OUT.sent_ms},{cap_time(OUT.sent_ms)}"
    assert alarm(read_cap(raw)).references == (text["references"],)


def cap_message(**fields: str) -> bytes:
    base = {
        "identifier": "X1",
        "sender": "weather.example",
        "sent": "2026-01-31T08:00:00+08:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
    } | {key: value for key, value in fields.items() if key not in ("area", "severity")}
    head = "".join(f"<{key}>{value}</{key}>" for key, value in base.items() if value)
    info = (
        "<info><category>Met</category><event>Flood</event><urgency>Immediate</urgency>"
        f"<severity>{fields.get('severity', 'Severe')}</severity><certainty>Likely</certainty>"
        "<headline>Water</headline>"
        f"<area><areaDesc>River</areaDesc>{fields.get('area', '')}</area></info>"
    )
    return f'<?xml version="1.0"?><alert xmlns="{NAMESPACE}">{head}{info}</alert>'.encode()


SQUARE = "<polygon>31.0,121.0 31.0,121.2 31.2,121.2 31.2,121.0 31.0,121.0</polygon>"


def test_a_foreign_message_by_circle_and_by_polygon() -> None:
    back = alarm(read_cap(cap_message(area="<circle>31.5,121.5 2.5</circle>")))
    assert (back.place, back.radius_m, back.priority, back.type) == (
        Point(121.5, 31.5),
        2500,
        2,
        None,
    )
    assert back.sent_ms == 1_769_817_600_000
    area = alarm(read_cap(cap_message(area=SQUARE)))
    assert area.place is not None
    assert (round(area.place.lon, 6), round(area.place.lat, 6)) == (121.1, 31.1)
    assert area.radius_m == pytest.approx(15_743, rel=0.01)
    assert alarm(read_cap(cap_message())).place is None


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_only_what_is_actual_is_live(status: str) -> None:
    back = alarm(read_cap(cap_message(status=status)))
    assert (back.live, back.exercise) == (False, status == "Exercise")
    assert not alarm(read_cap(cap_message(msgType="Ack"))).live


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"<!DOCTYPE a><alert/>", "dtd"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><alert>&e;</alert>', "dtd"),
        (b"<alert>", "xml"),
        (b"", "xml"),
        (b"<alert/>", "format"),
        (b"<" + b" " * (1 << 20), "size"),
        (cap_message(status="Real"), "status"),
        (cap_message(msgType="Shout"), "msgType"),
        (cap_message(sender=""), "sender"),
        (cap_message(sent="2026-01-31T08:00:00Z"), "time"),
        (cap_message(sent="2026-01-31T08:00:00.5+08:00"), "time"),
        (cap_message(sent="2026-13-31T08:00:00+08:00"), "time"),
        (cap_message(msgType="Update"), "references"),
        (cap_message(area="<circle>31.5,121.5</circle>"), "circle"),
        (cap_message(area="<circle>nan,121.5 1</circle>"), "circle"),
        (cap_message(area="<circle>31.5,121.5 -1</circle>"), "circle"),
        (cap_message(area="<circle>91,121.5 1</circle>"), "circle"),
        (cap_message(area="<polygon>31,121 31,122 32,122</polygon>"), "polygon"),
        (cap_message(area="<polygon>31,121 31,122 32,122 30,121</polygon>"), "polygon"),
        (cap_message(severity=""), "severity"),
    ],
)
def test_what_cap_refuses_it_names(raw: bytes, reason: str) -> None:
    found = read_cap(raw)
    assert isinstance(found, Unreadable)
    assert found.reason == reason


def test_eido_has_what_its_schema_requires() -> None:
    document = json.loads(write_eido(replace(OUT, replaces=("I5",), replaced_by="I9")))
    assert {"$id", "lastUpdateTimeStamp", "eidoVersion", "issuingElementIdentification"} <= set(
        document
    )
    assert document["agencyComponent"][0]["$id"] == "shanghai.example"
    incident = document["incidentComponent"]
    assert incident["incidentTypeCommonRegistryText"] == "ROBBERY"
    assert incident["incidentStatusCommonRegistryText"] == ["ResourcesAssigned"]
    assert incident["incidentCommonPriorityNumber"] == 10
    unit = document["emergencyResourceComponent"][0]
    assert {
        *("agentReference", "emergencyResourceTypeCommonRegistryText"),
        *("primaryUnitStatusRegistryText", "resourceAttributeRegistryText"),
        "secondaryUnitStatusRegistryText",
    } <= set(unit)
    assert (unit["secondaryUnitStatusRegistryText"], unit["eta"]) == (
        ["EnRoute"],
        "2025-11-24T16:01:35.600Z",
    )
    directions = [one["incidentMergeDirectionCode"] for one in document["mergeComponent"]]
    assert directions == ["REPLACING", "REPLACED"]
    known = {
        one["$id"]
        for key in document
        for one in document[key]
        if key.endswith("Component") and isinstance(one, dict)
    }
    named = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    assert named <= known


@pytest.mark.parametrize(
    ("type_", "silent", "code"),
    [("robbery", True, "ALRROBS"), ("panic", False, "ALRPANA"), ("whatever", False, "TROUBLE")],
)
def test_incident_types_in_the_common_registry(type_: str, *, silent: bool, code: str) -> None:
    incident = replace(INCIDENT, type=type_, silent=silent)
    document = json.loads(write_eido(replace(OUT, incident=incident)))
    assert document["incidentComponent"]["incidentTypeCommonRegistryText"] == code


FOREIGN = {
    "$id": "urn:emergency:uid:incidentid:a56e:bcf.example",
    "lastUpdateTimeStamp": "2021-04-30T18:43:49.4Z",
    "eidoVersion": "1.0",
    "issuingElementIdentification": "idx.example",
    "incidentComponent": [
        {"incidentTypeCommonRegistryText": "ALRROBS", "incidentCommonPriorityNumber": 9}
    ],
    "locationComponent": [
        {"$id": "l1", "locationByValue": "<broken"},
        {"$id": "l2", "locationByValue": "<p xmlns:g='u'><g:pos>31.2 121.5 4</g:pos></p>"},
    ],
}


def test_an_officer_in_need_is_the_highest_that_either_form_knows() -> None:
    out = replace(OUT, incident=replace(INCIDENT, priority=0))
    assert alarm(read_cap(write_cap(out))).priority == 0
    assert alarm(read_eido(write_eido(out))).priority == 1


def test_a_foreign_eido() -> None:
    back = alarm(read_eido(json.dumps(FOREIGN).encode()))
    assert (back.type, back.silent, back.priority, back.place) == (
        "robbery",
        True,
        2,
        Point(121.5, 31.2),
    )
    assert back.sent_ms == 1_619_808_229_400
    closed = FOREIGN | {"incidentComponent": {"incidentStatusCommonRegistryText": ["Closed"]}}
    assert alarm(read_eido(json.dumps(closed).encode())).what is What.CANCEL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eidoVersion": "2.0"}, "eidoVersion"),
        ({"incidentComponent": []}, "incidentComponent"),
        ({"incidentComponent": None}, "incidentComponent"),
        ({"lastUpdateTimeStamp": "yesterday"}, "time"),
        ({"incidentComponent": 7}, "json"),
        ({"issuingElementIdentification": None}, "json"),
    ],
)
def test_what_eido_refuses_it_names(change: dict[str, object], reason: str) -> None:
    found = read_eido(json.dumps(FOREIGN | change).encode())
    assert isinstance(found, Unreadable)
    assert found.reason == reason


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_an_alarm_or_a_reason(raw: bytes) -> None:
    for read in (read_cap, read_eido):
        assert isinstance(read(raw), ImportedAlarm | Unreadable)


@given(st.data())
def test_a_damaged_message_is_an_alarm_or_a_reason(data: st.DataObject) -> None:
    for write, read in WRITERS.values():
        raw = bytearray(write(OUT))
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        assert isinstance(
            read(bytes(raw[: data.draw(st.integers(1, len(raw)))])), ImportedAlarm | Unreadable
        )


@given(SENT)
def test_times_there_and_back(at_ms: int) -> None:
    assert read_time(cap_time(at_ms), strict=True) == at_ms
    with pytest.raises(MessageError):
        read_time(cap_time(at_ms).replace("-00:00", ""), strict=False)
