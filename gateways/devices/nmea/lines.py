"""NMEA 0183 lines out of a file or a stream."""

import binascii
import re

from gateways.devices.heard import Reading, Rejected
from gateways.devices.nmea.codec import decode
from gateways.devices.nmea.sentence import MAX_LINE
from gateways.devices.registry import Datum, Device

HEX = re.compile(rb"(?:[0-9a-fA-F]{2}\s*){8,}")
SENTENCE = re.compile(rb"[$!][A-Z]{2}|^IMEI|^QZE")
ENDS = re.compile(r"[\r\n]+")
MAX_TOGETHER = 500
"""Sentences of one line of a file, or of one datagram."""
NO_CHECK = "nochecksum"
"""The model of devices that are known to send wrong checksums."""


def decode_line(line: bytes | str, device: Device | None, now_ms: int) -> list[Reading]:
    r"""Sentences as text, parted by `\r\n` written out or not; or the same in hex."""
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    raw = raw.strip()
    if HEX.fullmatch(raw):
        raw = _from_hex(raw)
    text = raw.decode("latin-1").replace("\\r", "\r").replace("\\n", "\n")
    found = [one for one in ENDS.split(text) if one.strip()]
    if len(found) > MAX_TOGETHER:
        return [Rejected(reason="too_long", detail=f"more than {MAX_TOGETHER} sentences")]
    return [read(one, device, now_ms) for one in found]


def _from_hex(raw: bytes) -> bytes:
    """The sentence that is written in hex; a bare number of a tracker is none and stays."""
    found = binascii.unhexlify(b"".join(raw.split()))
    return found if SENTENCE.search(found) else raw


def read(text: str, device: Device | None, now_ms: int) -> Reading:
    """One sentence with a device's settings."""
    datum = Datum.WGS84 if device is None else device.datum
    return decode(text, now_ms, datum, checks_sum=checks_sum(device))


def checks_sum(device: Device | None) -> bool:
    """Whether this device's checksums are to be believed."""
    return device is None or (device.model or "").casefold() != NO_CHECK


class Lines:
    """Cuts a byte stream into lines; of one that does not end, nothing is kept."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._skips = False
        self.too_long = 0

    def feed(self, data: bytes) -> list[str]:
        """The whole lines that `data` completes."""
        found: list[str] = []
        *whole, rest = re.split(rb"[\r\n\x03]", data)
        for piece in whole:
            if not self._skips and len(self._held) + len(piece) <= MAX_LINE:
                line = bytes(self._held + piece).decode("latin-1")
                if line.strip("\x00\x02 "):
                    found.append(line)
            elif not self._skips:
                self.too_long += 1
            self._held.clear()
            self._skips = False
        if not self._skips and len(self._held) + len(rest) <= MAX_LINE:
            self._held += rest
        elif not self._skips:
            self.too_long += 1
            self._skips = True
            self._held.clear()
        return found
