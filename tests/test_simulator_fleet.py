"""A small fleet over a real Mosquitto, with a scripted desk at the other end."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from dispatch.district import District, Plan, Post, Unit
from dispatch.words import ResponderId, UnitKind
from geo.types import Point
from simulator.run import Fleet, FleetOptions, Habits, run_fleet

ROOT = "s110/v1/test/"
ENOUGH_S = 20.0
NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class Mosquitto:
    """A broker of this test's own, that can be stopped and started again with its memory kept."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nlog_type none\nset_tcp_nodelay true\n"
            "max_queued_messages 0\n"
        )
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._conf)])
        deadline_s = time.monotonic() + ENOUGH_S
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("the broker did not come up")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(ENOUGH_S)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    yield mosquitto
    mosquitto.stop()


@pytest.fixture
async def desk(broker: Mosquitto) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, identifier="desk", socket_options=NODELAY
    ) as client:
        await client.subscribe(ROOT + "+/+/+", qos=1)
        yield client


def make_options(port: int, habits: Habits) -> FleetOptions:
    return FleetOptions(
        district=District(
            id="test",
            name_zh="试",
            name_en="Test",
            timezone="Asia/Shanghai",
            units=tuple(
                Unit(
                    id=ResponderId(f"U{n}"),
                    name=str(n),
                    kind=UnitKind.CAR,
                    officers=2,
                    base=Point(121.46 + n / 1_000, 31.23),
                )
                for n in range(1, 4)
            ),
            posts=tuple(
                Post(
                    id=ResponderId(f"P{n}"),
                    sign=n,
                    name=str(n),
                    category="bank",
                    place=Point(121.46, 31.23 + n / 1_000),
                    guards=2,
                    radios=2,
                )
                for n in range(1, 4)
            ),
            gates=(),
            groups=(),
            areas=(),
            plans=(Plan(type="robbery", name_zh="抢劫", name_en="Robbery", priority=1),),
        ),
        port=port,
        connections=2,
        seed=4,
        run="run",
        habits=habits,
    )


QUICK = Habits(
    pace=50.0,
    fix_every_s=0.2,
    refuse=0.0,
    silent=0.0,
    on_scene_s=(20.0, 40.0),
    first_alarm_s=0.2,
    alarms_a_minute=600.0,
    alarms_at_most=5,
    by_patrol=0.0,
    alarm_retry_s=(0.3, 0.3),
)


async def until(come: Callable[[], bool]) -> None:
    async with asyncio.timeout(ENOUGH_S):
        while not come():  # noqa: ASYNC110  the fleet has no event for it
            await asyncio.sleep(0.01)


class Script:
    """The other end of the line: answers alarms with orders and keeps what it heard."""

    def __init__(self, desk: aiomqtt.Client) -> None:
        self.desk = desk
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.incidents: dict[tuple[str, str], str] = {}

    async def order(self, responder: str, incident: str, at: float, number: int = 1) -> None:
        now_ms = int(self.heard[-1][1]["t"])
        body = {
            "id": f"{incident}-{number}",
            "incident": incident,
            "action": "order",
            "lon": 121.462,
            "lat": at,
            "eta_s": 20.0,
            "length_m": 200.0,
            "route": [[121.461, 31.23], [121.462, at]],
            "t": now_ms,
            "expires": now_ms + 600_000,
        }
        await self.desk.publish(f"{ROOT}unit/{responder}/order", json.dumps(body), qos=1)

    async def receipt(self, post: str, alarm: str, incident: str) -> None:
        body = {"id": alarm, "incident": incident, "t": 1, "silent": False}
        await self.desk.publish(f"{ROOT}post/{post}/receipt", json.dumps(body), qos=1)

    async def hear_until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(ENOUGH_S):
            async for message in self.desk.messages:
                topic = message.topic.value.removeprefix(ROOT)
                if topic.endswith(("/order", "/receipt")):
                    continue
                body = json.loads(message.payload)
                self.heard.append((topic, body))
                await self.on(topic, body)
                if enough():
                    return

    async def on(self, topic: str, body: dict[str, Any]) -> None:
        kind, sender, word = topic.split("/")
        if (kind, word) == ("post", "alarm") and (sender, body["id"]) not in self.incidents:
            incident = f"I{len(self.incidents) + 1}"
            self.incidents[sender, body["id"]] = incident
            await self.order(f"U{len(self.incidents) % 3 + 1}", incident, 31.23)
            await self.receipt(sender, body["id"], incident)

    def list_states(self, order: str) -> list[str]:
        return [
            body.get("answer") or body["status"]
            for _, body in self.heard
            if body.get("order") == order
        ]


