"""Two responders to one place: by when the first and the second are expected, not by one road.

Travel times vary, and those along one road vary together, so two by different roads are expected
sooner than two that are as near but stuck in the same jam. The expected first of two follows
C. E. Clark, "The Greatest of a Finite Set of Random Variables", Operations Research 9 (1961).
"""

from math import erf, exp, pi, sqrt

import numpy as np

from dispatch.joint_model import FIRST_WEIGHT, Case, Options, Slot


def expected_first_s(one_s: float, other_s: float, share: float, together: float) -> float:
    """Expected seconds until the first of two arrives; `together` correlates their times."""
    one_sd, other_sd = share * one_s, share * other_s
    apart = sqrt(max(0.0, one_sd**2 + other_sd**2 - 2 * together * one_sd * other_sd))
    if apart < 1e-9:
        return min(one_s, other_s)
    z = (other_s - one_s) / apart
    below = (1 + erf(z / sqrt(2))) / 2
    return one_s * below + other_s * (1 - below) - apart * exp(-z * z / 2) / sqrt(2 * pi)


def expected_pair_s(one_s: float, other_s: float, options: Options, *, same_road: bool) -> float:
    """Weighted expected seconds of the first and the second arrival of a pair."""
    together = options.same_road if same_road else options.other_road
    first_s = expected_first_s(one_s, other_s, options.spread_share, together)
    second_s = one_s + other_s - first_s
    return FIRST_WEIGHT * first_s + second_s


def spread(case: Case, chosen: dict[Slot, int], taken: set[int]) -> None:
    """Exchange second responders that come by the first one's road for free ones that do not.

    The first to arrive stays. A second is exchanged for a free responder nobody else was given,
    at most `near_s` later and no dearer to its beat, if the pair is then expected sooner.
    """
    for column in sorted({slot.column for slot in chosen}):
        by_arrival = sorted(
            (slot for slot in chosen if slot.column == column),
            key=lambda slot: (case.ready.eta_s[chosen[slot], slot.column], slot.number),
        )
        for later in by_arrival[1:]:
            better = _find_better(case, chosen[by_arrival[0]], chosen[later], later, taken)
            if better is not None:
                taken.discard(chosen[later])
                taken.add(better)
                chosen[later] = better


def _find_better(case: Case, lead: int, second: int, later: Slot, taken: set[int]) -> int | None:
    ready, options, column = case.ready, case.options, later.column
    road = ready.approach[lead, column]
    if road < 0 or ready.approach[second, column] != road or ready.held[second] > 0:
        return None
    lead_s, second_s = (float(ready.eta_s[row, column]) for row in (lead, second))
    best = (expected_pair_s(lead_s, second_s, options, same_road=True), second_s, second)
    may = case.may_go([later])[0] & (ready.held == 0) & (ready.tier <= ready.tier[second])
    may &= ready.eta_s[:, column] >= lead_s
    may &= ready.eta_s[:, column] <= second_s + options.near_s
    may &= (ready.approach[:, column] >= 0) & (ready.approach[:, column] != road)
    for row in np.flatnonzero(may).tolist():
        if row in taken or case.price_s(column, row) > case.price_s(column, second):
            continue
        eta_s = float(ready.eta_s[row, column])
        best = min(best, (expected_pair_s(lead_s, eta_s, options, same_road=False), eta_s, row))
    return None if best[2] == second else best[2]
