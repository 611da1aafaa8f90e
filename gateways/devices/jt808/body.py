"""What a JT/T 808 terminal says (chapter 8 of the standard), read into the common words."""

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
from gateways.devices.jt808.fields import need, read_time_ms
from gateways.devices.jt808.frame import LOCKS, Frame
from gateways.devices.jt808.items import Extra, battery_of, read_items, tell_items
from gateways.devices.jt808.lock import read_lock
from gateways.devices.jt808.passed import read_passed
from gateways.devices.measures import Stamp, plain_text, stamp
from gateways.devices.measures import place as place_of
from gateways.devices.registry import Datum, Device
from geo.types import Point

LOCATION_BYTES = 28
SHORT_STATE_BYTES = 7
LONGEST_CODE = 256
UNSET_BEFORE_MS = 1_293_840_000_000
"""2011, the year of the first edition: an earlier stamp is a clock that was never set."""


def read_body(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...] | Rejected:
    """Everything one whole message says, or why it cannot be read."""
    if frame.total > 1:
        what = f"0x{frame.msg:04X} part {frame.number} of {frame.total}"
        return (Said(device=frame.device, what=what),)
    try:
        if frame.msg in LOCKS:
            return (read_lock(frame, device, now_ms),)
        reader = READERS.get(frame.msg)
        if reader is None:
            return (_read_other(frame),)
        return reader(frame, device, now_ms)
    except (IndexError, ValueError, OverflowError) as error:
        return Rejected(reason="body", detail=str(error), device=frame.device)


def _text(raw: bytes, most: int = 200) -> str:
    return plain_text(raw.split(b"\0", 1)[0].decode("gbk", "replace"), most) or ""


def read_location(
    body: bytes, frame: Frame, device: Device | None, now_ms: int, *, backfill: bool = False
) -> tuple[AnyHeard, ...]:
    """A position with its alarms (0x0200)."""
    need(body, LOCATION_BYTES, "a position")
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
    course = int.from_bytes(body[20:22])
    extra: Extra = {
        "ignition": bool(status & 1),
        "alarm_word": f"{word:08x}",
        "status_word": f"{status:08x}",
    }
    if when.ahead or when.at_ms is None:
        extra["clock"] = "ahead" if when.ahead else "unread"
    fix = Fix(
        device=frame.device,
        lon=spot.lon if spot is not None else None,
        lat=spot.lat if spot is not None else None,
        at_ms=when.at_ms,
        speed_mps=round(int.from_bytes(body[18:20]) / 36, 3),
        heading_deg=float(course % 360) if course <= 360 else None,
        altitude_m=float(int.from_bytes(body[16:18], signed=True)),
        valid=why_not is None,
        history=backfill or when.history,
        why_not=why_not,
        battery_pct=battery_of(items),
        extra=extra | tell_items(items, tail),
    )
    press = _Press(frame, when, spot if fix.valid else None, now_ms, backfill=backfill)
    return (fix, *(press.alarm(bit, name) for bit, name in list_alarms(word, items, device)))


class _Press:
    """What all alarms of one position have in common."""

    def __init__(
        self, frame: Frame, when: Stamp, place: Point | None, now_ms: int, *, backfill: bool
    ) -> None:
        unset = when.at_ms is None or when.at_ms < UNSET_BEFORE_MS
        self._frame = frame
        self._place = place
        self._at_ms = None if unset else when.alarm_ms
        self._history = backfill or (when.history and not unset)
        # Without a clock serials alone would name two presses on two days alike.
        self._key = f"{frame.serial}:" + (f"r{now_ms}" if unset else str(when.at_ms))

    def alarm(self, bit: int, name: str) -> Alarm:
        """One bit that is set."""
        return Alarm(
            device=self._frame.device,
            type=INCIDENT_TYPES.get(name),
            code=name,
            key=f"{self._frame.device}:{bit}:{self._key}",
            at_ms=self._at_ms,
            place=self._place,
            history=self._history,
            extra={"bit": bit, "cleared_by_answer": bit in CLEARED_BY_ANSWER},
        )


def _read_position(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    return read_location(frame.body, frame, device, now_ms)


def _read_asked(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0201: the position that was asked for, with the serial of the question."""
    need(frame.body, 2 + LOCATION_BYTES, "an asked position")
    of = str(int.from_bytes(frame.body[:2]))
    answer = Answered(device=frame.device, of=of, reply=Reply.DELIVERED, text="position")
    return (answer, *read_location(frame.body[2:], frame, device, now_ms))


def _read_batch(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0704: several positions; kind 1 are those of a blind area, which are history."""
    body = frame.body
    need(body, 3, "a batch")
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


def _read_short_batch(frame: Frame, device: Device | None, now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0210, a vendor's batch: lengths of one byte, no count; or a battery and a time."""
    body = frame.body
    heard: list[AnyHeard] = []
    if len(body) == SHORT_STATE_BYTES:
        return (Said(device=frame.device, what="0x0210", extra={"battery_pct": body[0]}),)
    at = 0
    while at < len(body):
        size = body[at]
        if at + 1 + size > len(body) or size < LOCATION_BYTES:
            raise ValueError(f"item {len(heard) + 1} is cut off")
        heard += read_location(body[at + 1 : at + 1 + size], frame, device, now_ms)
        at += 1 + size
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
    need(body, 5 + maker + model + own, "a registration")
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
    code = _text(body, LONGEST_CODE)
    if frame.is_2019:
        need(body, 1, "an authentication")
        size = body[0]
        if 1 + size > len(body):
            # Without a length before it, as in the editions before.
            return (SaidHello(device=frame.device, what="authenticate", credential=code),)
        code = _text(body[1 : 1 + size], LONGEST_CODE)
        extra = {"imei": _text(body[1 + size : 16 + size]), "software": _text(body[16 + size :])}
    return (SaidHello(device=frame.device, what="authenticate", credential=code, extra=extra),)


def _read_ack(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0001: the terminal's general answer."""
    need(frame.body, 5, "an answer")
    serial, msg = int.from_bytes(frame.body[:2]), int.from_bytes(frame.body[2:4])
    result = frame.body[4]
    reply = Reply.DELIVERED if result == 0 else Reply.FAILED
    text = f"0x{msg:04X} result {result}"
    return (Answered(device=frame.device, of=str(serial), reply=reply, text=text),)


def _read_choice(frame: Frame, _device: Device | None, _now_ms: int) -> tuple[AnyHeard, ...]:
    """0x0302: which answer of a question was chosen: 1 takes the order, 2 refuses it."""
    need(frame.body, 3, "a choice")
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
    elif frame.msg == 0x6006 and len(frame.body) > 1:
        text = _text(frame.body[1:])
    elif frame.msg == 0x1300 and len(frame.body) > 2:
        text = plain_text(frame.body[2:].decode("utf-16-be", "replace"))
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


READERS = {
    0x0001: _read_ack,
    0x0002: _read_heartbeat,
    0x0100: _read_register,
    0x0102: _read_auth,
    0x0200: _read_position,
    0x0201: _read_asked,
    0x0302: _read_choice,
    0x0210: _read_short_batch,
    0x0704: _read_batch,
    0x0900: read_passed,
}
