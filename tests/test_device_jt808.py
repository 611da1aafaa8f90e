"""JT/T 808 terminals: captured frames as third parties read them, and what is made of damage."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.heard import Alarm, AnyHeard, Fix, Reading, Rejected, Understood
from gateways.devices.jt808 import decode_line
from gateways.devices.jt808.body import read_body
from gateways.devices.jt808.frame import MOST_FRAME, Frame, Splitter, escape, unescape, xor_of
from gateways.devices.registry import Device, Protocol

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "frames/jt808.json").read_text(encoding="utf-8")
)
NOW_MS = 1_764_000_000_000
WRONG_SUM = {"traccar-033", "traccar-108", "traccar-109", "go-bad-checksum", "go-esc-check"}
"""Rows whose check byte is wrong: rejected unless the device is enrolled as `nochecksum`."""
NO_FRAME = {"traccar-067", "sc-8203-body", "sc-0301-body"}
NULL_ISLAND = {"traccar-002"}
"""Said to be positioned at 0,0: no position, whatever the status says."""
UNESCAPED_ANSWER = {"traccar-005", "traccar-045"}
"""Their expected answers hold a bare 7e or 7d, which the standard has escaped."""


def device(row: dict[str, Any], model: str | None = None) -> Device:
    return Device(
        protocol=Protocol.JT808,
        identity="t",
        kind=ResponderKind.UNIT,
        responder=ResponderId("U1"),
        model=model or row.get("traccar_model_override"),
    )


def forms(row: dict[str, Any]) -> list[str]:
    return [row[name] for name in ("hex", "wire_hex") if name in row]


def understood(readings: list[Reading]) -> list[Understood]:
    return [one for one in readings if isinstance(one, Understood)]


def heard(readings: list[Reading]) -> list[AnyHeard]:
    return [one for reading in understood(readings) for one in reading.heard]


CASES = [
    pytest.param(row, line, id=f"{row['id']}-{number}")
    for row in ROWS
    for number, line in enumerate(forms(row))
]


@pytest.mark.parametrize(("row", "line"), CASES)
def test_a_captured_frame_reads_as_a_third_party_read_it(row: dict[str, Any], line: str) -> None:
    expect, name = row["expect"], row["id"]
    readings = decode_line(line, device(row), NOW_MS)
    if name in WRONG_SUM | NO_FRAME | {"go-short", "tr-unesc-junk"}:
        assert all(isinstance(one, Rejected) for one in readings), readings
        return
    assert readings
    assert all(isinstance(one, Understood) for one in readings), readings
    fixes = [one for one in heard(readings) if isinstance(one, Fix)]
    wanted = [one for one in expect.get("positions", []) if "lat" in one]
    assert len(fixes) >= len(wanted)
    for fix, place in zip(fixes, wanted, strict=False):
        check_fix(name, fix, place)
    if "device_id" in expect and heard(readings):
        assert {one.device for one in heard(readings)} == {expect["device_id"]}
    if expect.get("platform_reply_hex") and name not in UNESCAPED_ANSWER:
        replies = [one.reply.hex() for one in understood(readings)]
        assert replies == expect["platform_reply_hex"]
    if "sos" in [alarm for place in wanted for alarm in place.get("alarm", ())]:
        assert [one.type for one in heard(readings) if isinstance(one, Alarm)] == ["panic"]


def check_fix(name: str, fix: Fix, place: dict[str, Any]) -> None:
    if name in NULL_ISLAND:
        assert not fix.valid
        return
    assert fix.valid is place["valid"], fix
    assert fix.lat is None or fix.lat == pytest.approx(place["lat"], abs=1e-6)
    assert fix.lon is None or fix.lon == pytest.approx(place["lon"], abs=1e-6)
    assert fix.at_ms is not None
    told = datetime.fromtimestamp(fix.at_ms / 1000, UTC)
    assert told.strftime("%Y-%m-%dT%H:%M:%S.000Z") == place["time_utc"]
    assert fix.speed_mps is not None
    assert fix.speed_mps * 3.6 == pytest.approx(place["speed_kmh"], abs=0.06)
    assert fix.heading_deg == place["course"] % 360


def test_a_press_of_the_button_is_an_alarm_that_is_answered_after_the_commit() -> None:
    row = next(row for row in ROWS if row["id"] == "sc-0200-sos")
    (reading,) = decode_line(row["hex"], device(row), 1_531_620_650_000)
    assert isinstance(reading, Understood)
    assert reading.after_commit
    alarm = next(one for one in reading.heard if isinstance(one, Alarm))
    assert (alarm.type, alarm.code, alarm.history) == ("panic", "emergency", False)
    # A day later the same frame is backlog: it opens nothing.
    (late,) = decode_line(row["hex"], device(row), 1_531_620_650_000 + 86_400_000)
    assert isinstance(late, Understood)
    assert not late.after_commit
    assert all(one.history for one in late.heard if isinstance(one, Alarm))


def test_a_model_that_sends_wrong_check_bytes_is_read_where_it_is_enrolled_so() -> None:
    row = next(row for row in ROWS if row["id"] == "traccar-109")
    readings = decode_line(row["hex"], device(row, "nochecksum"), NOW_MS)
    fix = next(one for one in heard(readings) if isinstance(one, Fix))
    check_fix(row["id"], fix, row["expect"]["positions"][0])


SOUND = [row for row in ROWS if row["id"] not in WRONG_SUM]
"""A frame whose check byte is wrong from the start may be mended by a flip."""


@pytest.mark.parametrize("row", SOUND, ids=lambda row: row["id"])
def test_no_cut_and_no_flipped_byte_makes_up_a_position_or_an_alarm(row: dict[str, Any]) -> None:
    whole = bytes.fromhex(row["hex"])
    known = {fingerprint(one) for line in forms(row) for one in found(bytes.fromhex(line), row)}
    for end in range(len(whole)):
        assert {fingerprint(one) for one in found(whole[:end], row)} <= known
    for at in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[at] ^= flip
            assert {fingerprint(one) for one in found(bytes(changed), row)} <= known


def found(data: bytes, row: dict[str, Any]) -> list[AnyHeard]:
    readings = decode_line(data.hex(), device(row), NOW_MS)
    return [one for one in heard(readings) if isinstance(one, Fix | Alarm)]


def fingerprint(one: AnyHeard) -> tuple[object, ...]:
    match one:
        case Fix():
            return one.device, one.lon, one.lat, one.at_ms, one.valid
        case Alarm():
            return one.device, one.code, one.at_ms
        case _:
            raise AssertionError("only these are asked for")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    for reading in decode_line(data.hex(), None, NOW_MS):
        assert isinstance(reading, Understood | Rejected)
    assert decode_line(data, None, NOW_MS)


@given(st.binary(max_size=300))
def test_escapes_are_undone_exactly(payload: bytes) -> None:
    wire = escape(payload)
    assert b"\x7e" not in wire
    assert unescape(wire) == payload


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 9))
def test_frames_come_out_of_a_stream_however_it_is_cut(bodies: list[bytes], step: int) -> None:
    stream = b"".join(b"\x7e" + escape(body) + b"\x7e" for body in bodies)
    splitter = Splitter()
    out = [
        piece
        for start in range(0, len(stream), step)
        for piece in splitter.feed(stream[start : start + step])
    ]
    assert [unescape(piece) for piece in out] == bodies
    assert splitter.pending == 0


def test_a_frame_that_never_ends_is_let_go() -> None:
    splitter = Splitter()
    assert splitter.feed(b"\x7e" + b"\x00" * 3 * MOST_FRAME) == []
    assert splitter.pending == 0
    assert splitter.feed(b"\x7e\x01\x02\x7e") == [b"\x01\x02"]


def sos_in(item: str, model: str | None = None, word: str = "00000000") -> list[str | None]:
    """The incident types that a position with this item opens."""
    body = bytes.fromhex(f"{word}00000003015a30b006c869f8000000000000260101120000{item}")
    payload = b"\x02\x00" + len(body).to_bytes(2) + bytes.fromhex("0138001380010001") + body
    frame = b"~" + escape(payload + bytes([xor_of(payload)])) + b"~"
    owner = device({"id": "x"}, model)
    return [
        one.type for one in heard(decode_line(frame.hex(), owner, NOW_MS)) if isinstance(one, Alarm)
    ]


def test_the_button_is_where_the_model_has_it() -> None:
    label = "31" * 16
    assert sos_in("", word="00000001") == ["panic"]
    assert sos_in("", "G-360P", word="00000001") == [None], "its bit 0 is the shackle"
    assert sos_in(f"e8130c0110{label}") == ["panic"], "a camera's sub-event"
    assert sos_in("e8020c01") == [], "two bytes of another vendor"
    assert sos_in("e7080004000000000000") == ["panic"], "a worn terminal's own word"
    assert sos_in("e7080001000000000000") == []
    assert sos_in("", "G10LS", word="00038000") == [None, None, None]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("0104000004d2", ("odometer_m", 123_400)),
        ("02020037", ("fuel_l", 5.5)),
        ("03020190", ("recorder_kmh", 40.0)),
        ("04020007", ("alarm_event", 7)),
        ("1105020000002a", ("overspeed_area", 42)),
        ("1206010000002a01", ("area_left", True)),
        ("13070000002a003c01", ("section_s", 60)),
        ("250400000005", ("signals", 5)),
        ("2a020001", ("io", 1)),
        ("2b04000a0014", ("analog", 0x000A0014)),
        ("30011f", ("rssi", 31)),
        ("31010c", ("satellites", 12)),
        ("0102ffff", ("item_01", "ffff")),
        ("01ff00", ("tail", "01ff00")),
    ],
)
def test_an_item_is_read_by_name_only_when_it_is_as_long_as_it_should_be(
    item: str, told: tuple[str, object]
) -> None:
    body = bytes.fromhex(f"0000000000000003015a30b006c869f8000000000000260101120000{item}")
    frame = Frame(msg=0x0200, attributes=0, phone=b"\1" * 6, serial=1, body=body)
    found = read_body(frame, None, NOW_MS)
    assert not isinstance(found, Rejected)
    (fix,) = found
    assert isinstance(fix, Fix)
    assert fix.extra[told[0]] == told[1]


@pytest.mark.parametrize(
    ("settings_of", "place", "time"),
    [
        ({}, (113.797624, 22.687920), "2026-01-01T04:00:00"),
        ({"utc_offset_min": 0}, (113.797624, 22.687920), "2026-01-01T12:00:00"),
        ({"datum": "gcj02"}, (113.7926, 22.6908), "2026-01-01T04:00:00"),
    ],
)
def test_clock_and_datum_are_the_devices_own(
    settings_of: dict[str, Any], place: tuple[float, float], time: str
) -> None:
    raw = {"protocol": "jt808", "identity": "1", "kind": "unit", "responder": "U1"} | settings_of
    body = bytes.fromhex("0000000000000003015a30b006c869f8000000000000260101120000")
    frame = Frame(msg=0x0200, attributes=0, phone=b"\1" * 6, serial=1, body=body)
    found = read_body(frame, msgspec.convert(raw, Device), NOW_MS)
    assert not isinstance(found, Rejected)
    (fix,) = found
    assert isinstance(fix, Fix)
    assert (fix.lon, fix.lat) == pytest.approx(place, abs=2e-3 if "datum" in settings_of else 1e-6)
    assert fix.at_ms is not None
    assert datetime.fromtimestamp(fix.at_ms / 1000, UTC).isoformat().startswith(time)
    if "datum" in settings_of:
        assert fix.lon is not None
        assert abs(fix.lon - 113.797624) > 0.003


@pytest.mark.parametrize("stamp", ["000000000000", "269901250000", "26010112ff00", "ffffffffffff"])
def test_a_garbled_clock_is_no_time_and_hides_no_press(stamp: str) -> None:
    body = bytes.fromhex(f"0000000100000003015a30b006c869f8000000000000{stamp}")
    frame = Frame(msg=0x0200, attributes=0, phone=b"\1" * 6, serial=1, body=body)
    found = read_body(frame, None, NOW_MS)
    assert not isinstance(found, Rejected)
    fix, alarm = found
    assert isinstance(fix, Fix)
    assert isinstance(alarm, Alarm)
    assert (fix.at_ms, fix.extra["clock"]) == (None, "unread")
    assert (alarm.at_ms, alarm.history, alarm.type) == (None, False, "panic")
    tomorrow = read_body(frame, None, NOW_MS + 86_400_000)
    assert not isinstance(tomorrow, Rejected)
    again = tomorrow[1]
    assert isinstance(again, Alarm)
    assert again.key != alarm.key, "the same serial on another day is another press"


def test_half_of_the_world_is_south_or_west() -> None:
    for status, signs in ((2, (1, 1)), (6, (1, -1)), (10, (-1, 1)), (14, (-1, -1))):
        body = bytes.fromhex(f"00000000{status:08x}015a30b006c869f8000000000000260101120000")
        frame = Frame(msg=0x0200, attributes=0, phone=b"\1" * 6, serial=1, body=body)
        found = read_body(frame, None, NOW_MS)
        assert not isinstance(found, Rejected)
        (fix,) = found
        assert isinstance(fix, Fix)
        assert (fix.lon, fix.lat) == (signs[0] * 113.797624, signs[1] * 22.68792)
