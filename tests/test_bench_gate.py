"""The measurement of the line gates counts and ratios of CPU in one run; clocks gate nothing."""

import json
import subprocess
import sys
from pathlib import Path

ENOUGH_S = 240
CEILING_SHARE = 0.6


def test_the_line_loses_nothing_and_spends_little_beside_a_bare_subscriber(tmp_path: Path) -> None:
    out = tmp_path / "line.json"
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.line", "--quick", "--json", str(out)],
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    seen = json.loads(out.read_text(encoding="utf-8"))
    assert seen["line"]["alarms"] > 0
    assert seen["line"]["receipts"] == seen["line"]["alarms"]
    for part in (seen["line"], seen["storm"]):
        assert part["second_orders"] == part["changed_orders"] == part["rejects"] == 0
    engine_us = min(step["cpu_us"] for step in seen["engine"]["steps"])
    bare_us = min(step["cpu_us"] for step in seen["ceiling"]["steps"])
    assert bare_us / engine_us >= CEILING_SHARE, (bare_us, engine_us)
