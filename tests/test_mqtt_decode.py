"""Bytes that may be anything: a command, fixes or an error that names field and value."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.commands import (
    AnswerOrder,
    AnyCommand,
    CheckPlate,
    RaiseAlarm,
    ReportSighting,
    ReportStatus,
)
from dispatch.words import ResponderKind
from gateways.mqtt.decode import Decoded, DecodeError, Fixes, decode
from gateways.mqtt.roster import Roster
from gateways.mqtt.wire import DECISIONS, SENDERS
from geo.types import Point
from tests.mqtt_lab import BOUNDS, ROOT
from tests.world import make_district

NOW_MS = 1_764_000_000_000
ROSTER = Roster(make_district(), BOUNDS)
ALARM = {"id": "a1", "t": NOW_MS, "type": "robbery"}
FIX = {"t": NOW_MS, "lon": 121.45, "lat": 31.25}
PACKED = "application/msgpack"


def read(topic: str, body: Any, content_type: str | None = None) -> Decoded:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(ROOT + topic, payload, content_type, ROSTER, NOW_MS)


def fail(topic: str, body: Any, content_type: str | None = None) -> DecodeError:
    found = read(topic, body, content_type)
    assert isinstance(found, DecodeError)
    return found


def test_an_alarm() -> None:
    body = {**ALARM, "text": "抢劫", "lon": 121.45, "lat": 31.25, "suspect": "红衣", "new": 1}
    found = read("post/P001/alarm", body)
    assert found == RaiseAlarm(
        id="a1",
        source_kind=ResponderKind.POST,
        source="P001",  # type: ignore[arg-type]
        type="robbery",
        sent_ms=NOW_MS,
        text="抢劫",
        place=Point(121.45, 31.25),
        suspect="红衣",
    )
    assert read("post/P001/alarm", msgspec.msgpack.encode(body), PACKED) == found
    assert read("group/G1/alarm", {**body, "post": "P001"}) == found


@pytest.mark.parametrize(
    ("topic", "body", "kind"),
    [
        (
            "unit/U01/ack",
            {"id": "1", "t": NOW_MS, "order": "I1-1", "answer": "accepted"},
            AnswerOrder,
        ),
        ("gate/K1/status", {"id": "1", "t": NOW_MS, "status": "busy"}, ReportStatus),
        ("post/P001/sighting", {"id": "1", **FIX, "on": "car", "heading": 359.9}, ReportSighting),
        ("unit/U01/check", {"id": "1", "t": NOW_MS, "plate": "沪A12345"}, CheckPlate),
    ],
)
def test_each_word_of_the_decision_lane(topic: str, body: Any, kind: type[AnyCommand]) -> None:
    assert isinstance(read(topic, body), kind)


def test_one_fix_and_many() -> None:
    one = read("unit/U02/fix", {**FIX, "speed": 3, "heading": None})
    assert isinstance(one, Fixes)
    assert one.fixes[0][:5] == (1, NOW_MS, 121.45, 31.25, 3.0)
    many = read("fixes", [{**FIX, "unit": "U01"}, {**FIX, "unit": "U03"}])
    assert isinstance(many, Fixes)
    assert [fix[0] for fix in many.fixes] == [0, 2]


def test_one_wrong_item_of_a_batch_costs_only_itself() -> None:
    body = [FIX, {**FIX, "lon": "east"}, {**FIX, "unit": "U03"}, {**FIX, "t": 1}, 7, FIX]
    found = read("unit/U02/fix", body)
    assert isinstance(found, Fixes)
    assert len(found.fixes) == 2
    assert [(e.field, e.value, e.reason) for e in found.errors] == [
        ("[1].lon", "east", "shape"),
        ("[2].unit", "U03", "foreign"),
        ("[3].t", "1", "time"),
        ("[4].body", "7", "shape"),
    ]
    assert {e.sender for e in found.errors} == {(ResponderKind.UNIT, "U02")}


YEAR_1999_MS, YEAR_2099_MS = 915_148_800_000, 4_070_908_800_000
DEEP = b'{"id":"a1","t":1,"type":"x","z":' + b"[" * 1000 + b"]" * 1000 + b"}"
WRONG: list[tuple[Any, str, str, str]] = [
    (b"\xff\xfe", "body", "fffe", "utf8"),
    (b"press", "body", "press", "syntax"),
    (b"", "body", "", "syntax"),
    (b'{"id":"a1",', "body", '{"id":"a1",', "syntax"),
    (b"[]", "body", "array of 0", "shape"),
    (b'"x"', "body", "x", "shape"),
    (DEEP, "body", f"{len(DEEP)} bytes", "nesting"),
    (b" " * (1 << 20), "body", "1048576 bytes", "size"),
    ({"t": NOW_MS, "type": "robbery"}, "id", "", "shape"),
    ({**ALARM, "id": "a b"}, "id", "a b", "shape"),
    ({**ALARM, "id": "a" * 500}, "id", "a" * 64, "shape"),
    ({**ALARM, "id": 7}, "id", "7", "shape"),
    ({**ALARM, "t": "now"}, "t", "now", "shape"),
    ({**ALARM, "t": None}, "t", "null", "shape"),
    ({**ALARM, "t": 10**400}, "t", "integer of 1329 bits", "shape"),
    ({**ALARM, "t": YEAR_1999_MS}, "t", str(YEAR_1999_MS), "time"),
    ({**ALARM, "t": YEAR_2099_MS}, "t", str(YEAR_2099_MS), "time"),
    ({**ALARM, "type": "Robbery!"}, "type", "Robbery!", "shape"),
    ({**ALARM, "silent": "yes"}, "silent", "yes", "shape"),
    ({**ALARM, "text": {"a": 1}}, "text", "object of 1", "shape"),
    ({**ALARM, "text": "x" * 1001}, "text", "x" * 64, "shape"),
    ({**ALARM, "text": "a\x07b"}, "text", "U+0007", "text"),
    ({**ALARM, "lon": float("nan"), "lat": 31.2}, "lon", "NaN", "number"),
    ({**ALARM, "lon": 121.4, "lat": float("-inf")}, "lat", "-Infinity", "number"),
    ({**ALARM, "lon": 31.25, "lat": 121.45}, "lat", "121.45", "shape"),
    ({**ALARM, "lon": 0, "lat": 0}, "lon", "0.0", "place"),
    ({**ALARM, "lon": 121.45, "lat": 32}, "lat", "32.0", "place"),
    ({**ALARM, "lon": 121.45}, "lat", "", "shape"),
    ({**ALARM, "post": "P002"}, "post", "P002", "foreign"),
    ({**ALARM, "unit": "U01"}, "unit", "U01", "foreign"),
    (b'{"id":"a1","id":"a2","t":1,"type":"x"}', "id", "a2", "duplicate"),
]


@pytest.mark.parametrize(("body", "field", "value", "reason"), WRONG)
def test_what_is_wrong_with_an_alarm(body: Any, field: str, value: str, reason: str) -> None:
    error = fail("post/P001/alarm", body)
    assert (error.field, error.value, error.reason) == (field, value, reason)
    assert error.sender == (ResponderKind.POST, "P001")
    own = body.get("id") if isinstance(body, dict) else None
    assert error.id == (own if own == "a1" else None)


def test_swapped_coordinates_are_called_so() -> None:
    assert "swapped" in fail("post/P001/alarm", {**ALARM, "lon": 31.25, "lat": 121.45}).error
    near = Roster(make_district(), (30.0, 31.0, 33.0, 34.0))
    body = json.dumps({**ALARM, "lon": 33.5, "lat": 31.0 - 0.5}).encode()
    found = decode(ROOT + "post/P001/alarm", body, None, near, NOW_MS)
    assert isinstance(found, DecodeError)
    assert "swapped" in found.error


def test_a_packed_nan_passes_no_comparison() -> None:
    for field in ("lon", "lat"):
        body = msgspec.msgpack.encode({**ALARM, **FIX, field: float("nan")})
        assert fail("post/P001/alarm", body, PACKED).field == field
        packed = msgspec.msgpack.encode({**FIX, field: float("nan")})
        assert fail("unit/U01/fix", packed, PACKED).field == field


@pytest.mark.parametrize(
    ("topic", "field", "reason"),
    [
        ("unit/U99/alarm", "unit", "unknown"),
        ("unit/P001/alarm", "unit", "unknown"),
        ("group/G9/alarm", "group", "unknown"),
        ("post/P001/check", "topic", "topic"),
        ("post/P001/fix", "topic", "topic"),
        ("post/P001/alarm/now", "topic", "topic"),
        ("", "topic", "topic"),
    ],
)
def test_topics_that_are_nobodys(topic: str, field: str, reason: str) -> None:
    error = fail(topic, ALARM)
    assert (error.field, error.reason, error.sender) == (field, reason, None)


def test_groups_take_alarms_of_their_own_posts() -> None:
    assert fail("group/G1/alarm", ALARM).field == "post"
    assert fail("group/G1/alarm", {**ALARM, "post": "P099"}).reason == "foreign"
    late = fail("group/G1/alarm", {**ALARM, "post": "P001", "t": YEAR_1999_MS})
    assert (late.sender, late.id) == ((ResponderKind.POST, "P001"), "a1")


def test_too_many_fixes_and_a_strange_content_type() -> None:
    many = msgspec.msgpack.encode([{"t": NOW_MS, "lon": 1, "lat": 1}] * 501)
    assert fail("unit/U01/fix", many, PACKED).value == "501 fixes"
    assert fail("unit/U01/fix", json.dumps([FIX] * 100_000).encode()).reason == "size"
    assert fail("post/P001/alarm", ALARM, "image/png").field == "content_type"


TOPICS = st.one_of(
    st.text(max_size=40),
    st.builds(
        "/".join,
        st.tuples(
            st.just(ROOT.rstrip("/")),
            st.sampled_from(["unit", "post", "gate", "group", "engine"]),
            st.sampled_from(["U01", "P001", "K1", "G1", "X"]),
            st.sampled_from(["fix", *SENDERS]),
        ),
    ),
    st.just(ROOT + "fixes"),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = sorted({f for body in DECISIONS.values() for f in body.__struct_fields__})
VALUES = JSON | st.sampled_from(["a1", "robbery", "accepted", "busy", "car", NOW_MS, 121.45, 31.25])
NEARLY = st.dictionaries(st.sampled_from(FIELDS), VALUES)
BODIES = st.one_of(
    st.binary(max_size=80),
    JSON.map(lambda body: json.dumps(body).encode()),
    NEARLY.map(lambda body: json.dumps({**ALARM, **FIX, **body}).encode()),
    st.lists(NEARLY, max_size=4).map(lambda body: json.dumps(body).encode("utf-8")),
    NEARLY.map(lambda body: msgspec.msgpack.encode({**ALARM, **FIX, **body})),
)
TYPES = st.sampled_from([None, "application/json", PACKED]) | st.text(max_size=20)


@given(TOPICS, BODIES, TYPES)
def test_any_bytes_on_any_topic(topic: str, payload: bytes, content_type: str | None) -> None:
    found = decode(topic, payload, content_type, ROSTER, NOW_MS)
    assert isinstance(found, AnyCommand | Fixes | DecodeError)
    msgspec.json.encode(found)
    if isinstance(found, DecodeError):
        assert found.field
        assert len(found.value) <= 64


@given(st.binary(max_size=200))
def test_every_prefix_and_flip_of_a_good_alarm(noise: bytes) -> None:
    good = json.dumps(ALARM).encode()
    at = len(noise) % len(good)
    for payload in (good[:at], good[:at] + noise, good[:at] + noise + good[at:]):
        found = read("post/P001/alarm", payload)
        assert isinstance(found, RaiseAlarm | DecodeError)
