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
from dispatch.words import CallKind, OrderStatus, ResponderId
from geo.types import Point
from street110.cli import app
from tests.jt808_lab import CODE, Scripted, Served, batch, location, near
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
        # Only who is known to have had the order can confirm that it was taken back.
        text = await sent.told(0x8300)
        sent.say(0x0001, text.serial.to_bytes(2) + b"\x83\x00\x00")
        await until(lambda: town.engine.board.orders[order].shown)
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
