"""From a scenario to the columns of the event core, with every contradiction named."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from geo.types import FloatArray, IntArray
from simulator.virtual.build_places import (
    curve_of,
    home_nodes,
    homes,
    matrix_of,
    middle_of,
    need_box,
    roam_of,
    speeds,
    stays_of,
)
from simulator.virtual.build_rules import areas, check, listed, may_of, preferences, primaries
from simulator.virtual.laws import Draw, Scaled, scaled
from simulator.virtual.scenario import (
    Atom,
    Kind,
    Law,
    Region,
    Scenario,
    ScenarioError,
    Unit,
)
from simulator.virtual.shapes import After, Choice, Metric, Rules, Town, Travel
from simulator.virtual.tables_beside import read_atoms, read_units

UNLIMITED_SPREAD = 12.0
"""Standard deviations above the mean number busy that "unlimited" provides for."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A scenario ready to run: columns, names, and where its calls come from."""

    scenario: Scenario
    rules: Rules
    town: Town
    units: tuple[Unit, ...]
    sources: tuple[Atom | Region, ...]
    kinds: tuple[Kind, ...]
    rates: FloatArray
    draws: tuple[Draw, ...]
    turnout: Scaled | None
    primary: IntArray
    area: IntArray | None
    folder: Path
    middle: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def unit_ids(self) -> list[str]:
        """Names of the units in the order of the columns."""
        return [unit.id for unit in self.units]


def build(scenario: Scenario, folder: Path) -> World:
    """Compile a scenario; `folder` is where its CSV files are. Raises ScenarioError."""
    kinds = scenario.kind or (Kind(id="all"),)
    sources = list_sources(scenario, folder)
    middle = middle_of(scenario, sources)
    rates = rates_of(scenario, sources, kinds)
    laws, law_of, units = list_laws(scenario, kinds, float(rates.sum()), folder)
    draws = tuple(dict.fromkeys(law.draw for law in laws))
    turnout = None
    if scenario.travel is not None and scenario.travel.turnout is not None:
        turnout = scaled(scenario.travel.turnout, folder)
    rules = rules_of(scenario, units)
    home_xy = homes(scenario, units, sources, middle)
    town = Town(
        matrix=matrix_of(scenario, units, sources, middle, folder),
        home_node=home_nodes(units, sources),
        home_xy=home_xy,
        roam=roam_of(scenario, units),
        stay_at=stays_of(units, sources),
        box=np.array(scenario.plane.box or (0.0, 0.0, 1.0, 1.0)),
        preference=preferences(units, sources),
        may_atom=np.ones((len(units), len(sources)), dtype=np.bool_),
        may_class=may_of(units, kinds),
        send=np.array([kind.send for kind in kinds], dtype=np.int64),
        law_of=law_of,
        law_draw=np.array([draws.index(law.draw) for law in laws], dtype=np.int64),
        law_scale=np.array([law.scale for law in laws]),
        law_shift=np.array([law.shift for law in laws]),
        pace=np.array([unit.pace for unit in units]),
        speed=speeds(scenario, units, back=False),
        back_speed=speeds(scenario, units, back=True),
        curve=curve_of(scenario),
    )
    if rules.choice == Choice.PREFERENCE:
        town = town._replace(may_atom=listed(town.preference, len(units)))
    check(scenario, rules, town, sources)
    return World(
        scenario=scenario, rules=rules, town=town, units=units, sources=sources, kinds=kinds,
        rates=rates, draws=draws, turnout=turnout, primary=primaries(rules, town),
        area=areas(units, sources), folder=folder, middle=middle,
    )  # fmt: skip


def list_sources(scenario: Scenario, folder: Path) -> tuple[Atom | Region, ...]:
    """Atoms or regions; a plane without regions is one, its box."""
    sources: tuple[Atom | Region, ...] = scenario.atom
    if scenario.demand.atoms_csv:
        sources = (*sources, *read_atoms(folder, scenario.demand.atoms_csv))
    if scenario.world == "plane":
        if sources:
            raise ScenarioError("a plane has regions, not atoms")
        sources = scenario.region or (Region(id="all", box=need_box(scenario), rate=1.0),)
        if not scenario.region and scenario.demand.rate is None and scenario.demand.csv is None:
            raise ScenarioError("demand.rate or [[region]] says how many calls there are")
    elif scenario.region:
        raise ScenarioError("regions belong to a plane; a world of nodes has atoms")
    if not sources:
        rate = scenario.demand.rate
        if rate is None:
            raise ScenarioError("where do calls come from? [[atom]], demand.rate or atoms_csv")
        sources = (Atom(id="all", rate=rate),)
    names = [source.id for source in sources]
    if len(set(names)) != len(names):
        raise ScenarioError("two atoms or regions have the same id")
    return sources


