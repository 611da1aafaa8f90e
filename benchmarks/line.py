"""The whole line, measured at the device: alarm published → first order received.

`python -m benchmarks.line [--quick]` starts a Mosquitto and the engine as its own processes on
loopback, lets 10 000 units report once a second and alarms come by the clock, open loop; then a
storm of alarms; then asks what a fix costs and how many the engine sustains beside a bare
subscriber that does nothing. Figures go to `benchmarks/results/line.json`.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import ceiling
from benchmarks.big_district import BigDistrict, write_district
from benchmarks.machine import child, cpu_s, describe, free_port, mosquitto, resident_mib
from benchmarks.street import SETTLE_S, Street, judge

RESULTS = Path(__file__).parent / "results"
READY_S = 90.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of it: units, fixes and alarms a second, seconds of each part."""

    units: int = 10_000
    fixes: float = 10_000.0
    alarms: float = 50.0
    line_s: float = 30.0
    storm: float = 500.0
    storm_s: float = 5.0
    fixes_step_s: float = 5.0
    step_s: float = 3.0


QUICK = Scale(line_s=8.0, storm_s=2.0, fixes_step_s=2.0, step_s=1.5)


@dataclass(frozen=True, slots=True)
class Bench:
    """A running line: where the broker listens, and which processes cost what."""

    port: int
    units: Path
    engine: int
    broker: int
    street: Street
    probe: ceiling.Probe


async def measure_phase(
    bench: Bench, fixes: float, alarms: float, seconds: float
) -> dict[str, Any]:
    """Fixes and alarms together; latency, and the CPU of engine and broker meanwhile."""
    before = cpu_s(bench.engine), cpu_s(bench.broker)
    load = asyncio.create_task(ceiling.run_load(bench.port, bench.units, fixes, seconds + SETTLE_S))
    await asyncio.sleep(1.0)
    phase = await bench.street.raise_alarms(alarms, seconds - 1.0)
    sent = await load
    engine_s, broker_s = cpu_s(bench.engine) - before[0], cpu_s(bench.broker) - before[1]
    return judge(phase) | {
        "fixes_sent": sent["sent"],
        "fix_rate": round(sent["sent"] / sent["seconds"]),
        "engine_core_share": round(engine_s / sent["seconds"], 3),
        "broker_core_share": round(broker_s / sent["seconds"], 3),
        "engine_cpu_s": round(engine_s, 3),
        "seconds": round(sent["seconds"], 1),
        "engine_mib": round(resident_mib(bench.engine)),
    }


async def measure_fixes(bench: Bench, seconds: float) -> dict[str, Any]:
    """Engine CPU per fix at 20 000 fixes/s without alarms, all that it does at rest included."""
    rig = ceiling.Rig(bench.port, bench.units, bench.probe, bench.engine)
    step = await ceiling.measure_step(rig, 20_000, seconds)
    return {"cpu_us_per_fix": step["cpu_us"], "step": step}


