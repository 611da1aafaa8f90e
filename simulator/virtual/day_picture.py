"""How soon somebody is there under each policy, as curves."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from simulator.virtual.days import Days
from simulator.virtual.policies import Lived, first_help

mpl.use("Agg")


def draw_days(days: Days, lived: Sequence[Lived], file: Path) -> None:
    """How soon a unit, and how soon anyone, is there: a curve for each policy."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    figure.suptitle(days.name or days.district)
    start_s = days.run.warmup_h * 3_600
    for place, policy in enumerate(days.policy):
        seen = [row for one in lived if one.policy == place for row in one.seen]
        seen = [row for row in seen if row.raised_s >= start_s]
        for axes, values in (
            (left, [row.unit_s - row.raised_s for row in seen]),
            (right, [first_help(row) - row.raised_s for row in seen]),
        ):
            ordered = np.sort(np.array(values))
            share = np.arange(1, len(ordered) + 1) / max(1, len(ordered))
            axes.step(ordered / 60, share, label=policy.name)
    for axes, title in ((left, "first unit on scene"), (right, "first of anyone on scene")):
        axes.set_title(title)
        axes.set_xlabel("minutes after the alarm")
        axes.set_xlim(0, 10)
        axes.grid(alpha=0.3)
        for goal in (1, 3, 5):
            axes.axvline(goal, color="grey", linewidth=0.6)
    left.set_ylabel("share of incidents")
    right.legend(fontsize=8, loc="lower right")
    figure.savefig(file, dpi=110)
