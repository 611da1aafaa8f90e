"""SIA DC-09: every captured frame, damage, the time window, keys, and another implementation."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import siadc09.dc03  # type: ignore[import-untyped]
import siadc09.dc05  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.dc09 import codes, decode_line
from gateways.devices.dc09.codec import decode, fit
from gateways.devices.dc09.content import read_cid, read_sia
from gateways.devices.dc09.frame import MAX_FRAME, Framer
from gateways.devices.dc09.write import message, wrap
from gateways.devices.heard import (
    Alarm,
    AlarmState,
    KeptAlive,
    Reading,
    Rejected,
    Said,
    Understood,
)
from gateways.devices.registry import Device, Protocol

ROWS = json.loads((Path(__file__).parent / "frames" / "sia_dc09.json").read_text())
NOW_MS = 1_790_000_000_000
KEY = "000102030405060708090a0b0c0d0e0f"
WRONG_CRC = {"dcs-wa", "eldes-badcrc-0227", "eldes2-badcrc-0056", "lupus-cl"}


def device(secret: str | None = None, model: str | None = None) -> Device:
    return Device(
        protocol=Protocol.DC09,
        identity="ABC",
        kind=ResponderKind.POST,
        responder=ResponderId("P1"),
        secret=secret,
        model=model,
    )


def owner_of(row: dict[str, Any]) -> Device:
    expect = row["expect"]
    key = expect.get("key_hex") or expect.get("key_ascii")
    return device(key, "oh" if "dialect" in expect else None)


def time_of(row: dict[str, Any]) -> int:
    stamp = row["expect"].get("timestamp")
    return NOW_MS if stamp is None else round(datetime.fromisoformat(stamp).timestamp() * 1000)


def read(row: dict[str, Any], owner: Device | None = None) -> Reading:
    (reading,) = decode_line(row["hex"], owner or owner_of(row), time_of(row))
    return reading


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_reads_as_expected(row: dict[str, Any]) -> None:
    expect, reading = row["expect"], read(row)
    keyed = owner_of(row).secret is not None or '"*' not in row.get("text", "")
    if row["id"] in WRONG_CRC:
        assert isinstance(reading, Rejected)
        assert reading.reason == "checksum"
        if row["id"].startswith("eldes"):
            check_event(expect, read(row, device(model="eldes")))
        return
    if not keyed or "format error" in expect.get("must", "") or "not a heart" in str(expect):
        assert isinstance(reading, Rejected)
        assert (reading.reason in {"no_key", "malformed"}, reading.reply) == (True, b"")
        return
    check_event(expect, reading)


def check_event(expect: dict[str, Any], reading: Reading) -> None:
    assert isinstance(reading, Understood), reading
    head = reading.header
    for name in ("token", "seq", "receiver", "line", "account", "length_valid"):
        if name in expect:
            assert head[name] == expect[name], name
    if "timestamp" in expect and expect["timestamp"] is not None:
        stamp_ms = round(datetime.fromisoformat(expect["timestamp"]).timestamp() * 1000)
        assert head["stamp_ms"] == stamp_ms
    if "ack_text" in expect:
        assert reading.reply == expect["ack_text"].encode()
    if "xdata" in expect:
        wanted = ["".join(one) for one in expect["xdata"]]
        assert head["xdata"] == " ".join(wanted)
    (heard,) = reading.heard
    if expect.get("response") == "RSP":
        assert isinstance(heard, Said)
        assert b'"DUH"' in reading.reply
    elif "code" in expect or "cid" in expect:
        assert isinstance(heard, Alarm)
        check_alarm(expect, heard)
    elif head.get("token") == "NAK":
        assert (heard, reading.reply) == (Said(what="NAK"), b"")
    else:
        assert isinstance(heard, KeptAlive)


def check_alarm(expect: dict[str, Any], alarm: Alarm) -> None:
    cid = expect.get("cid")
    if cid is not None:
        assert alarm.code == cid["qualifier"] + cid["code"]
        assert (alarm.zone or alarm.user, alarm.area) == (cid["zone"], cid["partition"])
        restored = cid["qualifier"] == "3"
        assert alarm.state is (AlarmState.RESTORED if restored else AlarmState.RAISED)
    else:
        assert alarm.code == expect["code"]
        for name, value in (("ri", alarm.area), ("user", alarm.user), ("text", alarm.text)):
            if name in expect:
                assert value == expect[name]
        for name in ("address", "zone"):
            if name in expect:
                assert (alarm.zone or "") == expect[name]
    kind = expect.get("class", "")
    for word, type_name in (("panic", "panic"), ("duress", "duress"), ("fire", "fire")):
        if kind.startswith(word) and kind != "panic_confirmed":
            assert alarm.type == type_name
    if kind:
        assert alarm.silent == (kind == "panic_confirmed" or "silent" in kind or "duress" in kind)
    if kind == "tamper":
        assert alarm.type is None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_damage_is_rejected_or_changes_nothing(row: dict[str, Any]) -> None:
    raw, owner, now_ms = bytes.fromhex(row["hex"]), owner_of(row), time_of(row)
    if owner.model == "oh":
        owner = device()
    whole = said(decode(raw, owner, now_ms))
    for size in range(len(raw)):
        assert said(decode(raw[:size], owner, now_ms)) <= whole
    for at in range(len(raw)):
        for bit in (1, 2, 4, 16, 32, 128):
            other = raw[:at] + bytes((raw[at] ^ bit,)) + raw[at + 1 :]
            assert said(decode(other, owner, now_ms)) <= whole


def said(reading: Reading) -> set[tuple[object, ...]]:
    if isinstance(reading, Rejected):
        return set()
    alarms = [one for one in reading.heard if isinstance(one, Alarm)]
    return {(one.device, one.code, one.key, one.zone, one.place) for one in alarms}


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=120)), st.booleans())
def test_any_bytes_are_read_or_rejected(raw: bytes | str, sealed: bool) -> None:
    owner = device(KEY) if sealed else None
    content = raw if isinstance(raw, str) else raw.decode("latin-1")
    at_ms = NOW_MS if sealed else None
    key = bytes.fromhex(KEY) if sealed else None
    for token in ("SIA-DCS", "ADM-CID", "NULL"):
        made = message(token, "0001", "L0#ABC", content, key=key, at_ms=at_ms)
        assert isinstance(decode(made, owner, NOW_MS), Understood | Rejected)
    assert isinstance(decode(wrap(f'"{content}'), owner, NOW_MS), Understood | Rejected)
    for reading in decode_line(raw, owner, NOW_MS):
        assert isinstance(reading, Understood | Rejected)


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("late_ms", [-20_000, 0, 40_000, -21_000, 41_000])
def test_encrypted_frames_keep_the_time_window(size: int, late_ms: int) -> None:
    key = bytes(range(100, 100 + size))
    sent = message("ADM-CID", "0007", "L0#ABC", "#ABC|1121 01 003", key=key, at_ms=NOW_MS)
    reading = decode(sent, device(key.hex()), NOW_MS + late_ms)
    if -20_000 <= late_ms <= 40_000:
        assert isinstance(reading, Understood)
        (alarm,) = reading.heard
        assert isinstance(alarm, Alarm)
        assert (alarm.type, alarm.silent, alarm.user) == ("duress", True, "003")
        answered = decode(reading.reply, device(key.hex()), NOW_MS + late_ms)
        assert isinstance(answered, Understood)
        assert answered.heard == (Said(device="ABC", what="ACK"),)
    else:
        assert isinstance(reading, Rejected)
        assert reading.reason == "time"
        assert b'"NAK"0000R0L0A0[]_' in reading.reply


def test_a_key_is_never_bypassed() -> None:
    plain = message("ADM-CID", "0007", "L0#ABC", "#ABC|1120 01 003", at_ms=NOW_MS)
    refused = decode(plain, device(KEY), NOW_MS)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.reply) == ("plain_refused", b"")
    beat = decode(b"\nSR0001L0001    006969XX    [ID00000000]\r", device(KEY), NOW_MS)
    assert isinstance(beat, Rejected)
    sealed = message("NULL", "0000", "L0#ABC", "", key=bytes(16), at_ms=NOW_MS)
    other = decode(sealed, device(KEY), NOW_MS)
    assert isinstance(other, Rejected)
    assert other.reply == b""
    no_key = decode(sealed, device("not a key"), NOW_MS)
    assert isinstance(no_key, Rejected)
    assert no_key.reason == "bad_key"
    unstamped = message("NULL", "0000", "L0#ABC", "", key=bytes.fromhex(KEY))
    assert isinstance(decode(unstamped, device(KEY), NOW_MS), Rejected)


def events(data: str) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.address, one.text) for one in read_sia(data) or []]


def test_events_of_a_block() -> None:
    assert events("Nri1/BA01^Door^/BA02^Win/dow^") == [
        ("BA", "01", "Door"),
        ("BA", "02", "Win/dow"),
    ]
    assert events("Nri1/HA1^a|b^|NOP2") == [("HA", "1", "a|b"), ("OP", "2", None)]
    assert [one.code for one in read_cid("1121 00 001|3401 00 002") or []] == ["1121", "3401"]
    assert read_cid("1121 00 001|?") is None
    assert events("Nri1PA1^Post 1^") == [("PA", "1", "Post 1")]
    assert events("Nri1FA/id3/HA07") == [("HA", "07", None)]
    assert events("NOP1") == [("OP", "1", None)]
    assert events("OP1") == [("OP", "1", None)]
    assert events("NA12") == [("NA", "12", None)]
    assert events("Nid1/") == []
    assert events("N?1") == []


def test_what_cannot_be_processed_is_told_so() -> None:
    for token, content in (("SIA-DCS", "#ABC|N??"), ("ADM-CID", "#ABC|9"), ("XYZ-1", "#ABC|a")):
        reading = decode(message(token, "0001", "L0#ABC", content), device(), NOW_MS)
        assert isinstance(reading, Understood)
        assert b'"DUH"0001L0#ABC[]' in reading.reply
        assert not any(isinstance(one, Alarm) for one in reading.heard)


def test_codes_are_those_of_the_standard() -> None:
    assert set(codes.CID) <= set(siadc09.dc05.EVENT) | {"119", "125", "126", "129"}
    restored = codes.of_sia("PR")
    assert restored == (codes.PANIC, True)
    assert codes.of_sia("OP") == (None, False)
    assert set(codes.SIA) <= set(siadc09.dc03.EVENT) | {"HV"}
    assert fit("robbery", {"panic"}) == "panic"
    assert fit("fire", {"fire"}) == "fire"
    assert fit(None, {"fire"}) is None


def test_a_clock_that_is_off_loses_no_plain_alarm() -> None:
    sent = message("SIA-DCS", "0009", "L0#ABC", "#ABC|Nri1/HA2", at_ms=NOW_MS - 8 * 3_600_000)
    reading = decode(sent, device(), NOW_MS)
    assert isinstance(reading, Understood)
    (alarm,) = reading.heard
    assert isinstance(alarm, Alarm)
    assert (alarm.at_ms, reading.header["clock_off"]) == (None, True)


@given(st.lists(st.integers(1, 60), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_stream_gives_the_same_frames_however_it_is_cut(cuts: list[int]) -> None:
    wanted = [bytes.fromhex(row["hex"]) for row in ROWS if '"' in row.get("text", "")]
    data = b"".join(b"\x00" + one for one in wanted)
    framer, found = Framer(), []
    while data:
        size = cuts.pop() if cuts else len(data)
        found += framer.feed(data[:size])
        data = data[size:]
    assert found == wanted


def test_an_endless_frame_is_not_kept() -> None:
    framer = Framer()
    for start in (b"\n", b'\n00000000"NULL"', b""):
        framer.feed(start)
        for _ in range(500):
            assert framer.feed(b"x" * 97) == []
            assert len(framer._held) <= MAX_FRAME
    good = message("NULL", "0000", "L0#ABC", "")
    assert good in framer.feed(good)
    assert framer.dropped > 0
