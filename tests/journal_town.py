"""Records for tests of the journal: of a small town, or numbered ones that are quick to make.

As a program it is the writer that gets killed or runs out of disk.
"""

import resource
import shutil
import sys
from pathlib import Path

from dispatch import commands as c
from dispatch import events as e
from dispatch.journal import SqliteJournal
from dispatch.journal_file import JournalFailedError
from dispatch.ports import Record
from dispatch.words import ResponderId, ResponderKind
from tests.world import START_MS, Town

STEP_MS = 20_000


def make_record(number: int) -> Record:
    """A record that says its own number, with text that fills some pages."""
    unit = ResponderId(f"U{number % 7}")
    plate, message = f"沪A{number:05}", f"m{number}"
    return Record(
        at_ms=START_MS + number,
        who=f"unit/{unit}",
        command=c.CheckPlate(id=message, responder=unit, sent_ms=START_MS, plate=plate),
        events=(
            e.PlateChecked(
                at_ms=START_MS + number,
                responder=unit,
                message=message,
                plate=plate,
                hit=number % 2 == 0,
                reason="x" * (number * 37 % 9_000),
            ),
        ),
    )


class Scribe:
    """A town whose decisions go to a journal, one commit each."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.town = Town()
        self.journal = journal
        self.dumps: dict[int, bytes] = {}
        self.ends_ms: dict[int, int] = {}
        district = self.town.district
        loaded = e.DistrictLoaded(at_ms=self.town.now_ms, district=district)
        self.keep(c.LoadDistrict(district=district), (loaded,))

    def keep(
        self, command: c.AnyCommand, events: tuple[e.AnyEvent, ...], who: str = "post/P001"
    ) -> int:
        now_ms = self.town.now_ms
        record = Record(at_ms=now_ms, who=who, command=command, events=events)
        seq = self.journal.append([record]).result()
        self.dumps[seq] = self.town.board.dump()
        self.ends_ms[seq] = now_ms
        return seq

    def give(self, command: c.AnyCommand, who: str = "post/P001") -> int:
        outcome = self.town.desk.handle(command, self.town.now_ms, who)
        return self.keep(command, outcome.events, who)

    def live(self, steps: int) -> int:
        """Alarms, ticks and closings of some time; returns the last sequence number."""
        seq = 0
        for step in range(steps):
            self.town.now_ms += STEP_MS
            source = ResponderId(f"P{step % 5 + 1:03}")
            self.give(
                c.RaiseAlarm(
                    id=f"a{step}",
                    source_kind=ResponderKind.POST,
                    source=source,
                    type=("robbery", "dispute", "panic")[step % 3],
                    sent_ms=self.town.now_ms,
                )
            )
            seq = self.give(c.Tick())
            if step % 4 == 3:
                for incident in self.town.board.list_open()[:2]:
                    name, how = f"c{step}", "handled"
                    close = c.CloseIncident(id=name, incident=incident.id, disposition=how)
                    seq = self.give(close)
        return seq


def copy_as_after_a_crash(path: Path, target: Path) -> Path:
    """What the disk holds of a journal that is open: the file and its log, without a clean end."""
    target.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), target / (path.name + suffix))
    return target / path.name


def write_until_killed(path: Path) -> None:
    """Append numbered records in batches for ever; say each number that is durable."""
    journal = SqliteJournal(path)
    number = journal.last_seq
    while True:
        batch = [make_record(number + ahead) for ahead in range(1, 1 + number % 5 + 1)]
        number = journal.append(batch).result()
        journal.mark_released(number)
        print(number, flush=True)  # noqa: T201 - the parent reads it


def write_until_full(path: Path, most_bytes: int) -> None:
    """Append until a file may not grow any more; say what was durable, then how it ended."""
    journal = SqliteJournal(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    number = 0
    try:
        while True:
            number = journal.append([make_record(number + 1)]).result()
    except JournalFailedError as failure:
        again = journal.append([make_record(number + 1)]).exception()
        print(number, type(again).__name__, str(failure), sep="\n")  # noqa: T201 - likewise
    journal.close()


if __name__ == "__main__":
    if sys.argv[1] == "killed":
        write_until_killed(Path(sys.argv[2]))
    else:
        write_until_full(Path(sys.argv[2]), int(sys.argv[3]))
