"""SIA DC-09 against a real engine: another maker's dialler, orders, replays, missed link tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace
from my_dc09_spt.dc09_spt import dc09_spt  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry

from dispatch.commands import LoadDistrict
from dispatch.district import Plan
from dispatch.words import ResponderId, ResponderKind
from gateways.devices.dc09.gateway import Dc09Gateway, Dc09Options
from gateways.devices.dc09.write import message
from gateways.devices.door import DeviceDoor
from gateways.devices.registry import Device as Enrolled
from gateways.devices.registry import Protocol, Registry
from tests.mqtt_lab import Device, Line, Mosquitto, fix_at, now_ms, until

KEY = bytes(range(65, 97))
FAULT = Plan(
    type="equipment_fault", name_zh="设备故障", name_en="Fault", priority=5, automatic=False
)


class Panels:
    """A town with a receiver of panels; `AA` is in plain text, `BB` has a key."""

    def __init__(self, line: Line, broker: Mosquitto, folder: Path) -> None:
        self.line, self.broker = line, broker
        self.book = Registry(folder / "devices.json")
        self.post = line.district.posts[0].id
        self.put("AA11")
        self.put("BB22", secret=KEY.hex())
        door = DeviceDoor(line.engine, line.tracker, self.book, line.registry)
        self.figures = CollectorRegistry()
        self.gateway = Dc09Gateway(Dc09Options(port=0), door, self.figures)

    def put(self, identity: str, secret: str | None = None, every_s: int | None = None) -> None:
        self.book.put(
            Enrolled(
                protocol=Protocol.DC09,
                identity=identity,
                kind=ResponderKind.POST,
                responder=ResponderId(self.post),
                secret=secret,
                test_every_s=every_s,
            )
        )

    async def ask(self, sent: bytes) -> bytes:
        """What comes back on a TCP connection that is then closed from our side."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.gateway.port)
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer

    def counted(self, result: str) -> float:
        return self.line.figure("street110_device_frames_total", protocol="dc09", result=result)


@asynccontextmanager
async def panels(folder: Path) -> AsyncIterator[Panels]:
    broker = Mosquitto(folder)
    try:
        async with Line(folder, broker.port) as line:
            made = Panels(line, broker, folder)
            await made.gateway.start()
            try:
                yield made
            finally:
                await made.gateway.stop()
    finally:
        broker.stop()


def dialler(account: str, port: int, how: str, key: bytes | None = None) -> dc09_spt:
    made = dc09_spt(account)
    made.set_path("main", "primary", "127.0.0.1", port, account=account, key=key, type=how)
    return made


async def test_a_dialler_is_answered_and_an_order_is_accepted(tmp_path: Path) -> None:
    async with panels(tmp_path) as town, Device(town.broker.port, "unit/U01") as unit:
        await unit.say("fix", fix_at(0, 0), qos=0)
        await until(lambda: town.line.tracker.at_ms[0] > 0)
        for account, how, key in (("AA11", "TCP", None), ("BB22", "UDP", KEY)):
            panel = dialler(account, town.gateway.port, how, key)
            event = {"account": account, "code": 129, "q": 1, "zone": 7, "area": 1}
            await asyncio.to_thread(panel.send_msg, "ADM-CID", event)
            assert panel.isConnected(), "a frame that was acknowledged makes the path good"
        order = await unit.hear("/order")
        ack = {"id": "a1", "t": now_ms(), "order": order["id"], "answer": "accepted"}
        await unit.say("ack", ack)
        board = town.line.engine.board
        await until(lambda: board.orders[order["id"]].status.value == "accepted")
        raised = list(board.alarms.values())
        assert [(one.type, one.silent, one.source) for one in raised] == [
            ("robbery", True, town.post)
        ] * 2
        assert town.counted("understood") == len(raised)


