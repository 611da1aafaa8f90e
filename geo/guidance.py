"""Turn by turn: what a driver is told at each crossing of a way, as data.

A street that only bends is not told of; where streets part, the angle between coming and going
decides the words, as in the open routers (OSRM's guidance: 30, 60, 120 degrees and up).
"""

from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from geo.reach import Reach
from geo.ringroads import find_ring
from geo.roads import Roads
from geo.types import FloatArray, IntArray, Point, Profile

LOOK_M = 20.0
"""A street's direction at a crossing is that of its first so many metres."""
STRAIGHT_DEG, SLIGHT_DEG, SQUARE_DEG, SHARP_DEG = 25.0, 55.0, 125.0, 165.0
FORK_DEG = 50.0
"""Two ways on that are less apart than this, both nearly straight, are a fork."""
SHORT_M = 35.0
"""Two turns to one side with less than this between them are one, as across a wide road."""
SIDE_M = 3.0
NO_RING: frozenset[int] = frozenset()


class Move(StrEnum):
    """What is done at one place of a way."""

    DEPART = "depart"
    CONTINUE = "continue"
    KEEP_LEFT = "keep_left"
    KEEP_RIGHT = "keep_right"
    SLIGHT_LEFT = "slight_left"
    SLIGHT_RIGHT = "slight_right"
    LEFT = "left"
    RIGHT = "right"
    SHARP_LEFT = "sharp_left"
    SHARP_RIGHT = "sharp_right"
    U_TURN = "u_turn"
    ROUNDABOUT = "roundabout"
    ARRIVE = "arrive"


class Side(StrEnum):
    """Where a goal lies beside its street."""

    LEFT = "left"
    RIGHT = "right"
    AHEAD = "ahead"


class Turn(msgspec.Struct, frozen=True):
    """One instruction: what to do here, onto which street, and how far that leads.

    `at` is lon/lat WGS-84; `bearing_deg` is clockwise from north, leaving; `length_m` and
    `seconds` reach to the next instruction; `exit` counts the ways out of a roundabout; `side`
    is where the goal lies on arrival.
    """

    move: Move
    street: str
    at: Point
    bearing_deg: float
    length_m: float
    seconds: float
    exit: int | None = None
    side: Side | None = None


class Leg(NamedTuple):
    """One edge as driven: bearings in and out in degrees, metres, seconds, name, its places."""

    edge: int
    begin_deg: float
    end_deg: float
    length_m: float
    seconds: float
    street: str
    first: Point
    last_xy: FloatArray


def list_turns(reach: Reach, start: Point) -> list[Turn]:
    """The instructions of the fastest way from a lon/lat WGS-84 start; none beyond the limit.

    Their metres and seconds add up to the route's way by road, without the walk at its ends.
    """
    found = reach.find_legs(start)
    if found is None:
        return []
    legs = _legs_as_driven(reach, *found)
    teller = _Teller(reach, legs[0])
    for before, leg in pairwise(legs):
        if not teller.goes_round(before, leg):
            teller.goes_on(before, leg)
    return [*teller.turns, _arrive(reach, legs[-1])]


class _Teller:
    """The instructions so far, the angle of the last turn, and the roundabout one is on."""

    def __init__(self, reach: Reach, first: Leg) -> None:
        self._reach = reach
        self._drives = reach.profile != Profile.FOOT
        self._angle_deg = 0.0
        self._ring = self._find_ring(first)
        self.turns = [_told(Move.ROUNDABOUT if self._ring else Move.DEPART, first)]
        self._exits = 0

    def _find_ring(self, leg: Leg) -> frozenset[int]:
        return (
            find_ring(self._reach.roads, leg.edge, self._reach.times) if self._drives else NO_RING
        )

    def goes_round(self, before: Leg, leg: Leg) -> bool:
        """Take a leg that enters, follows or leaves a roundabout; False for any other."""
        if not self._ring:
            self._ring = self._find_ring(leg)
            if not self._ring:
                return False
            self._exits = 0
            self.turns.append(_told(Move.ROUNDABOUT, leg))
            return True
        ways = list_ways_on(self._reach.roads, before.edge, self._reach.times)
        self._exits += any(way not in self._ring for way in ways)
        leaves = leg.edge not in self._ring
        last = _longer(self.turns[-1], leg)
        self.turns[-1] = msgspec.structs.replace(
            last, exit=max(self._exits, 1), street=leg.street if leaves else last.street
        )
        if leaves:
            self._ring, self._angle_deg = NO_RING, 0.0
        return True

    def goes_on(self, before: Leg, leg: Leg) -> None:
        """Take a leg of an ordinary street."""
        turned_deg = _between(before.end_deg, leg.begin_deg)
        move = _find_move(self._reach, before, leg, turned_deg)
        last = self.turns[-1]
        if move is None:
            self.turns[-1] = _longer(last, leg)
        elif move == Move.CONTINUE and self._is_back(leg):
            self.turns.pop()
            self.turns[-1] = _longer(_joined(self.turns[-1], last), leg)
        elif _are_one(last, self._angle_deg, turned_deg):
            self._angle_deg += turned_deg
            self.turns[-1] = msgspec.structs.replace(
                _longer(last, leg),
                move=_by_angle(self._angle_deg),
                street=leg.street,
                bearing_deg=round(leg.begin_deg, 1),
            )
        else:
            self.turns.append(_told(move, leg))
            self._angle_deg = turned_deg

    def _is_back(self, leg: Leg) -> bool:
        """Whether a street goes on under its name after a few metres under another."""
        if len(self.turns) < 2:
            return False
        before, last = self.turns[-2:]
        short = last.move == Move.CONTINUE and last.length_m < SHORT_M
        return short and before.street == leg.street


