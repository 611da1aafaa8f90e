"""One schedule, run: from its first press to the moment when every promise must be kept."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from simulator.faults import schedule as f
from simulator.faults.clock import virtual
from simulator.faults.line import Line
from simulator.faults.settle import find_unsettled, judge_end
from simulator.faults.trouble import strike

MOST_STEPS = 60_000
LOOK_EVERY_STEPS = 8


class Verdict(msgspec.Struct, frozen=True):
    """What one schedule came to; `broken` is None when every promise was kept."""

    seed: int
    broken: str | None
    seconds: float
    steps: int
    lives: int
    alarms: int
    orders: int
    story: tuple[str, ...]


def enter(line: Line) -> None:
    """Put everything that the schedule holds on the agenda."""
    line.start_life()
    line.later(0.3, line.send_fixes)
    line.later(1.0, line.look)
    for press in line.schedule.presses:
        line.later(press.at_s, partial(line.press, press))
    for number, deed in enumerate(line.schedule.deeds):
        line.later(deed.at_s, partial(line.operate, deed, number))
    for fault in line.schedule.faults:
        line.later(fault.at_s, partial(strike, line, fault))
    line.later(f.ACTIVE_S, line.heal)


def live(line: Line) -> Verdict:
    """Let everything happen; end when all is settled, or something is broken."""
    enter(line)
    witness = line.witness
    steps, ended = 0, False
    while witness.broken is None and not ended and steps < MOST_STEPS:
        steps += 1
        line.step()
        now_s = line.clock.now_s
        if now_s > f.ACTIVE_S + 1 and steps % LOOK_EVERY_STEPS == 0:
            unsettled = find_unsettled(line)
            ended = unsettled is None
            if unsettled is not None and now_s > f.ACTIVE_S + f.SETTLE_S:
                witness.breach(unsettled)
    if steps >= MOST_STEPS:
        witness.breach("the line never comes to rest")
    if witness.broken is None:
        judge_end(line)
    return Verdict(
        seed=line.schedule.seed,
        broken=witness.broken,
        seconds=round(line.clock.now_s, 1),
        steps=steps,
        lives=line.lives,
        alarms=len(witness.alarms),
        orders=len(witness.issued),
        story=tuple(line.story),
    )


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder for the disks of schedules, in memory where the system has such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    base = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="street110-faults-", dir=base) as folder:
        yield Path(folder)


def run_schedule(schedule: f.Schedule, folder: Path) -> Verdict:
    """Run one schedule with its disks in `folder`, which is empty and stays so."""
    line = Line(schedule, folder)
    with virtual(line.clock, schedule.fold_bytes, schedule.batch):
        try:
            return live(line)
        finally:
            if line.life is not None:
                line.life.end()
            for left in folder.iterdir():
                shutil.rmtree(left)
