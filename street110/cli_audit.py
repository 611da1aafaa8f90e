"""`street110 journal search`, `muster report` and `exchange`: what the record says to others."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from dispatch.board import Board
from dispatch.events import NoticeSent
from dispatch.events_case import CallRead
from dispatch.explain import clock_of
from dispatch.journal_file import JournalError, JournalReader
from dispatch.model import Notice
from dispatch.muster import Call, Rules, measure, weigh
from dispatch.muster_report import as_csv, as_text, table
from dispatch.ports import Record
from dispatch.snapshot import rebuild
from dispatch.words import CallKind, IncidentId, ResponderId
from gateways.exchange.cap import write_cap
from gateways.exchange.door import outgoing_of
from gateways.exchange.eido import write_eido
from street110.cli_journal import JournalFile, parse_time, stop

muster_app = typer.Typer(no_args_is_help=True)
exchange_app = typer.Typer(no_args_is_help=True)
out = Console()


def search(
    file: JournalFile,
    *,
    who: Annotated[str, typer.Option(help="Part of who did it: operator/wang, unit/U012.")] = "",
    what: Annotated[str, typer.Option(help="A kind of command or fact: plate_checked.")] = "",
    text: Annotated[str, typer.Option(help="Any text within the record: a plate, an id.")] = "",
    since: Annotated[str | None, typer.Option(help="ISO time or epoch ms.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO time or epoch ms.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Stop after so many.")] = 1_000,
) -> None:
    """Find who did what, when and why; one line of JSON for every record found."""
    try:
        journal = JournalReader(file)
        low = None if since is None else parse_time(since, journal)
        high = None if until is None else parse_time(until, journal)
        found = 0
        for line in search_records(journal, who, what, text):
            at_ms = line["at_ms"]
            assert isinstance(at_ms, int), "a record says when"
            if low is not None and at_ms < low:
                continue
            if (high is not None and at_ms > high) or found >= most:
                break
            found += 1
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    except JournalError as error:
        stop(error, 1)


def search_records(
    journal: JournalReader, who: str, what: str, text: str
) -> Iterator[dict[str, object]]:
    """The records whose giver, kind and text are as asked, as plain values."""
    for seq, record in journal.read():
        if who not in record.who or (what and what not in kinds_of(record)):
            continue
        if text and text not in msgspec.json.encode(record).decode():
            continue
        yield {"seq": seq, **msgspec.to_builtins(record)}


def kinds_of(record: Record) -> set[str]:
    """The tags of a record's command and facts."""
    tags = {str(type(record.command).__struct_config__.tag)}
    return tags | {str(type(event).__struct_config__.tag) for event in record.events}


@muster_app.command()
def report(
    file: JournalFile,
    *,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
    csv: Annotated[Path | None, typer.Option(help="Write this CSV; without it, print.")] = None,
) -> None:
    """Who answered the test calls, how fast, and what that is worth: worst first."""
    try:
        calls, board = list_calls(JournalReader(file))
    except JournalError as error:
        stop(error, 1)
    book = board.district
    names: dict[str, str] = {}
    if book is not None:
        names |= {str(post.id): post.name for post in book.posts}
        names |= {str(unit.id): unit.name for unit in book.units}
        names |= {str(gate.id): gate.name for gate in book.gates}
    rules = Rules()
    weights = weigh(calls, board.at_ms, rules)
    rows = measure(calls, (), shift_by(board), board.at_ms, rules)
    lines = table(rows, weights, names, zh=lang == "zh")
    if csv is not None:
        csv.write_bytes(as_csv(lines))
        typer.echo(f"{csv}: {len(lines) - 1} lines")
    else:
        typer.echo(as_text(lines))


def shift_by(board: Board) -> Callable[[ResponderId, int], str]:
    """The shift that a responder was on at a time; empty without a roster."""
    roster = board.district.roster if board.district is not None else None

    def shift_of(responder: ResponderId, at_ms: int) -> str:
        duty = roster.find_at(responder, at_ms) if roster is not None else None
        return duty.shift if duty is not None else ""

    return shift_of


def list_calls(journal: JournalReader) -> tuple[list[Call], Board]:
    """Every test call of the journal to every responder, and the board as it is."""
    sent: dict[str, Notice] = {}
    answered_ms: dict[tuple[str, str], int] = {}
    for _, record in journal.read():
        for event in record.events:
            match event:
                case NoticeSent() if event.notice.kind is CallKind.MUSTER:
                    sent[event.notice.id] = event.notice
                case CallRead():
                    answered_ms.setdefault((event.notice, event.responder), event.at_ms)
                case _:
                    continue
    calls = [
        Call(
            id=notice.id,
            responder=responder,
            asked_ms=notice.sent_ms,
            answered_ms=answered_ms.get((notice.id, responder)),
        )
        for notice in sent.values()
        for _, responder in notice.to
    ]
    return calls, rebuild(journal)[0]


@exchange_app.command()
def export(
    file: JournalFile,
    incident: Annotated[str, typer.Argument(help="Incident, as I12.")],
    *,
    form: Annotated[str, typer.Option("--format", help="cap or eido")] = "eido",
    sender: Annotated[str, typer.Option(help="This centre's own name, as a domain.")] = "centre",
) -> None:
    """Write an incident as CAP 1.2 or EIDO-JSON to standard output."""
    if form not in {"cap", "eido"}:
        raise typer.BadParameter(f"{form!r} is neither cap nor eido", param_hint="--format")
    try:
        board, _ = rebuild(JournalReader(file))
        outgoing = outgoing_of(board, IncidentId(incident), sender, board.at_ms)
    except JournalError as error:
        stop(error, 1)
    except KeyError as error:
        clock = clock_of(board.district)
        typer.echo(f"no incident {incident} on the board of {clock(board.at_ms)}", err=True)
        raise typer.Exit(1) from error
    sys.stdout.buffer.write(write_cap(outgoing) if form == "cap" else write_eido(outgoing))
