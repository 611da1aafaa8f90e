"""Laws of durations: parameters to a standard draw with a scale and a shift.

Laws of one shape share one draw for each call, so that two scenarios with the same seed differ
only by what they mean to compare (common random numbers).
"""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from geo.types import FloatArray
from simulator.virtual.scenario import Law, ScenarioError


class Draw(NamedTuple):
    """A standard law that is drawn once for each call: its name, shape, or list of values."""

    name: str
    shape: float = 0.0
    values: tuple[float, ...] = ()


class Scaled(NamedTuple):
    """A duration is `shift + scale * draw`."""

    draw: Draw
    scale: float
    shift: float
    mean: float


def scaled(law: Law, folder: Path) -> Scaled:
    """A law of the file as a standard draw. Raises ScenarioError when a parameter is missing."""
    if law.law == "uniform":
        low = law.low or 0.0
        if law.high is None or law.high <= low:
            raise ScenarioError("a uniform law needs low < high")
        return Scaled(Draw("uniform"), law.high - low, low, (low + law.high) / 2)
    if law.law == "empirical":
        values = law.values or _read_values(law, folder)
        return Scaled(Draw("empirical", 0.0, values), 1.0, 0.0, float(np.mean(values)))
    mean = law.mean if law.mean is not None else (1 / law.rate if law.rate else None)
    if mean is None:
        raise ScenarioError(f"a law {law.law!r} needs its mean (or rate)")
    if law.law in {"exponential", "deterministic"}:
        return Scaled(Draw("one" if law.law == "deterministic" else "exponential"), mean, 0.0, mean)
    return _shaped(law, mean)


def _shaped(law: Law, mean: float) -> Scaled:
    """A law of two parameters."""
    if law.shape is not None and law.law != "lognormal":
        return Scaled(Draw("gamma", law.shape), mean / law.shape, 0.0, mean)
    cv = law.cv if law.cv is not None else (law.sd / mean if law.sd else None)
    if cv is None:
        raise ScenarioError(f"a law {law.law!r} needs its sd or cv (gamma, erlang: or shape)")
    if law.law == "lognormal":
        sigma = math.sqrt(math.log1p(cv * cv))
        return Scaled(Draw("lognormal", sigma), mean * math.exp(-sigma * sigma / 2), 0.0, mean)
    shape = 1 / (cv * cv)
    return Scaled(Draw("gamma", shape), mean / shape, 0.0, mean)


def _read_values(law: Law, folder: Path) -> tuple[float, ...]:
    if law.csv is None:
        raise ScenarioError("an empirical law needs values or csv")
    try:
        with (folder / law.csv).open(encoding="utf-8", newline="") as lines:
            values = tuple(float(row[0]) for row in csv.reader(lines) if row)
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{law.csv}: one number a line is wanted ({error})") from error
    if not values:
        raise ScenarioError(f"{law.csv}: no values")
    return values


def sample(draw: Draw, rng: np.random.Generator, size: int) -> FloatArray:
    """Standard draws of one law."""
    match draw.name:
        case "exponential":
            return rng.standard_exponential(size)
        case "one":
            return np.ones(size)
        case "uniform":
            return rng.random(size)
        case "gamma":
            return rng.standard_gamma(draw.shape, size)
        case "lognormal":
            return np.exp(draw.shape * rng.standard_normal(size))
        case _:
            return rng.choice(np.array(draw.values), size)