async def run_line(scale: Scale, folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Everything, in order; each part is told as it begins."""
    district = write_district(folder, scale.units)
    units = folder / "units.json"
    ceiling.write_units(units, district.units)
    found: dict[str, Any] = {"machine": describe(), "scale": vars_of(scale)}
    with ExitStack() as stack:
        port, broker = stack.enter_context(mosquitto(folder))
        probe = ceiling.Probe()
        await probe.open(port)
        engine = stack.enter_context(
            child(_serve(folder, district, port), log=RESULTS / "line-engine.log")
        )
        tell("the engine starts")
        await wait_live(probe, engine)
        street = Street([name for name, _, _ in district.units], district.posts)
        await street.open(port)
        bench = Bench(port, units, engine.pid, broker, street, probe)
        tell("CPU per fix")
        found["fixes"] = await measure_fixes(bench, scale.fixes_step_s)
        tell("warming up")
        await measure_phase(bench, scale.fixes, 5.0, 4.0)
        tell(f"{scale.fixes:.0f} fixes/s and {scale.alarms:.0f} alarms/s")
        found["line"] = await measure_phase(bench, scale.fixes, scale.alarms, scale.line_s)
        tell(f"a storm of {scale.storm:.0f} alarms/s")
        found["storm"] = await measure_phase(bench, scale.fixes, scale.storm, scale.storm_s)
        tell("the highest fix rate of the engine")
        rig = ceiling.Rig(port, units, probe, engine.pid)
        found["engine"] = await ceiling.find_highest(
            lambda rate: ceiling.measure_step(rig, rate, scale.step_s)
        )
    tell("the ceiling: a bare subscriber")
    found["ceiling"] = await ceiling.measure(folder, units, scale.step_s)
    found["ratio_to_ceiling"] = round(
        found["engine"]["highest_rate"] / max(1.0, found["ceiling"]["highest_rate"]), 3
    )
    found["cpu_us_per_alarm"] = price_alarm(found)
    return found


async def wait_live(probe: ceiling.Probe, engine: subprocess.Popen[bytes]) -> None:
    """Until the engine calls itself live; its early end is an error that names its log."""
    async with asyncio.timeout(READY_S):
        while not probe.live.is_set():
            if engine.poll() is not None:
                raise RuntimeError(f"the engine ended at its start; see {RESULTS}/line-engine.log")
            await asyncio.sleep(0.05)


def vars_of(scale: Scale) -> dict[str, float]:
    """The scale as plain figures."""
    return {name: getattr(scale, name) for name in Scale.__slots__}


def price_alarm(found: dict[str, Any]) -> float:
    """Engine CPU microseconds per alarm with all that follows it, the fixes' share taken off."""
    line = found["line"]
    fixes_s: float = line["fixes_sent"] * found["fixes"]["cpu_us_per_fix"] / 1e6
    used_s: float = line["engine_cpu_s"] - fixes_s
    alarms: int = line["alarms"]
    return round(used_s / max(1, alarms) * 1e6)


def _serve(folder: Path, district: BigDistrict, port: int) -> list[str]:
    """The engine's command line, with a configuration of its own."""
    config = folder / "serve.toml"
    config.write_text(
        f'district = "{district.folder}"\n'
        f'[state]\ndirectory = "{folder / "state"}"\n'
        f'[mqtt]\nembedded = false\nhost = "127.0.0.1"\nport = {port}\n'
        f"[http]\nport = {free_port()}\n"
        '[log]\nlevel = "warning"\n'
    )
    return [str(Path(sys.executable).parent / "street110"), "serve", "--config", str(config)]


def show(found: dict[str, Any], console: Console) -> None:
    """The figures beside their goals."""
    table = Table(title="From button to street, measured at the device")
    for head in ("", "reached", "goal"):
        table.add_column(head, justify="left" if not head else "right")
    line, storm = found["line"], found["storm"]
    for name, part, goals in (
        ("line", line, {"p50": "< 3", "p99": "< 15"}),
        ("storm", storm, {"p99": "< 25"}),
    ):
        table.add_row(f"[b]{name}[/b]: {part['alarms']} alarms, {part['fix_rate']} fixes/s", "", "")
        for share in ("p50", "p99", "p99_9", "max"):
            reached = part["latency_ms"][share]
            table.add_row(f"  alarm → order {share}, ms", f"{reached}", goals.get(share, ""))
        table.add_row("  receipts of alarms", f"{part['receipts']} of {part['alarms']}", "all")
        table.add_row("  second or changed orders", _faults(part), "0")
        table.add_row("  engine, share of a core", f"{part['engine_core_share']:.0%}", "")
    table.add_row("engine CPU per fix, µs", f"{found['fixes']['cpu_us_per_fix']}", "< 50")
    table.add_row("engine CPU per alarm, µs", f"{found['cpu_us_per_alarm']}", "")
    table.add_row("fixes/s sustained by the engine", f"{found['engine']['highest_rate']:.0f}", "")
    table.add_row("fixes/s of a bare gmqtt", f"{found['ceiling']['highest_rate']:.0f}", "")
    table.add_row("engine / bare", f"{found['ratio_to_ceiling']:.0%}", "≥ 60%")
    console.print(table)


def _faults(part: dict[str, Any]) -> str:
    return str(part["second_orders"] + part["changed_orders"])


def main() -> None:
    """Measure, show, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.line", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="all parts, shortened, in a minute")
    parser.add_argument("--json", type=Path, default=None, help="where the figures go")
    said = parser.parse_args()
    # Asked to end, it unwinds like on Ctrl-C, so that its processes end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    RESULTS.mkdir(exist_ok=True)
    name = "line-quick.json" if said.quick else "line.json"
    console = Console()
    with tempfile.TemporaryDirectory(prefix="street110-line-") as folder:
        found = uvloop.run(
            run_line(
                QUICK if said.quick else Scale(),
                Path(folder),
                lambda part: console.print(f"[dim]… {part}[/dim]"),
            )
        )
    (said.json or RESULTS / name).write_text(json.dumps(found, indent=2) + "\n")
    show(found, console)


if __name__ == "__main__":
    main()
