"""Turn by turn: a drawn town where every instruction is known, and sums on a real one."""

from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.build import write_graph
from geo.guidance import Move, Side, list_turns
from geo.osm import CLASSES
from geo.phrases import COMPASS, Language, say_turn
from geo.roads import Roads
from geo.turns import Piece
from geo.types import Point, Profile
from tests.test_geo_roads import graph_file

METRE_DEG = 1 / 111_320
HOUR_S = 3_600.0
NAMES = ["", "Main", "Side", "Ring Road", "North", "East", "Ramp"]


def at(east_m: float, north_m: float) -> Point:
    return Point(east_m * METRE_DEG, north_m * METRE_DEG)


class Sketch:
    """A town drawn in metres from where the equator meets Greenwich."""

    def __init__(self) -> None:
        self.nodes: list[tuple[float, float]] = []
        self.pieces: list[Piece] = []

    def node(self, east_m: float, north_m: float) -> int:
        if (east_m, north_m) not in self.nodes:
            self.nodes.append((east_m, north_m))
        return self.nodes.index((east_m, north_m))

    def street(
        self, name: str, *places: tuple[float, float], one_way: bool = False, kind: str = "primary"
    ) -> None:
        for here, there in pairwise(places):
            self.pieces.append(
                Piece(
                    tail=self.node(*here),
                    head=self.node(*there),
                    name=NAMES.index(name),
                    kind=CLASSES.index(kind),
                    kmh=36.0,
                    forward=True,
                    backward=not one_way,
                    walk=True,
                    way=len(self.pieces),
                )
            )

    def build(self, folder: Path) -> Roads:
        lonlat = np.array(self.nodes) * METRE_DEG
        lines = [lonlat[[piece.tail, piece.head]] for piece in self.pieces]
        target = folder / "town.s110"
        about = {"names": NAMES, "credit": ""}
        write_graph(target, lonlat, self.pieces, lines, bans=[], about=about)
        return Roads.load(target)


def told(
    roads: Roads, start: Point, goal: Point, profile: Profile = Profile.CAR
) -> list[tuple[Move, str, int]]:
    turns = list_turns(roads.reach(goal, profile, HOUR_S), start)
    return [(turn.move, turn.street, round(turn.length_m, -1)) for turn in turns]


def crossing(folder: Path, *, far: tuple[float, float]) -> Roads:
    town = Sketch()
    town.street("Main", (-300, 0), (0, 0), (300, 0))
    town.street("Side", (0, -300), (0, 0), far)
    return town.build(folder)


@pytest.mark.parametrize(
    ("degrees", "move"),
    [
        (40, Move.SLIGHT_LEFT), (90, Move.LEFT), (140, Move.SHARP_LEFT),
        (-40, Move.SLIGHT_RIGHT), (-90, Move.RIGHT), (-140, Move.SHARP_RIGHT),
    ],
)  # fmt: skip
def test_the_angle_decides_the_words(tmp_path: Path, degrees: float, move: Move) -> None:
    far = (300 * cos(degrees * pi / 180), 300 * sin(degrees * pi / 180))
    roads = crossing(tmp_path, far=far)
    found = told(roads, at(-200, 0), at(far[0] * 2 / 3, far[1] * 2 / 3))
    assert found == [
        (Move.DEPART, "Main", 200), (move, "Side", 200), (Move.ARRIVE, "Side", 0)
    ]  # fmt: skip


def test_straight_on_under_one_name_is_not_told_but_a_new_name_is(tmp_path: Path) -> None:
    town = Sketch()
    town.street("Main", (0, 0), (0, 200), (0, 400))
    town.street("North", (0, 400), (0, 700))
    town.street("Side", (-200, 200), (0, 200), (200, 200))
    roads = town.build(tmp_path)
    found = told(roads, at(0, 100), at(0, 500))
    assert found == [
        (Move.DEPART, "Main", 300), (Move.CONTINUE, "North", 100), (Move.ARRIVE, "North", 0)
    ]  # fmt: skip


def test_a_street_that_only_bends_is_not_a_turn(tmp_path: Path) -> None:
    town = Sketch()
    town.street("Main", (0, 0), (200, 0))
    town.street("Main", (200, 0), (200, 200))
    roads = town.build(tmp_path)
    assert told(roads, at(100, 0), at(200, 100)) == [
        (Move.DEPART, "Main", 200), (Move.ARRIVE, "Main", 0)
    ]  # fmt: skip


def test_a_fork_is_kept_to(tmp_path: Path) -> None:
    town = Sketch()
    town.street("Main", (0, 0), (300, 0))
    town.street("East", (300, 0), (600, 60))
    town.street("Ramp", (300, 0), (600, -60))
    roads = town.build(tmp_path)
    assert told(roads, at(100, 0), at(600, 60))[1][:2] == (Move.KEEP_LEFT, "East")
    assert told(roads, at(100, 0), at(600, -60))[1][:2] == (Move.KEEP_RIGHT, "Ramp")


