"""The scenario file of a district's days: what comes in, how crews behave, which policies."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulator.virtual.scenario import Law, NotNegative, Part, Positive, ScenarioError, read_raw

Share = Annotated[float, Meta(ge=0, le=1)]


class DayRun(Part, frozen=True, kw_only=True):
    """How many hours, how often, from which seed; `warmup_h` at the start is not measured."""

    hours: Annotated[float, Meta(gt=0, le=24 * 31)] = 24.0
    warmup_h: NotNegative = 1.0
    runs: Annotated[int, Meta(ge=1, le=100_000)] = 1
    seed: Annotated[int, Meta(ge=0)] = 1
    confidence: Annotated[float, Meta(gt=0.5, lt=1)] = 0.95
    start_hour: Annotated[int, Meta(ge=0, le=23)] = 0


class DayCalls(Part, frozen=True, kw_only=True):
    """What comes in. Shares of `types` are of all calls; `posts` of them are pressed at posts.

    Of the rest, `near_posts` happen within `spread_m` of a post, the others anywhere on a street.
    """

    per_day: Positive = 600.0
    by_hour: tuple[NotNegative, ...] = ()
    types: dict[str, Positive] = msgspec.field(default_factory=dict)
    posts: Share = 0.15
    post_types: dict[str, Positive] = msgspec.field(default_factory=dict)
    near_posts: Share = 0.5
    spread_m: Positive = 250.0
    csv: str | None = None


class Crews(Part, frozen=True, kw_only=True):
    """How responders behave; times in seconds."""

    accept: Law = Law(law="lognormal", mean=6.0, cv=0.6)
    turnout: Law = Law(law="lognormal", mean=15.0, cv=0.5)
    scene: Law = Law(law="lognormal", mean=1_200.0, cv=0.8)
    scene_by_type: dict[str, Law] = msgspec.field(default_factory=dict)
    hold: Law = Law(law="lognormal", mean=600.0, cv=0.6)
    travel_cv: NotNegative = 0.15
    refuse: Share = 0.01
    silent: Share = 0.01
    group_help: Share = 0.5
    group_reach_m: Positive = 500.0
    walk_mps: Positive = 1.4
    fix_every_s: Positive = 15.0


class Patrols(Part, frozen=True, kw_only=True):
    """Where free units are: `stops` of their beat in random order, so many minutes at each."""

    stops: Annotated[int, Meta(ge=1, le=60)] = 6
    stop_min: tuple[Positive, Positive] = (10.0, 16.0)
    back_to_base: bool = False


class Shift(Part, frozen=True, kw_only=True):
    """From an hour of the day on, this share of the units is on duty."""

    hour: Annotated[int, Meta(ge=0, le=23)]
    on_duty: Share


class Policy(Part, frozen=True, kw_only=True):
    """One way to dispatch: who counts as near, and who is called beside the units."""

    name: str
    near: Literal["road", "air"] = "road"
    posts: bool = True
    groups: bool = True
    divert: bool = True
    automatic: bool = False
    """Whether a nearer unit under way to a lesser incident is taken at once; else only advised."""
    joint: bool = True
    """Whether several waiting incidents are served together, or first come first served."""
    queue: Literal["urgency", "arrival"] = "urgency"
    """Who of the waiting is next: the most urgent, or whoever called first, whatever it is."""
    circles: bool = False
    cover_s: Annotated[float, Meta(ge=0, le=600)] = 0.0
    """Seconds that a unit may be passed over for so that its beat is not left bare."""


class Days(Part, frozen=True, kw_only=True):
    """Days of a district under one or several policies."""

    world: Literal["district"]
    district: str
    run: DayRun = DayRun()
    name: str = ""
    source: str = ""
    calls: DayCalls = DayCalls()
    crews: Crews = Crews()
    patrol: Patrols = Patrols()
    shift: tuple[Shift, ...] = ()
    policy: tuple[Policy, ...] = (Policy(name="nearest by road"),)


def load_days(file: Path) -> Days:
    """Read and check a scenario file of a district. Raises ScenarioError."""
    try:
        days = msgspec.convert(read_raw(file), Days)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{file.name}: {error}") from error
    if days.calls.by_hour and len(days.calls.by_hour) != 24:
        raise ScenarioError(f"{file.name}: calls.by_hour has 24 entries, one an hour")
    if len({policy.name for policy in days.policy}) != len(days.policy):
        raise ScenarioError(f"{file.name}: two policies have the same name")
    if days.patrol.stop_min[0] > days.patrol.stop_min[1]:
        raise ScenarioError(f"{file.name}: patrol.stop_min is [least, most]")
    return days


def world_of(file: Path) -> str:
    """Which world a scenario file is about."""
    return str(read_raw(file).get("world", ""))
