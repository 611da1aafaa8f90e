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
    "gl100": {15: "battery_low", 16: "moved", 17: "removed"},
    "al300": {15: "battery_low", 16: "moved", 17: "removed"},
    "g-360p": {SOS: "removed", 1: "tampered", 4: "removed"},
    "g-508p": {SOS: "removed", 1: "tampered", 4: "removed"},
}
"""Bits that a model uses in its own way."""
CAMERA_ITEM, CAMERA_SOS = 0xE8, b"\x0c\x01\x10"
"""Dashboard cameras: sub-event 0x0C01 with its label of 16 bytes."""
WORN_ITEM, WORN_BYTES, WORN_SOS = 0xE7, 8, 0x0E
"""Worn terminals: a status word of their own, in which bits 1 to 3 are the button."""


def list_alarms(word: int, items: dict[int, bytes], device: Device | None) -> list[tuple[int, str]]:
    """Bits and their meanings, as this device's model uses them; a vendor's button is bit 0."""
    found: list[tuple[int, str]] = []
    if word:
        model = (device.model or "").casefold() if device is not None else ""
        names = ALARMS | MODELS.get(model, {})
        found = [(bit, names.get(bit, f"bit_{bit}")) for bit in range(32) if word >> bit & 1]
    if is_pressed(items) and not word & 1:
        found.insert(0, (SOS, ALARMS[SOS]))
    return found


def is_pressed(items: dict[int, bytes]) -> bool:
    """Whether a vendor's own item says that the button is down, with an alarm word of 0."""
    camera, worn = items.get(CAMERA_ITEM, b""), items.get(WORN_ITEM, b"")
    if camera.startswith(CAMERA_SOS) and len(camera) >= len(CAMERA_SOS) + CAMERA_SOS[-1]:
        return True
    return len(worn) == WORN_BYTES and bool(int.from_bytes(worn[:2]) & WORN_SOS)
