"""The journal of decisions in one SQLite file, written by a thread of its own.

The event loop hands over batches and gets futures; the thread writes whatever has gathered in one
transaction (group commit), in the order it was handed over. Any failure is final: the future
fails, every later append fails, and the engine stops.
"""

import fcntl
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from dispatch.journal_file import (
    APPLICATION_ID,
    FORMAT,
    PAGE_BYTES,
    SCHEMA,
    Body,
    JournalDamagedError,
    JournalError,
    JournalFailedError,
    JournalLockedError,
    JournalReader,
    Row,
    chain,
    check_header,
    encode_body,
    find_head,
    find_released,
    read_text,
    released_hash,
)
from dispatch.journal_snapshots import SnapshotFiles
from dispatch.journal_wal import check_wal
from dispatch.ports import Record

MAX_RECORDS_IN_ONE_COMMIT = 4_096
MAX_RECORDS_WAITING = 100_000
"""A journal this far behind is a broken disk, not a busy one."""
CHECKPOINT_WHEN_IDLE_BYTES = 1 << 20
CHECKPOINT_ALWAYS_BYTES = 32 << 20
"""The write-ahead log is folded into the file between commits, never inside one."""

Waiting = tuple[Sequence[Record], "Future[int]"]


class SqliteJournal:
    """Durable, ordered, tamper-evident memory of decisions. One engine at a time may open it."""

    def __init__(self, path: Path) -> None:
        """Open the journal, or make it.

        Raises:
            JournalLockedError: another engine has it open.
            JournalDamagedError: the file is not what was written.
            JournalError: it cannot be used otherwise.
        """
        self.path = path
        self._lock = lock(path)
        try:
            check_wal(path)
            self._connection = connect_to_write(path)
            try:
                self.last_seq, self._hash = find_head(self._connection, path)
                self._released = find_released(self._connection, path)
                self.snapshots = SnapshotFiles(path)
                self._check_length()
            except BaseException:
                self._connection.close()
                raise
        except BaseException:
            os.close(self._lock)
            raise
        self._to_release = self._released
        self._waiting: deque[Waiting] = deque()
        self._records_waiting = 0
        self._changed = threading.Condition()
        self._closing = False
        self._failure: BaseException | None = None
        self._log_bytes = 0
        self._thread = threading.Thread(target=self._run, name=f"journal {path.name}", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Record]) -> "Future[int]":
        """Write the batch in one commit; the future gives the last sequence number once durable.

        Never blocks and never raises: a journal that failed or was closed fails the future.
        """
        done: Future[int] = Future()
        # A batch handed over is written; a waiter that is cancelled must not call it back.
        done.set_running_or_notify_cancel()
        with self._changed:
            failure = self._failure
            if failure is None and self._closing:
                failure = JournalFailedError(f"{self.path}: the journal is closed")
            if failure is None and self._records_waiting >= MAX_RECORDS_WAITING:
                failure = self._failure = JournalFailedError(
                    f"{self.path}: {self._records_waiting} records wait for the disk; "
                    f"look at the disk, then start again"
                )
            if failure is None:
                self._waiting.append((records, done))
                self._records_waiting += len(records)
                self._changed.notify()
        if failure is not None:
            done.set_exception(failure)
        return done

    def mark_released(self, seq: int) -> None:
        """Everything up to this record has been handed over; kept with the next commit."""
        with self._changed:
            self._to_release = max(self._to_release, seq)

    def released(self) -> int:
        """How far letters were released when the journal was opened; what follows is in doubt."""
        return self._released

    def read(self, after_seq: int = 0) -> Iterator[tuple[int, Record]]:
        """Records in order after `after_seq`, in bounded memory, checked against the chain."""
        return JournalReader(self.path).read(after_seq)

    def rows(self, after_seq: int = 0) -> Iterator[Row]:
        """Rows in order after `after_seq`, checked against the chain."""
        return JournalReader(self.path).rows(after_seq)

    def save_snapshot(self, seq: int, board_dump: bytes) -> None:
        """Keep the board as it was after the durable record `seq`. Blocks on the disk."""
        row = JournalReader(self.path).get_row(seq)
        self.snapshots.save(row, board_dump)

    def latest_snapshot(self) -> tuple[int, bytes] | None:
        """The newest snapshot that is whole and belongs to this journal, as (seq, board dump)."""
        for snapshot in self.snapshots.list():
            found = self.snapshots.find(self, snapshot)
            if found is not None:
                return snapshot, found
        return None

    def get_row(self, seq: int) -> Row:
        """One row. Raises KeyError when there is none."""
        return JournalReader(self.path).get_row(seq)

    def close(self) -> None:
        """Write what waits, fold the log into the file and release it."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        os.close(self._lock)

    def _check_length(self) -> None:
        """A journal that ends before what was made from it has lost its tail."""
        known = max([self._released, *self.snapshots.list()])
        if known > self.last_seq:
            raise JournalDamagedError(
                self.path, self.last_seq + 1, f"missing, although record {known} once was durable"
            )

    def _run(self) -> None:
        try:
            with closing(self._connection):
                while self._write_next():
                    self._fold_log()
                self._keep_released()
        except BaseException as error:  # noqa: BLE001 - every failure is told to all who wait
            self._fail(error)

    def _write_next(self) -> bool:
        """Commit what has gathered; False when closed and nothing waits."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            batch: list[Waiting] = []
            count = 0
            while self._waiting and count < MAX_RECORDS_IN_ONE_COMMIT:
                batch.append(self._waiting.popleft())
                count += len(batch[-1][0])
            to_release = self._to_release
        if not batch:
            return False
        try:
            ends = self._commit([records for records, _ in batch], to_release)
        except BaseException as error:
            failure = self._as_failure(error)
            for _, done in batch:
                done.set_exception(failure)
            raise failure from error
        with self._changed:
            self._records_waiting -= count
        for (_, done), seq in zip(batch, ends, strict=True):
            done.set_result(seq)
        return True

    def _commit(self, batches: list[Sequence[Record]], to_release: int) -> list[int]:
        """Write all batches in one transaction; returns the last sequence number of each."""
        seq, digest = self.last_seq, self._hash
        rows: list[tuple[int, int, str, bytes, bytes]] = []
        ends: list[int] = []
        for records in batches:
            for record in records:
                seq += 1
                payload = encode_body(Body(record.command, record.events))
                digest = chain(digest, seq, record.at_ms, record.who, payload)
                rows.append((seq, record.at_ms, record.who, payload, digest))
                self._log_bytes += len(payload) + PAGE_BYTES
            ends.append(seq)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", rows)
        self._put_released(to_release)
        self._connection.execute("COMMIT")
        self.last_seq, self._hash = seq, digest
        return ends

    def _put_released(self, seq: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO released VALUES (1, ?, ?)", (seq, released_hash(seq))
        )

    def _keep_released(self) -> None:
        """On a clean close nothing is in doubt."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._put_released(self._to_release)
        self._connection.execute("COMMIT")

    def _fold_log(self) -> None:
        limit = CHECKPOINT_ALWAYS_BYTES if self._waiting else CHECKPOINT_WHEN_IDLE_BYTES
        if self._log_bytes >= limit:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._log_bytes = 0

    def _as_failure(self, error: BaseException) -> JournalFailedError:
        if isinstance(error, JournalFailedError):
            return error
        return JournalFailedError(
            f"{self.path}: cannot be written: {error}. Nothing after record {self.last_seq} is "
            f"durable; see to the disk (space, rights, health) and start again"
        )

    def _fail(self, error: BaseException) -> None:
        failure = self._as_failure(error)
        with self._changed:
            self._failure = failure
            waiting = list(self._waiting)
            self._waiting.clear()
        for _, done in waiting:
            done.set_exception(failure)


def lock(path: Path) -> int:
    """Hold the journal's lock file until the descriptor is closed or the process ends.

    A file beside the journal, because closing a second descriptor of the journal itself would
    drop the locks that SQLite holds on it.

    Raises:
        JournalLockedError: another process holds it.
        JournalError: the folder is missing or may not be written.
    """
    beside = path.with_name(path.name + ".lock")
    try:
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise JournalError(f"{path}: cannot be opened: {error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise JournalLockedError(
            f"{path}: another engine (process {holder}) has this journal open; "
            f"stop it, or give this one another state directory"
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open the file for the writer thread, making it when there is none."""
    fresh = not path.exists() or path.stat().st_size == 0
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise JournalError(f"{path}: cannot be opened: {error}") from error
    connection.text_factory = read_text
    try:
        if fresh:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_empty(connection):
            make_tables(connection, path)
        check_header(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise JournalDamagedError(path, 0, f"SQLite says: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the file holds no table yet: new, or its making was cut short."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return not owner and not tables


def make_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in one transaction, then see that the folder knows the file."""
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID};"
        f"PRAGMA user_version = {FORMAT}; {SCHEMA} COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    )
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
