"""`street110 device decode`: what the engine makes of frames, one JSON line each."""

import contextlib
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.heard import Reading, Rejected, Understood
from gateways.devices.registry import Datum, Device, Protocol

MAX_LINE = 1 << 20
"""Bytes of one line that are read; what is longer is rejected without being kept."""
DecodeLine = Callable[[bytes, Device | None, int], list[Reading]]


def decode(
    *,
    protocol: Annotated[Protocol, typer.Argument(help="How the frames are written.")],
    file: Annotated[
        Path | None, typer.Option(help="One frame a line: hex, or text; else standard input.")
    ] = None,
    identity: Annotated[str, typer.Option(help="What the device calls itself.")] = "decode",
    secret: Annotated[str | None, typer.Option(help="Its token, passphrase or key.")] = None,
    model: Annotated[str | None, typer.Option(help="A vendor's own meanings.")] = None,
    utc_offset: Annotated[int | None, typer.Option(help="Minutes ahead of UTC.")] = None,
    datum: Annotated[Datum, typer.Option(help="What coordinates mean.")] = Datum.WGS84,
    now: Annotated[
        str | None, typer.Option(help="Judge times as if it were this ISO 8601 time.")
    ] = None,
) -> None:
    """Print what is understood of each frame, or why not, and what would be answered."""
    try:
        device = msgspec.convert(
            Device(
                protocol=protocol,
                identity=identity,
                kind=ResponderKind.UNIT,
                responder=ResponderId("decode"),
                secret=secret,
                model=model,
                utc_offset_min=utc_offset,
                datum=datum,
            ),
            Device,
            from_attributes=True,
        )
        now_ms = read_now(now)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error)) from error
    read = find_decoder(protocol)
    try:
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(file.open("rb")) if file else sys.stdin.buffer
            for number, line in enumerate(lines_of(source), 1):
                for reading in read_line(read, line, device, now_ms):
                    told = tell(number, protocol, reading)
                    print(json.dumps(told, ensure_ascii=True, default=str), flush=True)
    except OSError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error


def read_now(text: str | None) -> int:
    """UTC epoch milliseconds of an ISO time, or of this moment."""
    if text is None:
        return time.time_ns() // 1_000_000  # noqa: TID251 - a command line's own clock
    when = datetime.fromisoformat(text)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1000)


def find_decoder(protocol: Protocol) -> DecodeLine:
    """The protocol's own reader of lines; only this protocol's libraries are loaded."""
    try:
        module = importlib.import_module(f"gateways.devices.{protocol.value}")
        read: DecodeLine = module.decode_line
    except (ImportError, AttributeError) as error:
        print(f"{protocol.value} cannot be read here: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    return read


def lines_of(source: BinaryIO) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long, the rest of which is skipped."""
    while line := source.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (rest := source.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield None
        else:
            yield line.rstrip(b"\r\n")


def read_line(read: DecodeLine, line: bytes | None, device: Device, now_ms: int) -> list[Reading]:
    """The readings of one line; a decoder's own fault is told, and the next line is read."""
    if line is None:
        return [Rejected(reason="too_long", detail=f"the line has more than {MAX_LINE} bytes")]
    if not line.strip() and device.protocol is not Protocol.OWNTRACKS:
        return [Rejected(reason="empty", detail="the line is empty")]
    try:
        found = read(line, device, now_ms)
    except Exception as error:  # noqa: BLE001 - one line's fault must not hide the lines after it
        return [Rejected(reason="decoder_fault", detail=repr(error))]
    return found or [Rejected(reason="no_frame", detail="no whole frame is in this line")]


def tell(number: int, protocol: Protocol, reading: Reading) -> dict[str, Any]:
    """One reading as what is printed."""
    told: dict[str, Any] = {"frame": number, "protocol": protocol.value}
    match reading:
        case Understood():
            told["understood"] = [with_times(msgspec.to_builtins(one)) for one in reading.heard]
            told["header"] = reading.header
            told |= tell_reply(reading.reply)
            told["after_commit"] = reading.after_commit
        case Rejected():
            told["rejected"] = {"reason": reading.reason, "detail": reading.detail}
            if reading.device is not None:
                told["device"] = reading.device
            told |= tell_reply(reading.reply)
    return told


def with_times(heard: dict[str, Any]) -> dict[str, Any]:
    """The same with every `at_ms` also as a time a person reads."""
    at_ms = heard.get("at_ms")
    if at_ms is not None:
        try:
            when = datetime.fromtimestamp(at_ms / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return heard
        heard["time_utc"] = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return heard


def tell_reply(reply: bytes) -> dict[str, Any]:
    """What would be answered, as hex and, where it can be printed, as text."""
    if not reply:
        return {"reply_hex": None}
    told = {"reply_hex": reply.hex()}
    try:
        text = reply.decode()
    except UnicodeDecodeError:
        return told
    if all(each.isprintable() or each in "\r\n\t" for each in text):
        told["reply_text"] = text
    return told
