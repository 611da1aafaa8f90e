"""What a JT/T 808 terminal says (chapter 8 of the standard), read into the common words."""

from datetime import UTC, datetime, timedelta, timezone

from gateways.devices.heard import (
    Alarm,
    Answered,
    AnyHeard,
    Fix,
    KeptAlive,
    Rejected,
    Reply,
    Said,
    SaidHello,
)
from gateways.devices.jt808.alarms import CLEARED_BY_ANSWER, INCIDENT_TYPES, list_alarms
from gateways.devices.jt808.frame import LOCKS, Frame
from gateways.devices.measures import place as place_of
from gateways.devices.measures import plain_text, stamp
from gateways.devices.registry import Datum, Device

BEIJING_MIN = 480
LOCATION_BYTES = 28
UNSET_BEFORE_MS = 1_293_840_000_000
"""2011, the year of the first edition: an earlier stamp is a clock that was never set."""
MOST_ITEMS = 64
ITEM_NAMES = {0x03: "recorder_kmh_tenths", 0x25: "signals", 0x2A: "io", 0x2B: "analog"}
Extra = dict[str, str | int | float | bool]


def read_body(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...] | Rejected:
    """Everything one whole message says, or why it cannot be read."""
    if frame.total > 1:
        what = f"0x{frame.msg:04X} part {frame.number} of {frame.total}"
        return (Said(device=frame.device, what=what),)
    try:
        if frame.msg in LOCKS:
            return (_read_lock(frame, device, now_ms),)
        reader = READERS.get(frame.msg)
        if reader is None:
            return (_read_other(frame),)
        return reader(frame, device, now_ms)
    except (IndexError, ValueError, OverflowError) as error:
        return Rejected(reason="body", detail=str(error), device=frame.device)


def _need(body: bytes, size: int, what: str) -> None:
    if len(body) < size:
        raise ValueError(f"{what} needs {size} bytes, there are {len(body)}")


def _text(raw: bytes) -> str:
    return plain_text(raw.split(b"\0", 1)[0].decode("gbk", "replace")) or ""


