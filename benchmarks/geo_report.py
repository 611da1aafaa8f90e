"""The figures of geography for people: tables on the screen, a page, a picture."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

INDEX_HEAD = (
    "units", "index", "update, µs", "updates/s", "query, µs", "queries/s",
    "10 000 updates/s + 100 queries/s", "times ours", "right answers",
)  # fmt: skip
ROUTING_HEAD = (
    "units", "search", "places", "CPU p50, ms", "CPU p99, ms", "wall p50, ms", "wall p99, ms",
    "times ours", "largest difference",
)  # fmt: skip
Rows = list[tuple[str, ...]]


def tell_ratio(times: float) -> str:
    """A ratio with as many digits as mean something."""
    return f"{times:.0f}" if times >= 10 else f"{times:.1f}"


def list_index_rows(index: dict[str, Any]) -> Rows:
    """One row per city and peer, as text; who could not be had says so."""
    rows: Rows = []
    for city in index["cities"]:
        units = f"{city['units']:,}".replace(",", " ")
        rows += [
            (
                units,
                f"{one['peer']} ({one['version']})",
                f"{one['update_us']:.2f}",
                f"{one['updates_per_s']:,}".replace(",", " "),
                f"{one['query_us']:.0f}",
                f"{one['queries_per_s']:,}".replace(",", " "),
                f"{one['mix_core_share']:.1%} of a core",
                tell_ratio(one["times_ours"]),
                f"{one['right_answers']} of {one['checked_answers']}",
            )
            for one in city["peers"]
        ]
        blank = ("–",) * (len(INDEX_HEAD) - 2)
        rows += [(units, f"{name}: {why}", *blank) for name, why in city["absent"].items()]
    return rows


def list_routing_rows(routing: dict[str, Any]) -> Rows:
    """One row per number of units and peer, as text."""
    rows: Rows = [
        (
            f"{table['units']:,}".replace(",", " "),
            f"{one['peer']} ({one['version']})",
            str(one["asked"]),
            f"{one['cpu_ms_p50']:.2f}",
            f"{one['cpu_ms_p99']:.2f}",
            f"{one['wall_ms_p50']:.2f}",
            f"{one['wall_ms_p99']:.2f}",
            tell_ratio(one["times_ours"]),
            f"{one['largest_difference']:.0e}" if "largest_difference" in one else "own speeds",
        )
        for table in routing["tables"]
        for one in table["peers"]
    ]
    blank = ("–",) * (len(ROUTING_HEAD) - 2)
    return rows + [("–", f"{name}: {why}", *blank) for name, why in routing["absent"].items()]


def tell_start(routing: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What the start of a district costs: figure, reached, goal."""
    made, load = routing["import"], routing["load"]
    size = f"{made['nodes']:,} crossings, {made['pieces']:,} pieces".replace(",", " ")
    return [
        (
            f"import of {routing['map']} ({size})",
            f"{made['seconds']:.1f} s, CPU {made['cpu_s']:.1f} s",
            "< 20 s",
        ),
        (
            "graph loaded at start",
            f"{load['load_s']:.2f} s, CPU {load['load_cpu_s']:.2f} s",
            "< 1 s",
        ),
        (
            "loaded and its loops ready",
            f"{load['seconds']:.2f} s, CPU {load['cpu_s']:.2f} s",
            "",
        ),
    ]


def _show(title: str, head: tuple[str, ...], rows: Rows) -> None:
    table = Table(title=title)
    for number, name in enumerate(head):
        table.add_column(name, justify="left" if number == 1 else "right")
    before = ""
    for row in rows:
        if before and row[0] != before:
            table.add_section()
        before = row[0]
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 160).print(table)


def show_index(index: dict[str, Any]) -> None:
    """The table of moving indexes."""
    _show(f"The {index['k']} nearest among moving units", INDEX_HEAD, list_index_rows(index))


def show_routing(routing: dict[str, Any]) -> None:
    """The table of searches by road, and what the start costs."""
    title = f"Everyone's time by road to one place, within {routing['limit_s'] / 60:g} minutes"
    _show(title, ROUTING_HEAD, list_routing_rows(routing))
    for name, reached, goal in tell_start(routing):
        print(f"{name}: {reached}" + (f" (goal {goal})" if goal else ""))


def _markdown(head: tuple[str, ...], rows: Rows) -> str:
    ruler = ["---:" if number != 1 else "---" for number in range(len(head))]
    lines = [head, tuple(ruler), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write_page(found: dict[str, Any], path: Path) -> None:
    """The page of one run: machine, versions, both tables."""
    machine, index, routing = found["machine"], found["index"], found["routing"]
    start = "\n".join(
        f"- {name}: **{reached}**" + (f" (goal {goal})" if goal else "")
        for name, reached, goal in tell_start(routing)
    )
    path.write_text(
        "# Geography, measured\n\n"
        f"By `{found['command']}` in {found['seconds']:.0f} s on {machine['cores']} cores of "
        f"{machine['cpu']}, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}; load before {machine['load_before'][0]}.\n"
        "What is measured and how to read it: [docs/benchmarks.md](../../docs/benchmarks.md).\n\n"
        f"## The {index['k']} nearest among moving units\n\n"
        f"{_markdown(INDEX_HEAD, list_index_rows(index))}\n"
        f"## Everyone's time by road to one place, within {routing['limit_s'] / 60:g} minutes\n\n"
        f"{_markdown(ROUTING_HEAD, list_routing_rows(routing))}\n"
        f"## The start\n\n{start}\n",
        encoding="utf-8",
    )


def draw_index(index: dict[str, Any], path: Path) -> None:
    """A picture of what the mix costs, by index and number of units."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "street110"  # the same figures make the same file
    from matplotlib import pyplot as plt  # noqa: PLC0415

    cities = index["cities"]
    names = [one["peer"] for one in cities[0]["peers"]]
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(names) + 1.6), layout="constrained")
    height = 0.8 / len(cities)
    for number, city in enumerate(cities):
        share = {one["peer"]: one["mix_core_share"] * 100 for one in city["peers"]}
        at = [place + (number - (len(cities) - 1) / 2) * height for place in range(len(names))]
        bars = axes.barh(
            at,
            [share.get(name, 0.0) for name in names],
            height,
            label=f"{city['units']:,} units".replace(",", " "),
            color=("#9ecae1", "#4292c6", "#084594")[number % 3],
        )
        axes.bar_label(
            bars, fmt=lambda value: f"{float(f'{value:.2g}'):g} %", padding=3, fontsize=7
        )
    axes.set_xscale("log")
    axes.set_xlim(left=0.1, right=axes.get_xlim()[1] * 3)
    axes.axvline(100, color="#cb181d", linewidth=0.8, linestyle="--")
    axes.text(105, -0.62, "one core", color="#cb181d", fontsize=7)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("share of a core for 10 000 updates/s and 100 masked queries/s (log)")
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    text = "\n".join(line.rstrip() for line in path.read_text(encoding="utf-8").splitlines())
    path.write_text(text + "\n", encoding="utf-8")
