"""The answer of a simulation as tables on a terminal, JSON, Parquet and a picture."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulator.virtual.build import World
from simulator.virtual.measure import PERCENTILES
from simulator.virtual.summary import Estimate

MOST_ROWS = 40
MOST_COLUMNS = 12
ONE_LINE = (
    ("calls", "calls measured"),
    ("p_wait", "share of calls that wait"),
    ("p_lost", "share of calls lost"),
    ("p_all_busy", "share of time all are busy"),
    ("p_queue", "share of time someone waits"),
    ("mean_busy", "mean number busy"),
    ("mean_queue", "mean number waiting"),
    ("mean_wait", "mean wait of all calls"),
    ("mean_wait_of_waiting", "mean wait of those who wait"),
    ("mean_travel", "mean travel"),
    ("mean_response", "mean response"),
    ("bound_response", "mean response if nobody were ever busy"),
    ("response_factor", "mean response, times that bound"),
    ("interarea_share", "share of dispatches out of area"),
)
BY_PERCENTILE = (
    ("wait_percentiles", "wait"),
    ("travel_percentiles", "travel"),
    ("response_percentiles", "response"),
)


def said(value: float, half: float) -> str:
    """A number with its half-width, in as many digits as it deserves."""
    if not np.isfinite(value):
        return "-"
    if not np.isfinite(half):
        return f"{value:.5g}"
    return f"{value:.5g} ± {half:.2g}"


def axis_of(name: str, world: World) -> list[str]:
    """What the entries of a row of figures are called."""
    run = world.scenario.run
    named = {
        "busy_at": [f"{one:g}" for one in sorted(run.instants)],
        "queue_at": [f"{one:g}" for one in sorted(run.instants)],
        "within_goals": [f"{one:g}" for one in run.goals],
        "busy_share": [str(one) for one in range(len(world.units) + 1)],
    }
    ending = {
        "percentiles": [f"p{one}" for one in PERCENTILES],
        "class": [kind.id for kind in world.kinds],
        "order": [str(one + 1) for one in range(16)],
        "atom": [source.id for source in world.sources],
    }
    if name == "state_share":
        return [format(one, f"0{len(world.units)}b") for one in range(2 ** len(world.units))]
    return named.get(name) or ending.get(name.rsplit("_", 1)[-1]) or world.unit_ids


def show(world: World, found: dict[str, Estimate], console: Console) -> None:
    """Everything on the terminal: one figure a line, then the tables that have rows."""
    run = world.scenario.run
    what = "runs" if run.runs > 1 else "windows of one run"
    head = f"{world.scenario.name or 'scenario'}: {run.runs} run(s), seed {run.seed}; "
    head += f"intervals {100 * run.confidence:g} % from {found['calls'].runs} {what}"
    console.print(escape(head), highlight=False)
    if world.scenario.time:
        console.print(escape(f"unit of time: {world.scenario.time}"), highlight=False)
    table = Table("figure", "value", box=None, pad_edge=False)
    for name, label in ONE_LINE:
        if name in found and np.isfinite(found[name].value):
            table.add_row(label, said(float(found[name].value), float(found[name].half)))
    for name, label in BY_PERCENTILE:
        if name in found:
            for i, one in enumerate(PERCENTILES):
                if np.isfinite(found[name].value[i]):
                    value = said(float(found[name].value[i]), float(found[name].half[i]))
                    table.add_row(f"{label}, {one}th percentile", value)
    console.print(table)
    show_rows(world, found, console)
    show_dispatches(world, found["dispatch_share"], console)


def show_rows(world: World, found: dict[str, Estimate], console: Console) -> None:
    """By unit, by class, by instant, by goal, by order of arrival."""
    groups = (
        ("unit", ("workload", "mean_travel_by_unit", "interarea_share_by_unit")),
        ("class", ("p_wait_by_class", "mean_wait_by_class", "p_lost_by_class",
                   "mean_response_by_class")),
        ("instant", ("busy_at", "queue_at")),
        ("within", ("within_goals",)),
        ("order of arrival", ("mean_travel_by_order", "p90_travel_by_order")),
    )  # fmt: skip
    for label, names in groups:
        here = [name for name in names if name in found]
        if not here:
            continue
        table = Table(label, *(name.replace("_", " ") for name in here), box=None, pad_edge=False)
        rows = axis_of(here[0], world)[: len(found[here[0]].value)]
        for i, row in enumerate(rows[:MOST_ROWS]):
            cells = [said(float(found[n].value[i]), float(found[n].half[i])) for n in here]
            table.add_row(escape(row), *cells)
        console.print()
        console.print(table)
        if len(rows) > MOST_ROWS:
            console.print(f"({len(rows) - MOST_ROWS} more in --json)")


def show_dispatches(world: World, share: Estimate, console: Console) -> None:
    """The share of all dispatches by unit and atom, when that fits a screen."""
    units, atoms = share.value.shape
    console.print()
    if atoms < 2 or atoms > MOST_COLUMNS or units > MOST_ROWS:
        if atoms > 1:
            console.print(f"dispatch share of {units} units x {atoms} atoms: in --json")
        return
    names = [escape(source.id) for source in world.sources]
    table = Table("dispatch share", *names, box=None, pad_edge=False)
    for row, unit in enumerate(world.unit_ids):
        cells = [
            said(float(share.value[row, column]), float(share.half[row, column]))
            for column in range(atoms)
        ]
        table.add_row(escape(unit), *cells)
    console.print(table)


def as_json(world: World, found: dict[str, Estimate]) -> str:
    """All figures with half-widths and the names of their entries; what is unknown is null."""
    body: dict[str, Any] = {
        "name": world.scenario.name,
        "source": world.scenario.source,
        "time": world.scenario.time,
        "runs": world.scenario.run.runs,
        "seed": world.scenario.run.seed,
        "confidence": world.scenario.run.confidence,
        "units": world.unit_ids,
        "atoms": [source.id for source in world.sources],
        "classes": [kind.id for kind in world.kinds],
        "figures": {},
    }
    for name, one in found.items():
        entry: dict[str, Any] = {"value": plain(one.value), "half": plain(one.half)}
        entry["parts"] = one.runs
        if one.value.ndim == 1:
            entry["entries"] = axis_of(name, world)[: len(one.value)]
        body["figures"][name] = entry
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def plain(values: Any) -> Any:
    """Numbers as JSON knows them, with null for what is unknown."""
    if values.ndim:
        return [plain(value) for value in values]
    return float(values) if np.isfinite(values) else None


def write_parquet(world: World, found: dict[str, Estimate], file: Path) -> None:
    """One row a number: figure, entry, second entry of a table, value and half-width."""
    rows: dict[str, list[Any]] = {
        name: [] for name in ("figure", "entry", "atom", "value", "half", "parts")
    }
    for name, one in found.items():
        names = axis_of(name, world)
        for place in np.ndindex(one.value.shape):
            rows["figure"].append(name)
            rows["entry"].append(names[place[0]] if place else None)
            rows["atom"].append(world.sources[place[1]].id if len(place) > 1 else None)
            rows["value"].append(float(one.value[place]))
            rows["half"].append(float(one.half[place]))
            rows["parts"].append(one.runs)
    pq.write_table(pa.table(rows), file)
