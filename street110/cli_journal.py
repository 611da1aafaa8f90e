"""`street110 journal` and `street110 explain`: ask a journal, never change it."""

import json
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dispatch.board import Board
from dispatch.explain import (
    LANGUAGES,
    Explainer,
    Explanation,
    Language,
    UnknownOrderError,
    clock_of,
    name_of,
    say,
    say_reason,
    tell_choice,
)
from dispatch.journal_file import JournalError, JournalReader, decode_record
from dispatch.journal_verify import Verdict
from dispatch.journal_verify import verify as verify_journal
from dispatch.snapshot import rebuild
from dispatch.words import ORDER_ENDED, OrderId

app = typer.Typer(no_args_is_help=True)
out = Console()
err = Console(stderr=True)

JournalFile = Annotated[Path, typer.Argument(help="The journal, a file named journal.db.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
MOST_ROWS = 200
"""Rows of one table on the terminal; JSON has them all."""


def stop(error: Exception, code: int = 2) -> NoReturn:
    """Say what is wrong and leave."""
    err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)


@app.command()
def verify(
    file: JournalFile,
    *,
    head: Annotated[
        str | None,
        typer.Option(help="SEQ:HASH as printed by an earlier run and kept elsewhere."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Is every record as it was written? Names the first that is not, and exits with 1."""
    known = parse_head(head)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    try:
        with bar:
            task = bar.add_task("records", total=None)
            verdict = verify_journal(
                file, lambda done, total: bar.update(task, completed=done, total=total), known=known
            )
    except (JournalError, OSError) as error:
        stop(error)
    if as_json:
        out.print_json(data=msgspec.to_builtins(verdict))
    else:
        print_verdict(file, verdict)
    if verdict.fault is not None:
        raise typer.Exit(1)


def parse_head(head: str | None) -> tuple[int, str] | None:
    """`SEQ:HASH` as a pair."""
    if head is None:
        return None
    seq, _, digest = head.partition(":")
    if not seq.isdigit() or len(digest) != 64:
        raise typer.BadParameter(f"{head!r} is not SEQ:HASH", param_hint="--head")
    return int(seq), digest


def print_verdict(file: Path, verdict: Verdict) -> None:
    """What `verify` found, in a few lines."""
    if verdict.fault is not None:
        where = f"record {verdict.seq}" if verdict.seq else "the file"
        out.print(f"[bold red]damaged[/] {file}: {where}: {verdict.fault}", soft_wrap=True)
        out.print(f"  {verdict.records} records in front of that are as they were written")
        return
    out.print(f"[bold green]whole[/] {file}: {verdict.records} records", soft_wrap=True)
    out.print(f"  head {verdict.head_seq}:{verdict.head_hash}", soft_wrap=True, highlight=False)
    if verdict.live:
        out.print("  an engine has it open: its log and the pages of the file were not checked")


@app.command()
def replay(
    file: JournalFile,
    *,
    at: Annotated[
        str | None, typer.Option(help="ISO time (local to the district) or epoch ms; else now.")
    ] = None,
    seq: Annotated[int | None, typer.Option(help="Up to this record instead of a time.")] = None,
    as_json: Json = False,
) -> None:
    """Rebuild the board as it was at any moment, and print it."""
    try:
        journal = JournalReader(file)
        upto_ms = None if at is None else parse_time(at, journal)
        board, last = rebuild(journal, upto_ms, seq)
    except JournalError as error:
        stop(error, 1)
    if as_json:
        out.file.write(board.dump().decode() + "\n")
    else:
        print_board(board, last)


def parse_time(text: str, journal: JournalReader) -> int:
    """Epoch ms of an ISO time or of a number; a bare ISO time is the district's local time."""
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither ISO time nor epoch ms") from error
    if moment.tzinfo is None:
        # The book is nearly always the first record, so this reads very little.
        first, _ = rebuild(journal, upto_seq=1, use_snapshot=False)
        zone = first.district.timezone if first.district is not None else "UTC"
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp() * 1000)


def print_board(board: Board, last: int) -> None:
    """Open incidents with their orders, and how many responders are in which state."""
    clock = clock_of(board.district)
    name = board.district.name_zh if board.district is not None else "-"
    out.print(f"[bold]{escape(name)}[/]  record {last}  {clock(board.at_ms) if last else '-'}")
    table = Table(title=f"open incidents: {len(board.open)}", title_justify="left")
    for column in ("incident", "type", "priority", "status", "place", "raised", "short of"):
        table.add_column(column)
    orders = Table(title="open orders", title_justify="left")
    for column in ("order", "responder", "role", "status", "ETA s", "issued", "attempts"):
        orders.add_column(column)
    for row in board.list_open()[:MOST_ROWS]:
        short = ", ".join(f"{count} {need}" for need, count in sorted(row.short.items()))
        table.add_row(
            row.id,
            row.type,
            str(row.priority),
            row.status,
            escape(row.place_name),
            clock(row.raised_ms),
            short,
        )
        for order in (board.orders[order_id] for order_id in row.orders):
            if order.status not in ORDER_ENDED:
                orders.add_row(
                    order.id,
                    order.responder,
                    order.role,
                    order.status,
                    "-" if order.eta_s is None else f"{order.eta_s:.0f}",
                    clock(order.issued_ms),
                    str(order.attempts),
                )
    out.print(table)
    out.print(orders)
    if len(board.open) > MOST_ROWS:
        out.print(f"the first {MOST_ROWS} incidents are shown; --json has all")
    out.print(count_states(board))


def count_states(board: Board) -> Table:
    """How many responders of each kind are in which state."""
    counts: dict[tuple[str, str], int] = {}
    for responder in board.responders.values():
        key = responder.kind.value, responder.status.value
        counts[key] = counts.get(key, 0) + 1
    table = Table(title="responders", title_justify="left")
    for column in ("kind", "status", "count"):
        table.add_column(column)
    for (kind, status), count in sorted(counts.items()):
        table.add_row(kind, status, str(count))
    return table


@app.command()
def tail(
    file: JournalFile,
    *,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000)] = 20,
    as_json: Json = False,
) -> None:
    """The last records, one line each."""
    try:
        journal = JournalReader(file)
        records = deque(journal.read(max(0, journal.head_seq - count)), maxlen=count)
        first, _ = rebuild(journal, upto_seq=1, use_snapshot=False)
    except JournalError as error:
        stop(error, 1)
    clock = clock_of(first.district)
    for seq, record in records:
        if as_json:
            plain = {"seq": seq, **msgspec.to_builtins(record)}
            out.file.write(json.dumps(plain, ensure_ascii=False) + "\n")
            continue
        facts = ", ".join(type(event).__name__ for event in record.events)
        what = type(record.command).__name__
        line = f"{seq:>9}  {clock(record.at_ms)}  {record.who}  {what}: {facts}"
        out.print(line, soft_wrap=True, markup=False)


def explain(
    order: Annotated[str, typer.Argument(help="The order's id, such as I12-1.")],
    *,
    journal: Annotated[
        Path, typer.Option("--journal", "-j", help="The journal that holds the order.")
    ] = Path("var/journal.db"),
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    as_json: Json = False,
) -> None:
    """Why this responder got the order and the others did not, from the journal alone."""
    language = next((one for one in LANGUAGES if one == lang), None)
    if language is None:
        raise typer.BadParameter("zh or en", param_hint="--lang")
    explainer = Explainer(OrderId(order))
    try:
        for row in JournalReader(journal).rows():
            if explainer.concerns(row.payload):
                explainer.take(row.seq, decode_record(journal, row))
        found = explainer.result()
    except UnknownOrderError:
        stop(JournalError(f"{journal}: no order {order!r} in this journal"), 1)
    except JournalError as error:
        stop(error, 1)
    if as_json:
        plain = msgspec.to_builtins(msgspec.structs.replace(found, district=None))
        out.file.write(json.dumps(plain, ensure_ascii=False) + "\n")
    else:
        print_explanation(found, language)


def print_explanation(found: Explanation, lang: Language) -> None:
    """The choice in sentences, the candidates in a table, the life of the order in lines."""
    order, clock = found.order, clock_of(found.district)
    name = name_of(found.district, order.responder)
    title = f"{order.id} → {order.responder} {name}  {order.place_name}"
    out.print(title, soft_wrap=True, markup=False, style="bold")
    record = say(("日志记录", "journal record"), lang)
    when = f"{record} {found.seq}, {clock(order.issued_ms)}, {found.who}"
    out.print(when, soft_wrap=True, markup=False)
    for line in tell_choice(found, lang):
        out.print(line, soft_wrap=True, markup=False)
    if found.recommendation is not None:
        out.print(candidates_table(found, lang))
        for reason, count in sorted(found.recommendation.passed_over.items()):
            others = say(("其余", "others"), lang)
            out.print(f"  {others} {count}: {say_reason(reason, lang)}")
    out.print(say(("经过", "What happened"), lang), style="bold")
    for step in found.steps:
        line = f"  {clock(step.at_ms)}  {say((step.zh, step.en), lang)}"
        out.print(line, soft_wrap=True, markup=False)


def candidates_table(found: Explanation, lang: Language) -> Table:
    """The ranked candidates of the decision, the chosen ones marked."""
    assert found.recommendation is not None, "a ranking is shown where there was one"
    need = found.recommendation
    title = say(
        (
            f"{need.need}: 需 {need.wanted}, 得 {need.found}",
            f"{need.need}: {need.wanted} wanted, {need.found} found",
        ),
        lang,
    )
    table = Table(title=title, title_justify="left")
    heads = (
        ("名次", "rank"),
        ("力量", "responder"),
        ("名称", "name"),
        ("预计 s", "ETA s"),
        ("直线 m", "air m"),
        ("定位龄 s", "fix age s"),
        ("选中", "chosen"),
        ("理由", "reason"),
    )
    for head in heads:
        table.add_column(say(head, lang))
    for row in need.candidates:
        table.add_row(
            str(row.rank),
            row.responder,
            escape(name_of(found.district, row.responder)),
            "-" if row.eta_s is None else f"{row.eta_s:.1f}",
            "-" if row.air_m is None else f"{row.air_m:.0f}",
            "-" if row.fix_age_s is None else f"{row.fix_age_s:.1f}",
            "✓" if row.chosen else "",
            say_reason(row.reason, lang),
            style="bold" if row.responder == found.order.responder else None,
        )
    return table
