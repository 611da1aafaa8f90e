"""Alphabets, long messages and delivery receipts of the short message service.

GSM 7 bit alphabet and user data headers: 3GPP TS 23.038 and TS 23.040 (9.2.3.24.1).
"""

import re
from collections import OrderedDict

import msgspec

from gateways.devices.sms.pdu import (
    MESSAGE_STATE,
    RECEIPTED_ID,
    SAR_REF,
    SAR_SEQ,
    SAR_TOTAL,
    BadPduError,
    Message,
)

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_MORE = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip
ESCAPE = 0x1B
SAFE = frozenset(one for at, one in enumerate(GSM) if ord(one) == at and (at >= 32 or at == 10))
"""Characters with one code in ASCII and in the GSM alphabet: centres differ in which is meant."""
UCS2, LATIN1, DEFAULT, ASCII = 8, 3, 0, 1
UDH, RECEIPT = 0x40, 0x04
ONE_GSM, ONE_UCS2 = 160, 140
PART_GSM, PART_UCS2 = 153, 134
"""Octets of a message, and of a part beside the six of its header (GSM counted in septets)."""
MAX_PARTS = 6
MAX_SENDERS = 500
PARTS_LAST_MS = 3_600_000
RECEIPT_ID = re.compile(rb"(?i)\bid:\s*([^\s]{1,65})")
RECEIPT_STATE = re.compile(rb"(?i)\bstat:\s*([a-z]{2,12})")
STATES = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED",
    5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
DELIVERED = "DELIVRD"
LOST = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})


class Receipt(msgspec.Struct, frozen=True):
    """What became of a message: the ids it may be known by, and the state in seven letters."""

    ids: tuple[str, ...]
    state: str