async def test_a_fleet_presses_drives_answers_and_clears(
    broker: Mosquitto, desk: aiomqtt.Client
) -> None:
    stop, script = asyncio.Event(), Script(desk)
    running = asyncio.create_task(run_fleet(make_options(broker.port, QUICK), stop))

    def all_over() -> bool:
        firsts = [script.list_states(f"I{n}-1") for n in range(1, 6)]
        return all("delivered" in states for states in firsts) and any(
            "available" in states for states in firsts
        )

    await script.hear_until(all_over)
    stop.set()
    figures = (await running).figures()
    assert figures["alarms_sent"] == figures["receipts_seen"] == 5
    assert figures["orders_unique"] == 5
    assert figures["second_orders"] == figures["changed_orders"] == figures["rejects"] == 0
    assert figures["latency_ms"]["n"] == 5
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["max"]
    fixes = [body for topic, body in script.heard if topic.endswith("/fix")]
    assert {topic for topic, _ in script.heard if topic.endswith("/fix")} == {
        f"unit/U{n}/fix" for n in range(1, 4)
    }
    assert all(121.4 < body["lon"] < 121.5 for body in fixes)


async def test_a_fleet_outlives_its_broker_and_loses_no_alarm(
    broker: Mosquitto,
) -> None:
    habits = Habits(
        first_alarm_s=0.2,
        press_together=0.0,
        alarms_a_minute=1_200.0,
        alarms_at_most=20,
        by_patrol=0.0,
        alarm_retry_s=(0.3, 0.5),
    )
    fleet, stop = Fleet(make_options(broker.port, habits)), asyncio.Event()
    running = asyncio.create_task(fleet.run(stop))
    await until(lambda: len(fleet.ledger.alarms) >= 3)
    await asyncio.to_thread(broker.stop)
    await until(lambda: len(fleet.ledger.alarms) >= 20)
    await asyncio.to_thread(broker.start)
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, identifier="desk", socket_options=NODELAY
    ) as desk:
        await desk.subscribe(ROOT + "+/+/alarm", qos=1)
        script = Script(desk)
        await script.hear_until(lambda: len(script.incidents) == 20)
        await until(lambda: not fleet.ledger.list_unreceipted())
    stop.set()
    await running
    assert fleet.ledger.figures()["receipts_seen"] == 20
    assert fleet.ledger.reconnects >= 1


async def test_a_restarted_engine_hears_again_what_was_said(
    broker: Mosquitto, desk: aiomqtt.Client
) -> None:
    habits = Habits(
        refuse=0.0, silent=0.0, first_alarm_s=0.2, pace=10.0, alarms_at_most=1, by_patrol=0.0
    )
    stop, script = asyncio.Event(), Script(desk)
    running = asyncio.create_task(run_fleet(make_options(broker.port, habits), stop))
    state = ROOT + "engine/state"
    await desk.publish(state, json.dumps({"state": "live", "t": 1, "since": 1}), qos=1, retain=True)
    await script.hear_until(lambda: "accepted" in script.list_states("I1-1"))
    await desk.publish(state, json.dumps({"state": "live", "t": 2, "since": 2}), qos=1, retain=True)
    await script.hear_until(lambda: script.list_states("I1-1").count("accepted") == 2)
    stop.set()
    await running
    ids = [b["id"] for _, b in script.heard if b.get("answer") == "accepted"]
    assert len(set(ids)) == 1
