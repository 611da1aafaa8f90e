"""A board from a snapshot and the tail is the board from all records, at any moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.journal import SqliteJournal
from dispatch.journal_file import JournalDamagedError, JournalReader
from dispatch.journal_snapshots import KEPT, SnapshotFiles
from dispatch.journal_verify import verify
from dispatch.snapshot import SnapshotTaker, rebuild, take_snapshot
from tests.journal_town import Scribe, copy_as_after_a_crash, make_record


def quiet(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture(scope="module")
def scribe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scribe]:
    journal = SqliteJournal(tmp_path_factory.mktemp("town") / "journal.db")
    scribe = Scribe(journal)
    last = scribe.live(40)
    for seq in (last // 3, last // 2):
        journal.save_snapshot(seq, scribe.dumps[seq])
    yield scribe
    journal.close()


def test_a_restart_is_a_snapshot_and_its_tail(scribe: Scribe, tmp_path: Path) -> None:
    path = copy_as_after_a_crash(scribe.journal.path, tmp_path / "crash")
    snapshots = scribe.journal.snapshots.folder
    snapshots.rename(path.with_name("journal.db.snapshots"))
    try:
        journal = SqliteJournal(path)
        board, seq = rebuild(journal)
        assert seq == max(scribe.dumps)
        assert board.dump() == scribe.town.board.dump()
        journal.close()
    finally:
        path.with_name("journal.db.snapshots").rename(snapshots)


@given(data=st.data())
@settings(max_examples=40)
def test_the_board_of_any_record(scribe: Scribe, data: st.DataObject) -> None:
    seq = data.draw(st.integers(1, max(scribe.dumps)))
    use_snapshot = data.draw(st.booleans())
    board, last = rebuild(scribe.journal, upto_seq=seq, use_snapshot=use_snapshot)
    assert last == seq
    assert board.dump() == scribe.dumps[seq]


@given(data=st.data())
@settings(max_examples=40)
def test_the_board_of_any_moment(scribe: Scribe, data: st.DataObject) -> None:
    first, end = min(scribe.ends_ms.values()), max(scribe.ends_ms.values())
    at_ms = data.draw(st.integers(first, end + 1))
    seq = max(seq for seq, ends_ms in scribe.ends_ms.items() if ends_ms <= at_ms)
    board, last = rebuild(scribe.journal, upto_ms=at_ms)
    assert (last, board.dump()) == (seq, scribe.dumps[seq])


def test_before_the_first_record_the_board_is_empty(scribe: Scribe) -> None:
    board, seq = rebuild(scribe.journal, upto_ms=0)
    assert seq == 0
    assert board.district is None


def write(path: Path, records: int, snapshots_at: tuple[int, ...]) -> None:
    journal = SqliteJournal(path)
    journal.append([make_record(number) for number in range(1, records + 1)]).result()
    for seq in snapshots_at:
        journal.save_snapshot(seq, b"board %d" % seq)
    journal.close()


def test_the_last_three_are_kept_and_the_newest_is_used(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    write(path, 50, (10, 20, 30, 40))
    assert SnapshotFiles(path).list() == [40, 30, 20]
    assert KEPT == 3
    journal = SqliteJournal(path)
    assert journal.latest_snapshot() == (40, b"board 40")
    journal.close()


@given(at=st.integers(0), bit=st.integers(0, 7))
@settings(max_examples=60)
def test_a_damaged_snapshot_is_found_and_not_used(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    path = tmp_path_factory.mktemp("snap") / "journal.db"
    write(path, 5, (2, 4))
    newest = path.with_name("journal.db.snapshots") / "000000000004.snapshot"
    raw = bytearray(newest.read_bytes())
    raw[at % len(raw)] ^= 1 << bit
    newest.write_bytes(raw)
    verdict = verify(path, quiet)
    assert verdict.records == 5
    assert "the snapshot after record 4" in str(verdict.fault)
    journal = SqliteJournal(path)
    assert journal.latest_snapshot() == (2, b"board 2")
    journal.close()


def test_a_snapshot_of_another_journal_is_not_used(tmp_path: Path) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    write(one, 5, (4,))
    journal = SqliteJournal(other)
    journal.append([make_record(number + 7) for number in range(5)]).result()
    journal.close()
    one.with_name("one.db.snapshots").rename(other.with_name("other.db.snapshots"))
    assert "does not belong" in str(verify(other, quiet).fault)
    journal = SqliteJournal(other)
    assert journal.latest_snapshot() is None
    journal.close()


def test_a_journal_shorter_than_its_snapshot_is_not_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    write(path, 5, (4,))
    path.write_bytes(b"")
    with pytest.raises(JournalDamagedError, match="record 4 once was durable"):
        SqliteJournal(path)


def test_a_child_takes_a_snapshot_while_the_journal_is_being_written(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    scribe = Scribe(journal)
    taker = SnapshotTaker(journal.path, every=10)
    scribe.live(10)
    records = [record for _, record in journal.read()]
    taker.seen(records[:9])
    assert journal.snapshots.list() == []
    taker.seen(records[9:])
    taker.wait()
    assert journal.latest_snapshot() == (len(records), scribe.dumps[len(records)])
    scribe.live(3)
    taker.close()
    board, _ = rebuild(journal)
    assert board.dump() == scribe.town.board.dump()
    journal.close()


def test_a_snapshot_of_another_version_is_passed_over(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    scribe = Scribe(journal)
    last = scribe.live(3)
    journal.save_snapshot(last, b'{"colour": "blue"}')
    assert journal.latest_snapshot() == (last, b'{"colour": "blue"}')
    board, seq = rebuild(journal)
    assert (seq, board.dump()) == (last, scribe.dumps[last])
    journal.close()


def test_an_empty_journal_gets_no_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteJournal(path).close()
    assert take_snapshot(path) == 0
    assert JournalReader(path).head_seq == 0
    assert SnapshotFiles(path).list() == []
