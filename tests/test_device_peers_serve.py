"""`street110 serve` and other people's programs: a TAK client over TLS, a panel's dialler, a phone.

Each goes from an alarm to an order and its acceptance, through one engine and one broker.
"""

import asyncio
import json
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Self
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import aiohttp
import pytak  # type: ignore[import-untyped]  # has no types
from my_dc09_spt.dc09_spt import dc09_spt  # type: ignore[import-untyped]  # has no types
from typer.testing import CliRunner

from benchmarks.machine import free_port, mosquitto
from dispatch.district import Unit
from dispatch.district_file import load_district
from gateways.devices.tak.cot import write_time
from geo.types import Point
from simulator.bodies import AckUp, decode_down, encode
from simulator.load.wire import Wire, connect
from street110.cli import app
from tests.certificates import Authority
from tests.mqtt_lab import now_ms, until

DISTRICT = Path(__file__).resolve().parent.parent / "simulator" / "districts" / "shanghai"
START_S = 90.0
UIDS = ("ANDROID-1", "ANDROID-2")
ACCOUNT = "AA11"


class Engine:
    """A served engine with its broker, its page and three device protocols."""

    def __init__(self, folder: Path, broker: int) -> None:
        self.folder, self.broker = folder, broker
        self.page, self.tak, self.panels = free_port(), free_port(), free_port()
        self.district = load_district(DISTRICT)
        self.config = folder / "engine.toml"
        self.authority = Authority(folder)
        certificate, key = self.authority.issue("127.0.0.1")
        self.config.write_text(
            f'district = "{DISTRICT}"\n[state]\ndirectory = "state"\n[http]\nport = {self.page}\n'
            f"[mqtt]\nembedded = false\nport = {broker}\n[devices.dc09]\nport = {self.panels}\n"
            f'[devices.owntracks]\nport = 0\n[devices.tak]\nport = {self.tak}\nca = "ca.pem"\n'
            f'certificate = "{certificate.name}"\nkey = "{key.name}"\n'
        )

    def enrol(self, *words: str) -> None:
        done = CliRunner().invoke(app, ["device", "add", *words, "--config", str(self.config)])
        assert done.exit_code == 0, done.output

    async def start(self) -> None:
        with (self.folder / "log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "street110", "serve", "--config", str(self.config), stderr=log
            )
        async with asyncio.timeout(START_S):
            while not (self.folder / "log").read_bytes().count(b'"ready"'):
                assert self.process.returncode is None, (self.folder / "log").read_text()
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        self.process.terminate()
        async with asyncio.timeout(30):
            await self.process.wait()

    async def read(self, path: str) -> Any:
        url = f"http://127.0.0.1:{self.page}/api/v1/{path}"
        async with aiohttp.ClientSession() as web, web.get(url) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def status_of(self, incident: str, order: str) -> str:
        rows = await self.read(f"incidents/{incident}/orders")
        return next(str(row["status"]) for row in rows if row["id"] == order)

    async def wait_for(self, incident: str, order: str, status: str) -> None:
        async with asyncio.timeout(20):
            while await self.status_of(incident, order) != status:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.1)


class Phone:
    """A pytak client over TLS, with a certificate that bears its uid."""

    def __init__(self, engine: Engine, uid: str, at: Point) -> None:
        certificate, key = engine.authority.issue(uid)
        parser = ConfigParser()
        parser["tak"] = {
            "COT_URL": f"tls://127.0.0.1:{engine.tak}",
            "TAK_PROTO": "0",
            "PYTAK_TLS_CLIENT_CERT": str(certificate),
            "PYTAK_TLS_CLIENT_KEY": str(key),
            "PYTAK_TLS_CLIENT_CAFILE": str(engine.authority.file),
            "PYTAK_TLS_DONT_CHECK_HOSTNAME": "1",
        }
        self.config, self.uid, self.at = parser["tak"], uid, at
        self.out: asyncio.Queue[bytes] = asyncio.Queue()
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        reader, self.writer = await pytak.protocol_factory(self.config)
        workers = (
            pytak.TXWorker(self.out, self.config, self.writer),
            pytak.RXWorker(self.got, self.config, reader),
        )
        self.tasks = [asyncio.create_task(worker.run()) for worker in workers]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.writer.close()

    async def say(self, kind: str, more: str = "") -> None:
        uid = f"{self.uid}-9-1-1" if kind.startswith("b-a") else self.uid
        at_ms = now_ms()
        whole = Element("event", version="2.0", uid=uid, type=kind, how="m-g")
        whole.attrib |= {"time": write_time(at_ms), "start": write_time(at_ms)}
        whole.attrib["stale"] = write_time(at_ms + 60_000)
        SubElement(
            whole, "point", lat=str(self.at.lat), lon=str(self.at.lon), hae="0", ce="5", le="5"
        )
        whole.append(fromstring(f"<detail>{more}</detail>"))  # noqa: S314 - the test's own text
        await self.out.put(bytes(tostring(whole)))

    async def hear(self, kind: str) -> Element:
        async with asyncio.timeout(20):
            while True:
                found = fromstring(await self.got.get())  # noqa: S314 - from our own gateway
                if found.get("type") == kind:
                    return found


