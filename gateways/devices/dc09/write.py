"""Frames as the standard writes them: what a receiver answers, and what a panel would send."""

import os
from datetime import UTC, datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateways.devices.dc09.frame import Frame, crc16

BLOCK = 16
PAD_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY_SIZES = (16, 24, 32)


def stamp_of(at_ms: int) -> str:
    """`_HH:MM:SS,MM-DD-YYYY` of UTC epoch ms (DC-09 5.5.1.9)."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("_%H:%M:%S,%m-%d-%Y")


def wrap(body: str) -> bytes:
    """LF, CRC, length, body, CR."""
    raw = body.encode("cp1252", "replace")
    return b"\n%04X%04X%s\r" % (crc16(raw), len(raw), raw)


def encrypt(plain: str, key: bytes) -> str:
    """AES-CBC with a zero vector, in hex; `plain` begins at the bar, padding goes before it."""
    raw = plain.encode("cp1252", "replace")
    short = -len(raw) % BLOCK or BLOCK
    pad = "".join(PAD_LETTERS[one % len(PAD_LETTERS)] for one in os.urandom(short)).encode()
    made = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).encryptor()
    return (made.update(pad + raw) + made.finalize()).hex().upper()


def decrypt(sealed: bytes, key: bytes) -> str | None:
    """What was encrypted, padding included; None when it is not whole blocks."""
    if not sealed or len(sealed) % BLOCK or len(key) not in KEY_SIZES:
        return None
    made = Cipher(algorithms.AES(key), modes.CBC(bytes(BLOCK))).decryptor()
    return (made.update(sealed) + made.finalize()).decode("cp1252", "replace")


def message(
    token: str,
    seq: str,
    address: str,
    content: str,
    *,
    key: bytes | None = None,
    at_ms: int | None = None,
) -> bytes:
    """A frame; `address` is receiver, line and account as written, `content` the data block."""
    stamp = "" if at_ms is None else stamp_of(at_ms)
    if key is None:
        return wrap(f'"{token}"{seq}{address}[{content}]{stamp}')
    return wrap(f'"*{token}"{seq}{address}[{encrypt(f"|{content}]{stamp}", key)}')


def answer(token: str, frame: Frame, key: bytes | None, now_ms: int) -> bytes:
    """ACK or DUH: sequence, receiver, line and account go back as they came."""
    address = "" if frame.receiver is None else f"R{frame.receiver}"
    address += "" if frame.line is None else f"L{frame.line}"
    address += "" if frame.account is None else f"#{frame.account}"
    sealed = key if frame.encrypted else None
    at_ms = now_ms if sealed is not None else None
    return message(token, frame.seq, address, "", key=sealed, at_ms=at_ms)


def nak(now_ms: int) -> bytes:
    """NAK with our time, by which the panel sets its clock (DC-09 5.5.2.3); never encrypted."""
    return wrap(f'"NAK"0000R0L0A0[]{stamp_of(now_ms)}')
