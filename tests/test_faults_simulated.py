"""The simulated line: it keeps its promises, its faults repeat exactly, and it finds what we plant.

`STREET110_SCHEDULES` sets how many schedules must pass; `street110 faults` runs any number.
"""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.faults import schedule as f
from simulator.faults.disk import SECTOR_BYTES, WAL_HEAD_BYTES, Torn
from simulator.faults.hunt import hunt, kind_of, list_smaller, shrink
from simulator.faults.run import Verdict, folder_in_memory, run_schedule
from simulator.faults.schedule import make_schedule
from street110.cli import app
from tests.planted import BUGS, Bug

CLEAN = int(os.environ.get("STREET110_SCHEDULES", "200"))
FIRST_CLEAN = 5_001
PATIENCE = 600
ROOT = Path(__file__).resolve().parent.parent


def run(schedule: f.Schedule) -> Verdict:
    with folder_in_memory() as folder:
        return run_schedule(schedule, folder)


def test_no_promise_is_broken_under_any_schedule() -> None:
    found = hunt(FIRST_CLEAN, CLEAN)
    assert found.failed == ()
    assert found.schedules == CLEAN
    assert found.lives > 1.5 * CLEAN, "engines died and came back"
    assert found.alarms > CLEAN
    assert found.orders > CLEAN


def find_schedule(bug: Bug) -> tuple[f.Schedule, str]:
    """One that finds a bug: its known seed, or the first from 1, for the engine may have moved."""
    with bug.plant(), folder_in_memory() as folder:
        for seed in (bug.seed, *range(1, PATIENCE + 1)):
            broken = run_schedule(make_schedule(seed), folder).broken
            if broken is not None:
                return make_schedule(seed), broken
    raise AssertionError(f"not found by {PATIENCE} schedules; try `python -m tests.planted`")


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    schedule, broken = find_schedule(BUGS[name])
    assert BUGS[name].says in broken
    assert run(schedule).broken is None, "without the bug all is well"


def test_a_schedule_runs_the_same_way_every_time() -> None:
    first, again = run(make_schedule(7)), run(make_schedule(7))
    assert first == again
    assert first != run(make_schedule(8))


def test_the_order_of_hashes_changes_nothing() -> None:
    said = (
        "from hashlib import sha256; import tests.test_faults_simulated as t;"
        "print(sha256(repr([t.run(t.make_schedule(seed)) for seed in range(1, 13)]).encode())"
        ".hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", said],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    ours = repr([run(make_schedule(seed)) for seed in range(1, 13)])
    assert other == sha256(ours.encode()).hexdigest()


def test_a_failure_is_cut_down_to_what_it_takes() -> None:
    bug = BUGS["timer_lost_at_restart"]
    whole, _ = find_schedule(bug)
    with bug.plant(), folder_in_memory() as folder:
        failure = shrink(whole, folder)
        assert failure.faults < len(whole.faults)
        for smaller in list_smaller(failure.schedule):
            broken = run_schedule(smaller, folder).broken
            assert broken is None or kind_of(broken) != kind_of(failure.broken), smaller
    assert bug.says in failure.broken
    assert any("raises" in line for line in failure.story)
    assert "BROKEN" in failure.story[-1]


def test_each_kind_of_fault_and_each_point_of_death_is_drawn() -> None:
    faults = [fault for seed in range(1, 600) for fault in make_schedule(seed).faults]
    kinds = {type(fault).__name__ for fault in faults}
    assert kinds == {kind.__name__ for kind in f.Fault.__args__}  # type: ignore[attr-defined]
    points = {fault.point for fault in faults if isinstance(fault, f.Crash)}
    assert points == set(f.POINTS)


def test_a_breach_is_known_by_its_kind() -> None:
    assert kind_of("order I1-3 was issued twice") == kind_of("order I7-1 was issued twice")
    assert kind_of("order I1-3 was issued twice") != kind_of("alarm P1/P1b1-1 was issued twice")


def test_a_torn_write_keeps_what_was_synced(tmp_path: Path) -> None:
    from random import Random

    path = tmp_path / "journal.db-wal"
    old = bytes([1]) * (3 * SECTOR_BYTES)
    path.write_bytes(old)
    torn = Torn(path, SECTOR_BYTES)
    path.write_bytes(old + bytes([2]) * (4 * SECTOR_BYTES))
    left = {torn.mix(Random(seed)) for seed in range(200)}
    assert all(one.startswith(old) for one in left)
    assert {len(one) for one in left} >= {len(old), 7 * SECTOR_BYTES}
    assert len(left) > 10


def test_a_new_head_of_the_log_is_synced_before_its_frames(tmp_path: Path) -> None:
    from random import Random

    path = tmp_path / "journal.db-wal"
    path.write_bytes(bytes([1]) * (3 * SECTOR_BYTES))
    torn = Torn(path, SECTOR_BYTES)
    new = bytes([9]) * WAL_HEAD_BYTES + bytes([2]) * SECTOR_BYTES
    path.write_bytes(new)
    assert {torn.mix(Random(seed)) for seed in range(50)} == {new, torn.before}


def test_the_command_says_what_it_found() -> None:
    told = CliRunner().invoke(
        app, ["faults", "--seed", "1", "--schedules", "3", "--workers", "1", "--json"]
    )
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert report["schedules"] == 3
    assert report["failed"] == []
    assert report["per_minute"] > 0


def test_the_command_tells_a_failure_as_a_story() -> None:
    bug = BUGS["letters_before_commit"]
    seed = find_schedule(bug)[0].seed
    with bug.plant():
        told = CliRunner().invoke(
            app, ["faults", "--seed", str(seed), "--schedules", "1", "--workers", "1"]
        )
    assert told.exit_code == 1
    assert f"street110 faults --seed {seed} --schedules 1" in told.stdout
    assert "BROKEN" in told.stdout


@pytest.mark.parametrize("page", ["docs/faults.md", "docs/zh/faults.md"])
def test_the_page_lists_every_planted_bug_with_its_seed(page: str) -> None:
    told = (ROOT / page).read_text(encoding="utf-8")
    for name, bug in BUGS.items():
        assert f"| `{name}` | {bug.seed} |" in told
