"""Many to many: seconds by road from each of many starts to each of many goals."""

from typing import TYPE_CHECKING

import numpy as np

from geo.reach import Reach
from geo.types import FloatArray, Point, Profile

if TYPE_CHECKING:
    from geo.roads import Roads


def seconds_between(
    roads: "Roads", froms: FloatArray, tos: FloatArray, profile: Profile, limit_s: float
) -> FloatArray:
    """(n, m) seconds from (n, 2) starts to (m, 2) goals, lon/lat WGS-84; inf beyond the limit.

    One search for each different goal, so each column is what a single search answers, exactly.
    """
    out = np.full((len(froms), len(tos)), np.inf)
    if out.size == 0:
        return out
    different, column = np.unique(tos, axis=0, return_inverse=True)
    spots = roads.put_on_road(froms, profile)
    for i, (lon, lat) in enumerate(different.tolist()):
        reach = Reach(roads, Point(lon, lat), profile, limit_s)
        out[:, column.ravel() == i] = reach.seconds_of(spots)[:, None]
    return out