def read_time_ms(raw: bytes, device: Device | None, usual_min: int = BEIJING_MIN) -> int | None:
    """Six bytes of BCD, YYMMDDhhmmss in the device's own time, as UTC epoch ms."""
    offset_min = usual_min
    if device is not None and device.utc_offset_min is not None:
        offset_min = device.utc_offset_min
    digits = raw.hex()
    if not digits.isdigit():
        return None
    try:
        local = datetime.strptime(f"20{digits}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone follows
    except ValueError:
        return None
    moment = local.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    return round(moment.astimezone(UTC).timestamp() * 1000)


def read_location(
    body: bytes, frame: Frame, device: Device | None, now_ms: int, *, backfill: bool = False
) -> tuple[AnyHeard, ...]:
    """A position with its alarms (0x0200)."""
    _need(body, LOCATION_BYTES, "a position")
    word, status = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
    lat = int.from_bytes(body[8:12], signed=True) / 1e6
    lon = int.from_bytes(body[12:16], signed=True) / 1e6
    lat = -abs(lat) if status & 4 else lat
    lon = -abs(lon) if status & 8 else lon
    when = stamp(read_time_ms(body[22:28], device), now_ms)
    datum = device.datum if device is not None else Datum.WGS84
    spot = place_of(lon, lat, datum)
    items, tail = read_items(body[LOCATION_BYTES:])
    why_not = "not_positioned" if not status & 2 else "no_place" if spot is None else None
    history = backfill or when.history
    unset = when.at_ms is not None and when.at_ms < UNSET_BEFORE_MS
    course = int.from_bytes(body[20:22])
    fix = Fix(
        device=frame.device,
        lon=spot.lon if spot is not None else None,
        lat=spot.lat if spot is not None else None,
        at_ms=when.at_ms,
        speed_mps=round(int.from_bytes(body[18:20]) / 36, 3),
        heading_deg=float(course % 360) if course <= 360 else None,
        altitude_m=float(int.from_bytes(body[16:18], signed=True)),
        valid=why_not is None,
        history=history,
        why_not=why_not,
        extra=_extra(status, word, items, tail),
    )
    alarms = [
        Alarm(
            device=frame.device,
            type=INCIDENT_TYPES.get(name),
            code=name,
            key=f"{frame.device}:{bit}:{frame.serial}:{when.at_ms}",
            at_ms=None if unset else when.alarm_ms,
            place=spot if fix.valid else None,
            history=backfill or (when.history and not unset),
            extra={"bit": bit, "cleared_by_answer": bit in CLEARED_BY_ANSWER},
        )
        for bit, name in list_alarms(word, items, device)
    ]
    return (fix, *alarms)


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


def _extra(status: int, word: int, items: dict[int, bytes], tail: bytes) -> Extra:
    extra: Extra = {
        "ignition": bool(status & 1),
        "alarm_word": f"{word:08x}",
        "status_word": f"{status:08x}",
    }
    for kind, value in items.items():
        figure = int.from_bytes(value) if value else 0
        match kind:
            case 0x01 if len(value) == 4:
                extra["odometer_m"] = figure * 100
            case 0x02 if len(value) == 2:
                extra["fuel_l"] = figure / 10
            case 0x04 if len(value) == 2:
                extra["alarm_event"] = figure
            case 0x30 if len(value) == 1:
                extra["rssi"] = figure
            case 0x31 if len(value) == 1:
                extra["satellites"] = figure
            case _ if kind in ITEM_NAMES and len(value) <= 4:
                extra[ITEM_NAMES[kind]] = figure
            case _:
                extra[f"item_{kind:02x}"] = value.hex()[:128]
    if tail:
        extra["tail"] = tail.hex()[:128]
    return extra


def _read_position(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    return read_location(frame.body, frame, device, now_ms)


def _read_asked(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0201: the position that was asked for, with the serial of the question."""
    _need(frame.body, 2 + LOCATION_BYTES, "an asked position")
    of = str(int.from_bytes(frame.body[:2]))
    answer = Answered(device=frame.device, of=of, reply=Reply.DELIVERED, text="position")
    return (answer, *read_location(frame.body[2:], frame, device, now_ms))


def _read_batch(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0704: several positions; kind 1 are those of a blind area, which are history."""
    body = frame.body
    _need(body, 3, "a batch")
    count, backfill = int.from_bytes(body[:2]), body[2] == 1
    heard: list[AnyHeard] = []
    at = 3
    for _ in range(count):
        size = int.from_bytes(body[at : at + 2])
        if at + 2 + size > len(body) or size < LOCATION_BYTES:
            raise ValueError(f"item {len(heard) + 1} of {count} is cut off")
        item = body[at + 2 : at + 2 + size]
        heard += read_location(item, frame, device, now_ms, backfill=backfill)
        at += 2 + size
    return tuple(heard)


def _read_register(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0100: who made the terminal and whose vehicle it is in; three layouts by version."""
    body = frame.body
    if frame.is_2019:
        layout, maker, model, own = "2019", 11, 30, 30
    elif len(body) >= 37:
        layout, maker, model, own = "2013", 5, 20, 7
    else:
        layout, maker, model, own = "2011", 5, 8, 7
    _need(body, 5 + maker + model + own, "a registration")
    at = 4
    parts = []
    for size in (maker, model, own):
        parts.append(_text(body[at : at + size]))
        at += size
    extra: Extra = {
        "layout": layout,
        "province": int.from_bytes(body[:2]),
        "city": int.from_bytes(body[2:4]),
        "manufacturer": parts[0],
        "model": parts[1],
        "terminal_id": parts[2],
        "plate_color": body[at],
        "plate": _text(body[at + 1 :]),
    }
    return (SaidHello(device=frame.device, what="register", extra=extra),)


def _read_auth(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0102: the authentication code; since 2019 with its length, IMEI and software."""
    body = frame.body
    extra: Extra = {}
    code = _text(body)
    if frame.is_2019:
        _need(body, 1, "an authentication")
        size = body[0]
        _need(body, 1 + size, "an authentication code")
        code = _text(body[1 : 1 + size])
        extra = {"imei": _text(body[1 + size : 16 + size]), "software": _text(body[16 + size :])}
    return (SaidHello(device=frame.device, what="authenticate", credential=code, extra=extra),)


def _read_ack(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0001: the terminal's general answer."""
    _need(frame.body, 5, "an answer")
    serial, msg = int.from_bytes(frame.body[:2]), int.from_bytes(frame.body[2:4])
    result = frame.body[4]
    reply = Reply.DELIVERED if result == 0 else Reply.FAILED
    text = f"0x{msg:04X} result {result}"
    return (Answered(device=frame.device, of=str(serial), reply=reply, text=text),)


def _read_choice(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0302: which answer of a question was chosen: 1 takes the order, 2 refuses it."""
    _need(frame.body, 3, "a choice")
    serial, number = int.from_bytes(frame.body[:2]), frame.body[2]
    reply = {1: Reply.ACCEPTED, 2: Reply.REFUSED}.get(number, Reply.READ)
    return (Answered(device=frame.device, of=str(serial), reply=reply, text=str(number)),)


def _read_heartbeat(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    return (KeptAlive(device=frame.device),)


def _read_other(frame: Frame) -> AnyHeard:
    """What is well formed but says nothing that anybody acts on; platform messages among it."""
    extra: Extra = {"body": frame.body.hex()[:256]}
    text = None
    if frame.msg == 0x8300 and frame.body:
        text = _text(frame.body[2 if frame.is_2019 else 1 :])
        extra["flag"] = frame.body[0]
    elif frame.msg == 0x8302 and len(frame.body) > 2:
        text = _text(frame.body[2 : 2 + frame.body[1]])
        extra |= {"flag": frame.body[0]} | read_choices(frame.body[2 + frame.body[1] :])
    elif frame.msg in (0x8001, 0x8100) and len(frame.body) > 2:
        extra["ack_serial"] = int.from_bytes(frame.body[:2])
        extra["result"] = frame.body[4 if frame.msg == 0x8001 else 2]
        if frame.msg == 0x8100:
            text = _text(frame.body[3:])
    elif frame.msg in (0x6006, 0x0900, 0x1300) and len(frame.body) > 1:
        text = _text(frame.body[1:])
    return Said(device=frame.device, what=f"0x{frame.msg:04X}", text=text, extra=extra)


def read_choices(raw: bytes) -> Extra:
    """The numbered answers that a question offers."""
    found: Extra = {}
    at = 0
    while at + 3 <= len(raw):
        size = int.from_bytes(raw[at + 1 : at + 3])
        found[f"answer_{raw[at]}"] = _text(raw[at + 3 : at + 3 + size])
        at += 3 + size
    return found


def _read_lock(frame: Frame, device: Device | None, now_ms: int) -> AnyHeard:
    """The position of an electronic lock: BCD throughout, degrees and minutes, knots."""
    body = frame.body
    _need(body, 20, "a lock's position")
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


READERS = {
    0x0001: _read_ack,
    0x0002: _read_heartbeat,
    0x0100: _read_register,
    0x0102: _read_auth,
    0x0200: _read_position,
    0x0201: _read_asked,
    0x0302: _read_choice,
    0x0704: _read_batch,
}
