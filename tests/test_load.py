"""Load on a whole engine over a real broker: nothing lost or doubled, and the knee found."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.machine import child, free_port, mosquitto
from dispatch.district_file import load_district
from simulator.load.plan import Load, choose_types, list_walkers
from simulator.load.processes import cost_of
from simulator.load.run import find_knee, in_time
from simulator.load.street import percentiles

SHANGHAI = Path(__file__).parent.parent / "simulator/districts/shanghai"
COMMAND = [sys.executable, "-m", "street110"]
READY_S = 60


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=120, check=False
    )


def test_a_load_on_a_served_engine_loses_and_doubles_nothing(tmp_path: Path) -> None:
    grown = run("district", "enlarge", str(SHANGHAI), str(tmp_path / "d"), "--units", "400")
    assert grown.returncode == 0, grown.stderr
    assert len(load_district(tmp_path / "d").units) == 400
    log = tmp_path / "engine.log"
    with mosquitto(tmp_path) as (port, broker):
        config = tmp_path / "street110.toml"
        config.write_text(
            f'district = "d"\n[mqtt]\nembedded = false\nport = {port}\n[http]\nport = 0\n'
        )
        with child([*COMMAND, "serve", "--config", str(config)], log) as engine:
            wait_ready(log)
            done = run(
                *("load", "--district", str(tmp_path / "d"), "--port", str(port)),
                *("--seconds", "4", "--alarms", "5", "--engine-pid", str(engine.pid)),
                *("--broker-pid", str(broker), "--json", "-"),
            )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["alarms"] == 20
    assert found["lost"] == found["rejects"] == 0
    assert found["second_orders"] == found["changed_orders"] == 0
    assert found["orders"] >= found["order_ms"]["n"] > 0
    assert found["fixes"] >= 400 * 3
    assert found["engine"]["cpu_s"] > 0
    assert found["broker"]["mib"] > 0
    assert found["bytes_to_broker"] > found["fixes"] * 60


def wait_ready(log: Path) -> None:
    end_s = time.monotonic() + READY_S
    while '"ready"' not in log.read_text():
        assert time.monotonic() < end_s, log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize(("axis", "bears", "knee"), [("alarms", 310, 300), ("units", 5_000, 5_000)])
async def test_the_search_ends_at_a_load_that_was_borne(axis: Any, bears: float, knee: int) -> None:
    tried: list[float] = []

    async def one(load: Load) -> dict[str, Any]:
        amount = load.alarms_s if axis == "alarms" else load.units
        tried.append(amount)
        await asyncio.sleep(0)
        p99 = 20.0 if amount <= bears else 900.0
        return {"lost": 0, "second_orders": 0, "changed_orders": 0, "order_ms": {"p99": p99}}

    found = await find_knee(one, Load(units=10, alarms_s=10), axis, 50.0, 5_000)
    assert found["knee"] == knee
    assert found["knee"] in tried
    assert found["knee"] <= bears
    assert found["limit"] is None or bears < found["limit"] <= knee + 40


def test_a_lost_alarm_or_a_second_order_is_never_borne() -> None:
    good = {"lost": 0, "second_orders": 0, "changed_orders": 0, "order_ms": {"p99": 3.0}}
    assert in_time(good, 50)
    for wrong in ({"lost": 1}, {"second_orders": 1}, {"order_ms": {"p99": 51.0}}):
        assert not in_time(good | wrong, 50)


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    district = load_district(SHANGHAI)
    with pytest.raises(ValueError, match=r"units: 99999 asked for.*enlarge"):
        list_walkers(district, 99_999)
    with pytest.raises(ValueError, match="type: picnic: no plan"):
        choose_types(district, ["picnic"])
    port = free_port()
    nobody = run("load", "--district", str(SHANGHAI), "--port", str(port), "--seconds", "1")
    assert nobody.returncode == 2
    assert f"Is a broker at 127.0.0.1:{port}" in nobody.stderr
    small = run("district", "enlarge", str(SHANGHAI), str(tmp_path / "d"), "--units", "5")
    assert small.returncode == 2
    assert "already" in small.stderr


def test_percentiles_are_exact_and_of_nothing_none() -> None:
    assert percentiles([5.0, 1.0, 3.0])["p50"] == 3.0
    assert percentiles([]) == {
        "n": 0, "p50": None, "p90": None, "p99": None, "p99_9": None, "max": None,
    }  # fmt: skip
    assert cost_of(None) is None
    assert cost_of(2**22 + 1) is None
