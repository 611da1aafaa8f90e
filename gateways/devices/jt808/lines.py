"""JT/T 808 frames out of a file, one or more a line, in hex."""

import binascii
import re

from gateways.devices.heard import Alarm, Reading, Rejected, SaidHello, Understood
from gateways.devices.jt808.body import read_body
from gateways.devices.jt808.frame import LOCKS, Frame, Splitter, read_payload, read_raw
from gateways.devices.jt808.write import answer_clock, answer_general, answer_lock, answer_register
from gateways.devices.registry import Device

HEX = re.compile(rb"[0-9a-fA-F]*")
PLATFORM = 0x8000
ANSWERS = frozenset({0x0001, 0x0104, 0x0201, 0x0302, 0x0701, 0x1300, 0x2070})
"""What a terminal says that is not answered in its turn."""
CLOCKS = frozenset({0x0004, 0x0109})
"""Questions what time it is."""
WANTS_ANSWER = 0x8000
NO_CHECK = frozenset({"nochecksum"})
"""Models that are known to send a wrong check byte."""


def decode_line(line: bytes | str, device: Device | None, now_ms: int) -> list[Reading]:
    """The frames of a line; one that was stored without its escapes is read as such."""
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    packed = b"".join(raw.split())
    if len(packed) % 2 or not HEX.fullmatch(packed):
        return [Rejected(reason="hex", detail="the line is no even number of hex digits")]
    data = binascii.unhexlify(packed)
    splitter = Splitter()
    pieces = splitter.feed(data)
    readings = [read_frame(piece, device, now_ms) for piece in pieces]
    if not pieces or any(isinstance(one, Rejected) for one in readings) or splitter.pending:
        logged = _read_logged(data, device, now_ms)
        if logged is not None:
            return [logged]
    if splitter.pending:
        detail = f"{splitter.pending} bytes of a frame that does not end"
        readings.append(Rejected(reason="cut_off", detail=detail))
    if not readings:
        readings.append(Rejected(reason="no_frame", detail="no flag 7e begins a frame"))
    return readings


def _read_logged(data: bytes, device: Device | None, now_ms: int) -> Reading | None:
    """A frame as some logs keep it: with flags, its escapes undone."""
    if len(data) < 4 or data[0] != 0x7E or data[-1] != 0x7E:
        return None
    frame = read_payload(data[1:-1], check_sum=checks_sum(device))
    if isinstance(frame, Rejected):
        return None
    return understand(frame, device, now_ms, framing="unescaped-log")


def read_frame(raw: bytes, device: Device | None, now_ms: int) -> Reading:
    """One frame as it came between its flags."""
    frame = read_raw(raw, check_sum=checks_sum(device))
    if isinstance(frame, Rejected):
        return frame
    return understand(frame, device, now_ms)


def checks_sum(device: Device | None) -> bool:
    """Whether this device's check byte is to be believed."""
    return device is None or (device.model or "").casefold() not in NO_CHECK


def understand(frame: Frame, device: Device | None, now_ms: int, framing: str = "wire") -> Reading:
    """What a checked frame says, and what is answered."""
    heard = read_body(frame, device, now_ms)
    if isinstance(heard, Rejected):
        return Rejected(
            reason=heard.reason,
            detail=heard.detail,
            device=frame.device,
            reply=answer_general(frame, 0, 2) if frame.msg < PLATFORM else b"",
        )
    code = code_of(frame, device)
    alarms = [one for one in heard if isinstance(one, Alarm)]
    return Understood(
        heard=heard,
        reply=answer(frame, heard, code, now_ms),
        after_commit=any(one.type is not None and not one.history for one in alarms),
        header=frame.header | {"framing": framing},
    )


def code_of(frame: Frame, device: Device | None) -> str:
    """The authentication code: the book's, else the terminal's own number."""
    if device is not None and device.secret:
        return device.secret
    digits = frame.phone.hex()
    return digits if digits.isdigit() else frame.device


def answer(frame: Frame, heard: tuple[object, ...], code: str, now_ms: int) -> bytes:
    """What the platform answers at once; nothing to an answer, nor to its own messages."""
    if frame.msg >= PLATFORM or frame.msg in ANSWERS:
        return b""
    if frame.msg in LOCKS:
        return answer_lock(frame) if frame.attributes & WANTS_ANSWER else b""
    if any(isinstance(one, SaidHello) and one.what == "register" for one in heard):
        return answer_register(frame, 0, 0, code)
    if frame.msg in CLOCKS:
        return answer_clock(frame, 0, now_ms)
    return answer_general(frame, 0)
