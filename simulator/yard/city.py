"""A city's fire days: travel, turn-out and work calibrated on some days, tried on others.

`python -m simulator.yard.city tests/data/sf OUT` reads the engines' dispatches, fits the model on
13-17 January 2018, writes a scenario file with the calls of 18-20 January and runs it, and draws
what came out beside what happened.
"""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from math import cos, log, radians, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from scipy import optimize, stats

from geo.types import FloatArray
from simulator.virtual.build import build
from simulator.virtual.calls import read_recorded
from simulator.virtual.run import run_once
from simulator.virtual.scenario import load_scenario

MIDDLE = (-122.44, 37.76)
KM_PER_DEGREE = 111.195
DAY_MIN = 1_440.0
LAST_OF_CALIBRATION = 17
LEAST_MIN = 0.1
MOST_SENT = 4
QUANTILES = np.linspace(0.005, 0.995, 200)


class Sent(NamedTuple):
    """One engine sent to one call: minutes since the first midnight, kilometres from the middle."""

    call: str
    unit: str
    day: int
    dispatched: float
    turnout: float
    travel: float
    work: float
    x: float
    y: float


class Fit(NamedTuple):
    """What was learnt: the travel curve, its scatter, and the turn-outs and works themselves."""

    sqrt: float
    joint: float
    slope: float
    offset: float
    cv: float
    turnouts: list[float]
    works: list[float]


def to_km(lon: float, lat: float) -> tuple[float, float]:
    """Kilometres east and north of the middle of the city."""
    east = (lon - MIDDLE[0]) * cos(radians(MIDDLE[1])) * KM_PER_DEGREE
    return east, (lat - MIDDLE[1]) * KM_PER_DEGREE


def read_stations(folder: Path) -> dict[str, tuple[float, float]]:
    """Engine to the place of its station, in kilometres."""
    with (folder.parent / "sf_fire_stations.csv").open(encoding="utf-8", newline="") as lines:
        return {
            f"E{int(row['station']):02}": to_km(float(row["lon"]), float(row["lat"]))
            for row in csv.DictReader(lines)
        }


def read_sent(folder: Path) -> list[Sent]:
    """All engines sent; what a row does not say is NaN."""
    start = datetime(2018, 1, 13)  # noqa: DTZ001  # local times, as recorded
    found = []

    def minutes(text: str) -> float:
        if not text:
            return float("nan")
        return (datetime.fromisoformat(text) - start).total_seconds() / 60

    path = folder / "fire_engines_20180113_0120.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            dispatched, left = minutes(row["dispatched"]), minutes(row["left"])
            there, free = minutes(row["on_scene"]), minutes(row["available"])
            x, y = to_km(float(row["lon"]), float(row["lat"]))
            day = 13 + int(minutes(row["received"]) // DAY_MIN)
            found.append(
                Sent(
                    row["call"], row["unit"], day, dispatched, left - dispatched, there - left,
                    free - there, x, y,
                )
            )  # fmt: skip
    return sorted(found, key=lambda sent: (sent.dispatched, sent.unit))


def fit(sent: Sequence[Sent], stations: dict[str, tuple[float, float]]) -> Fit:
    """The curve of least squared log error from the engine's own station, and its scatter."""
    rows = [
        one for one in sent if one.unit in stations and one.travel > LEAST_MIN and one.travel < 60
    ]
    far = np.array([abs(o.x - stations[o.unit][0]) + abs(o.y - stations[o.unit][1]) for o in rows])
    far = np.maximum(far, 0.05)
    took = np.log(np.array([one.travel for one in rows]))

    def curve(parameters: FloatArray) -> FloatArray:
        root, joint = np.exp(parameters)
        straight = root * sqrt(joint) / 2 + root / (2 * sqrt(joint)) * far
        return np.asarray(np.log(np.where(far <= joint, root * np.sqrt(far), straight)))

    found = optimize.minimize(
        lambda p: float(np.abs(took - curve(p)).sum()), [log(2.0), log(1.0)], method="Nelder-Mead"
    )
    root, joint = np.exp(found.x).tolist()
    scatter = took - curve(found.x)
    sigma = float(1.2533 * np.abs(scatter - np.median(scatter)).mean())
    mean = float(np.exp(np.median(scatter) + sigma * sigma / 2))
    return Fit(
        sqrt=mean * root,
        joint=joint,
        slope=mean * root / (2 * sqrt(joint)),
        offset=mean * root * sqrt(joint) / 2,
        cv=sqrt(np.expm1(sigma * sigma)),
        turnouts=[round(o.turnout, 3) for o in sent if 0 <= o.turnout < 20],
        works=[round(max(o.work, LEAST_MIN), 2) for o in sent if o.work >= 0],
    )


def write_scenario(
    found: Fit, sent: Sequence[Sent], stations: dict[str, tuple[float, float]], folder: Path
) -> Path:
    """The calls of some days as a scenario that `street110 simulate` runs."""
    calls: dict[str, list[Sent]] = {}
    for one in sent:
        calls.setdefault(one.call, []).append(one)
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("time", "x", "y", "class"))
        for group in calls.values():
            engines = min(len(group), MOST_SENT)
            first = group[0]
            row = (first.dispatched, first.x, first.y)
            table.writerow((*(f"{value:.4f}" for value in row), f"engines-{engines}"))
    scenario = {
        "name": "San Francisco: engines of the fire department",
        "source": "DataSF nuek-vuh3, 13-20 January 2018",
        "world": "plane",
        "time": "minutes; distances in kilometres",
        "run": {"runs": 20, "seed": 18, "warmup": min(o.dispatched for o in sent)},
        "plane": {"metric": "manhattan", "box": [-15, -15, 15, 15]},
        "demand": {"csv": "calls.csv"},
        "region": [{"id": "all", "box": [-15, -15, 15, 15]}],
        "unit": [{"id": unit, "at": at} for unit, at in sorted(stations.items())],
        "choice": {"by": "nearest"},
        "class": [{"id": f"engines-{n}", "send": n} for n in range(1, MOST_SENT + 1)],
        "service": {"law": "empirical", "values": found.works},
        "travel": {
            "in_service": False,
            "noise_cv": found.cv,
            "turnout": {"law": "empirical", "values": found.turnouts},
            "curve": {
                "sqrt": found.sqrt,
                "joint": found.joint,
                "slope": found.slope,
                "offset": found.offset,
            },
        },
    }
    target = folder / "san-francisco.json"
    target.write_text(json.dumps(scenario, indent=1) + "\n", encoding="utf-8")
    return target


