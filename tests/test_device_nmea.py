"""NMEA 0183: every captured sentence, damage, radios' own ids, and a gateway on both transports."""

import asyncio
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Fix, KeptAlive, Reading, Rejected, Said, SaidHello, Understood
from gateways.devices.nmea import decode_line
from gateways.devices.nmea.clock import latest_day, without_rollover
from gateways.devices.nmea.gateway import NmeaGateway, NmeaOptions
from gateways.devices.nmea.lines import Lines
from gateways.devices.nmea.readers import KNOT_MPS
from gateways.devices.nmea.sentence import MAX_LINE, checksum
from gateways.devices.registry import Device, Protocol, Registry
from tests.mqtt_lab import Line, Mosquitto, now_ms, until
from tests.world import spot

ROWS = json.loads((Path(__file__).parent / "frames" / "nmea.json").read_text())
NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
OTHER_CENTURY = {"traccar-t55-17"}
"""Read by its own decoder as 2096; two-digit years from 80 on are of the last century here."""


def device(identity: str, model: str | None = None, unit: str = "U01") -> Device:
    return Device(
        protocol=Protocol.NMEA,
        identity=identity,
        kind=ResponderKind.UNIT,
        responder=ResponderId(unit),
        model=model,
    )


def one_fix(line: str, sender: Device | None = None, at_ms: int = NOW_MS) -> Fix:
    (reading,) = decode_line(line, sender, at_ms)
    assert isinstance(reading, Understood), reading
    (fix,) = reading.heard
    assert isinstance(fix, Fix)
    return fix


def with_sum(body: str) -> str:
    return f"${body}*{checksum(body):02X}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_reads_as_expected(row: dict[str, Any]) -> None:
    expect = row["expect"]
    sender = None
    if expect.get("checksum_valid") is False:
        (reading,) = decode_line(row["text"], None, NOW_MS)
        assert isinstance(reading, Rejected)
        assert reading.reason == "checksum"
        if "lat" not in expect:
            return
        sender = device("d", "nochecksum")
    fix = one_fix(row["text"], sender)
    void = expect.get("status") == "V" or expect.get("quality") == 0
    valid = expect.get("valid", expect.get("pynmea2_is_valid", not void))
    assert fix.valid is valid
    assert (fix.why_not is None) is valid
    if "lat" in expect and (valid or expect["lat"]):
        assert (fix.lat, fix.lon) == pytest.approx((expect["lat"], expect["lon"]), abs=1.1e-6)
    if "device_id" in expect:
        assert fix.device == expect["device_id"]
    for key in ("speed_knots_field", "speed_knots"):
        if key in expect:
            assert (fix.speed_mps or 0.0) == pytest.approx(float(expect[key]) * KNOT_MPS)
    if "course" in expect:
        assert (fix.heading_deg or 0.0) == expect["course"]
    told = None if fix.at_ms is None else datetime.fromtimestamp(fix.at_ms / 1000, UTC)
    if "time_utc" in expect and row["id"] not in OTHER_CENTURY:
        assert told is not None
        # The expected values of the T55 rows have no fractions of a second.
        fraction = 0 if expect["time_utc"].endswith(".000Z") else told.microsecond
        wanted = datetime.fromisoformat(expect["time_utc"])
        assert told.replace(microsecond=fraction) == wanted
    if "time_of_day_utc" in expect:
        assert told is not None
        assert told.strftime("%H:%M:%S") == expect["time_of_day_utc"]


RADIOS = [
    ("$PKLDS,122434,A,4954.1474,N,11923.6044,W,001.1,194.9,130223,19.20,W00,100,1001,80,00,*60",
     "100-1001", 49.902457, -119.393407),
    ("$PKNDS,114400,A,4954.1450,N,11923.6043,W,001.4,356.8,130223,19.20,W00,U00002,207,00,*2E",
     "U00002", 49.902417, -119.393405),
    ("$PKLSH,3926.7952,N,12000.5947,W,022732,A,100,2000*1A", "100-2000", 39.446587, -120.009912),
    ("$PKNSH,2301.2967,N,07228.2519,E,160902,A,U00001205,*61", "U00001205", 23.021612, 72.470865),
]  # fmt: skip


@pytest.mark.parametrize(("line", "unit", "lat", "lon"), RADIOS)
def test_a_radio_is_known_by_its_fleet_and_unit(
    line: str, unit: str, lat: float, lon: float
) -> None:
    fix = one_fix(f"\x02{line}\x03")
    assert (fix.device, fix.valid) == (unit, True)
    assert (fix.lat, fix.lon) == pytest.approx((lat, lon), abs=1e-6)


def reads_as(line: str) -> Reading:
    (reading,) = decode_line(line, None, NOW_MS)
    return reading


