"""What a person sees who asks a journal: verdicts, boards of the past, and reasons."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dispatch import commands as c
from dispatch.candidates import Why
from dispatch.events import OrderIssued
from dispatch.explain import (
    REASONS,
    ROLES,
    STATUSES,
    UnknownOrderError,
    explain,
    tell_choice,
)
from dispatch.journal import SqliteJournal
from dispatch.journal_file import JournalReader
from dispatch.words import IncidentId, IncidentStatus, OrderId, OrderStatus, ResponderId, Role
from street110 import cli_journal
from tests.journal_town import Scribe

explainer = typer.Typer()
explainer.command()(cli_journal.explain)


class Kept:
    """A journal at rest, and what its town was like at each record."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        journal = SqliteJournal(self.path)
        self.scribe = Scribe(journal)
        self.scribe.live(12)
        incident = self.scribe.town.board.list_open()[0]
        self.by_hand = self.scribe.give(
            c.SendOrder(id="s1", incident=incident.id, responder=ResponderId("K1"))
        )
        journal.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("kept"))


def run(app: typer.Typer, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.output


def test_a_whole_journal_is_said_to_be_whole(kept: Kept) -> None:
    last = max(kept.scribe.dumps)
    told = run(cli_journal.app, "verify", str(kept.path))
    assert f"{last} records" in told
    head = told.split("head ")[1].split()[0]
    assert run(cli_journal.app, "verify", str(kept.path), "--head", head).startswith("whole")
    forged = head.split(":")[0] + ":" + "0" * 64
    assert f"record {last}" in run(
        cli_journal.app, "verify", str(kept.path), "--head", forged, code=1
    )


def test_a_damaged_journal_exits_with_one_and_names_the_record(kept: Kept, tmp_path: Path) -> None:
    damaged = tmp_path / "journal.db"
    damaged.write_bytes(kept.path.read_bytes())
    with sqlite3.connect(damaged) as connection:
        connection.execute("UPDATE records SET who = 'unit/U09' WHERE seq = 7")
    connection.close()
    told = run(cli_journal.app, "verify", str(damaged), code=1)
    assert "record 7: its content and its hash do not agree" in told
    verdict = json.loads(run(cli_journal.app, "verify", str(damaged), "--json", code=1))
    assert (verdict["seq"], verdict["records"]) == (7, 6)
    assert "record 7" in run(cli_journal.app, "replay", str(damaged), code=1)


def test_a_live_journal_can_be_asked(kept: Kept, tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    Scribe(journal).live(2)
    assert "an engine has it open" in run(cli_journal.app, "verify", str(journal.path))
    journal.close()


@pytest.mark.parametrize("form", ["ms", "utc", "local"])
def test_the_board_of_a_past_moment(kept: Kept, form: str) -> None:
    seq = max(kept.scribe.dumps) // 2
    at_ms = kept.scribe.ends_ms[seq]
    last = max(other for other, ends_ms in kept.scribe.ends_ms.items() if ends_ms == at_ms)
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    local = datetime.fromtimestamp(at_ms / 1000 + 8 * 3600, UTC).replace(tzinfo=None)
    at = {"ms": str(at_ms), "utc": moment.isoformat(), "local": local.isoformat()}[form]
    told = run(cli_journal.app, "replay", str(kept.path), "--at", at, "--json")
    assert told.encode() == kept.scribe.dumps[last] + b"\n"


def test_the_board_in_tables(kept: Kept) -> None:
    told = run(cli_journal.app, "replay", str(kept.path))
    board = kept.scribe.town.board
    assert "小城" in told
    for incident in board.list_open():
        assert incident.id in told
    assert f"open incidents: {len(board.open)}" in told


def test_the_tail(kept: Kept) -> None:
    last = max(kept.scribe.dumps)
    lines = run(cli_journal.app, "tail", str(kept.path), "-n", "3").splitlines()
    assert [int(line.split()[0]) for line in lines] == [last - 2, last - 1, last]
    assert "SendOrder: OrderIssued" in lines[-1]
    plain = run(cli_journal.app, "tail", str(kept.path), "-n", "1", "--json")
    assert json.loads(plain)["command"]["responder"] == "K1"


def test_why_this_one_and_not_the_others(kept: Kept) -> None:
    chinese = run(explainer, "I1-1", "--journal", str(kept.path))
    english = run(explainer, "I1-1", "--journal", str(kept.path), "--lang", "en")
    assert "派 U01: 到达最快" in chinese
    assert "U01 was sent: arrives soonest" in english
    for candidate in ("U02", "U03", "U04", "U05", "U06"):
        assert candidate in chinese
        assert candidate in english
    assert "超出预案时限" in chinese
    assert "beyond the plan's time limit" in english
    assert "Next would have been U0" in english
    assert "alarm of P001 (robbery) opens incident I1" in english
    assert "no answer in time" in english


def test_every_order_of_the_journal_can_be_explained(kept: Kept) -> None:
    records = list(JournalReader(kept.path).read())
    issued = [
        (seq, event.order)
        for seq, record in records
        for event in record.events
        if isinstance(event, OrderIssued)
    ]
    assert len(issued) > 20
    for seq, order in issued:
        found = explain(records, order.id)
        assert (found.seq, found.order) == (seq, order)
        if seq == kept.by_hand:
            assert found.recommendation is None
            assert tell_choice(found, "en") == ["K1 was picked by post/P001; nothing was ranked."]
        else:
            assert found.chosen is not None
            assert found.chosen.chosen
            assert found.runner_up is None or not found.runner_up.chosen


def test_an_order_that_never_was(kept: Kept) -> None:
    assert "no order 'I99-1'" in run(explainer, "I99-1", "--journal", str(kept.path), code=1)
    with pytest.raises(UnknownOrderError):
        explain([], OrderId("I1-1"))
    assert "no such journal" in run(
        explainer, "I1-1", "--journal", str(kept.path.with_name("none.db")), code=1
    )


def test_every_word_of_a_decision_has_its_two_languages() -> None:
    assert {why.value for why in Why} <= set(REASONS)
    assert {status.value for status in (*OrderStatus, *IncidentStatus)} == set(STATUSES)
    assert {role.value for role in Role} == set(ROLES)
    for zh, en in (*REASONS.values(), *STATUSES.values(), *ROLES.values()):
        assert zh != en
        assert en.isascii()
        assert not zh.isascii()


def test_an_incident_number_is_not_taken_for_a_longer_one(kept: Kept) -> None:
    records = list(JournalReader(kept.path).read())
    found = explain(records, OrderId("I1-1"))
    ends = [step.en for step in found.steps if step.en.startswith("alarm of")]
    assert len(ends) == 1
    assert found.order.incident == IncidentId("I1")
