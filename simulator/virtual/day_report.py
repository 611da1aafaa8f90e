"""The table of policies on a terminal, as JSON and Parquet, and as a picture."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulator.virtual.days import Days
from simulator.virtual.policies import Figure, Lived

COLUMNS = (
    ("incidents", "incidents", 1.0, "{:.0f}"),
    ("mean_s", "unit, mean s", 1.0, "{:.1f}"),
    ("p90_s", "p90 s", 1.0, "{:.0f}"),
    ("within_60_s", "in 1 min %", 100.0, "{:.1f}"),
    ("within_180_s", "in 3 min %", 100.0, "{:.1f}"),
    ("within_300_s", "in 5 min %", 100.0, "{:.1f}"),
    ("help_mean_s", "first help, mean s", 1.0, "{:.1f}"),
    ("help_within_180_s", "help in 3 min %", 100.0, "{:.1f}"),
    ("gain_mean_s", "gain on the first, s", 1.0, "{:+.1f}"),
)


def said(figure: Figure, scale: float, form: str) -> str:
    """A figure with its interval."""
    if math.isnan(figure.value):
        return "-"
    text = form.format(figure.value * scale)
    return text if math.isnan(figure.half) else f"{text} ± {figure.half * scale:.2g}"


def show_days(days: Days, table: Sequence[dict[str, Any]], console: Console) -> None:
    """One table, all priorities and policies."""
    run = days.run
    words = f"{days.name or days.district}: {run.hours:g} h, {run.runs} run(s), seed {run.seed}; "
    console.print(escape(words + f"{100 * run.confidence:g} % intervals over runs"))
    shown = Table("priority", "policy", box=None, pad_edge=False)
    for _, label, _, _ in COLUMNS:
        shown.add_column(label, justify="right")
    for row in table:
        which = "all" if row["priority"] is None else str(row["priority"])
        cells = [said(row[name], scale, form) for name, _, scale, form in COLUMNS]
        shown.add_row(which, escape(row["policy"]), *cells)
    console.print(shown)


def days_json(days: Days, table: Sequence[dict[str, Any]]) -> str:
    """All figures with half-widths; what is unknown is null."""
    rows = []
    for row in table:
        body: dict[str, Any] = {"policy": row["policy"], "priority": row["priority"]}
        for name, figure in row.items():
            if isinstance(figure, Figure):
                body[name] = {"value": known(figure.value), "half": known(figure.half)}
        rows.append(body)
    head = {
        "name": days.name,
        "hours": days.run.hours,
        "runs": days.run.runs,
        "seed": days.run.seed,
    }
    return json.dumps({**head, "rows": rows}, ensure_ascii=False, indent=1) + "\n"


def known(value: float) -> float | None:
    """Null for NaN."""
    return None if math.isnan(value) else value


def days_parquet(days: Days, lived: Sequence[Lived], file: Path) -> None:
    """One row an incident of every day of every policy; seconds since the start of the day."""
    rows: dict[str, list[Any]] = {
        name: []
        for name in (
            "policy", "run", "incident", "type", "priority", "raised_s", "unit_s", "post_s",
            "helper_s", "orders",
        )
    }  # fmt: skip
    for one in lived:
        for seen in one.seen:
            rows["policy"].append(days.policy[one.policy].name)
            rows["run"].append(one.run)
            for name in list(rows)[2:]:
                rows[name].append(getattr(seen, name))
    pq.write_table(pa.table(rows), file)
