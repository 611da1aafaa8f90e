"""Plans on the command line, musters and other centres: asked of a real district and journal."""

import json
from pathlib import Path

from typer.testing import CliRunner

from dispatch import commands as c
from dispatch.journal import SqliteJournal
from dispatch.words import (
    CallKind,
    GroupId,
    NoticeId,
    OrderId,
    ResponderId,
    ResponderKind,
    SourceKind,
)
from gateways.exchange.cap import read_cap
from gateways.exchange.eido import read_eido
from gateways.exchange.neutral import ImportedAlarm
from street110.cli import app
from tests.journal_town import Scribe

SHANGHAI = Path(__file__).parent.parent / "simulator/districts/shanghai"


def run(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


def keep_a_muster(path: Path) -> None:
    """A journal in which one post of three answers its test call, and a robbery is under way."""
    journal = SqliteJournal(path)
    scribe = Scribe(journal)
    town = scribe.town
    steps: list[tuple[int, c.AnyCommand, str]] = [
        (
            1,
            c.RaiseAlarm(
                id="a1",
                source_kind=SourceKind.POST,
                source=ResponderId("P001"),
                type="robbery",
                sent_ms=town.now_ms,
                text="two men",
            ),
            "post/P001",
        ),
        (
            5,
            c.CallMany(
                id="m1",
                kind=CallKind.MUSTER,
                text="拉动测试",
                kinds=(ResponderKind.POST,),
                group=GroupId("G1"),
                lives_s=60,
            ),
            "operator/wang",
        ),
    ]
    for seconds, command, who in steps:
        scribe.town.now_ms += seconds * 1_000
        scribe.give(command, who)
    call = next(iter(town.board.calls.values()))
    town.now_ms += 9_000
    scribe.give(
        c.AnswerOrder(
            id="r1",
            kind=ResponderKind.POST,
            responder=ResponderId("P002"),
            order=OrderId(NoticeId(call.notice.id)),
            answer=c.Answer.DELIVERED,
            sent_ms=town.now_ms,
        ),
        "post/P002",
    )
    town.now_ms += 700_000
    scribe.give(c.Tick(), "clock")
    journal.close()


def test_the_reference_plans_have_no_faults_and_all_usual_types() -> None:
    told = run("plan", "check", SHANGHAI)
    assert "no plan for" not in told
    assert "officer_in" in told


def test_who_would_go_and_why_without_sending_anybody(tmp_path: Path) -> None:
    words = ("plan", "try", "robbery", "121.48", "31.23", "--district", SHANGHAI)
    told = run(*words, "--state", tmp_path, code=2)
    assert "journal" in told
    run("plan", "try", "no_such_type", "121.48", "31.23", "--district", SHANGHAI, code=2)


def test_a_muster_is_counted_and_the_record_can_be_searched(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    keep_a_muster(file)
    report = run("muster", "report", file, "--lang", "en")
    assert "P002" in report
    assert "P003" in report
    found = [
        json.loads(line)
        for line in run("journal", "search", file, "--who", "wang").split("\n")
        if line
    ]
    assert [one["command"]["do"] for one in found] == ["call_many"]
    ended = run("journal", "search", file, "--what", "call_ended")
    facts = [fact for fact in json.loads(ended)["events"] if fact["is"] == "call_ended"]
    assert [(fact["asked"], fact["answered"]) for fact in facts] == [(5, 1)]


def test_an_incident_goes_to_other_centres_in_both_forms(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    keep_a_muster(file)
    for form, read in (("cap", read_cap), ("eido", read_eido)):
        raw = run("exchange", "export", file, "I1", "--format", form, "--sender", "town.example")
        back = read(raw.encode())
        assert isinstance(back, ImportedAlarm), back
        assert back.place is not None
    run("exchange", "export", file, "I77", code=1)
