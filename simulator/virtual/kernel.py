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
def span(rules: Any, box: FloatArray, dx: float, dy: float) -> float:
    """The distance of two points by the scenario's metric; on a torus the shorter way round."""
    dx, dy = abs(dx), abs(dy)
    if rules.torus:
        dx = min(dx, box[2] - box[0] - dx)
        dy = min(dy, box[3] - box[1] - dy)
    if rules.metric == 0:
        return float(np.sqrt(dx * dx + dy * dy))
    if rules.metric == 1:
        return float(dx + dy)
    return float(dx)


@compiled
def as_time(curve: FloatArray, far: float, speed: float) -> float:
    """Travel time of a distance: at one speed, or by the square root, then straight on."""
    if curve[0] > 0.0:
        if far <= curve[1]:
            return float(curve[0] * np.sqrt(far))
        return float(curve[3] + curve[2] * far)
    return far / speed


@compiled
def locate(rules: Any, town: Any, s: Any, unit: int, now: float) -> tuple[float, float]:
    """Where an idle unit is: roaming anew, on its way home, or where it stands."""
    if rules.roaming and town.roam[unit, 2] > town.roam[unit, 0]:
        west, south, east, north = town.roam[unit]
        return (
            west + np.random.random() * (east - west),
            south + np.random.random() * (north - south),
        )
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
        far = span(rules, town.box, calls.xy[i, 0] - x, calls.xy[i, 1] - y)
        return float(as_time(town.curve, far, town.speed[unit]) * calls.noise[i])
    row = unit
    if rules.travel == 2:
        row = s.node[unit]
        if town.stay_at.shape[0] > 0:
            row = int(np.searchsorted(town.stay_at[unit], np.random.random(), side="right"))
    return float(town.matrix[row, calls.atom[i]] / town.speed[unit] * calls.noise[i])


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
def nearest(rules: Any, town: Any, calls: Any, s: Any, i: int, now: float) -> tuple[int, float]:
    """The idle unit that is there first and its travel time, or -1."""
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
