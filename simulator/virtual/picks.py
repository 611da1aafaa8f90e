"""Who goes: the part of the event core that chooses among idle units."""

# ruff: noqa: PLR0917  compiled functions take their arguments by position
# ruff: noqa: NPY002  inside compiled code this is the generator of the thread, seeded for each run

from typing import Any

import numpy as np

from geo.search import compiled
from simulator.virtual.moves import as_time, size_of, span, travel_time


@compiled
def may(town: Any, calls: Any, unit: int, i: int) -> bool:
    """Whether a unit may go to call `i` at all."""
    return bool(town.may_atom[unit, calls.atom[i]] and town.may_class[unit, calls.kind[i]])


@compiled
def first_listed(town: Any, calls: Any, s: Any, i: int) -> int:
    """The first idle unit of the list of the call's place, or -1."""
    for unit in town.preference[calls.atom[i]]:
        if unit < 0:
            break
        if s.call[unit] < 0 and town.may_class[unit, calls.kind[i]]:
            return int(unit)
    return -1


@compiled
def first_of_all(rules: Any, town: Any, calls: Any, s: Any, i: int) -> int:
    """The first idle unit, one idle unit by lot, or the longest idle; -1 when there is none."""
    best, best_key, equal = -1, np.inf, 0
    for unit in range(len(s.call)):
        if s.call[unit] >= 0 or not may(town, calls, unit, i):
            continue
        key = s.free_at[unit] if rules.choice == 4 else 0.0
        if key < best_key:
            best, best_key, equal = unit, key, 1
        elif key == best_key and (rules.choice == 2 or rules.ties_random):
            equal += 1
            if np.random.random() * equal < 1.0:
                best = unit
        if rules.choice == 3 and not rules.ties_random:
            break
    return best


@compiled
def nearest_standing(rules: Any, town: Any, calls: Any, s: Any, i: int) -> tuple[int, float]:
    """As `nearest` where nobody moves, with the columns at hand: many units in little time."""
    busy, xy, speed, curve = s.call, s.xy, town.speed, town.curve
    may_atom, may_class = town.may_atom, town.may_class
    atom, kind = calls.atom[i], calls.kind[i]
    x, y = calls.xy[i, 0], calls.xy[i, 1]
    metric, ties = rules.metric, rules.ties_random
    wide, high = size_of(rules, town)
    best, least, equal = -1, np.inf, 0
    for unit in range(len(busy)):
        if busy[unit] >= 0 or not (may_atom[unit, atom] and may_class[unit, kind]):
            continue
        far = span(metric, wide, high, x - xy[unit, 0], y - xy[unit, 1])
        time = as_time(curve, far, speed[unit])
        if time < least:
            best, least, equal = unit, time, 1
        elif time == least and ties:
            equal += 1
            if np.random.random() * equal < 1.0:
                best = unit
    return best, float(least * calls.noise[i])


@compiled
def nearest(rules: Any, town: Any, calls: Any, s: Any, i: int, now: float) -> tuple[int, float]:
    """The idle unit that is there first and its travel time, or -1."""
    if rules.travel == 3 and rules.after != 2:
        return nearest_standing(rules, town, calls, s, i)
    best, least, equal = -1, np.inf, 0
    for unit in range(len(s.call)):
        if s.call[unit] >= 0 or not may(town, calls, unit, i):
            continue
        time = travel_time(rules, town, calls, s, unit, i, now)
        if time < least:
            best, least, equal = unit, time, 1
        elif time == least and rules.ties_random:
            equal += 1
            if np.random.random() * equal < 1.0:
                best = unit
    return best, least


@compiled
def choose(rules: Any, town: Any, calls: Any, s: Any, i: int, now: float) -> tuple[int, float]:
    """The idle unit that goes to call `i` and its travel time, or -1."""
    if rules.choice == 1:
        return nearest(rules, town, calls, s, i, now)
    if rules.choice == 0:
        unit = first_listed(town, calls, s, i)
    else:
        unit = first_of_all(rules, town, calls, s, i)
    if unit < 0:
        return -1, 0.0
    return unit, travel_time(rules, town, calls, s, unit, i, now)
