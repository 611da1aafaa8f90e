"""The scenario file of a model world: what an outsider writes, checked field by field.

TOML or JSON; tables may stand in CSV files beside it. `docs/simulate.md` explains every key.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Box = tuple[float, float, float, float]
Pair = tuple[float, float]

MOST_CALLS = 20_000_000
MOST_UNITS = 20_000


class ScenarioError(ValueError):
    """What is wrong with a scenario, in words for the person who wrote it."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Any table of the file: a key that is not known is an error, not a silence."""


class Law(Part, frozen=True, kw_only=True):
    """A law of durations, in the scenario's unit of time."""

    law: Literal[
        "exponential", "deterministic", "lognormal", "gamma", "erlang", "uniform", "empirical"
    ] = "exponential"
    mean: Positive | None = None
    rate: Positive | None = None
    sd: Positive | None = None
    cv: Positive | None = None
    shape: Positive | None = None
    low: NotNegative | None = None
    high: Positive | None = None
    values: tuple[NotNegative, ...] = ()
    csv: str | None = None


class Run(Part, frozen=True, kw_only=True):
    """How long and how often: calls or a horizon, warm-up left out, replications, seed."""

    calls: Annotated[int, Meta(ge=1, le=MOST_CALLS)] | None = None
    horizon: Positive | None = None
    warmup_calls: Annotated[int, Meta(ge=0)] = 0
    warmup: NotNegative = 0.0
    runs: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    seed: Annotated[int, Meta(ge=0)] = 1
    confidence: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95
    instants: tuple[NotNegative, ...] = ()
    goals: tuple[Positive, ...] = ()
    drain: bool = True


class Unit(Part, frozen=True, kw_only=True):
    """One unit or, with `count`, several equal ones at one place."""

    id: str
    count: Annotated[int, Meta(ge=1, le=MOST_UNITS)] = 1
    home: str | None = None
    at: Pair | None = None
    stays: dict[str, Positive] = {}
    roams: Box | bool = False
    service: Law | None = None
    pace: Positive = 1.0
    speed: Positive | None = None
    speed_back: Positive | None = None
    area: tuple[str, ...] = ()


class Units(Part, frozen=True, kw_only=True):
    """So many equal units, or as many as are ever needed; or a table of them beside the file."""

    count: Annotated[int, Meta(ge=1, le=MOST_UNITS)] | Literal["unlimited"] | None = None
    roams: Box | bool = False
    at: Pair | None = None
    csv: str | None = None


class Atom(Part, frozen=True, kw_only=True):
    """One source of calls of a world of nodes; of several classes with a rate each."""

    id: str
    rate: NotNegative = 0.0
    rates: dict[str, NotNegative] = {}
    at: Pair | None = None
    preference: tuple[str, ...] = ()


class Region(Part, frozen=True, kw_only=True):
    """One source of calls of a plane: a box, evenly or by a density or by two beta laws."""

    id: str
    box: Box
    rate: NotNegative = 0.0
    rates: dict[str, NotNegative] = {}
    density: str | None = None
    beta_x: Pair | None = None
    beta_y: Pair | None = None
    preference: tuple[str, ...] = ()


class Demand(Part, frozen=True, kw_only=True):
    """Calls at large: total rate, daily course, or a recorded list."""

    rate: Positive | None = None
    step: Positive | None = None
    course: tuple[NotNegative, ...] = ()
    csv: str | None = None
    atoms_csv: str | None = None
    process: Literal["poisson", "even"] = "poisson"


class Kind(Part, frozen=True, kw_only=True):
    """One class of calls; the first in the file is the most urgent."""

    id: str
    share: Positive = 1.0
    service: Law | None = None
    send: Annotated[int, Meta(ge=1, le=16)] = 1
    units: tuple[str, ...] = ()


class Curve(Part, frozen=True, kw_only=True):
    """Travel time `sqrt` times the root of the distance up to `joint`, then a straight line."""

    sqrt: Positive
    joint: Positive
    slope: Positive
    offset: NotNegative


class Travel(Part, frozen=True, kw_only=True):
    """How travel times come about."""

    in_service: bool
    speed: Positive = 1.0
    speed_back: Positive | None = None
    matrix: tuple[tuple[NotNegative, ...], ...] = ()
    csv: str | None = None
    rows: Literal["units", "atoms"] = "units"
    curve: Curve | None = None
    noise_cv: NotNegative = 0.0
    turnout: Law | None = None


class Plane(Part, frozen=True, kw_only=True):
    """What a distance is. `lonlat` coordinates are turned into kilometres east and north."""

    box: Box | None = None
    metric: Literal["euclid", "manhattan", "east_west"] = "euclid"
    torus: bool = False
    coordinates: Literal["plain", "lonlat"] = "plain"
    path: Literal["x_first", "y_first"] = "y_first"


class Queue(Part, frozen=True, kw_only=True):
    """What happens to a call when nobody is idle."""

    kind: Literal["wait", "loss"] = "wait"
    places: Annotated[int, Meta(ge=0)] | None = None
    order: Literal["arrival", "class"] = "arrival"
    preempt: Literal["no", "resume"] = "no"
    take: Literal["first", "nearest"] = "first"


class Choose(Part, frozen=True, kw_only=True):
    """Who goes, where a unit is afterwards, and who wins a tie."""

    by: Literal["preference", "nearest", "random", "first", "longest_idle"] = "first"
    ties: Literal["first", "random"] = "first"
    after: Literal["home", "stay", "return", "return_busy"] = "home"


class Scenario(Part, frozen=True, kw_only=True):
    """A whole model world."""

    world: Literal["nodes", "plane"]
    run: Run
    name: str = ""
    source: str = ""
    time: str = ""
    demand: Demand = Demand()
    service: Law | None = None
    units: Units = Units()
    unit: tuple[Unit, ...] = ()
    atom: tuple[Atom, ...] = ()
    region: tuple[Region, ...] = ()
    kind: tuple[Kind, ...] = msgspec.field(default=(), name="class")
    travel: Travel | None = None
    plane: Plane = Plane()
    queue: Queue = Queue()
    choice: Choose = Choose()


def read_raw(file: Path) -> dict[str, object]:
    """The file as plain tables. Raises ScenarioError when it is neither TOML nor JSON."""
    try:
        text = file.read_text(encoding="utf-8")
        raw = msgspec.json.decode(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise ScenarioError(f"{file.name}: {error}") from error
    if not isinstance(raw, dict):
        raise ScenarioError(f"{file.name}: a scenario is a table of keys")
    return raw


def load_scenario(file: Path) -> Scenario:
    """Read and check a scenario file of a model world."""
    try:
        return msgspec.convert(read_raw(file), Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{file.name}: {error}") from error
