"""Everything from which a place is reached within a time, as a polygon."""

import json
from typing import Any

import numpy as np
import shapely

from geo.reach import Reach
from geo.types import FloatArray

STREET_M = 40.0
"""Half the width drawn around a reached street: its houses belong to it."""
TOLERANCE_M = 5.0
SPECK_M2 = 400.0
ROUNDED_DEG = 1e-6


def reached_lines(reach: Reach, within_s: float) -> list[FloatArray]:
    """(n, 2) lon/lat lines of all road from which the place is reached within so many seconds.

    A piece is cut where the time runs out; travel is towards the place, so the lines of a one-way
    street are those from which it may be left in time.
    """
    roads = reach.roads
    times = reach.times[: roads.ends]
    left_s = np.maximum(within_s - reach.best[roads.head[: roads.ends]], 0.0)
    share = np.minimum(left_s / times, 1.0)
    whole = share >= 1.0
    drawn = share > 0
    drawn[1::2] &= ~(whole[::2] & whole[1::2])  # a street reached whole both ways is drawn once
    lines = [
        roads.shape_of(edge, 1.0 - float(share[edge]), 1.0)
        for edge in np.flatnonzero(drawn).tolist()
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


def isochrone(reach: Reach, within_s: float) -> "shapely.MultiPolygon":
    """The lon/lat WGS-84 area from which the place is reached within `within_s` seconds.

    Valid polygons, with holes where no street is; empty when nothing is reached. It holds every
    reached place within `STREET_M` less `TOLERANCE_M` of its street.
    """
    plane = reach.roads.plane
    lines = [line for line in reached_lines(reach, within_s) if len(line) > 1]
    if not lines:
        return shapely.MultiPolygon()
    sizes = np.array([len(line) for line in lines])
    streets = shapely.linestrings(
        plane.to_metres(np.concatenate(lines)), indices=np.repeat(np.arange(len(lines)), sizes)
    )
    # Each street for itself: a buffer of all of them at once takes ten times as long.
    area = shapely.union_all(shapely.buffer(streets, STREET_M, quad_segs=4))
    area = _without_specks(shapely.simplify(area, TOLERANCE_M))
    in_degrees = shapely.transform(area, plane.to_degrees)
    return _many(shapely.set_precision(shapely.make_valid(in_degrees), ROUNDED_DEG))


def _many(area: "shapely.Geometry") -> "shapely.MultiPolygon":
    """One or many polygons as many; what has no area is left out."""
    parts = shapely.get_parts(area)
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _without_specks(area: "shapely.Geometry") -> "shapely.MultiPolygon":
    """Courtyards too small to see are no holes."""
    return shapely.MultiPolygon(
        [
            shapely.Polygon(
                part.exterior,
                [hole for hole in part.interiors if shapely.Polygon(hole).area >= SPECK_M2],
            )
            for part in shapely.get_parts(area)
        ]
    )


def isochrone_geojson(reach: Reach, within_s: float) -> dict[str, Any]:
    """The area as a GeoJSON MultiPolygon, lon/lat WGS-84 degrees."""
    found: dict[str, Any] = json.loads(shapely.to_geojson(isochrone(reach, within_s)))
    return found
