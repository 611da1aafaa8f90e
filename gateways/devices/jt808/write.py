"""What the platform says in JT/T 808: answers, texts, questions, tracking; whole frames."""

import time
from collections.abc import Sequence

from gateways.devices.jt808.frame import SPLIT, VERSIONED, Frame, escape, xor_of

LONGEST_BODY = 1_023
LONGEST_TEXT = 1_024
"""Bytes of GBK text in 0x8300."""
TEXT_URGENT, TEXT_SHOWN, TEXT_SPOKEN = 0x01, 0x04, 0x08


def write_frame(
    msg: int, phone: bytes, serial: int, body: bytes, *, is_2019: bool = False
) -> bytes:
    """One frame with its flags. Raises ValueError for a body that needs parts."""
    if len(body) > LONGEST_BODY:
        raise ValueError(f"a body of {len(body)} bytes needs parts")
    attributes = len(body) | (VERSIONED if is_2019 else 0)
    head = msg.to_bytes(2) + attributes.to_bytes(2)
    head += (b"\x01" if is_2019 else b"") + phone + (serial & 0xFFFF).to_bytes(2)
    payload = head + body
    return b"\x7e" + escape(payload + bytes((xor_of(payload),))) + b"\x7e"


def answer_general(frame: Frame, serial: int, result: int = 0) -> bytes:
    """0x8001: 0 done, 1 failed, 2 wrong, 3 not supported, 4 alarm confirmed."""
    body = frame.serial.to_bytes(2) + frame.msg.to_bytes(2) + bytes((result,))
    return write_frame(0x8001, frame.phone, serial, body, is_2019=frame.is_2019)


def answer_register(frame: Frame, serial: int, result: int, code: str) -> bytes:
    """0x8100: the authentication code follows only where the result is 0."""
    body = frame.serial.to_bytes(2) + bytes((result,))
    body += code.encode("gbk", "replace") if result == 0 else b""
    return write_frame(0x8100, frame.phone, serial, body, is_2019=frame.is_2019)


def answer_lock(frame: Frame) -> bytes:
    """0x4401, the answer that electronic locks want, with their serial of one byte."""
    body = frame.msg.to_bytes(2) + b"\x00"
    payload = b"\x44\x01" + len(body).to_bytes(2) + frame.phone + b"\x01" + body
    return b"\x7e" + escape(payload + bytes((xor_of(payload),))) + b"\x7e"


def write_parts(
    msg: int, phone: bytes, serial: int, body: bytes, *, is_2019: bool = False
) -> list[bytes]:
    """A message in as many frames as it needs; the serials of its parts follow one another."""
    if len(body) <= LONGEST_BODY:
        return [write_frame(msg, phone, serial, body, is_2019=is_2019)]
    pieces = [body[at : at + LONGEST_BODY] for at in range(0, len(body), LONGEST_BODY)]
    frames = []
    for number, piece in enumerate(pieces, 1):
        attributes = len(piece) | SPLIT | (VERSIONED if is_2019 else 0)
        head = msg.to_bytes(2) + attributes.to_bytes(2)
        head += (b"\x01" if is_2019 else b"") + phone + ((serial + number - 1) & 0xFFFF).to_bytes(2)
        payload = head + len(pieces).to_bytes(2) + number.to_bytes(2) + piece
        frames.append(b"\x7e" + escape(payload + bytes((xor_of(payload),))) + b"\x7e")
    return frames


def write_text(
    phone: bytes, serial: int, text: str, *, is_2019: bool, urgent: bool, spoken: bool
) -> list[bytes]:
    """0x8300: shown, and read aloud where it may be heard; 2019 says that it is a notice."""
    flag = TEXT_SHOWN | (TEXT_SPOKEN if spoken else 0) | (TEXT_URGENT if urgent else 0)
    body = bytes((flag,)) + (b"\x01" if is_2019 else b"") + cut_gbk(text, LONGEST_TEXT)
    return write_parts(0x8300, phone, serial, body, is_2019=is_2019)


def write_question(
    phone: bytes, serial: int, text: str, answers: Sequence[tuple[int, str]], *, is_2019: bool
) -> bytes:
    """0x8302: a question with numbered answers, urgent; what is read aloud is the text before."""
    said = cut_gbk(text, 255)
    body = bytes((TEXT_URGENT, len(said))) + said
    for number, words in answers:
        raw = cut_gbk(words, 60)
        body += bytes((number,)) + len(raw).to_bytes(2) + raw
    return write_frame(0x8302, phone, serial, body, is_2019=is_2019)


def write_tracking(phone: bytes, serial: int, every_s: int, for_s: int, *, is_2019: bool) -> bytes:
    """0x8202: report every so many seconds for a while; 0 ends it."""
    body = every_s.to_bytes(2) + (for_s.to_bytes(4) if every_s else b"")
    return write_frame(0x8202, phone, serial, body, is_2019=is_2019)


def write_confirmation(frame: Frame, serial: int, bits: int) -> bytes:
    """0x8203: a person has seen these alarms; the terminal may clear them."""
    body = frame.serial.to_bytes(2) + bits.to_bytes(4)
    return write_frame(0x8203, frame.phone, serial, body, is_2019=frame.is_2019)


def write_re_request(
    phone: bytes, serial: int, first: int, missing: Sequence[int], *, is_2019: bool
) -> bytes:
    """0x8003: send these parts of a message again; the count has two bytes in 2019."""
    count = len(missing).to_bytes(2 if is_2019 else 1)
    body = first.to_bytes(2) + count + b"".join(part.to_bytes(2) for part in missing)
    return write_frame(0x8003, phone, serial, body, is_2019=is_2019)


def answer_clock(frame: Frame, serial: int, now_ms: int) -> bytes:
    """What time it is, UTC: 0x8004 in BCD (2019), 0x8109 in binary for 0x0109 of some vendors."""
    now = time.gmtime(now_ms / 1000)
    if frame.msg == 0x0109:
        body = now.tm_year.to_bytes(2) + bytes(now[1:6]) + b"\x00"
        return write_frame(0x8109, frame.phone, serial, body, is_2019=frame.is_2019)
    body = bytes.fromhex(time.strftime("%y%m%d%H%M%S", now))
    return write_frame(0x8004, frame.phone, serial, body, is_2019=frame.is_2019)


def cut_gbk(text: str, most: int) -> bytes:
    """As much of a text as fits, never half a character; what GBK lacks becomes a question mark."""
    raw = text.encode("gbk", "replace")
    while len(raw) > most:
        text = text[:-1]
        raw = text.encode("gbk", "replace")
    return raw


__all__ = [
    "answer_clock",
    "answer_general",
    "answer_lock",
    "answer_register",
    "cut_gbk",
    "write_confirmation",
    "write_frame",
    "write_parts",
    "write_question",
    "write_re_request",
    "write_text",
    "write_tracking",
]