def from_gsm(codes: bytes) -> str:
    """Text of one code per octet in the GSM alphabet."""
    found: list[str] = []
    escaped = False
    for code in codes:
        if escaped:
            found.append(GSM_MORE.get(code, GSM[code & 0x7F]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            found.append(GSM[code & 0x7F])
    return "".join(found)


def unpack(packed: bytes, count: int | None = None) -> bytes:
    """Septets out of octets; without a count, a last one that is all fill is left out."""
    total = len(packed) * 8 // 7
    bits = int.from_bytes(packed, "little")
    codes = bytes(bits >> (7 * at) & 0x7F for at in range(total if count is None else count))
    if count is None and len(packed) % 7 == 0 and codes.endswith(b"\0"):
        codes = codes[:-1]
    return codes


def read_text(content: bytes, coding: int) -> str:
    """A message's characters; classes and waiting indications of the coding are looked through.

    Raises:
        BadPduError: the alphabet is unknown or the octets are not in it.
    """
    if coding & 0xF0 in {0xD0, 0xF0, 0xC0, 0x10}:
        coding = DEFAULT if not coding & 0x04 else LATIN1
    elif coding & 0xF0 == 0xE0 or coding & 0xCC == 0x08:
        coding = UCS2
    if coding == UCS2:
        if len(content) % 2:
            raise BadPduError("text", "UCS-2 with an odd number of octets")
        return content.decode("utf-16-be", "replace")
    if coding in (LATIN1, 4, 2):
        return content.decode("latin-1")
    if coding in (DEFAULT, ASCII):
        return from_gsm(content) if coding == DEFAULT else content.decode("ascii", "replace")
    raise BadPduError("coding", f"data coding {coding} is not read")


def split_text(text: str, reference: int) -> tuple[int, int, list[bytes]]:
    """Data coding, esm class and the messages that carry a text; more than six parts are cut."""
    if SAFE.issuperset(text):
        whole, size, one, coding = text.encode("ascii"), PART_GSM, ONE_GSM, DEFAULT
    else:
        whole, size, one, coding = text.encode("utf-16-be"), PART_UCS2, ONE_UCS2, UCS2
    if len(whole) <= one:
        return coding, 0, [whole]
    parts: list[bytes] = []
    while whole and len(parts) < MAX_PARTS:
        end = size
        if coding == UCS2 and len(whole) > end and whole[end - 2] & 0xFC == 0xD8:
            end -= 2
        parts.append(whole[:end])
        whole = whole[end:]
    total = len(parts)
    head = [bytes((5, 0, 3, reference & 0xFF, total, at)) for at in range(1, total + 1)]
    return coding, UDH, [one + part for one, part in zip(head, parts, strict=True)]


class Parted(msgspec.Struct, frozen=True):
    """A message without its header: which part of how many it is, `key` naming the whole."""

    content: bytes
    key: str = ""
    number: int = 1
    total: int = 1


def take_header(message: Message) -> Parted:
    """A message's content without its user data header.

    Raises:
        BadPduError: the header is longer than the message, or numbers a part that cannot be.
    """
    content = message.content
    if message.esm_class & UDH:
        size = content[0] + 1 if content else 1
        if size > len(content):
            raise BadPduError("header", "a user data header is longer than its message")
        found = _find_part(content[1:size])
        rest = content[size:]
    else:
        sar = [message.tlvs.get(tag, b"") for tag in (SAR_REF, SAR_TOTAL, SAR_SEQ)]
        found = tuple(int.from_bytes(one) for one in sar) if all(sar) else None
        rest = content
    if found is None:
        return Parted(rest)
    reference, total, number = found
    if not 1 <= number <= total <= 255:
        raise BadPduError("header", f"part {number} of {total}")
    return Parted(rest, f"{message.source}:{reference}:{total}", number, total)


def _find_part(header: bytes) -> tuple[int, ...] | None:
    """Reference, total and number out of information elements 00 and 08."""
    at = 0
    while at + 2 <= len(header):
        kind, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if len(value) < size:
            raise BadPduError("header", "an information element is cut off")
        if kind == 0 and size == 3:
            return value[0], value[1], value[2]
        if kind == 8 and size == 4:
            return int.from_bytes(value[:2]), value[2], value[3]
        at += 2 + size
    return None


class Joiner:
    """Puts long messages together; a bounded number of them may be under way."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[int, dict[int, bytes]]] = OrderedDict()

    def take(self, part: Parted, now_ms: int) -> bytes | None:
        """The whole content once its last part has come."""
        if part.total == 1:
            return part.content
        if part.total > MAX_PARTS:
            raise BadPduError("too_long", f"a message of {part.total} parts")
        since_ms, parts = self._held.pop(part.key, (now_ms, {}))
        if now_ms - since_ms > PARTS_LAST_MS:
            since_ms, parts = now_ms, {}
        parts[part.number] = part.content
        if len(parts) == part.total:
            return b"".join(parts[at] for at in sorted(parts))
        self._held[part.key] = (since_ms, parts)
        while len(self._held) > MAX_SENDERS:
            self._held.popitem(last=False)
        return None

    @property
    def pending(self) -> int:
        """Messages of which parts are missing."""
        return len(self._held)


def read_receipt(message: Message) -> Receipt | None:
    """A delivery receipt (appendix B), from its parameters or from its words; None for a text."""
    if message.esm_class & 0x3C != RECEIPT:
        return None
    raw = message.tlvs.get(RECEIPTED_ID, b"").rstrip(b"\0")
    found = RECEIPT_ID.search(message.content)
    given = (raw, found[1] if found else b"")
    ids = tuple(one.decode() for one in given if one and one.isascii())
    state = message.tlvs.get(MESSAGE_STATE, b"")
    told = RECEIPT_STATE.search(message.content)
    if len(state) == 1:
        word = STATES.get(state[0], "UNKNOWN")
    else:
        word = told[1].decode().upper() if told else "UNKNOWN"
    return Receipt(ids, word)


def id_forms(message_id: str) -> tuple[str, ...]:
    """A message id as centres write it: plain, and one number in decimal or in hex."""
    plain = message_id.strip().lower().lstrip("0") or "0"
    forms = [plain]
    if plain.isdigit():
        forms.append(f"{int(plain):x}")
    if re.fullmatch(r"[0-9a-f]{1,16}", plain):
        forms.append(str(int(plain, 16)))
    return tuple(dict.fromkeys(forms))
