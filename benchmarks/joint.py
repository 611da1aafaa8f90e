"""How long a joint assignment takes: 200 units, 20 waiting incidents, plenty and few to send.

    python -m benchmarks.joint

Then what it gives against first come first served, on the same scenes: seconds to the place.
Prints milliseconds of a whole decision (groups, classes, diversions, pairs): by the clock, and of
the processor, which a busy neighbour does not lengthen.
"""

import time

import msgspec
import numpy as np

from dispatch.joint import solve
from dispatch.joint_model import Options, Ready, Waiting, Want
from dispatch.words import IncidentId, ResponderId

UNITS, INCIDENTS, RUNS = 200, 20, 200
SIDE_M, SPEED_MPS = 10_000.0, 8.0
SCENES = {
    "spread out, 70 % free": (SIDE_M, 0.3),
    "one quarter, 70 % free": (SIDE_M / 4, 0.3),
    "spread out, 5 % free": (SIDE_M, 0.95),
    "one quarter, 5 % free": (SIDE_M / 4, 0.95),
}


def make_scene(
    rng: np.random.Generator, side_m: float, held_share: float
) -> tuple[list[Waiting], Ready]:
    """Units all over a square town, incidents in a part of it, one to three units wanted each."""
    here = rng.uniform(0, SIDE_M, (UNITS, 2))
    there = rng.uniform(0, side_m, (INCIDENTS, 2))
    eta_s = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1)) / SPEED_MPS
    held = np.where(rng.random(UNITS) < held_share, rng.integers(2, 6, UNITS), 0)
    ready = Ready(
        ids=tuple(ResponderId(f"U{i:03}") for i in range(UNITS)),
        eta_s=eta_s,
        tier=(rng.random(UNITS) < 0.1).astype(np.int64),
        held=held,
        robs=np.where(held > 0, rng.integers(0, INCIDENTS, UNITS), -1),
        locked=np.zeros(UNITS, dtype=np.bool_),
        price_s=rng.uniform(0, 60, UNITS),
        can={"patrol": rng.random(UNITS) < 0.9},
        approach=rng.integers(0, 4, (UNITS, INCIDENTS)),
    )
    wants = (Want(capability="patrol", within_s=600.0),)
    waiting = [
        Waiting(
            id=IncidentId(f"I{i}"),
            priority=int(rng.integers(1, 6)),
            waited_s=float(rng.uniform(0, 300)),
            wants=wants * int(rng.integers(1, 4)),
        )
        for i in range(INCIDENTS)
    ]
    return waiting, ready


def first_come(waiting: list[Waiting], ready: Ready) -> dict[tuple[IncidentId, int], float]:
    """The rule it is compared with: the most urgent first, each to the nearest that is left."""
    left = (ready.held == 0) & ready.can["patrol"]
    sent: dict[tuple[IncidentId, int], float] = {}
    for column, one in sorted(enumerate(waiting), key=lambda row: (row[1].priority, row[1].id)):
        for slot in range(len(one.wants)):
            rows = np.flatnonzero(left)
            if len(rows) == 0:
                return sent
            best = rows[np.lexsort((rows, ready.eta_s[rows, column], ready.tier[rows]))[0]]
            sent[one.id, slot] = float(ready.eta_s[best, column])
            left[best] = False
    return sent


def compare(rng: np.random.Generator) -> None:
    """Print mean and 90th percentile to the first and to further responders, by priority."""
    print("\nseconds to the place, mean / 90th percentile; all in one quarter, all units free")
    print(f"{'priority':<10}{'first come':>20}{'joint':>20}{'alone':>20}")
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(RUNS):
        waiting, ready = make_scene(rng, SIDE_M / 4, 0.0)
        waiting = [msgspec.structs.replace(one, waited_s=0.0) for one in waiting]
        priority = {one.id: one.priority for one in waiting}
        for (incident, _), seconds in first_come(waiting, ready).items():
            found.setdefault(("first come", priority[IncidentId(incident)]), []).append(seconds)
        for choice in solve(waiting, ready, Options(covers_from=9)).choices:
            key = priority[choice.incident]
            if choice.eta_s is not None:
                found.setdefault(("joint", key), []).append(choice.eta_s)
            if choice.alone_s is not None:
                found.setdefault(("alone", key), []).append(choice.alone_s)
    for level in (1, 2, 3, 4, 5, 0):
        line = f"{level or 'all':<10}"
        for rule in ("first come", "joint", "alone"):
            pool = [
                s for (r, p), rows in found.items() if r == rule and level in (p, 0) for s in rows
            ]
            line += f"{np.mean(pool):>12.1f} /{np.percentile(pool, 90):>6.1f}"
        print(line)


def main() -> None:
    """Print one line per scene."""
    rng = np.random.default_rng(110)
    solve(*make_scene(rng, SIDE_M, 0.3), Options())
    print(f"{UNITS} units, {INCIDENTS} incidents, {RUNS} decisions each; milliseconds")
    heads = ("clock p50", "clock p99", "CPU p50", "CPU p99")
    print(f"{'scene':<24}" + "".join(f"{head:>11}" for head in heads) + f"{'largest group':>15}")
    for name, (side_m, held_share) in SCENES.items():
        clock_ms, cpu_ms, largest = [], [], 0
        for _ in range(RUNS):
            waiting, ready = make_scene(rng, side_m, held_share)
            start_s, start_cpu_s = time.perf_counter(), time.thread_time()
            answer = solve(waiting, ready, Options())
            cpu_ms.append((time.thread_time() - start_cpu_s) * 1000)
            clock_ms.append((time.perf_counter() - start_s) * 1000)
            largest = max(largest, *map(len, answer.groups))
        figures = [*np.percentile(clock_ms, (50, 99)), *np.percentile(cpu_ms, (50, 99))]
        print(f"{name:<24}" + "".join(f"{ms:>11.1f}" for ms in figures) + f"{largest:>15}")
    compare(rng)


if __name__ == "__main__":
    main()
