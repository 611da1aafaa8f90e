"""The console over real sockets: what it shows, to whom, and whom it never waits for."""

import asyncio
import gzip
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import numpy as np
import pytest

from dispatch.words import IncidentId
from gateways.console.clients import MAX_CASES, Mailbox
from gateways.console.columns import HEADER, NEVER, encode_columns
from gateways.console.pages import join_streets
from geo.tracker import Tracker
from tests.console_stage import Stage

SECONDS = 10.0


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def receive(ws: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next text message of a kind; positions between are passed over."""
    async with asyncio.timeout(SECONDS):
        while True:
            message = await ws.receive()
            assert message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}
            if message.type is aiohttp.WSMsgType.TEXT:
                body: dict[str, Any] = json.loads(message.data)
                if body["is"] == kind:
                    return body


async def test_a_press_reaches_the_page_as_a_case_with_reasons(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    async with web.ws_connect(stage.url + "/ws") as ws:
        state = await receive(ws, "state")
        assert state["cases"] == []
        assert [unit["id"] for unit in state["district"]["units"]][:2] == ["U01", "U02"]
        await stage.press("P003", "a1")
        delta = await receive(ws, "delta")
    case = delta["cases"][0]
    assert case["alarms"][0]["source"] == "P003"
    assert case["orders"], "orders leave with the alarm"
    chosen = [c for r in case["recommendations"] for c in r["candidates"] if c["chosen"]]
    assert {c["responder"] for c in chosen} == {order["responder"] for order in case["orders"]}
    assert next(step["what"] for step in case["timeline"]) == "incident_opened"
    assert delta["counters"]["open"] == 1
    assert delta["counters"]["latency_p50_ms"] is not None


async def test_who_connects_later_gets_the_whole_state(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    await stage.press("P003", "a1")
    async with web.ws_connect(stage.url + "/ws") as ws:
        state = await receive(ws, "state")
    answer = await web.get(stage.url + "/api/state")
    by_http = json.loads(await answer.read())
    assert [c["incident"]["id"] for c in state["cases"]] == ["I1"]
    assert by_http["cases"] == state["cases"]


async def test_a_console_that_starts_late_knows_what_the_board_knows(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    await stage.press("P003", "a1")
    await stage.console.stop()
    stage.console._feed.begin(stage.engine.board)
    case = stage.console._feed.find_case(IncidentId("I1"))
    assert case is not None
    assert {step.what for step in case.timeline} >= {"alarm_joined", "order_issued"}


def test_columns_are_thirteen_bytes_a_unit_and_say_what_is_known() -> None:
    tracker = Tracker(["A", "B"], bounds=(0, 0, 180, 80), impossible_mps=70.0, ahead_ms=1_000)
    now_ms = 1_764_000_010_000
    tracker.update(
        np.array([1]),
        np.array([now_ms - 2_500]),
        np.array([[121.4737, 31.2304]]),
        np.array([12.4]),
        np.array([270.0]),
        np.array([np.nan]),
        now_ms,
    )
    frame = encode_columns(tracker, np.array([0, 4]), now_ms, 3)
    assert len(frame) == 16 + 13 * 2
    assert HEADER.unpack_from(frame) == (1, 3, 0, 2, float(now_ms))
    assert struct.unpack_from("<2i2i2H2B2B2B", frame, 16) == (
        *(0, 1_214_737_000, 0, 312_304_000, NEVER, 25),
        *(255, 187, 0, 4, 255, 12),
    )


def test_in_a_mailbox_the_latest_state_wins_and_its_size_is_bounded() -> None:
    mailbox = Mailbox()
    mailbox.take()
    counters = msgspec.Raw(b"{}")
    for round_number in range(3):
        mailbox.put_columns(bytes([round_number]))
        mailbox.put_cases({IncidentId("I1"): msgspec.Raw(b"%d" % round_number)}, counters)
    whole, cases, _, columns = mailbox.take()
    assert (whole, columns, bytes(cases[IncidentId("I1")])) == (False, b"\x02", b"2")
    for number in range(MAX_CASES + 1):
        mailbox.put_cases({IncidentId(f"I{number}"): msgspec.Raw(b"1")}, counters)
    whole, cases, _, _ = mailbox.take()
    assert whole
    assert cases == {}


async def test_a_page_that_stops_reading_holds_up_nobody(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    port = stage.console.port
    _, deaf = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
    deaf.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    async with web.ws_connect(stage.url + "/ws") as ws:
        await receive(ws, "state")
        for number in range(60):
            await stage.press(f"P{number % 5 + 1:03}", f"b{number}", "dispute")
        async with asyncio.timeout(SECONDS):
            known: set[str] = set()
            while "P005/b59" not in known:
                delta = await receive(ws, "delta")
                known |= {alarm["key"] for case in delta["cases"] for alarm in case["alarms"]}
    deaf.close()


async def test_a_foreign_page_or_name_may_not_watch(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await web.ws_connect(stage.url + "/ws", origin="http://elsewhere.example")
    assert refused.value.status == 403
    answer = await web.get(stage.url + "/", headers={"Host": "elsewhere.example"})
    assert answer.status == 421
    own = await web.ws_connect(stage.url + "/ws", origin=stage.url)
    await own.close()


async def test_the_page_only_listens(stage: Stage, web: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(SECONDS), web.ws_connect(stage.url + "/ws") as ws:
        await ws.send_str('{"is":"order"}')
        while not ws.closed:
            await ws.receive()
        assert ws.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_every_answer_forbids_foreign_and_inline_code(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    for path in ("/", "/pages/main.js", "/pages/nothing.js", "/pages/../app.py", "/health"):
        answer = await web.get(stage.url + path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    missing = await web.get(stage.url + "/pages/console/app.py")
    assert missing.status == 404


async def test_streets_are_packed_named_and_cacheable(
    stage: Stage, web: aiohttp.ClientSession
) -> None:
    answer = await web.get(stage.url + "/map/roads.geojson", headers={"Accept-Encoding": "gzip"})
    streets = json.loads(gzip.decompress(await answer.read()))
    assert {f["properties"]["name"] for f in streets["features"]} >= {"人民路", "中山路"}
    assert "max-age" in answer.headers["Cache-Control"]
    again = await web.get(
        stage.url + "/map/roads.geojson", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status == 304


def test_pieces_of_one_street_become_one_line() -> None:
    def piece(*points: tuple[float, float]) -> dict[str, Any]:
        return {
            "type": "Feature",
            "properties": {"class": "primary", "name": "长路"},
            "geometry": {"type": "LineString", "coordinates": list(points)},
        }

    pieces = [piece((1, 1), (2, 2)), piece((2, 2), (3, 1)), piece((9, 9), (8, 8))]
    joined = join_streets({"type": "FeatureCollection", "features": pieces})
    assert sorted(len(f["geometry"]["coordinates"]) for f in joined["features"]) == [2, 3]


async def test_places_tell_posts_and_gates_apart(stage: Stage, web: aiohttp.ClientSession) -> None:
    answer = await web.get(stage.url + "/api/district.geojson")
    kinds = [f["properties"]["is"] for f in json.loads(await answer.read())["features"]]
    assert sorted(set(kinds)) == ["gate", "post"]
    assert kinds.count("post") == 5


async def test_health_says_what_is_missing(stage: Stage, web: aiohttp.ClientSession) -> None:
    well = await web.get(stage.url + "/health")
    assert well.status == 200
    stage.connected = False
    ill = await web.get(stage.url + "/health")
    body = json.loads(await ill.read())
    assert ill.status == 503
    assert (body["live"], body["ready"], body["journal"], body["broker"]) == (
        *(True, False, True, False),
    )


async def test_metrics_count_the_pages(stage: Stage, web: aiohttp.ClientSession) -> None:
    async with web.ws_connect(stage.url + "/ws") as ws:
        await receive(ws, "state")
        answer = await web.get(stage.url + "/metrics")
        text = (await answer.read()).decode()
    assert "street110_console_browsers 1.0" in text
    assert "street110_incidents_open" in text