def test_who_speaks_stands_in_many_places() -> None:
    body = "GPGLL,3114.00,N,12128.00,E,120000,A,A"
    plain = with_sum(body)
    tags = "s:car7,c:1700000000"
    block = f"\\{tags}*{checksum(tags):02X}\\"
    assert one_fix(plain).device is None
    assert one_fix(f"car7,{plain}").device == "car7"
    assert one_fix(f"2026-09-21 14:13:20.000 {plain}").device is None
    assert one_fix(f"[14:13:20] car7:{plain}").device == "car7"
    assert one_fix(f"{plain},11,865733027593268,1").device == "865733027593268"
    assert one_fix(f"4711/022789000688081/{plain}").device == "022789000688081"
    assert one_fix(plain.encode().hex()).lat == one_fix(plain).lat
    tagged = one_fix(block + plain)
    assert tagged.device == "car7"
    assert tagged.at_ms == 1_700_000_000_000 // DAY_MS * DAY_MS + 12 * 3_600_000
    assert isinstance(reads_as(block.replace("car7", "car8") + plain), Rejected)
    assert isinstance(reads_as("?!" + plain), Rejected)
    for line, name in (
        ("IMEI 353301013451129", "353301013451129"),
        ("3533010134512924", "3533010134512924"),
        ("$PGID,359853*50", "359853"),
        ("$PCPTI,Cradle Point,184453,184453.0,6F*57", "Cradle Point"),
    ):
        (reading,) = decode_line(line, device("d", "nochecksum"), NOW_MS)
        assert isinstance(reading, Understood)
        assert isinstance(reading.heard[0], SaidHello)
        assert reading.heard[0].device == name


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("GPVTG,054.7,T,034.4,M,005.5,N,010.2,K", Said),
        ("HEHDT,274.07,T", Said),
        ("GPGSV,3,1,11,03,03,111,00,04,15,270,00,06,01,010,00,13,06,292,00", Said),
        ("GPZDA,201530.00,04,07,2002,00,00", Said),
        ("PGRME,15.0,M,45.0,M,25.0,M", Said),
        ("PKNID,,U00001205,,,", KeptAlive),
        ("PUBX,04,073731.00,091202,113851.00,1196,15D", Said),
        ("GNGNS,122310.2,3722.425671,N,12258.856215,W,DA,15,0.9,1005.54,6.5,,", Fix),
        ("GNGNS,122310.2,3722.425671,N,12258.856215,W,NN,15,0.9,1005.54,6.5,,", Fix),
        ("TRCCR,20140111000000.000,A,60.000000,-0.500000,0.00,0.00,0.00,50,", Fix),
    ],
)
def test_other_sentences_are_understood(body: str, kind: type[object]) -> None:
    reading = reads_as(with_sum(body))
    assert isinstance(reading, Understood), reading
    (heard,) = reading.heard
    assert isinstance(heard, kind)
    if isinstance(heard, Fix):
        assert heard.valid is (",NN," not in body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("GPRMC,123519,A,4867.038,N,01131.000,E,,,230326,,", "place"),
        ("GPRMC,123519,A,9107.038,N,01131.000,E,,,230326,,", "place"),
        ("GPRMC,123519,A,4807.038,X,01131.000,E,,,230326,,", "place"),
        ("GPRMC,253519,A,4807.038,N,01131.000,E,,,230326,,", "time"),
        ("GPRMC,123519,A,4807.038,N,01131.000,E,,,310226,,", "time"),
        ("GPRMC,123519,A,4807.038,N,01131.000,E,1e9999,,230326,,", "figure"),
        ("GPRMC,123519,A,4807.038,N", "too_short"),
        ("PKLSH,3926.7952,N,12000.5947,W,022732,A,,", "no_unit"),
        ("gprmc,1", "no_sentence"),
    ],
)
def test_what_cannot_be_is_rejected(body: str, reason: str) -> None:
    reading = reads_as(with_sum(body))
    assert isinstance(reading, Rejected), reading
    assert reading.reason == reason


def test_a_sentence_without_its_checksum_is_rejected() -> None:
    for line in ("$GPRMC,123519,A,4807.038,N,01131.000,E,,,230326,,", "!AIVDM,1,1,,A,x,0*00"):
        assert isinstance(reads_as(line), Rejected)


def test_dates_are_found_and_lost_weeks_put_back() -> None:
    midnight_ms = NOW_MS // DAY_MS * DAY_MS
    assert latest_day(0, midnight_ms - 1000) == midnight_ms
    assert latest_day(DAY_MS - 1000, midnight_ms + 1000) == midnight_ms - 1000
    assert latest_day(600_000, midnight_ms) == midnight_ms + 600_000 - DAY_MS
    weeks_ms = 1024 * 7 * DAY_MS
    for times in (1, 2):
        assert without_rollover(NOW_MS - times * weeks_ms, NOW_MS) == (NOW_MS, True)
    assert without_rollover(NOW_MS - 5 * DAY_MS, NOW_MS) == (NOW_MS - 5 * DAY_MS, False)
    when = datetime.fromtimestamp((NOW_MS - weeks_ms) / 1000, UTC)
    body = f"GPRMC,{when:%H%M%S},A,3114.00,N,12128.00,E,0.0,0.0,{when:%d%m%y},,"
    fix = one_fix(with_sum(body))
    assert (fix.at_ms, fix.history, fix.extra) == (NOW_MS, False, {"week_rollover": True})


