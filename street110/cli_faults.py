"""`street110 faults`: the whole line simulated under faults, by seed."""

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from simulator.faults.hunt import Failure, Findings, hunt
from street110.cli_simulate import bar, cores

out = Console(highlight=False, soft_wrap=True)


def faults(
    *,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first schedule.")] = 1,
    schedules: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="How many, each with the next seed.")
    ] = 1_000,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1_024, help="Schedules at a time; all cores.")
    ] = None,
    stop_after: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many failing schedules.")
    ] = None,
    json_out: Annotated[
        bool, typer.Option("--json", help="Findings as JSON on standard output.")
    ] = False,
) -> None:
    """Simulate gateway, journal, outbox, devices and network under faults; exit 1 if one breaks."""
    with bar() as progress:
        task = progress.add_task("schedules", total=schedules)
        found = hunt(
            seed,
            schedules,
            workers=workers or cores(),
            most_failures=stop_after,
            done=lambda count: progress.advance(task, count),
        )
    if json_out:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(as_report(found))) + b"\n")
    else:
        show(found)
    if found.failed:
        raise typer.Exit(1)


def as_report(found: Findings) -> dict[str, object]:
    """The findings with what follows from them, ready for JSON."""
    body: dict[str, object] = msgspec.to_builtins(found)
    return body | {"per_minute": found.per_minute}


def show(found: Findings) -> None:
    """The findings for a person."""
    out.print(
        f"{found.schedules} schedules from seed {found.first_seed} in {found.seconds:.1f} s "
        f"({found.per_minute} a minute): {found.virtual_s / 3600:.1f} simulated hours, "
        f"{found.lives} lives of the engine, {found.alarms} alarms, {found.orders} orders"
    )
    for failure in found.failures:
        show_failure(failure)
    for seed, broken in found.failed[len(found.failures) :]:
        out.print(f"[red]seed {seed}[/]: {escape(broken)}")
    if not found.failed:
        out.print("[green]nothing broke[/]")


def show_failure(failure: Failure) -> None:
    """One failure, cut down, as a story."""
    out.print(f"\n[bold red]seed {failure.seed}[/]: {escape(failure.broken)}")
    out.print(
        f"cut down to {failure.presses} alarms, {failure.deeds} deeds of operators and "
        f"{failure.faults} faults; again with "
        f"[bold]street110 faults --seed {failure.seed} --schedules 1[/]"
    )
    for line in failure.story:
        out.print(escape(line), style="bold red" if "BROKEN" in line else None)
