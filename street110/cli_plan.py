"""`street110 plan`: check response plans, and see who would go before anybody has to."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch import events as e
from dispatch.board import Board
from dispatch.commands import LoadDistrict, RaiseAlarm
from dispatch.desk import Desk
from dispatch.district import District, Plan
from dispatch.district_file import DistrictError, load_district, read_district
from dispatch.explain import say_reason
from dispatch.journal_file import JournalError, JournalReader
from dispatch.snapshot import rebuild
from dispatch.words import ResponderId, SourceKind
from dispatch.work import Outcome, Views
from geo.types import Point
from street110.cli_journal import parse_time, stop
from street110.terrain import Terrain

app = typer.Typer(no_args_is_help=True)
out = Console()

Folder = Annotated[Path, typer.Argument(help="District folder, with plans.toml in it.")]
USUAL = (
    "robbery",
    "burglary",
    "assault",
    "vehicle_theft",
    "domestic",
    "missing_person",
    "traffic_accident",
    "fire",
    "medical",
    "disturbance",
    "panic",
    "duress",
    "bomb_threat",
    "suspicious_person",
    "citizen_help",
    "officer_in_need",
    "wanted_vehicle",
)
"""The incident types that a police district usually has a plan for."""


@app.command()
def check(folder: Folder) -> None:
    """Name every error in the plans with its line, and the usual types that have none."""
    district, problems = read_district(folder)
    mine = [problem for problem in problems if problem.file == "plans.toml"]
    for problem in mine:
        typer.echo(f"{folder / problem.file}:{problem.line}: {problem.key}: {problem.what}")
    if district is not None:
        out.print(table_of(district))
        known = {plan.type for plan in district.plans}
        missing = [word for word in USUAL if word not in known]
        if missing:
            typer.echo("no plan for: " + ", ".join(missing))
    if mine or district is None:
        typer.echo(f"{len(mine)} problems in plans.toml; mend them and check again", err=True)
        raise typer.Exit(1)


def table_of(district: District) -> Table:
    """The plans of a book, the most urgent first."""
    table = Table(title=f"{district.name_zh} · {district.name_en}", title_justify="left")
    table.add_column("type", no_wrap=True)
    for head in ("预案 / plan", "priority", "units", "posts", "group", "ack", "how"):
        table.add_column(head)
    for plan in sorted(district.plans, key=lambda one: (one.priority, one.type)):
        units = ", ".join(
            f"{need.count} {need.capability} ≤ {need.within_min:g} min" for need in plan.units
        )
        posts = f"{plan.posts.count} ≤ {plan.posts.within_min:g} min" if plan.posts.count else "-"
        table.add_row(
            plan.type,
            f"{plan.name_zh} / {plan.name_en}",
            str(plan.priority),
            units,
            posts,
            "✓" if plan.notify_group else "-",
            f"{plan.ack_within_s} s",
            how_of(plan),
        )
    return table


def how_of(plan: Plan) -> str:
    """The switches of a plan, in words."""
    words = ["automatic" if plan.automatic else "confirmed"]
    words += ["silent"] if plan.silent else []
    words += ["pursuit"] if plan.pursuit else []
    return ", ".join(words)


@app.command(name="try")
def try_plan(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="Incident type, as in plans.toml.")],
    lon: Annotated[float, typer.Argument(help="Longitude, WGS-84 degrees.")],
    lat: Annotated[float, typer.Argument(help="Latitude, WGS-84 degrees.")],
    *,
    district: Annotated[Path, typer.Option(help="District folder.")],
    state: Annotated[
        Path | None,
        typer.Option(help="State directory of an engine: its board and last positions are used."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="With --state: the board as it was at this ISO time.")
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "en",
) -> None:
    """Show who would go to an incident and why. Nothing is sent and nothing is written."""
    try:
        book = load_district(district)
        board, now_ms = recorded_board(state, at)
    except (DistrictError, JournalError) as error:
        stop(error)
    if type_ not in {plan.type for plan in book.plans}:
        known = ", ".join(sorted(plan.type for plan in book.plans))
        raise typer.BadParameter(f"no plan for {type_!r}; known: {known}", param_hint="TYPE")
    home = state or Path("var")
    home.mkdir(parents=True, exist_ok=True)
    terrain = Terrain(district, book, home)
    positions = home / "positions.npz"
    if state is not None and positions.exists():
        terrain.tracker.load(positions)
        now_ms = max(now_ms, int(terrain.tracker.at_ms.max(initial=0)))
    desk = Desk(board, Views(terrain.tracker, terrain.roads, terrain.places))
    desk.handle(LoadDistrict(district=book), now_ms, "plan/try")
    alarm = RaiseAlarm(
        id="try",
        source_kind=SourceKind.CALL,
        source=ResponderId("try"),
        type=type_,
        sent_ms=now_ms,
        place=Point(lon, lat),
    )
    show(desk.handle(alarm, now_ms, "plan/try"), board, lang)


def recorded_board(state: Path | None, at: str | None) -> tuple[Board, int]:
    """The board of an engine's journal at a time, or an empty one; and its time in epoch ms."""
    if state is None:
        return Board(), 1
    journal = JournalReader(state / "journal.db")
    upto_ms = None if at is None else parse_time(at, journal)
    board, _ = rebuild(journal, upto_ms)
    return board, upto_ms or board.at_ms


def show(outcome: Outcome, board: Board, lang: str) -> None:
    """The candidates of each need with their reasons, and the orders that would leave."""
    zh = lang == "zh"
    for event in outcome.events:
        match event:
            case e.IncidentOpened():
                out.print(f"[bold]{event.incident.place_name}[/]  {event.incident.type}")
            case e.AlarmJoined():
                out.print(f"joins {event.incident}: {event.why}")
            case e.Recommended():
                out.print(candidates_of(event, zh=zh))
            case e.OrderIssued():
                order = event.order
                eta = "-" if order.eta_s is None else f"{order.eta_s:.0f} s"
                out.print(f"→ {order.responder} {order.role} {eta}")
            case e.IncidentShort() if event.missing:
                lacking = ", ".join(f"{n} {need}" for need, n in sorted(event.missing.items()))
                out.print(f"[yellow]{'缺' if zh else 'lacking'}: {lacking}[/]")
            case _:
                continue
    out.print(f"{len(board.force.ids)} units, {len(board.posts)} posts")


def candidates_of(event: e.Recommended, *, zh: bool) -> Table:
    """One need's ranked candidates."""
    need = event.recommendation
    table = Table(title=f"{need.need}: {need.found}/{need.wanted}", title_justify="left")
    heads = (
        ("排名", "力量", "预计(秒)", "直线(米)", "定位(秒前)", "原因")
        if zh
        else ("rank", "responder", "ETA s", "air m", "fix age s", "why")
    )
    for head in heads:
        table.add_column(head)
    for one in need.candidates:
        table.add_row(
            str(one.rank),
            f"[bold]{one.responder}[/]" if one.chosen else one.responder,
            "-" if one.eta_s is None else f"{one.eta_s:.0f}",
            "-" if one.air_m is None else f"{one.air_m:.0f}",
            "-" if one.fix_age_s is None else f"{one.fix_age_s:.0f}",
            say_reason(one.reason, "zh" if zh else "en"),
        )
    for why, count in sorted(need.passed_over.items()):
        table.add_row("", f"{count} ×", "", "", "", say_reason(why, "zh" if zh else "en"))
    return table
