"""What kinds of road a way is made of, for those who compare promises with what was driven."""

from collections.abc import Sequence

import numpy as np

from geo.osm import CLASSES
from geo.roads import Roads
from geo.types import Profile


def shares_by_class(
    roads: Roads, line: Sequence[tuple[float, float]], profile: Profile
) -> dict[str, float]:
    """Shares of a lon/lat WGS-84 line's length by class of road; empty for a line of no length.

    Each stretch belongs to the road nearest to its middle that the profile may use.
    """
    if len(line) < 2:
        return {}
    xy = roads.plane.to_metres(np.array(line, dtype=np.float64))
    length_m = np.hypot(*np.diff(xy, axis=0).T)
    whole_m = float(length_m.sum())
    if not 0.0 < whole_m < np.inf:
        return {}
    piece, _, _ = roads.snappers[profile].snap((xy[1:] + xy[:-1]) / 2)
    on_road = piece >= 0
    kinds = np.asarray(roads.kind)[piece[on_road]]
    metres = np.bincount(kinds, length_m[on_road], minlength=len(CLASSES))
    return {CLASSES[k]: float(metres[k] / whole_m) for k in np.flatnonzero(metres).tolist()}