class Radios:
    """All radios of the district on one connection: hears every order, accepts when told."""

    def __init__(self, district: str) -> None:
        self.root = f"s110/v1/{district}/"
        self.orders: list[tuple[str, Any]] = []
        self.wire: Wire

    async def open(self, port: int) -> None:
        self.wire = await connect(port, "radios", self._hear)
        await self.wire.subscribe(f"{self.root}+/+/order")

    def _hear(self, topic: str, body: bytes) -> None:
        self.orders.append(
            (topic.removeprefix(self.root).removesuffix("/order"), decode_down(body))
        )

    def accept(self, path: str, order: str) -> None:
        ack = AckUp(id=f"k-{order}", t=now_ms(), order=order, answer="accepted")
        self.wire.publish_1(f"{self.root}{path}/ack", encode(ack))


async def test_a_tak_client_a_panel_and_a_phone_are_served_at_once(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as (broker, _):
        engine = Engine(tmp_path, broker)
        first, second, third = engine.district.units[:3]
        post = engine.district.posts[0]
        for uid, unit in zip(UIDS, (first, second), strict=True):
            engine.enrol("tak", uid, "unit", unit.id)
        engine.enrol("dc09", ACCOUNT, "post", post.id)
        engine.enrol("owntracks", "greg/phone", "unit", third.id)
        await engine.start()
        try:
            radios = Radios(engine.district.id)
            await radios.open(broker)
            await over_tls(engine, second.base)
            await dialled(engine, radios, third, post.place)
        finally:
            await engine.stop()


async def over_tls(engine: Engine, near: Point) -> None:
    """A 911 alert of one client becomes an order as chat for the other, who accepts it."""
    here, there = near, Point(near.lon + 0.0005, near.lat)
    async with Phone(engine, UIDS[0], here) as caller, Phone(engine, UIDS[1], there) as helper:
        await caller.say("a-f-G-U-C", '<contact callsign="A"/>')
        await helper.say("a-f-G-U-C", '<contact callsign="B"/>')
        await helper.hear("t-x-takp-v")
        who = f'<link uid="{UIDS[0]}" type="a-f-G-U-C" relation="p-p"/>'
        await asyncio.sleep(1.0)
        await caller.say("b-a-o-tbl", who + '<emergency type="911 Alert">A</emergency>')
        told = await helper.hear("b-t-f")
        order = told.find("detail/__chat").get("messageId")  # type: ignore[union-attr]
        assert order is not None
        incident = order.rsplit("-", 1)[0]
        back = f'<link uid="{UIDS[1]}" type="a-f-G-U-C" relation="p-p"/>'
        await helper.say("b-t-f-d", f'<__chatreceipt messageId="{order}"/>{back}')
        await engine.wait_for(incident, order, "delivered")
        await helper.say("b-t-f", f"{back}<remarks>接受</remarks>")
        await engine.wait_for(incident, order, "accepted")


async def dialled(engine: Engine, radios: Radios, unit: Unit, place: Point) -> None:
    """A panel's dialler calls; the unit whose phone says it stands there is sent, and accepts."""
    location = {"_type": "location", "lat": place.lat, "lon": place.lon, "acc": 5}
    location["tst"] = now_ms() // 1000
    radios.wire.publish_1("owntracks/greg/phone", json.dumps(location).encode())
    await asyncio.sleep(1.0)
    panel = dc09_spt(ACCOUNT)
    panel.set_path("main", "primary", "127.0.0.1", engine.panels, account=ACCOUNT, type="TCP")
    event = {"account": ACCOUNT, "code": 122, "q": 1, "zone": 7, "area": 1}
    await asyncio.to_thread(panel.send_msg, "ADM-CID", event)
    assert panel.isConnected(), "a frame that was acknowledged makes the path good"
    path = f"unit/{unit.id}"
    await until(lambda: any(at == path for at, _ in radios.orders))
    order = next(down for at, down in radios.orders if at == path)
    radios.accept(path, order.id)
    await engine.wait_for(order.incident, order.id, "accepted")
    case = await engine.read(f"incidents/{order.incident}")
    assert [row["source"] for row in case["alarms"]] == [engine.district.posts[0].id]