async def test_the_answer_waits_for_the_commit(tmp_path: Path) -> None:
    async with panels(tmp_path) as town:
        town.line.journal.stalled = True
        sent = message("SIA-DCS", "0003", "R1L0#AA11", "#AA11|Nri1/PA2")
        asked = asyncio.create_task(town.ask(sent))
        await until(lambda: town.line.journal.held)
        assert not asked.done()
        town.line.journal.go_on()
        town.line.journal.stalled = False
        assert b'"ACK"0003R1L0#AA11[]' in await asked


async def test_replays_strangers_and_plain_text_are_refused(tmp_path: Path) -> None:
    async with panels(tmp_path) as town:
        alarms = town.line.engine.board.alarms
        old_ms = now_ms() - 120_000
        old = message("ADM-CID", "0004", "L0#BB22", "#BB22|1120 01 001", key=KEY, at_ms=old_ms)
        assert b'"NAK"0000R0L0A0[]_' in await town.ask(old)
        plain = message("ADM-CID", "0005", "L0#BB22", "#BB22|1120 01 001", at_ms=now_ms())
        assert await town.ask(plain) == b""
        stranger = message("ADM-CID", "0005", "L0#CC33", "#CC33|1120 01 001")
        assert await town.ask(stranger) == b""
        damaged = stranger.replace(b"CC33|", b"AA11|")
        assert await town.ask(damaged) == b""
        assert not alarms
        assert [one.identity for one in town.book.unknown.values()] == ["CC33"]
        results = ("time", "plain_refused", "refused", "checksum")
        assert [town.counted(one) for one in results] == [1, 1, 1, 1]
        at_ms = now_ms()
        for _ in range(2):
            again = message("SIA-DCS", "0006", "L0#BB22", "#BB22|Nri1/PA1", key=KEY, at_ms=at_ms)
            assert b'"*ACK"0006L0#BB22[' in await town.ask(again)
        assert len(alarms) == 1


async def test_what_is_no_alarm_opens_nothing_and_what_is_not_taken_is_told(tmp_path: Path) -> None:
    async with panels(tmp_path) as town:
        calm = ("#AA11|Nri1/OP1", "#AA11|Nri1/PR1", "#AA11|Nri0/RP00")
        sent = b"".join(
            message("SIA-DCS", f"{number:04}", "L0#AA11", one) for number, one in enumerate(calm)
        )
        assert (await town.ask(sent)).count(b'"ACK"') == len(calm)
        gas = message("SIA-DCS", "0009", "L0#AA11", "#AA11|Nri1/XX|Nri1/MA1")
        no_plans = replace(town.line.district, plans=(FAULT,))
        await town.line.engine.submit(LoadDistrict(district=no_plans), "test")
        assert b'"DUH"0009L0#AA11[]' in await town.ask(gas)
        assert not town.line.engine.board.alarms


async def test_a_panel_that_misses_its_link_test_is_a_fault_once(tmp_path: Path) -> None:
    async with panels(tmp_path) as town:
        with_fault = replace(town.line.district, plans=(*town.line.district.plans, FAULT))
        await town.line.engine.submit(LoadDistrict(district=with_fault), "test")
        town.put("AA11", every_s=60)
        faults = watch(town)
        assert b'"ACK"' in await town.ask(message("NULL", "0000", "L0#AA11", ""))
        heard_ms = now_ms()
        await town.gateway.look(heard_ms + 80_000)
        assert faults() == 0
        await town.gateway.look(heard_ms + 100_000)
        await town.gateway.look(heard_ms + 200_000)
        assert faults() == 1
        (alarm,) = town.line.engine.board.alarms.values()
        assert (alarm.type, alarm.source, alarm.silent) == ("equipment_fault", town.post, True)
        assert b'"ACK"' in await town.ask(message("NULL", "0000", "L0#AA11", ""))
        await town.gateway.look(now_ms() + 100_000)
        assert faults() == 1 + 1


def watch(town: Panels) -> Callable[[], float]:
    return lambda: town.figures.get_sample_value("street110_dc09_link_faults_total") or 0.0
