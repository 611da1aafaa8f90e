"""The line over real brokers: both directions, PUBACK after the record, reconnect, will."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import msgspec
import pytest
from paho.mqtt.client import MQTTv5

from gateways.broker import EmbeddedBroker
from tests.mqtt_lab import NODELAY, ROOT, Device, Line, Mosquitto, fix_at, now_ms, until


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture(params=["mosquitto-5", "mosquitto-3.1.1", "embedded"])
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "embedded":
            port = (await stack.enter_async_context(EmbeddedBroker())).port
            version = "3.1.1"
        else:
            broker = Mosquitto(tmp_path)
            stack.callback(broker.stop)
            port, version = broker.port, request.param.removeprefix("mosquitto-")
        yield await stack.enter_async_context(Line(tmp_path, port, version=version))


async def test_an_alarm_becomes_an_order_is_answered_and_closed(line: Line) -> None:
    port = line.options.port
    async with (
        Device(port, "unit/U01", also=["unit/U01/check/result"]) as unit,
        Device(port, "post/P001", also=["group/G1/notice"]) as post,
    ):
        await unit.say("fix", fix_at(1, 1, speed=3.5, heading=90.0, accuracy=4.0), qos=0)
        await until(lambda: line.tracker.at_ms[0] > 0)
        assert line.tracker.speed_mps[0] == 3.5
        receipt = await post.press(type="panic")
        order = await unit.hear("/order", action="order")
        assert order["incident"] == receipt["incident"]
        assert order["role"] == "respond"
        assert order["route"][0] == [order["route"][0][0], order["route"][0][1]]
        assert order["t"] < order["ack_by"] < order["expires"]
        notice = await post.hear("/notice")
        assert notice["incident"] == receipt["incident"]
        for number, answer in enumerate(("delivered", "accepted")):
            body = {"id": f"a{number}", "t": now_ms(), "order": order["id"], "answer": answer}
            await unit.say("ack", body)
        for number, status in enumerate(("en_route", "on_scene", "available")):
            body = {"id": f"s{number}", "t": now_ms(), "status": status, "order": order["id"]}
            await unit.say("status", body)
        incident = line.engine.board.incidents
        await until(lambda: incident[receipt["incident"]].status == "closed")
        await unit.say("check", {"id": "c1", "t": now_ms(), "plate": "沪A12345"})
        assert (await unit.hear("/check/result"))["hit"] is False
        sighting = {"id": "x1", **fix_at(2, 2), "on": "car", "heading": 10, "speed": 20}
        await unit.say("sighting", sighting)
        await until(lambda: "x1" in line.engine.board.responders["U01"].seen)  # type: ignore[index]
    assert line.figure("street110_mqtt_unacked") == 0
    assert line.figure("street110_mqtt_letters_total", kind="order") >= 1


async def test_the_same_alarm_id_again_gets_the_same_receipt(line: Line) -> None:
    async with Device(line.options.port, "post/P001") as post:
        first = await post.press(id="twice")
        await post.say("alarm", {"id": "twice", "t": now_ms(), "type": "dispute"})
        await until(lambda: len(post.list_heard("/receipt")) == 2)
        assert post.list_heard("/receipt")[1] == first
    assert len(line.engine.board.alarms) == 1


async def test_a_group_alarm_is_the_alarm_of_its_post(line: Line) -> None:
    async with (
        Device(line.options.port, "post/P001") as post,
        Device(line.options.port, "post/P002", also=["group/G1/alarm"]) as neighbour,
    ):
        body = {"id": "g1", "t": now_ms(), "type": "dispute"}
        await post.publish("group/G1/alarm", {**body, "post": "P001"})
        assert (await neighbour.hear("group/G1/alarm"))["post"] == "P001"
        first = await post.hear("/receipt", id="g1")
        await post.say("alarm", body)
        await until(lambda: len(post.list_heard("/receipt")) == 2)
        assert post.list_heard("/receipt")[1] == first
    assert list(line.engine.board.alarms) == ["P001/g1"]


async def test_many_units_in_one_batch(line: Line) -> None:
    async with Device(line.options.port, "unit/U01") as gateway:
        batch = [fix_at(n, n, unit=f"U{n:02}") for n in range(1, 7)]
        await gateway.publish("fixes", batch, qos=0)
        await until(lambda: 0 not in line.tracker.at_ms)
        await gateway.publish("fixes", [*batch, fix_at(1, 1, unit="U99")], qos=0)
        await until(lambda: line.figure("street110_mqtt_errors_total", reason="unknown") == 1)


async def test_an_operator_of_the_state_topic_sees_live_and_gone(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        Device(mosquitto.port, "post/P001", also=["engine/state"]) as post,
        Line(tmp_path, mosquitto.port) as line,
    ):
        await post.hear("engine/state", state="live")
        line.gateway._decisions._stopping = True
        line.gateway._decisions._transport().abort()
        await post.hear("engine/state", state="gone")
    async with Device(mosquitto.port, "post/P002", also=["engine/state"]) as late:
        await late.hear("engine/state", state="gone")
        assert late.messages[0].retain


async def test_a_clean_stop_says_gone(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with Device(mosquitto.port, "post/P001", also=["engine/state"]) as post:
        async with Line(tmp_path, mosquitto.port):
            await post.hear("engine/state", state="live")
        await post.hear("engine/state", state="gone")


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_without_a_commit_the_broker_keeps_the_alarm_and_brings_it_again(
    mosquitto: Mosquitto, tmp_path: Path, version: str
) -> None:
    async with (
        Line(tmp_path, mosquitto.port, version=version) as line,
        Device(mosquitto.port, "post/P001") as post,
    ):
        line.journal.stalled = True
        await post.say("alarm", {"id": "held", "t": now_ms(), "type": "dispute"})
        await until(lambda: line.journal.held)
        assert post.list_heard("/receipt") == []
        line.gateway._decisions._transport().abort()
        await until(lambda: line.figure("street110_mqtt_connects") == 2)
        await until(lambda: line.figure("street110_mqtt_redelivered_total") == 1)
        assert line.figure("street110_mqtt_pending") == 2
        line.journal.go_on()
        await post.hear("/receipt", id="held")
        await until(lambda: line.figure("street110_mqtt_pending") == 0)
        line.gateway._decisions._transport().abort()
        await until(lambda: line.figure("street110_mqtt_connects") == 3)
        await post.press(id="after")
        assert line.figure("street110_mqtt_redelivered_total") == 1
    assert len(line.engine.board.alarms) == 2


async def test_an_alarm_pressed_while_the_engine_is_away_is_taken_when_it_returns(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with Line(tmp_path, mosquitto.port):
        pass
    (tmp_path / "journal.db").unlink()
    async with Device(mosquitto.port, "post/P001") as post:
        await post.say("alarm", {"id": "alone", "t": now_ms(), "type": "dispute"})
        async with Line(tmp_path, mosquitto.port):
            await post.hear("/receipt", id="alone")


async def test_the_outbox_comes_again_after_the_broker_was_killed(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with Line(tmp_path, mosquitto.port) as line:
        async with (
            Device(mosquitto.port, "unit/U01") as unit,
            Device(mosquitto.port, "post/P001") as post,
        ):
            await unit.say("fix", fix_at(1, 1), qos=0)
            await until(lambda: line.tracker.at_ms[0] > 0)
            await post.press(type="panic")
            order = await unit.hear("/order")
        await asyncio.to_thread(mosquitto.stop, kill=True)
        await until(lambda: not line.gateway.connected)
        await asyncio.to_thread(mosquitto.start)
        async with Device(mosquitto.port, "unit/U01") as unit:
            again = await unit.hear("/order", id=order["id"])
        assert again == order
        await until(lambda: line.gateway.connected)
        async with Device(mosquitto.port, "post/P001") as post:
            await post.press()


async def test_an_order_carries_expiry_and_correlation_on_mqtt_5(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        Line(tmp_path, mosquitto.port) as line,
        Device(mosquitto.port, "unit/U01", protocol=aiomqtt.ProtocolVersion.V5) as unit,
        Device(mosquitto.port, "post/P001") as post,
    ):
        await unit.say("fix", fix_at(1, 1), qos=0)
        await until(lambda: line.tracker.at_ms[0] > 0)
        await post.press(type="panic")
        order = await unit.hear("/order")
        message = next(m for m in unit.messages if m.topic.value.endswith("/order"))
        assert message.properties is not None
        assert message.properties.CorrelationData == order["id"].encode()
        assert 0 < message.properties.MessageExpiryInterval <= 300


async def test_message_pack_is_understood(mosquitto: Mosquitto, tmp_path: Path) -> None:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    assert MQTTv5 == aiomqtt.ProtocolVersion.V5.value
    packed = Properties(PacketTypes.PUBLISH)
    packed.ContentType = "application/msgpack"
    async with (
        Line(tmp_path, mosquitto.port) as line,
        Device(mosquitto.port, "unit/U01", protocol=aiomqtt.ProtocolVersion.V5) as unit,
    ):
        fix = msgspec.msgpack.encode(fix_at(1, 1))
        await unit.say("fix", fix, qos=0, properties=packed)
        await until(lambda: line.tracker.at_ms[0] > 0)
        alarm = msgspec.msgpack.encode({"id": "mp", "t": now_ms(), "type": "dispute"})
        await unit.say("alarm", alarm, properties=packed)
        await unit.hear("/receipt", id="mp")


async def test_the_embedded_broker_carries_a_demo_without_a_loss() -> None:
    devices, each = 130, 5
    async with EmbeddedBroker() as broker:
        heard: dict[int, int] = dict.fromkeys(range(devices), 0)

        async def act(number: int) -> None:
            async with aiomqtt.Client(
                "127.0.0.1", broker.port, identifier=f"d{number}", socket_options=NODELAY
            ) as client:
                await client.subscribe(f"down/{number}", qos=1)
                for _ in range(each):
                    await client.publish(f"up/{number}", b"x" * 100, qos=1)
                    await asyncio.sleep(0.2)
                async with asyncio.timeout(20):
                    async for _ in client.messages:
                        heard[number] += 1
                        if heard[number] == each:
                            return

        async def echo(client: aiomqtt.Client) -> None:
            async for message in client.messages:
                number = message.topic.value.removeprefix("up/")
                await client.publish(f"down/{number}", message.payload, qos=1)

        async with aiomqtt.Client("127.0.0.1", broker.port, socket_options=NODELAY) as engine:
            await engine.subscribe("up/#", qos=1)
            echoing = asyncio.create_task(echo(engine))
            await asyncio.gather(*(act(number) for number in range(devices)))
            echoing.cancel()
    assert set(heard.values()) == {each}


async def test_the_embedded_broker_ends_with_its_parent_and_says_when_it_cannot_start() -> None:
    async with EmbeddedBroker() as broker:
        with pytest.raises(RuntimeError, match="did not start"):
            await EmbeddedBroker(port=broker.port).start()
        child = broker._child
        assert child is not None
        assert child.stdin is not None
        child.stdin.close()
        async with asyncio.timeout(10):
            assert await child.wait() == 0
    assert ROOT.startswith("s110/v1/")
