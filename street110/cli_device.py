"""`street110 device`: enrol devices, take them out again, and read their frames by hand."""

import secrets
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dispatch.district import District
from dispatch.district_file import DistrictError, load_district
from dispatch.words import ResponderId, ResponderKind
from gateways.api.phone_book import is_paired
from gateways.devices.registry import Datum, Device, Protocol, Registry, RegistryError
from street110.cli_device_decode import decode
from street110.cli_device_pair import Pairing, base_url, page_of, pair_page, read_device
from street110.config import ConfigError, load_config
from street110.device_books import book_of, read_unknown

app = typer.Typer(no_args_is_help=True)
app.command()(decode)

SECRET_BYTES = {Protocol.DC09: 32, Protocol.JT808: 8}
"""Hex secrets: an AES-256 key for a panel, a short authentication code for a terminal."""
KINDS = {"unit": ResponderKind.UNIT, "post": ResponderKind.POST, "gate": ResponderKind.GATE}

ConfigOption = Annotated[
    Path | None, typer.Option(help="The engine's TOML file: names its state directory.")
]
StateOption = Annotated[Path, typer.Option(help="The engine's state directory, without --config.")]
SecretOption = Annotated[
    str | None, typer.Option(help="Code, token, passphrase or AES key in hex.")
]
MakeOption = Annotated[bool, typer.Option("--make-secret", help="Make one and print it.")]
OffsetOption = Annotated[
    int | None, typer.Option(help="Minutes ahead of UTC, for clocks in local time.")
]
TestOption = Annotated[int | None, typer.Option(help="Seconds within which a panel must be heard.")]
UrlOption = Annotated[
    str | None, typer.Option(help="For a page: by which address its device reaches the engine.")
]
QrOption = Annotated[
    Path | None, typer.Option(help="For a page: write its QR code here (.svg or .png).")
]
HoursOption = Annotated[
    int, typer.Option(min=1, max=720, help="For a page: how long its code can pair.")
]
IdentityArgument = Annotated[str, typer.Argument(help="What the device calls itself.")]
ProtocolArgument = Annotated[Protocol, typer.Argument(help="How it speaks.")]


class Belongs(StrEnum):
    """What a device can belong to."""

    UNIT = "unit"
    POST = "post"
    GATE = "gate"


@app.command()
def add(
    *,
    protocol: ProtocolArgument,
    identity: IdentityArgument,
    kind: Annotated[Belongs, typer.Argument(help="What it belongs to.")],
    responder: Annotated[str, typer.Argument(help="Its id in the district's book.")],
    config: ConfigOption = None,
    state: StateOption = Path("var"),
    secret: SecretOption = None,
    make_secret: MakeOption = False,
    utc_offset: OffsetOption = None,
    datum: Annotated[Datum, typer.Option(help="What its coordinates mean.")] = Datum.WGS84,
    model: Annotated[str | None, typer.Option(help="A vendor's own meanings.")] = None,
    test_every: TestOption = None,
    url: UrlOption = None,
    qr_file: QrOption = None,
    valid_hours: HoursOption = 24,
) -> None:
    """Enrol a device or replace what was known of it, at once; a page gets a link and QR code."""
    if protocol is Protocol.PAGE:
        if secret is not None or make_secret:
            raise typer.BadParameter("a page is paired by its link; it takes no secret")
        whose = (KINDS[kind.value], ResponderId(responder))
        asked = Pairing(identity=identity, whose=whose, datum=datum, valid_hours=valid_hours)
        check_responder(config, page_of(asked))
        pair_page(_open(config, state), asked, base_url(config, url), qr_file)
        return
    if make_secret and secret is not None:
        raise typer.BadParameter("--secret and --make-secret exclude each other")
    secret = new_secret(protocol) if make_secret else secret
    device = read_device(
        {
            "protocol": protocol.value,
            "identity": identity,
            "kind": KINDS[kind.value],
            "responder": responder,
            "secret": secret,
            "utc_offset_min": utc_offset,
            "datum": datum.value,
            "model": model,
            "test_every_s": test_every,
        }
    )
    check_responder(config, device)
    _open(config, state).put(device)
    print(f"enrolled {protocol.value} {identity} for {kind.value} {responder}")
    if make_secret:
        print(f"secret {secret}")


@app.command(name="list")
def list_(
    *,
    protocol: Annotated[Protocol | None, typer.Argument(help="Only this one.")] = None,
    config: ConfigOption = None,
    state: StateOption = Path("var"),
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Those the running engine refused instead.")
    ] = False,
) -> None:
    """List enrolled devices, or the refused ones with the command that enrols each."""
    book = _open(config, state)
    if unknown:
        for one in read_unknown(book.path):
            if protocol in (None, one.protocol) and not book.find(one.protocol, one.identity):
                print(
                    f"{one.protocol.value} {one.identity!r} from {one.peer}, {one.times} times; "
                    f"street110 device add {one.protocol.value} {quoted(one.identity)} unit ID"
                )
        return
    for device in book.list_of(protocol):
        told = [device.protocol.value, device.identity, device.kind.value, device.responder]
        if device.protocol is Protocol.PAGE:
            told.append("paired" if is_paired(device) else "not-paired")
        else:
            told.append("secret" if device.secret else "no-secret")
        told.append(device.datum.value)
        if device.utc_offset_min is not None:
            told.append(f"utc{device.utc_offset_min:+d}min")
        if device.model is not None:
            told.append(f"model={device.model}")
        if device.test_every_s is not None:
            told.append(f"test-every={device.test_every_s}s")
        print(" ".join(told))


@app.command()
def revoke(
    protocol: ProtocolArgument,
    identity: IdentityArgument,
    config: ConfigOption = None,
    state: StateOption = Path("var"),
) -> None:
    """Take a device out of the book; a running engine refuses it from then on."""
    if not _open(config, state).revoke(protocol, identity):
        print(f"{protocol.value} {identity} is not enrolled", file=sys.stderr)
        raise typer.Exit(1)
    print(f"revoked {protocol.value} {identity}")


def new_secret(protocol: Protocol) -> str:
    """A secret nobody can guess, in the form its protocol can carry."""
    size = SECRET_BYTES.get(protocol)
    return secrets.token_hex(size) if size else secrets.token_urlsafe(24)


def quoted(identity: str) -> str:
    """An identity for a shell; what a stranger called itself is never run."""
    safe = "".join(each if each.isprintable() else "?" for each in identity)
    return "'" + safe.replace("'", "'\\''") + "'"


def check_responder(config: Path | None, device: Device) -> None:
    """Leave with a message when the configuration's district has no such responder."""
    if config is None:
        return
    try:
        district = load_district(Path(load_config(config).district))
    except (ConfigError, DistrictError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
    if device.responder not in ids_of(district, device.kind):
        print(f"{district.id} has no {device.kind.value} {device.responder}", file=sys.stderr)
        raise typer.Exit(1)


def ids_of(district: District, kind: ResponderKind) -> set[ResponderId]:
    """The ids of all responders of a kind."""
    if kind is ResponderKind.UNIT:
        return {ResponderId(one.id) for one in district.units}
    rows = district.posts if kind is ResponderKind.POST else district.gates
    return {ResponderId(one.id) for one in rows}


def _open(config: Path | None, state: Path) -> Registry:
    try:
        if config is not None:
            state = Path(load_config(config).state.directory)
        state.mkdir(parents=True, exist_ok=True)
        return Registry(book_of(state))
    except (ConfigError, RegistryError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
