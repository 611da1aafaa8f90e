"""What a TAK client says: positions, 911 alerts, chat and its receipts."""

import binascii
import re
from typing import TypeAlias

from gateways.devices.heard import (
    Alarm,
    AlarmState,
    Answered,
    AnyHeard,
    Fix,
    KeptAlive,
    Reading,
    Rejected,
    Reply,
    Said,
    Understood,
)
from gateways.devices.measures import number, place, plain_text, stamp
from gateways.devices.registry import Datum, Device
from gateways.devices.tak.cot import Event, parse
from gateways.devices.tak.encode import accept_protobuf, pong

ALERTS = {"b-a-o-tbl": "panic", "b-a-o-pan": "panic", "b-a-o-opn": "panic", "b-a-o-c": "panic"}
"""911, ring the bell, in contact, custom. A breached fence (b-a-g) is told and opens nothing."""
CANCELLED = "b-a-o-can"
SUFFIX = "-9-1-1"
RECEIPTS = {"b-t-f-d": Reply.DELIVERED, "b-t-f-r": Reply.READ}
HEX = re.compile(rb"(?:[0-9a-fA-F]{2}\s*){4,}")
Extra: TypeAlias = dict[str, str | int | float | bool]


def decode_line(line: bytes | str, device: Device | None, now_ms: int) -> list[Reading]:
    r"""An event as XML (`\n` may be written) or a frame in hex."""
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    raw = raw.strip()
    if HEX.fullmatch(raw):
        raw = binascii.unhexlify(b"".join(raw.split()))
    elif raw.startswith(b"<"):
        raw = raw.replace(b"\\n", b"\n").replace(b"\\r", b"\r")
    return [decode(raw, now_ms, Datum.WGS84 if device is None else device.datum)]


def decode(frame: bytes, now_ms: int, datum: Datum = Datum.WGS84) -> Reading:
    """One whole frame."""
    event = parse(frame)
    return event if isinstance(event, Rejected) else read(event, now_ms, datum)


def read(event: Event, now_ms: int, datum: Datum) -> Understood:
    """What an event says."""
    header: dict[str, str | int | float | bool | None] = {
        "uid": event.uid,
        "type": event.type,
        "how": event.how,
        "callsign": event.attribute("contact", "callsign"),
        "time_ms": event.time_ms,
        "start_ms": event.start_ms,
        "stale_ms": event.stale_ms,
    }
    reply = b""
    heard: AnyHeard
    if event.type == "a" or event.type.startswith("a-"):
        heard = _fix(event, now_ms, datum)
    elif event.type.startswith("b-a-"):
        heard = _alarm(event, now_ms, datum)
    elif event.type in RECEIPTS:
        receipt = event.attribute("__chatreceipt", "messageId") or event.uid
        heard = Answered(device=sender_of(event), of=receipt[:200], reply=RECEIPTS[event.type])
    elif event.type == "b-t-f":
        heard = _chat(event)
    elif event.type == "t-x-c-t":
        heard, reply = KeptAlive(device=event.uid, what="ping"), pong(now_ms)
    elif event.type == "t-x-takp-q":
        version = event.attribute("TakRequest", "version") or ""
        agreed = version == "1"
        heard = Said(device=event.uid, what=event.type, extra={"version": version[:8]})
        reply = accept_protobuf(now_ms, agreed=agreed)
    else:
        extra: Extra = {"lon": event.lon, "lat": event.lat}
        heard = Said(device=event.uid, what=event.type, text=_remarks(event), extra=extra)
    alarmed = isinstance(heard, Alarm)
    return Understood(heard=(heard,), reply=reply, header=header, after_commit=alarmed)


def sender_of(event: Event) -> str | None:
    """The uid of the device behind an event that has a uid of its own."""
    for tag, name in (("chatgrp", "uid0"), ("link", "uid")):
        if found := event.attribute(tag, name):
            return found[:200]
    parts = event.uid.split(".")
    return parts[1][:200] if parts[0] == "GeoChat" and len(parts) > 2 else None


def _fix(event: Event, now_ms: int, datum: Datum) -> Fix:
    at = stamp(event.start_ms or event.time_ms, now_ms)
    where = place(event.lon, event.lat, datum)
    extra: Extra = {"type": event.type}
    group = event.find("__group")
    for key, value in (
        ("callsign", event.attribute("contact", "callsign")),
        ("group", None if group is None else group.get("name")),
        ("role", None if group is None else group.get("role")),
    ):
        if (text := plain_text(value)) is not None:
            extra[key] = text
    return Fix(
        device=event.uid,
        lon=None if where is None else where.lon,
        lat=None if where is None else where.lat,
        at_ms=at.at_ms,
        speed_mps=number(event.attribute("track", "speed"), 0, 3000),
        heading_deg=number(event.attribute("track", "course"), 0, 360),
        accuracy_m=event.ce_m or None,
        altitude_m=event.hae_m,
        battery_pct=number(event.attribute("status", "battery"), 0, 100),
        valid=where is not None,
        history=at.history,
        why_not=None if where is not None else "0,0 is no place",
        extra=extra,
    )


def _alarm(event: Event, now_ms: int, datum: Datum) -> Alarm:
    at = stamp(event.start_ms or event.time_ms, now_ms)
    emergency = event.find("emergency")
    word = "" if emergency is None else (emergency.get("type") or "")
    ended = event.type == CANCELLED or (
        emergency is not None and (emergency.get("cancel") or "").casefold() == "true"
    )
    return Alarm(
        device=sender_of(event) or event.uid.removesuffix(SUFFIX),
        type="panic" if ended else ALERTS.get(event.type),
        code=plain_text(word) or event.type,
        key=f"{event.uid}:{event.start_ms or event.time_ms or now_ms}",
        state=AlarmState.RESTORED if ended else AlarmState.RAISED,
        at_ms=at.alarm_ms,
        place=place(event.lon, event.lat, datum),
        text=None if emergency is None else plain_text(emergency.text),
        history=at.history,
        extra={"uid": event.uid, "type": event.type},
    )


def _chat(event: Event) -> Said:
    extra: Extra = {}
    for key, tag, name in (
        ("chatroom", "__chat", "chatroom"),
        ("to", "__chat", "id"),
        ("callsign", "__chat", "senderCallsign"),
        ("message_id", "__chat", "messageId"),
    ):
        if (text := plain_text(event.attribute(tag, name))) is not None:
            extra[key] = text
    return Said(device=sender_of(event), what="chat", text=_remarks(event), extra=extra)


def _remarks(event: Event) -> str | None:
    found = event.find("remarks")
    return None if found is None else plain_text("".join(found.itertext()), 2000)
