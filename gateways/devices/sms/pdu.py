"""SMPP 3.4 protocol data units: a header of 16 bytes, mandatory fields, optional parameters.

Numbers in comments are sections of the Short Message Peer to Peer Protocol Specification v3.4.
"""

import struct
from enum import IntEnum

import msgspec

HEADER = struct.Struct(">IIII")
TLV_HEAD = struct.Struct(">HH")
MAX_PDU = 66 * 1024
"""A message payload may have 64 KiB; nothing longer is read or kept."""
RESPONSE = 0x8000_0000
VERSION = 0x34
MAX_TLVS = 64
RECEIPTED_ID, MESSAGE_STATE, PAYLOAD = 0x001E, 0x0427, 0x0424
SAR_REF, SAR_TOTAL, SAR_SEQ = 0x020C, 0x020E, 0x020F
TLVS_SHOWN = 16


class Command(IntEnum):
    """Command ids (5.1.2.1); a response has the highest bit set."""

    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103


class Status(IntEnum):
    """Command statuses that are given or understood here (5.1.3)."""

    OK = 0x00
    INVALID_LENGTH = 0x02
    INVALID_COMMAND = 0x03
    SYSTEM_ERROR = 0x08
    QUEUE_FULL = 0x14
    THROTTLED = 0x58


class BadPduError(Exception):
    """A unit that cannot be read; `status` is what its sender is told."""

    def __init__(self, reason: str, detail: str, status: Status = Status.INVALID_LENGTH) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.status = status


class Pdu(msgspec.Struct, frozen=True, kw_only=True):
    """One unit as it is on the wire; `body` is what follows the header."""

    command: int
    status: int = 0
    sequence: int = 0
    body: bytes = b""

    def to_bytes(self) -> bytes:
        """The whole unit."""
        size = HEADER.size + len(self.body)
        return HEADER.pack(size, self.command, self.status, self.sequence) + self.body

    def answer(self, status: Status = Status.OK, body: bytes = b"") -> bytes:
        """The response to a request."""
        command = self.command | RESPONSE
        return Pdu(command=command, status=status, sequence=self.sequence, body=body).to_bytes()

    @property
    def name(self) -> str:
        """As the specification calls it."""
        plain = self.command if self.command == RESPONSE else self.command & ~RESPONSE
        try:
            name = Command(plain).name.lower()
        except ValueError:
            return f"0x{self.command:x}"
        return name if plain == self.command else f"{name}_resp"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A submit_sm or deliver_sm (4.4.1, 4.6.1). Validity is relative, `yymmddhhmmss000R`."""

    source: str
    dest: str
    data: bytes
    source_ton: int = 0
    source_npi: int = 0
    dest_ton: int = 0
    dest_npi: int = 0
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    validity: str = ""
    registered: int = 0
    coding: int = 0
    tlvs: dict[int, bytes] = {}

    def to_body(self) -> bytes:
        """What follows the header."""
        head = b"\0" + bytes((self.source_ton, self.source_npi)) + self.source.encode() + b"\0"
        head += bytes((self.dest_ton, self.dest_npi)) + self.dest.encode() + b"\0"
        head += bytes((self.esm_class, self.protocol_id, self.priority)) + b"\0"
        head += self.validity.encode() + b"\0"
        head += bytes((self.registered, 0, self.coding, 0, len(self.data))) + self.data
        return head + b"".join(
            TLV_HEAD.pack(tag, len(value)) + value for tag, value in self.tlvs.items()
        )

    @property
    def content(self) -> bytes:
        """The message, from the payload parameter where the message field is empty."""
        return self.data or self.tlvs.get(PAYLOAD, b"")


class Reader:
    """Reads fields off a body, and never beyond it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self._body) - self.at

    def byte(self) -> int:
        """One octet."""
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """So many octets."""
        if self.left < count:
            raise BadPduError("cut_off", f"{count} bytes wanted, {self.left} left")
        self.at += count
        return self._body[self.at - count : self.at]

    def text(self, most: int) -> str:
        """A C-octet string of at most `most` octets with its end."""
        end = self._body.find(b"\0", self.at, self.at + most)
        if end < 0:
            raise BadPduError("no_nul", f"a text of at most {most} bytes does not end")
        raw = self.take(end - self.at + 1)[:-1]
        if not raw.isascii():
            raise BadPduError("not_ascii", "a text field is not ASCII")
        return raw.decode("ascii")

    def tlvs(self) -> dict[int, bytes]:
        """All optional parameters, the last of equals."""
        found: dict[int, bytes] = {}
        while self.left:
            tag, size = TLV_HEAD.unpack(self.take(TLV_HEAD.size))
            found[tag] = self.take(size)
            if len(found) > MAX_TLVS:
                raise BadPduError("too_many_tlvs", f"more than {MAX_TLVS} optional parameters")
        return found


def read_pdu(raw: bytes) -> Pdu:
    """One whole unit.

    Raises:
        BadPduError: it is cut off or its length is not what it says.
    """
    if len(raw) < HEADER.size:
        raise BadPduError("need_more", f"{len(raw)} bytes are no header")
    size, command, status, sequence = HEADER.unpack(raw[: HEADER.size])
    if size < HEADER.size or size > MAX_PDU:
        raise BadPduError("length", f"a unit cannot have {size} bytes")
    if size != len(raw):
        raise BadPduError("need_more", f"{size} bytes are announced, {len(raw)} here")
    return Pdu(command=command, status=status, sequence=sequence, body=raw[HEADER.size :])


def read_message(body: bytes) -> Message:
    """The body of a submit_sm or deliver_sm."""
    reader = Reader(body)
    reader.text(6)
    source_ton, source_npi, source = reader.byte(), reader.byte(), reader.text(21)
    dest_ton, dest_npi, dest = reader.byte(), reader.byte(), reader.text(21)
    esm_class, protocol_id, priority = reader.byte(), reader.byte(), reader.byte()
    reader.text(17)
    validity = reader.text(17)
    registered, _, coding, _ = reader.take(4)
    data = reader.take(reader.byte())
    return Message(
        source=source,
        dest=dest,
        data=data,
        source_ton=source_ton,
        source_npi=source_npi,
        dest_ton=dest_ton,
        dest_npi=dest_npi,
        esm_class=esm_class,
        protocol_id=protocol_id,
        priority=priority,
        validity=validity,
        registered=registered,
        coding=coding,
        tlvs=reader.tlvs(),
    )


def read_message_id(body: bytes) -> str | None:
    """The id in a submit_sm_resp; None where the centre gave none (an error, 4.4.2)."""
    return Reader(body).text(65) or None if body else None


def bind_body(system_id: str, password: str, system_type: str) -> bytes:
    """The body of a bind_transceiver (4.1.5); any address may be delivered to us."""
    texts = b"".join(one.encode() + b"\0" for one in (system_id, password, system_type))
    return texts + bytes((VERSION, 0, 0)) + b"\0"


class Framer:
    """Cuts a stream into units; one whose length cannot be ends the stream."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.broken: BadPduError | None = None

    @property
    def pending(self) -> int:
        """Bytes of a unit that has not ended."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """The whole units that `data` completes."""
        if self.broken is not None:
            return []
        self._held += data
        found: list[bytes] = []
        while len(self._held) >= HEADER.size:
            size = int.from_bytes(self._held[:4])
            if size < HEADER.size or size > MAX_PDU:
                self.broken = BadPduError("length", f"a unit cannot have {size} bytes")
                self._held.clear()
                break
            if len(self._held) < size:
                break
            found.append(bytes(self._held[:size]))
            del self._held[:size]
        return found
