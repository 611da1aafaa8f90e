"""Circles: key places that bound forces must reach within 1, 3 or 5 minutes, now and by the hour.

After the practice of Chinese city police: a place, its minutes, and the forces bound to it; each
circle is tested by the clock at any moment, and kept as a share of looks for every hour.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from dispatch.words import ResponderId
from geo.types import FloatArray, Point

HOUR_MS = 3_600_000


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """A key place, the minutes, and who is bound to it; with nobody bound, any responder counts."""

    id: str
    name: str
    place: Point
    minutes: float
    bound: tuple[ResponderId, ...] = ()


class CircleState(msgspec.Struct, frozen=True, kw_only=True):
    """How a circle stands: the first of its forces, its seconds, and the seconds to spare.

    `slack_s` below zero is how much too late it would be; None where nobody could come at all.
    """

    circle: str
    name: str
    minutes: float
    holds: bool
    responder: ResponderId | None
    eta_s: float | None
    slack_s: float | None


class MoveUp(msgspec.Struct, frozen=True, kw_only=True):
    """Advice: this free responder to that circle's place, and what it mends and costs.

    `gained` circles hold then that do not now; `lateness_s` is how many seconds less all circles
    lack together; `eta_s` is the way there.
    """

    responder: ResponderId
    to: str
    name: str
    eta_s: float
    gained: tuple[str, ...]
    lateness_s: float


class CircleHour(msgspec.Struct, frozen=True, kw_only=True):
    """One circle in one hour: how often it was looked at, how often it held, its worst seconds."""

    circle: str
    hour_ms: int
    looks: int = 0
    held: int = 0
    worst_s: float | None = None

    @property
    def share(self) -> float:
        """Part of the looks at which it held."""
        return self.held / self.looks if self.looks else 0.0


def counting(
    circles: Sequence[Circle], responders: Sequence[ResponderId], eta_s: FloatArray
) -> FloatArray:
    """(circles, responders) seconds, inf for a responder that is not bound to the circle."""
    out = np.array(eta_s, dtype=np.float64).reshape(len(circles), len(responders))
    column = {responder: i for i, responder in enumerate(responders)}
    for row, circle in enumerate(circles):
        if circle.bound:
            mine = [column[one] for one in circle.bound if one in column]
            rest = np.ones(len(responders), dtype=np.bool_)
            rest[mine] = False
            out[row, rest] = np.inf
    return out


def look(
    circles: Sequence[Circle], responders: Sequence[ResponderId], eta_s: FloatArray
) -> tuple[CircleState, ...]:
    """How every circle stands, the worst first; `eta_s` (circles, responders) of those free."""
    seconds = counting(circles, responders, eta_s)
    states = []
    for row, circle in enumerate(circles):
        best = int(np.argmin(seconds[row])) if len(responders) else -1
        best_s = float(seconds[row, best]) if best >= 0 else float("inf")
        reached = bool(np.isfinite(best_s))
        slack_s = circle.minutes * 60 - best_s
        states.append(
            CircleState(
                circle=circle.id,
                name=circle.name,
                minutes=circle.minutes,
                holds=reached and slack_s >= 0,
                responder=responders[best] if reached else None,
                eta_s=best_s if reached else None,
                slack_s=slack_s if reached else None,
            )
        )

    def badness(state: CircleState) -> tuple[float, str]:
        return float("-inf") if state.slack_s is None else state.slack_s, state.circle

    return tuple(sorted(states, key=badness))


def advise(
    circles: Sequence[Circle],
    responders: Sequence[ResponderId],
    eta_s: FloatArray,
    between_s: FloatArray,
    *,
    settled_s: FloatArray | None = None,
    most: int = 5,
    lack_s: float = 1_800.0,
) -> tuple[MoveUp, ...]:
    """Which free responder should move to which circle's place, the best first.

    `eta_s` (circles, responders) from where they are; `between_s` (circles, circles) from the
    place of the column to that of the row. A move must make more circles hold than it breaks.
    A circle that nobody reaches counts as `lack_s` late. `settled_s` (circles,) are the seconds
    of bound forces that stay where they are: posts on foot, and units that may not move.
    """
    seconds = counting(circles, responders, eta_s)
    within = np.array([circle.minutes * 60 for circle in circles], dtype=np.float64)
    stay_s = np.full(len(circles), np.inf) if settled_s is None else settled_s
    now_s = np.minimum(stay_s, np.min(seconds, axis=1, initial=np.inf))
    found = []
    for column, responder in enumerate(responders):
        others_s = np.min(np.delete(seconds, column, axis=1), axis=1, initial=np.inf)
        rest_s = np.minimum(stay_s, others_s)
        mine = [not circle.bound or responder in circle.bound for circle in circles]
        there_s = np.where(np.array(mine)[:, None], between_s, np.inf)
        then_s = np.minimum(rest_s[:, None], there_s)
        gain = (then_s <= within[:, None]).sum(axis=0) - int((now_s <= within).sum())
        saved = _late(now_s, within, lack_s).sum() - _late(then_s, within[:, None], lack_s).sum(0)
        for target in np.flatnonzero((gain > 0) & np.isfinite(eta_s[:, column])).tolist():
            mended = np.flatnonzero((then_s[:, target] <= within) & (now_s > within))
            found.append(
                (
                    -int(gain[target]),
                    float(eta_s[target, column]),
                    MoveUp(
                        responder=responder,
                        to=circles[target].id,
                        name=circles[target].name,
                        eta_s=float(eta_s[target, column]),
                        gained=tuple(circles[i].id for i in mended.tolist()),
                        lateness_s=float(saved[target]),
                    ),
                )
            )
    found.sort(key=lambda one: (one[0], one[1], one[2].responder, one[2].to))
    return tuple(move for _, _, move in found[:most])


def _late(seconds: FloatArray, within: FloatArray, lack_s: float) -> FloatArray:
    late: FloatArray = np.minimum(np.maximum(seconds - within, 0.0), lack_s)
    return late


def record(
    hours: Mapping[tuple[str, int], CircleHour], states: Iterable[CircleState], at_ms: int
) -> dict[tuple[str, int], CircleHour]:
    """The hourly record with one more look; UTC hours, by (circle, start of the hour in ms)."""
    hour_ms = at_ms - at_ms % HOUR_MS
    fresh = dict(hours)
    for state in states:
        key = state.circle, hour_ms
        was = fresh.get(key, CircleHour(circle=state.circle, hour_ms=hour_ms))
        worst = [eta_s for eta_s in (was.worst_s, state.eta_s) if eta_s is not None]
        fresh[key] = CircleHour(
            circle=state.circle,
            hour_ms=hour_ms,
            looks=was.looks + 1,
            held=was.held + state.holds,
            worst_s=max(worst) if worst else None,
        )
    return fresh


def held_share(hours: Iterable[CircleHour]) -> float:
    """Part of all looks at which circles held: the figure a department reports."""
    rows = list(hours)
    looks = sum(row.looks for row in rows)
    return sum(row.held for row in rows) / looks if looks else 0.0
