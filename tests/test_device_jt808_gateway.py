"""JT/T 808 terminals against a real engine: registered, proved, pressed, ordered, arrived."""

import asyncio
import sys
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from typer.testing import CliRunner

from dispatch.commands import CallMany, CancelOrder
from dispatch.district_file import load_district
from dispatch.letters import NoticeLetter
from dispatch.model import Notice
from dispatch.words import CallKind, NoticeId, OrderStatus, ResponderId, ResponderKind
from gateways.devices.jt808.frame import Frame
from gateways.devices.jt808.link import MOST_WAITING, TcpLink
from gateways.devices.jt808.parts import ASKS, MOST_BYTES, MOST_OPEN, MOST_PARTS, Parts
from gateways.devices.registry import Protocol, Registry
from geo.types import Point
from street110.cli import app
from street110.device_books import book_of
from tests.jt808_lab import CODE, Scripted, Served, location, near
from tests.mqtt_lab import free_port, now_ms, until
from tests.test_device_registry_serve import DISTRICT, START_S, answers

SOS = 1
PHONE, OTHER = "13800138001", "13800138002"


@pytest.mark.parametrize("is_2019", [False, True])
async def test_a_terminal_from_registration_to_arrival(tmp_path: Path, is_2019: bool) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        town.enrol(OTHER, "U02")
        caller = await Scripted(PHONE, is_2019=is_2019).connect(town.gateway.port)
        code = await caller.register()
        assert code == CODE.encode()
        assert await caller.prove(code) == 0
        sent = await Scripted(OTHER, is_2019=is_2019).begin(town.gateway.port)
        assert await sent.answered(sent.say(0x0002)) == 0
        assert await sent.answered(sent.say(0x0200, location(near(2)))) == 0
        assert await caller.answered(caller.say(0x0200, location(near(1), alarm=SOS))) == 0
        confirmed = await caller.told(0x8203)
        assert confirmed.body == caller.serial.to_bytes(2) + SOS.to_bytes(4)
        question = await sent.told(0x8302)
        board = town.engine.board
        (order,) = [one for one in board.orders.values() if one.responder == "U02"]
        text = (await sent.told(0x8300)).body
        assert text[0] == 0b1101, "urgent, shown, read aloud"
        assert f"[{order.id}]" in text[2 if is_2019 else 1 :].decode("gbk")
        assert question.body[2 : 2 + question.body[1]].decode("gbk").startswith(f"[{order.id}]")
        assert question.body.endswith(
            b"\x01\x00\x04" + "接受".encode("gbk") + b"\x02\x00\x04" + "拒绝".encode("gbk")
        )
        sent.say(0x0001, question.serial.to_bytes(2) + b"\x83\x02\x00")
        await until(lambda: board.orders[order.id].status is OrderStatus.DELIVERED)
        tracking = await sent.told(0x8202)
        assert tracking.body == (5).to_bytes(2) + (1800).to_bytes(4)
        sent.say(0x0302, question.serial.to_bytes(2) + b"\x01")
        await until(lambda: board.orders[order.id].status is OrderStatus.ACCEPTED)
        # A terminal's clock has whole seconds; the position must be newer than the acceptance.
        sent.say(0x0200, location(order.place, at_ms=now_ms() + 1_000))
        await until(lambda: board.orders[order.id].status is OrderStatus.ON_SCENE)
        await caller.hang_up()
        await sent.hang_up()


