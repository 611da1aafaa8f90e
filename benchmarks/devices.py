"""JT/T 808 terminals on one engine: button → answer, button → first order, memory, CPU.

`python -m benchmarks.devices [--quick]` starts a Mosquitto and the engine as its own processes on
loopback and lets 10 000 terminals connect, report once in ten seconds and press the button once a
second among them, open loop. Figures go to `benchmarks/results/devices.json`.
"""

import argparse
import asyncio
import gc
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.big_district import BigDistrict, write_district
from benchmarks.machine import (
    child,
    cpu_s,
    describe,
    free_port,
    mosquitto,
    resident_mib,
    wait_for_port,
)
from benchmarks.terminals import CODE, Crowd, Heard
from dispatch.words import ResponderId, ResponderKind
from gateways.devices.registry import Device, Protocol
from simulator.ledger import percentile

RESULTS = Path(__file__).parent / "results"
FIRST_PHONE = 13_900_000_000
POLICIES = {os.SCHED_OTHER: "normal", os.SCHED_RR: "real-time", os.SCHED_FIFO: "real-time"}
SETTLE_S = 2.0
IDLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How many terminals, how often each reports, presses a second, seconds of each part."""

    terminals: int = 10_000
    every_s: float = 10.0
    presses: float = 1.0
    warm_s: float = 15.0
    run_s: float = 60.0


QUICK = Scale(terminals=1_000, warm_s=3.0, run_s=10.0)


def phone_of(number: int) -> str:
    """The number of the nth terminal."""
    return str(FIRST_PHONE + number)


def write_book(state: Path, district: BigDistrict) -> None:
    """Enrol one terminal for each unit."""
    devices = [
        Device(
            protocol=Protocol.JT808,
            identity=phone_of(number),
            kind=ResponderKind.UNIT,
            responder=ResponderId(unit),
            secret=CODE.decode(),
        )
        for number, (unit, _, _) in enumerate(district.units)
    ]
    state.mkdir()
    (state / "devices.json").write_bytes(msgspec.json.encode({"devices": devices}))


def write_config(folder: Path, district: BigDistrict, broker: int, port: int, page: int) -> Path:
    """The engine's configuration: all terminals come from one address."""
    plans = district.folder / "plans.toml"
    text = plans.read_text(encoding="utf-8")
    plans.write_text(text.replace('type = "help"', 'type = "panic"'), encoding="utf-8")
    config = folder / "serve.toml"
    config.write_text(
        f'district = "{district.folder}"\n'
        f'[state]\ndirectory = "{folder / "state"}"\n'
        f'[mqtt]\nembedded = false\nhost = "127.0.0.1"\nport = {broker}\n'
        f"[http]\nport = {page}\n"
        '[log]\nlevel = "warning"\n'
        f"[devices.jt808]\nport = {port}\nmax_per_address = 20000\nmax_unproved = 20000\n"
    )
    return config


