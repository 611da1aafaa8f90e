"""The journal writes what it was given, in order, once, durably; or it stops."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.journal import SqliteJournal
from dispatch.journal_file import (
    JournalDamagedError,
    JournalError,
    JournalFailedError,
    JournalLockedError,
    JournalReader,
)
from dispatch.journal_verify import verify
from dispatch.ports import Record
from tests.journal_town import Scribe, copy_as_after_a_crash, make_record

ROOT = Path(__file__).resolve().parent.parent


def quiet(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


def test_what_was_appended_is_read_again(journal: SqliteJournal) -> None:
    records = [make_record(number) for number in range(1, 40)]
    assert journal.append(records[:3]).result() == 3
    assert journal.append(records[3:]).result() == 39
    assert list(journal.read()) == list(enumerate(records, 1))
    assert list(journal.read(after_seq=37)) == [(38, records[37]), (39, records[38])]
    assert list(journal.read(after_seq=39)) == []


def test_every_command_and_event_of_a_town_survives(journal: SqliteJournal) -> None:
    seq = Scribe(journal).live(20)
    records = [record for _, record in journal.read()]
    assert len(records) == seq
    assert {type(event).__name__ for record in records for event in record.events} >= {
        "DistrictLoaded",
        "IncidentOpened",
        "Recommended",
        "OrderIssued",
        "OrderOverdue",
        "NoticeSent",
    }


def test_it_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for begin in (1, 11, 21):
        journal = SqliteJournal(path)
        assert journal.last_seq == begin - 1
        journal.append([make_record(number) for number in range(begin, begin + 10)]).result()
        journal.close()
    assert [record for _, record in JournalReader(path).read()] == [
        make_record(number) for number in range(1, 31)
    ]
    assert verify(path, quiet).fault is None


def test_appends_that_wait_share_a_commit_and_keep_their_order(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    begun, go_on = threading.Event(), threading.Event()
    commit = journal._commit

    def slow(batches: list[Sequence[Record]], released: int) -> list[int]:
        begun.set()
        assert go_on.wait(30)
        commits.append(len(batches))
        return commit(batches, released)

    monkeypatch.setattr(journal, "_commit", slow)
    futures = [journal.append([make_record(1)])]
    assert begun.wait(30)
    numbers = iter(range(2, 2 + 150))
    futures += [
        journal.append([make_record(next(numbers)) for _ in range(size)]) for size in (1, 2, 3) * 25
    ]
    assert not any(future.done() for future in futures)
    go_on.set()
    ends = [future.result(30) for future in futures]
    sizes = [1, *((1, 2, 3) * 25)]
    assert ends == [sum(sizes[: n + 1]) for n in range(len(sizes))]
    assert commits == [1, 75]
    assert [record for _, record in journal.read()] == [make_record(n) for n in range(1, 152)]


@given(sizes=st.lists(st.integers(0, 5), max_size=12))
def test_any_batches_give_one_sequence(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("sizes") / "journal.db"
    journal = SqliteJournal(path)
    number = 0
    ends = []
    for size in sizes:
        batch = [make_record(number + ahead) for ahead in range(1, size + 1)]
        number += size
        ends.append((number, journal.append(batch)))
    assert all(future.result(30) == end for end, future in ends)
    journal.close()
    assert len(list(JournalReader(path).read())) == number


def test_only_one_engine_opens_a_journal(journal: SqliteJournal) -> None:
    with pytest.raises(JournalLockedError, match=r"journal\.db: another engine \(process \d+\)"):
        SqliteJournal(journal.path)


def test_a_closed_journal_takes_nothing_and_lets_the_next_one_in(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    journal.close()
    failure = journal.append([make_record(1)]).exception()
    assert isinstance(failure, JournalFailedError)
    assert "closed" in str(failure)
    SqliteJournal(journal.path).close()


def test_what_was_released_is_known_after_a_crash(journal: SqliteJournal, tmp_path: Path) -> None:
    assert journal.released() == 0
    first = journal.append([make_record(1), make_record(2)]).result()
    journal.mark_released(first)
    journal.append([make_record(3)]).result()
    journal.mark_released(3)
    crashed = SqliteJournal(copy_as_after_a_crash(journal.path, tmp_path / "crash"))
    assert crashed.released() == 2
    assert [seq for seq, _ in crashed.read(crashed.released())] == [3]
    crashed.close()


def test_a_clean_end_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    journal.mark_released(journal.append([make_record(1)]).result())
    journal.close()
    journal = SqliteJournal(path)
    assert journal.released() == 1
    journal.close()


def test_a_failed_write_is_the_end(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append([make_record(1)]).result()

    def broken(batches: list[Sequence[Record]], released: int) -> list[int]:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal, "_commit", broken)
    failure = journal.append([make_record(2)]).exception(30)
    assert isinstance(failure, JournalFailedError)
    assert "disk I/O error" in str(failure)
    assert "Nothing after record 1 is durable" in str(failure)
    monkeypatch.undo()
    assert isinstance(journal.append([make_record(2)]).exception(30), JournalFailedError)
    assert [seq for seq, _ in JournalReader(journal.path).read()] == [1]


def test_a_killed_writer_leaves_all_that_it_said_was_durable(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for lines in (1, 7, 40, 160):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.journal_town", "killed", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(lines)]
        child.kill()
        # What it said between our last look and its end counts as well.
        said += [int(line) for line in child.stdout.read().split("\n")[:-1]]
        child.wait()
        child.stdout.close()
        assert verify(path, quiet).fault is None
        journal = SqliteJournal(path)
        assert journal.last_seq >= said[-1]
        assert journal.released() <= journal.last_seq
        for seq, record in journal.read():
            assert record == make_record(seq)
        journal.close()
    assert verify(path, quiet).fault is None


def test_a_full_disk_stops_the_writer_and_keeps_what_was_durable(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    child = subprocess.run(
        [sys.executable, "-m", "tests.journal_town", "full", str(path), str(1 << 20)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    number, again, failure = child.stdout.strip().split("\n", 2)
    assert again == "JournalFailedError"
    assert "cannot be written" in failure
    assert "journal.db" in failure
    journal = SqliteJournal(path)
    assert journal.last_seq == int(number) > 10
    assert journal.append([make_record(journal.last_seq + 1)]).result() == int(number) + 1
    journal.close()
    assert [record for _, record in JournalReader(path).read()] == [
        make_record(seq) for seq in range(1, int(number) + 2)
    ]


async def test_a_waiter_that_gives_up_calls_nothing_back(journal: SqliteJournal) -> None:
    waiter = asyncio.wrap_future(journal.append([make_record(1)]))
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert await asyncio.wrap_future(journal.append([make_record(2)])) == 2
    assert [seq for seq, _ in journal.read()] == [1, 2]


def test_another_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database\n" * 400)
    with pytest.raises(JournalDamagedError, match=r"notes\.txt.*file is not a database"):
        SqliteJournal(text)
    assert text.read_text() == "not a database\n" * 400
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE birds (name TEXT)")
    connection.close()
    with pytest.raises(JournalError, match="not a street110 journal"):
        SqliteJournal(other)
    with pytest.raises(JournalError, match="no such journal"):
        JournalReader(tmp_path / "none.db")
    with pytest.raises(JournalError, match="cannot be opened"):
        SqliteJournal(tmp_path / "no folder" / "journal.db")


def test_a_journal_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteJournal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(JournalError, match="format 2, this version reads 1"):
        SqliteJournal(path)
