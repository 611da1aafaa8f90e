"""What stands beside the line, in a whole engine: tips, other centres, sheets for a dark hour."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from dispatch.words import SourceKind
from gateways.exchange.cap import read_cap
from gateways.exchange.neutral import ImportedAlarm
from gateways.runsheet import verify
from gateways.tips.signature import sign
from street110.assemble import Running, epoch_ms
from street110.config import ConfigError, load_config

SHANGHAI = Path(__file__).parent.parent / "simulator/districts/shanghai"
SECRET, TOKEN = "a-secret-of-the-sms-bridge-0001", "token-of-the-next-district-0001"


def write_config(folder: Path, more: str = "") -> Path:
    (folder / "bridges.toml").write_text(f'sms = "{SECRET}"\n')
    (folder / "centres.toml").write_text(f'next = "{TOKEN}"\n')
    file = folder / "street110.toml"
    file.write_text(
        f'district = "{SHANGHAI}"\n[state]\ndirectory = "var"\n[http]\nport = 0\n'
        '[tips]\nbridges_file = "bridges.toml"\n'
        '[exchange]\nsender = "shanghai.example"\ntokens_file = "centres.toml"\n' + more
    )
    return file


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    engine = Running(load_config(write_config(tmp_path)))
    await engine.start()
    yield engine
    await engine.stop()


async def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        return answer.status, json.loads(await answer.text())


async def test_a_tip_becomes_an_alarm_and_another_centre_takes_it_over(running: Running) -> None:
    base = f"http://127.0.0.1:{running.console.port}"
    post_name = running.district.posts[0].name
    body = json.dumps(
        {"id": "m1", "sender": "13800000000", "text": f"{post_name}门口有人抢劫"},
        ensure_ascii=False,
    ).encode()
    now_ms = epoch_ms()
    headers = {
        "X-Street110-Bridge": "sms",
        "X-Street110-Time": str(now_ms),
        "X-Street110-Signature": sign(SECRET.encode(), now_ms, body),
    }
    status, reply = await post(f"{base}/tips/v1/messages", body, headers)
    assert status == 200, reply
    board = running.engine.board
    assert [alarm.source_kind for alarm in board.alarms.values()] == [SourceKind.TIP]
    incident = next(iter(board.incidents))
    assert board.incidents[incident].orders

    bad = dict(headers, **{"X-Street110-Signature": "00" * 32})
    assert (await post(f"{base}/tips/v1/messages", body, bad))[0] in (401, 409)
    assert len(board.alarms) == 1

    let_in = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=let_in) as session,
        session.get(f"{base}/exchange/v1/cap/{incident}") as answer,
    ):
        assert answer.status == 200
        raw = await answer.read()
    assert isinstance(read_cap(raw), ImportedAlarm)
    status, reply = await post(f"{base}/exchange/v1/cap", raw, let_in)
    assert status == 200, reply
    status, again = await post(f"{base}/exchange/v1/cap", raw, let_in)
    assert (status, again) == (200, reply)
    assert len(board.alarms) == 2


async def test_who_is_not_enrolled_is_not_let_in(running: Running) -> None:
    url = f"http://127.0.0.1:{running.console.port}/exchange/v1/cap"
    async with aiohttp.ClientSession() as session, session.post(url, data=b"<alert/>") as answer:
        assert answer.status == 401
    status, reply = await post(url, b"<!DOCTYPE a><alert/>", {"Authorization": f"Bearer {TOKEN}"})
    assert status == 422
    assert reply["error"]


async def test_sheets_for_the_hour_without_an_engine_are_on_disk(running: Running) -> None:
    sheets = running.state / "sheets"
    key = bytes.fromhex((sheets / "public-key.txt").read_text())
    posts = {f"post-{post.id}.html" for post in running.district.posts}
    assert posts <= {path.name for path in sheets.iterdir()}
    written = [path.read_bytes() for path in sorted(sheets.glob("post-*.html"))]
    assert all(verify(sheet, key) for sheet in written)
    assert not verify(written[0].replace(b"<body", b"<body ", 1), key)


def test_a_configuration_names_what_is_wrong(tmp_path: Path) -> None:
    file = write_config(tmp_path, "fallbak = 1\n")
    with pytest.raises(ConfigError, match="fallbak"):
        load_config(file)
