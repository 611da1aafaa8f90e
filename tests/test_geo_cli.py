"""The command line as a person uses it: files in, answers out, mistakes said plainly."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
import shapely
from typer.testing import CliRunner

from street110.cli_geo import app

EXTRACT = Path(__file__).parent.parent / "simulator/districts/shanghai/roads.osm.pbf"
HERE, THERE = "121.4737,31.2304", "121.43,31.2"


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("graph") / "roads.s110"
    assert "islands left out" in run("import", EXTRACT, target)
    return target


def test_info_says_what_is_in_a_graph(graph: Path) -> None:
    about = json.loads(run("info", graph, "--json"))
    assert about["pieces"] > 7_000
    assert "OpenStreetMap" in about["credit"]
    assert f"pieces            {about['pieces']}" in run("info", graph)


def test_nearest_ranks_by_road(graph: Path, tmp_path: Path) -> None:
    who = tmp_path / "who.csv"
    who.write_text(
        f"id,lon,lat,profile\nfar,{THERE},\nwalks,121.48,31.24,foot\nnear,121.474,31.231,car\n"
    )
    at = tmp_path / "at.geojson"
    point = {"type": "Point", "coordinates": [121.4737, 31.2304]}
    feature = {"type": "Feature", "properties": {"id": "A"}, "geometry": point}
    at.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    answer = run("nearest", "--graph", graph, "--responders", who, "--at", at, "--k", "2")
    rows = list(csv.DictReader(StringIO(answer)))
    assert [(row["at"], row["rank"]) for row in rows] == [("A", "1"), ("A", "2")]
    assert rows[0]["id"] == "near"
    assert float(rows[0]["eta_s"]) < float(rows[1]["eta_s"])
    out = tmp_path / "out.csv"
    run("nearest", "--graph", graph, "--responders", who, "--at", at, "--k", "2", "--out", out)
    assert out.read_text() == answer


def test_route_tells_streets_or_draws_a_line(graph: Path) -> None:
    told = run("route", "--graph", graph, "--from", THERE, "--to", HERE)
    assert "in all" in told
    line = json.loads(run("route", "--graph", graph, "--from", THERE, "--to", HERE, "--geojson"))
    assert line["geometry"]["coordinates"][0] == [121.43, 31.2]
    assert f"{line['properties']['seconds']:8.0f} s" in told


def test_isochrones_lie_in_one_another(graph: Path) -> None:
    words = ("isochrone", "--graph", graph, "--to", HERE, "--minutes", "1", "--minutes", "3")
    wide, narrow = (
        shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in json.loads(run(*words))["features"]
    )
    assert narrow.area < wide.area
    assert shapely.difference(narrow, wide).area < 0.01 * narrow.area, "but for simplified edges"


def test_draw_makes_a_picture_with_its_credit(graph: Path, tmp_path: Path) -> None:
    picture = tmp_path / "roads.svg"
    run("draw", "--graph", graph, "--out", picture)
    assert picture.read_text().count("<path") == 4
    assert "OpenStreetMap" in picture.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "31.2,121.43", "--to", HERE), "longitude comes first"),
        (("--from", "here", "--to", HERE), "'here' is not lon,lat"),
        (("--from", "0,0", "--to", HERE), "no way"),
    ],
)
def test_a_mistake_is_said_and_ends_with_2(graph: Path, words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, ["route", "--graph", str(graph), *words])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_bad_row_is_named(graph: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("id,lon,lat\nA,121.4,31.2\nB,north,31.2\n")
    words = ["nearest", "--graph", graph, "--responders", bad, "--at", bad]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2
    assert "bad.csv, row 2" in result.stderr


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.s110"
    other.write_text("something else")
    result = CliRunner().invoke(app, ["info", str(other)])
    assert result.exit_code == 2
    assert "not a road graph" in result.stderr
