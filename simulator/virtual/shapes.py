"""The columns that a model world is compiled to: what the event core reads and writes.

All times are in the scenario's own unit; units, atoms and classes are numbered from 0.
"""

from enum import IntEnum
from typing import NamedTuple

from geo.types import BoolArray, FloatArray, IntArray

NOBODY = -1
LOST = -2
"""In the column of units sent: a call that found no place to wait."""


class Choice(IntEnum):
    """Who goes, of those who are idle."""

    PREFERENCE = 0
    NEAREST = 1
    RANDOM = 2
    FIRST = 3
    LONGEST_IDLE = 4


class Travel(IntEnum):
    """What a travel time is looked up by."""

    NONE = 0
    UNIT_ROWS = 1
    NODE_ROWS = 2
    PLANE = 3


class Metric(IntEnum):
    """How far two points of a plane are apart."""

    EUCLID = 0
    MANHATTAN = 1
    EAST_WEST = 2


class After(IntEnum):
    """Where a unit is once a call is over."""

    HOME = 0
    STAY = 1
    RETURN = 2
    RETURN_BUSY = 3


class Rules(NamedTuple):
    """The switches of a model world, as numbers."""

    choice: int
    ties_random: bool
    places: int
    by_class: bool
    preempt: bool
    take_nearest: bool
    after: int
    travel: int
    metric: int
    torus: bool
    x_first: bool
    in_service: bool
    roaming: bool


class Town(NamedTuple):
    """Who there is and how long everything takes.

    `matrix` holds travel times by rows of units or nodes; `roam` is (units, 4) west, south, east,
    north; `stay_at` (units, atoms) cumulated shares of where an idle unit is, without rows when
    all have one home; `law_*` one row a service law, `law_of` (units, classes).
    """

    matrix: FloatArray
    home_node: IntArray
    home_xy: FloatArray
    roam: FloatArray
    stay_at: FloatArray
    box: FloatArray
    preference: IntArray
    may_atom: BoolArray
    may_class: BoolArray
    send: IntArray
    law_of: IntArray
    law_draw: IntArray
    law_scale: FloatArray
    law_shift: FloatArray
    pace: FloatArray
    speed: FloatArray
    back_speed: FloatArray
    curve: FloatArray


class Calls(NamedTuple):
    """The calls of one run in order of time, with all chance drawn beforehand.

    `draws` is (samples, calls): standard draws that a law scales; `noise` multiplies travel.
    """

    at: FloatArray
    atom: IntArray
    xy: FloatArray
    kind: IntArray
    draws: FloatArray
    turnout: FloatArray
    noise: FloatArray


class Log(NamedTuple):
    """What became of each call: columns (calls,) and (calls, most sent)."""

    unit: IntArray
    begun: FloatArray
    ended: FloatArray
    held_up: FloatArray
    travel: FloatArray


class Sums(NamedTuple):
    """Time sums by measuring window, and what was seen at given instants."""

    busy: FloatArray
    crowd: FloatArray
    queue: FloatArray
    queued: FloatArray
    states: FloatArray
    seen_busy: IntArray
    seen_queue: IntArray
