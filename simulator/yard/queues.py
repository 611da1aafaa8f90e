"""Closed forms of queues: Erlang's losses and waits, two priority disciplines, busy in transient.

Erlang 1917; Cobham 1954 for classes without interruption; for interruption the conservation of
work in each prefix of classes, exact when all classes have one exponential service law.
"""

from collections.abc import Callable, Sequence

import numpy as np


def erlang_b(servers: int, load: float) -> float:
    """The share of calls lost when nobody may wait; `load` is rate times mean service."""
    lost = 1.0
    for n in range(1, servers + 1):
        lost = load * lost / (n + load * lost)
    return lost


def erlang_c(servers: int, load: float) -> float:
    """The share of calls that wait in an endless line; needs load < servers."""
    if load >= servers:
        raise ValueError("the line grows without end: load must be below the number of servers")
    lost = erlang_b(servers, load)
    return servers * lost / (servers - load * (1 - lost))


def mean_wait(servers: int, load: float) -> float:
    """Mean wait of all calls in mean service times."""
    return erlang_c(servers, load) / (servers - load)


def waits_by_class(servers: int, rates: Sequence[float]) -> list[float]:
    """Mean waits by class, most urgent first, nobody interrupted; mean service is 1."""
    busy = erlang_c(servers, sum(rates)) / servers
    ahead = 0.0
    found = []
    for rate in rates:
        upto = ahead + rate / servers
        found.append(busy / ((1 - ahead) * (1 - upto)))
        ahead = upto
    return found


def extra_times_by_class(servers: int, rates: Sequence[float]) -> list[float]:
    """Mean time without a server by class when the urgent interrupt; mean service is 1."""
    found, before, waited = [], 0.0, 0.0
    for rate in rates:
        upto = before + rate
        total = upto * mean_wait(servers, upto)
        found.append((total - waited) / rate)
        before, waited = upto, total
    return found


def busy_at(rate: float, survivor: Callable[[float], float], at: float) -> float:
    """Mean number busy of endlessly many servers, empty at 0: rate times the survivor's area."""
    steps = np.linspace(0.0, at, 4_001)
    heights = np.array([survivor(float(step)) for step in steps])
    return rate * float(np.trapezoid(heights, steps))
