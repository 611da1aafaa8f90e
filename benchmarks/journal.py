"""What the journal costs: commits a second, and a restart with a million events behind it.

The records are those of `benchmarks.journal_history`. Each restart and each check runs in a
process of its own, whose peak memory counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.journal_history import History
from benchmarks.machine import describe
from dispatch.journal import SqliteJournal
from dispatch.journal_file import JournalReader
from dispatch.journal_verify import verify
from dispatch.ports import Record
from dispatch.snapshot import rebuild

SNAPSHOT_EVERY = 20_000
COMMAND = [sys.executable, "-m", "benchmarks.journal"]
BATCHES = (1, 10, 100, 1_000)
RESULTS = Path(__file__).parent / "results" / "journal.json"


def write_history(path: Path, events: int) -> dict[str, Any]:
    """Make a journal of at least so many events, its snapshots as the engine would have them."""
    began_s = time.perf_counter()
    journal, history, records, told = SqliteJournal(path), History(), 0, 0
    while history.events < events:
        history.incident()
        if len(history.records) >= 500:
            records = journal.append(history.records).result()
            history.records = []
            if records - told >= SNAPSHOT_EVERY and history.events < events * 0.97:
                told = records
                journal.save_snapshot(records, history.board.dump())
                print(f"  {history.events:>9} events", end="\r", file=sys.stderr, flush=True)
    records = journal.append(history.records).result()
    journal.close()
    return {
        "events": history.events,
        "records": records,
        "incidents": history.number,
        "mib": round(path.stat().st_size / 2**20, 1),
        "board_mib": round(len(history.board.dump()) / 2**20, 1),
        "tail_records": records - told,
        "made_in_s": round(time.perf_counter() - began_s, 1),
    }


def measure_appends(source: Path, folder: Path) -> list[dict[str, Any]]:
    """Durable records and events a second, one batch after the other, and many at once."""
    records = [record for _, record in islice(JournalReader(source).read(1), 20_000)]
    return [measure_batch(records, size, folder, ahead) for ahead in (1, 8) for size in BATCHES]


def measure_batch(records: Sequence[Record], size: int, folder: Path, ahead: int) -> dict[str, Any]:
    """Append batches of `size` with at most `ahead` of them not yet durable."""
    count = min(len(records) // size, 2_000)
    journal = SqliteJournal(folder / f"append-{size}-{ahead}.db")
    waits: list[float] = []
    waiting: deque[tuple[float, Any]] = deque()

    def settle() -> None:
        sent_s, future = waiting.popleft()
        future.result()
        waits.append(time.perf_counter() - sent_s)

    began_s = time.perf_counter()
    events = 0
    for number in range(count):
        batch = records[number * size : (number + 1) * size]
        events += sum(len(record.events) for record in batch)
        if len(waiting) >= ahead:
            settle()
        waiting.append((time.perf_counter(), journal.append(batch)))
    while waiting:
        settle()
    took_s = time.perf_counter() - began_s
    journal.close()
    return {
        "batch": size,
        "in_flight": ahead,
        "records_per_s": round(count * size / took_s),
        "events_per_s": round(events / took_s),
        "commit_ms_p50": round(float(np.percentile(waits, 50)) * 1000, 2),
        "commit_ms_p99": round(float(np.percentile(waits, 99)) * 1000, 2),
    }


def in_a_process(task: str, path: Path) -> dict[str, Any]:
    """Run one task of this program in a process of its own; returns what it printed."""
    began_s = time.perf_counter()
    done = subprocess.run([*COMMAND, "--task", task, str(path)], stdout=subprocess.PIPE, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return {**said, "process_s": round(time.perf_counter() - began_s, 2)}


def peak_kib() -> int:
    """Most memory this program held; getrusage would count the parent it was started by."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def untold(_done: int, _total: int) -> None:
    """Nobody watches a check that is being timed."""


def run_task(task: str, path: Path) -> None:
    """Restart or verify, and print seconds and peak memory."""
    began_s = time.perf_counter()
    if task == "verify":
        verdict = verify(path, untold)
        assert verdict.fault is None, verdict.fault
        records = verdict.records
    else:
        journal = SqliteJournal(path)
        _, records = rebuild(journal, use_snapshot=task == "restart")
        took_s = time.perf_counter() - began_s
        journal.close()
        began_s = time.perf_counter() - took_s
    took_s = time.perf_counter() - began_s
    peak_mib = peak_kib() / 1024
    print(
        json.dumps({"seconds": round(took_s, 2), "records": records, "peak_mib": round(peak_mib)})
    )


def main() -> None:
    """Measure all and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; else a temporary one")
    parser.add_argument("--save", action="store_true", help=f"keep the figures in {RESULTS.name}")
    parser.add_argument("--task", choices=["restart", "replay", "verify"], help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        run_task(options.task, options.file)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        path = folder / "journal.db"
        figures: dict[str, Any] = {"machine": describe()}
        figures["journal"] = write_history(path, options.events)
        figures["restart_from_snapshot"] = in_a_process("restart", path)
        figures["replay_from_zero"] = in_a_process("replay", path)
        figures["verify"] = in_a_process("verify", path)
        figures["appends"] = measure_appends(path, folder)
    for key, value in figures.items():
        for row in value if isinstance(value, list) else [value]:
            print(key, json.dumps(row, ensure_ascii=False))
    if options.save:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
