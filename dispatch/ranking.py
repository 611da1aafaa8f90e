"""The first few of thousands, compiled: by trust, then seconds, then row."""

from functools import cache
from typing import NamedTuple

import numpy as np

from geo.search import compiled
from geo.types import BoolArray, FloatArray, IntArray


class Leading(NamedTuple):
    """The best rows in order, whether each is doubtful (0 or 1), and how many are within."""

    rows: IntArray
    tier: IntArray
    within: int
    fresh_within: int


@compiled
def _lead(  # noqa: PLR0917  # columns by position, one pass
    may: BoolArray,
    seconds: FloatArray,
    at_ms: IntArray,
    oldest_ms: IntArray,
    kind: IntArray,
    missed: BoolArray,
    count: int,
    limit_s: float,
) -> tuple[IntArray, IntArray, int, int]:
    rows = np.empty(count, np.int64)
    tiers = np.empty(count, np.int64)
    size = within = fresh = 0
    for row in range(len(may)):
        if not may[row]:
            continue
        tier = 1 if missed[row] or at_ms[row] < oldest_ms[kind[row]] else 0
        if seconds[row] <= limit_s:
            within += 1
            fresh += 1 - tier
        place = size
        while place > 0:
            other = rows[place - 1]
            if tiers[place - 1] < tier:
                break
            if tiers[place - 1] == tier and seconds[other] <= seconds[row]:
                break
            place -= 1
        if place >= count:
            continue
        size = min(size + 1, count)
        for i in range(size - 1, place, -1):
            rows[i], tiers[i] = rows[i - 1], tiers[i - 1]
        rows[place], tiers[place] = row, tier
    return rows[:size], tiers[:size], within, fresh


def lead(  # noqa: PLR0917  # columns by position, as numpy does
    may: BoolArray,
    seconds: FloatArray,
    at_ms: IntArray,
    oldest_ms: IntArray,
    kind: IntArray,
    missed: BoolArray,
    *,
    count: int,
    limit_s: float,
) -> Leading:
    """The first `count` of the rows that may go, in one pass over (n,) columns.

    A row is doubtful when it missed its last order or its fix is older than `oldest_ms` of its
    kind. `within` counts rows with at most `limit_s` seconds to go, `fresh_within` those of
    them that are not doubtful.
    """
    return Leading(*_lead(may, seconds, at_ms, oldest_ms, kind, missed, count, limit_s))


@cache
def warm_up() -> None:
    """Compile before the first alarm needs it."""
    none, ints = np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.int64)
    lead(none, np.zeros(1), ints, ints, ints, none, count=1, limit_s=1.0)