def _legs_as_driven(
    reach: Reach, edges: IntArray, since: FloatArray, until: FloatArray
) -> list[Leg]:
    roads = reach.roads
    legs = []
    for edge, low, high in zip(edges.tolist(), since.tolist(), until.tolist(), strict=True):
        line = roads.shape_of(edge, low, max(high, low))
        long_enough = float(roads.length_m[edge]) * (high - low) > 1.0
        xy = roads.plane.to_metres(np.asarray(line)) if long_enough else roads.xy_of(edge)
        legs.append(
            Leg(
                edge=edge,
                begin_deg=_bearing(xy),
                end_deg=(_bearing(xy[::-1]) + 180.0) % 360.0,
                length_m=float(roads.length_m[edge]) * (high - low),
                seconds=float(reach.times[edge]) * (high - low),
                street=roads.names[roads.name[edge >> 1]],
                first=Point(*np.round(line[0], 6).tolist()),
                last_xy=xy[-1],
            )
        )
    return legs


def _bearing(xy: FloatArray) -> float:
    """Degrees from north of a line's first `LOOK_M` metres."""
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    to = min(LOOK_M, along[-1])
    east = np.interp(to, along, xy[:, 0]) - xy[0, 0]
    north = np.interp(to, along, xy[:, 1]) - xy[0, 1]
    return float(np.degrees(np.arctan2(east, north)) % 360.0)


def _between(one_deg: float, other_deg: float) -> float:
    """Degrees turned from one bearing to another: right is positive, -180 to 180."""
    return (other_deg - one_deg + 180.0) % 360.0 - 180.0


def _told(move: Move, leg: Leg) -> Turn:
    return Turn(move, leg.street, leg.first, round(leg.begin_deg, 1), leg.length_m, leg.seconds)


def _longer(turn: Turn, leg: Leg) -> Turn:
    """An instruction that holds for one more leg; a nameless street takes the first name met."""
    return msgspec.structs.replace(
        turn,
        street=turn.street or leg.street,
        length_m=turn.length_m + leg.length_m,
        seconds=turn.seconds + leg.seconds,
    )


def _joined(turn: Turn, next_: Turn) -> Turn:
    return msgspec.structs.replace(
        turn, length_m=turn.length_m + next_.length_m, seconds=turn.seconds + next_.seconds
    )


def _are_one(last: Turn, angle_deg: float, turned_deg: float) -> bool:
    """Whether two turns to one side are so near to each other that a driver makes one of them."""
    sharp = abs(angle_deg) > STRAIGHT_DEG and abs(turned_deg) > STRAIGHT_DEG
    turns = last.move not in {Move.DEPART, Move.ROUNDABOUT}
    return turns and sharp and angle_deg * turned_deg > 0 and last.length_m < SHORT_M


def list_ways_on(roads: Roads, edge: int, times: FloatArray) -> list[int]:
    """The edges one may drive on to at the end of an edge, but for turning back."""
    node = int(roads.tail[edge ^ 1])  # of an edge and its way back, one tail is never a copy
    return [then for then in roads.list_out(node) if then != edge ^ 1 and np.isfinite(times[then])]


def _find_move(reach: Reach, before: Leg, leg: Leg, turned_deg: float) -> Move | None:
    """What to say where one edge follows another; None where there is nothing to say."""
    if leg.edge == before.edge ^ 1:
        return Move.U_TURN
    roads = reach.roads
    others = [way for way in list_ways_on(roads, before.edge, reach.times) if way != leg.edge]
    others_deg = [_between(before.end_deg, _bearing(roads.xy_of(way))) for way in others]
    same = leg.street == before.street
    if not others_deg and (same or abs(turned_deg) > STRAIGHT_DEG):
        return None if same or not leg.street else Move.CONTINUE
    if abs(turned_deg) > SLIGHT_DEG:
        return _by_angle(turned_deg)
    kind = roads.kind[leg.edge >> 1]
    stays = same and kind == roads.kind[before.edge >> 1]
    forks = [
        deg
        for way, deg in zip(others, others_deg, strict=True)
        if abs(deg - turned_deg) < FORK_DEG
        and abs(deg) < SLIGHT_DEG
        and not (stays and roads.kind[way >> 1] != kind)
    ]
    straight = abs(turned_deg) <= STRAIGHT_DEG
    if forks and straight and not (same and abs(turned_deg) < min(map(abs, forks)) / 2):
        return Move.KEEP_LEFT if turned_deg < min(forks, key=abs) else Move.KEEP_RIGHT
    if not straight:
        straighter = any(abs(d) < abs(turned_deg) for d in others_deg)
        return _by_angle(turned_deg) if straighter or not same else None
    return None if same or not leg.street else Move.CONTINUE


def _by_angle(turned_deg: float) -> Move:
    size = abs(turned_deg)
    if size > SHARP_DEG:
        return Move.U_TURN
    right = turned_deg > 0
    if size > SQUARE_DEG:
        return Move.SHARP_RIGHT if right else Move.SHARP_LEFT
    if size > SLIGHT_DEG:
        return Move.RIGHT if right else Move.LEFT
    return Move.SLIGHT_RIGHT if right else Move.SLIGHT_LEFT


def _arrive(reach: Reach, leg: Leg) -> Turn:
    east, north = np.array(reach.roads.plane.to_metres_one(reach.to)) - leg.last_xy
    way = np.radians(leg.end_deg)
    right_m = float(east * np.cos(way) - north * np.sin(way))
    side = Side.AHEAD
    if abs(right_m) > SIDE_M:
        side = Side.RIGHT if right_m > 0 else Side.LEFT
    return Turn(Move.ARRIVE, leg.street, reach.to, round(leg.end_deg, 1), 0.0, 0.0, side=side)
