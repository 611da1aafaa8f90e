"""`street110 district`: look at district books and find their errors."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.district import District
from dispatch.district_file import DistrictError, check_district, read_district
from simulator.load.enlarge import enlarge as write_enlarged

app = typer.Typer(no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="District folder, with district.toml in it.")]


def counts_of(district: District) -> list[tuple[str, str, int]]:
    """What a district has, in both languages."""
    return [
        ("units", "警力", len(district.units)),
        ("officers", "民警", sum(unit.officers for unit in district.units)),
        ("posts", "安保点", len(district.posts)),
        ("guards", "保安员", sum(post.guards for post in district.posts)),
        ("radios", "对讲机", sum(post.radios for post in district.posts)),
        ("gates", "卡口", len(district.gates)),
        ("mutual-aid groups", "互助组", len(district.groups)),
        ("areas", "辖区与巡区", len(district.areas)),
        ("response plans", "预案", len(district.plans)),
        ("circles", "圈层", len(district.circles)),
        ("hot list", "协查车辆", len(district.hot_list)),
    ]


@app.command()
def check(folder: Folder) -> None:
    """Read a district and name every error with file and line; exits 1 when there is one."""
    problems = check_district(folder)
    for problem in problems:
        typer.echo(f"{folder / problem.file}:{problem.line}: {problem.key}: {problem.what}")
    if problems:
        typer.echo(f"{len(problems)} problems; mend them and check again", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder}: no problems")
    show(folder)


@app.command()
def enlarge(
    folder: Folder,
    target: Annotated[Path, typer.Argument(help="The folder to write; must not be there.")],
    *,
    units: Annotated[int, typer.Option(min=1, max=100_000, help="Units in all.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same units.")] = 1,
) -> None:
    """Write a copy with made-up patrols added, to put an engine under load."""
    try:
        count = write_enlarged(folder, target, units, seed)
    except (DistrictError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{target}: {count} units")


@app.command()
def show(folder: Folder) -> None:
    """Count what a district has."""
    district, _ = read_district(folder)
    if district is None:
        typer.echo(f"{folder} cannot be read; `street110 district check` says why", err=True)
        raise typer.Exit(1)
    table = Table(title=f"{district.id} · {district.name_zh} · {district.name_en}")
    table.add_column("")
    table.add_column("")
    table.add_column("", justify="right")
    for english, chinese, count in counts_of(district):
        table.add_row(english, chinese, str(count))
    Console().print(table)
