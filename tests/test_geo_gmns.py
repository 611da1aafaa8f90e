"""Tables of nodes and links as planners write them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from geo.gmns import import_tables
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
