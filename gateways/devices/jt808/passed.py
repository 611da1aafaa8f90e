"""What vendors pass through (0x0900): positions where their layout is known, text where it is.

Layouts 0x53 and 0x54 (tag lists), 0xF0 (vehicle data) and 0xFF are those of terminals whose
frames are public; everything else is told as it came.
"""

from gateways.devices.heard import AnyHeard, Fix, Rejected, Said
from gateways.devices.jt808.fields import need, read_time_ms
from gateways.devices.jt808.frame import Frame
from gateways.devices.measures import place as place_of
from gateways.devices.measures import plain_text, stamp
from gateways.devices.registry import Datum, Device

TAGS = frozenset({0x53, 0x54})
VEHICLE, TRACE = 0xF0, 0xFF
MOST_ITEMS = 128


def read_passed(
    frame: Frame, device: Device | None, now_ms: int
) -> tuple[AnyHeard, ...] | Rejected:
    """The kind of what is passed through is its first byte."""
    body = frame.body
    told: dict[str, str | int | float | bool] = {"body": body.hex()[:256]}
    text = plain_text(body[1:].split(b"\0", 1)[0].decode("gbk", "replace"))
    said = Said(device=frame.device, what="0x0900", text=text, extra=told)
    kind = body[0] if body else -1
    if kind in TAGS:
        need(body, 25, "a position with tags")
        place = _Where(body[1:5], body[5:9], body[9:13], body[19:25])
        return (_fix(frame, device, now_ms, place, body[13:19]), said)
    if kind == TRACE and len(body) >= 21:
        place = _Where(b"\0\0\0\x02", body[7:11], body[11:15], body[1:7])
        return (_fix(frame, device, now_ms, place, body[15:21]), said)
    at = _vehicle_place(body) if kind == VEHICLE else None
    if at is not None and at + 12 <= len(body):
        place = _Where(body[at : at + 4], body[at + 4 : at + 8], body[at + 8 : at + 12], body[1:7])
        return (_fix(frame, device, now_ms, place, b"", backfill=body[7] > 0), said)
    return (said,)


class _Where:
    """Status word, latitude and longitude in 1e-6 degrees, time in BCD; as bytes."""

    __slots__ = ("lat", "lon", "status", "when")

    def __init__(self, status: bytes, lat: bytes, lon: bytes, when: bytes) -> None:
        self.status = int.from_bytes(status)
        self.lat = int.from_bytes(lat, signed=True) / 1e6
        self.lon = int.from_bytes(lon, signed=True) / 1e6
        self.when = when


def _fix(  # what a position is made of
    frame: Frame,
    device: Device | None,
    now_ms: int,
    where: _Where,
    motion: bytes,
    *,
    backfill: bool = False,
) -> Fix:
    lat = -abs(where.lat) if where.status & 4 else where.lat
    lon = -abs(where.lon) if where.status & 8 else where.lon
    spot = place_of(lon, lat, device.datum if device is not None else Datum.WGS84)
    when = stamp(read_time_ms(where.when, device), now_ms)
    why_not = "not_positioned" if not where.status & 2 else "no_place" if spot is None else None
    moves = len(motion) == 6
    course = int.from_bytes(motion[4:6])
    return Fix(
        device=frame.device,
        lon=spot.lon if spot is not None else None,
        lat=spot.lat if spot is not None else None,
        at_ms=when.at_ms,
        altitude_m=float(int.from_bytes(motion[:2], signed=True)) if moves else None,
        speed_mps=round(int.from_bytes(motion[2:4]) / 36, 3) if moves else None,
        heading_deg=float(course % 360) if moves and course <= 360 else None,
        valid=why_not is None,
        history=backfill or when.history,
        why_not=why_not,
        extra={"ignition": bool(where.status & 1)},
    )


def _vehicle_place(body: bytes) -> int | None:
    """Where the position begins in vehicle data: after figures (1), fault codes (2), events (3)."""
    need(body, 10, "vehicle data")
    kind, at = body[9], 10
    if kind == 2:
        return _after_codes(body, at)
    if kind not in (1, 3) or at >= len(body):
        return None
    id_bytes = 2 if kind == 1 else 1
    count, at = body[at], at + 1
    for _ in range(count):
        if at + id_bytes >= len(body):
            return None
        at += id_bytes + 1 + body[at + id_bytes]
    return at


def _after_codes(body: bytes, at: int) -> int | None:
    systems, at = int.from_bytes(body[at : at + 2]), at + 2
    for _ in range(min(systems, MOST_ITEMS)):
        codes, at = int.from_bytes(body[at + 4 : at + 6]), at + 6
        for _ in range(min(codes, MOST_ITEMS)):
            at += 10 + int.from_bytes(body[at + 8 : at + 10])
            if at > len(body):
                return None
    return at
