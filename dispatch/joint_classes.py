"""The mathematics of joint assignment: which wants can be filled, then class by class by whom.

Costs are whole numbers of tenths of a second, so that equal means equal; what the classes below
would like is added in fractions too small to outweigh a tenth of a second of the class above.
"""

from collections import deque
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from dispatch.joint_model import Case, Slot
from geo.types import BoolArray, FloatArray, IntArray

TENTHS = 10.0
MOST_TENTHS = 1 << 16
"""Nearly two hours: a longer way counts as this long."""
TIER_TENTHS = 1 << 18
"""A doubtful position counts as seven hours later: taken only where no trusted one is left."""
MINOR = 2.0**-19
MINOR_SUM = 1 << 18
"""All that lesser classes may say together stays below one tenth of a second, exactly."""


def fillable(may: BoolArray) -> list[int]:
    """Rows that can be filled at once, a more important (earlier) row never given up for later.

    The sets that can be filled form a matroid, so taking rows in their order where an augmenting
    path exists gives the best set and the largest one.
    """
    if np.all(np.sort(may.sum(axis=1)) > np.arange(len(may))):
        return list(range(len(may)))  # the n-th choosiest row still finds one when n are taken
    owner = np.full(may.shape[1], -1, dtype=np.int64)
    return [row for row in range(len(may)) if _augment(may, owner, row)]


def _augment(may: BoolArray, owner: IntArray, start: int) -> bool:
    """Give `start` a column, moving others along an alternating path; whether there is one."""
    came_from: dict[int, int] = {}
    seen = np.zeros(may.shape[1], dtype=np.bool_)
    queue = deque([start])
    while queue:
        row = queue.popleft()
        fresh = may[row] & ~seen
        free = np.flatnonzero(fresh & (owner < 0))
        if len(free):
            _shift(owner, came_from, row, int(free[0]), start)
            return True
        seen |= fresh
        for column in np.flatnonzero(fresh).tolist():
            came_from[column] = row
            queue.append(int(owner[column]))
    return False


def _shift(owner: IntArray, came_from: dict[int, int], row: int, column: int, start: int) -> None:
    """Give each row of the path the next column of it, from its free end back to `start`."""
    while True:
        before = np.flatnonzero(owner == row)
        owner[column] = row
        if row == start:
            return
        column = int(before[0])
        row = came_from[column]


class Table(NamedTuple):
    """Wants as rows, responders as columns: who may, at what cost, in which class.

    `cost` in whole tenths of weighted seconds, with what diversion and coverage must gain.
    """

    slots: list[Slot]
    may: BoolArray
    cost: FloatArray
    priority: IntArray
    price_s: FloatArray

    def pick(self, rows: list[int]) -> "Table":
        """A table of some rows."""
        slots = [self.slots[row] for row in rows]
        return Table(slots, self.may[rows], self.cost[rows], self.priority[rows], self.price_s)


def make_table(case: Case, slots: list[Slot]) -> Table:
    """What a case says of these wants."""
    ready, options = case.ready, case.options
    priority = np.array([case.waiting[slot.column].priority for slot in slots], dtype=np.int64)
    seconds = ready.eta_s[:, [slot.column for slot in slots]].T
    seconds = seconds + (ready.held > 0) * options.divert_gain_s
    pays = priority >= options.covers_from
    seconds = seconds + np.where(pays[:, None], ready.price_s[None, :], 0.0)
    tenths = np.minimum(np.rint(seconds * TENTHS), float(MOST_TENTHS))
    weight = np.array([slot.weight for slot in slots], dtype=np.float64)
    cost = weight[:, None] * (tenths + ready.tier * float(TIER_TENTHS))
    return Table(slots, case.may_go(slots), cost, priority, ready.price_s)


def _nearest(table: Table) -> dict[Slot, int]:
    """Wants of one incident that are all the same: the nearest first."""
    if not table.slots:
        return {}
    columns = np.flatnonzero(table.may[0])
    order = np.lexsort((columns, table.price_s[columns], table.cost[0, columns]))
    slots = sorted(table.slots, key=lambda slot: slot.number)
    return dict(zip(slots, columns[order].tolist(), strict=False))


def assign_classes(table: Table) -> dict[Slot, int]:
    """Columns for as many wants as can be filled, the most urgent class first.

    Lesser classes stand beside the class that is being served with their wishes, and with a
    column of their own each that means "nobody": they never hinder it and never fail.
    """
    slots, may, cost, priority, price_s = table
    if len({(slot.column, slot.want) for slot in slots}) <= 1:
        return _nearest(table)
    most = MINOR_SUM // len(slots)
    highest = float(np.max(cost, initial=1.0, where=may))
    wish = np.minimum(cost / highest, 1.0) * (most // 2) / np.maximum(priority, 1)[:, None]
    chosen: dict[Slot, int] = {}
    left = np.ones(may.shape[1], dtype=np.bool_)
    for level in sorted(set(priority.tolist())):
        ours = np.flatnonzero(priority == level)
        ours = ours[fillable(may[ours] & left)]
        lesser = np.flatnonzero(priority > level)
        rows = np.concatenate((ours, lesser))
        columns = np.flatnonzero(left & may[rows].any(axis=0))
        part = np.ix_(rows, columns)
        minor = wish[part]
        minor[: len(ours)] = np.minimum(price_s[columns], float(most))
        costs = MINOR * np.floor(minor)
        costs[: len(ours)] += cost[part][: len(ours)]
        costs[~may[part]] = np.inf
        nobody = np.full((len(rows), len(lesser)), np.inf)
        np.fill_diagonal(nobody[len(ours) :], MINOR * most)
        picked, where = linear_sum_assignment(np.hstack((costs, nobody)))
        for i, j in zip(picked.tolist(), where.tolist(), strict=True):
            if i < len(ours):
                chosen[slots[rows[i]]] = int(columns[j])
                left[columns[j]] = False
    return chosen
