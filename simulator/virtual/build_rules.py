"""Preference lists, areas and limits of a model world, and what cannot go together."""

import numpy as np

from geo.types import BoolArray, IntArray
from simulator.virtual.scenario import Atom, Kind, Region, Scenario, ScenarioError, Unit
from simulator.virtual.shapes import NOBODY, After, Choice, Rules, Town, Travel


def preferences(units: tuple[Unit, ...], sources: tuple[Atom | Region, ...]) -> IntArray:
    """(sources, ranks) numbers of units in the order they are asked, -1 where a list ends."""
    number = {unit.id: i for i, unit in enumerate(units)}
    ranks = max((len(source.preference) for source in sources), default=0)
    table = np.full((len(sources), max(1, ranks)), NOBODY, dtype=np.int64)
    for row, source in enumerate(sources):
        unknown = [name for name in source.preference if name not in number]
        if unknown:
            raise ScenarioError(f"{source.id}: preference names no unit {unknown[0]!r}")
        if len(set(source.preference)) != len(source.preference):
            raise ScenarioError(f"{source.id}: preference names a unit twice")
        table[row, : len(source.preference)] = [number[name] for name in source.preference]
    return table


def listed(preference: IntArray, units: int) -> BoolArray:
    """(units, sources) whether a unit is in the source's list at all."""
    may = np.zeros((units, len(preference)), dtype=np.bool_)
    for column, row in enumerate(preference):
        may[row[row >= 0], column] = True
    return may


def may_of(units: tuple[Unit, ...], kinds: tuple[Kind, ...]) -> BoolArray:
    """(units, classes) whether a unit takes calls of a class; a class without a list takes all."""
    known = {unit.id for unit in units}
    for kind in kinds:
        if not set(kind.units) <= known:
            raise ScenarioError(f"class {kind.id}: units names one that does not exist")
    return np.array([[not kind.units or unit.id in kind.units for kind in kinds] for unit in units])


def primaries(rules: Rules, town: Town) -> IntArray:
    """(sources,) the unit that is asked first when all are idle; -1 where that is not fixed."""
    none = np.full(town.may_atom.shape[1], NOBODY, dtype=np.int64)
    if rules.choice == Choice.PREFERENCE:
        return np.ascontiguousarray(town.preference[:, 0])
    if rules.choice != Choice.NEAREST or rules.roaming or town.stay_at.size:
        return none
    if rules.travel in {Travel.UNIT_ROWS, Travel.NODE_ROWS}:
        rows = np.arange(len(town.speed)) if rules.travel == Travel.UNIT_ROWS else town.home_node
        times = town.matrix[rows] / town.speed[:, None]
        return np.asarray(times.argmin(axis=0), dtype=np.int64)
    return none


def areas(units: tuple[Unit, ...], sources: tuple[Atom | Region, ...]) -> IntArray | None:
    """(sources,) the unit whose declared area a source is in; None when none is declared."""
    if not any(unit.area for unit in units):
        return None
    owner = {name: row for row, unit in enumerate(units) for name in unit.area}
    return np.array([owner.get(source.id, NOBODY) for source in sources], dtype=np.int64)


def check(scenario: Scenario, rules: Rules, town: Town, sources: tuple[Atom | Region, ...]) -> None:
    """Name what a scenario asks for that cannot be."""
    run = scenario.run
    unlisted = any(not source.preference for source in sources)
    nodes = scenario.world == "nodes"
    wrong = {
        "run.calls, run.horizon or demand.csv says how long to run": (
            run.calls is None and run.horizon is None and scenario.demand.csv is None
        ),
        "choice by preference: every atom or region needs its list": (
            rules.choice == Choice.PREFERENCE and unlisted
        ),
        "choice by nearest needs [travel]": (
            rules.choice == Choice.NEAREST and scenario.travel is None
        ),
        'queue.preempt needs queue.order = "class"': rules.preempt and not rules.by_class,
        "calls that send several units cannot interrupt": (
            rules.preempt and bool((town.send > 1).any())
        ),
        'choice.after = "return" needs a plane; nodes have "return_busy"': (
            rules.after == After.RETURN and nodes
        ),
        'choice.after = "return" does not go with a torus': (
            rules.after == After.RETURN and rules.torus
        ),
        'choice.after = "stay" needs travel.rows = "atoms"': (
            rules.after == After.STAY and rules.travel == Travel.UNIT_ROWS
        ),
        'unit.stays needs travel.rows = "atoms"': (
            bool(town.stay_at.size) and rules.travel == Travel.UNIT_ROWS
        ),
        "units roam a plane; in a world of nodes they have stays": rules.roaming and nodes,
    }
    for words, so in wrong.items():
        if so:
            raise ScenarioError(words)
    if not nodes:
        check_plane(scenario, rules)


def check_plane(scenario: Scenario, rules: Rules) -> None:
    """What a plane alone can get wrong."""
    if scenario.travel is None:
        raise ScenarioError("a plane needs [travel]")
    if scenario.travel.matrix or scenario.travel.csv:
        raise ScenarioError("a plane has distances, not a travel matrix")
    if rules.torus and scenario.plane.box is None:
        raise ScenarioError("a torus needs plane.box")
    for region in scenario.region:
        west, south, east, north = region.box
        if east <= west or north <= south:
            raise ScenarioError(f"region {region.id}: box is [west, south, east, north]")
        if region.density and (region.beta_x or region.beta_y):
            raise ScenarioError(f"region {region.id}: density or beta, not both")
