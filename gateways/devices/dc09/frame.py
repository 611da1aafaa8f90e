"""The envelope of ANSI/SIA DC-09: what stands between LF and CR, and whether it is whole."""

import re
from binascii import unhexlify

import msgspec

MAX_FRAME = 2_048
"""Bytes of one frame; panels send a few hundred."""
MAX_HEAD = 12
"""Bytes between LF and the first quote."""
_TABLE = []
for _byte in range(256):
    _sum = _byte
    for _ in range(8):
        _sum = (_sum >> 1) ^ (0xA001 if _sum & 1 else 0)
    _TABLE.append(_sum)
HEX_HEAD = re.compile(rb"([0-9A-Fa-f]{4})([0-9A-Fa-f]{2,4})")
RAW_HEAD = re.compile(rb"(..)([0-9A-Fa-f]{2,4})", re.DOTALL)
BODY = re.compile(
    r'"(?P<star>\*?)(?P<token>[A-Z0-9-]{2,12})"(?P<seq>\d{4})'
    r"(?:R(?P<receiver>[0-9A-Fa-f]{0,6}))?(?:L(?P<line>[0-9A-Fa-f]{0,6}))?"
    r"(?:#(?P<account>[0-9A-Za-z]{1,16})|(?P<bare>A0))?\[(?P<rest>.*)",
    re.DOTALL,
)
NOBODY = re.compile(r'"NAK"(?P<seq>\d{4})R(?P<receiver>0)L(?P<line>0)A0\[(?P<rest>.*)', re.DOTALL)
HEARTBEAT = re.compile(
    rb"SR([0-9]{4})L([0-9]{4}) {4}([0-9A-Z ]{6,16}?) {4}\[ID([0-9A-F]{8})\]\x00*"
)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One envelope; `rest` is all after the first bracket, still encrypted where `encrypted`.

    `receiver` and `line` are None where the panel sends none; an answer echoes both as they are.
    """

    token: str
    seq: str
    encrypted: bool
    receiver: str | None
    line: str | None
    account: str | None
    rest: str
    crc_valid: bool
    crc_with_cr: bool
    length_valid: bool


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """The link test of panels with Osborne-Hoffman's dialect."""

    receiver: str
    line: str
    account: str


def crc16(data: bytes) -> int:
    """CRC-16/ARC: reflected polynomial 8005, begins with 0 (DC-09 5.5.1.2)."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def parse(raw: bytes) -> Frame | Heartbeat | str:
    """One frame with or without its LF and CR; a text says why it is none."""
    whole = raw.endswith(b"\r")
    body = raw.removeprefix(b"\n").removesuffix(b"\r")
    beat = HEARTBEAT.fullmatch(body)
    if beat is not None and whole:
        receiver, line, account = (one.decode() for one in beat.groups()[:3])
        return Heartbeat(receiver=receiver, line=line, account=account.strip())
    quote = body.find(b'"', 4, MAX_HEAD)
    if quote < 0 or len(raw) > MAX_FRAME:
        return "no quote where the token begins" if quote < 0 else "longer than any frame"
    head, message = body[:quote], body[quote:]
    text = message.decode("cp1252", "replace")
    crc, length = _head(head)
    found = NOBODY.fullmatch(text) or BODY.fullmatch(text)
    if length is None or found is None:
        return "not CRC, length, token, sequence, account and bracket"
    part = found.groupdict()
    return Frame(
        token=part.get("token") or "NAK",
        seq=part["seq"],
        encrypted=bool(part.get("star")),
        receiver=part["receiver"],
        line=part["line"],
        account=part.get("account"),
        rest=part["rest"],
        crc_valid=crc == crc16(message),
        crc_with_cr=crc == crc16(message + b"\r"),
        length_valid=length == len(message),
    )


def _head(head: bytes) -> tuple[int, int | None]:
    """CRC and length: four hex digits each; some panels send the CRC as two raw bytes."""
    found = HEX_HEAD.fullmatch(head)
    if found is not None and len(head) >= 7:
        return int(found[1], 16), int(found[2], 16)
    found = RAW_HEAD.fullmatch(head)
    return (int.from_bytes(found[1], "big"), int(found[2], 16)) if found else (0, None)


class Framer:
    """Cuts a TCP stream into frames; of an endless one nothing is kept."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.dropped = 0
        """Bytes outside of frames, and beginnings that never ended."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, each with its LF and CR."""
        found: list[bytes] = []
        self._held += data
        while True:
            start = self._held.find(b"\n")
            if start < 0:
                self._drop(len(self._held))
                return found
            self._drop(start)
            end = self._end()
            if end is None:
                if len(self._held) <= MAX_FRAME:
                    return found
                self._drop(1)
                continue
            found.append(bytes(self._held[: end + 1]))
            del self._held[: end + 1]

    def _end(self) -> int | None:
        """Where the frame ends: a raw CRC may hold a CR, so the first one after the quote."""
        quote = self._held.find(b'"', 1, MAX_HEAD + 1)
        if quote < 0:
            quote = self._held.find(b"\r", MAX_HEAD) if self._held[1:3] == b"SR" else MAX_HEAD
        end = self._held.find(b"\r", max(quote, 0))
        return None if end < 0 else end

    def _drop(self, count: int) -> None:
        self.dropped += count
        del self._held[:count]


def from_hex(text: str) -> bytes | None:
    """Bytes of hex digits in either case; None where they are none."""
    try:
        return unhexlify(text)
    except ValueError:
        return None
