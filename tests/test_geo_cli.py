"""The command line as a person uses it: files in, answers out, mistakes said plainly."""

import csv
import json
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from street110.cli_geo import app, map_app
from street110.tables import TableError, read_points

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


def test_nearest_says_what_route_says(graph: Path, tmp_path: Path) -> None:
    who = tmp_path / "who.csv"
    who.write_text(f"编号;经度;纬度\n甲;{THERE.replace(',', ';')}\n", encoding="gb18030")
    answer = run("nearest", "--graph", graph, "--responders", who, "--at", HERE)
    (row,) = csv.DictReader(StringIO(answer))
    assert (row["id"], row["at"]) == ("甲", HERE)
    way = run("route", "--graph", graph, "--from", THERE, "--to", HERE, "--geojson")
    told = json.loads(way)["properties"]
    assert float(row["eta_s"]) == told["seconds"]
    assert float(row["distance_m"]) == round(told["length_m"])
    assert float(row["air_m"]) == pytest.approx(5_352, abs=30)
    assert float(row["distance_m"]) > float(row["air_m"]) * 0.95


def test_each_place_has_its_own_answer_and_nobody_is_said(graph: Path, tmp_path: Path) -> None:
    who, at = tmp_path / "who.csv", tmp_path / "at.csv"
    who.write_text(f"Unit,LNG,Latitude\nU2,{HERE}\nU1,{HERE}\n")
    at.write_text("lat,name,lon\n31.2304,A,121.4737\n0,sea,0\n31.2,B,121.43\n")
    words = ["nearest", "--graph", graph, "--responders", who, "--at", at, "--k", "5"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert [(row["at"], row["id"]) for row in rows] == [
        ("A", "U1"), ("A", "U2"), ("B", "U1"), ("B", "U2"),
    ]  # fmt: skip
    assert "sea: nobody" in result.stderr


def test_a_matrix_says_what_nearest_says(graph: Path, tmp_path: Path) -> None:
    who = tmp_path / "who.csv"
    who.write_text(f"id,lon,lat\nfar,{THERE}\nnear,121.474,31.231\nsea,0,0\n")
    near = run("nearest", "--graph", graph, "--responders", who, "--at", HERE, "--k", "3")
    eta_s = {row["id"]: row["eta_s"] for row in csv.DictReader(StringIO(near))}
    table = csv.DictReader(StringIO(run("matrix", "--graph", graph, "--from", who, "--to", HERE)))
    assert {row["from"]: row[HERE] for row in table} == eta_s | {"sea": ""}
    long = run("matrix", "--graph", graph, "--from", who, "--to", HERE, "--long")
    rows = csv.DictReader(StringIO(long))
    assert {row["from"]: row["eta_s"] for row in rows} == eta_s | {"sea": ""}


@pytest.mark.parametrize(("lang", "said"), [("en", "Arrive; the place is"), ("zh", "到达目的地")])
def test_route_tells_turn_by_turn(graph: Path, lang: str, said: str) -> None:
    told = run("route", "--graph", graph, "--from", THERE, "--to", HERE, "--lang", lang)
    assert said in told.splitlines()[-1]
    assert "淮海中路" in told


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
    drawn = CliRunner().invoke(
        map_app, ["--graph", str(graph), "--out", str(tmp_path / "roads.png"), "--width", "300"]
    )
    assert drawn.exit_code == 0, drawn.output
    pixels = plt.imread(tmp_path / "roads.png")
    assert pixels.shape[1] == 300
    assert (pixels[:, :, :3] < 0.8).any(axis=2).mean() > 0.02, "roads are darker than paper"
    refused = CliRunner().invoke(app, ["draw", "--graph", str(graph), "--out", "roads.jpg"])
    assert refused.exit_code == 2


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


POINT = '{"type":"Feature","geometry":{"type":"Point","coordinates":[121,31]},"properties":'
BAD_FILES = {
    "a word for a number": ("id,lon,lat\nA,121.4,31.2\nB,north,31.2\n", "line 3, column lon"),
    "not on earth": ("id,lon,lat\nA,31.2,121.4\n", "line 2, column lat: 121.4 is no latitude"),
    "nothing there": ("id,lon,lat\nA,,31.2\n", "line 2, column lon: is empty"),
    "not a number at all": ("id,lon,lat\nA,nan,31.2\n", "line 2, column lon"),
    "no such column": ("id,east,lat\nA,1,2\n", "line 1: has no column 'lon'"),
    "an unknown way to travel": ("id,lon,lat,mode\nA,1,2,boat\n", "line 2, column mode: 'boat'"),
    "no rows": ("id,lon,lat\n", "holds 0 points"),
    "nothing": ("", "has no column 'lon'"),
    "a quoted line break": ('id,lon,lat\n"A\nB",1,x\n', "line 3, column lat"),
    "broken JSON": ('{"features": [\n  {"type" "x"}]}', "line 2, column 11"),
    "other JSON": ("[1, 2]", "is JSON but not GeoJSON"),
    "a line": (
        '{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}',
        "feature 1: is a LineString",
    ),
    "a list for a number": (
        '{"geometry":{"type":"Point","coordinates":[[1,2],[3,4]]}}', "feature 1, column lon"
    ),
    "no geometry": ('{"features":[{"properties":{}}]}', "feature 1: is no GeoJSON feature"),
    "odd properties": (POINT + "[1]}", "feature 1: its properties are no object"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_wrong_with_a_file_is_said_by_line_and_column(tmp_path: Path, name: str) -> None:
    text, said = BAD_FILES[name]
    bad = tmp_path / "bad.csv"
    bad.write_text(text)
    with pytest.raises(TableError) as wrong:
        read_points(bad)
    assert str(bad) in str(wrong.value)
    assert said in str(wrong.value)


@given(raw=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@settings(max_examples=100)
def test_any_file_gives_points_or_one_error(raw: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "points.csv"
        file.write_bytes(b"id,lon,lat\n" + raw)
        try:
            rows = read_points(file)
        except TableError:
            return
    assert all(abs(row.place.lon) <= 180 and abs(row.place.lat) <= 90 for row in rows)


def test_a_bad_file_ends_the_command_with_2(graph: Path, tmp_path: Path) -> None:
    for name in ("bad.csv", "missing.csv"):
        bad = tmp_path / name
        if name == "bad.csv":
            bad.write_text("id,lon,lat\nA,121.4,31.2\nB,north,31.2\n")
        words = ["nearest", "--graph", graph, "--responders", bad, "--at", HERE]
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == 2
        assert name in result.stderr


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.s110"
    other.write_text("something else")
    result = CliRunner().invoke(app, ["info", str(other)])
    assert result.exit_code == 2
    assert "not a road graph" in result.stderr
