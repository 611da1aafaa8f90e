"""The few shapes that geography and everything above it share."""

from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
ByteArray: TypeAlias = npt.NDArray[np.uint8]


class RoadSpots(NamedTuple):
    """Points as put on roads: (n,) piece (-1 for none), share along it, walking seconds to it."""

    piece: IntArray
    share: FloatArray
    off_s: FloatArray


class Point(msgspec.Struct, frozen=True):
    """A place on earth: longitude then latitude, WGS-84 degrees."""

    lon: float
    lat: float


class Profile(StrEnum):
    """How a responder travels; decides which roads it may use and how fast."""

    CAR = "car"
    MOTORCYCLE = "motorcycle"
    FOOT = "foot"


class Street(msgspec.Struct, frozen=True):
    """One leg of a route along one named street: length in metres, time in seconds."""

    name: str
    length_m: float
    seconds: float


class Route(msgspec.Struct, frozen=True):
    """A way from a responder to a place: seconds, metres, lon/lat WGS-84 line and its streets."""

    seconds: float
    length_m: float
    line: tuple[tuple[float, float], ...]
    streets: tuple[Street, ...]


class Position(msgspec.Struct, frozen=True):
    """Where a unit was last known to be: lon/lat WGS-84 degrees, epoch ms, m/s, degrees."""

    lon: float
    lat: float
    at_ms: int
    speed_mps: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
