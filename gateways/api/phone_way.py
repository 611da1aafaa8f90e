"""The way to an order's place from where its responder is now: line, streets, turns in words."""

import msgspec

from dispatch.board import Board
from dispatch.force import PROFILE_OF
from dispatch.model import Order
from dispatch.ports import Positions
from dispatch.words import ResponderKind
from geo.guidance import list_turns
from geo.phrases import Language, say_turn
from geo.roads import Roads
from geo.types import Point, Profile

LIMIT_S = 7_200.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction in words; metres and seconds reach to the next one."""

    move: str
    text: str
    lon: float
    lat: float
    length_m: float
    seconds: float


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The fastest way: seconds, metres, a lon/lat WGS-84 line, and what to do at each crossing."""

    order: str
    seconds: float
    length_m: float
    line: tuple[tuple[float, float], ...]
    steps: list[Step]


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
    )
