"""From the figures of several runs to estimates with confidence intervals."""

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import special

from geo.types import FloatArray
from simulator.virtual.measure import Figures


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over all runs: value and half-width of its interval, of equal shape.

    `runs` counts the independent parts that the interval rests on.
    """

    value: FloatArray
    half: FloatArray
    runs: int


def summarise(parts: Sequence[Figures], runs: int, confidence: float) -> dict[str, Estimate]:
    """Estimates of all figures: over runs, or over the windows of a single one.

    `parts` are the runs in order; of a single run, its whole first and then its windows.
    """
    found = {}
    spread = parts if runs > 1 else parts[1:]
    for name, whole in parts[0].items():
        rows = np.array([part[name] for part in spread])
        known = np.isfinite(rows).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            middle = np.nansum(rows, axis=0) / known
            apart = np.nansum((rows - middle) ** 2, axis=0) / (known - 1)
            error = np.sqrt(apart / known)
            factor = special.stdtrit(np.maximum(known - 1, 1), 0.5 + confidence / 2)
        half = np.where(known > 1, factor * error, np.nan)
        if name in {"busy_at", "queue_at"} and runs == 1:
            half = np.full(half.shape, np.nan)
        value = middle if runs > 1 else whole
        found[name] = Estimate(
            value=np.asarray(value, dtype=np.float64),
            half=np.asarray(half, dtype=np.float64),
            runs=len(spread),
        )
    return found
