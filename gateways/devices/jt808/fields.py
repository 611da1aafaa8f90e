"""Fields that many messages have: times in BCD, and that there is enough of everything."""

from datetime import datetime, timedelta, timezone

from gateways.devices.registry import Device

BEIJING_MIN = 480


def need(body: bytes, size: int, what: str) -> None:
    """Raises ValueError where a body is shorter than what it should hold."""
    if len(body) < size:
        raise ValueError(f"{what} needs {size} bytes, there are {len(body)}")


def read_time_ms(raw: bytes, device: Device | None, usual_min: int = BEIJING_MIN) -> int | None:
    """Six bytes of BCD, YYMMDDhhmmss in the device's own time, as UTC epoch ms."""
    offset_min = usual_min
    if device is not None and device.utc_offset_min is not None:
        offset_min = device.utc_offset_min
    digits = raw.hex()
    if len(digits) != 12 or not digits.isdigit():
        return None
    year, month, day, hour, minute, second = (
        int(digits[at : at + 2]) for at in range(0, len(digits), 2)
    )
    try:
        zone = timezone(timedelta(minutes=offset_min))
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return round(local.timestamp() * 1000)
