"""The journal on a disk that can be slow, full, and lose what it was not yet told to keep.

The journal is the engine's own, on real SQLite in a folder of memory. Its thread does not run:
the schedule says when the writer has its turn. Modelled is what a power cut leaves: every sector
of 512 bytes that the commit under way changed in the write-ahead log is there or not; when the
log is being folded, every page of the file likewise. What was synced stays.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from random import Random

from dispatch.events import AnyEvent
from dispatch.journal import SqliteJournal
from dispatch.journal_file import PAGE_BYTES, Row, as_row, decode_facts
from dispatch.ports import Record

SECTOR_BYTES = 512
WAL_HEAD_BYTES = 32
FILE = "journal.db"

Later = Callable[[float, Callable[[float], None]], None]


class Torn:
    """What the disk held before and after a write that a crash may catch half done."""

    def __init__(self, path: Path, piece_bytes: int) -> None:
        self.path = path
        self.piece_bytes = piece_bytes
        self.before = path.read_bytes() if path.exists() else b""

    def mix(self, rng: Random) -> bytes:
        """A file in which each changed piece is the old or the new one."""
        after = self.path.read_bytes()
        mood = rng.random()
        if mood < 0.2:
            return after
        if mood < 0.4 or self._head_changed(after):
            return self.before
        cut = rng.randrange(len(after) + 1) if mood < 0.7 else None
        mixed = bytearray()
        for at in range(0, len(after), self.piece_bytes):
            new = after[at : at + self.piece_bytes]
            old = self.before[at : at + self.piece_bytes]
            if cut is not None:
                mixed += new if at + self.piece_bytes <= cut else old
            else:
                # A hole in a file that grew reads as zeros.
                mixed += new if rng.random() < 0.5 else old.ljust(len(new), b"\0")
        return bytes(mixed)

    def _head_changed(self, after: bytes) -> bool:
        """SQLite syncs a new head of its log before the frames; with the old head all is old."""
        piece = self.piece_bytes
        head = slice(0, WAL_HEAD_BYTES)
        return piece == SECTOR_BYTES and after[head] != self.before[head]


class SteppedJournal(SqliteJournal):
    """The engine's journal, whose writer has its turn when the schedule says so."""

    def __init__(
        self,
        path: Path,
        later: Later,
        sync_s: Callable[[], float],
        at_point: Callable[[str], bool],
        durable: Callable[[], None],
    ) -> None:
        """`later` does a deed after so many seconds; `at_point` says whether we died there.

        `durable` is called when a sync has ended, before anybody in the engine hears of it.
        """
        self.torn: Torn | None = None
        self.dead = False
        self._later = later
        self._sync_s = sync_s
        self._at_point = at_point
        self._durable = durable
        self._busy = False
        self._promises: list[tuple[Future[int], Future[int]]] = []
        super().__init__(path)
        self.read_seq = 0

    def append(self, records: Sequence[Record]) -> "Future[int]":
        """As the real one, but the future is told when the schedule lets the sync end."""
        promised: Future[int] = Future()
        promised.set_running_or_notify_cancel()
        if not self.dead:
            self._promises.append((super().append(records), promised))
            if not self._at_point("decided") and not self._busy:
                self._busy = True
                self._later(self._sync_s() / 2, self._turn)
        return promised

    def mark_released(self, seq: int) -> None:
        """As the real one."""
        super().mark_released(seq)
        self._at_point("released")

    def fill_disk(self, *, full: bool) -> None:
        """Let SQLite find no more room in the file, or plenty."""
        self._connection.execute(f"PRAGMA max_page_count = {1 if full else 1_000_000}").fetchone()

    def _turn(self, _: float) -> None:
        """The writer commits what has gathered; it is safe only once the sync has ended."""
        if self.dead:
            return
        self.torn = Torn(self.path.with_name(FILE + "-wal"), SECTOR_BYTES)
        try:
            self._write_next()
        except BaseException as error:  # noqa: BLE001 - the real thread tells all who wait, too
            self._fail(error)
        if not self._at_point("written"):
            self._later(self._sync_s(), self._synced)

    def _synced(self, _: float) -> None:
        self.torn = None
        if self.dead or self._at_point("synced"):
            return
        self._durable()
        kept: list[tuple[Future[int], Future[int]]] = []
        for inner, promised in self._promises:
            if not inner.done():
                kept.append((inner, promised))
            elif (failure := inner.exception()) is not None:
                promised.set_exception(failure)
            else:
                promised.set_result(inner.result())
        self._promises = kept
        self._fold()
        self._busy = bool(self._waiting) and not self.dead
        if self._busy:
            self._later(0.0, self._turn)

    def _fold(self) -> None:
        self.torn = Torn(self.path, PAGE_BYTES)
        self._fold_log()
        if not self._log_bytes and self._at_point("folded"):
            return
        self.torn = None

    def list_new(self) -> list[tuple[Row, tuple[AnyEvent, ...]]]:
        """Rows that are in the file and were not listed yet, decoded as a replay would."""
        values = self._connection.execute(
            "SELECT seq, at_ms, who, payload, hash FROM records WHERE seq > ? ORDER BY seq",
            (self.read_seq,),
        ).fetchall()
        rows = [as_row(self.path, value) for value in values]
        if rows:
            self.read_seq = rows[-1].seq
        return [(row, decode_facts(self.path, row)) for row in rows]

    def close(self) -> None:
        """A clean end: what waits is written in this very moment."""
        with self._changed:
            self._closing = True
        self._run()
        super().close()
        self.dead = True

    def crash(self, folder: Path, rng: Random) -> None:
        """Leave in `folder` what a power cut leaves, and let go of the old files."""
        self.dead = True
        for name in (FILE, FILE + "-wal"):
            source = self.path.with_name(name)
            if self.torn is not None and self.torn.path == source:
                (folder / name).write_bytes(self.torn.mix(rng))
            elif source.exists():
                shutil.copyfile(source, folder / name)
        snapshots = self.snapshots.folder
        if snapshots.is_dir():
            shutil.copytree(snapshots, folder / snapshots.name)
        self.let_go()

    def let_go(self) -> None:
        """Close what is open, as the end of a process does."""
        self.dead = True
        # It may stand in a transaction that will never end; its files are gone next.
        with suppress(sqlite3.Error):
            self._connection.close()
        os.close(self._lock)
