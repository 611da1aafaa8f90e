"""The search for the knee as a picture."""

from pathlib import Path
from typing import Any


def draw_knee(found: dict[str, Any], file: Path) -> None:
    """Median and 99th percentile over the load, with the limit; .png, .svg or .pdf."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # loaded when a picture is wanted

    steps = sorted(found["steps"], key=lambda step: step["amount"])
    amounts = [step["amount"] for step in steps]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for key, name in (("p50", "median"), ("p99", "99th percentile")):
        axes.plot(amounts, [step["order_ms"][key] for step in steps], "o-", label=name)
    axes.axhline(found["limit_ms"], color="0.4", linestyle="--", label="limit")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("alarms a second" if found["axis"] == "alarms" else "units at their rate")
    axes.set_ylabel("alarm due → first order at a device, ms")
    axes.legend()
    axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(file, dpi=150)
