"""`street110 geo`: import a road graph, look at it, and ask it who is near and how to get there."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
import shapely
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

from geo.gmns import import_tables
from geo.graphfile import GraphFileError
from geo.isochrone import isochrone as isochrone_of
from geo.osm import Say, import_osm
from geo.reach import Reach
from geo.roads import Roads
from geo.types import Profile
from street110.drawing import draw_svg
from street110.tables import Row, TableError, parse_place, read_points

app = typer.Typer(no_args_is_help=True)
err = Console(stderr=True)

GraphFile = Annotated[
    Path, typer.Option("--graph", help="A graph file made by `geo import`.", exists=True)
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


def put_out(text: str, out: Path | None) -> None:
    """To the file asked for, else to standard output."""
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


@app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(help="An OpenStreetMap extract, .osm.pbf.", exists=True, dir_okay=False),
    ],
    target: Annotated[Path, typer.Argument(help="The graph file to write, as roads.s110.")],
) -> None:
    """Build a road graph from an OpenStreetMap extract, and say what was left out."""
    build(lambda say: import_osm(source, target, say))


@app.command("import-tables")
def import_both(
    nodes: Annotated[
        Path, typer.Argument(help="CSV: node_id, x_coord, y_coord (GMNS).", exists=True)
    ],
    links: Annotated[
        Path, typer.Argument(help="CSV: from_node_id, to_node_id and more (GMNS).", exists=True)
    ],
    target: Annotated[Path, typer.Argument(help="The graph file to write, as roads.s110.")],
) -> None:
    """Build a road graph from tables of nodes and links, and say what was left out."""
    build(lambda say: import_tables(nodes, links, target, say))


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
    graph: Annotated[Path, typer.Argument(help="A graph file.", exists=True)],
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
def nearest(  # options by name on the command line
    graph: GraphFile,
    responders: Annotated[
        Path,
        typer.Option(
            help="Who may go: CSV (id, lon, lat, perhaps profile) or GeoJSON.", exists=True
        ),
    ],
    at: Annotated[Path, typer.Option(help="Where to: CSV (id, lon, lat) or GeoJSON.", exists=True)],
    *,
    k: Annotated[int, typer.Option("--k", min=1, help="How many for each place.")] = 1,
    profile: Travel = Profile.CAR,
    limit_min: Minutes = 30.0,
    out: Target = None,
) -> None:
    """The k responders who reach each place first by road, as CSV: place, rank, id, ETA, metres."""
    roads = load(graph)
    try:
        who, where = read_points(responders), read_points(at)
        file = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    except (TableError, OSError, ValueError) as error:
        stop(error)
    table = csv.writer(file, lineterminator="\n")
    table.writerow(("at", "rank", "id", "eta_s", "distance_m"))
    with progress() as bar:
        for place in bar.track(where, description="places"):
            for rank, (row, eta_s, length_m) in enumerate(
                rank_by_time(roads, who, place, k=k, profile=profile, limit_s=limit_min * 60), 1
            ):
                table.writerow((place.id, rank, row.id, f"{eta_s:.1f}", f"{length_m:.0f}"))
    if out:
        file.close()


def rank_by_time(
    roads: Roads, who: list[Row], place: Row, *, k: int, profile: Profile, limit_s: float
) -> list[tuple[Row, float, float]]:
    """The `k` first at a place: row, seconds and metres by road; ties by id."""
    lonlat = np.array([[row.place.lon, row.place.lat] for row in who])
    travels = np.array([row.profile or profile for row in who])
    eta_s = np.full(len(who), np.inf)
    reaches: dict[Profile, Reach] = {}
    for each in Profile:
        these = np.flatnonzero(travels == each)
        if len(these):
            reaches[each] = roads.reach(place.place, each, limit_s)
            eta_s[these] = reaches[each].seconds(lonlat[these])
    ranked = sorted(np.flatnonzero(np.isfinite(eta_s)), key=lambda i: (eta_s[i], who[i].id))
    found = []
    for i in ranked[:k]:
        route = reaches[Profile(travels[i])].find_route(who[i].place)
        assert route is not None, "a finite time has a way"
        found.append((who[i], float(eta_s[i]), route.length_m))
    return found


@app.command()
def route(
    graph: GraphFile,
    start: Annotated[str, typer.Option("--from", help="lon,lat in WGS-84 degrees.")],
    to: Annotated[str, typer.Option("--to", help="lon,lat in WGS-84 degrees.")],
    *,
    profile: Travel = Profile.CAR,
    limit_min: Minutes = 120.0,
    geojson: Annotated[bool, typer.Option("--geojson", help="A GeoJSON line, for a map.")] = False,
    out: Target = None,
) -> None:
    """The fastest way between two places: streets, metres and seconds, or its line."""
    roads = load(graph)
    try:
        way = roads.reach(parse_place(to), profile, limit_min * 60).find_route(parse_place(start))
    except TableError as error:
        stop(error)
    if way is None:
        stop(TableError(f"no way from {start} to {to} within {limit_min:g} minutes"))
    if geojson:
        feature = {
            "type": "Feature",
            "properties": {"seconds": round(way.seconds, 1), "length_m": round(way.length_m, 1)},
            "geometry": {"type": "LineString", "coordinates": way.line},
        }
        put_out(json.dumps(feature) + "\n", out)
        return
    lines = [f"{way.seconds:8.0f} s {way.length_m:8.0f} m  in all\n"]
    lines += [f"{leg.seconds:8.0f} s {leg.length_m:8.0f} m  {leg.name}\n" for leg in way.streets]
    put_out("".join(lines), out)


@app.command()
def isochrone(
    graph: GraphFile,
    to: Annotated[str, typer.Option("--to", help="lon,lat in WGS-84 degrees.")],
    minutes: Annotated[
        list[float], typer.Option("--minutes", min=0.1, max=600.0, help="Repeat for more rings.")
    ],
    *,
    profile: Travel = Profile.CAR,
    out: Target = None,
) -> None:
    """The areas from which a place is reached in so many minutes, as GeoJSON, widest first."""
    roads = load(graph)
    try:
        reach = roads.reach(parse_place(to), profile, max(minutes) * 60)
    except TableError as error:
        stop(error)
    features = [
        {
            "type": "Feature",
            "properties": {"minutes": each, "profile": profile},
            "geometry": json.loads(shapely.to_geojson(isochrone_of(reach, each * 60))),
        }
        for each in sorted(set(minutes), reverse=True)
    ]
    put_out(json.dumps({"type": "FeatureCollection", "features": features}) + "\n", out)


@app.command()
def draw(
    graph: GraphFile,
    out: Annotated[Path, typer.Option("--out", help="The picture, .svg.")],
    *,
    width: Annotated[int, typer.Option(min=200, max=8_000, help="Pixels across.")] = 1_200,
) -> None:
    """A picture of the graph, to see at a glance whether the import is what you expect."""
    out.write_text(draw_svg(load(graph), width), encoding="utf-8")
