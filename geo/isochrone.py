"""Everything from which a place is reached within a time, as a polygon."""

import numpy as np
import shapely

from geo.reach import Reach
from geo.types import FloatArray

STREET_M = 40.0
"""Half the width drawn around a reached street: its houses belong to it."""
TOLERANCE_M = 5.0


def reached_lines(reach: Reach, within_s: float) -> list[FloatArray]:
    """(n, 2) lon/lat lines of all road from which the place is reached within so many seconds.

    A piece is cut where the time runs out; travel is towards the place, so the lines of a one-way
    street are those from which it may be left in time.
    """
    roads = reach.roads
    times = reach.times[: roads.ends]
    left_s = np.maximum(within_s - reach.best[roads.head[: roads.ends]], 0.0)
    share = np.minimum(left_s / times, 1.0)
    lines = [
        roads.shape_of(edge, 1.0 - float(share[edge]), 1.0)
        for edge in np.flatnonzero(share > 0).tolist()
    ]
    return lines + _within_own_piece(reach, within_s)


def _within_own_piece(reach: Reach, within_s: float) -> list[FloatArray]:
    """What may be reached along the place's own piece of road without passing a crossing."""
    if reach.piece < 0 or within_s <= reach.off_s:
        return []
    lines = []
    for side in range(2):
        edge = 2 * reach.piece + side
        if np.isfinite(reach.times[edge]):
            at = reach.share if side == 0 else 1.0 - reach.share
            back = (within_s - reach.off_s) / float(reach.times[edge])
            lines.append(reach.roads.shape_of(edge, max(0.0, at - back), at))
    return lines


def isochrone(reach: Reach, within_s: float) -> "shapely.Geometry":
    """The lon/lat WGS-84 area from which the place is reached within `within_s` seconds."""
    plane = reach.roads.plane
    lines = [line for line in reached_lines(reach, within_s) if len(line) > 1]
    if not lines:
        return shapely.MultiPolygon()
    streets = shapely.multilinestrings(
        [shapely.linestrings(plane.to_metres(line)) for line in lines]
    )
    area = shapely.buffer(streets, STREET_M, quad_segs=4).simplify(TOLERANCE_M)
    return shapely.set_precision(shapely.transform(area, plane.to_degrees), 1e-6)
