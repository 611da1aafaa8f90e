"""MQTT 3.1.1 and 5 as a broker reads and writes it: the few packets the engine's link uses.

Written from the OASIS standards (MQTT 3.1.1, MQTT 5.0, sections 2 and 3), apart from the library
under test. Sans-IO.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14
MESSAGE_EXPIRY = 0x02
RECEIVE_MAXIMUM = 0x21
_U16, _U32 = struct.Struct(">H"), struct.Struct(">I")
_WIDTHS = {0x01: 1, 0x02: 4, 0x23: 2}
_TEXTS = frozenset({0x03, 0x08, 0x09})
_PAIRS = frozenset({0x26})


class Message(NamedTuple):
    """One publish; `expires_s` is the second of the schedule after which nobody wants it."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expires_s: float | None = None


class Packet(NamedTuple):
    """One packet: its kind, the flags of its first byte, and the rest."""

    kind: int
    flags: int
    body: bytes


class Connect(NamedTuple):
    """What a client says first."""

    client: str
    v5: bool
    clean: bool
    keepalive_s: int
    will: Message | None


def split(data: bytes) -> Iterator[Packet]:
    """The packets of whole writes: the library under test writes packet by packet."""
    at = 0
    while at < len(data):
        size, begin = read_varint(data, at + 1)
        yield Packet(data[at] >> 4, data[at] & 0x0F, data[begin : begin + size])
        at = begin + size


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A field with its length in front, and where it ends."""
    (size,) = _U16.unpack_from(data, at)
    return data[at + 2 : at + 2 + size], at + 2 + size


def read_connect(body: bytes) -> Connect:
    """The first packet of a client."""
    _, at = read_bytes(body, 0)
    v5, flags = body[at] == 5, body[at + 1]
    (keepalive_s,) = _U16.unpack_from(body, at + 2)
    at = skip_properties(body, at + 4) if v5 else at + 4
    client, at = read_bytes(body, at)
    will = None
    if flags & 0x04:
        at = skip_properties(body, at) if v5 else at
        topic, at = read_bytes(body, at)
        payload, at = read_bytes(body, at)
        will = Message(topic.decode(), payload, flags >> 3 & 3, bool(flags & 0x20))
    return Connect(client.decode(), v5, bool(flags & 0x02), keepalive_s, will)


def skip_properties(body: bytes, at: int) -> int:
    """Where the properties that begin at `at` end."""
    size, at = read_varint(body, at)
    return at + size


def read_publish(packet: Packet, now_s: float, *, v5: bool) -> tuple[Message, int]:
    """A message and its packet id, 0 for QoS 0."""
    raw, at = read_bytes(packet.body, 0)
    qos, mid = packet.flags >> 1 & 3, 0
    if qos:
        (mid,) = _U16.unpack_from(packet.body, at)
        at += 2
    expires_s = None
    if v5:
        size, at = read_varint(packet.body, at)
        expiry = find_expiry(packet.body[at : at + size])
        expires_s = None if expiry is None else now_s + expiry
        at += size
    message = Message(raw.decode(), packet.body[at:], qos, bool(packet.flags & 1), expires_s)
    return message, mid


def find_expiry(properties: bytes) -> int | None:
    """The message expiry interval in seconds among a publish's properties."""
    at, found = 0, None
    while at < len(properties):
        kind, at = properties[at], at + 1
        if kind == MESSAGE_EXPIRY:
            (found,) = _U32.unpack_from(properties, at)
        if kind in _WIDTHS:
            at += _WIDTHS[kind]
        elif kind in _TEXTS:
            _, at = read_bytes(properties, at)
        elif kind in _PAIRS:
            _, at = read_bytes(properties, at)
            _, at = read_bytes(properties, at)
        else:
            raise ValueError(f"a publish has no property 0x{kind:02x}")
    return found


def read_subscribe(body: bytes, *, v5: bool) -> tuple[int, list[str]]:
    """The packet id and the topic filters."""
    (mid,) = _U16.unpack_from(body, 0)
    at = skip_properties(body, 2) if v5 else 2
    filters = []
    while at < len(body):
        raw, at = read_bytes(body, at)
        filters.append(raw.decode())
        at += 1
    return mid, filters


def read_mid(body: bytes) -> int:
    """The packet id in front of a PUBACK's body."""
    mid: int = _U16.unpack_from(body, 0)[0]
    return mid


def write(kind: int, flags: int, body: bytes) -> bytes:
    """A whole packet."""
    size, length = len(body), bytearray()
    while True:
        size, byte = size >> 7, size & 0x7F
        length.append(byte | (0x80 if size else 0))
        if not size:
            return bytes([kind << 4 | flags]) + bytes(length) + body


def write_connack(*, v5: bool, session_present: bool, receive_maximum: int) -> bytes:
    """Welcome."""
    body = bytes([session_present, 0])
    if v5:
        body += bytes([3, RECEIVE_MAXIMUM]) + _U16.pack(receive_maximum)
    return write(CONNACK, 0, body)


def write_suback(mid: int, count: int, *, v5: bool) -> bytes:
    """All filters granted with QoS 1."""
    return write(SUBACK, 0, _U16.pack(mid) + (b"\0" if v5 else b"") + b"\1" * count)


def write_puback(mid: int) -> bytes:
    """Received."""
    return write(PUBACK, 0, _U16.pack(mid))


def write_publish(message: Message, mid: int, *, dup: bool, v5: bool) -> bytes:
    """A message for a subscriber, with the packet id `mid` when its QoS is 1."""
    topic = message.topic.encode()
    body = _U16.pack(len(topic)) + topic
    if message.qos:
        body += _U16.pack(mid)
    flags = dup << 3 | message.qos << 1 | message.retain
    return write(PUBLISH, flags, body + (b"\0" if v5 else b"") + message.payload)