def ring(folder: Path, corners: int = 12, radius_m: float = 25.0) -> Roads:
    """A roundabout driven anticlockwise, with an arm west, south, east and north."""
    town = Sketch()
    places = [
        (radius_m * cos(2 * pi * k / corners), radius_m * sin(2 * pi * k / corners))
        for k in range(corners)
    ]
    town.street("Ring Road", *places, places[0], one_way=True)
    for k, name in enumerate(("East", "North", "Main", "Side")):
        inner = places[k * corners // 4]
        town.street(name, inner, (inner[0] * 12, inner[1] * 12))
    return town.build(folder)


@pytest.mark.parametrize(
    ("goal", "name", "exit_"),
    [((0, -200), "Side", 1), ((200, 0), "East", 2), ((0, 200), "North", 3)],
)
@pytest.mark.parametrize("corners", [4, 12])
def test_a_roundabout_is_one_instruction_with_its_exit(
    tmp_path: Path, goal: tuple[float, float], name: str, exit_: int, corners: int
) -> None:
    roads = ring(tmp_path, corners, radius_m=15.0 if corners == 4 else 25.0)
    turns = list_turns(roads.reach(at(*goal), Profile.CAR, HOUR_S), at(-150, 0))
    assert [turn.move for turn in turns] == [Move.DEPART, Move.ROUNDABOUT, Move.ARRIVE]
    assert (turns[1].street, turns[1].exit) == (name, exit_)
    assert say_turn(turns[1], Language.ZH) == f"进入环岛，从第{exit_}个出口驶入{name}"


def test_one_walks_beside_a_roundabout_as_beside_any_street(tmp_path: Path) -> None:
    roads = ring(tmp_path)
    moves = {move for move, _, _ in told(roads, at(-150, 0), at(0, 200), Profile.FOOT)}
    assert Move.ROUNDABOUT not in moves


def test_a_block_of_one_way_streets_is_no_roundabout(tmp_path: Path) -> None:
    town = Sketch()
    town.street("Main", (0, 0), (100, 0), (100, 100), (0, 100), (0, 0), one_way=True)
    town.street("Side", (-200, 0), (0, 0))
    town.street("East", (100, 100), (300, 100))
    moves = [move for move, _, _ in told(town.build(tmp_path), at(-100, 0), at(200, 100))]
    assert moves == [Move.DEPART, Move.CONTINUE, Move.RIGHT, Move.ARRIVE]


def test_across_a_wide_road_two_turns_are_one(tmp_path: Path) -> None:
    town = Sketch()
    town.street("Main", (-300, 0), (0, 0), (300, 0), one_way=True)
    town.street("Main", (300, 20), (0, 20), (-300, 20), one_way=True)
    town.street("", (0, 0), (0, 20))
    town.street("Side", (-300, 0), (-300, 20))
    town.street("Side", (300, 0), (300, 20))
    found = told(town.build(tmp_path), at(-150, 0), at(-150, 20))
    assert found == [
        (Move.DEPART, "Main", 150), (Move.U_TURN, "Main", 170), (Move.ARRIVE, "Main", 0)
    ]  # fmt: skip


def test_the_goal_lies_beside_its_street(tmp_path: Path) -> None:
    roads = crossing(tmp_path, far=(0, 300))
    for goal, side in (((100, 20), Side.LEFT), ((100, -20), Side.RIGHT), ((100, 0), Side.AHEAD)):
        arrival = list_turns(roads.reach(at(*goal), Profile.CAR, HOUR_S), at(-100, 0))[-1]
        assert (arrival.move, arrival.side, arrival.at) == (Move.ARRIVE, side, at(*goal))


@given(seed=st.integers(0, 10_000), profile=st.sampled_from(Profile))
@settings(max_examples=25, deadline=None)
def test_instructions_add_up_to_the_route(seed: int, profile: Profile) -> None:
    roads = Roads.load(graph_file())
    west, south, east, north = roads.bounds
    rng = np.random.default_rng(seed)
    start, goal = (Point(*rng.uniform((west, south), (east, north)).tolist()) for _ in range(2))
    reach = roads.reach(goal, profile, 10 * HOUR_S)
    route, turns = reach.find_route(start), list_turns(reach, start)
    assert (route is None) == (not turns)
    if route is None:
        return
    assert turns[-1].move == Move.ARRIVE
    assert turns[0].move in {Move.DEPART, Move.ROUNDABOUT}
    assert sum(turn.length_m for turn in turns) == pytest.approx(route.length_m)
    on_road_s = sum(street.seconds for street in route.streets)
    assert sum(turn.seconds for turn in turns) == pytest.approx(
        on_road_s, abs=0.06 * len(route.streets)
    )
    assert all(0 <= turn.bearing_deg < 360.1 for turn in turns)
    for language in Language:
        assert all(say_turn(turn, language) for turn in turns)
    assert {turn.street for turn in turns} <= {street.name for street in route.streets}


def test_bearings_are_named_in_both_languages(tmp_path: Path) -> None:
    roads = crossing(tmp_path, far=(0, 300))
    for goal, compass in (((250, 0), 2), ((0, 250), 0), ((0, -250), 4), ((-250, 0), 6)):
        start = at(goal[0] * 0.2, goal[1] * 0.2)
        first = list_turns(roads.reach(at(*goal), Profile.CAR, HOUR_S), start)[0]
        assert COMPASS[Language.EN][compass] in say_turn(first, Language.EN)
        assert f"向{COMPASS[Language.ZH][compass]}出发" in say_turn(first, Language.ZH)
