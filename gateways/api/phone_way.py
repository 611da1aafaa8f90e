"""The way to an order's place from where its responder is now: line, streets, turns in words."""

import msgspec
import numpy as np

from dispatch.board import Board
from dispatch.force import PROFILE_OF
from dispatch.model import Order
from dispatch.ports import Positions
from dispatch.words import ResponderKind
from geo.guidance import list_turns
from geo.osm import CAR_KMH, CLASSES
from geo.phrases import Language, say_turn
from geo.roads import Roads
from geo.types import Point, Profile

LIMIT_S = 7_200.0
MARGIN = 0.15
"""Streets are drawn so much of the way's extent beyond it, and at least `LEAST_DEG`."""
LEAST_DEG = 0.0015
MOST_STREETS = 700
MAIN = frozenset({"motorway", "trunk", "primary", "secondary"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction in words; metres and seconds reach to the next one."""

    move: str
    text: str
    lon: float
    lat: float
    length_m: float
    seconds: float


class Nearby(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of street around a way, to draw it on: lon/lat WGS-84."""

    name: str
    main: bool
    line: list[list[float]]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The fastest way: seconds, metres, a lon/lat WGS-84 line, and what to do at each crossing."""

    order: str
    seconds: float
    length_m: float
    line: tuple[tuple[float, float], ...]
    steps: list[Step]
    streets: list[Nearby]


def find_start(board: Board, positions: Positions, order: Order) -> Point | None:
    """Where an order's responder is: its last fix, or the place where it stands."""
    if order.kind is ResponderKind.POST:
        return board.posts[order.responder].place
    if order.kind is ResponderKind.GATE:
        return board.gates[order.responder].place
    fix = positions.get(board.force.rows[order.responder])
    return None if fix is None else Point(fix.lon, fix.lat)


def find_way(
    roads: Roads, board: Board, order: Order, start: Point, language: Language
) -> Way | None:
    """The way from a lon/lat WGS-84 start to an order's place; None where there is none."""
    profile = Profile.FOOT
    if order.kind is ResponderKind.UNIT:
        profile = PROFILE_OF[board.units[order.responder].kind]
    reach = roads.reach(order.place, profile, LIMIT_S)
    route = reach.find_route(start)
    if route is None:
        return None
    return Way(
        order=order.id,
        seconds=round(route.seconds, 1),
        length_m=round(route.length_m, 1),
        line=route.line,
        steps=[
            Step(
                move=turn.move,
                text=say_turn(turn, language),
                lon=turn.at.lon,
                lat=turn.at.lat,
                length_m=round(turn.length_m, 1),
                seconds=round(turn.seconds, 1),
            )
            for turn in list_turns(reach, start)
        ],
        streets=list_nearby(roads, route.line),
    )


def list_nearby(roads: Roads, line: tuple[tuple[float, float], ...]) -> list[Nearby]:
    """The streets around a lon/lat line that may be driven; the main ones alone when many."""
    lonlat = np.array(line)
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    beyond = np.maximum((high - low) * MARGIN, LEAST_DEG)
    points = roads.shape_lonlat
    inside = ((points >= low - beyond) & (points <= high + beyond)).all(axis=1)
    rows = np.searchsorted(roads.shape_start, np.flatnonzero(inside), side="right") - 1
    pieces = [piece for piece in np.unique(rows).tolist() if _kind(roads, piece) in CAR_KMH]
    if len(pieces) > MOST_STREETS:
        pieces = [piece for piece in pieces if _kind(roads, piece) in MAIN][:MOST_STREETS]
    return [
        Nearby(
            name=roads.names[roads.name[piece]],
            main=_kind(roads, piece) in MAIN,
            line=np.round(roads.shape_of(2 * piece, 0.0, 1.0), 5).tolist(),
        )
        for piece in pieces
    ]


def _kind(roads: Roads, piece: int) -> str:
    return str(CLASSES[roads.kind[piece]])
