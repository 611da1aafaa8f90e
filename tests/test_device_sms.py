"""SMS: captured units, damage, alphabets, and orders answered by text through a real centre."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import smpp34
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from dispatch.commands import CancelOrder
from dispatch.letters import OrderLetter
from dispatch.words import OrderStatus, ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Answered, Reading, Rejected, Reply, Understood
from gateways.devices.registry import Device, Protocol, Registry
from gateways.devices.sms import decode_line
from gateways.devices.sms.gateway import SmsGateway, SmsOptions, validity
from gateways.devices.sms.numbers import find_device
from gateways.devices.sms.pdu import (
    MAX_PDU,
    BadPduError,
    Command,
    Framer,
    Message,
    Pdu,
    Status,
    read_message,
)
from gateways.devices.sms.text import (
    MAX_PARTS,
    Joiner,
    id_forms,
    read_receipt,
    read_text,
    split_text,
    take_header,
)
from gateways.devices.sms.words import asks_help, code_of, read_answer
from tests.mqtt_lab import Device as Radio
from tests.mqtt_lab import Line, Mosquitto, fix_at, now_ms, until
from tests.smsc_lab import THROTTLED, Centre

ROWS = json.loads((Path(__file__).parent / "frames" / "sms.json").read_text())
UNITS = [row for row in ROWS if row["protocol"] == "smpp34"]
NUMBER = "8613800000001"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_reads_as_expected(row: dict[str, Any]) -> None:
    expect = row["expect"]
    readings = decode_line(row["hex"], None, 0)
    first = readings[0]
    if expect.get("need_more") or "error" in expect:
        assert isinstance(first, Rejected)
        assert first.reason == ("need_more" if expect.get("need_more") else "no_nul")
        return
    if "second" in expect:
        assert isinstance(first, Rejected)
        assert first.reason == "unknown_command"
        assert "0x110" in first.detail
        expect, first = expect["second"], readings[1]
    assert isinstance(first, Understood)
    told: dict[str, Any] = dict(first.header)
    (heard,) = first.heard
    if "text" in expect:
        assert heard.text == expect["text"]  # type: ignore[union-attr]  # a message has words
    if "timestamp" in expect:
        assert (told["centre"], told["offset_min"]) == (expect["smsc"], 120)
        assert heard.device == expect["sender"]
        assert told["sent_ms"] == 922_713_419_000
    tlvs = {key: told[f"tlv_{key}"] for key in expect.get("tlv", {})}
    assert tlvs == expect.get("tlv", {})
    for key in expect.keys() - {"tlv", "text", "timestamp", "smsc", "sender", "note"}:
        assert told[key] == expect[key]


def meaning(readings: list[Reading]) -> list[object]:
    return [one.heard for one in readings if isinstance(one, Understood)]


@pytest.mark.parametrize("row", UNITS, ids=lambda row: row["id"])
def test_a_unit_that_is_cut_short_is_rejected(row: dict[str, Any]) -> None:
    whole = meaning(decode_line(row["hex"], None, 0))
    for size in range(0, len(row["hex"]), 2):
        cut = decode_line(row["hex"][:size], None, 0)
        assert meaning(cut) == whole[: len(meaning(cut))]
        assert size == 34 or isinstance(cut[-1], Rejected)


@pytest.mark.parametrize("row", UNITS, ids=lambda row: row["id"])
def test_every_changed_byte_is_read_or_rejected(row: dict[str, Any]) -> None:
    whole = bytes.fromhex(row["hex"])
    for at in range(len(whole)):
        for other in {whole[at] ^ bit for bit in (1, 2, 64, 128)} | {0, 255}:
            raw = whole[:at] + bytes([other]) + whole[at + 1 :]
            readings = decode_line(raw.hex(), None, 0)
            assert readings
            for reading in readings:
                assert isinstance(reading, Understood | Rejected)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ROWS), st.data())
def test_any_damage_is_read_or_rejected(row: dict[str, Any], data: st.DataObject) -> None:
    raw = bytearray.fromhex(row["hex"])
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for reading in decode_line(cut.hex(), None, 0):
        assert isinstance(reading, Understood | Rejected)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_body_is_read_or_rejected(body: bytes) -> None:
    raw = Pdu(command=Command.DELIVER_SM, body=body).to_bytes()
    (reading,) = decode_line(raw.hex(), None, 0)
    assert isinstance(reading, Understood | Rejected)
    assert reading.reply


def test_a_stream_that_is_no_smpp_ends_and_holds_nothing() -> None:
    framer = Framer()
    assert framer.feed(b"GET / HTTP/1.1\r\n\r\n") == []
    assert framer.broken is not None
    slow = Framer()
    unit = Pdu(command=Command.DELIVER_SM, body=b"x" * 1000).to_bytes()
    assert [one for each in unit for one in slow.feed(bytes([each]))] == [unit]
    assert slow.pending == 0
    assert Framer().feed((MAX_PDU + 1).to_bytes(4) + bytes(20)) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400).filter(lambda text: text.isprintable()))
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    coding, esm_class, parts = split_text(text, 7)
    joiner, told = Joiner(), None
    for part in reversed(parts):
        assert len(part) <= 159 + (coding == 0)
        sent = Message(source="1", dest="2", data=part, esm_class=esm_class, coding=coding)
        peer = smpp34.decode(Pdu(command=Command.SUBMIT_SM, body=sent.to_body()).to_bytes())
        assert isinstance(peer, smpp34.SubmitSm)
        assert peer.short_message == part
        back = read_message(sent.to_body())
        assert back == sent
        told = joiner.take(take_header(back), 0)
    assert told is not None
    assert joiner.pending == 0
    heard = read_text(told, coding)
    assert heard == text if len(parts) < MAX_PARTS else text.startswith(heard)


def test_half_messages_are_bounded() -> None:
    joiner = Joiner()
    for at in range(5_000):
        head = bytes((6, 8, 4, at >> 8, at & 255, 2, 1))
        half = Message(source=str(at), dest="1", data=head + b"x", esm_class=0x40)
        assert joiner.take(take_header(half), at) is None
    assert joiner.pending <= 500
    with pytest.raises(BadPduError):
        joiner.take(take_header(message(bytes((5, 0, 3, 1, 200, 1)))), 0)
    with pytest.raises(BadPduError):
        take_header(message(bytes((5, 0, 3, 1, 2, 3))))


def message(data: bytes) -> Message:
    return Message(source="1", dest="1", data=data, esm_class=0x40)


def test_receipts_name_their_text_in_several_ways() -> None:
    text = Message(source="1", dest="2", data=b"id:0000000171 stat:DELIVRD err:000", esm_class=4)
    receipt = read_receipt(text)
    assert receipt is not None
    assert (receipt.ids, receipt.state) == (("0000000171",), "DELIVRD")
    assert {"ab", "171"} <= set(id_forms("171"))
    assert "171" in id_forms("AB")
    bare = Message(source="1", dest="2", data=b"", esm_class=4, tlvs={0x1E: b"ab\0", 0x427: b"\5"})
    told = read_receipt(bare)
    assert told is not None
    assert (told.ids, told.state) == (("ab",), "UNDELIV")


def test_answers_are_read_however_they_are_written() -> None:
    for text in ("1 12345", " 1,12345", "1：１２３４５", "接受 12345", "OK 12345.", "1#12345"):
        assert read_answer(text) == (Reply.ACCEPTED, "12345"), text
    assert read_answer("２ 12345") == (Reply.REFUSED, "12345")
    assert read_answer("拒绝") == (Reply.REFUSED, None)
    for text in ("3 12345", "12345", "1 12345 but late", "11 12345", "accept it", ""):
        assert read_answer(text) is None, text
    assert asks_help("SOS!")
    assert not asks_help("no sos")
    (heard,) = decode_line(deliver_hex("1 12345"), None, 0)
    assert isinstance(heard, Understood)
    assert isinstance(heard.heard[0], Answered)
    assert code_of(b"k", "I1-1", "+86") != code_of(b"k", "I1-2", "+86")
    assert validity(90_000) == "000000235959000R"


def deliver_hex(text: str) -> str:
    body = Message(source="1", dest="2", data=text.encode()).to_body()
    return Pdu(command=Command.DELIVER_SM, sequence=1, body=body).to_bytes().hex()


def phone(identity: str = f"+{NUMBER}", model: str | None = None, unit: str = "U01") -> Device:
    return Device(
        protocol=Protocol.SMS,
        identity=identity,
        kind=ResponderKind.UNIT,
        responder=ResponderId(unit),
        model=model,
    )


def test_one_subscriber_is_written_in_several_ways(tmp_path: Path) -> None:
    for at, identity in enumerate((f"+{NUMBER}", NUMBER, "13800000001")):
        book = Registry(tmp_path / f"{at}.json")
        book.put(phone(identity))
        for number in (f"+{NUMBER}", NUMBER, f"00{NUMBER}", "13800000001"):
            assert find_device(book, number, "86") is not None, (identity, number)
        assert find_device(book, "13800000002", "86") is None


class Town:
    """The small town with one telephone on a centre, and a radio that raises alarms."""

    def __init__(self, line: Line, centre: Centre, radio: Radio, book: Registry) -> None:
        self.line, self.centre, self.radio, self.book = line, centre, radio, book

    async def order(self) -> Any:
        await self.radio.press(type="dispute")
        return await self.wait_order()

    async def wait_order(self) -> Any:
        board = self.line.engine.board
        await until(lambda: [one for one in board.orders.values() if one.responder == "U01"])
        return next(one for one in board.orders.values() if one.responder == "U01")

    def status(self, order: Any) -> OrderStatus:
        return self.line.engine.board.orders[order.id].status


@asynccontextmanager
async def town(folder: Path, model: str | None = "only", **options: Any) -> AsyncIterator[Town]:
    broker = Mosquitto(folder)
    try:
        async with Line(folder, broker.port) as line, Centre() as centre:
            book = Registry(folder / "devices.json")
            book.put(phone(model=model))
            door = DeviceDoor(line.engine, line.tracker, book, line.registry)
            given = {"port": centre.port, "password": "word", "per_s": 500.0, **options}
            gateway = SmsGateway(SmsOptions(**given), door, CollectorRegistry())
            line.engine.add_outlet(gateway)
            await gateway.start()
            try:
                async with (
                    Radio(broker.port, "post/P001") as radio,
                    Radio(broker.port, "unit/U01") as car,
                ):
                    await car.say("fix", fix_at(1, 2), qos=0)
                    await until(lambda: line.tracker.at_ms[0] > 0)
                    yield Town(line, centre, radio, book)
            finally:
                await gateway.stop()
    finally:
        broker.stop()


async def test_an_order_is_delivered_and_accepted_once_by_its_code(tmp_path: Path) -> None:
    async with town(tmp_path) as lab:
        order = await lab.order()
        code = await lab.centre.code()
        told = lab.centre.words()
        assert order.incident in told
        assert "纠纷" in told
        assert all(one.registered_delivery == 1 for one in lab.centre.texts)
        for at in range(len(lab.centre.texts)):
            assert lab.status(order) is OrderStatus.ISSUED
            assert await lab.centre.receipt(at) == 0
        await until(lambda: lab.status(order) is OrderStatus.DELIVERED)
        await lab.centre.say(NUMBER, "1 00000" if code != "00000" else "1 00001")
        await lab.centre.say(NUMBER, "1")
        await lab.centre.say("8613900000009", f"1 {code}")
        await until(lambda: lab.book.unknown)
        assert lab.status(order) is OrderStatus.DELIVERED
        await lab.centre.say(NUMBER, f"1 {code}")
        assert lab.status(order) is OrderStatus.ACCEPTED
        await lab.centre.hear(lambda told: "已记录：接受" in told)
        await lab.centre.say(NUMBER, f"2 {code}")
        assert lab.status(order) is OrderStatus.ACCEPTED
        assert [one.identity for one in lab.book.unknown.values()] == ["+8613900000009"]


async def test_an_answer_is_answered_only_when_it_is_durable(tmp_path: Path) -> None:
    async with town(tmp_path, model="only,en") as lab:
        await lab.order()
        code = await lab.centre.code()
        assert "Reply '1" in lab.centre.words()
        lab.line.journal.stalled = True
        said = asyncio.ensure_future(lab.centre.say(NUMBER, f"2 {code}"))
        await until(lambda: lab.line.journal.held)
        assert not said.done()
        lab.line.journal.go_on()
        assert await said == 0
        assert lab.line.figure("street110_device_frames_total", protocol="sms", result="understood")


async def test_who_confirms_otherwise_gets_no_text(tmp_path: Path) -> None:
    async with town(tmp_path, model=None, after_s=0.3) as lab:
        order = await lab.order()
        command = {"id": "a1", "t": now_ms(), "order": order.id, "answer": "delivered"}
        await lab.radio.publish("unit/U01/ack", command)
        await until(lambda: lab.status(order) is OrderStatus.DELIVERED)
        await lab.centre.say(NUMBER, "在路上了")
        await lab.centre.hear(lambda told: "已转给指挥员" in told)
        await asyncio.sleep(0.4)
        assert "回复“1" not in lab.centre.words()


async def test_who_confirms_nothing_gets_a_text_after_a_while(tmp_path: Path) -> None:
    async with town(tmp_path, model=None, after_s=0.2) as lab:
        await lab.order()
        assert await lab.centre.code()


async def test_a_busy_centre_and_one_that_went_away_get_the_text_later(tmp_path: Path) -> None:
    async with town(tmp_path) as lab:
        await until(lambda: lab.centre.binds)
        lab.centre.refusals = [THROTTLED]
        order = await lab.order()
        assert await lab.centre.code()
        assert not lab.centre.refusals
        await lab.centre.leave()
        await until(lambda: lab.centre.binds > 1)
        await lab.centre.say(NUMBER, f"1 {await lab.centre.code()}")
        assert lab.status(order) is OrderStatus.ACCEPTED


async def test_a_text_for_help_and_a_robbery_are_alarms(tmp_path: Path) -> None:
    async with town(tmp_path) as lab:
        for text in ("SOS", "中山路有人抢劫"):
            assert await lab.centre.say(NUMBER, text) == 0
            assert await lab.centre.say(NUMBER, text) == 0
        types = [one.type for one in lab.line.engine.board.alarms.values()]
        assert sorted(types) == ["panic", "robbery"]
        assert await lab.centre.deliver(NUMBER, b"odd", data_coding=8) != Status.OK


async def test_a_recall_follows_an_order_that_was_sent_and_is_confirmed(tmp_path: Path) -> None:
    async with town(tmp_path) as lab:
        order = await lab.order()
        await lab.centre.code()
        engine = lab.line.engine
        # Only who is known to have had the order can confirm that it was taken back.
        assert await lab.centre.receipt(0) == 0
        await until(lambda: engine.board.orders[order.id].shown)
        cancel = CancelOrder(id="c1", order=order.id, reason="false alarm")
        await engine.submit(cancel, "operator")
        await lab.centre.hear(lambda told: "指令撤回" in told)
        assert order.id in engine.board.owed
        last = len(lab.centre.texts) - 1
        assert await lab.centre.receipt(last) == 0
        await until(lambda: order.id not in engine.board.owed)


async def test_a_text_that_was_lost_is_sent_when_the_order_is_repeated(tmp_path: Path) -> None:
    async with town(tmp_path) as lab:
        order = await lab.order()
        code = await lab.centre.code()
        first = len(lab.centre.texts)
        letter = OrderLetter(order=lab.line.engine.board.orders[order.id])
        lab.line.engine.send_again([letter])
        assert await lab.centre.receipt(0, "UNDELIV") == 0
        assert len(lab.centre.texts) == first
        lab.line.engine.send_again([letter])
        assert f"1 {code}" in await lab.centre.hear(lambda told: f"2 {code}" in told, first)


async def test_guessing_codes_is_stopped(tmp_path: Path) -> None:
    async with town(tmp_path) as lab:
        order = await lab.order()
        code = await lab.centre.code()
        for at in range(5):
            await lab.centre.say(NUMBER, f"1 {(int(code) + 1 + at) % 100_000:05}")
        await lab.centre.say(NUMBER, f"1 {code}")
        assert lab.status(order) is OrderStatus.ISSUED
        figure = "street110_device_frames_total"
        assert lab.line.figure(figure, protocol="sms", result="wrong_code") == 5
        assert lab.line.figure(figure, protocol="sms", result="locked") == 1
