"""From the journal back to the board: a snapshot and the tail after it, or all from the start.

Run as a program (`python -m dispatch.snapshot FILE`) it makes the next snapshot of a journal,
live or not, in a process of its own: the engine never stands still for it.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Protocol

import msgspec

from dispatch.board import Board
from dispatch.journal_file import JournalError, JournalReader, Row, decode_facts
from dispatch.journal_snapshots import SnapshotFiles
from dispatch.ports import Record

POLITENESS = 10
"""The nice value of the process that makes snapshots."""


class RowReader(Protocol):
    """A journal as rebuilding needs it: SqliteJournal and JournalReader are such."""

    path: Path

    def rows(self, after_seq: int = 0) -> Iterator[Row]:
        """Rows in order after `after_seq`, checked against the chain."""
        ...

    def get_row(self, seq: int) -> Row:
        """One row. Raises KeyError when there is none."""
        ...


def rebuild(
    journal: RowReader,
    upto_ms: int | None = None,
    upto_seq: int | None = None,
    *,
    use_snapshot: bool = True,
) -> tuple[Board, int]:
    """The board after the last record that was decided by `upto_ms` and is not after `upto_seq`.

    Returns the board and the sequence number of that record, 0 when there is none. Records are
    taken in order up to the first that is later than `upto_ms` (UTC epoch ms).

    Raises:
        JournalDamagedError: a record that is needed is not what was written.
    """
    board, seq = Board(), 0
    if use_snapshot:
        board, seq = _from_snapshot(journal, upto_ms, upto_seq)
    for row in journal.rows(seq):
        if upto_seq is not None and row.seq > upto_seq:
            break
        if upto_ms is not None and row.at_ms > upto_ms:
            break
        for event in decode_facts(journal.path, row):
            board.apply(event)
        seq = row.seq
    return board, seq


def _from_snapshot(
    journal: RowReader, upto_ms: int | None, upto_seq: int | None
) -> tuple[Board, int]:
    files = SnapshotFiles(journal.path)
    for seq in files.list():
        at_ms = files.find_time_ms(seq)
        if at_ms is None or (upto_ms is not None and at_ms > upto_ms):
            continue
        if upto_seq is not None and seq > upto_seq:
            continue
        dump = files.find(journal, seq)
        if dump is None:
            continue
        try:
            return Board.restore(dump), seq
        except (msgspec.ValidationError, KeyError):
            # Of another version of the board: the records say the same, only slower.
            continue
    return Board(), 0


def take_snapshot(path: Path) -> int:
    """Make a snapshot of a journal as it stands; returns the record it follows, 0 for none."""
    reader = JournalReader(path)
    board, seq = rebuild(reader)
    if seq:
        SnapshotFiles(path).save(reader.get_row(seq), board.dump())
    return seq


class SnapshotTaker:
    """Has a snapshot made after every so many records; give `seen` to `Engine.watch`."""

    def __init__(self, path: Path, every: int, since: int = 0) -> None:
        """`since` is how many records already stand after the newest snapshot."""
        self.path = path
        self.every = every
        self._count = since
        self._child: Popen[bytes] | None = None

    def seen(self, records: Sequence[Record]) -> None:
        """Count durable records; never blocks."""
        self._count += len(records)
        if self._count < self.every:
            return
        if self._child is not None and self._child.poll() is None:
            return
        self._count = 0
        self._child = Popen(  # noqa: S603 - this very interpreter and module
            [sys.executable, "-m", "dispatch.snapshot", str(self.path)], stdin=DEVNULL
        )

    def wait(self) -> None:
        """Until no snapshot is being made."""
        if self._child is not None:
            self._child.wait()

    def close(self) -> None:
        """End a snapshot that is being made; an unready file is no harm."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()


def main() -> None:
    """Make a snapshot of the journal named on the command line."""
    os.nice(POLITENESS)
    try:
        take_snapshot(Path(sys.argv[1]))
    except JournalError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
