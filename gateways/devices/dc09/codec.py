"""One frame of a panel with the settings of its device: what it says, what it gets back."""

import hashlib
import re
from collections.abc import Container

from gateways.devices.dc09 import codes
from gateways.devices.dc09.content import (
    Blocks,
    Event,
    place_of,
    read_cid,
    read_sia,
    take_apart,
)
from gateways.devices.dc09.frame import Frame, Heartbeat, from_hex, parse
from gateways.devices.dc09.write import KEY_SIZES, answer, decrypt, nak
from gateways.devices.heard import (
    Alarm,
    AlarmState,
    AnyHeard,
    KeptAlive,
    Reading,
    Rejected,
    Said,
    Understood,
)
from gateways.devices.registry import Device

AHEAD_MS, BEHIND_MS = 20_000, 40_000
"""How far a panel's stamp may be off (DC-09 5.5.1.9)."""
SAME_FOR_MS = 600_000
"""Frames without a stamp are the same while sequence and content are, for so long."""
READERS = {"SIA-DCS": read_sia, "ADM-CID": read_cid}
ANSWERS = frozenset({"ACK", "NAK", "DUH", "RSP"})
WITH_CR, ANY_CRC = "eldes", "oh"
"""Models: the CRC is over the CR too; the CRC is a constant (Osborne-Hoffman's dialect)."""
PLAIN_START = re.compile(r"[^|\[\]]*\|(.*)", re.DOTALL)


def decode(raw: bytes, device: Device | None, now_ms: int) -> Reading:
    """Understood, or rejected with the reason; a wrong CRC gets no answer (DC-09 5.5.1.2)."""
    frame = parse(raw)
    if isinstance(frame, str):
        return Rejected(reason="malformed", detail=frame)
    if isinstance(frame, Heartbeat):
        return _heartbeat(frame, device)
    key, refused = _admit(frame, device)
    if refused is not None:
        return refused
    rest = _open(frame, key) if frame.encrypted else frame.rest
    if isinstance(rest, Rejected):
        return rest
    blocks = take_apart(rest)
    if blocks is None or (blocks.tail and model_of(device) != ANY_CRC):
        detail = "the data block does not end where it should: another key, or no closing bracket"
        return Rejected(reason="malformed", detail=detail, device=frame.account)
    return _judge(frame, blocks, key, device, now_ms)


def _admit(frame: Frame, device: Device | None) -> tuple[bytes | None, Rejected | None]:
    """The device's key, and why the frame is refused before it is read, if it is."""
    wrong = _wrong_crc(frame, device)
    if wrong is not None:
        return None, wrong
    key, trouble = _key_of(device)
    if trouble is not None:
        return None, Rejected(reason="bad_key", detail=trouble, device=frame.account)
    if key is not None and not frame.encrypted:
        detail = "a device with a key is not served in plain text"
        return None, Rejected(reason="plain_refused", detail=detail, device=frame.account)
    return key, None


def model_of(device: Device | None) -> str:
    """A device's vendor setting in one case."""
    return "" if device is None or device.model is None else device.model.casefold()


def identity_of(frame: Frame, blocks: Blocks) -> str | None:
    """The account: of the envelope, else of the data block."""
    return frame.account or blocks.block_account


def account_of(raw: bytes) -> str | None:
    """The account of a frame before anything is believed of it."""
    frame = parse(raw)
    if isinstance(frame, str):
        return None
    if isinstance(frame, Heartbeat) or frame.account is not None:
        return frame.account
    blocks = take_apart(frame.rest)
    return None if blocks is None else blocks.block_account


def _heartbeat(beat: Heartbeat, device: Device | None) -> Reading:
    if device is not None and device.secret is not None:
        detail = "a device with a key is not served in plain text"
        return Rejected(reason="plain_refused", detail=detail, device=beat.account)
    heard = KeptAlive(device=beat.account, what="heartbeat")
    head = {"dialect": "OH", "receiver": beat.receiver, "line": beat.line, "account": beat.account}
    return Understood(heard=(heard,), reply=b"\x06", header=dict(head))


def _wrong_crc(frame: Frame, device: Device | None) -> Rejected | None:
    model = model_of(device)
    if frame.crc_valid or (model == WITH_CR and frame.crc_with_cr) or model == ANY_CRC:
        return None
    hint = "; it is right with the CR: model eldes" if frame.crc_with_cr else ""
    return Rejected(reason="checksum", detail=f"wrong CRC{hint}", device=frame.account)


def _key_of(device: Device | None) -> tuple[bytes | None, str | None]:
    """The key of a device: hex of 16, 24 or 32 bytes, or as many characters."""
    if device is None or device.secret is None:
        return None, None
    for key in (from_hex(device.secret), device.secret.encode()):
        if key is not None and len(key) in KEY_SIZES:
            return key, None
    return None, "the device's secret is no AES key: 32, 48 or 64 hex digits"


