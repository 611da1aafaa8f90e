"""The hypercube queueing model, solved exactly: every pattern of busy units has its equation.

Larson 1974. Exponential services with a rate of each unit's own, fixed preferences, and either
an endless line or loss. For up to twelve units.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from geo.types import FloatArray

MOST_UNITS = 12


class Answer(NamedTuple):
    """Shares of time by pattern (bit k: unit k busy), workloads, and dispatches unit by atom."""

    states: FloatArray
    workload: FloatArray
    dispatch_share: FloatArray
    p_all_busy: float
    interarea: float


def solve(
    rates: Sequence[float],
    preference: Sequence[Sequence[int]],
    service_rates: Sequence[float],
    *,
    waits: bool,
) -> Answer:
    """The steady state for `rates` of calls by atom; lists hold numbers of units from 0."""
    units = len(service_rates)
    if units > MOST_UNITS:
        raise ValueError(f"at most {MOST_UNITS} units")
    size = 1 << units
    flows = sparse.lil_matrix((size, size))
    for state in range(size):
        for unit in range(units):
            if state >> unit & 1:
                flows[state, state ^ (1 << unit)] += service_rates[unit]
        for atom, rate in enumerate(rates):
            chosen = first_idle(preference[atom], state)
            if chosen is not None:
                flows[state, state | (1 << chosen)] += rate
    shares = steady(flows.tocsr())
    if waits:
        shares = with_line(shares, sum(rates) / sum(service_rates))
    return read_off(shares, rates, preference, service_rates, waits=waits)


def first_idle(listed: Sequence[int], state: int) -> int | None:
    """The first unit of a list that is idle in a pattern."""
    return next((unit for unit in listed if not state >> unit & 1), None)


def steady(flows: sparse.csr_matrix) -> FloatArray:
    """Shares of time of a chain given its rates from row to column."""
    size = flows.shape[0]
    out = np.asarray(flows.sum(axis=1)).ravel()
    balance = (flows.T - sparse.diags(out)).tolil()
    balance[0, :] = 1.0
    right = np.zeros(size)
    right[0] = 1.0
    return np.asarray(linalg.spsolve(balance.tocsc(), right), dtype=np.float64)


def with_line(shares: FloatArray, load: float) -> FloatArray:
    """Patterns with an endless line, given those of loss and calls per service of all together.

    The line hangs on the full pattern alone: it makes that one likelier by 1 / (1 - load), and the
    others keep their proportions.
    """
    if load >= 1:
        raise ValueError("the line grows without end")
    longer = shares.copy()
    longer[-1] /= 1 - load
    return np.asarray(longer / longer.sum(), dtype=np.float64)


def read_off(
    shares: FloatArray,
    rates: Sequence[float],
    preference: Sequence[Sequence[int]],
    service_rates: Sequence[float],
    *,
    waits: bool,
) -> Answer:
    """Workloads and dispatches; a call that waits goes to whoever is free first."""
    units, total = len(service_rates), sum(rates)
    patterns = np.arange(len(shares))
    workload = np.array([shares[(patterns >> unit & 1) == 1].sum() for unit in range(units)])
    dispatch = np.zeros((units, len(rates)))
    for atom, rate in enumerate(rates):
        for state, share in enumerate(shares):
            chosen = first_idle(preference[atom], state)
            if chosen is not None:
                dispatch[chosen, atom] += rate / total * share
        if waits:
            freed = np.array(service_rates) / sum(service_rates)
            dispatch[:, atom] += rate / total * shares[-1] * freed
    dispatch /= dispatch.sum()
    own = sum(dispatch[listed[0], atom] for atom, listed in enumerate(preference))
    return Answer(shares, workload, dispatch, float(shares[-1]), float(1 - own))
