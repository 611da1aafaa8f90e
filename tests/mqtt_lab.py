"""Parts for the MQTT tests: a real Mosquitto, a real engine with its journal, a device."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from getpass import getuser
from pathlib import Path
from typing import Any, Self

import aiomqtt
from prometheus_client import CollectorRegistry

from dispatch.board import Board
from dispatch.commands import LoadDistrict
from dispatch.journal import SqliteJournal
from dispatch.ports import Record
from dispatch.runtime import Engine
from dispatch.work import Views
from gateways.broker import mosquitto_config
from gateways.mqtt.gateway import MqttGateway, MqttOptions
from geo.tracker import Tracker
from geo.types import Point
from tests.world import PlainPlaces, PlainPositions, StraightRoads, make_district, spot

BOUNDS = (121.35, 31.15, 121.55, 31.35)
ROOT = "s110/v1/town/"
ENOUGH_S = 20.0
NODELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Mosquitto:
    """A broker of one test's own, configured as we tell installers to, with its memory kept."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        assert MOSQUITTO is not None, "mosquitto is installed (make test installs it)"
        self.port = free_port()
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(mosquitto_config(folder, port=self.port, user=getuser(), **settings))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._conf)], stderr=subprocess.DEVNULL
        )
        deadline_s = time.monotonic() + ENOUGH_S
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("the broker did not come up")

    def stop(self, *, kill: bool = False) -> None:
        assert self._process is not None
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(ENOUGH_S)


async def until(come: Callable[[], object]) -> None:
    async with asyncio.timeout(ENOUGH_S):
        while not come():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def now_ms() -> int:
    return time.time_ns() // 1_000_000  # noqa: TID251 - a test's device has a clock of its own


class StallingJournal(SqliteJournal):
    """The real journal, that can be made to wait before it commits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stalled = False
        self.held: list[tuple[Sequence[Record], Future[int]]] = []

    def append(self, records: Sequence[Record]) -> "Future[int]":
        if not self.stalled:
            return super().append(records)
        promise: Future[int] = Future()
        self.held.append((records, promise))
        return promise

    def go_on(self) -> None:
        self.stalled = False
        for records, promise in self.held:
            super().append(records).add_done_callback(
                lambda done, promise=promise: promise.set_result(done.result())  # type: ignore[misc]
            )
        self.held.clear()


class ToldTracker(Tracker):
    """The real tracker, that also tells the desk's naive twin of positions."""

    def __init__(self, unit_ids: Sequence[str], **settings: Any) -> None:
        super().__init__(unit_ids, **settings)
        self.twin = PlainPositions(len(unit_ids))

    def update(self, rows: Any, *columns: Any) -> Any:
        verdicts = super().update(rows, *columns)
        for row in rows[verdicts == 0]:
            place = Point(float(self.lon[row]), float(self.lat[row]))
            self.twin.put(int(row), place, int(self.at_ms[row]))
        return verdicts


class Line:
    """Engine, tracker, journal and gateway of the small town, on one broker."""

    def __init__(self, folder: Path, port: int, **options: Any) -> None:
        self.district = make_district()
        self.registry = CollectorRegistry()
        self.journal = StallingJournal(folder / "journal.db")
        rules = self.district.rules
        self.tracker = ToldTracker(
            [unit.id for unit in self.district.units],
            bounds=BOUNDS,
            impossible_mps=rules.impossible_mps,
            ahead_ms=rules.clock_ahead_s * 1000,
        )
        views = Views(self.tracker.twin, StraightRoads(), PlainPlaces())
        self.engine = Engine(Board(), views, self.journal, now_ms, self.registry)
        self.options = MqttOptions(
            **{"host": "127.0.0.1", "port": port, "client_id": "engine-town", **options}
        )
        self.gateway: MqttGateway

    async def __aenter__(self) -> Self:
        self.engine.start()
        await self.engine.submit(LoadDistrict(district=self.district), "test")
        self.gateway = MqttGateway(self.options, self.engine, self.tracker, BOUNDS, self.registry)
        self.engine.add_outlet(self.gateway)
        await self.gateway.start()
        async with asyncio.timeout(ENOUGH_S):
            await self.gateway.wait_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.journal.go_on()
        await self.gateway.stop()
        await self.engine.stop()
        self.journal.close()

    def figure(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


class Device:
    """One responder's radio, over aiomqtt; keeps everything it is sent."""

    def __init__(self, port: int, who: str, *, also: Sequence[str] = (), **options: Any) -> None:
        self.who = who
        self._client = aiomqtt.Client(
            "127.0.0.1",
            port,
            identifier=who.replace("/", "-"),
            socket_options=NODELAY,
            **options,
        )
        self._topics = [f"{who}/order", f"{who}/receipt", f"{who}/reject", *also]
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.messages: list[aiomqtt.Message] = []
        self._count = 0

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._client.subscribe([(ROOT + topic, 1) for topic in self._topics])
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._client.__aexit__(None, None, None)

    async def _listen(self) -> None:
        async for message in self._client.messages:
            self.messages.append(message)
            topic = message.topic.value.removeprefix(ROOT)
            self.heard.append((topic, json.loads(message.payload)))

    async def say(self, word: str, body: Any, *, qos: int = 1, **options: Any) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body)
        await self._client.publish(f"{ROOT}{self.who}/{word}", payload, qos=qos, **options)

    async def publish(self, topic: str, body: Any, *, qos: int = 1) -> None:
        await self._client.publish(ROOT + topic, json.dumps(body), qos=qos)

    def list_heard(self, word: str) -> list[dict[str, Any]]:
        return [body for topic, body in self.heard if topic.endswith(word)]

    async def hear(self, word: str, **fields: Any) -> dict[str, Any]:
        def find() -> list[dict[str, Any]]:
            return [b for b in self.list_heard(word) if fields.items() <= b.items()]

        await until(find)
        return find()[0]

    async def press(self, **fields: Any) -> dict[str, Any]:
        """A good alarm, and its receipt."""
        self._count += 1
        body = {"id": f"ok{self._count}", "t": now_ms(), "type": "dispute", **fields}
        await self.say("alarm", body)
        return await self.hear("/receipt", id=body["id"])


def fix_at(x: float, y: float, **fields: Any) -> dict[str, Any]:
    place = spot(x, y)
    return {"t": now_ms(), "lon": place.lon, "lat": place.lat, **fields}
