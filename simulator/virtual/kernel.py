"""The event core of model worlds, compiled: arrivals, choice, queue, service, return.

One binary heap of completions beside the sorted calls; an interrupted service leaves an outdated
entry that is passed over by its stamp. The same calls and seed give the same log.
"""

# ruff: noqa: PLR0917  compiled functions take their arguments by position
# ruff: noqa: NPY002  inside compiled code this is the generator of the thread, seeded for each run

from typing import Any, NamedTuple

import numpy as np

from geo.search import compiled
from geo.types import FloatArray, IntArray
from simulator.virtual.moves import roam, travel_time
from simulator.virtual.picks import choose, may

MOST_STATES = 10
"""With so many units or fewer the time in every pattern of busy units is kept."""


class State(NamedTuple):
    """Everything that changes while calls are worked off."""

    call: IntArray
    since: FloatArray
    due: FloatArray
    stamp: IntArray
    free_at: FloatArray
    xy: FloatArray
    node: IntArray
    left: FloatArray
    rank: IntArray
    after: IntArray
    before: IntArray
    head: IntArray
    tail: IntArray
    heap_at: FloatArray
    heap_unit: IntArray
    heap_stamp: IntArray
    num: IntArray
    clock: FloatArray


# Slots of State.num
BUSY, WAITING, HEAP, MASK, WINDOW, SEEN = 0, 1, 2, 3, 4, 5


@compiled
def push(s: Any, at: float, unit: int, stamp: int) -> None:
    """Enter the end of a service."""
    i = s.num[HEAP]
    s.num[HEAP] += 1
    while i > 0:
        up = (i - 1) >> 1
        if s.heap_at[up] <= at:
            break
        s.heap_at[i] = s.heap_at[up]
        s.heap_unit[i] = s.heap_unit[up]
        s.heap_stamp[i] = s.heap_stamp[up]
        i = up
    s.heap_at[i] = at
    s.heap_unit[i] = unit
    s.heap_stamp[i] = stamp


@compiled
def pop(s: Any) -> None:
    """Take the earliest end away."""
    size = s.num[HEAP] - 1
    s.num[HEAP] = size
    at, unit, stamp = s.heap_at[size], s.heap_unit[size], s.heap_stamp[size]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= size:
            break
        if down + 1 < size and s.heap_at[down + 1] < s.heap_at[down]:
            down += 1
        if s.heap_at[down] >= at:
            break
        s.heap_at[i] = s.heap_at[down]
        s.heap_unit[i] = s.heap_unit[down]
        s.heap_stamp[i] = s.heap_stamp[down]
        i = down
    s.heap_at[i] = at
    s.heap_unit[i] = unit
    s.heap_stamp[i] = stamp


@compiled
def work_of(town: Any, calls: Any, unit: int, i: int, extra: int) -> float:
    """The service time of call `i` by a unit; the second unit sent has a draw of its own."""
    law = town.law_of[unit, calls.kind[i]]
    n = len(calls.at)
    draw = calls.draws[town.law_draw[law], (i + extra * 7919) % n]
    return float((town.law_shift[law] + town.law_scale[law] * draw) * town.pace[unit])


@compiled
def send(
    rules: Any, town: Any, calls: Any, s: Any, log: Any,
    unit: int, i: int, now: float, travel: float, extra: int,
) -> None:  # fmt: skip
    """A unit takes call `i`, or takes it up again with the work that was left."""
    if s.left[i] < 0.0 or extra > 0:
        work = work_of(town, calls, unit, i, extra)
        if not rules.in_service:
            work += travel + calls.turnout[i]
            if rules.after == 3:
                back = town.speed[unit] / town.back_speed[unit]
                work += travel * back
        if extra < log.travel.shape[1]:
            log.travel[i, extra] = travel
        if extra == 0:
            log.begun[i] = now
            log.unit[i] = unit
    else:
        work = s.left[i]
        log.held_up[i] += now
    s.rank[unit] = extra
    s.call[unit] = i
    s.since[unit] = now
    s.due[unit] = now + work
    s.stamp[unit] += 1
    s.num[BUSY] += 1
    if len(s.call) <= MOST_STATES:
        s.num[MASK] |= 1 << unit
    push(s, s.due[unit], unit, s.stamp[unit])


