"""The frame of JT/T 808 (4.4): flags, escapes, header and check byte; and streams of frames.

A frame is `7e | header | body | xor | 7e`; within it 7e is written 7d 02 and 7d is 7d 01, the
check byte included. The check byte alone can be right by chance, so the length field must be too.
"""

import msgspec

from gateways.devices.heard import Rejected

MARK = 0x7D
MEANT = {b"\x01": b"\x7d", b"\x02": b"\x7e"}
"""What follows a mark, and what both stand for."""
MOST_FRAME = 4_400
"""A body of 1 023 bytes with everything escaped, twice over; what is longer is no frame."""
VERSIONED = 0x4000
SPLIT = 0x2000
ENCRYPTED = 0x1C00
LENGTH = 0x03FF
PASSED = 0x0900
LOCKS = frozenset({0x5501, 0x5502})
"""Messages of electronic locks: their serial has one byte."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame, checked. `phone` are the terminal's id bytes; part `number` of `total`."""

    msg: int
    attributes: int
    phone: bytes
    serial: int
    body: bytes
    is_2019: bool = False
    total: int = 1
    number: int = 1
    unescaped: bool = False

    @property
    def device(self) -> str:
        """What the terminal calls itself: digits; a packed IMEI gets its check digit back."""
        digits = self.phone.hex()
        if digits.isdigit():
            return digits.lstrip("0") or "0"
        imei = str(int.from_bytes(self.phone))
        return imei + luhn(imei)

    @property
    def header(self) -> dict[str, str | int | float | bool | None]:
        """What is told of the header when a person looks at it."""
        return {
            "msg_id": f"0x{self.msg:04X}",
            "body_len": len(self.body),
            "version_2019": self.is_2019,
            "subpackaged": self.total > 1,
            "terminal_id_bcd": self.phone.hex(),
            "serial": self.serial,
            "sub_total": self.total,
            "sub_no": self.number,
            "framing": "unescaped-log" if self.unescaped else "wire",
        }


def luhn(digits: str) -> str:
    """The check digit of a row of digits (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def xor_of(payload: bytes) -> int:
    """The check byte: all bytes of header and body, exclusive or."""
    found = 0
    for byte in payload:
        found ^= byte
    return found


def escape(payload: bytes) -> bytes:
    """Header, body and check byte as they go over the wire, without the flags."""
    return payload.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def unescape(raw: bytes) -> bytes | None:
    """What was between two flags; None where an escape is none."""
    if MARK not in raw:
        return raw
    first, *pieces = raw.split(b"\x7d")
    out = [first]
    for piece in pieces:
        meant = MEANT.get(piece[:1])
        if meant is None:
            return None
        out += (meant, piece[1:])
    return b"".join(out)


def read_payload(  # noqa: PLR0911  # one refusal for each thing that can be wrong
    payload: bytes, *, check_sum: bool = True
) -> Frame | Rejected:
    """A frame out of what was between the flags, unescaped."""
    if len(payload) < 11:
        return Rejected(reason="short", detail=f"{len(payload)} bytes hold no header")
    if check_sum and xor_of(payload) != 0:
        return Rejected(reason="checksum", detail="the check byte is wrong")
    msg, attributes = int.from_bytes(payload[:2]), int.from_bytes(payload[2:4])
    is_2019 = bool(attributes & VERSIONED) and msg not in LOCKS
    start = 5 if is_2019 else 4
    ends = start + (10 if is_2019 else 6)
    serial_size = 1 if msg in LOCKS else 2
    body_at = ends + serial_size
    split = bool(attributes & SPLIT) and msg not in LOCKS
    body_at += 4 if split else 0
    if len(payload) < body_at + 1:
        return Rejected(reason="short", detail="the header is cut off")
    body = payload[body_at:-1]
    length = attributes & LENGTH
    # A vendor's length counts the whole frame with its flags, in what it passes through.
    if length != len(body) and not (msg == PASSED and length == len(payload) + 2):
        detail = f"the header says {length} bytes of body, there are {len(body)}"
        return Rejected(reason="length", detail=detail)
    if attributes & ENCRYPTED and msg not in LOCKS:
        return Rejected(reason="encrypted", detail="the body is encrypted; no key is known")
    total, number = 1, 1
    if split:
        total = int.from_bytes(payload[body_at - 4 : body_at - 2])
        number = int.from_bytes(payload[body_at - 2 : body_at])
        if not 1 <= number <= total:
            return Rejected(reason="parts", detail=f"part {number} of {total}")
    return Frame(
        msg=msg,
        attributes=attributes,
        phone=payload[start:ends],
        serial=int.from_bytes(payload[ends : ends + serial_size]),
        body=body,
        is_2019=is_2019,
        total=total,
        number=number,
    )


def read_raw(raw: bytes, *, check_sum: bool = True) -> Frame | Rejected:
    """A frame out of the bytes between two flags, as they came over the wire."""
    payload = unescape(raw)
    if payload is None:
        return Rejected(reason="escape", detail="7d is followed by neither 01 nor 02")
    return read_payload(payload, check_sum=check_sum)


class Splitter:
    """Cuts a stream at its flags; keeps no more than one frame can be long."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._inside = False
        self.junk = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The bytes between flags of all frames that are whole now."""
        found: list[bytes] = []
        for part, last in _parts(data):
            if self._inside:
                self._kept += part
                if len(self._kept) > MOST_FRAME:
                    self.junk += len(self._kept)
                    self._kept.clear()
                    self._inside = False
            else:
                self.junk += len(part)
            if last:
                continue
            if self._inside and self._kept:
                found.append(bytes(self._kept))
            # Whatever lies between two flags may be a frame: one flag that was lost, or that two
            # frames share, costs no more than the frame it belonged to.
            self._inside = True
            self._kept.clear()
        return found

    @property
    def pending(self) -> int:
        """Bytes of a frame that has begun and not ended."""
        return len(self._kept)


def _parts(data: bytes) -> list[tuple[bytes, bool]]:
    """Pieces between flags; the last is not yet ended by one."""
    pieces = data.split(b"\x7e")
    return [(piece, place == len(pieces) - 1) for place, piece in enumerate(pieces)]
