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

from geo.graphfile import GraphFileError
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
