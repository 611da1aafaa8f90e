"""SMPP units and messages of modems out of a file, in hex."""

import binascii
import re

from gateways.devices.heard import (
    Answered,
    AnyHeard,
    KeptAlive,
    Reading,
    Rejected,
    Reply,
    Said,
    SaidHello,
    Understood,
)
from gateways.devices.registry import Device
from gateways.devices.sms.deliver import read_deliver, read_packed
from gateways.devices.sms.pdu import (
    RESPONSE,
    BadPduError,
    Command,
    Framer,
    Message,
    Pdu,
    Reader,
    Status,
    read_message,
    read_message_id,
    read_pdu,
)
from gateways.devices.sms.text import DELIVERED, LOST, Receipt, read_receipt, read_text, take_header
from gateways.devices.sms.words import read_answer

HEX = re.compile(rb"[0-9a-fA-F]*")
Shown = dict[str, str | int | float | bool | None]
BINDS = frozenset({Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER})
EMPTY = frozenset({Command.ENQUIRE_LINK, Command.UNBIND})


def decode_line(
    line: bytes | str,
    device: Device | None,  # noqa: ARG001 - a number's settings change nothing of a unit
    now_ms: int,  # noqa: ARG001 - the service centre's stamps are told as they are
) -> list[Reading]:
    """SMPP units, one or more; or one SMS-DELIVER of a modem, or bare packed text."""
    raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
    packed = b"".join(raw.split())
    if len(packed) % 2 or not HEX.fullmatch(packed):
        return [Rejected(reason="hex", detail="the line is no even number of hex digits")]
    data = binascii.unhexlify(packed)
    if not data:
        return [Rejected(reason="empty", detail="the line is empty")]
    # The first octet of an SMPP unit's length is nought: none has 16 MiB.
    return [_modem(data)] if data[0] else _units(data)


def _units(data: bytes) -> list[Reading]:
    framer = Framer()
    readings = [understand(one) for one in framer.feed(data)]
    if framer.broken is not None:
        readings.append(_rejected(framer.broken))
    elif framer.pending:
        detail = f"{framer.pending} bytes of a unit that does not end"
        readings.append(Rejected(reason="need_more", detail=detail))
    return readings


def understand(raw: bytes) -> Reading:
    """One whole unit, and what a client answers at once."""
    try:
        pdu = read_pdu(raw)
    except BadPduError as error:
        return _rejected(error)
    header: Shown = {
        "command": pdu.name,
        "command_length": len(raw),
        "command_status": pdu.status,
        "sequence": pdu.sequence,
    }
    try:
        heard, more = _body(pdu)
    except BadPduError as error:
        return _rejected(error, pdu)
    reply = pdu.answer(body=b"\0" if pdu.command == Command.DELIVER_SM else b"")
    asked = pdu.command in {Command.ENQUIRE_LINK, Command.UNBIND, Command.DELIVER_SM}
    return Understood(
        heard=(heard,),
        reply=reply if asked else b"",
        after_commit=pdu.command == Command.DELIVER_SM,
        header=header | more,
    )


def _body(pdu: Pdu) -> tuple[AnyHeard, Shown]:
    plain = pdu.command & ~RESPONSE
    if pdu.command in {Command.SUBMIT_SM, Command.DELIVER_SM}:
        return _message(pdu, read_message(pdu.body))
    if pdu.command == Command.SUBMIT_SM | RESPONSE:
        message_id = read_message_id(pdu.body)
        return Said(what=pdu.name), {"message_id": message_id}
    if plain in BINDS:
        return _bind(pdu)
    if plain in EMPTY:
        if pdu.body:
            raise BadPduError("length", f"{pdu.name} has a body")
        return KeptAlive(what=pdu.name), {}
    if pdu.name.startswith("0x"):
        detail = f"unknown command id 0x{pdu.command:x}"
        raise BadPduError("unknown_command", detail, Status.INVALID_COMMAND)
    return Said(what=pdu.name), {}


def _bind(pdu: Pdu) -> tuple[AnyHeard, Shown]:
    reader = Reader(pdu.body)
    # A refused bind may come back without its name (4.1.2).
    system_id = reader.text(16) if pdu.body else ""
    shown: Shown = {"system_id": system_id}
    if pdu.command & RESPONSE:
        shown |= _shown(reader.tlvs())
        return SaidHello(what=pdu.name), shown
    reader.text(9)
    return SaidHello(device=system_id, what=pdu.name), shown


def _message(pdu: Pdu, message: Message) -> tuple[AnyHeard, Shown]:
    shown: Shown = {
        "source": message.source,
        "source_ton": message.source_ton,
        "source_npi": message.source_npi,
        "dest": message.dest,
        "dest_ton": message.dest_ton,
        "dest_npi": message.dest_npi,
        "esm_class": message.esm_class,
        "data_coding": message.coding,
        "registered_delivery": message.registered,
        "short_message_hex": message.data.hex(),
    }
    if not message.data and message.content:
        shown["text_from_tlv_0x0424_hex"] = message.content.hex()
    shown |= _shown(message.tlvs)
    receipt = read_receipt(message)
    if receipt is not None:
        return _receipt(message.source, receipt), shown
    part = take_header(message)
    text = read_text(part.content, message.coding)
    if part.total > 1:
        shown |= {"part": part.number, "parts": part.total}
    answer = read_answer(text) if pdu.command == Command.DELIVER_SM else None
    if answer is not None and answer[1] is not None:
        return Answered(device=message.source, of=answer[1], reply=answer[0], text=text), shown
    return Said(device=message.source or None, what=pdu.name, text=text), shown


def _receipt(source: str, receipt: Receipt) -> AnyHeard:
    of = receipt.ids[0] if receipt.ids else ""
    if receipt.state in LOST | {DELIVERED}:
        reply = Reply.DELIVERED if receipt.state == DELIVERED else Reply.FAILED
        return Answered(device=source, of=of, reply=reply, text=receipt.state)
    return Said(device=source, what=f"receipt {receipt.state}", text=of)


def _shown(tlvs: dict[int, bytes]) -> Shown:
    return {f"tlv_0x{tag:04x}": value.hex() for tag, value in tlvs.items()}


def _modem(data: bytes) -> Reading:
    """What comes from a modem; packed text only when it is no message."""
    try:
        got = read_deliver(data)
    except BadPduError as error:
        if 0 < data[0] <= 12:
            return _rejected(error)
        try:
            text = read_packed(data)
        except BadPduError as other:
            return _rejected(other)
        return Understood(heard=(Said(what="gsm7", text=text),))
    shown: Shown = {"centre": got.centre, "sent_ms": got.sent_ms, "offset_min": got.offset_min}
    said = Said(device=got.sender, what="sms_deliver", text=got.text)
    return Understood(heard=(said,), header=shown)


def _rejected(error: BadPduError, pdu: Pdu | None = None) -> Rejected:
    """What cannot be read is answered under its own sequence number, unless it is an answer."""
    reply = b""
    if pdu is not None and not pdu.command & RESPONSE:
        nack = Pdu(command=Command.GENERIC_NACK, status=error.status, sequence=pdu.sequence)
        reply = nack.to_bytes()
    return Rejected(reason=error.reason, detail=error.detail, reply=reply)
