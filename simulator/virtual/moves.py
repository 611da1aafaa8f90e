"""Where units are and how long they take: the part of the event core that knows distances."""

# ruff: noqa: PLR0917  compiled functions take their arguments by position
# ruff: noqa: NPY002  inside compiled code this is the generator of the thread, seeded for each run

from typing import Any

import numpy as np

from geo.search import compiled
from geo.types import FloatArray


@compiled
def span(metric: int, wide: float, high: float, dx: float, dy: float) -> float:
    """The distance of two points by the metric; on a torus (`wide` > 0) the shorter way round."""
    dx, dy = abs(dx), abs(dy)
    if wide > 0.0:
        dx = min(dx, wide - dx)
        dy = min(dy, high - dy)
    if metric == 0:
        return float(np.sqrt(dx * dx + dy * dy))
    if metric == 1:
        return float(dx + dy)
    return float(dx)


@compiled
def size_of(rules: Any, town: Any) -> tuple[float, float]:
    """Width and height of a torus; 0 for a plane with borders."""
    if not rules.torus:
        return 0.0, 0.0
    return float(town.box[2] - town.box[0]), float(town.box[3] - town.box[1])


@compiled
def as_time(curve: FloatArray, far: float, speed: float) -> float:
    """Travel time of a distance: at one speed, or by the square root, then straight on."""
    if curve[0] > 0.0:
        if far <= curve[1]:
            return float(curve[0] * np.sqrt(far))
        return float(curve[3] + curve[2] * far)
    return far / speed


@compiled
def roam(boxes: FloatArray, xy: FloatArray, first: int, last: int) -> None:
    """Roaming units are somewhere else each time that they are looked for."""
    for unit in range(first, last):
        west, south, east, north = boxes[unit]
        if east > west:
            xy[unit, 0] = west + np.random.random() * (east - west)
            xy[unit, 1] = south + np.random.random() * (north - south)


@compiled
def locate(rules: Any, town: Any, s: Any, unit: int, now: float) -> tuple[float, float]:
    """Where an idle unit is: on its way home, or where it stands."""
    x, y = s.xy[unit, 0], s.xy[unit, 1]
    if rules.after != 2:
        return x, y
    gone = (now - s.free_at[unit]) * town.back_speed[unit]
    hx, hy = town.home_xy[unit, 0], town.home_xy[unit, 1]
    dx, dy = hx - x, hy - y
    if rules.metric == 0:
        far = np.sqrt(dx * dx + dy * dy)
        share = 1.0 if gone >= far else gone / far
        return x + share * dx, y + share * dy
    if rules.x_first:
        part = min(gone, abs(dx))
        rest = min(gone - part, abs(dy))
        return x + np.sign(dx) * part, y + np.sign(dy) * rest
    part = min(gone, abs(dy))
    rest = min(gone - part, abs(dx))
    return x + np.sign(dx) * rest, y + np.sign(dy) * part


@compiled
def travel_time(rules: Any, town: Any, calls: Any, s: Any, unit: int, i: int, now: float) -> float:
    """How long a unit takes to call `i` from where it is now."""
    if rules.travel == 0:
        return 0.0
    if rules.travel == 3:
        x, y = locate(rules, town, s, unit, now)
        wide, high = size_of(rules, town)
        far = span(rules.metric, wide, high, calls.xy[i, 0] - x, calls.xy[i, 1] - y)
        return float(as_time(town.curve, far, town.speed[unit]) * calls.noise[i])
    row = unit
    if rules.travel == 2:
        row = s.node[unit]
        if town.stay_at.shape[0] > 0:
            row = int(np.searchsorted(town.stay_at[unit], np.random.random(), side="right"))
    return float(town.matrix[row, calls.atom[i]] / town.speed[unit] * calls.noise[i])
