"""Roundabouts, seen from their shape: tables of links do not say where one is."""

from math import pi

import numpy as np

from geo.roads import Roads
from geo.types import FloatArray

MOST_PIECES = 32
LONGEST_M = 600.0
SMALL_M = 120.0
"""No block of houses is so short to go round, so a ring this small may be drawn with corners."""
ROUND, ROUND_WITH_CORNERS = 0.86, 0.70
"""Area by that of a circle of the same length: a circle 1, a square 0.785, a triangle 0.6."""


def find_ring(roads: Roads, edge: int, times: FloatArray) -> frozenset[int]:
    """The one-way edges of the roundabout that an edge is part of; empty when it is of none."""
    for side in (1.0, -1.0):
        ring = _go_round(roads, edge, times, side)
        if ring and _is_round(roads, ring):
            return frozenset(ring)
    return frozenset()


def _is_one_way(edge: int, times: FloatArray) -> bool:
    return bool(np.isfinite(times[edge]) and np.isinf(times[edge ^ 1]))


def _go_round(roads: Roads, edge: int, times: FloatArray, side: float) -> list[int]:
    """Edges back to where one began, at each crossing by the one-way street furthest to a side."""
    ring, length_m = [edge], float(roads.length_m[edge])
    while _is_one_way(ring[-1], times) and len(ring) <= MOST_PIECES and length_m <= LONGEST_M:
        node = int(roads.tail[ring[-1] ^ 1])
        if node == int(roads.tail[edge]):
            return ring
        ways = [way for way in roads.list_out(node) if _is_one_way(way, times)]
        if not ways:
            break
        come = _heading(roads, ring[-1] ^ 1) + np.pi
        turned = [
            side * ((_heading(roads, way) - come + np.pi) % (2 * np.pi) - np.pi) for way in ways
        ]
        ring.append(ways[int(np.argmax(turned))])
        length_m += float(roads.length_m[ring[-1]])
    return []


def _heading(roads: Roads, edge: int) -> float:
    """Radians anticlockwise from east of an edge's first segment."""
    line = roads.xy_of(edge)
    east, north = line[1] - line[0]
    return float(np.arctan2(north, east))


def _is_round(roads: Roads, ring: list[int]) -> bool:
    xy = np.concatenate([roads.xy_of(edge)[:-1] for edge in ring])
    then = np.roll(xy, -1, axis=0)
    around_m = float(np.hypot(*(then - xy).T).sum())
    area = abs(float((xy[:, 0] * then[:, 1] - then[:, 0] * xy[:, 1]).sum())) / 2
    least = ROUND_WITH_CORNERS if around_m < SMALL_M else ROUND
    return around_m > 0 and 4 * pi * area / around_m**2 >= least
