"""What every decoder does with figures from outside: read them, bound them, date them."""

import math

import msgspec
import numpy as np

from gateways.devices.registry import Datum
from geo import datum as shifts
from geo.types import Point

AHEAD_MS = 120_000
"""A device clock further ahead of ours than this is wrong."""
HISTORY_MS = 300_000
"""What is older than this happened then, not now."""
LONGEST_FIGURE = 40
LATEST_MS = 4_102_444_800_000
"""The year 2100: a later stamp is no time."""
NULL_ISLAND_DEG = 1e-6


class Stamp(msgspec.Struct, frozen=True):
    """A device's own time, UTC epoch ms, and what is to be made of it."""

    at_ms: int | None
    history: bool = False
    ahead: bool = False

    @property
    def alarm_ms(self) -> int | None:
        """The time to put on an alarm: none, so the receive time, for a clock that is ahead."""
        return None if self.ahead else self.at_ms


def number(value: object, least: float, most: float) -> float | None:
    """A finite figure within bounds, also when written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > LONGEST_FIGURE or "_" in value):
        return None
    try:
        figure = float(value)
    except (ValueError, OverflowError):
        return None
    return figure if math.isfinite(figure) and least <= figure <= most else None


def stamp(at_ms: float | None, now_ms: int) -> Stamp:
    """Judge a device's time (UTC epoch ms) against ours."""
    if at_ms is None or not 0 < at_ms < LATEST_MS:
        return Stamp(None)
    at = round(at_ms)
    return Stamp(at, history=at < now_ms - HISTORY_MS, ahead=at > now_ms + AHEAD_MS)


def place(lon: object, lat: object, datum: Datum = Datum.WGS84) -> Point | None:
    """A place in WGS-84 degrees; None for what is none, 0,0 among it."""
    east, north = number(lon, -180, 180), number(lat, -90, 90)
    if east is None or north is None:
        return None
    if abs(east) < NULL_ISLAND_DEG and abs(north) < NULL_ISLAND_DEG:
        return None
    if datum is Datum.WGS84:
        return Point(east, north)
    moved = shifts.to_wgs84(np.array([[east, north]]), shifts.Datum(datum.value))
    return Point(float(moved[0, 0]), float(moved[0, 1]))


def plain_text(value: object, most: int = 200) -> str | None:
    """A short text without control characters; None for anything else or nothing."""
    if not isinstance(value, str):
        return None
    kept = "".join(each for each in value[: 4 * most] if each.isprintable()).strip()[:most]
    return kept or None
