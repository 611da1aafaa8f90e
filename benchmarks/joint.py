"""How long a joint assignment takes: 200 units, 20 waiting incidents, plenty and few to send.

    python -m benchmarks.joint

Prints milliseconds of a whole decision (groups, classes, diversions, pairs): by the clock, and of
the processor, which a busy neighbour does not lengthen.
"""

import time

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


if __name__ == "__main__":
    main()
