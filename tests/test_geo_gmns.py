"""Tables of nodes and links as planners write them."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from geo.gmns import import_tables
from geo.network import import_network
from geo.roads import Roads
from geo.types import Point, Profile
from street110.cli_geo import app

NODES = "node_id,x_coord,y_coord\nA,-122.42,37.77\nB,-122.41,37.77\nC,-122.41,37.78\n"
LINKS = (
    "link_id,from_node_id,to_node_id,directed,name,facility_type,free_speed,geometry\n"
    '1,A,B,1,Market Street,Arterial,36,"LINESTRING (-122.42 37.77,-122.415 37.771,-122.41 37.77)"\n'
    "2,B,C,0,First Street,Local,,\n"
    "3,C,A,1,Back Lane,odd word,not known,\n"
    "4,A,Z,0,Nowhere,Local,,\n"
    "5,A,A,0,Dot,Local,,\n"
)


def write(folder: Path, nodes: str = NODES, links: str = LINKS) -> tuple[Path, Path, Path]:
    (folder / "node.csv").write_text(nodes)
    (folder / "link.csv").write_text(links)
    return folder / "node.csv", folder / "link.csv", folder / "roads.s110"


def test_tables_become_a_graph(tmp_path: Path) -> None:
    nodes, links, target = write(tmp_path)
    about = import_tables(nodes, links, target)
    assert about["left_out"] == {"link of no length": 1, "link without its node": 1}
    assert (about["nodes"], about["pieces"]) == (3, 3)
    roads = Roads.load(target)
    there = roads.reach(Point(-122.411, 37.7702), Profile.CAR, 600).find_route(
        Point(-122.419, 37.7702)
    )
    back = roads.reach(Point(-122.419, 37.7702), Profile.CAR, 600).find_route(
        Point(-122.411, 37.7702)
    )
    assert there is not None
    assert back is not None
    assert [street.name for street in there.streets] == ["Market Street"]
    assert there.streets[0].length_m / there.streets[0].seconds == pytest.approx(11.5, rel=0.01)
    assert [street.name for street in back.streets] == [
        "Market Street",
        "First Street",
        "Back Lane",
        "Market Street",
    ]


@pytest.mark.parametrize(
    ("nodes", "links", "said"),
    [
        ("id,x,y\n1,2,3\n", LINKS, "no column node_id"),
        (NODES, "link_id\n1\n", "no column from_node_id, to_node_id"),
        ("node_id,x_coord,y_coord\nA,500000,4000000\n", LINKS, "node A"),
        ("node_id,x_coord,y_coord\nA,west,37\n", LINKS, "node A"),
        (NODES, LINKS.splitlines()[0] + "\n", "holds no link"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(
    tmp_path: Path, nodes: str, links: str, said: str
) -> None:
    files = write(tmp_path, nodes, links)
    with pytest.raises(ValueError, match=said):
        import_tables(*files)
    assert not files[2].exists()
    result = CliRunner().invoke(app, ["import-tables", *map(str, files)])
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")


def test_the_command_says_what_went_in(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["import-tables", *map(str, write(tmp_path))])
    assert result.exit_code == 0, result.output
    assert "link without its node 1" in result.stdout


def test_parquet_tables_give_the_same_graph_in_either_order(tmp_path: Path) -> None:
    nodes, links, target = write(tmp_path)
    plain = import_network((links, nodes), target)
    columns = []
    for table in (nodes, links):
        with table.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        pq.write_table(pa.Table.from_pylist(rows), table.with_suffix(".parquet"))
        columns.append(table.with_suffix(".parquet"))
    packed = import_network(columns, target)
    assert {**packed, "source": ""} == {**plain, "source": ""}


def test_two_links_there_and_back_are_one_road(tmp_path: Path) -> None:
    links = (
        "from_node_id,to_node_id,from_biway,name,link_type_name,allowed_uses\n"
        "A,B,1,中山路,secondary,auto\nB,A,1,中山路,secondary,auto\nB,C,0,Out,residential,auto\n"
        "C,A,0,Back,residential,auto\n"
    )
    nodes, links_file, target = write(tmp_path, links=links)
    assert import_network([nodes, links_file], target)["pieces"] == 3
    roads = Roads.load(target)
    here, there = Point(-122.419, 37.77), Point(-122.411, 37.77)
    for start, to in ((here, there), (there, here)):
        route = roads.reach(to, Profile.CAR, 600).find_route(start)
        assert route is not None
        assert [street.name for street in route.streets] == ["中山路"]
    on_foot = roads.reach(there, Profile.FOOT, 3_600).find_route(here)
    assert on_foot is not None


@pytest.mark.parametrize("names", [("a.txt",), ("node.csv",), ("node.csv", "node.csv"), ()])
def test_sources_of_no_known_kind_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    write(tmp_path)
    with pytest.raises(ValueError, match=r"neither one|needs one table"):
        import_network([tmp_path / name for name in names], tmp_path / "out.s110")
