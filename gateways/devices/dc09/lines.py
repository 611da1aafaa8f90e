"""DC-09 frames out of a file: as text with its LF and CR written out, or in hex."""

import re

from gateways.devices.dc09.codec import decode
from gateways.devices.dc09.frame import MAX_FRAME, from_hex
from gateways.devices.heard import Reading, Rejected
from gateways.devices.registry import Device

HEX = re.compile(rb"(?:[0-9a-fA-F]{2}\s*){8,}")


def decode_line(line: bytes | str, device: Device | None, now_ms: int) -> list[Reading]:
    r"""One frame: hex, or text with `\n` and `\r` written out, real, or left away."""
    raw = line.encode("cp1252", "replace") if isinstance(line, str) else line
    if len(raw) > MAX_FRAME * 4:
        return [Rejected(reason="too_long", detail="longer than any frame")]
    if HEX.fullmatch(raw.strip()):
        found = from_hex("".join(raw.decode().split()))
        return [decode(found or b"", device, now_ms)]
    raw = raw.replace(b"\\n", b"\n").replace(b"\\r", b"\r")
    if b"\n" not in raw:
        raw = b"\n" + raw.strip(b" ")
    if not raw.endswith(b"\r"):
        raw += b"\r"
    return [decode(raw, device, now_ms)]
