"""JT/T 808 terminals: captured frames as third parties read them, and what is made of damage."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.heard import Alarm, AnyHeard, Fix, Reading, Rejected, Understood
from gateways.devices.jt808 import decode_line
from gateways.devices.jt808.frame import MOST_FRAME, Splitter, escape, unescape
from gateways.devices.registry import Device, Protocol

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "frames/jt808.json").read_text(encoding="utf-8")
)
NOW_MS = 1_764_000_000_000
WRONG_SUM = {"traccar-033", "traccar-108", "traccar-109", "go-bad-checksum", "go-esc-check"}
"""Rows whose check byte is wrong: rejected unless the device is enrolled as `nochecksum`."""
NO_FRAME = {"traccar-067", "sc-8203-body", "sc-0301-body"}
UNREAD = {"traccar-048", "traccar-111"}
"""A vendor's history message and a header that says a wrong length; see docs/devices/jt808.md."""
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
    if name in WRONG_SUM | NO_FRAME | {"go-short", "tr-unesc-junk", "traccar-111"}:
        assert all(isinstance(one, Rejected) for one in readings), readings
        return
    assert readings
    assert all(isinstance(one, Understood) for one in readings), readings
    fixes = [one for one in heard(readings) if isinstance(one, Fix)]
    wanted = [one for one in expect.get("positions", []) if "lat" in one]
    if name not in UNREAD:
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
