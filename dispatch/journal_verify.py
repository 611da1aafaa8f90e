"""Is a journal what was written? Every record, the cursor, the snapshots and the file itself."""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from dispatch.journal_file import (
    GENESIS,
    JournalDamagedError,
    JournalReader,
    connect_to_read,
    find_released,
)
from dispatch.journal_pages import check_pages
from dispatch.journal_snapshots import SnapshotFiles
from dispatch.journal_wal import check_wal

TELL_EVERY = 2_000

Progress = Callable[[int, int], None]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `seq` of a fault is the first wrong record, 0 when it is the file.

    Whoever keeps `head_seq` and `head_hash` elsewhere can later prove that nothing up to there
    was rewritten, not even by someone who computed all hashes anew.
    """

    records: int
    head_seq: int
    head_hash: str
    live: bool
    seq: int = 0
    fault: str | None = None


def verify(path: Path, told: Progress, *, known: tuple[int, str] | None = None) -> Verdict:
    """Check a journal from its first record; `told` hears (records done, records in all).

    `known` is a head noted earlier, as (seq, hash in hex). The log and the pages of the file are
    checked as well while no engine has it open.

    Raises:
        JournalError: the file is missing or is not a journal of this version.
    """
    live = is_live(path)
    seq, digest = 0, GENESIS
    try:
        if not live:
            check_wal(path)
        reader = JournalReader(path)
        for row in reader.rows():
            seq, digest = row.seq, row.hash
            if known is not None and known[0] == seq:
                _check_known(path, known, digest)
            if seq % TELL_EVERY == 0:
                told(seq, reader.head_seq)
        _check_rest(path, seq, known, live=live)
    except JournalDamagedError as error:
        return Verdict(
            records=seq,
            head_seq=seq,
            head_hash=digest.hex(),
            live=live,
            seq=error.seq,
            fault=error.what,
        )
    told(seq, seq)
    return Verdict(records=seq, head_seq=seq, head_hash=digest.hex(), live=live)


def _check_known(path: Path, known: tuple[int, str], digest: bytes) -> None:
    if known[1] != digest.hex():
        raise JournalDamagedError(path, known[0], "it is not the record whose hash was noted")


def is_live(path: Path) -> bool:
    """Whether an engine has the journal open right now."""
    try:
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _check_rest(path: Path, head: int, known: tuple[int, str] | None, *, live: bool) -> None:
    with closing(connect_to_read(path)) as connection:
        released = find_released(connection, path)
        if not live:
            _check_structure(connection, path)
    files = SnapshotFiles(path)
    reader = JournalReader(path)
    noted = known[0] if known is not None else 0
    longest = max([noted, released, *files.list()])
    if longest > head and not live:
        what = f"missing, although record {longest} once was durable"
        raise JournalDamagedError(path, head + 1, what)
    for seq in files.list():
        fault = files.check(reader, seq)
        if fault is not None:
            raise JournalDamagedError(path, 0, f"the snapshot after record {seq}: {fault}")
    if not live:
        check_pages(path)


def _check_structure(connection: sqlite3.Connection, path: Path) -> None:
    try:
        found = [line for (line,) in connection.execute("PRAGMA integrity_check(1)")]
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        raise JournalDamagedError(path, 0, f"SQLite says: {found[0]}")
