"""`street110 mqtt`: the contract as AsyncAPI, and access rules for the broker."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dispatch.district_file import DistrictError, load_district
from gateways.broker import mosquitto_config
from gateways.mqtt.acl import emqx_acl, mosquitto_acl
from gateways.mqtt.asyncapi import render

app = typer.Typer(no_args_is_help=True)


class BrokerKind(StrEnum):
    """Brokers that rules can be written for."""

    MOSQUITTO = "mosquitto"
    EMQX = "emqx"


@app.command()
def asyncapi(
    output: Annotated[Path | None, typer.Option(help="Write this file; without it, print.")] = None,
) -> None:
    """Print the MQTT contract as AsyncAPI 3.0, drawn from the types of the code."""
    if output is None:
        print(render(), end="")
        return
    output.write_text(render(), encoding="utf-8")


@app.command()
def acl(
    district: Annotated[Path, typer.Argument(help="The district's directory.")],
    broker: Annotated[BrokerKind, typer.Option(help="Whose language.")] = BrokerKind.MOSQUITTO,
    engine_user: Annotated[str, typer.Option(help="The engine's user name.")] = "engine",
) -> None:
    """Print the access rules of a district's devices: each reaches its own topics only.

    A device's user name at the broker is its id in the district's book.
    """
    try:
        book = load_district(district)
    except DistrictError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error
    taken = {*(u.id for u in book.units), *(p.id for p in book.posts), *(g.id for g in book.gates)}
    if engine_user in taken:
        raise typer.BadParameter(f"{engine_user} is a device of this district")
    print(
        (mosquitto_acl if broker is BrokerKind.MOSQUITTO else emqx_acl)(book, engine_user), end=""
    )


@app.command()
def conf(
    directory: Annotated[Path, typer.Argument(help="Where the broker keeps its memory.")],
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65_535)] = 1883,
    address: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    passwords: Annotated[Path | None, typer.Option(help="The password file.")] = None,
    rules: Annotated[Path | None, typer.Option(help="The file of `mqtt acl`.")] = None,
) -> None:
    """Print a mosquitto.conf that loses nothing under load."""
    text = mosquitto_config(
        directory, port=port, address=address, password_file=passwords, acl_file=rules
    )
    print(text, end="")
