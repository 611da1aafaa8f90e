"""What TAK clients are sent: orders as chat, units and incidents as markers, handshakes."""

from xml.etree.ElementTree import Element, SubElement, tostring

import takproto  # type: ignore[import-untyped]  # has no types

from dispatch.model import Incident, Order
from gateways.devices.tak.cot import UNKNOWN, write_time
from geo.types import Point, Position

CENTRE = "street110"
"""The uid and callsign under which the centre writes."""
NOWHERE = Point(0.0, 0.0)
LASTS_MS = 60_000
ROLE_TYPES = {"incident": "b-m-p-s-m", "unit": "a-f-G-U-C"}


def _event(uid: str, kind: str, where: Point, now_ms: int, lasts_ms: int = LASTS_MS) -> Element:
    event = Element(
        "event",
        version="2.0",
        uid=uid,
        type=kind,
        how="h-g-i-g-o",
        time=write_time(now_ms),
        start=write_time(now_ms),
        stale=write_time(now_ms + lasts_ms),
    )
    unknown = str(UNKNOWN)
    SubElement(
        event,
        "point",
        lat=f"{where.lat:.7f}",
        lon=f"{where.lon:.7f}",
        hae=unknown,
        ce=unknown,
        le=unknown,
    )
    return event


def chat(message_id: str, text: str, to: tuple[str, str], now_ms: int, expires_ms: int) -> bytes:
    """A GeoChat message to one client, by uid and callsign; its receipts name `message_id`.

    `<__chat>` and `<remarks>` are set as ATAK sets them between two contacts.
    """
    uid, callsign = to
    lasts_ms = max(LASTS_MS, expires_ms - now_ms)
    event = _event(f"GeoChat.{CENTRE}.{uid}.{message_id}", "b-t-f", NOWHERE, now_ms, lasts_ms)
    detail = SubElement(event, "detail")
    talk = SubElement(
        detail,
        "__chat",
        groupOwner="false",
        messageId=message_id,
        chatroom=callsign,
        id=uid,
        senderCallsign=CENTRE,
    )
    talk.set("parent", "RootContactGroup")
    SubElement(talk, "chatgrp", uid0=CENTRE, uid1=uid, id=uid)
    SubElement(detail, "link", uid=CENTRE, type="a-f-G-U-C", relation="p-p")
    remarks = SubElement(
        detail, "remarks", source=f"BAO.F.{CENTRE}", to=uid, time=write_time(now_ms)
    )
    remarks.text = " / ".join(text.splitlines())
    SubElement(SubElement(detail, "marti"), "dest", callsign=callsign)
    return bytes(tostring(event, encoding="utf-8"))


def order_text(order: Order) -> str:
    """An order in the words of the trade, both languages, with how to answer."""
    parts = [f"[{order.incident}] {order.type} P{order.priority} {order.role.value}"]
    parts.append(order.place_name)
    parts.append(f"{order.place.lat:.5f},{order.place.lon:.5f}")
    if order.eta_s is not None:
        parts.append(f"ETA {order.eta_s:.0f} s")
    if order.text:
        parts.append(order.text)
    parts.append("回复1接受/2拒绝 reply 1 accept, 2 refuse")
    return "; ".join(parts)


def incident_marker(incident: Incident, now_ms: int) -> bytes:
    """An open incident as a spot on the map."""
    event = _event(f"{CENTRE}-{incident.id}", ROLE_TYPES["incident"], incident.place, now_ms)
    detail = SubElement(event, "detail")
    SubElement(detail, "contact", callsign=f"{incident.id} {incident.type}")
    SubElement(detail, "remarks").text = f"P{incident.priority} {incident.place_name}"
    SubElement(detail, "color", argb="-65536")
    return bytes(tostring(event, encoding="utf-8"))


def unit_marker(unit: str, position: Position, now_ms: int) -> bytes:
    """A unit where it was last heard."""
    where = Point(position.lon, position.lat)
    event = _event(f"{CENTRE}-{unit}", ROLE_TYPES["unit"], where, now_ms)
    detail = SubElement(event, "detail")
    SubElement(detail, "contact", callsign=unit)
    return bytes(tostring(event, encoding="utf-8"))


def remove(uid: str, now_ms: int) -> bytes:
    """Take a marker of ours off the map."""
    event = _event(f"{CENTRE}-remove-{uid}", "t-x-d-d", NOWHERE, now_ms)
    link = SubElement(event, "detail")
    SubElement(link, "link", uid=f"{CENTRE}-{uid}", relation="none", type="none")
    SubElement(link, "__forcedelete")
    return bytes(tostring(event, encoding="utf-8"))


def offer_protobuf(now_ms: int) -> bytes:
    """The first words of a server: version 1 of the TAK protocol is spoken here."""
    event = _event(f"{CENTRE}-takp", "t-x-takp-v", NOWHERE, now_ms)
    control = SubElement(SubElement(event, "detail"), "TakControl")
    SubElement(control, "TakProtocolSupport", version="1")
    return bytes(tostring(event, encoding="utf-8"))


def accept_protobuf(now_ms: int, *, agreed: bool) -> bytes:
    """The answer to a client that asks for protobuf; after a yes both sides speak it."""
    event = _event(f"{CENTRE}-takp", "t-x-takp-r", NOWHERE, now_ms)
    control = SubElement(SubElement(event, "detail"), "TakControl")
    SubElement(control, "TakResponse", status="true" if agreed else "false")
    return bytes(tostring(event, encoding="utf-8"))


def pong(now_ms: int) -> bytes:
    """The answer to a ping."""
    event = _event("takPong", "t-x-c-t-r", NOWHERE, now_ms)
    return bytes(tostring(event, encoding="utf-8"))


def as_protobuf(xml: bytes) -> bytes:
    """The same event in the protobuf stream's form."""
    return bytes(takproto.xml2proto(xml.decode(), takproto.TAKProtoVer.STREAM))