def real_responses(sent: Sequence[Sent]) -> FloatArray:
    """Minutes from dispatch to the first engine on scene, of calls that an engine reached."""
    first: dict[str, float] = {}
    start: dict[str, float] = {}
    for one in sent:
        start.setdefault(one.call, one.dispatched)
        there = one.dispatched + one.turnout + one.travel
        if one.travel >= 0 and one.turnout >= 0:
            first[one.call] = min(first.get(one.call, there), there)
    return np.array(sorted(first[call] - start[call] for call in first))


def simulated_responses(scenario: Path, runs: int = 20) -> FloatArray:
    """The same of the model, over all runs."""
    world = build(load_scenario(scenario), scenario.parent)
    recorded = read_recorded(world)
    found = []
    for run in range(runs):
        done = run_once(world, run, recorded)
        went = done.log.unit >= 0
        wait = (done.log.begun - done.calls.at)[went]
        found.append(wait + done.calls.turnout[went] + np.nanmin(done.log.travel[went], axis=1))
    return np.sort(np.concatenate(found))


def calibrate(
    found: Fit, learn: Sequence[Sent], stations: dict[str, tuple[float, float]], out: Path
) -> Fit:
    """Stretch the travel so that the model's mean response on the same days is the real one.

    The engine that went was not always the nearest idle one of its own station; the curve alone
    does not know that.
    """
    real = float(real_responses(learn).mean())
    for _ in range(2):
        model = float(simulated_responses(write_scenario(found, learn, stations, out)).mean())
        ready = float(np.mean(found.turnouts))
        stretch = (real - ready) / (model - ready)
        found = found._replace(
            sqrt=found.sqrt * stretch, slope=found.slope * stretch, offset=found.offset * stretch
        )
    return found


def try_city(folder: Path, out: Path) -> dict[str, float]:
    """Calibrate, test, and say how far the two distributions of the test days are apart."""
    stations, sent = read_stations(folder), read_sent(folder)
    learn = [one for one in sent if one.day <= LAST_OF_CALIBRATION]
    test = [one for one in sent if one.day > LAST_OF_CALIBRATION]
    learnt = calibrate(fit(learn, stations), learn, stations, out)
    scenario = write_scenario(learnt, test, stations, out)
    real, model = real_responses(test), simulated_responses(scenario)
    draw(real, model, out / "sim_sf_fire.png")
    found = {"calls": float(len(real)), "ks": float(stats.ks_2samp(real, model).statistic)}
    for q in (10, 50, 90):
        found[f"real_p{q}"] = float(np.percentile(real, q))
        found[f"model_p{q}"] = float(np.percentile(model, q))
    found["real_mean"], found["model_mean"] = float(real.mean()), float(model.mean())
    return found


def draw(real: FloatArray, model: FloatArray, file: Path) -> None:
    """Both distributions, and quantile against quantile."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for values, label in ((real, "San Francisco, 18-20 January 2018"), (model, "simulated")):
        left.step(values, np.arange(1, len(values) + 1) / len(values), label=label)
    left.set_xlim(0, 15)
    left.set_xlabel("minutes from dispatch to the first engine on scene")
    left.set_ylabel("share of calls")
    left.legend()
    right.plot(np.quantile(real, QUANTILES), np.quantile(model, QUANTILES), ".")
    right.plot([0, 15], [0, 15], color="grey", linewidth=0.7)
    right.set_xlim(0, 15)
    right.set_ylim(0, 15)
    right.set_xlabel("real quantile, minutes")
    right.set_ylabel("simulated quantile, minutes")
    figure.suptitle("Calibrated on 13-17 January, tried on 18-20 January")
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, value in try_city(Path(sys.argv[1]), target).items():
        sys.stdout.write(f"{name:12} {value:.3f}\n")
