"""What the commands of `street110 geo` share: options, messages, bars, files in and out."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from geo.calibration import NEUTRAL, apply_factors, read_calibration
from geo.graphfile import GraphFileError
from geo.hours import read_rush_hours
from geo.roads import Roads
from geo.types import Profile
from street110.tables import Row, TableError, parse_place, read_points

err = Console(stderr=True)

GraphFile = Annotated[
    Path,
    typer.Option("--graph", help="A graph file made by `geo import`.", exists=True, dir_okay=False),
]
Travel = Annotated[
    Profile, typer.Option("--profile", help="How the responders travel, unless their file says.")
]
Minutes = Annotated[
    float, typer.Option("--limit-min", min=0.1, max=600.0, help="Look no further than this.")
]
Target = Annotated[Path | None, typer.Option("--out", help="Write here instead of the terminal.")]


Hour = Annotated[
    int | None,
    typer.Option(min=0, max=23, help="Local hour that --factors and --rush are taken for."),
]
Learnt = Annotated[
    Path | None,
    typer.Option("--factors", help="What `geo calibrate` wrote.", exists=True, dir_okay=False),
]
Rush = Annotated[
    Path | None,
    typer.Option(
        "--rush",
        help='Rush hours, JSON: {"by_class": {"primary": [24 factors]}}.',
        exists=True,
        dir_okay=False,
    ),
]


def stop(error: Exception) -> NoReturn:
    """Say what is wrong and leave."""
    err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    raise typer.Exit(2)


def remark(text: str) -> None:
    """Something worth knowing that is no part of the answer."""
    err.print(f"[yellow]note:[/] {escape(text)}", highlight=False, soft_wrap=True)


def progress() -> Progress:
    """A bar on the terminal that leaves standard output to the answer."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )


def load(graph: Path) -> Roads:
    """The graph of a file, or a message and exit code 2."""
    try:
        return Roads.load(graph)
    except (GraphFileError, OSError) as error:
        stop(error)


def load_at(graph: Path, hour: int | None, learnt: Path | None, rush: Path | None) -> Roads:
    """The graph of a file with the travel times of an hour, or a message and exit code 2."""
    if (hour is None) != (learnt is None and rush is None):
        raise typer.BadParameter(
            "goes with --factors or --rush, and they with it", param_hint="--hour"
        )
    roads = load(graph)
    if hour is None:
        return roads
    file = learnt
    try:
        factors = NEUTRAL if learnt is None else read_calibration(learnt.read_bytes())
        file = rush
        hours = None if rush is None else read_rush_hours(rush.read_bytes())
    except (ValueError, OSError) as error:
        stop(ValueError(f"{file}: {error}"))
    apply_factors(roads, hour, learnt=factors, rush=hours)
    return roads


def points_of(what: str) -> list[Row]:
    """Points of a file, or the one point that `lon,lat` is; else a message and exit code 2."""
    path = Path(what)
    try:
        if path.is_file() or "," not in what:
            return read_points(path)
        return [Row(id=what, place=parse_place(what))]
    except TableError as error:
        stop(error)


def put_out(text: str, out: Path | None) -> None:
    """To the file asked for, else to standard output; a message and exit code 2 if it cannot."""
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        stop(error)
