"""Snapshots of the board beside the journal: made from it, checked against it, never needed.

A snapshot is a file of its own and not a row, so that writing megabytes never stands between an
order and its commit, and so that losing one loses only time.
"""

import hashlib
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Protocol

from dispatch.journal_file import Row

KEPT = 3
"""Snapshots kept; the older ones serve when the newest is damaged."""
MAX_DUMP_BYTES = 1 << 30
MAGIC = b"S110SNAP"
_HEAD = struct.Struct(">8sqqQ32s32s")
_NAME = re.compile(r"(\d{12,19})\.snapshot")


class RowSource(Protocol):
    """Where the row that a snapshot claims to follow is looked up."""

    def get_row(self, seq: int) -> Row:
        """One row. Raises KeyError when there is none."""
        ...


class SnapshotFiles:
    """The snapshots of one journal, in the folder `<journal>.snapshots`."""

    def __init__(self, journal: Path) -> None:
        self.folder = journal.with_name(journal.name + ".snapshots")

    def list(self) -> list[int]:
        """Sequence numbers that have a snapshot, newest first, unchecked."""
        if not self.folder.is_dir():
            return []
        named = (_NAME.fullmatch(entry.name) for entry in self.folder.iterdir())
        return sorted((int(match[1]) for match in named if match), reverse=True)

    def save(self, row: Row, dump: bytes) -> None:
        """Write the board's dump after `row`, whole or not at all, and drop what is too old."""
        assert len(dump) <= MAX_DUMP_BYTES, "a board fits its snapshot"
        body = zlib.compress(dump, level=1)
        digest = checksum(row.seq, row.at_ms, len(dump), row.hash, body)
        head = _HEAD.pack(MAGIC, row.seq, row.at_ms, len(dump), row.hash, digest)
        self.folder.mkdir(mode=0o750, exist_ok=True)
        target = self._path(row.seq)
        unready = target.with_suffix(".unready")
        with unready.open("wb") as file:
            file.write(head)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        unready.replace(target)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        for old in self.list()[KEPT:]:
            self._path(old).unlink(missing_ok=True)

    def find(self, rows: RowSource, seq: int) -> bytes | None:
        """The dump after `seq`, or None when the file is damaged or of another journal."""
        found = self._open(seq)
        if found is None:
            return None
        _, link, dump = found
        try:
            row = rows.get_row(seq)
        except KeyError:
            return None
        return dump if row.hash == link else None

    def find_time_ms(self, seq: int) -> int | None:
        """When record `seq` was decided, from the snapshot's head; None when unreadable."""
        try:
            with self._path(seq).open("rb") as file:
                raw = file.read(_HEAD.size)
        except OSError:
            return None
        if len(raw) < _HEAD.size:
            return None
        at_ms: int = _HEAD.unpack(raw)[2]
        return at_ms

    def check(self, rows: RowSource, seq: int) -> str | None:
        """What is wrong with the snapshot after `seq`; None when it is whole."""
        if self._open(seq) is None:
            return "its content and its hash do not agree"
        if self.find(rows, seq) is None:
            return "it does not belong to this journal"
        return None

    def _path(self, seq: int) -> Path:
        return self.folder / f"{seq:012}.snapshot"

    def _open(self, seq: int) -> tuple[int, bytes, bytes] | None:
        """Time, link and dump of one file; None when it is not whole."""
        try:
            raw = self._path(seq).read_bytes()
        except OSError:
            return None
        if len(raw) < _HEAD.size:
            return None
        magic, said, at_ms, size, link, digest = _HEAD.unpack_from(raw)
        body = raw[_HEAD.size :]
        if magic != MAGIC or said != seq or digest != checksum(seq, at_ms, size, link, body):
            return None
        return at_ms, link, zlib.decompress(body)


def checksum(seq: int, at_ms: int, size: int, link: bytes, body: bytes) -> bytes:
    """The hash over all of a snapshot file."""
    digest = hashlib.sha256(_HEAD.pack(MAGIC, seq, at_ms, size, link, bytes(32)))
    digest.update(body)
    return digest.digest()
