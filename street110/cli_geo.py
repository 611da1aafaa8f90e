"""`street110 geo`: import a road graph, look at it, and ask it who is near and how to get there."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from geo.gmns import import_tables
from geo.network import import_network
from geo.osm import Say
from street110 import cli_geo_ask, cli_geo_learn
from street110.cli_geo_common import GraphFile, load, progress, stop
from street110.drawing import draw_png, draw_svg

app = typer.Typer(no_args_is_help=True)
app.command()(cli_geo_ask.nearest)
app.command()(cli_geo_ask.route)
app.command()(cli_geo_ask.isochrone)
app.command()(cli_geo_ask.matrix)
app.command()(cli_geo_learn.calibrate)
map_app = typer.Typer(no_args_is_help=True)
"""`street110 map`: pictures of a graph."""

Country = Annotated[
    str | None,
    typer.Option(help="Whose speeds roads without one get, as CN; else by where they lie."),
]
Sources = Annotated[
    list[Path],
    typer.Argument(
        help="An OpenStreetMap extract (.osm.pbf), or a table of nodes and one of links "
        "(.csv, .parquet; in either order).",
        exists=True,
        dir_okay=False,
    ),
]
GraphTarget = Annotated[Path, typer.Argument(help="The graph file to write, as roads.s110.")]


@app.command("import")
def import_(sources: Sources, target: GraphTarget, *, country: Country = None) -> None:
    """Build a road graph from an extract or from tables, and say what was left out."""
    build(lambda say: import_network(sources, target, say, country))


@app.command("import-tables")
def import_both(
    nodes: Annotated[
        Path, typer.Argument(help="CSV: node_id, x_coord, y_coord (GMNS).", exists=True)
    ],
    links: Annotated[
        Path, typer.Argument(help="CSV: from_node_id, to_node_id and more (GMNS).", exists=True)
    ],
    target: GraphTarget,
    *,
    country: Country = None,
) -> None:
    """Build a road graph from tables of nodes and links, and say what was left out."""
    build(lambda say: import_tables(nodes, links, target, say, country))


def build(work: Callable[[Say], dict[str, Any]]) -> None:
    """An import under a bar on the terminal, then what went in."""
    try:
        with progress() as bar:
            task = bar.add_task("reading", total=None)

            def say(step: str, done: int, total: int | None) -> None:
                bar.update(task, description=step, completed=done, total=total)

            about = work(say)
    except (ValueError, RuntimeError, OSError) as error:
        stop(error)
    sys.stdout.write(tell(about))


@app.command()
def info(
    graph: Annotated[Path, typer.Argument(help="A graph file.", exists=True, dir_okay=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """What a graph file holds: counts, bounds, what was left out and whom to credit."""
    about = {key: value for key, value in load(graph).about.items() if key != "names"}
    sys.stdout.write(json.dumps(about, ensure_ascii=False) + "\n" if as_json else tell(about))


def tell(about: dict[str, Any]) -> str:
    """The description of a graph, a line a fact."""
    lines = []
    for key, value in about.items():
        if key == "names":
            continue
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{what} {count}" for what, count in value.items()) or "nothing"
        lines.append(f"{key.replace('_', ' '):17} {shown}\n")
    return "".join(lines)


@app.command()
@map_app.command()
def draw(
    graph: GraphFile,
    out: Annotated[Path, typer.Option("--out", help="The picture: .svg or .png.")],
    *,
    width: Annotated[int, typer.Option(min=200, max=8_000, help="Pixels across.")] = 1_200,
) -> None:
    """A picture of the graph, to see at a glance whether the import is what you expect."""
    kind = out.suffix.lower()
    if kind not in {".svg", ".png"}:
        raise typer.BadParameter(f"{out} is neither .svg nor .png", param_hint="--out")
    roads = load(graph)
    try:
        if kind == ".svg":
            out.write_text(draw_svg(roads, width), encoding="utf-8")
        else:
            draw_png(roads, width, out)
    except (ValueError, OSError) as error:
        stop(error)
