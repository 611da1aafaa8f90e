"""OsmAnd requests out of a file, one a line."""

import binascii
import re

from gateways.devices.heard import Reading, Rejected
from gateways.devices.osmand.codec import BAD, decode, same_secret
from gateways.devices.registry import Datum, Device

HEX = re.compile(rb"(?:[0-9a-fA-F]{2}\s*){8,}")
SHORT = re.compile(r"(GET|POST)\s+(\S+)(?:\s+(.*))?", re.DOTALL)
CONTENT_TYPE = re.compile(r"(application/\S+)\s*(.*)", re.DOTALL)


def decode_line(line: bytes | str, device: Device | None, now_ms: int) -> list[Reading]:
    r"""`GET /?..`, `POST / content-type body`, a bare query, URL or JSON; `\r\n` may be written."""
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    raw = raw.strip()
    if HEX.fullmatch(raw):
        raw = binascii.unhexlify(b"".join(raw.split()))
    text = raw.decode("utf-8", "replace").replace("\\r\\n", "\r\n")
    target, content_type, body = _take_apart(text)
    datum = Datum.WGS84 if device is None else device.datum
    report = decode(target, content_type, body.encode(), now_ms, datum)
    if device is not None and device.secret and not same_secret(report.token, device.secret):
        return [Rejected(reason="token", detail="the token is not the one enrolled", reply=BAD)]
    return [report.reading]


def _take_apart(text: str) -> tuple[str, str, str]:
    """Target, content type and body of a request however it was written down."""
    found = SHORT.match(text)
    if found is None:
        if text.startswith("{"):
            return "/", "application/json", text
        return (text if "?" in text else f"/?{text}"), "", ""
    target, rest = found[2], found[3] or ""
    if rest.startswith("HTTP/"):
        head, _, body = rest.partition("\r\n\r\n")
        kind = re.search(r"(?i)content-type:\s*(\S+)", head)
        return target, kind[1] if kind else "", body
    typed = CONTENT_TYPE.match(rest)
    if typed is not None:
        return target, typed[1], typed[2]
    return target, "application/json" if rest.startswith("{") else "", rest
