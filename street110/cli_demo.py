"""`street110 demo`: a broker, the engine, a virtual district and the live page, in one command."""

import asyncio
import json
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Group
from rich.live import Live
from rich.table import Table

from dispatch import events as e
from dispatch.ports import Record
from dispatch.words import IncidentStatus
from simulator.run import Fleet, FleetOptions, Habits
from street110.assemble import Running
from street110.cli_serve import wait_for_end
from street110.config import Config, HttpConfig, LogConfig, StateConfig
from street110.logs import set_up_logs
from street110.terrain import load_roads

SHOWN = 12
COLUMNS = ("P", "警情", "类型 type", "地点 place", "状态 status", "警力 responders", "用时 age")
DRAIN_S = 4.0
"""At the end no more buttons are pressed, and what is under way may still arrive."""


class Tally:
    """Counts durable facts for the figures."""

    def __init__(self) -> None:
        self.facts: Counter[str] = Counter()

    def seen(self, records: Sequence[Record]) -> None:
        """Count the facts of durable records."""
        for record in records:
            for event in record.events:
                name = type(event).__name__
                self.facts[name] += 1
                if isinstance(event, e.OrderAdvanced):
                    self.facts[f"order_{event.status}"] += 1


def demo(  # noqa: PLR0917  # options by name on the command line
    seconds: Annotated[
        float | None, typer.Option(help="Stop after so many seconds; else on Ctrl-C.", min=5)
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the live page on loopback.")] = 8110,
    seed: Annotated[int, typer.Option(help="Seed of the virtual district.")] = 110,
    alarms_a_minute: Annotated[float, typer.Option(help="How often somebody presses.")] = 30.0,
    pace: Annotated[float, typer.Option(help="How much faster than life the street runs.")] = 15.0,
    district: Annotated[
        Path | None, typer.Option(help="District folder; the reference district when left out.")
    ] = None,
) -> None:
    """Show the whole line on the streets of Shanghai: buttons, orders, arrivals, a live map."""
    folder = district or Path(str(files("simulator") / "districts" / "shanghai"))
    set_up_logs(LogConfig(level="error", form="console"))
    habits = Habits(
        alarms_a_minute=alarms_a_minute,
        pace=pace,
        on_scene_s=(20.0, 60.0),
        alarms_until_s=seconds - DRAIN_S if seconds else None,
    )
    with tempfile.TemporaryDirectory(prefix="street110-demo-") as state:
        config = Config(
            district=str(folder),
            state=StateConfig(directory=state),
            http=HttpConfig(port=port),
        )
        figures = uvloop.run(show(config, habits, seed, seconds))
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
        typer.echo(f"figures written to {json_file}")
    wrong = figures["second_orders"] or figures["receipts_without_incident"]
    raise typer.Exit(1 if wrong else 0)


async def show(config: Config, habits: Habits, seed: int, seconds: float | None) -> dict[str, Any]:
    """Run everything for so many seconds (None: until told), then give the figures."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    running = Running(config)
    tally = Tally()
    began = time.monotonic()
    try:
        await running.start()
        running.engine.watch(tally.seen)
        fleet = Fleet(
            FleetOptions(
                district=running.district,
                roads=load_roads(Path(config.district), running.state),
                host=running.mqtt_host,
                port=running.mqtt_port,
                seed=seed,
                habits=habits,
            )
        )
        street = asyncio.create_task(fleet.run(stop), name="street")
        screen = asyncio.create_task(draw(running, fleet, tally, stop), name="screen")
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, stop.set)
        await wait_for_end(running.engine, stop)
        await asyncio.gather(street, screen)
        figures = gather_figures(running, fleet, tally, time.monotonic() - began)
    finally:
        await running.stop()
    return figures


def gather_figures(running: Running, fleet: Fleet, tally: Tally, seconds: float) -> dict[str, Any]:
    """What the devices saw beside what the engine recorded."""
    seen = fleet.ledger.figures()
    board = running.engine.board
    in_incidents = {key for row in board.incidents.values() for key in row.alarms}
    receipted = [key for key, sent in fleet.ledger.alarms.items() if sent.incident is not None]
    facts = tally.facts
    return {
        "seconds": round(seconds, 1),
        "district": running.district.id,
        **seen,
        "incidents_opened": facts["IncidentOpened"],
        "alarms_joined": facts["AlarmJoined"],
        "incidents_closed": sum(
            row.status is IncidentStatus.CLOSED for row in board.incidents.values()
        ),
        "orders_issued": facts["OrderIssued"],
        "orders_delivered": facts["order_delivered"],
        "orders_accepted": facts["order_accepted"],
        "orders_refused": facts["order_refused"],
        "orders_expired": facts["order_expired"],
        "orders_completed": facts["order_completed"],
        "orders_cancelled": facts["order_cancelled"],
        "receipts_without_incident": sum(key not in in_incidents for key in receipted),
    }


async def draw(running: Running, fleet: Fleet, tally: Tally, stop: asyncio.Event) -> None:
    """Keep a table of incidents and latencies on the terminal."""
    page = f"http://{running.config.http.host}:{running.console.port}/"
    typer.echo(f"live page: {page}   (Ctrl-C ends the demo)")
    with Live(refresh_per_second=2, transient=True) as live:
        while not stop.is_set():
            live.update(Group(table_of(running), line_of(running, fleet, tally)))
            try:
                await asyncio.wait_for(stop.wait(), 0.5)
            except TimeoutError:
                continue


def table_of(running: Running) -> Table:
    """The most urgent open incidents."""
    board = running.engine.board
    now_ms = running.engine.now_ms()
    table = Table(title=f"{running.district.name_zh} · {len(board.open)} 起警情 / open incidents")
    for column in (
        "P",
        "警情",
        "类型 type",
        "地点 place",
        "状态 status",
        "警力 responders",
        "用时 age",
    ):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for incident in board.list_open()[:SHOWN]:
        orders = [board.orders[order] for order in incident.orders]
        who = " ".join(f"{order.responder}:{order.status}" for order in orders[-4:])
        age_s = (now_ms - incident.raised_ms) // 1000
        table.add_row(
            str(incident.priority),
            incident.id,
            board.get_plan(incident).name_zh + " " + incident.type,
            incident.place_name,
            incident.status,
            who,
            f"{age_s // 60}:{age_s % 60:02}",
        )
    return table


def line_of(running: Running, fleet: Fleet, tally: Tally) -> str:
    """Counts and the latency at the devices, in one line."""
    seen = fleet.ledger.figures()
    latency = seen["latency_ms"]
    free = int(running.engine.board.force.available.sum())
    return (
        f"alarms {seen['alarms_sent']}  receipts {seen['receipts_seen']}  "
        f"orders {tally.facts['OrderIssued']}  units free {free}  "
        f"alarm→order at device p50 {latency['p50']} ms  p99 {latency['p99']} ms"
    )
