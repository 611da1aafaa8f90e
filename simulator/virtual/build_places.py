"""Where units are and what is between them: coordinates, homes, roaming, travel matrices."""

from math import cos, radians
from pathlib import Path

import numpy as np

from geo.types import FloatArray, IntArray
from simulator.virtual.scenario import Atom, Region, Scenario, ScenarioError, Unit
from simulator.virtual.shapes import Metric
from simulator.virtual.tables_beside import read_matrix

KM_PER_DEGREE = 111.195
"""On the sphere of mean radius 6 371 km."""


def need_box(scenario: Scenario) -> tuple[float, float, float, float]:
    """The plane's box, which this scenario cannot do without."""
    box = scenario.plane.box
    if box is None or box[2] <= box[0] or box[3] <= box[1]:
        raise ScenarioError("plane.box = [west, south, east, north] is wanted")
    return box


def to_plane(
    scenario: Scenario, at: tuple[float, float], middle: tuple[float, float]
) -> tuple[float, float]:
    """Coordinates as written, or kilometres east and north of the middle for lon and lat."""
    if scenario.plane.coordinates == "plain":
        return at
    east = (at[0] - middle[0]) * cos(radians(middle[1])) * KM_PER_DEGREE
    return east, (at[1] - middle[1]) * KM_PER_DEGREE


def middle_of(scenario: Scenario, sources: tuple[Atom | Region, ...]) -> tuple[float, float]:
    """Where kilometres are counted from, for lon and lat."""
    if scenario.plane.coordinates == "plain":
        return 0.0, 0.0
    if scenario.world == "plane":
        raise ScenarioError("lon and lat stand for atoms and units; a plane has plain coordinates")
    places = [source.at for source in sources if isinstance(source, Atom) and source.at]
    if len(places) != len(sources):
        raise ScenarioError("every atom needs its lon and lat")
    lon, lat = np.mean(np.array(places), axis=0).tolist()
    return lon, lat


def homes(
    scenario: Scenario,
    units: tuple[Unit, ...],
    sources: tuple[Atom | Region, ...],
    middle: tuple[float, float],
) -> FloatArray:
    """(units, 2) where each unit stands when idle; the atom's place when its home is one."""
    at = {source.id: source.at for source in sources if isinstance(source, Atom)}
    found = []
    for unit in units:
        place = unit.at or (at.get(unit.home) if unit.home else None)
        found.append(to_plane(scenario, place, middle) if place else (0.0, 0.0))
    return np.array(found)


def home_nodes(units: tuple[Unit, ...], sources: tuple[Atom | Region, ...]) -> IntArray:
    """(units,) number of the home atom; the unit's own number where it has none."""
    number = {source.id: i for i, source in enumerate(sources)}
    found = np.zeros(len(units), dtype=np.int64)
    for row, unit in enumerate(units):
        if unit.home is not None and unit.home not in number:
            raise ScenarioError(f"unit {unit.id}: no atom {unit.home!r} to be at home in")
        found[row] = number[unit.home] if unit.home is not None else min(row, len(number) - 1)
    return found


def roam_of(scenario: Scenario, units: tuple[Unit, ...]) -> FloatArray:
    """(units, 4) the boxes that units roam; no box for those who stand."""
    boxes = np.zeros((len(units), 4))
    for row, unit in enumerate(units):
        if unit.roams is True:
            boxes[row] = need_box(scenario)
        elif unit.roams:
            boxes[row] = unit.roams
    return boxes


def stays_of(units: tuple[Unit, ...], sources: tuple[Atom | Region, ...]) -> FloatArray:
    """(units, atoms) cumulated shares of idle time by atom; no rows when nobody roams atoms."""
    if not any(unit.stays for unit in units):
        return np.zeros((0, 0))
    number = {source.id: i for i, source in enumerate(sources)}
    shares = np.zeros((len(units), len(sources)))
    for row, unit in enumerate(units):
        stays = unit.stays or ({unit.home: 1.0} if unit.home else {})
        if not stays or not set(stays) <= set(number):
            raise ScenarioError(f"unit {unit.id}: stays or home must name atoms")
        for name, share in stays.items():
            shares[row, number[name]] = share
    cumulated: FloatArray = np.cumsum(shares, axis=1)
    return np.asarray(cumulated / cumulated[:, -1:], dtype=np.float64)


def speeds(scenario: Scenario, units: tuple[Unit, ...], *, back: bool) -> FloatArray:
    """(units,) distance per unit of time, to a call or back from it."""
    travel = scenario.travel
    if travel is None:
        return np.ones(len(units))
    out = [unit.speed or travel.speed for unit in units]
    if not back:
        return np.array(out)
    return np.array(
        [unit.speed_back or travel.speed_back or out[i] for i, unit in enumerate(units)]
    )


def curve_of(scenario: Scenario) -> FloatArray:
    """The four numbers of a travel-time curve; zeros for a constant speed."""
    curve = scenario.travel.curve if scenario.travel is not None else None
    if curve is None:
        return np.zeros(4)
    return np.array([curve.sqrt, curve.joint, curve.slope, curve.offset])


def matrix_of(
    scenario: Scenario,
    units: tuple[Unit, ...],
    sources: tuple[Atom | Region, ...],
    middle: tuple[float, float],
    folder: Path,
) -> FloatArray:
    """Travel by rows of units or atoms, as written or from the atoms' coordinates."""
    travel = scenario.travel
    if travel is None or scenario.world == "plane":
        return np.zeros((0, 0))
    rows = len(units) if travel.rows == "units" else len(sources)
    shape = (rows, len(sources))
    if travel.csv is not None:
        return read_matrix(folder, travel.csv, shape)
    if travel.matrix:
        if {len(row) for row in travel.matrix} != {shape[1]} or len(travel.matrix) != rows:
            raise ScenarioError(f"travel.matrix must be {shape} (rows, columns)")
        return np.array(travel.matrix)
    return distances(scenario, units, sources, middle)


def distances(
    scenario: Scenario,
    units: tuple[Unit, ...],
    sources: tuple[Atom | Region, ...],
    middle: tuple[float, float],
) -> FloatArray:
    """Distances (or curve times) from places: of units when `at` stands there, else of atoms."""
    places = [source.at for source in sources if isinstance(source, Atom)]
    if any(place is None for place in places):
        raise ScenarioError("travel needs a matrix, a csv, or a place `at` for every atom")
    to = np.array([to_plane(scenario, place, middle) for place in places if place])
    assert scenario.travel is not None, "asked for by a scenario that travels"
    start = homes(scenario, units, sources, middle) if scenario.travel.rows == "units" else to
    if scenario.travel.rows == "units" and any(not (u.at or u.home) for u in units):
        raise ScenarioError("every unit needs `at` or `home` to travel from")
    east, north = np.abs(np.moveaxis(to[None, :, :] - start[:, None, :], 2, 0))
    metric = Metric[scenario.plane.metric.upper()]
    if metric == Metric.MANHATTAN:
        far = east + north
    else:
        far = np.hypot(east, north) if metric == Metric.EUCLID else east
    curve = scenario.travel.curve
    if curve is None:
        return np.asarray(far, dtype=np.float64)
    rooted = curve.sqrt * np.sqrt(far)
    straight = curve.offset + curve.slope * far
    return np.asarray(np.where(far <= curve.joint, rooted, straight), dtype=np.float64)
