"""`street110 user`: who may use the console, in which role, for which areas."""

import os
import re
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from msgspec.structs import replace

from dispatch.words import AreaId
from gateways.api.access_log import ACCESS_FILE, Access, AccessLog
from gateways.api.openapi import render
from gateways.api.users import (
    USERS_FILE,
    Passwords,
    Role,
    Tongue,
    User,
    UserBook,
    UserBookError,
    make_password,
    with_password,
)
from street110.config import ConfigError, load_config

app = typer.Typer(no_args_is_help=True)

ConfigOption = Annotated[
    Path | None, typer.Option(help="The engine's TOML file: names its state directory.")
]
StateOption = Annotated[Path, typer.Option(help="The engine's state directory, without --config.")]
NameArgument = Annotated[str, typer.Argument(help="1 to 32 letters, digits, _ or -.")]
MakeOption = Annotated[bool, typer.Option("--make-password", help="Make one and print it.")]


@app.command()
def add(
    name: NameArgument,
    *,
    role: Annotated[Role, typer.Option(help="What he is there for.")] = Role.OPERATOR,
    area: Annotated[
        list[str] | None, typer.Option(help="Id of an area he is confined to; may be repeated.")
    ] = None,
    language: Annotated[str, typer.Option(help="zh or en")] = "zh",
    config: ConfigOption = None,
    state: StateOption = Path("var"),
    make: MakeOption = False,
) -> None:
    """Add a user; a running engine knows him at once. The password is asked for, or made."""
    book = _open(config, state)
    if book.find(name) is not None:
        _stop(f"{name} is in the book already; see `street110 user passwd`")
    tongue: Tongue = "en" if language == "en" else "zh"
    if language not in {"zh", "en"} or not _is_name(name):
        _stop("a name is 1 to 32 letters, digits, _ or -; a language is zh or en")
    areas = tuple(AreaId(one) for one in area or ())
    user = User(name=name, role=role, areas=areas, language=tongue)
    _put(book, _with_password(user, make=make), "user_added", f"{role} {' '.join(areas)}")


@app.command(name="list")
def list_users(config: ConfigOption = None, state: StateOption = Path("var")) -> None:
    """List users: name, role, areas (* for the whole district), language."""
    for user in _open(config, state).list_all():
        areas = ",".join(user.areas) or "*"
        print(user.name, user.role, areas, user.language, "disabled" if user.disabled else "")


@app.command()
def passwd(
    name: NameArgument,
    *,
    config: ConfigOption = None,
    state: StateOption = Path("var"),
    make: MakeOption = False,
) -> None:
    """Give a user another password; his sessions end."""
    book = _open(config, state)
    _put(book, _with_password(_get(book, name), make=make), "password_changed")


@app.command()
def disable(
    name: NameArgument, config: ConfigOption = None, state: StateOption = Path("var")
) -> None:
    """Shut a user out; his sessions end."""
    book = _open(config, state)
    _put(book, replace(_get(book, name), disabled=True), "user_disabled")


@app.command()
def enable(
    name: NameArgument, config: ConfigOption = None, state: StateOption = Path("var")
) -> None:
    """Let a user in again."""
    book = _open(config, state)
    _put(book, replace(_get(book, name), disabled=False), "user_enabled")


def openapi(
    output: Annotated[Path | None, typer.Option(help="Write this file; without it, print.")] = None,
) -> None:
    """Print the operators' HTTP interface as OpenAPI 3.1, drawn from the types of the code."""
    if output is None:
        print(render(), end="")
        return
    output.write_text(render(), encoding="utf-8")


def _is_name(name: str) -> bool:
    return re.fullmatch("[A-Za-z0-9_-]{1,32}", name) is not None


def _with_password(user: User, *, make: bool) -> User:
    """The user with a password that is made and printed, or asked for twice."""
    if make:
        password = make_password()
        print(f"password of {user.name}: {password}")
    else:
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    try:
        return with_password(user, Passwords(), password)
    except ValueError as error:
        _stop(str(error))


def _get(book: UserBook, name: str) -> User:
    user = book.find(name)
    if user is None:
        _stop(f"{name} is not in the book")
    return user


def _put(book: UserBook, user: User, what: str, detail: str = "") -> None:
    book.put(user)
    by = f"shell/{os.environ.get('USER', '')}"
    now_ms = time.time_ns() // 1_000_000  # noqa: TID251  # the shell's clock; no engine runs here
    line = Access(at_ms=now_ms, what=what, name=user.name, by=by, detail=detail.strip())
    AccessLog(book.path.with_name(ACCESS_FILE)).write(line)
    print(f"{what.replace('_', ' ')}: {user.name}")


def _stop(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    raise typer.Exit(1)


def _open(config: Path | None, state: Path) -> UserBook:
    try:
        if config is not None:
            state = Path(load_config(config).state.directory)
        state.mkdir(parents=True, exist_ok=True)
        return UserBook(state / USERS_FILE)
    except (ConfigError, UserBookError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from error
