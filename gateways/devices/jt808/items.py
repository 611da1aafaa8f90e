"""What follows a position: items of id, length and value; the standard's and the vendors'."""

MOST_ITEMS = 64
Extra = dict[str, str | int | float | bool]
FIGURES: dict[int, tuple[int, str, float]] = {
    0x01: (4, "odometer_m", 100),
    0x02: (2, "fuel_l", 0.1),
    0x03: (2, "recorder_kmh", 0.1),
    0x04: (2, "alarm_event", 1),
    0x25: (4, "signals", 1),
    0x2A: (2, "io", 1),
    0x2B: (4, "analog", 1),
    0x30: (1, "rssi", 1),
    0x31: (1, "satellites", 1),
}
"""Items of one figure: how many bytes it has, its name, what one of it is worth."""
BATTERIES: dict[tuple[int, int], tuple[int, float]] = {
    (0x06, 1): (0, 1),
    (0x56, 2): (0, 10),
    (0xD4, 1): (0, 1),
    (0xE1, 1): (0, 1),
    (0xE4, 2): (1, 1),
    (0xFE, 1): (0, 1),
}
"""Vendors' items that hold a battery, by id and length: which byte, and what one of it is worth."""
FULL_PCT = 100.0


def read_items(raw: bytes) -> tuple[dict[int, bytes], bytes]:
    """The additional items (id, length, value), and what follows the last whole one."""
    items: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(raw) and len(items) < MOST_ITEMS:
        size = raw[at + 1]
        if at + 2 + size > len(raw):
            break
        items.setdefault(raw[at], raw[at + 2 : at + 2 + size])
        at += 2 + size
    return items, raw[at:]


def tell_items(items: dict[int, bytes], tail: bytes) -> Extra:
    """The items by name where the standard names them, in hex where it does not."""
    extra: Extra = {}
    for kind, value in items.items():
        size, name, worth = FIGURES.get(kind, (0, "", 1.0))
        if size and len(value) == size:
            figure = int.from_bytes(value) * worth
            extra[name] = round(figure, 1) if worth < 1 else int(figure)
        elif kind in (0x11, 0x12, 0x13):
            extra |= _tell_place(kind, value)
        else:
            extra[f"item_{kind:02x}"] = value.hex()[:128]
    if tail:
        extra["tail"] = tail.hex()[:128]
    return extra


def _tell_place(kind: int, value: bytes) -> Extra:
    """0x11 too fast, 0x12 in or out, 0x13 too long or too short: at which area or section."""
    if kind == 0x11 and len(value) in (1, 5):
        told: Extra = {"overspeed_at": value[0]}
        if len(value) > 1:
            told["overspeed_area"] = int.from_bytes(value[1:])
        return told
    if kind == 0x12 and len(value) == 6:
        return {
            "area_kind": value[0],
            "area": int.from_bytes(value[1:5]),
            "area_left": bool(value[5]),
        }
    if kind == 0x13 and len(value) == 7:
        return {
            "section": int.from_bytes(value[:4]),
            "section_s": int.from_bytes(value[4:6]),
            "section_too_long": bool(value[6]),
        }
    return {f"item_{kind:02x}": value.hex()[:128]}


def battery_of(items: dict[int, bytes]) -> float | None:
    """The terminal's battery where one of the known vendors tells it."""
    for kind, value in items.items():
        found = BATTERIES.get((kind, len(value)))
        if found is not None:
            charge = value[found[0]] * found[1]
            if charge <= FULL_PCT:
                return float(charge)
    return None