@compiled
def account(sums: Any, edges: FloatArray, unit: int, since: float, until: float) -> None:
    """Book the time a unit was busy to the measuring windows."""
    if until <= edges[0]:
        return
    w = int(np.searchsorted(edges, since, side="right")) - 1
    w = max(w, 0)
    while w + 1 < len(edges) and edges[w] < until:
        sums.busy[w, unit] += min(until, edges[w + 1]) - max(since, edges[w])
        w += 1


@compiled
def leave(rules: Any, calls: Any, s: Any, unit: int, now: float) -> None:
    """A unit becomes idle: where it is, and since when."""
    i = s.call[unit]
    s.call[unit] = -1
    s.free_at[unit] = now
    s.num[BUSY] -= 1
    if len(s.call) <= MOST_STATES:
        s.num[MASK] &= ~(1 << unit)
    if rules.after in (1, 2):
        s.xy[unit, 0] = calls.xy[i, 0]
        s.xy[unit, 1] = calls.xy[i, 1]
        s.node[unit] = calls.atom[i]


@compiled
def enqueue(s: Any, line: int, i: int) -> None:
    """Put a call in its line by order of arrival: interrupted ones go before later ones."""
    at = s.tail[line]
    while at >= 0 and at > i:
        at = s.before[at]
    nxt = s.head[line] if at < 0 else s.after[at]
    s.before[i], s.after[i] = at, nxt
    if at < 0:
        s.head[line] = i
    else:
        s.after[at] = i
    if nxt < 0:
        s.tail[line] = i
    else:
        s.before[nxt] = i
    s.num[WAITING] += 1


@compiled
def unlink(s: Any, line: int, i: int) -> None:
    """Take a call out of its line."""
    prev, nxt = s.before[i], s.after[i]
    if prev < 0:
        s.head[line] = nxt
    else:
        s.after[prev] = nxt
    if nxt < 0:
        s.tail[line] = prev
    else:
        s.before[nxt] = prev
    s.num[WAITING] -= 1


@compiled
def serve_next(rules: Any, town: Any, calls: Any, s: Any, log: Any, unit: int, now: float) -> None:
    """A unit that became idle takes the first call it may, or the nearest one waiting."""
    if rules.roaming:
        roam(town.roam, s.xy, unit, unit + 1)
    for line in range(len(s.head)):
        best, best_travel = -1, np.inf
        i = s.head[line]
        while i >= 0:
            if may(town, calls, unit, i):
                travel = travel_time(rules, town, calls, s, unit, i, now)
                if travel < best_travel:
                    best, best_travel = i, travel
                if not rules.take_nearest:
                    break
            i = s.after[i]
        if best >= 0:
            unlink(s, line, best)
            send(rules, town, calls, s, log, unit, best, now, best_travel, 0)
            return


@compiled
def interrupt(
    rules: Any, town: Any, calls: Any, s: Any, log: Any, sums: Any, edges: FloatArray,
    i: int, now: float,
) -> bool:  # fmt: skip
    """Let call `i` take a unit from the least urgent call under work, the latest begun first."""
    worst = -1
    for unit in range(len(s.call)):
        j = s.call[unit]
        if j < 0 or calls.kind[j] <= calls.kind[i] or not may(town, calls, unit, i):
            continue
        if worst < 0:
            worst = unit
            continue
        other = s.call[worst]
        if calls.kind[j] > calls.kind[other] or (calls.kind[j] == calls.kind[other] and j > other):
            worst = unit
    if worst < 0:
        return False
    j = s.call[worst]
    s.left[j] = s.due[worst] - now
    log.held_up[j] -= now
    account(sums, edges, worst, s.since[worst], now)
    leave(rules, calls, s, worst, now)
    enqueue(s, calls.kind[j], j)
    travel = travel_time(rules, town, calls, s, worst, i, now)
    send(rules, town, calls, s, log, worst, i, now, travel, 0)
    return True


