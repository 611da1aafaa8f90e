"""`street110 simulate`: model worlds and days of a district in virtual time."""

import os
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from simulator.virtual.build import build
from simulator.virtual.day_report import days_json, days_parquet, show_days
from simulator.virtual.days import load_days, world_of
from simulator.virtual.policies import compare, live_all
from simulator.virtual.report import as_json, show, write_parquet
from simulator.virtual.run import run_many
from simulator.virtual.scenario import Scenario, ScenarioError, load_scenario
from simulator.virtual.summary import summarise

err = Console(stderr=True)


def simulate(
    scenario: Annotated[
        Path, typer.Argument(help="The scenario file, TOML or JSON.", exists=True, dir_okay=False)
    ],
    *,
    runs: Annotated[int | None, typer.Option(min=1, help="Replications, over the file's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed, over the file's.")] = None,
    calls: Annotated[
        int | None, typer.Option(min=1, help="Calls a run, over the file's calls or horizon.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="All figures as JSON; - for standard output.")
    ] = None,
    parquet: Annotated[Path | None, typer.Option(help="All figures as a Parquet table.")] = None,
    picture: Annotated[Path | None, typer.Option(help="A picture: .png, .svg or .pdf.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1_024, help="Runs at a time; all cores by default.")
    ] = None,
) -> None:
    """Simulate a scenario: a model world, or days of a district, with confidence intervals."""
    try:
        if world_of(scenario) == "district":
            ask = Ask(runs, seed, json_file, parquet, picture, workers or cores())
            simulate_days(scenario, ask)
            return
        asked = override(load_scenario(scenario), runs, seed, calls)
        world = build(asked, scenario.parent)
        with bar() as progress:
            task = progress.add_task("runs", total=asked.run.runs)
            parts = run_many(world, workers or cores(), lambda: progress.advance(task))
    except ScenarioError as error:
        err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    found = summarise(parts, asked.run.runs, asked.run.confidence)
    if json_file == Path("-"):
        sys.stdout.write(as_json(world, found))
    else:
        show(world, found, Console(highlight=False))
    if json_file is not None and json_file != Path("-"):
        json_file.write_text(as_json(world, found), encoding="utf-8")
    if parquet is not None:
        write_parquet(world, found, parquet)
    if picture is not None:
        from simulator.virtual.picture import draw  # noqa: PLC0415  # slow to load, seldom asked

        draw(world, found, picture)


class Ask(NamedTuple):
    """What the command line asks for."""

    runs: int | None
    seed: int | None
    json_file: Path | None
    parquet: Path | None
    picture: Path | None
    workers: int


def simulate_days(scenario: Path, ask: Ask) -> None:
    """Days of a district under its policies, and the table that compares them."""
    days = load_days(scenario)
    run = replace(days.run, runs=ask.runs or days.run.runs)
    days = replace(days, run=run if ask.seed is None else replace(run, seed=ask.seed))
    with bar() as progress:
        task = progress.add_task("days", total=days.run.runs * len(days.policy))
        lived = live_all(days, scenario.parent, ask.workers, lambda: progress.advance(task))
    table = compare(days, lived)
    if ask.json_file == Path("-"):
        sys.stdout.write(days_json(days, table))
    else:
        show_days(days, table, Console(highlight=False))
    if ask.json_file is not None and ask.json_file != Path("-"):
        ask.json_file.write_text(days_json(days, table), encoding="utf-8")
    if ask.parquet is not None:
        days_parquet(days, lived, ask.parquet)
    if ask.picture is not None:
        from simulator.virtual.day_picture import draw_days  # noqa: PLC0415  # slow, seldom asked

        draw_days(days, lived, ask.picture)


def override(scenario: Scenario, runs: int | None, seed: int | None, calls: int | None) -> Scenario:
    """The scenario with what the command line asks for instead."""
    run = scenario.run
    if runs is not None:
        run = replace(run, runs=runs)
    if seed is not None:
        run = replace(run, seed=seed)
    if calls is not None:
        run = replace(run, calls=calls, horizon=None)
    return replace(scenario, run=run)


def cores() -> int:
    """How many runs at a time this machine can do."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def bar() -> Progress:
    """A bar on the terminal that leaves standard output to the answer."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
