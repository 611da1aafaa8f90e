"""OwnTracks messages out of a file, one a line."""

import binascii
import re

import msgspec

from gateways.devices.heard import Reading, Rejected, Understood
from gateways.devices.owntracks.codec import BAD_JSON, decode, identity_of
from gateways.devices.registry import Device

HEX = re.compile(rb"(?:[0-9a-fA-F]{2}\s*){4,}")


def decode_line(line: bytes | str, device: Device | None, now_ms: int) -> list[Reading]:
    """`topic payload`, a payload alone (also in hex), or `{"topic": .., "payload": ..}`."""
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    raw = raw.strip()
    topic, payload = b"", raw
    if HEX.fullmatch(raw):
        payload = binascii.unhexlify(b"".join(raw.split()))
    elif not raw.startswith((b"{", b"[")):
        topic, _, payload = raw.partition(b" ")
    else:
        topic, payload = _unwrap(raw)
    name = topic.decode("utf-8", "replace")
    identity = None
    if name:
        identity = identity_of(name)
        if identity is None:
            return [Rejected(reason="topic", detail="not a topic owntracks/<user>/<device>")]
    reading = decode(payload.strip(), device, now_ms)
    if isinstance(reading, Understood) and name:
        header = {**reading.header, "topic": name, "device": identity}
        return [msgspec.structs.replace(reading, header=header)]
    return [reading]


def _unwrap(raw: bytes) -> tuple[bytes, bytes]:
    """Topic and payload of a wrapped message; a bare payload stays as it is."""
    try:
        body = msgspec.json.decode(raw)
    except BAD_JSON:
        return b"", raw
    if not isinstance(body, dict) or "payload" not in body or "_type" in body:
        return b"", raw
    payload = body["payload"]
    inner = payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)
    return str(body.get("topic") or "").encode(), inner