async def measure(scale: Scale, folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Everything, in order; each part is told as it begins."""
    district = write_district(folder, scale.terminals)
    write_book(folder / "state", district)
    port, page = free_port(), free_port()
    found: dict[str, Any] = {"machine": describe(), "scale": asdict(scale)}
    found["scheduling"] = POLICIES.get(os.sched_getscheduler(0), "other")
    places = [(phone_of(n), lon, lat) for n, (_, lon, lat) in enumerate(district.units)]
    with ExitStack() as stack:
        broker, _ = stack.enter_context(mosquitto(folder))
        config = write_config(folder, district, broker, port, page)
        serve = [str(Path(sys.executable).parent / "street110"), "serve", "--config", str(config)]
        log = RESULTS / "devices-engine.log"
        engine = stack.enter_context(child(serve, log=log))
        tell("the engine starts")
        wait_for_port(port, engine)
        await asyncio.sleep(SETTLE_S)
        found |= await drive(scale, engine.pid, port, places, tell)
        if engine.poll() is not None:
            raise RuntimeError(f"the engine ended; see {log}")
    return found


async def drive(
    scale: Scale,
    engine: int,
    port: int,
    places: list[tuple[str, float, float]],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Connect, warm up, measure; the crowd is this very process."""
    crowd = Crowd(places)
    before_mib, idle_before = resident_mib(engine), cpu_s(engine)
    await asyncio.sleep(IDLE_S)
    idle_share = (cpu_s(engine) - idle_before) / IDLE_S
    tell(f"{scale.terminals} terminals connect")
    half = scale.terminals // 2
    connect_s = await crowd.connect(port, 0, half)
    half_mib = resident_mib(engine)
    connect_s += await crowd.connect(port, half, scale.terminals)
    connected_mib = resident_mib(engine)
    tell("warming up")
    await crowd.run(scale.warm_s, scale.every_s, scale.presses)
    gc.collect()
    gc.freeze()
    warm_mib, cpu_before = resident_mib(engine), cpu_s(engine)
    own_before, start_s = time.process_time(), time.perf_counter()
    tell(f"{scale.terminals / scale.every_s:.0f} reports/s and {scale.presses:.0f} presses/s")
    heard = await crowd.run(scale.run_s, scale.every_s, scale.presses)
    elapsed_s = time.perf_counter() - start_s
    used_s, own_s = cpu_s(engine) - cpu_before, time.process_time() - own_before
    await asyncio.sleep(SETTLE_S)
    found = judge(heard) | {
        "connect_s": round(connect_s, 2),
        # The first half also fills what the start left free; the second half is all new.
        "kib_per_connection": round((connected_mib - half_mib) * 1024 / half, 2),
        "kib_per_terminal_reporting": round((warm_mib - before_mib) * 1024 / scale.terminals, 2),
        "engine_mib": round(resident_mib(engine)),
        "engine_core_share": round(used_s / elapsed_s, 3),
        "engine_idle_core_share": round(idle_share, 3),
        "cpu_us_per_report": round((used_s - idle_share * elapsed_s) / heard.reports * 1e6),
        "generator_core_share": round(own_s / elapsed_s, 3),
        "lost_connections": sum(one.closed for one in crowd.terminals),
        "load_after": [round(x, 2) for x in psutil.getloadavg()],
    }
    crowd.close()
    return found


def judge(heard: Heard) -> dict[str, Any]:
    """Percentiles, and whether everything was answered. Times in ms."""
    first: dict[str, float] = {}
    for at_s, place in heard.orders:
        pressed_s = heard.pressed.get(place)
        if pressed_s is not None:
            first.setdefault(place, (at_s - pressed_s) * 1000)
    return {
        "presses": heard.presses,
        "answered": len(heard.answers_ms),
        "confirmed": len(heard.confirmations_ms),
        "with_order": len(first),
        "reports": heard.reports,
        "reports_answered": len(heard.reports_ms),
        "refused": heard.refused,
        "press_to_answer_ms": shares(heard.answers_ms),
        "press_to_order_ms": shares(list(first.values())),
        "report_to_answer_ms": shares(heard.reports_ms),
        "generator_late_ms_max": round(heard.late_ms, 1),
    }


def shares(values: list[float]) -> dict[str, float | None]:
    """The usual percentiles."""
    if not values:
        return {"p50": None, "p99": None, "max": None}
    ordered = sorted(values)
    return {
        "p50": round(percentile(ordered, 0.5), 2),
        "p99": round(percentile(ordered, 0.99), 2),
        "max": round(ordered[-1], 2),
    }


def show(found: dict[str, Any], console: Console) -> None:
    """The figures beside their goals."""
    table = Table(title=f"{found['scale']['terminals']} JT/T 808 terminals on one engine")
    for head in ("", "reached", "goal"):
        table.add_column(head, justify="left" if not head else "right")
    for name, key, goal in (
        ("button → answer", "press_to_answer_ms", "< 15"),
        ("button → first order", "press_to_order_ms", "< 15"),
        ("report → answer", "report_to_answer_ms", ""),
    ):
        for share in ("p50", "p99", "max"):
            table.add_row(
                f"{name} {share}, ms", f"{found[key][share]}", goal if share == "p99" else ""
            )
    table.add_row("presses answered", f"{found['answered']} of {found['presses']}", "all")
    table.add_row("presses with an order", f"{found['with_order']} of {found['presses']}", "all")
    table.add_row("reports answered", f"{found['reports_answered']} of {found['reports']}", "all")
    table.add_row("connections lost", f"{found['lost_connections']}", "0")
    table.add_row("all connected and proved in, s", f"{found['connect_s']}", "")
    table.add_row("engine memory per connection, KiB", f"{found['kib_per_connection']}", "")
    table.add_row("engine, share of a core", f"{found['engine_core_share']:.0%}", "")
    table.add_row("engine CPU per report, µs", f"{found['cpu_us_per_report']}", "")
    console.print(table)


def main() -> None:
    """Measure, show, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.devices", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 000 terminals for ten seconds")
    parser.add_argument("--json", type=Path, default=None, help="where the figures go")
    said = parser.parse_args()
    # Asked to end, it unwinds like on Ctrl-C, so that its processes end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    RESULTS.mkdir(exist_ok=True)
    name = "devices-quick.json" if said.quick else "devices.json"
    console = Console()
    with tempfile.TemporaryDirectory(prefix="street110-devices-") as folder:
        found = uvloop.run(
            measure(
                QUICK if said.quick else Scale(),
                Path(folder),
                lambda part: console.print(f"[dim]… {part}[/dim]"),
            )
        )
    (said.json or RESULTS / name).write_text(json.dumps(found, indent=2) + "\n")
    show(found, console)


if __name__ == "__main__":
    main()
