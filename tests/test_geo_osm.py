"""What an import makes of tags, drawn as a small town of one's own."""

from pathlib import Path

import numpy as np
import pytest

from geo.build import WALK_MPS
from geo.countries import country_at, speeds_of
from geo.graphfile import GraphFileError, read_arrays, write_arrays
from geo.osm import import_osm, is_shut, speed_of
from geo.roads import Roads
from geo.types import Point, Profile

STEP_DEG = 0.002
NODES = {
    1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (0, 1), 5: (1, 1), 6: (2, 1), 7: (1, 2), 8: (2, 2),
    20: (5, 5), 21: (6, 5),
}  # fmt: skip
"""Node ids and grid places, 0.002 degrees apart."""
WAYS = {
    "1 2 3": {"highway": "residential", "name": "South Road", "name:zh": "南路"},
    "1 4": {"highway": "residential", "name": "West"},
    "4 5 6": {"highway": "primary", "name": "Middle", "oneway": "yes"},
    "2 5": {"highway": "secondary", "name": "Centre", "maxspeed": "20"},
    "3 6": {"highway": "residential", "name": "East"},
    "5 7": {"highway": "footway", "name": "Steps Alley"},
    "7 8": {"highway": "residential", "name": "Private", "access": "private"},
    "6 8": {"highway": "residential", "name": "North", "oneway": "-1"},
    "8 6 999": {"highway": "service"},
    "20 21": {"highway": "residential", "name": "Island"},
    "1 6": {"route": "ferry"},
    "4 8": {"highway": "construction"},
}


def place(node: int, east: float = 0.0, north: float = 0.0) -> Point:
    x, y = NODES[node]
    return Point(121.4 + (x + east) * STEP_DEG, 31.2 + (y + north) * STEP_DEG)


def town(folder: Path, restrictions: str = "") -> Roads:
    nodes = "".join(
        f'<node id="{i}" version="1" lon="{place(i).lon:.7f}" lat="{place(i).lat:.7f}"/>'
        for i in NODES
    )
    ways = ""
    for number, (refs, tags) in enumerate(WAYS.items(), 100):
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs.split())
        inner += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        ways += f'<way id="{number}" version="1">{inner}</way>'
    source = folder / "town.osm"
    source.write_text(f'<osm version="0.6">{nodes}{ways}{restrictions}</osm>', encoding="utf-8")
    import_osm(source, folder / "town.s110")
    return Roads.load(folder / "town.s110")


def streets(roads: Roads, start: Point, to: Point, profile: Profile) -> list[str]:
    route = roads.reach(to, profile, 3_600).find_route(start)
    return [street.name for street in route.streets] if route else []


def test_what_was_left_out_is_counted(tmp_path: Path) -> None:
    about = town(tmp_path).about
    assert about["left_out"] == {"class construction": 1, "closed or area": 1, "missing node": 1}
    assert about["islands_left_out"] == {"drive": 2, "foot": 2}
    assert "南路" in about["names"]
    assert "South Road" not in about["names"]


def test_one_way_binds_cars_but_not_feet(tmp_path: Path) -> None:
    roads = town(tmp_path)
    east, west = place(6, -0.2), place(5, 0.2)
    assert streets(roads, west, east, Profile.CAR) == ["Middle"]
    assert "南路" in streets(roads, east, west, Profile.CAR)
    assert streets(roads, east, west, Profile.FOOT) == ["Middle"]


def test_a_footway_carries_feet_only(tmp_path: Path) -> None:
    roads = town(tmp_path)
    assert streets(roads, place(5, 0, 0.1), place(7, 0, -0.1), Profile.FOOT) == ["Steps Alley"]
    piece, _, _ = roads.put_on_road(np.array([[*_pair(place(7))]]), Profile.CAR)
    assert roads.names[roads.name[piece[0]]] != "Steps Alley"


def test_a_posted_speed_counts_and_walking_has_its_own(tmp_path: Path) -> None:
    roads = town(tmp_path)
    start, to = place(2, 0, 0.25), place(2, 0, 0.75)
    car, foot = (
        roads.reach(to, profile, 600).find_route(start) for profile in (Profile.CAR, Profile.FOOT)
    )
    assert car is not None
    assert foot is not None
    assert car.length_m / car.seconds == pytest.approx(20 / 3.6 * 1.15, rel=1e-3)
    assert foot.length_m / foot.seconds == pytest.approx(WALK_MPS, rel=1e-3)


def restriction(rule: str, start: int, via: int, end: int, spared: str = "") -> str:
    """A relation in the words of the map; ways are numbered from 100 as they stand above."""
    tags = f'<tag k="except" v="{spared}"/>' if spared else ""
    return (
        f'<relation id="{start}{via}{end}" version="1"><tag k="type" v="restriction"/>'
        f'<tag k="restriction" v="{rule}"/>{tags}<member type="way" ref="{start}" role="from"/>'
        f'<member type="node" ref="{via}" role="via"/>'
        f'<member type="way" ref="{end}" role="to"/></relation>'
    )


