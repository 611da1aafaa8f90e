"""A square grid of streets as a road graph, one-way in turn or two-way, and what one-way costs."""

import csv
from pathlib import Path

import numpy as np

from geo.gmns import import_tables
from geo.roads import Roads
from geo.types import FloatArray, Point, Profile

STEP_DEG = 0.001
"""A block along the equator, in degrees of longitude."""
NARROW = 111_319.49 / 110_574.28
"""Degrees of latitude for a degree of longitude of the same length there, on the ellipsoid."""
KMH = 36
FAR_S = 36_000.0


def write_grid(folder: Path, size: int, *, one_way: bool) -> Roads:
    """A grid of `size` by `size` crossings; one-way streets run to and fro by turns."""
    nodes, links = folder / "nodes.csv", folder / "links.csv"
    with nodes.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("node_id", "x_coord", "y_coord"))
        for row in range(size):
            table.writerows(
                (f"{row}-{i}", i * STEP_DEG, row * STEP_DEG * NARROW) for i in range(size)
            )
    with links.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("from_node_id", "to_node_id", "directed", "facility_type", "free_speed"))
        for street in range(size):
            for i in range(size - 1):
                east = (f"{street}-{i}", f"{street}-{i + 1}")
                north = (f"{i}-{street}", f"{i + 1}-{street}")
                for ends in (east, north):
                    turned = ends[::-1] if street % 2 else ends
                    table.writerow((*turned, int(one_way), "residential", KMH))
    target = folder / ("one-way.s110" if one_way else "two-way.s110")
    import_tables(nodes, links, target)
    return Roads.load(target)


def on_streets(size: int, count: int, rng: np.random.Generator) -> FloatArray:
    """(count, 2) lon/lat of points evenly spread along all streets of a grid."""
    street = rng.integers(size, size=count).astype(np.float64)
    along = rng.random(count) * (size - 1)
    east = rng.random(count) < 0.5
    blocks = np.column_stack((np.where(east, along, street), np.where(east, street, along)))
    return np.asarray(blocks * (STEP_DEG, STEP_DEG * NARROW))


def blocks_between(roads: Roads, starts: FloatArray, ends: FloatArray) -> FloatArray:
    """(ends, starts) shortest distances by car, in blocks."""
    block_s = float(np.median(roads.times[Profile.CAR][np.isfinite(roads.times[Profile.CAR])]))
    found = [
        roads.reach(Point(lon, lat), Profile.CAR, FAR_S).seconds(starts) / block_s
        for lon, lat in ends.tolist()
    ]
    return np.array(found)