def rates_of(
    scenario: Scenario, sources: tuple[Atom | Region, ...], kinds: tuple[Kind, ...]
) -> FloatArray:
    """(sources, classes) calls per unit of time."""
    shares = np.array([kind.share for kind in kinds])
    shares /= shares.sum()
    rates = np.zeros((len(sources), len(kinds)))
    for row, source in enumerate(sources):
        rates[row] = source.rate * shares
        for name, rate in source.rates.items():
            places = [i for i, kind in enumerate(kinds) if kind.id == name]
            if not places:
                raise ScenarioError(f"{source.id}: no class {name!r}")
            rates[row, places[0]] += rate
    if scenario.demand.csv is None and rates.sum() <= 0:
        raise ScenarioError("all rates are 0")
    if scenario.demand.rate is not None and rates.sum() > 0:
        rates *= scenario.demand.rate / rates.sum()
    return rates


def list_laws(
    scenario: Scenario, kinds: tuple[Kind, ...], rate: float, folder: Path
) -> tuple[list[Scaled], IntArray, tuple[Unit, ...]]:
    """The service laws, which of them holds for each unit and class, and the units by name."""
    units = list_units(scenario, kinds, rate, folder)
    per_unit = any(unit.service is not None for unit in units)
    if per_unit and any(kind.service is not None for kind in kinds):
        raise ScenarioError("service by unit or by class, not both; unit.pace scales a class's law")
    wanted: list[Law] = []
    law_of = np.zeros((len(units), len(kinds)), dtype=np.int64)
    for row, unit in enumerate(units):
        for column, kind in enumerate(kinds):
            law = unit.service or kind.service or scenario.service
            if law is None:
                raise ScenarioError("[service] says how long a call takes")
            if law not in wanted:
                wanted.append(law)
            law_of[row, column] = wanted.index(law)
    return [scaled(law, folder) for law in wanted], law_of, units


def list_units(
    scenario: Scenario, kinds: tuple[Kind, ...], rate: float, folder: Path
) -> tuple[Unit, ...]:
    """All units, one by one; `count` makes U-1, U-2, ..."""
    several = scenario.unit
    if scenario.units.csv:
        several = (*several, *read_units(folder, scenario.units.csv))
    count = scenario.units.count
    if count == "unlimited":
        laws = [kind.service or scenario.service for kind in kinds]
        mean = max(scaled(law, folder).mean for law in laws if law is not None)
        load = rate * mean * max(kind.send for kind in kinds)
        count = int(load + UNLIMITED_SPREAD * np.sqrt(load)) + 20
    units = [
        Unit(id=str(i + 1), roams=scenario.units.roams, at=scenario.units.at)
        for i in range(count or 0)
    ]
    for unit in several:
        units += [
            unit if unit.count == 1 else replace_id(unit, f"{unit.id}-{i + 1}")
            for i in range(unit.count)
        ]
    if not units:
        raise ScenarioError("units.count, units.csv or [[unit]] says who there is")
    if len({unit.id for unit in units}) != len(units):
        raise ScenarioError("two units have the same id")
    return tuple(units)


def replace_id(unit: Unit, name: str) -> Unit:
    """One of several equal units."""
    return replace(unit, id=name, count=1)


def rules_of(scenario: Scenario, units: tuple[Unit, ...]) -> Rules:
    """The switches."""
    travel = scenario.travel
    kind = Travel.NONE
    if travel is not None:
        kind = Travel.PLANE if scenario.world == "plane" else Travel.NODE_ROWS
        if kind == Travel.NODE_ROWS and (travel.matrix or travel.csv) and travel.rows == "units":
            kind = Travel.UNIT_ROWS
    queue = scenario.queue
    places = -1 if queue.places is None else queue.places
    return Rules(
        choice=Choice[scenario.choice.by.upper()],
        ties_random=scenario.choice.ties == "random",
        places=0 if queue.kind == "loss" else places,
        by_class=queue.order == "class",
        preempt=queue.preempt == "resume",
        take_nearest=queue.take == "nearest",
        after=After[scenario.choice.after.upper()],
        travel=kind,
        metric=Metric[scenario.plane.metric.upper()],
        torus=scenario.plane.torus,
        x_first=scenario.plane.path == "x_first",
        in_service=travel.in_service if travel is not None else True,
        roaming=any(unit.roams for unit in units),
    )