@compiled
def arrive(
    rules: Any, town: Any, calls: Any, s: Any, log: Any, sums: Any, edges: FloatArray,
    i: int, now: float,
) -> None:  # fmt: skip
    """A call comes in: units go, or it takes one over, or it waits, or it is lost."""
    if rules.roaming:
        roam(town.roam, s.xy, 0, len(s.call))
    unit, travel = choose(rules, town, calls, s, i, now)
    if unit >= 0:
        send(rules, town, calls, s, log, unit, i, now, travel, 0)
        for extra in range(1, town.send[calls.kind[i]]):
            unit, travel = choose(rules, town, calls, s, i, now)
            if unit < 0:
                break
            send(rules, town, calls, s, log, unit, i, now, travel, extra)
        return
    if rules.preempt and interrupt(rules, town, calls, s, log, sums, edges, i, now):
        return
    if rules.places >= 0 and s.num[WAITING] >= rules.places:
        log.unit[i] = -2
        return
    enqueue(s, calls.kind[i] if rules.by_class else 0, i)


@compiled
def advance(s: Any, sums: Any, edges: FloatArray, instants: FloatArray, now: float) -> None:
    """Let time pass: book the state that held until now, and note it at the instants passed."""
    while s.num[SEEN] < len(instants) and instants[s.num[SEEN]] < now:
        sums.seen_busy[s.num[SEEN]] = s.num[BUSY]
        sums.seen_queue[s.num[SEEN]] = s.num[WAITING]
        s.num[SEEN] += 1
    last = len(edges) - 1
    at = max(s.clock[0], edges[0])
    while at < now and s.num[WINDOW] < last:
        w = s.num[WINDOW]
        until = min(now, edges[w + 1])
        if until > at:
            sums.crowd[w, s.num[BUSY]] += until - at
            sums.queue[w] += (until - at) * s.num[WAITING]
            if s.num[WAITING] > 0:
                sums.queued[w] += until - at
            if sums.states.shape[1] > 1:
                sums.states[w, s.num[MASK]] += until - at
            at = until
        if at >= edges[w + 1]:
            s.num[WINDOW] += 1
    s.clock[0] = now


@compiled
def run(
    rules: Any, town: Any, calls: Any, s: Any, log: Any, sums: Any,
    edges: FloatArray, instants: FloatArray, seed: int, stop: float,
) -> None:  # fmt: skip
    """Work off all calls; what is due after `stop` is left undone."""
    np.random.seed(seed)
    i, n = 0, len(calls.at)
    while True:
        while s.num[HEAP] > 0 and s.stamp[s.heap_unit[0]] != s.heap_stamp[0]:
            pop(s)
        ends = s.heap_at[0] if s.num[HEAP] > 0 else np.inf
        comes = calls.at[i] if i < n else np.inf
        now = min(ends, comes)
        if now == np.inf or now > stop:
            break
        advance(s, sums, edges, instants, now)
        if comes <= ends:
            arrive(rules, town, calls, s, log, sums, edges, i, now)
            i += 1
            continue
        unit = s.heap_unit[0]
        pop(s)
        account(sums, edges, unit, s.since[unit], now)
        if s.rank[unit] == 0:
            log.ended[s.call[unit]] = now
        leave(rules, calls, s, unit, now)
        if s.num[WAITING] > 0:
            serve_next(rules, town, calls, s, log, unit, now)
    end = max(s.clock[0], min(stop, edges[-1]))
    for unit in range(len(s.call)):
        if s.call[unit] >= 0:
            account(sums, edges, unit, s.since[unit], end)
    last = instants[-1] + 1.0 if len(instants) > 0 else end
    advance(s, sums, edges, instants, stop if stop < np.inf else max(end, edges[-1], last))
