"""The two shifted datums of Chinese devices and maps, to WGS-84 and back, without loss.

GCJ-02 shifts WGS-84 by up to 700 m, BD-09 shifts GCJ-02 once more. The formulas were never
published by their makers; these are the ones that the open eviltransform (MIT) gave to everyone.
A datum is declared for a device or a map, never guessed from the place.
"""

from collections.abc import Callable
from enum import StrEnum

import numpy as np

from geo.types import FloatArray

AXIS_M = 6_378_245.0
SQUARED_ECCENTRICITY = 0.00669342162296594323
CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north in degrees: outside this box GCJ-02 equals WGS-84."""
EXACT_DEG = 1e-11
"""A thousandth of a millimetre: an inverse is iterated until it moves less."""
MOST_ROUNDS = 64


class Datum(StrEnum):
    """What a device's or a map's degrees refer to."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def _wave(degrees: FloatArray) -> FloatArray:
    return np.sin(degrees * np.pi)


def wgs84_to_gcj02(lonlat: FloatArray) -> FloatArray:
    """(n, 2) lon/lat WGS-84 degrees to GCJ-02; places outside China are unchanged."""
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0
    root = np.sqrt(np.abs(x))
    ripple = (20.0 * _wave(6.0 * x) + 20.0 * _wave(2.0 * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20.0 * _wave(y) + 40.0 * _wave(y / 3.0)) * 2.0 / 3.0
    north += (160.0 * _wave(y / 12.0) + 320.0 * _wave(y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20.0 * _wave(x) + 40.0 * _wave(x / 3.0)) * 2.0 / 3.0
    east += (150.0 * _wave(x / 12.0) + 300.0 * _wave(x / 30.0)) * 2.0 / 3.0
    latitude = np.radians(lonlat[:, 1])
    curve = 1.0 - SQUARED_ECCENTRICITY * np.sin(latitude) ** 2
    meridian_m = AXIS_M * (1.0 - SQUARED_ECCENTRICITY) / (curve * np.sqrt(curve))
    parallel_m = AXIS_M / np.sqrt(curve) * np.cos(latitude)
    shift = np.degrees(np.column_stack((east / parallel_m, north / meridian_m)))
    west, south, far_east, far_north = CHINA
    inside = (lonlat[:, 0] >= west) & (lonlat[:, 0] <= far_east)
    inside &= (lonlat[:, 1] >= south) & (lonlat[:, 1] <= far_north)
    return lonlat + np.where(inside[:, None], shift, 0.0)


def gcj02_to_wgs84(lonlat: FloatArray) -> FloatArray:
    """(n, 2) lon/lat GCJ-02 degrees to WGS-84, exact but within 700 m of the box's edge."""
    return _inverse(wgs84_to_gcj02, lonlat)


def gcj02_to_bd09(lonlat: FloatArray) -> FloatArray:
    """(n, 2) lon/lat GCJ-02 degrees to BD-09."""
    x, y = lonlat[:, 0], lonlat[:, 1]
    turn = np.pi * 3000.0 / 180.0
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * turn)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * turn)
    return np.column_stack((radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006))


def bd09_to_gcj02(lonlat: FloatArray) -> FloatArray:
    """(n, 2) lon/lat BD-09 degrees to GCJ-02, exact."""
    return _inverse(gcj02_to_bd09, lonlat)


def to_wgs84(lonlat: FloatArray, datum: Datum) -> FloatArray:
    """(n, 2) lon/lat degrees of a declared datum to WGS-84."""
    if datum is Datum.BD09:
        lonlat = bd09_to_gcj02(lonlat)
    return lonlat if datum is Datum.WGS84 else gcj02_to_wgs84(lonlat)


def from_wgs84(lonlat: FloatArray, datum: Datum) -> FloatArray:
    """(n, 2) lon/lat WGS-84 degrees to a declared datum."""
    if datum is Datum.WGS84:
        return lonlat
    shifted = wgs84_to_gcj02(lonlat)
    return gcj02_to_bd09(shifted) if datum is Datum.BD09 else shifted


def _inverse(shift: Callable[[FloatArray], FloatArray], shifted: FloatArray) -> FloatArray:
    """What is shifted onto the given places: a guess moved by its own error until exact."""
    guess = shifted
    for _ in range(MOST_ROUNDS):
        error = shift(guess) - shifted
        guess = guess - error
        if not np.any(np.abs(error) > EXACT_DEG):
            break
    return guess
