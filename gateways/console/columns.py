"""Where all units are, as one binary frame: columns of 13 bytes a unit, encoded once for all.

Little endian. Header of 16 bytes: version `u8`, flags `u8` (1 engine works, 2 broker connected),
2 bytes of zero, units `u32`, engine clock `f64` (UTC epoch ms). Then one column after another,
rows in the order of the state's `units`: lon `i32` and lat `i32` (WGS-84, 1e-7 degrees), age of
the fix `u16` (tenths of a second; 65 535 never), heading `u8` (360/250 degrees from north; 255
unknown), status `u8` (place in the state's `statuses`), speed `u8` (m/s; 255 unknown).
"""

import struct

import numpy as np

from dispatch.force import STATUSES
from dispatch.words import UnitStatus
from geo.tracker import Tracker
from geo.types import BoolArray, IntArray

VERSION = 1
WORKS, CONNECTED = 1, 2
NEVER = 65_535
UNKNOWN = 255
HEADER = struct.Struct("<BBHId")


def encode_columns(
    tracker: Tracker, status: IntArray, now_ms: int, flags: int, seen: BoolArray | None = None
) -> bytes:
    """One frame of all units; `status` and `seen` are columns over the tracker's rows.

    A unit that may not be seen stands as one that never was located and is off duty.
    """
    known = tracker.at_ms > 0
    speeds, headings = tracker.speed_mps, tracker.heading_deg
    if seen is not None:
        known = known & seen
        speeds, headings = np.where(seen, speeds, np.nan), np.where(seen, headings, np.nan)
        status = np.where(seen, status, STATUSES.index(UnitStatus.OFF_DUTY))
    lon = np.where(known, tracker.lon, 0.0)
    lat = np.where(known, tracker.lat, 0.0)
    age = np.clip((now_ms - tracker.at_ms) // 100, 0, NEVER - 1)
    heading = np.nan_to_num(np.mod(headings, 360.0) / 1.44, nan=UNKNOWN)
    speed = np.nan_to_num(np.clip(speeds, 0.0, UNKNOWN - 1.0), nan=UNKNOWN)
    return b"".join(
        (
            HEADER.pack(VERSION, flags, 0, len(known), float(now_ms)),
            np.round(lon * 1e7).astype("<i4").tobytes(),
            np.round(lat * 1e7).astype("<i4").tobytes(),
            np.where(known, age, NEVER).astype("<u2").tobytes(),
            heading.astype(np.uint8).tobytes(),
            status.astype(np.uint8).tobytes(),
            speed.astype(np.uint8).tobytes(),
        )
    )
