"""The alarm word of a position (JT/T 808 table 18), and where vendors mean something else by it."""

from gateways.devices.registry import Device

SOS = 0
ALARMS: dict[int, str] = {
    SOS: "emergency",
    1: "overspeed",
    2: "fatigue",
    3: "danger_warning",
    4: "gnss_fault",
    5: "gnss_antenna_open",
    6: "gnss_antenna_short",
    7: "power_low",
    8: "power_off",
    9: "display_fault",
    10: "tts_fault",
    11: "camera_fault",
    12: "card_reader_fault",
    13: "overspeed_warning",
    14: "fatigue_warning",
    18: "driving_time_over",
    19: "parked_too_long",
    20: "area",
    21: "route",
    22: "road_time",
    23: "off_route",
    24: "vss_fault",
    25: "fuel_abnormal",
    26: "stolen",
    27: "illegal_ignition",
    28: "illegal_movement",
    29: "collision",
    30: "rollover",
    31: "door_opened",
}
CLEARED_BY_ANSWER = frozenset({SOS, 3, 20, 21, 22, 27, 28, 31})
"""What a terminal goes on sending until the platform has answered."""
INCIDENT_TYPES = {"emergency": "panic", "stolen": "vehicle_theft"}
"""What opens an incident; everything else is told and logged."""
MODELS: dict[str, dict[int, str]] = {
    "g10ls": {15: "battery_low", 16: "vibration", 17: "removed"},
    "gl100": {15: "battery_low", 17: "removed"},
}
"""Bits that a model uses in its own way."""
SOS_EVENTS = {(0xE8, b"\x0c\x01")}
"""Vendor items whose value begins so: the button, with an alarm word of 0."""


def list_alarms(word: int, items: dict[int, bytes], device: Device | None) -> list[tuple[int, str]]:
    """Bits and their meanings, as this device's model uses them; a vendor's button is bit 0."""
    model = (device.model or "").casefold() if device is not None else ""
    names = ALARMS | MODELS.get(model, {})
    found = [(bit, names.get(bit, f"bit_{bit}")) for bit in range(32) if word >> bit & 1]
    pressed = any(items.get(kind, b"").startswith(begin) for kind, begin in SOS_EVENTS)
    if pressed and not word & 1:
        found.insert(0, (SOS, ALARMS[SOS]))
    return found
