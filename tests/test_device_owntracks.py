"""OwnTracks: every captured message, damage, and real phones over broker and HTTP."""

import base64
import json
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.secret import SecretBox
from prometheus_client import CollectorRegistry

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Fix, Rejected, Said, Understood
from gateways.devices.owntracks import decode_line
from gateways.devices.owntracks.gateway import OwntracksGateway, OwntracksOptions
from gateways.devices.registry import Device, Protocol, Registry
from tests.mqtt_lab import Device as Radio
from tests.mqtt_lab import Line, Mosquitto, now_ms, until
from tests.world import spot

ROWS = json.loads((Path(__file__).parent / "frames" / "owntracks.json").read_text())
NOW_MS = 1_790_000_000_000
SECRET = "s3cretkey"  # noqa: S105 - a test's


def phone(secret: str | None = None) -> Device:
    return Device(
        protocol=Protocol.OWNTRACKS,
        identity="greg/phone",
        kind=ResponderKind.UNIT,
        responder=ResponderId("U01"),
        secret=secret,
    )


def line_of(row: dict[str, Any]) -> str:
    return f"{row['topic']} {row['text']}" if row["topic"] else row["text"]


def one_of(row: dict[str, Any], device: Device) -> object:
    (reading,) = decode_line(line_of(row), device, NOW_MS)
    assert isinstance(reading, Understood), reading
    return reading.heard[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_reads_as_expected(row: dict[str, Any]) -> None:
    expect = row["expect"]
    heard = one_of(row, phone(SECRET if expect.get("kind") == "encrypted" else None))
    if row["id"] == "ha-loc-inacc":
        assert isinstance(heard, Fix)
        assert not heard.valid
        return
    if expect.get("kind") in {"position", "encrypted"}:
        wanted = expect.get("plaintext", expect)
        assert isinstance(heard, Fix)
        assert heard.valid
        assert (heard.lat, heard.lon) == (wanted["lat"], wanted["lon"])
        for name, key in (("accuracy_m", "acc"), ("battery_pct", "batt"), ("altitude_m", "alt")):
            if name in wanted or key in wanted:
                assert getattr(heard, name) == wanted.get(name, wanted.get(key))
        if "speed_kmh" in wanted:
            kmh = wanted["speed_kmh"]
            assert heard.speed_mps == (None if kmh is None else pytest.approx(kmh / 3.6))
        if "course" in wanted:
            assert heard.heading_deg == wanted["course"]
        return
    assert isinstance(heard, Said)
    assert heard.what == expect.get("kind", "empty")
    for key in ("event", "region", "trigger", "rid", "desc", "lat", "lon", "radius_m", "action"):
        if key in expect:
            assert heard.extra[key] == expect[key]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_message_cut_short_is_rejected(row: dict[str, Any]) -> None:
    for size in range(1, len(row["text"])):
        (reading,) = decode_line(row["text"][:size], phone(SECRET), NOW_MS)
        assert isinstance(reading, Rejected), row["text"][:size]


def test_no_changed_byte_passes_encryption() -> None:
    text = next(row["text"] for row in ROWS if row["id"] == "enc-0").encode()
    whole = decode_line(text, phone(SECRET), NOW_MS)
    for at in range(len(text)):
        for flip in (1, 0x20, 0x80):
            damaged = text[:at] + bytes([text[at] ^ flip]) + text[at + 1 :]
            (reading,) = decode_line(damaged, phone(SECRET), NOW_MS)
            assert isinstance(reading, Rejected) or [reading] == whole


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ROWS), st.data())
def test_any_damage_is_read_or_rejected(row: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray(line_of(row).encode())
    for _ in range(data.draw(st.integers(0, 3)) if raw else 0):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for reading in decode_line(bytes(raw), phone(), NOW_MS):
        assert isinstance(reading, Understood | Rejected)


def test_a_phone_with_a_passphrase_is_not_heard_in_plain() -> None:
    (reading,) = decode_line('{"_type":"location","lat":1,"lon":2}', phone(SECRET), NOW_MS)
    assert isinstance(reading, Rejected)
    assert reading.reason == "plain"


async def test_phones_on_broker_and_http_are_positions_orders_go_by_the_radio(
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path)
    try:
        async with Line(tmp_path, broker.port) as line:
            await follow(line, broker.port, tmp_path)
    finally:
        broker.stop()


async def follow(line: Line, port: int, folder: Path) -> None:
    book = Registry(folder / "devices.json")
    book.put(phone(SECRET))
    second = msgspec.structs.replace(phone("pass"), identity="ann/phone", responder="U02")
    book.put(second)
    door = DeviceDoor(line.engine, line.tracker, book, line.registry)
    link = msgspec.structs.replace(line.options, client_id="engine-owntracks")
    gateway = OwntracksGateway(OwntracksOptions(broker=link, port=0), door, CollectorRegistry())
    line.engine.add_outlet(gateway)
    await gateway.start()
    try:
        await gateway.wait_up()
        await talk(line, gateway, port, book)
    finally:
        await gateway.stop()


async def talk(line: Line, gateway: OwntracksGateway, port: int, book: Registry) -> None:
    place = spot(1, 1)
    body = {"_type": "location", "lat": place.lat, "lon": place.lon, "tst": now_ms() // 1000}
    key = SECRET.encode().ljust(32, b"\0")
    hidden = base64.b64encode(SecretBox(key).encrypt(json.dumps(body).encode())).decode()
    async with aiomqtt.Client("127.0.0.1", port) as client, Radio(port, "unit/U01") as radio:
        await client.subscribe("owntracks/greg/phone/cmd", qos=1)
        await client.publish("owntracks/eve/phone", json.dumps(body), qos=1)
        sent = {"_type": "encrypted", "data": hidden}
        await client.publish("owntracks/greg/phone", json.dumps(sent), qos=1)
        await until(lambda: line.tracker.at_ms[0] > 0)
        assert [one.identity for one in book.unknown.values()] == ["eve/phone"]
        async with Radio(port, "post/P001") as post:
            await post.press(type="panic")
            order = await radio.hear("/order", action="order")
            asked = await anext(aiter(client.messages))
            assert json.loads(bytes(asked.payload))["action"] == "reportLocation"
            answer = {"id": "a1", "t": now_ms(), "order": order["id"], "answer": "accepted"}
            await radio.say("ack", answer)
            await until(lambda: line.engine.board.orders[order["id"]].status.value == "accepted")
    url = f"http://127.0.0.1:{gateway.port}/pub"
    names = {"X-Limit-U": "ann", "X-Limit-D": "phone"}
    async with aiohttp.ClientSession() as web:
        async with web.post(url, json=body, headers=names) as refused:
            assert refused.status == 403
        login = {**names, "Authorization": aiohttp.encode_basic_auth("ann", "pass")}
        async with web.post(url, json=body, headers=login) as taken:
            assert taken.status == 200
            assert isinstance(await taken.json(), list)
        async with web.post(url, json=body) as nameless:
            assert nameless.status == 400
    await until(lambda: line.tracker.at_ms[1] > 0)
