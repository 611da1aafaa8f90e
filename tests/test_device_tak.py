"""TAK: every captured event, damage, streams, and pytak clients from alert to acceptance."""

import asyncio
import json
import tracemalloc
from configparser import ConfigParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytak
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from dispatch.words import OrderStatus, ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Alarm, AlarmState, Answered, Fix, Rejected, Said, Understood
from gateways.devices.registry import Device, Protocol, Registry
from gateways.devices.tak import decode_line
from gateways.devices.tak.codec import decode
from gateways.devices.tak.cot import MAX_EVENT, read_time, write_time
from gateways.devices.tak.encode import accept_protobuf, as_protobuf, chat
from gateways.devices.tak.framing import Framer
from gateways.devices.tak.gateway import TakGateway, TakOptions
from tests.mqtt_lab import Line, Mosquitto, now_ms, until
from tests.world import spot

ROWS = json.loads((Path(__file__).parent / "frames" / "cot.json").read_text())
NOW_MS = 1_790_000_000_000
REFUSED = {"nodecot-cli-0": "no_type", "hostile-doctype": "dtd"}


def raw_of(row: dict[str, Any]) -> bytes:
    return bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_reads_as_expected(row: dict[str, Any]) -> None:
    reading = decode(raw_of(row), NOW_MS)
    if row["id"] in REFUSED:
        assert isinstance(reading, Rejected)
        assert reading.reason == REFUSED[row["id"]]
        return
    assert isinstance(reading, Understood)
    expect = row["expect"]
    for key in ("uid", "type", "how"):
        if key in expect:
            assert reading.header[key] == expect[key]
    if "callsign" in expect:
        assert (reading.header["callsign"] or None) == (expect["callsign"] or None)
    for key in ("time", "start", "stale"):
        wanted = read_time(expect.get(key)) or expect.get(
            {"time": "sendTime_ms"}.get(key, f"{key}Time_ms")
        )
        if wanted is not None:
            assert reading.header[f"{key}_ms"] == wanted
    check_heard(reading.heard[0], expect)


def check_heard(one: object, expect: dict[str, Any]) -> None:
    if isinstance(one, Fix) and one.valid and "lat" in expect:
        assert (one.lat, one.lon) == (expect["lat"], expect["lon"])
        assert one.speed_mps in (expect.get("speed", one.speed_mps), None)
        assert one.heading_deg in (expect.get("course", one.heading_deg), None)
    if isinstance(one, Alarm):
        assert one.place is not None
        assert (one.place.lat, one.place.lon) == (expect["lat"], expect["lon"])
        cancelled = expect["type"] == "b-a-o-can"
        assert one.state is (AlarmState.RESTORED if cancelled else AlarmState.RAISED)
    if isinstance(one, Said) and "chat" in expect:
        assert one.text == expect["remarks"]
    if expect.get("type") == "b-t-f-d":
        assert isinstance(one, Answered)
        assert one.of == "f77dae64-3573-4dae-8447-c0c7a0219d7a"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_an_event_cut_short_is_rejected(row: dict[str, Any]) -> None:
    raw = raw_of(row).rstrip()
    end = len(raw) - (0 if "hex" not in row else 1)
    for size in range(1, end, 1 if len(raw) < 1200 else 7):
        reading = decode(raw[:size], NOW_MS)
        if "hex" in row and raw[:3] == b"\xbf\x01\xbf":
            # A mesh datagram bears no length: cut between fields it is whole, but says less.
            assert isinstance(reading, Understood | Rejected)
        else:
            assert isinstance(reading, Rejected)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ROWS), st.data())
def test_any_damage_is_read_or_rejected(row: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray(raw_of(row))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode(bytes(raw), NOW_MS), Understood | Rejected)
    for reading in decode_line(bytes(raw), None, NOW_MS):
        assert isinstance(reading, Understood | Rejected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.booleans())
def test_a_stream_is_cut_the_same_wherever_it_is_split(cuts: list[int], protobuf: bool) -> None:
    events = [chat(f"m{n}", "去 A 街", ("uid", "call"), NOW_MS, NOW_MS) for n in range(4)]
    wire = [as_protobuf(one) if protobuf else one for one in events]
    stream, framer, frames, at = (b"" if protobuf else b"\n").join(wire), Framer(), [], 0
    for size in [*cuts, len(stream)]:
        frames += framer.feed(stream[at : at + size])
        at += size
    frames += framer.feed(stream[at:])
    assert frames == wire


def test_an_endless_stream_costs_no_more_than_one_event() -> None:
    framer = Framer()
    tracemalloc.start()
    for _ in range(400):
        framer.feed(b"<event " + b"x" * 4096)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert framer.broken is not None
    assert peak < 4 * MAX_EVENT
    for start in (b"GET / HTTP/1.1", b"\xbf\xff\xff\xff\xff\xff"):
        other = Framer()
        assert other.feed(start) == []
        assert other.broken is not None


