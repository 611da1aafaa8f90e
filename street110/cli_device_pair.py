"""Pairing a page from the command line: the one-time link, as text and as a QR code."""

import time
from pathlib import Path

import msgspec
import segno
import typer

from dispatch.words import ResponderId, ResponderKind
from gateways.api.phone_book import PhoneBook, link_of
from gateways.devices.registry import Datum, Device, Protocol, Registry
from street110.config import load_config

HOUR_MS = 3_600_000
QR_SCALE = 8


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """A page to be enrolled: what it is called, whose it is, and how long its code lives."""

    identity: str
    whose: tuple[ResponderKind, ResponderId]
    datum: Datum
    valid_hours: int


def read_device(row: dict[str, object]) -> Device:
    """A device from what was typed.

    Raises:
        typer.BadParameter: a field is not what it may be.
    """
    try:
        return msgspec.convert(row, Device)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from error


def page_of(asked: Pairing) -> Device:
    """The device as it will stand in the book, without its secret.

    Raises:
        typer.BadParameter: the identity is empty or too long.
    """
    row: dict[str, object] = {"protocol": Protocol.PAGE, "identity": asked.identity}
    row |= {"kind": asked.whose[0], "responder": asked.whose[1], "datum": asked.datum}
    return read_device(row)


def base_url(config: Path | None, url: str | None) -> str:
    """The address that a device opens: as told, or as the configuration has it."""
    if url is not None:
        return url
    if config is None:
        return "http://127.0.0.1:8110"
    http = load_config(config).http
    if http.behind_proxy and http.hosts:
        return f"https://{http.hosts[0]}"
    return f"http://{http.hosts[0] if http.hosts else http.host}:{http.port}"


def pair_page(registry: Registry, asked: Pairing, base: str, qr_file: Path | None) -> None:
    """Enrol a page and print its link, with a QR code for the device's camera."""
    page_of(asked)
    now_ms = time.time_ns() // 1_000_000  # noqa: TID251  # a command line has no other clock
    lives_ms = asked.valid_hours * HOUR_MS
    book = PhoneBook(registry)
    code = book.enrol(asked.identity, asked.whose, now_ms, lives_ms=lives_ms, datum=asked.datum)
    link = link_of(base, code)
    print(f"enrolled page {asked.identity} for {asked.whose[0]} {asked.whose[1]}")
    print(f"open once on the device within {asked.valid_hours} h: {link}")
    qr = segno.make(link, error="m")
    if qr_file is None:
        qr.terminal(compact=True)
    else:
        qr.save(str(qr_file), scale=QR_SCALE)
        print(f"QR code in {qr_file}")
