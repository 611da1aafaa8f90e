"""`street110 serve` with device protocols: a phone enrolled while the engine runs is served."""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from typer.testing import CliRunner

from dispatch.district_file import load_district
from street110.cli import app
from tests.mqtt_lab import free_port, until

DISTRICT = Path(__file__).resolve().parent.parent / "simulator" / "districts" / "shanghai"
START_S = 90.0


async def answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as web, web.get(url) as answer:
            return answer.status < 500
    except aiohttp.ClientError:
        return False


async def status_of(url: str, report: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as web, web.get(url, params=report) as answer:
        return answer.status


async def test_a_phone_enrolled_while_the_engine_runs_is_served(tmp_path: Path) -> None:
    port, page = free_port(), free_port()
    config = tmp_path / "engine.toml"
    config.write_text(
        f'district = "{DISTRICT}"\n[state]\ndirectory = "state"\n[http]\nport = {page}\n'
        f"[devices.osmand]\nport = {port}\n[devices.tak]\nport = 0\n[devices.owntracks]\nport = 0\n"
    )
    with (tmp_path / "log").open("wb") as log:
        engine = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "street110", "serve", "--config", str(config), stderr=log
        )
    try:
        async with asyncio.timeout(START_S):
            while not await answers(f"http://127.0.0.1:{page}/health"):
                assert engine.returncode is None, (tmp_path / "log").read_text()
                await asyncio.sleep(0.1)
        await enrol_and_call(config, f"http://127.0.0.1:{port}/", page)
    finally:
        engine.terminate()
        async with asyncio.timeout(30):
            await engine.wait()
    board = json.loads((tmp_path / "state" / "board.json").read_bytes())
    assert "officer" in json.dumps(board) or "panic" in json.dumps(board)


async def enrol_and_call(config: Path, url: str, page: int) -> None:
    unit = load_district(DISTRICT).units[0].id
    report = {"id": "777", "lat": "31.2304", "lon": "121.4737", "alarm": "sos"}
    assert await status_of(url, report) == 403
    book = CliRunner()

    def run(*words: str) -> str:
        return book.invoke(app, ["device", *words, "--config", str(config)]).output

    await until(lambda: "'777'" in run("list", "--unknown"))
    assert (
        "has no unit"
        in book.invoke(
            app, ["device", "add", "osmand", "777", "unit", "nobody", "--config", str(config)]
        ).output
    )
    added = run("add", "osmand", "777", "unit", unit, "--make-secret")
    report["token"] = added.split("secret ")[1].strip()
    async with asyncio.timeout(20):
        while await status_of(url, report) != 200:  # noqa: ASYNC110 - the engine looks once a second
            await asyncio.sleep(0.1)
    async with aiohttp.ClientSession() as web, web.get(f"http://127.0.0.1:{page}/metrics") as got:
        figures = await got.text()
    assert 'street110_commands_total{do="RaiseAlarm"} 1.0' in figures
    assert 'street110_device_frames_total{protocol="osmand",result="understood"} 1.0' in figures
