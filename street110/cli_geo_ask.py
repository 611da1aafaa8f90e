"""Questions to a road graph: who is near, how does he get there, what is reached in time."""

import csv
import json
from io import StringIO
from typing import Annotated, Any

import numpy as np
import typer

from geo.air import air_m
from geo.guidance import Turn, list_turns
from geo.isochrone import isochrone_geojson
from geo.nearest import Crowd
from geo.phrases import Language, say_turn
from geo.reach import Reach
from geo.roads import Roads
from geo.types import FloatArray, Point, Profile, Route
from street110.cli_geo_common import (
    GraphFile,
    Hour,
    Learnt,
    Minutes,
    Rush,
    Target,
    Travel,
    load_at,
    points_of,
    progress,
    put_out,
    remark,
    stop,
)
from street110.tables import Row, TableError, parse_place

Places = Annotated[str, typer.Option("--at", help="Where to: CSV or GeoJSON file, or lon,lat.")]


def nearest(
    graph: GraphFile,
    responders: Annotated[
        str,
        typer.Option(help="Who may go: CSV (id, lon, lat, perhaps profile) or GeoJSON points."),
    ],
    at: Places,
    *,
    k: Annotated[int, typer.Option("--k", min=1, help="How many for each place.")] = 1,
    profile: Travel = Profile.CAR,
    limit_min: Minutes = 30.0,
    hour: Hour = None,
    factors: Learnt = None,
    rush: Rush = None,
    out: Target = None,
) -> None:
    """The k responders who reach each place first by road, as CSV, one block for each place.

    Columns: the place's id, rank, the responder's id, ETA in seconds, metres by road as
    `geo route` counts them, and metres in a straight line. Degrees are WGS-84.
    """
    roads = load_at(graph, hour, factors, rush)
    who = sorted(points_of(responders), key=lambda row: row.id)
    where = points_of(at)
    crowd = Crowd(roads, lonlat_of(who), [row.profile or profile for row in who])
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("at", "rank", "id", "eta_s", "distance_m", "air_m"))
    with progress() as bar:
        for place in bar.track(where, description="places"):
            found = crowd.nearest(place.place, k=k, limit_s=limit_min * 60)
            if not found:
                remark(f"{place.id}: nobody can be there within {limit_min:g} minutes")
            for rank, near in enumerate(found, 1):
                one = who[near.row]
                way = near.reach.find_route(one.place)
                assert way is not None, "a finite time has a way"
                eta, road = f"{near.seconds:.1f}", f"{way.length_m:.0f}"
                air = f"{air_m(one.place, place.place):.0f}"
                table.writerow((place.id, rank, one.id, eta, road, air))
    put_out(text.getvalue(), out)


def lonlat_of(rows: list[Row]) -> FloatArray:
    """(n, 2) lon/lat WGS-84 degrees of rows."""
    return np.array([(row.place.lon, row.place.lat) for row in rows], dtype=np.float64)


def route(
    graph: GraphFile,
    start: Annotated[str, typer.Option("--from", help="lon,lat in WGS-84 degrees.")],
    to: Annotated[str, typer.Option("--to", help="lon,lat in WGS-84 degrees.")],
    *,
    profile: Travel = Profile.CAR,
    limit_min: Minutes = 120.0,
    lang: Annotated[Language, typer.Option(help="Language of the instructions.")] = Language.EN,
    geojson: Annotated[
        bool, typer.Option("--geojson", help="A GeoJSON line with its turns, for a map.")
    ] = False,
    hour: Hour = None,
    factors: Learnt = None,
    rush: Rush = None,
    out: Target = None,
) -> None:
    """The fastest way between two places: streets, metres and seconds, and turn by turn."""
    roads = load_at(graph, hour, factors, rush)
    try:
        begin, end = parse_place(start), parse_place(to)
    except TableError as error:
        stop(error)
    reach = roads.reach(end, profile, limit_min * 60)
    way = reach.find_route(begin)
    if way is None:
        stop(TableError(why_no_way(roads, reach, begin, f"{start} to {to}", limit_min)))
    turns = list_turns(reach, begin)
    if geojson:
        put_out(json.dumps(line_of(way, turns, lang), ensure_ascii=False) + "\n", out)
    else:
        put_out(tell(way, turns, lang), out)


