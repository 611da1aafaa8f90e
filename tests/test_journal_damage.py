"""Whatever is changed in a journal is found, and the first wrong record is named."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from dispatch.journal import SqliteJournal
from dispatch.journal_file import JournalDamagedError, JournalError, JournalReader, chain
from dispatch.journal_verify import Verdict, verify
from tests.journal_town import copy_as_after_a_crash, make_record

RECORDS = 120
LIBRARY_VERSION = range(96, 100)
"""Bytes of the header where SQLite notes its own version; any version may have written."""


def quiet(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "journal.db"
    journal = SqliteJournal(path)
    for number in range(1, RECORDS + 1):
        journal.mark_released(journal.append([make_record(number)]).result())
    journal.close()
    assert verify(path, quiet).fault is None
    return path.read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place") / "journal.db"


def change(place: Path, whole: bytes, *statements: tuple[str, tuple[object, ...]]) -> Verdict:
    place.write_bytes(whole)
    with sqlite3.connect(place, isolation_level=None) as connection:
        for sql, values in statements:
            connection.execute(sql, values)
    connection.close()
    return verify(place, quiet)


def flip(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8 % len(raw)] ^= 1 << bit % 8
    return bytes(changed)


@given(seq=st.integers(1, RECORDS), bit=st.integers(0), column=st.sampled_from(["payload", "hash"]))
def test_a_flipped_bit_of_a_payload_or_hash(
    whole: bytes, place: Path, seq: int, bit: int, column: str
) -> None:
    place.write_bytes(whole)
    row = JournalReader(place).get_row(seq)
    value = flip(row.payload if column == "payload" else row.hash, bit)
    statement = f"UPDATE records SET {column} = ? WHERE seq = ?"  # noqa: S608 - a column of ours
    assert change(place, whole, (statement, (value, seq))).seq == seq


@given(seq=st.integers(1, RECORDS), bit=st.integers(0, 62))
def test_a_flipped_bit_of_a_time(whole: bytes, place: Path, seq: int, bit: int) -> None:
    sql = "UPDATE records SET at_ms = (at_ms | ?) - (at_ms & ?) WHERE seq = ?"
    verdict = change(place, whole, (sql, (1 << bit, 1 << bit, seq)))
    assert (verdict.seq, verdict.records) == (seq, seq - 1)


@given(seq=st.integers(1, RECORDS), bit=st.integers(0, 55))
def test_a_flipped_bit_of_a_name(whole: bytes, place: Path, seq: int, bit: int) -> None:
    who = flip(make_record(seq).who.encode(), bit)
    sql = "UPDATE records SET who = CAST(? AS TEXT) WHERE seq = ?"
    assert change(place, whole, (sql, (who, seq))).seq == seq


@given(seq=st.integers(1, RECORDS), bit=st.integers(7, 40))
def test_a_flipped_bit_of_a_number(whole: bytes, place: Path, seq: int, bit: int) -> None:
    sql = "UPDATE records SET seq = seq + ? WHERE seq = ?"
    assert change(place, whole, (sql, (1 << bit, seq))).seq == seq


@given(bit=st.integers(0), data=st.data())
@settings(max_examples=150)
def test_a_flipped_bit_anywhere_in_the_file(
    whole: bytes, place: Path, bit: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(whole) - 1).filter(lambda at: at not in LIBRARY_VERSION))
    changed = bytearray(whole)
    changed[at] ^= 1 << bit % 8
    place.write_bytes(changed)
    try:
        verdict = verify(place, quiet)
    except JournalError:
        return
    assert verdict.fault is not None


@given(seq=st.integers(1, RECORDS - 1))
def test_a_deleted_record(whole: bytes, place: Path, seq: int) -> None:
    verdict = change(place, whole, ("DELETE FROM records WHERE seq = ?", (seq,)))
    assert verdict.seq == seq
    assert "missing" in str(verdict.fault)


@given(cut=st.integers(1, RECORDS))
def test_a_cut_tail(whole: bytes, place: Path, cut: int) -> None:
    verdict = change(place, whole, ("DELETE FROM records WHERE seq >= ?", (cut,)))
    assert verdict.seq == cut
    with pytest.raises(JournalDamagedError, match="once was durable"):
        SqliteJournal(place)


@given(one=st.integers(1, RECORDS), two=st.integers(1, RECORDS))
def test_records_that_changed_places(whole: bytes, place: Path, one: int, two: int) -> None:
    move = "UPDATE records SET seq = ? WHERE seq = ?"
    verdict = change(place, whole, (move, (-1, one)), (move, (one, two)), (move, (two, -1)))
    if one == two:
        assert verdict.seq == 0
    else:
        assert verdict.seq == min(one, two)


@given(seq=st.integers(2, RECORDS - 1))
def test_a_record_slipped_in(whole: bytes, place: Path, seq: int) -> None:
    """Even with a hash that fits the record before it, the one after it gives it away."""
    place.write_bytes(whole)
    before, moved = JournalReader(place).get_row(seq - 1), JournalReader(place).get_row(seq)
    forged = chain(before.hash, seq, moved.at_ms, "unit/U9", moved.payload)
    verdict = change(
        place,
        whole,
        ("UPDATE records SET seq = -seq - 1 WHERE seq >= ?", (seq,)),
        ("UPDATE records SET seq = -seq WHERE seq < 0", ()),
        (
            "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
            (seq, moved.at_ms, "unit/U9", moved.payload, forged),
        ),
    )
    assert verdict.seq == seq + 1


def test_a_journal_rewritten_whole_is_convicted_by_a_head_noted_elsewhere(
    whole: bytes, place: Path
) -> None:
    place.write_bytes(whole)
    noted = verify(place, quiet)
    place.unlink()
    journal = SqliteJournal(place)
    journal.append([make_record(number * 2) for number in range(1, RECORDS + 1)]).result()
    journal.close()
    assert verify(place, quiet).fault is None
    known = noted.head_seq, noted.head_hash
    assert verify(place, quiet, known=known).seq == noted.head_seq


def test_reading_stops_at_the_damage(whole: bytes, place: Path) -> None:
    change(place, whole, ("UPDATE records SET at_ms = at_ms + 1 WHERE seq = 50", ()))
    seen = []
    with pytest.raises(
        JournalDamagedError, match=r"record 50: .*restore the last backup"
    ) as caught:
        seen.extend(seq for seq, _ in JournalReader(place).read())
    assert caught.value.seq == 50


def crash_image(folder: Path, records: int) -> Path:
    """A journal whose log was never folded in, one transaction a record."""
    journal = SqliteJournal(folder / "journal.db")
    for number in range(1, records + 1):
        journal.append([make_record(number)]).result()
    crashed = copy_as_after_a_crash(journal.path, folder / "crash")
    journal.close()
    return crashed


@given(data=st.data())
@settings(max_examples=30)
def test_a_torn_log_leaves_a_prefix(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = crash_image(tmp_path_factory.mktemp("torn"), 20)
    log = path.with_name("journal.db-wal")
    raw = log.read_bytes()
    log.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    assert verify(path, quiet).fault is None
    journal = SqliteJournal(path)
    kept = [record for _, record in journal.read()]
    assert kept == [make_record(number) for number in range(1, len(kept) + 1)]
    assert journal.append([make_record(len(kept) + 1)]).result() == len(kept) + 1
    journal.close()
    assert verify(path, quiet).fault is None


@given(data=st.data())
@settings(max_examples=30)
def test_a_flipped_bit_in_the_log_is_not_taken_for_its_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = crash_image(tmp_path_factory.mktemp("flip"), 20)
    log = path.with_name("journal.db-wal")
    raw = bytearray(log.read_bytes())
    # What one log alone cannot tell from a power cut is damage in its last two transactions.
    at = data.draw(st.integers(0, len(raw) * 3 // 4))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    log.write_bytes(raw)
    with pytest.raises(JournalDamagedError, match="write-ahead log is damaged"):
        SqliteJournal(path)
    assert "write-ahead log" in str(verify(path, quiet).fault)


def test_a_long_journal_is_not_accused_of_what_sqlite_leaves_behind(tmp_path: Path) -> None:
    """With thousands of pages the tree of pages has been split many times."""
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    sizes = [20, 100, 100, 300, 2_500]
    for begin in range(0, 9_000, 90):
        batch = [
            structs.replace(make_record(1), who="w" * sizes[number % 5])
            for number in range(begin, begin + 90)
        ]
        journal.append(batch).result()
    journal.close()
    assert path.stat().st_size > 4 << 20
    assert verify(path, quiet).fault is None
