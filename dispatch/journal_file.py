"""The journal as a file: its schema, its hash chain, and how it is read without being changed.

One row is one record. `hash` of a row is SHA-256 over the hash of the row before it and over
everything else that the row holds, so that no row can be changed, dropped, slipped in or moved
without the chain breaking at that very row.
"""

import hashlib
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from dispatch.commands import AnyCommand
from dispatch.events import AnyEvent
from dispatch.ports import Record

APPLICATION_ID = 0x5331_3130
"""`S110` in the file's header says whose file it is."""
FORMAT = 1
"""The version of the schema, kept as SQLite's user_version."""
GENESIS = hashlib.sha256(b"street110 journal 1").digest()
"""What stands for the hash before the first record."""
PAGE_BYTES = 4096
ROWS_AT_ONCE = 1_000
"""Rows read in one short transaction, so that a long reading never holds the writer's log."""

SCHEMA = """
CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  payload BLOB NOT NULL,
  hash BLOB NOT NULL
);
CREATE TABLE released (
  id INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL
);
"""
TABLES = {"records", "released"}
_FIXED = struct.Struct(">qqI")
_SEQ = struct.Struct(">q")


class JournalError(Exception):
    """The journal cannot be used; the text names the file and says what to do."""


class JournalLockedError(JournalError):
    """Another engine has the journal open."""


class JournalFailedError(JournalError):
    """A write failed; nothing more is taken."""


class JournalDamagedError(JournalError):
    """The file is not what was written. `seq` is the first record that is wrong, 0 if the file."""

    def __init__(self, path: Path, seq: int, what: str) -> None:
        where = f"record {seq}: " if seq else ""
        super().__init__(
            f"{path}: {where}{what}. The journal was changed outside the engine or its disk "
            f"failed: keep this file as evidence, restore the last backup in its place, and check "
            f"that with `street110 journal verify`"
        )
        self.seq = seq
        self.what = what


class Row(msgspec.Struct, frozen=True):
    """One row as it stands in the file, already checked for its kinds of values."""

    seq: int
    at_ms: int
    who: str
    payload: bytes
    hash: bytes


class Body(msgspec.Struct, frozen=True):
    """What the payload of a row holds, as MessagePack."""

    command: AnyCommand
    events: tuple[AnyEvent, ...]


class Facts(msgspec.Struct, frozen=True):
    """The payload without its command: all that replay needs, and faster to decode."""

    events: tuple[AnyEvent, ...]


encode_body = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(Body).decode
_decode_facts = msgspec.msgpack.Decoder(Facts).decode


def chain(before: bytes, seq: int, at_ms: int, who: str, payload: bytes) -> bytes:
    """The hash of a row: `before` is the hash of the row in front of it."""
    # The escape keeps a name that is no longer UTF-8 (a damaged one) hashable.
    name = who.encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(before)
    digest.update(_FIXED.pack(seq, at_ms, len(name)))
    digest.update(name)
    digest.update(payload)
    return digest.digest()


def released_hash(seq: int) -> bytes:
    """The check of the released cursor, which no chain covers because it is overwritten."""
    return hashlib.sha256(b"released" + _SEQ.pack(seq)).digest()


