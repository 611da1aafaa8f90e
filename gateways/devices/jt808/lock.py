"""Electronic locks that share the frame of JT/T 808: BCD throughout, knots, their own answer."""

from gateways.devices.heard import AnyHeard, Fix
from gateways.devices.jt808.fields import need, read_time_ms
from gateways.devices.jt808.frame import Frame
from gateways.devices.measures import place as place_of
from gateways.devices.measures import stamp
from gateways.devices.registry import Datum, Device


def read_lock(frame: Frame, device: Device | None, now_ms: int) -> AnyHeard:
    """The position of an electronic lock: BCD throughout, degrees and minutes, knots."""
    body = frame.body
    need(body, 20, "a lock's position")
    digits = body.hex()
    moment = bytes.fromhex(digits[4:6] + digits[2:4] + digits[0:2] + digits[6:12])
    lat_text, lon_text, flags = digits[12:20], digits[20:29], int(digits[29], 16)
    if not (lat_text + lon_text).isdigit():
        raise ValueError("the place is no row of digits")
    lat = int(lat_text[:2]) + int(lat_text[2:]) / 600_000
    lon = int(lon_text[:3]) + int(lon_text[3:]) / 600_000
    lat = lat if flags & 2 else -lat
    lon = lon if flags & 4 else -lon
    when = stamp(read_time_ms(moment, device, usual_min=0), now_ms)
    spot = place_of(lon, lat, device.datum if device is not None else Datum.WGS84)
    # The report of an event (0x5502) says by the highest flag whether the place is of now.
    valid = spot is not None and (frame.msg != 0x5502 or bool(flags & 8))
    return Fix(
        device=frame.device,
        lon=spot.lon if spot is not None else None,
        lat=spot.lat if spot is not None else None,
        at_ms=when.at_ms,
        speed_mps=round(body[15] * 0.514444, 3),
        heading_deg=float(body[16] * 2 % 360),
        valid=valid,
        history=when.history,
        why_not=None if valid else "not_positioned",
    )