def _open(frame: Frame, key: bytes | None) -> str | Rejected:
    """What an encrypted frame holds after its padding."""
    if key is None:
        detail = "encrypted, and no key is known for this account"
        return Rejected(reason="no_key", detail=detail, device=frame.account)
    sealed = from_hex(frame.rest.strip("\x00 ]"))
    plain = None if sealed is None else decrypt(sealed, key)
    found = None if plain is None else PLAIN_START.fullmatch(plain)
    if found is None:
        detail = "cannot be decrypted: another key, or no whole blocks"
        return Rejected(reason="wrong_key", detail=detail, device=frame.account)
    return found[1]


def _judge(
    frame: Frame, blocks: Blocks, key: bytes | None, device: Device | None, now_ms: int
) -> Reading:
    identity = identity_of(frame, blocks)
    off = blocks.bad_stamp or (
        blocks.at_ms is not None and not now_ms - BEHIND_MS <= blocks.at_ms <= now_ms + AHEAD_MS
    )
    if frame.encrypted and (off or blocks.at_ms is None):
        detail = "an encrypted frame needs a time within -40 s and +20 s of ours"
        return Rejected(reason="time", detail=detail, device=identity, reply=nak(now_ms))
    header = _header(frame, blocks, clock_off=off)
    if frame.token in ANSWERS:
        return Understood(heard=(Said(device=identity, what=frame.token),), header=header)
    held = READERS.get(frame.token)
    heard: tuple[AnyHeard, ...] | None
    if frame.token == "NULL" or (held is not None and not blocks.data):  # noqa: S105 - no secret
        heard = (KeptAlive(device=identity, what="link_test"),)
    else:
        events = None if held is None else held(blocks.data)
        alarms = _alarms(frame, blocks, events or [], identity, now_ms, off=off)
        heard = tuple(alarms) if events else None
    if heard is None or any(name == "K" for name, _ in blocks.extra):
        what = "key_exchange" if heard is not None else "cannot_process"
        reply = answer("DUH", frame, key, now_ms)
        return Understood(heard=(Said(device=identity, what=what),), reply=reply, header=header)
    if device is None and identity is None:
        return Rejected(reason="no_account", detail="the frame names no account")
    reply = answer("ACK", frame, key, now_ms)
    return Understood(heard=heard, reply=reply, after_commit=True, header=header)


def _header(
    frame: Frame, blocks: Blocks, *, clock_off: bool
) -> dict[str, str | int | float | bool | None]:
    return {
        "token": frame.token,
        "seq": frame.seq,
        "receiver": frame.receiver,
        "line": frame.line,
        "account": identity_of(frame, blocks),
        "encrypted": frame.encrypted,
        "crc_valid": frame.crc_valid,
        "length_valid": frame.length_valid,
        "stamp_ms": blocks.at_ms,
        "clock_off": clock_off,
        "xdata": " ".join(f"{name}{value}" for name, value in blocks.extra) or None,
    }


def _alarms(
    frame: Frame,
    blocks: Blocks,
    events: list[Event],
    identity: str | None,
    now_ms: int,
    *,
    off: bool,
) -> list[Alarm]:
    """Each event as an alarm; a stamp outside the window is not used, the receive time is."""
    told = f"{blocks.data}\n{blocks.extra}"
    when = now_ms // SAME_FOR_MS if blocks.at_ms is None else blocks.at_ms
    digest = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    at_ms = None if off or blocks.at_ms is None else min(blocks.at_ms, now_ms)
    return [
        _alarm(
            event,
            blocks,
            device=identity,
            at_ms=at_ms,
            key=f"{frame.seq}/{when}/{digest}/{number}",
        )
        for number, event in enumerate(events)
    ]


def _alarm(
    event: Event, blocks: Blocks, *, device: str | None, at_ms: int | None, key: str
) -> Alarm:
    is_cid = event.code[:1].isdigit()
    if is_cid:
        meaning, ends = codes.CID.get(event.code[1:]), event.code[:1] == "3"
        old = event.code[:1] == "6"
    else:
        meaning, ends = codes.of_sia(event.code)
        old = blocks.data.startswith("O") and blocks.data[1:2].islower()
    user = event.modifiers.get("id") or (event.address if event.is_user else None)
    return Alarm(
        device=device,
        type=None if meaning is None else meaning.type,
        code=event.code,
        key=key,
        state=AlarmState.RESTORED if ends else AlarmState.RAISED,
        silent=meaning is not None and meaning.silent,
        at_ms=at_ms,
        place=place_of(blocks.extra),
        text=event.text,
        zone=None if event.is_user else event.address or None,
        area=event.modifiers.get("ri"),
        user=user,
        history=old,
        extra=dict(event.modifiers),
    )


def fit(type_name: str | None, plans: Container[str]) -> str | None:
    """The incident type, or what the district has in its place."""
    if type_name is None or type_name in plans:
        return type_name
    return next((one for one in codes.INSTEAD.get(type_name, ()) if one in plans), type_name)


def refusal(raw: bytes, device: Device, now_ms: int) -> bytes:
    """DUH for a frame that was understood, and that the engine would not take."""
    frame = parse(raw)
    if not isinstance(frame, Frame):
        return b""
    return answer("DUH", frame, _key_of(device)[0], now_ms)