def decode_record(path: Path, row: Row) -> Record:
    """The record of a row.

    Raises:
        JournalDamagedError: the payload is not a record that this version knows.
    """
    try:
        body = _decode_body(row.payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalDamagedError(path, row.seq, f"the payload is no record: {error}") from error
    return Record(at_ms=row.at_ms, who=row.who, command=body.command, events=body.events)


def decode_facts(path: Path, row: Row) -> tuple[AnyEvent, ...]:
    """The events of a row, without its command. Raises JournalDamagedError."""
    try:
        return _decode_facts(row.payload).events
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalDamagedError(path, row.seq, f"the payload is no record: {error}") from error


def read_text(raw: bytes) -> str:
    """Text of a column; a byte that is not UTF-8 is kept, so that the chain can convict it."""
    return raw.decode("utf-8", "surrogateescape")


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the file without any right to change it.

    Raises:
        JournalError: there is no such file, or it is not a journal of this version.
        JournalDamagedError: SQLite cannot read it.
    """
    if not path.is_file():
        raise JournalError(f"{path}: no such journal; `street110 serve` makes one")
    uri = path.resolve().as_uri() + "?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.text_factory = read_text
    try:
        check_header(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_header(connection: sqlite3.Connection, path: Path) -> None:
    """See that the file is a journal of this version.

    Raises:
        JournalError: it is another program's file or of another version.
        JournalDamagedError: SQLite cannot read it.
    """
    try:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        listed = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        tables = {name for (name,) in listed}
    except sqlite3.DatabaseError as error:
        raise JournalDamagedError(path, 0, f"SQLite says: {error}") from error
    if owner != APPLICATION_ID:
        raise JournalError(f"{path}: this is not a street110 journal; name another file")
    if version != FORMAT:
        raise JournalError(
            f"{path}: the journal has format {version}, this version reads {FORMAT}; "
            f"use the street110 that wrote it"
        )
    if tables != TABLES:
        raise JournalDamagedError(path, 0, f"its tables are {sorted(tables)}")


def as_row(path: Path, values: tuple[object, ...]) -> Row:
    """Check the kinds of the values of one row: a flipped bit may turn text into a number."""
    match values:
        case (int(seq), int(at_ms), str(who), bytes(payload), bytes(hash_)):
            return Row(seq, at_ms, who, payload, hash_)
        case (int(seq), *_):
            raise JournalDamagedError(path, seq, "a column holds another kind of value")
        case _:
            raise JournalDamagedError(path, 0, "a row has no sequence number")


class JournalReader:
    """Reads a journal, live or at rest, in bounded memory; checks the chain as it goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(connect_to_read(path)) as connection:
            self.head_seq, self.head_hash = find_head(connection, path)

    def rows(self, after_seq: int = 0) -> Iterator[Row]:
        """Rows in order after `after_seq`, each checked against the chain.

        Raises:
            JournalDamagedError: at the first row that is wrong.
        """
        with closing(connect_to_read(self.path)) as connection:
            before = self._hash_at(connection, after_seq)
            seq = after_seq
            while rows := fetch_rows(connection, self.path, seq, ROWS_AT_ONCE):
                for row in rows:
                    seq += 1
                    check_row(self.path, row, seq, before)
                    before = row.hash
                    yield row

    def read(self, after_seq: int = 0) -> Iterator[tuple[int, Record]]:
        """Records in order after `after_seq`, with their sequence numbers."""
        for row in self.rows(after_seq):
            yield row.seq, decode_record(self.path, row)

    def get_row(self, seq: int) -> Row:
        """One row, unchecked. Raises KeyError when there is none."""
        with closing(connect_to_read(self.path)) as connection:
            rows = fetch_rows(connection, self.path, seq - 1, 1)
        if not rows or rows[0].seq != seq:
            raise KeyError(seq)
        return rows[0]

    def _hash_at(self, connection: sqlite3.Connection, seq: int) -> bytes:
        if seq == 0:
            return GENESIS
        rows = fetch_rows(connection, self.path, seq - 1, 1)
        if not rows or rows[0].seq != seq:
            raise JournalDamagedError(self.path, seq, "the record is missing")
        return rows[0].hash


def fetch_rows(connection: sqlite3.Connection, path: Path, after_seq: int, most: int) -> list[Row]:
    """At most `most` rows after `after_seq`, in one short read."""
    try:
        values = connection.execute(
            "SELECT seq, at_ms, who, payload, hash FROM records WHERE seq > ? ORDER BY seq LIMIT ?",
            (after_seq, most),
        ).fetchall()
    except sqlite3.DatabaseError as error:
        if most == 1:
            raise JournalDamagedError(path, after_seq + 1, f"SQLite says: {error}") from error
        # Reading one by one gives the good rows of the stretch, then names the bad one.
        return fetch_rows(connection, path, after_seq, 1)
    return [as_row(path, row) for row in values]


def check_row(path: Path, row: Row, seq: int, before: bytes) -> None:
    """See that a row is the one that belongs at `seq`. Raises JournalDamagedError."""
    if row.seq != seq:
        raise JournalDamagedError(path, seq, f"missing; the next one found is {row.seq}")
    if chain(before, row.seq, row.at_ms, row.who, row.payload) != row.hash:
        raise JournalDamagedError(path, seq, "its content and its hash do not agree")


def find_head(connection: sqlite3.Connection, path: Path) -> tuple[int, bytes]:
    """The last sequence number and its hash; 0 and the genesis of an empty journal."""
    try:
        values = connection.execute(
            "SELECT seq, at_ms, who, payload, hash FROM records ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    except sqlite3.DatabaseError as error:
        raise JournalDamagedError(path, 0, f"SQLite says: {error}") from error
    if values is None:
        return 0, GENESIS
    row = as_row(path, values)
    return row.seq, row.hash


def find_released(connection: sqlite3.Connection, path: Path) -> int:
    """How far letters are known to have been released; 0 when nothing was."""
    try:
        found = connection.execute("SELECT id, seq, hash FROM released").fetchall()
    except sqlite3.DatabaseError as error:
        raise JournalDamagedError(path, 0, f"SQLite says: {error}") from error
    match found:
        case []:
            return 0
        case [(1, int(seq), bytes(check))] if check == released_hash(seq):
            return seq
        case _:
            raise JournalDamagedError(path, 0, "the cursor of what was released is wrong")
