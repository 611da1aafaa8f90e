"""`street110 load`: many devices on a running engine, by the clock, measured at the device."""

import asyncio
import os
import ssl
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dispatch.district_file import DistrictError, load_district
from simulator.load.plan import Load, Target, choose_types
from simulator.load.run import Axis, find_knee, run_load
from simulator.load.wire import Broker
from street110.cli_load_picture import draw_knee

err = Console(stderr=True)

District = Annotated[
    Path, typer.Option(help="The folder of the district book that the engine runs.")
]
Port = Annotated[int, typer.Option(min=1, max=65_535)]
Host = Annotated[str, typer.Option(help="The broker.")]
User = Annotated[str | None, typer.Option(help="User at the broker.")]
Password = Annotated[
    Path | None, typer.Option(help="A file with the password, one line.", exists=True)
]
Authority = Annotated[
    Path | None, typer.Option(help="TLS: the PEM file of the authority.", exists=True)
]
Units = Annotated[
    int | None, typer.Option(min=0, max=100_000, help="Units that report; all by default.")
]
Hz = Annotated[float, typer.Option(min=0.0, max=20.0, help="Fixes a second and unit.")]
Alarms = Annotated[float, typer.Option(min=0.1, max=5_000, help="Alarms a second.")]
Seconds = Annotated[float, typer.Option(min=1.0, max=3_600, help="How long.")]
Connections = Annotated[int, typer.Option(min=1, max=5_000, help="Shared by all devices.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", help="Alarm type; may be given several times.")
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed makes the same load.")]
Pid = Annotated[int | None, typer.Option(min=1, help="Its CPU and memory are reported.")]
Knee = Annotated[
    str | None,
    typer.Option(help="Find the most `alarms` a second, or the most `units`, that are borne."),
]
Limit = Annotated[float, typer.Option(min=1.0, help="Borne: 99 of 100 first orders within this.")]
Most = Annotated[float, typer.Option(min=1.0, help="Where the search ends.")]
Json = Annotated[Path | None, typer.Option("--json", help="All figures; - for standard output.")]
Picture = Annotated[Path | None, typer.Option(help="The search as .png, .svg or .pdf.")]


def load(
    district: District,
    *,
    host: Host = "127.0.0.1",
    port: Port = 1883,
    user: User = None,
    password_file: Password = None,
    ca: Authority = None,
    units: Units = None,
    hz: Hz = 1.0,
    alarms: Alarms = 10.0,
    seconds: Seconds = 20.0,
    connections: Connections = 20,
    alarm_type: Types = None,
    seed: Seed = 1,
    engine_pid: Pid = None,
    broker_pid: Pid = None,
    knee: Knee = None,
    limit_ms: Limit = 50.0,
    most: Most = 100_000,
    json_file: Json = None,
    picture: Picture = None,
) -> None:
    """Drive a running engine over MQTT, open loop, and report what its devices see.

    Alarms are real to the engine: run it against a test district, never against one on duty.
    """
    if knee not in {None, "alarms", "units"}:
        raise typer.BadParameter("is `alarms` or `units`", param_hint="--knee")
    try:
        book = load_district(district)
        password = password_file.read_text(encoding="utf-8").strip() if password_file else None
        tls = ssl.create_default_context(cafile=str(ca)) if ca else None
        types = choose_types(book, alarm_type or ())
        broker = Broker(port, host, user, password, tls)
        target = Target(broker, book, engine_pid, broker_pid, types)
        asked = Load(
            units=len(book.units) if units is None else units, fix_hz=hz, alarms_s=alarms,
            seconds=seconds, connections=connections, seed=seed,
        )  # fmt: skip
        found = asyncio.run(work(target, asked, ca, knee, limit_ms, most))
    except (DistrictError, ValueError, OSError, TimeoutError) as error:
        err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        err.print(f"Is a broker at {host}:{port}, and the engine of {district} on it?")
        raise typer.Exit(2) from error
    report(found, json_file, picture)


def report(found: dict[str, Any], json_file: Path | None, picture: Path | None) -> None:
    """Write and print the figures; exits 1 when an order arrived as two."""
    steps = found.get("steps", [found])
    if json_file is not None:
        raw = msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
        if json_file == Path("-"):
            sys.stdout.buffer.write(raw)
        else:
            json_file.write_bytes(raw)
    if picture is not None and "knee" in found:
        draw_knee(found, picture)
    if json_file != Path("-"):
        Console().print(tabulate_search(steps) if "knee" in found else tabulate(found))
    if "knee" in found:
        tell_knee(found)
    if any(step["second_orders"] or step["changed_orders"] for step in steps):
        err.print("[bold red]an order arrived as two different orders[/]")
        raise typer.Exit(1)


async def work(  # noqa: PLR0917  # what the command was told
    target: Target, asked: Load, ca: Path | None, knee: str | None, limit_ms: float, most: float
) -> dict[str, Any]:
    """One load, or the search for the knee, each load told as it begins."""

    async def run(one: Load) -> dict[str, Any]:
        what = f"{one.units} units at {one.fix_hz:g} Hz, {one.alarms_s:g} alarms/s"
        with err.status(f"{what}, {one.seconds:g} s"):
            found = await run_load(target, one, str(ca) if ca else None)
        p99 = found["order_ms"]["p99"]
        err.print(f"{what}: p99 {'none' if p99 is None else f'{p99:.1f} ms'}", highlight=False)
        return found

    if knee is None:
        return await run(asked)
    axis: Axis = "units" if knee == "units" else "alarms"
    if axis == "units":
        most = min(most, len(target.district.units))
    return {"cores": os.cpu_count(), **await find_knee(run, asked, axis, limit_ms, most)}


def tabulate(found: dict[str, Any]) -> Table:
    """One load, a line a figure."""
    table = Table(title="measured at the device, from when an alarm was due", show_header=False)
    for name, value in figures_of(found).items():
        table.add_row(name, value)
    table.columns[1].justify = "right"
    return table


def tabulate_search(steps: list[dict[str, Any]]) -> Table:
    """A row a load, with what decides."""
    table = Table(title="measured at the device, from when an alarm was due")
    for word in ("units", "alarms/s", "lost", "p50 ms", "p99 ms", "engine core", "MiB", ""):
        table.add_column(word, justify="right")
    for step in steps:
        order, engine = step["order_ms"], step["engine"] or {}
        table.add_row(
            f"{step['load']['units']}",
            f"{step['load']['alarms_s']:g}",
            f"{step['lost']}",
            show(order["p50"]),
            show(order["p99"]),
            show(engine.get("core_share")),
            show(engine.get("mib")),
            "borne" if step["borne"] else "too much",
        )
    return table


def figures_of(step: dict[str, Any]) -> dict[str, str]:
    """What a person looks at first, by name."""
    order, engine, broker = step["order_ms"], step["engine"] or {}, step["broker"] or {}
    late_ms = max(step["generator_late_ms"]["p99"] or 0.0, step["fixes_behind_ms"])
    return {
        "units": f"{step['load']['units']}",
        "fixes/s": f"{step['fix_rate']}",
        "alarms/s": f"{step['load']['alarms_s']:g}",
        "alarms": f"{step['alarms']}",
        "without receipt": f"{step['lost']}",
        "incidents": f"{step['incidents']}",
        "orders": f"{step['orders']}",
        "second, changed orders": f"{step['second_orders']}, {step['changed_orders']}",
        "first order p50, ms": show(order["p50"]),
        "first order p99, ms": show(order["p99"]),
        "first order p99.9, ms": show(order["p99_9"]),
        "first order max, ms": show(order["max"]),
        "receipt p99, ms": show(step["receipt_ms"]["p99"]),
        "engine, share of a core": show(engine.get("core_share")),
        "engine, MiB": show(engine.get("mib")),
        "broker, share of a core": show(broker.get("core_share")),
        "KiB/s up, down": f"{step['bytes_to_broker'] / step['seconds'] / 1024:.0f}, "
        f"{step['bytes_from_broker'] / step['seconds'] / 1024:.0f}",
        "generator late, ms": show(late_ms),
    }


def show(value: float | None) -> str:
    """A figure with at most two digits, or a dash."""
    return "-" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def tell_knee(found: dict[str, Any]) -> None:
    """The sentence that the search was made for."""
    unit = "alarms a second" if found["axis"] == "alarms" else "units"
    if found["knee"] is None:
        err.print(f"Not even the first load was borne: p99 under {found['limit_ms']:g} ms.")
        return
    end = "the end of the search" if found["limit"] is None else f"{found['limit']:g} were too much"
    err.print(
        f"The knee: {found['knee']:g} {unit} with p99 under {found['limit_ms']:g} ms ({end}).",
        highlight=False,
    )