def event(uid: str, kind: str, more: str = "", at: tuple[int, int] = (1, 1)) -> bytes:
    place, now = spot(*at), now_ms()
    whole = Element("event", version="2.0", uid=uid, type=kind, how="m-g")
    whole.attrib |= {"time": write_time(now), "start": write_time(now)}
    whole.attrib["stale"] = write_time(now + 60_000)
    SubElement(whole, "point", lat=str(place.lat), lon=str(place.lon), hae="0", ce="5", le="5")
    whole.append(fromstring(f"<detail>{more}</detail>"))  # noqa: S314 - the test's own text
    return bytes(tostring(whole))


class Phone:
    """A pytak client: its transport, its workers and its queues."""

    def __init__(self, port: int, uid: str) -> None:
        parser = ConfigParser()
        parser["tak"] = {"COT_URL": f"tcp://127.0.0.1:{port}", "TAK_PROTO": "0"}
        self.config = parser["tak"]
        self.uid = uid
        self.out: asyncio.Queue[bytes] = asyncio.Queue()
        self.got: asyncio.Queue[bytes] = asyncio.Queue()
        self.tasks: list[asyncio.Task[None]] = []

    async def join(self) -> None:
        reader, self.writer = await pytak.protocol_factory(self.config)
        workers = (
            pytak.TXWorker(self.out, self.config, self.writer),
            pytak.RXWorker(self.got, self.config, reader),
        )
        self.tasks = [asyncio.create_task(worker.run()) for worker in workers]

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.writer.close()

    async def say(self, kind: str, more: str = "", at: tuple[int, int] = (1, 1)) -> None:
        uid = f"{self.uid}-9-1-1" if kind.startswith("b-a") else self.uid
        await self.out.put(event(uid, kind, more, at))

    async def hear(self, kind: str) -> Element:
        async with asyncio.timeout(15):
            while True:
                found = fromstring(await self.got.get())  # noqa: S314 - from our own gateway
                if found.get("type") == kind:
                    return found


async def test_an_alert_becomes_an_order_that_is_received_and_accepted(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    try:
        async with Line(tmp_path, broker.port) as line:
            book = Registry(tmp_path / "devices.json")
            for uid, unit in (("ANDROID-1", "U01"), ("ANDROID-2", "U02")):
                responder = ResponderId(unit)
                book.put(
                    Device(
                        protocol=Protocol.TAK,
                        identity=uid,
                        kind=ResponderKind.UNIT,
                        responder=responder,
                    )
                )
            door = DeviceDoor(line.engine, line.tracker, book, line.registry)
            views = line.engine.views.positions
            gateway = TakGateway(TakOptions(port=0), door, CollectorRegistry(), views)
            line.engine.add_outlet(gateway)
            await gateway.start()
            try:
                await alert(line, gateway, book)
            finally:
                await gateway.stop()
    finally:
        broker.stop()


async def alert(line: Line, gateway: TakGateway, book: Registry) -> None:
    first, second, stranger = (Phone(gateway.port, uid) for uid in ("ANDROID-1", "ANDROID-2", "X"))
    for each in (first, second, stranger):
        await each.join()
    try:
        await stranger.say("a-f-G-U-C")
        await until(lambda: [one.identity for one in book.unknown.values()] == ["X"])
        await first.say("a-f-G-U-C", '<contact callsign="A"/>', (1, 1))
        await second.say("a-f-G-U-C", '<contact callsign="B"/>', (1, 2))
        await until(lambda: min(line.tracker.at_ms[:2]) > 0)
        who = f'<link uid="{first.uid}" type="a-f-G-U-C" relation="p-p"/>'
        for _ in range(3):
            await first.say("b-a-o-tbl", who + '<emergency type="911 Alert">A</emergency>')
        told = await second.hear("b-t-f")
        order_id = told.find("detail/__chat").get("messageId")  # type: ignore[union-attr]
        assert "1" in told.findtext("detail/remarks", "")
        orders = line.engine.board.orders
        back = f'<link uid="{second.uid}" type="a-f-G-U-C" relation="p-p"/>'
        await second.say("b-t-f-d", f'<__chatreceipt messageId="{order_id}"/>{back}')
        await until(lambda: orders[order_id].status is OrderStatus.DELIVERED)
        await second.say("b-t-f", f"{back}<remarks>接受</remarks>")
        await until(lambda: orders[order_id].status is OrderStatus.ACCEPTED)
        assert len(line.engine.board.incidents) == 1
    finally:
        for each in (first, second, stranger):
            await each.leave()


def test_protobuf_is_agreed_to_in_version_one_only() -> None:
    for version, agreed in (("1", True), ("2", False)):
        more = f'<TakControl><TakRequest version="{version}"/></TakControl>'
        reading = decode(event("u", "t-x-takp-q", more), NOW_MS)
        assert isinstance(reading, Understood)
        assert reading.reply == accept_protobuf(NOW_MS, agreed=agreed)