FROM_THE_SOUTH, TO_THE_EAST = place(2, 0, 0.5), place(5, 0.5)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", ["Centre", "Middle"]),
        (restriction("no_right_turn", 103, 5, 102), ["Centre", "南路", "West", "Middle"]),
        (restriction("no_right_turn", 103, 5, 102, "motorcar"), ["Centre", "Middle"]),
        (restriction("no_left_turn", 102, 5, 103), ["Centre", "Middle"]),
        (restriction("only_right_turn", 103, 5, 102), ["Centre", "Middle"]),
        (restriction("no_right_turn", 103, 2, 102), ["Centre", "Middle"]),
    ],
)
def test_a_banned_turn_is_not_taken(tmp_path: Path, rule: str, expected: list[str]) -> None:
    roads = town(tmp_path, rule)
    assert streets(roads, FROM_THE_SOUTH, TO_THE_EAST, Profile.CAR) == expected


def test_feet_may_turn_as_they_like(tmp_path: Path) -> None:
    roads = town(tmp_path, restriction("no_right_turn", 103, 5, 102))
    assert streets(roads, FROM_THE_SOUTH, TO_THE_EAST, Profile.FOOT) == ["Centre", "Middle"]


def test_a_place_behind_a_banned_turn_is_reached_the_other_way(tmp_path: Path) -> None:
    roads = town(tmp_path, restriction("only_straight_on", 102, 5, 102))
    into_centre = streets(roads, place(4, 0.5), place(5, 0, -0.1), Profile.CAR)
    assert into_centre == ["Middle", "East", "南路", "Centre"]


def test_restrictions_not_understood_are_counted(tmp_path: Path) -> None:
    odd = restriction("no_entry_for_dogs", 103, 777, 102) + restriction("give_way", 103, 5, 102)
    left_out = town(tmp_path, odd).about["left_out"]
    assert left_out["restriction without its crossing"] == 1
    assert left_out["restriction of another kind"] == 1


@pytest.mark.parametrize(
    ("tag", "kmh"),
    [("60", 60), ("30 mph", 48.28), ("40mph", 64.37), ("none", 50), (None, 50), ("999", 50)],
)
def test_speeds_as_people_write_them(tag: str | None, kmh: float) -> None:
    assert speed_of(tag, "primary") == pytest.approx(kmh, abs=0.01)


def test_an_extract_without_roads_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "sea.osm"
    source.write_text('<osm version="0.6"><node id="1" version="1" lon="1" lat="1"/></osm>')
    with pytest.raises(ValueError, match="no roads"):
        import_osm(source, tmp_path / "sea.s110")
    assert not (tmp_path / "sea.s110").exists()


def _pair(at: Point) -> tuple[float, float]:
    return at.lon, at.lat


def over_ways(rule: str, *ways: int) -> str:
    """A restriction from the first way over those between to the last."""
    roles = ["from", *["via"] * (len(ways) - 2), "to"]
    inner = "".join(
        f'<member type="way" ref="{way}" role="{role}"/>'
        for way, role in zip(ways, roles, strict=True)
    )
    return (
        f'<relation id="7" version="1"><tag k="type" v="restriction"/>'
        f'<tag k="restriction" v="{rule}"/>{inner}</relation>'
    )


def test_a_ban_over_a_way_binds_only_who_came_that_way(tmp_path: Path) -> None:
    banned = town(tmp_path, over_ways("no_right_turn", 100, 103, 102))
    assert banned.about["restrictions"] == 1
    assert streets(banned, FROM_THE_SOUTH, TO_THE_EAST, Profile.CAR) == ["Centre", "Middle"]
    from_the_west = place(2, -0.5)
    assert streets(banned, from_the_west, TO_THE_EAST, Profile.CAR) != ["南路", "Centre", "Middle"]
    free = town(tmp_path)
    assert streets(free, from_the_west, TO_THE_EAST, Profile.CAR) == ["南路", "Centre", "Middle"]


def test_islands_are_told(tmp_path: Path) -> None:
    told = town(tmp_path).about["islands"]
    assert (told["drive"]["islands"], told["foot"]["islands"]) == (1, 1)
    assert told["drive"]["largest"][0]["name"] == "Island"
    assert told["drive"]["largest"][0]["pieces"] == 1


def test_a_graph_file_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    town(tmp_path)
    old = tmp_path / "old.s110"
    arrays, about = read_arrays(tmp_path / "town.s110")
    write_arrays(old, {name: array for name, array in arrays.items() if name != "base"}, about)
    with pytest.raises(GraphFileError, match=r"without base; import it again"):
        Roads.load(old)


@pytest.mark.parametrize(
    ("tags", "shut"),
    [
        ({"barrier": "bollard"}, True),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "lift_gate", "access": "no"}, True),
    ],
)
def test_what_stops_a_car(tags: dict[str, str], *, shut: bool) -> None:
    assert is_shut(tags) is shut


def test_speeds_follow_the_country() -> None:
    assert country_at(Point(121.47, 31.23)) == "CN"
    assert country_at(Point(7.42, 43.73)) == "MC"
    assert country_at(Point(0.0, -40.0)) == ""
    assert speed_of(None, "motorway", speeds_of("PT")) == 110
    with pytest.raises(ValueError, match="no table of speeds"):
        speeds_of("XX")
