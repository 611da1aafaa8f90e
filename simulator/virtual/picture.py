"""A simulation at a glance: workloads, how many are busy, and waits or travel, in one picture."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.virtual.build import World
from simulator.virtual.measure import PERCENTILES
from simulator.virtual.summary import Estimate

mpl.use("Agg")
INK, LIGHT = "#1f4e79", "#9dc3e6"
MOST_BARS = 40


def draw(world: World, found: dict[str, Estimate], file: Path) -> None:
    """Write the picture; the suffix of the file decides the format."""
    figure = Figure(figsize=(11, 7.2), layout="constrained")
    axes = figure.subplots(2, 2)
    figure.suptitle(world.scenario.name or "simulation")
    workloads(axes[0, 0], found["workload"], world.unit_ids)
    crowd(axes[0, 1], found["busy_share"])
    times(axes[1, 0], found)
    if "busy_at" in found:
        transient(axes[1, 1], found["busy_at"], sorted(world.scenario.run.instants))
    else:
        dispatches(axes[1, 1], found["dispatch_share"], world)
    figure.savefig(file, dpi=110)


def workloads(ax: Axes, load: Estimate, names: list[str]) -> None:
    """Share of time busy by unit, with intervals."""
    shown = min(len(load.value), MOST_BARS)
    ax.bar(range(shown), load.value[:shown], color=LIGHT, edgecolor=INK)
    half = np.nan_to_num(load.half[:shown])
    ax.errorbar(range(shown), load.value[:shown], yerr=half, fmt="none", ecolor=INK, capsize=3)
    ax.set_xticks(range(shown), names[:shown], rotation=90 if shown > 12 else 0, fontsize=8)
    ax.set_title("workload by unit")
    ax.set_ylim(0, 1)


def crowd(ax: Axes, share: Estimate) -> None:
    """Share of time with so many busy."""
    last = int(np.flatnonzero(share.value > 1e-6).max()) + 1
    ax.bar(range(last), share.value[:last], color=LIGHT, edgecolor=INK)
    if last <= MOST_BARS:
        ax.set_xticks(range(last))
    ax.set_title("share of time by number busy")


def times(ax: Axes, found: dict[str, Estimate]) -> None:
    """Percentiles of wait, travel and response side by side."""
    names = [name for name in ("wait", "travel", "response") if f"{name}_percentiles" in found]
    for i, name in enumerate(names):
        one = found[f"{name}_percentiles"]
        at = np.arange(len(PERCENTILES)) + 0.25 * (i - (len(names) - 1) / 2)
        ax.bar(at, np.nan_to_num(one.value), width=0.22, label=name)
        ax.errorbar(
            at, np.nan_to_num(one.value), yerr=np.nan_to_num(one.half), fmt="none", ecolor="black"
        )
    ax.set_xticks(range(len(PERCENTILES)), [f"p{one}" for one in PERCENTILES])
    ax.set_title("times by percentile")
    ax.legend()


def transient(ax: Axes, seen: Estimate, instants: list[float]) -> None:
    """Number busy at the given instants."""
    ax.errorbar(instants, seen.value, yerr=np.nan_to_num(seen.half), color=INK, marker="o")
    ax.set_title("number busy in time")


def dispatches(ax: Axes, share: Estimate, world: World) -> None:
    """Which unit goes where, as shades."""
    ax.imshow(share.value, aspect="auto", cmap="Blues")
    units, atoms = share.value.shape
    if atoms <= MOST_BARS:
        names = [source.id for source in world.sources]
        ax.set_xticks(range(atoms), names, rotation=90 if atoms > 12 else 0, fontsize=8)
    if units <= MOST_BARS:
        ax.set_yticks(range(units), world.unit_ids, fontsize=8)
    ax.set_xlabel("atom")
    ax.set_ylabel("unit")
    ax.set_title("share of dispatches, unit by atom")
