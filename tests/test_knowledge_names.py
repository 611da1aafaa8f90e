"""The reference district's own names, and its run-sheets as an engine writes them."""

from itertools import combinations
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from dispatch.district_file import load_district
from gateways.runsheet import DESK_FILE, verify
from gateways.runsheet_writer import RunSheets
from gateways.tips.app import load_common_words
from gateways.tips.names import make_gazetteer, streets_of
from geo.air import air_m
from geo.types import Point
from street110.terrain import landmarks_of, load_roads
from tests.world import START_MS, Town

FOLDER = Path(__file__).resolve().parent.parent / "simulator/districts/shanghai"


class City:
    """The reference district's names, and where its streets share a node of the road graph."""

    def __init__(self, state: Path) -> None:
        district = load_district(FOLDER)
        roads = load_roads(FOLDER, state)
        self.book = make_gazetteer(
            district, landmarks_of(FOLDER, district), roads, load_common_words()
        )
        self.streets = streets_of(roads)
        at_node: dict[Point, set[str]] = {}
        for piece in range(len(roads.shape_start) - 1):
            name = roads.names[roads.name[piece]]
            if len(name) >= 3:
                ends = (roads.shape_start[piece], roads.shape_start[piece + 1] - 1)
                for lon, lat in roads.shape_lonlat[list(ends)].tolist():
                    at_node.setdefault(Point(lon, lat), set()).add(name)
        self.crossings: dict[tuple[str, str], list[Point]] = {}
        for node, names in at_node.items():
            for one, other in combinations(sorted(names), 2):
                self.crossings.setdefault((one, other), []).append(node)


@pytest.fixture(name="city", scope="module")
def fixture_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return City(tmp_path_factory.mktemp("state"))


def test_crossings_of_a_real_city_are_where_its_roads_meet(city: City) -> None:
    sample = sorted(city.crossings.items())[::12]
    right = 0
    for (one, other), nodes in sample:
        best = city.book.find(f"在{one}{other}路口有人打架")[0]
        near = min(air_m(best.place, node) for node in nodes)
        right += best.how == "crossing" and near <= 80.0
    assert len(sample) > 40
    assert right >= 0.95 * len(sample)


def test_every_street_is_found_by_its_name_and_in_pinyin(city: City) -> None:
    assert {"南京西路", "陕西北路"} <= {street.name for street in city.streets}
    for street in city.streets[::10]:
        if len(street.name) >= 3:
            assert street.name in {one.name for one in city.book.find(f"我在{street.name}")}
    (found, *_) = city.book.find("kanjian xiaotou zai nanjing xilu")
    assert (found.name, found.how) == ("南京西路", "pinyin")


async def test_the_engines_sheets_are_written_and_signed(tmp_path: Path) -> None:
    town = Town()

    class Engine:
        board = town.board

        def now_ms(self) -> int:
            return START_MS

    registry = CollectorRegistry()
    sheets = RunSheets(
        Engine(), town.positions, tmp_path / "sheets", tmp_path / "key.pem", registry
    )
    assert await sheets.write()
    public = bytes.fromhex((tmp_path / "sheets/public-key.txt").read_text().strip())
    desk = (tmp_path / "sheets" / DESK_FILE).read_bytes()
    assert verify(desk, public)
    assert "121.40500, 31.20500" in desk.decode()
    assert len(list((tmp_path / "sheets").glob("post-*.html"))) == 5
    assert registry.get_sample_value("street110_runsheet_ms") == START_MS


async def test_a_disk_that_is_gone_is_told_and_does_not_stop_the_engine(tmp_path: Path) -> None:
    town = Town()

    class Engine:
        board = town.board

        def now_ms(self) -> int:
            return START_MS

    (tmp_path / "sheets").write_text("a file where the folder should be")
    registry = CollectorRegistry()
    sheets = RunSheets(
        Engine(), town.positions, tmp_path / "sheets", tmp_path / "key.pem", registry
    )
    assert not await sheets.write()
    assert registry.get_sample_value("street110_runsheet_failures_total") == 1
