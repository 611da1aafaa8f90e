"""Geography beside its peers, in one command: who is near, and how long everyone takes by road.

`python -m benchmarks.geo [--quick]` runs `benchmarks.geo_index` and `benchmarks.geo_routing`,
prints both tables and keeps them in `benchmarks/results/geo.json`, `geo.md` and
`docs/img/geo-index.svg`; a quick run keeps its figures only where `--json` says.
"""

import argparse
import json
import signal
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import geo_index, geo_routing
from benchmarks.geo_report import draw_index, show_index, show_routing, write_page
from benchmarks.machine import describe

RESULTS = Path(__file__).parent / "results"
PICTURE = Path(__file__).parent.parent / "docs" / "img" / "geo-index.svg"
COMMAND = "python -m benchmarks.geo"


def measure(*, quick: bool, source: Path, console: Console) -> dict[str, Any]:
    """Both parts, with the machine they were measured on."""
    began_s = time.monotonic()

    def tell(part: str) -> None:
        console.print(f"[dim]… {part}[/dim]", highlight=False)

    found: dict[str, Any] = {"command": COMMAND + (" --quick" if quick else "")}
    found["machine"] = describe()
    routing = geo_routing.QUICK if quick else geo_routing.Scale()
    index = geo_index.QUICK if quick else geo_index.Scale()
    found["routing"] = geo_routing.measure(routing, source, tell)
    found["index"] = geo_index.measure(index, tell)
    found["seconds"] = round(time.monotonic() - began_s, 1)
    return found


def main() -> None:
    """Measure, show, and keep the figures."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small, short, kept nowhere else")
    parser.add_argument("--map", type=Path, default=geo_routing.MAP, help="an .osm.pbf extract")
    parser.add_argument("--json", type=Path, help="where the figures go")
    said = parser.parse_args()
    # Asked to end, it unwinds like on Ctrl-C, so that its servers end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = measure(quick=said.quick, source=said.map, console=Console())
    show_index(found["index"])
    show_routing(found["routing"])
    out = said.json or (None if said.quick else RESULTS / "geo.json")
    if out:
        out.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if not said.quick:
        write_page(found, RESULTS / "geo.md")
        draw_index(found["index"], PICTURE)


if __name__ == "__main__":
    main()