def said(line: str) -> set[tuple[object, ...]]:
    return {
        (one.lat, one.lon, one.at_ms)
        for reading in decode_line(line, None, NOW_MS)
        if isinstance(reading, Understood)
        for one in reading.heard
        if isinstance(one, Fix) and one.valid
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_damage_makes_a_position_that_was_not_sent(row: dict[str, Any]) -> None:
    text = row["text"]
    whole = said(text)
    for size in range(len(text)):
        cut = said(text[:size])
        assert not cut or cut == whole
    if "*" not in text:
        return
    for at in range(len(text)):
        for other in {chr(ord(text[at]) ^ bit) for bit in (1, 2, 16, 64, 128)} | set("$*,\\"):
            assert said(text[:at] + other + text[at + 1 :]) <= whole


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.from_regex(r"\$[A-Z]{4,6}(,[0-9.NSEWA-]{0,8}){0,20}")))
def test_any_bytes_are_read_or_rejected(raw: bytes | str) -> None:
    line = raw if isinstance(raw, bytes) else with_sum(raw.strip()[1:].replace("*", ""))
    for reading in decode_line(line, None, NOW_MS):
        assert isinstance(reading, Understood | Rejected)


@given(st.lists(st.integers(1, 90), max_size=12))
@settings(max_examples=50, deadline=None)
def test_a_stream_gives_the_same_lines_however_it_is_cut(cuts: list[int]) -> None:
    data = b"".join(f"{row['text']}\r\n".encode() for row in ROWS[:10])
    lines, found = Lines(), []
    while data:
        size = cuts.pop() if cuts else len(data)
        found += lines.feed(data[:size])
        data = data[size:]
    assert found == [row["text"] for row in ROWS[:10]]


def test_a_line_without_an_end_is_not_kept() -> None:
    lines = Lines()
    for _ in range(10_000):
        assert lines.feed(b"x" * 997) == []
        assert len(lines._held) <= MAX_LINE
    assert lines.feed(b"\n$GPGSA\n") == ["$GPGSA"]
    assert lines.too_long == 1


def rmc(line: Line, row: int, column: int) -> bytes:
    place = spot(row, column)
    when = datetime.fromtimestamp(now_ms() / 1000, UTC)
    lat, lon = divmod(place.lat, 1), divmod(place.lon, 1)
    where = f"{lat[0]:02.0f}{lat[1] * 60:08.5f},N,{lon[0]:03.0f}{lon[1] * 60:08.5f},E"
    assert line.engine is not None
    return with_sum(f"GPRMC,{when:%H%M%S}.00,A,{where},10.0,90.0,{when:%d%m%y},,").encode()


async def test_positions_come_over_udp_and_over_tcp_both_ways(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    sent = asyncio.Event()
    callers: list[asyncio.StreamWriter] = []

    async def called(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        sent.set()

    bridge = await asyncio.start_server(called, "127.0.0.1", 0)
    to_call = f"127.0.0.1:{bridge.sockets[0].getsockname()[1]}"
    try:
        async with Line(tmp_path, broker.port) as line:
            book = Registry(tmp_path / "devices.json")
            book.put(device(to_call, unit="U02"))
            book.put(device("100-1001", unit="U01"))
            door = DeviceDoor(line.engine, line.tracker, book, line.registry)
            options = NmeaOptions(port=0, connect=(to_call,), allow=("127.0.0.0/8",))
            gateway = NmeaGateway(options, door, CollectorRegistry())
            await gateway.start()
            try:
                await sent.wait()
                callers[0].write(rmc(line, 1, 2) + b"\r\n")
                await until(lambda: line.tracker.at_ms[1] > 0)
                assert line.tracker.at_ms[0] == 0
                radio_reports(line, gateway)
                await until(lambda: line.tracker.at_ms[0] > 0)
                await stranger(gateway, line)
                await until(lambda: [one.identity for one in book.unknown.values()])
                assert [one.identity for one in book.unknown.values()] == ["127.0.0.1"]
                await called_again(callers)
            finally:
                await gateway.stop()
    finally:
        bridge.close()
        broker.stop()


def radio_reports(line: Line, gateway: NmeaGateway) -> None:
    """A short report of a Kenwood radio in a datagram."""
    place = rmc(line, 1, 1).decode().split(",")
    body = ",".join(["PKLSH", *place[3:7], place[1], "A", "100", "1001"])
    with socket.socket(type=socket.SOCK_DGRAM) as radio:
        radio.sendto(with_sum(body).encode(), ("127.0.0.1", gateway.port))


async def stranger(gateway: NmeaGateway, line: Line) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(rmc(line, 2, 2) + b"\r\n")
    await writer.drain()
    writer.close()


async def called_again(callers: list[asyncio.StreamWriter]) -> None:
    """A bridge that went away is called again."""
    callers[0].close()
    await until(lambda: len(callers) > 1)
    callers[1].close()