async def test_a_stranger_is_told_so_listed_and_let_go(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        stranger = await Scripted(PHONE).connect(town.gateway.port)
        stranger.say(0x0100, b"\0" * 40)
        assert (await stranger.told(0x8100)).body == b"\x00\x01\x04", "no such terminal, no code"
        async with asyncio.timeout(5):
            await stranger.closed.wait()
        await stranger.hang_up()
        await stranger.connect(town.gateway.port)
        assert await stranger.answered(stranger.say(0x0200, location(near(1), alarm=SOS))) == 1
        await stranger.hang_up()
        (unknown,) = town.book.unknown.values()
        assert (unknown.identity, unknown.peer, unknown.times) == (PHONE, "127.0.0.1", 2)
        assert (town.incidents, town.figure("refused")) == (0, 2)


async def test_who_has_not_proved_itself_is_not_heard(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        thief = await Scripted(PHONE).connect(town.gateway.port)
        assert await thief.answered(thief.say(0x0200, location(near(1), alarm=SOS))) == 1
        for _ in range(3):
            assert await thief.prove(b"guess") == 1
        thief.say(0x0102, b"guess")
        async with asyncio.timeout(5):
            await thief.closed.wait()
        await thief.hang_up()
        assert (town.incidents, town.figure("wrong_code"), town.figure("unproved")) == (0, 4, 1)
        assert town.engine.views.positions.get(0) is None


async def test_without_a_code_the_number_alone_serves(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01", secret=None)
        terminal = await Scripted(PHONE).connect(town.gateway.port)
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 0
        assert town.incidents == 1
        await terminal.hang_up()


@pytest.mark.parametrize("code", ["4711", "x" * 250, "鉴权码"])
async def test_a_code_comes_back_as_it_was_given(tmp_path: Path, code: str) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01", secret=code)
        for is_2019 in (False, True):
            terminal = await Scripted(PHONE, is_2019=is_2019).connect(town.gateway.port)
            given = await terminal.register()
            assert given == code.encode("gbk")
            assert await terminal.prove(given) == 0
            await terminal.hang_up()


def test_a_terminal_is_enrolled_with_all_it_needs(tmp_path: Path) -> None:
    words = ["device", "add", "jt808", "013800138001", "unit", "U01", "--make-secret"]
    more = ["--model", "G10LS", "--utc-offset", "0", "--datum", "gcj02", "--state", str(tmp_path)]
    added = CliRunner().invoke(app, [*words, *more])
    assert added.exit_code == 0, added.output
    code = added.output.split("secret ")[1].strip()
    assert len(code) == 16
    device = Registry(book_of(tmp_path)).find(Protocol.JT808, PHONE)
    assert device is not None
    assert (device.secret, device.model, device.utc_offset_min) == (code, "G10LS", 0)
    listed = CliRunner().invoke(app, ["device", "list", "jt808", "--state", str(tmp_path)]).output
    assert "jt808 013800138001 unit U01 secret gcj02 utc+0min model=G10LS" in listed


async def test_codes_can_be_handed_over_another_way(tmp_path: Path) -> None:
    async with Served(tmp_path, hands_out_codes=False) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).connect(town.gateway.port)
        terminal.say(0x0100, b"\0" * 40)
        assert (await terminal.told(0x8100)).body[2:] == b"\x03", "registered already, no code"
        assert await terminal.prove(CODE.encode()) == 0
        await terminal.hang_up()


async def test_a_press_is_one_alarm_however_often_it_is_sent(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        alarms = town.engine.board.alarms
        first = terminal.frame(0x0200, location(near(1), alarm=SOS))
        terminal.write(first)
        assert await terminal.answered(terminal.serial) == 0
        terminal.write(first)
        await until(lambda: len(terminal.list_of(0x8001)) == 3)
        held = [terminal.say(0x0200, location(near(1), alarm=SOS)) for _ in range(5)]
        assert [await terminal.answered(one) for one in held] == [4] * 5, "confirmed"
        assert len(alarms) == 1
        assert len(terminal.list_of(0x8203)) == 1
        assert await terminal.answered(terminal.say(0x0200, location(near(1)))) == 0
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 0
        assert len(alarms) == 2
        await terminal.hang_up()


async def test_nothing_is_answered_before_it_is_durable(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        town.journal.stalled = True
        press = [terminal.say(0x0200, location(near(1), alarm=SOS)) for _ in range(2)]
        assert await terminal.answered(terminal.say(0x0002)) == 0
        await until(lambda: town.journal.held)
        assert [terminal.result_of(one) for one in press] == [None, None]
        assert not terminal.list_of(0x8203)
        town.journal.go_on()
        assert await terminal.answered(press[0]) == 0
        await terminal.told(0x8203)
        assert len(town.engine.board.alarms) == 1
        await terminal.hang_up()


def batch(kind: int, *items: bytes) -> bytes:
    body = len(items).to_bytes(2) + bytes([kind])
    return body + b"".join(len(item).to_bytes(2) + item for item in items)


async def test_what_comes_late_is_history(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        fresh, old_ms = now_ms(), now_ms() - 3_600_000
        pressed = location(near(1), alarm=SOS)
        late = [
            (0x0704, batch(1, pressed, location(near(1)))),
            (0x0200, location(near(1), alarm=SOS, at_ms=old_ms)),
            (0x0704, batch(0, location(near(1), alarm=SOS, at_ms=old_ms))),
        ]
        for msg, body in late:
            assert await terminal.answered(terminal.say(msg, body)) == 0
        assert await terminal.answered(terminal.say(0x0200, location(near(1)))) == 0
        minute = location(near(1), alarm=SOS, at_ms=fresh - 60_000)
        assert await terminal.answered(terminal.say(0x0704, batch(0, minute))) == 0
        assert town.incidents == 0, "a later position has said that the button is up"
        assert await terminal.answered(terminal.say(0x0704, batch(0, pressed))) == 0
        assert town.incidents == 1, "a batch of positions of now is not backlog"
        await terminal.hang_up()


async def test_a_clock_that_was_never_set_does_not_silence_the_button(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "P001")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        unset = location(near(1), alarm=SOS, status=0, at_ms=946_684_800_000)
        assert await terminal.answered(terminal.say(0x0200, unset)) == 0
        (alarm,) = town.engine.board.alarms.values()
        assert (alarm.source, alarm.place_from) == ("P001", "post")
        await terminal.hang_up()


@pytest.mark.parametrize("is_2019", [False, True])
async def test_missing_parts_are_asked_for(tmp_path: Path, is_2019: bool) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE, is_2019=is_2019).begin(town.gateway.port)
        body = batch(0, *[location(near(1)) for _ in range(5)], location(near(1), alarm=SOS))
        pieces = [body[at : at + 60] for at in range(0, len(body), 60)]
        first = terminal.serial + 1
        frames = [
            terminal.frame(0x0704, piece, (len(pieces), number))
            for number, piece in enumerate(pieces, 1)
        ]
        for place in (0, 3, 2):
            terminal.write(frames[place])
        assert len(pieces) == 4
        asked = await terminal.told(0x8003)
        count = b"\x00\x02" if is_2019 else b"\x02"
        assert asked.body == first.to_bytes(2) + count + b"\x00\x02\x00\x03"
        terminal.write(frames[1])
        await until(lambda: town.incidents == 1)
        assert await terminal.answered(first + 1) == 0
        assert (len(town.gateway.talk.parts), town.gateway.talk.parts.size) == (0, 0)
        await terminal.hang_up()


def test_half_open_messages_have_a_limit() -> None:
    parts = Parts()
    body = b"\0" * 1000
    for number in range(100_000):
        frame = Frame(
            msg=0x0704, attributes=0, phone=b"", serial=number & 0xFFFF, body=body, total=60
        )
        assert parts.take(f"t{number % 9_000}", frame, number) is None
    assert len(parts) <= MOST_OPEN
    assert parts.size <= MOST_BYTES
    for _ in range(ASKS + 1):
        for identity, msg in parts.list_silent(10**9):
            parts.ask(identity, msg, 0)
    assert (len(parts), parts.size) == (0, 0), "asked in vain, then forgotten"
    too_many = Frame(msg=0x0704, attributes=0, phone=b"", serial=1, body=b"", total=MOST_PARTS + 1)
    assert parts.take("t", too_many, 0) is None
    assert len(parts) == 0


async def test_frames_may_be_cut_anywhere_and_come_together(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        for byte in b"junk" + terminal.frame(0x0200, location(near(1))):
            terminal.write(bytes([byte]))
            await asyncio.sleep(0)
        assert await terminal.answered(terminal.serial) == 0
        burst = [terminal.frame(0x0002) for _ in range(500)]
        terminal.write(b"".join(burst))
        await until(lambda: terminal.result_of(terminal.serial) == 0)
        assert len(terminal.list_of(0x8001)) == 502
        await terminal.hang_up()


async def test_a_terminal_over_udp(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        town.enrol(OTHER, "U02", secret=None)
        port = town.gateway.port
        other = await Scripted(OTHER).connect_udp(port)
        assert await other.answered(other.say(0x0200, location(near(2)))) == 0
        terminal = await Scripted(PHONE).connect_udp(port)
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 1
        assert town.incidents == 0
        assert await terminal.prove(await terminal.register()) == 0
        assert await terminal.answered(terminal.say(0x0200, location(near(1), alarm=SOS))) == 0
        await terminal.told(0x8203)
        question = await other.told(0x8302)
        other.say(0x0302, question.serial.to_bytes(2) + b"\x02")
        orders = town.engine.board.orders
        await until(lambda: any(one.status is OrderStatus.REFUSED for one in orders.values()))
        town.gateway.look_at_links(asyncio.get_running_loop().time() + 10_000)
        assert all(one.link is None for one in town.gateway.talk.terminals.values())
        await terminal.hang_up()
        await other.hang_up()


async def order_for(town: Served, caller: str, phone: str) -> tuple[Scripted, Scripted]:
    """A caller that has pressed its button, and the terminal that got an order for it."""
    sent = await Scripted(phone).begin(town.gateway.port)
    assert await sent.answered(sent.say(0x0200, location(near(2)))) == 0
    pressing = await Scripted(caller).begin(town.gateway.port)
    pressing.say(0x0200, location(near(1), alarm=SOS))
    await sent.told(0x8302)
    await sent.told(0x8202)
    return pressing, sent


async def test_what_is_owed_is_sent_again_byte_for_byte(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        town.enrol(OTHER, "U02")
        caller, sent = await order_for(town, PHONE, OTHER)
        down = {msg: sent.list_of(msg)[0].raw for msg in (0x8300, 0x8302)}
        talk = town.gateway.talk
        talk.now_s += 5.5
        talk.look_after(OTHER, (5, 1800))
        assert (await sent.told(0x8302, 2)).raw == down[0x8302]
        assert (await sent.told(0x8300, 2)).raw == down[0x8300]
        await sent.hang_up()
        sent.heard.clear()
        await sent.begin(town.gateway.port)
        for msg, raw in down.items():
            assert (await sent.told(msg)).raw == raw
        # Another process would not know which question was asked: the serial says it.
        talk.terminals[OTHER].asked.clear()
        sent.say(0x0302, sent.list_of(0x8302)[0].serial.to_bytes(2) + b"\x01")
        orders = town.engine.board.orders
        await until(lambda: any(one.status is OrderStatus.ACCEPTED for one in orders.values()))
        await caller.hang_up()
        await sent.hang_up()


async def test_a_recall_is_told_and_the_report_rate_goes_back(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        town.enrol(OTHER, "U02")
        caller, sent = await order_for(town, PHONE, OTHER)
        order = town.engine.board.responders[ResponderId("U02")].order
        assert order is not None
        command = CancelOrder(id="c1", order=order, reason="wrong address")
        await town.engine.submit(command, "operator")
        recall = await sent.told(0x8300, 2)
        assert f"[{order}] 指令撤回" in recall.body[1:].decode("gbk")
        lowered = await sent.told(0x8202, 2)
        assert lowered.body == b"\x00\x00"
        sent.say(0x0001, recall.serial.to_bytes(2) + b"\x83\x00\x00")
        await until(lambda: order not in town.engine.board.owed)
        await caller.hang_up()
        await sent.hang_up()


async def test_a_text_of_a_terminal_without_questions_takes_the_order(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        town.enrol(OTHER, "U02")
        caller, sent = await order_for(town, PHONE, OTHER)
        sent.say(0x0001, sent.list_of(0x8302)[0].serial.to_bytes(2) + b"\x83\x02\x03")
        sent.say(0x6006, b"\x00" + "接受".encode("gbk"))
        orders = town.engine.board.orders
        await until(lambda: any(one.status is OrderStatus.ACCEPTED for one in orders.values()))
        await caller.hang_up()
        await sent.hang_up()


async def test_a_terminal_that_comes_back_elsewhere_leaves_where_it_was(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        before = await Scripted(PHONE).begin(town.gateway.port)
        after = await Scripted(PHONE).begin(town.gateway.port)
        async with asyncio.timeout(5):
            await before.closed.wait()
        assert await after.answered(after.say(0x0002)) == 0
        assert await after.answered(after.say(0x0003)) == 0
        async with asyncio.timeout(5):
            await after.closed.wait()
        await before.hang_up()
        await after.hang_up()


async def test_a_revoked_terminal_is_served_no_longer(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        town.book.revoke(Protocol.JT808, PHONE)
        assert await terminal.answered(terminal.say(0x0002)) == 1
        async with asyncio.timeout(5):
            await terminal.closed.wait()
        await terminal.hang_up()


async def test_connections_have_limits(tmp_path: Path) -> None:
    async with Served(tmp_path, max_per_address=2, idle_s=60, prove_within_s=9) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        silent = await Scripted(OTHER).connect(town.gateway.port)
        third = await Scripted(OTHER).connect(town.gateway.port)
        async with asyncio.timeout(5):
            await third.closed.wait()
        now_s = asyncio.get_running_loop().time()
        town.gateway.look_at_links(now_s + 10)
        async with asyncio.timeout(5):
            await silent.closed.wait()
        terminal.write(b"\x7e\x00\x02")
        assert await terminal.answered(terminal.say(0x0002)) == 0
        terminal.write(b"\x00\x02")
        await asyncio.sleep(0.05)
        town.gateway.look_at_links(now_s + 35)
        async with asyncio.timeout(5):
            await terminal.closed.wait()
        for one in (terminal, silent, third):
            await one.hang_up()
        assert town.registry.get_sample_value("street110_jt808_connections") == 0


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n" * 9_000, b"\x7ex\x7e" * 40, b"\x7e" + b"A" * 99_999]
)
async def test_who_speaks_otherwise_is_let_go(tmp_path: Path, noise: bytes) -> None:
    async with Served(tmp_path) as town:
        peer = await Scripted(PHONE).connect(town.gateway.port)
        peer.write(noise)
        async with asyncio.timeout(5):
            await peer.closed.wait()
        await peer.hang_up()


def test_a_terminal_that_does_not_read_is_dropped() -> None:
    class Full(asyncio.Transport):
        aborted = False

        def get_write_buffer_size(self) -> int:
            return MOST_WAITING + 1

        def is_closing(self) -> bool:
            return self.aborted

        def get_extra_info(self, name: str, default: object = None) -> object:
            return ("10.0.0.1", 1)

        def abort(self) -> None:
            self.aborted = True

    class Anyone:
        def admit(self, link: TcpLink) -> bool:
            return link.host == "10.0.0.1"

        def hear(self, link: object, raw: bytes) -> None: ...

        def lose(self, link: TcpLink) -> None: ...

    async def write() -> bool:
        transport = Full()
        link = TcpLink(Anyone())
        link.connection_made(transport)
        link.send(b"x")
        return transport.aborted

    assert asyncio.run(write())


async def test_a_long_text_goes_down_in_parts_and_again_when_asked(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        words = "全体注意" * 200
        whom = ((ResponderKind.UNIT, ResponderId("U01")),)
        notice = Notice(
            id=NoticeId("N1"),
            group=None,
            incident=None,
            text=words,
            place=None,
            sent_ms=now_ms(),
            expires_ms=now_ms() + 60_000,
            to=whom,
        )
        town.gateway.send(NoticeLetter(notice=notice))
        await terminal.told(0x8300, 2)
        parts = terminal.list_of(0x8300)
        assert [one.part for one in parts] == [(2, 1), (2, 2)]
        body = b"".join(one.body for one in parts)
        assert body[1:].decode("gbk") == words[:512]
        assert len(body) == 1025
        assert parts[1].serial == (parts[0].serial + 1) & 0xFFFF
        terminal.say(0x0005, parts[0].serial.to_bytes(2) + b"\x01\x00\x02")
        again = await terminal.told(0x8300, 3)
        assert again.raw == parts[1].raw
        await terminal.hang_up()


async def test_what_else_a_terminal_says_is_answered_and_let_be(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE, is_2019=True).begin(town.gateway.port)
        for msg in (0x0301, 0x0702, 0x0705, 0x0800, 0x0801, 0x0900, 0x0901, 0x0F00):
            assert await terminal.answered(terminal.say(msg, b"\x01\x02\x03")) == 0
        for number in (1, 2, 3):
            terminal.write(terminal.frame(0x0801, b"\xff" * 900, (3, number)))
            assert await terminal.answered(terminal.serial) == 0
        assert len(town.gateway.talk.parts) == 0
        assert await terminal.answered(terminal.say(0x0200, b"\x01\x02\x03")) == 2
        terminal.say(0x0004)
        assert len((await terminal.told(0x8004)).body) == 6
        await terminal.hang_up()


async def test_a_call_to_all_is_read_and_counted(tmp_path: Path) -> None:
    async with Served(tmp_path) as town:
        town.enrol(PHONE, "U01")
        terminal = await Scripted(PHONE).begin(town.gateway.port)
        call = CallMany(id="m1", kind=CallKind.MUSTER, text="点名")
        await town.engine.submit(call, "operator")
        assert "点名" in (await terminal.told(0x8300)).body[1:].decode("gbk")
        question = await terminal.told(0x8302)
        assert question.body.endswith(b"\x01\x00\x04" + "收到".encode("gbk"))
        (heard,) = town.engine.board.calls
        terminal.say(0x0302, question.serial.to_bytes(2) + b"\x01")
        await until(lambda: "U01" in town.engine.board.calls[heard].read_ms)
        await terminal.hang_up()


async def test_terminals_against_the_engine_as_it_is_served(tmp_path: Path) -> None:
    port, page = free_port(), free_port()
    config = tmp_path / "engine.toml"
    config.write_text(
        f'district = "{DISTRICT}"\n[state]\ndirectory = "state"\n[http]\nport = {page}\n'
        f"[devices.jt808]\nport = {port}\n"
    )
    units = load_district(DISTRICT).units[:2]
    for phone, unit in zip((PHONE, OTHER), units, strict=True):
        words = ["add", "jt808", phone, "unit", unit.id, "--secret", CODE, "--model", "G10LS"]
        done = CliRunner().invoke(app, ["device", *words, "--config", str(config)])
        assert done.exit_code == 0, done.output
    with (tmp_path / "log").open("wb") as log:
        engine = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "street110", "serve", "--config", str(config), stderr=log
        )
    try:
        async with asyncio.timeout(START_S):
            while not await answers(f"http://127.0.0.1:{page}/health"):
                assert engine.returncode is None, (tmp_path / "log").read_text()
                await asyncio.sleep(0.1)
        await call_and_go(port, units[0].base, units[1].base, page)
    finally:
        engine.terminate()
        async with asyncio.timeout(30):
            await engine.wait()
    assert engine.returncode == 0, (tmp_path / "log").read_text()


async def call_and_go(port: int, here: Point, there: Point, page: int) -> None:
    """One terminal presses, the other goes: by road, a position each kilometre or so."""
    sent = await Scripted(OTHER, is_2019=True).connect(port)
    assert await sent.prove(await sent.register()) == 0
    assert await sent.answered(sent.say(0x0200, location(there))) == 0
    caller = await Scripted(PHONE).connect_udp(port)
    assert await caller.prove(CODE.encode()) == 0
    assert await caller.answered(caller.say(0x0200, location(here, alarm=SOS))) == 0
    question = await sent.told(0x8302)
    assert "on_scene" not in await statuses(page)
    sent.say(0x0302, question.serial.to_bytes(2) + b"\x01")
    east, north = np.linspace(there.lon, here.lon, 20), np.linspace(there.lat, here.lat, 20)
    start_ms = now_ms()
    for number, (lon, lat) in enumerate(zip(east, north, strict=True), 1):
        # A clock that runs ahead by less than the window: the way takes seconds, not minutes.
        at_ms = start_ms + number * 5_000
        assert await sent.answered(sent.say(0x0200, location(Point(lon, lat), at_ms=at_ms))) == 0
    async with asyncio.timeout(30):
        while "on_scene" not in await statuses(page):  # noqa: ASYNC110 - told when asked
            await asyncio.sleep(0.1)
    await sent.hang_up()
    await caller.hang_up()


async def statuses(page: int) -> set[str]:
    """Of all orders of open incidents."""
    url = f"http://127.0.0.1:{page}/api/state"
    async with aiohttp.ClientSession() as web, web.get(url) as answer:
        state = await answer.json()
    return {order.get("status", "issued") for case in state["cases"] for order in case["orders"]}
