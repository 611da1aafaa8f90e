"""What lies inside a ring drawn on the map."""

from collections.abc import Sequence

import numpy as np
import shapely

from geo.types import BoolArray, FloatArray


class RingError(ValueError):
    """A ring that encloses nothing; the text says why."""


def inside(ring: Sequence[tuple[float, float]], lonlat: FloatArray) -> BoolArray:
    """Which of (n, 2) lon/lat WGS-84 points lie inside a ring of lon/lat points, closed or not.

    Raises:
        RingError: the ring crosses itself or has no area.
    """
    if len(ring) < 3:
        raise RingError(f"a ring needs three points, this one has {len(ring)}")
    area = shapely.Polygon(ring)
    if not area.is_valid or area.area == 0.0:
        raise RingError(shapely.is_valid_reason(area))
    found: BoolArray = np.asarray(shapely.intersects_xy(area, lonlat[:, 0], lonlat[:, 1]))
    return found