def why_no_way(roads: Roads, reach: Reach, begin: Point, pair: str, limit_min: float) -> str:
    """What keeps one from going: no road near an end, or no way within the time."""
    spot = roads.put_on_road(np.array([[begin.lon, begin.lat]]), reach.profile)
    if spot.piece[0] < 0 or reach.piece < 0:
        which = "the start" if spot.piece[0] < 0 else "the goal"
        return f"no way from {pair}: {which} is far from every road of this graph"
    return f"no way from {pair} within {limit_min:g} minutes"


HEADS = {
    Language.EN: ("in all", "streets", "turn by turn"),
    Language.ZH: ("全程", "途经道路", "逐向导航"),
}


def tell(way: Route, turns: list[Turn], language: Language) -> str:
    """A way as text: the sum, its streets, its instructions; seconds and metres in columns."""
    whole, streets, steps = HEADS[language]
    lines = [f"{way.seconds:8.0f} s {way.length_m:8.0f} m  {whole}\n", f"\n{streets}\n"]
    lines += [f"{leg.seconds:8.0f} s {leg.length_m:8.0f} m  {leg.name}\n" for leg in way.streets]
    lines.append(f"\n{steps}\n")
    lines += [
        f"{turn.seconds:8.0f} s {turn.length_m:8.0f} m  {say_turn(turn, language)}\n"
        for turn in turns
    ]
    return "".join(lines)


def line_of(way: Route, turns: list[Turn], language: Language) -> dict[str, Any]:
    """A way as a GeoJSON line, lon/lat WGS-84 degrees, its instructions among the properties."""
    steps = [
        {
            "move": turn.move,
            "text": say_turn(turn, language),
            "street": turn.street,
            "lon": turn.at.lon,
            "lat": turn.at.lat,
            "bearing_deg": turn.bearing_deg,
            "length_m": round(turn.length_m, 1),
            "seconds": round(turn.seconds, 1),
        }
        | ({"exit": turn.exit} if turn.exit is not None else {})
        | ({"side": turn.side} if turn.side is not None else {})
        for turn in turns
    ]
    return {
        "type": "Feature",
        "properties": {
            "seconds": round(way.seconds, 1),
            "length_m": round(way.length_m, 1),
            "turns": steps,
        },
        "geometry": {"type": "LineString", "coordinates": way.line},
    }


def isochrone(
    graph: GraphFile,
    to: Annotated[str, typer.Option("--to", help="lon,lat in WGS-84 degrees.")],
    minutes: Annotated[
        list[float], typer.Option("--minutes", min=0.1, max=600.0, help="Repeat for more rings.")
    ],
    *,
    profile: Travel = Profile.CAR,
    hour: Hour = None,
    factors: Learnt = None,
    rush: Rush = None,
    out: Target = None,
) -> None:
    """The areas from which a place is reached in so many minutes, as GeoJSON, widest first."""
    roads = load_at(graph, hour, factors, rush)
    try:
        reach = roads.reach(parse_place(to), profile, max(minutes) * 60)
    except TableError as error:
        stop(error)
    features = [
        {
            "type": "Feature",
            "properties": {"minutes": each, "profile": profile},
            "geometry": isochrone_geojson(reach, each * 60),
        }
        for each in sorted(set(minutes), reverse=True)
    ]
    put_out(json.dumps({"type": "FeatureCollection", "features": features}) + "\n", out)


def matrix(
    graph: GraphFile,
    starts: Annotated[str, typer.Option("--from", help="CSV or GeoJSON file, or lon,lat.")],
    goals: Annotated[str, typer.Option("--to", help="CSV or GeoJSON file, or lon,lat.")],
    *,
    profile: Travel = Profile.CAR,
    limit_min: Minutes = 60.0,
    long: Annotated[
        bool, typer.Option("--long", help="A row for each pair instead of a table.")
    ] = False,
    hour: Hour = None,
    factors: Learnt = None,
    rush: Rush = None,
    out: Target = None,
) -> None:
    """Seconds by road from each start to each goal, as CSV; empty where the limit is passed."""
    roads = load_at(graph, hour, factors, rush)
    begin, end = points_of(starts), points_of(goals)
    seconds = roads.matrix(lonlat_of(begin), lonlat_of(end), profile, limit_min * 60)
    shown = np.where(np.isfinite(seconds), np.char.mod("%.1f", seconds), "")
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    if long:
        table.writerow(("from", "to", "eta_s"))
        for i, row in enumerate(begin):
            table.writerows((row.id, goal.id, shown[i, j]) for j, goal in enumerate(end))
    else:
        table.writerow(("from", *(goal.id for goal in end)))
        table.writerows((row.id, *shown[i]) for i, row in enumerate(begin))
    put_out(text.getvalue(), out)
