"""OsmAnd and Traccar clients: every captured request, damage, and a phone that calls for help."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Alarm, Fix, Rejected, Understood
from gateways.devices.osmand import decode_line
from gateways.devices.osmand.codec import KNOT_MPS
from gateways.devices.osmand.gateway import OsmandGateway, OsmandOptions
from gateways.devices.registry import Device, Protocol, Registry
from tests.mqtt_lab import Device as Radio
from tests.mqtt_lab import Line, Mosquitto, fix_at, now_ms, until
from tests.world import spot

ROWS = json.loads((Path(__file__).parent / "frames" / "osmand.json").read_text())
NOW_MS = 1_790_000_000_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_reads_as_expected(row: dict[str, Any]) -> None:
    expect = row["expect"]
    (reading,) = decode_line(row["text"], None, NOW_MS)
    assert isinstance(reading, Understood)
    assert reading.reply.startswith(f"HTTP/1.1 {expect['http_status']} ".encode())
    (fix,) = reading.heard
    assert isinstance(fix, Fix)
    assert fix.device == expect["device_id"]
    if expect.get("no_fix"):
        assert not fix.valid
        assert fix.lon is None
        return
    assert fix.valid
    assert (fix.lat, fix.lon) == pytest.approx((expect["lat"], expect["lon"]), abs=1e-9)
    assert (fix.speed_mps or 0.0) == pytest.approx(expect["speed_knots"] * KNOT_MPS)
    assert (fix.heading_deg or 0.0) == expect["course"]
    assert (fix.accuracy_m or 0.0) == expect["accuracy_m"]
    assert (fix.altitude_m or 0.0) == expect["altitude_m"]
    assert (fix.at_ms is None) == ("time_utc" not in expect)
    assert fix.mock == expect["attributes"].get("mock", False)


def test_help_is_an_alarm_and_old_help_is_history() -> None:
    for word, kind in (("sos", "panic"), ("lowBattery", None)):
        line = f"id=1&lat=31.2&lon=121.4&alarm={word}&timestamp={NOW_MS}"
        for late_ms, old in ((0, False), (600_000, True)):
            (reading,) = decode_line(line, None, NOW_MS + late_ms)
            assert isinstance(reading, Understood)
            alarm = reading.heard[1]
            assert isinstance(alarm, Alarm)
            assert (alarm.type, alarm.history) == (kind, old)
            assert reading.after_commit


def test_a_wrong_token_is_rejected() -> None:
    device = phone("word")
    for line, good in (
        ("GET /word?id=1&lat=1&lon=2", True),
        ("GET /?id=1&lat=1&lon=2&token=word", True),
        ("GET /?id=1&lat=1&lon=2&token=wor", False),
        ("GET /?id=1&lat=1&lon=2", False),
    ):
        (reading,) = decode_line(line, device, NOW_MS)
        assert isinstance(reading, Understood) == good


@pytest.mark.parametrize("row", ROWS[:2], ids=lambda row: row["id"])
def test_a_json_body_cut_short_is_rejected(row: dict[str, Any]) -> None:
    head = len("POST / application/json {")
    for size in range(head, len(row["text"])):
        (reading,) = decode_line(row["text"][:size], None, NOW_MS)
        assert isinstance(reading, Rejected)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ROWS), st.data())
def test_any_damage_is_read_or_rejected(row: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray(row["text"].encode())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for reading in decode_line(cut, None, NOW_MS):
        assert isinstance(reading, Understood | Rejected)


def phone(secret: str | None) -> Device:
    return Device(
        protocol=Protocol.OSMAND,
        identity="1",
        kind=ResponderKind.UNIT,
        responder=ResponderId("U01"),
        secret=secret,
    )


async def test_a_phone_reports_and_calls_for_help(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    try:
        async with Line(tmp_path, broker.port) as line:
            book = Registry(tmp_path / "devices.json")
            book.put(phone("word"))
            door = DeviceDoor(line.engine, line.tracker, book, line.registry)
            gateway = OsmandGateway(OsmandOptions(port=0), door, CollectorRegistry())
            line.engine.add_outlet(gateway)
            await gateway.start()
            try:
                await call_for_help(line, gateway, broker.port, book)
            finally:
                await gateway.stop()
    finally:
        broker.stop()


async def call_for_help(line: Line, gateway: OsmandGateway, port: int, book: Registry) -> None:
    url = f"http://127.0.0.1:{gateway.port}/"
    place = spot(1, 1)
    report = {"id": "1", "lat": place.lat, "lon": place.lon, "timestamp": now_ms(), "token": "word"}
    async with aiohttp.ClientSession() as web, Radio(port, "unit/U02") as radio:
        await radio.say("fix", fix_at(1, 2), qos=0)
        await until(lambda: line.tracker.at_ms[1] > 0)
        for change, status in (({"token": "no"}, 403), ({"id": "9"}, 403), ({"id": ""}, 400)):
            async with web.get(url, params={**report, **change}) as refused:
                assert refused.status == status
        assert [one.identity for one in book.unknown.values()] == ["9"]
        async with web.post(url, data=report) as taken:
            assert taken.status == 200
        await until(lambda: line.tracker.at_ms[0] > 0)
        line.journal.stalled = True
        calling = web.post(url, data={**report, "alarm": "sos"})
        task = asyncio.ensure_future(calling.__aenter__())
        await until(lambda: line.journal.held)
        assert not task.done()
        line.journal.go_on()
        answer = await task
        assert answer.status == 200
        answer.close()
        order = await radio.hear("/order", action="order")
        ack = {"id": "a1", "t": now_ms(), "order": order["id"], "answer": "accepted"}
        await radio.say("ack", ack)
        await until(lambda: line.engine.board.orders[order["id"]].status.value == "accepted")
        assert len(line.engine.board.incidents) == 1
