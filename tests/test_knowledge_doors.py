"""Tips and messages of other centres come to the desk as alarms, and the board goes out again."""

import pytest
from msgspec.structs import replace

from dispatch.board import Board
from dispatch.commands import AnyCommand, MergeIncidents, RaiseAlarm
from dispatch.words import AlarmKey, IncidentId, ResponderId, SourceKind
from dispatch.work import Outcome
from gateways.exchange.cap import read_cap, reference, write_cap
from gateways.exchange.door import alarm_of, outgoing_of
from gateways.exchange.eido import read_eido, write_eido
from gateways.exchange.neutral import ImportedAlarm, Unreadable, What
from gateways.tips.book import Tip
from gateways.tips.door import TipDoor
from tests.world import START_MS, Town, spot


class Engine:
    """A town as an engine: what is submitted is handled at once."""

    def __init__(self) -> None:
        self.town = Town()
        self.board: Board = self.town.board

    def now_ms(self) -> int:
        return self.town.now_ms

    async def submit(self, command: AnyCommand, who: str) -> Outcome:
        return self.town.desk.handle(command, self.town.now_ms, who)


TIP = Tip(
    id="t1",
    code="ABCD2345",
    bridge="sms",
    sender="138",
    messages=("m1",),
    texts=("银行有人抢劫",),
    received_ms=START_MS,
    changed_ms=START_MS,
    state="waiting",
    type="robbery",
    place=spot(3, 1),
)


async def test_a_tip_becomes_one_incident_with_its_code() -> None:
    engine = Engine()
    door = TipDoor(engine)
    assert door.knows("robbery")
    assert not door.knows("nothing")
    incident = await door.raise_alarm(TIP)
    assert incident is not None
    assert await door.raise_alarm(TIP) == incident
    assert list(engine.board.incidents) == [incident]
    alarm = engine.board.alarms[AlarmKey("sms/t1")]
    assert (alarm.source_kind, alarm.code, alarm.text) == (SourceKind.TIP, "ABCD2345", TIP.text)
    assert door.state_of(incident) == "dispatched"
    assert door.state_of(IncidentId("I99")) is None


async def test_a_remark_goes_on_the_incident() -> None:
    engine = Engine()
    door = TipDoor(engine)
    incident = await door.raise_alarm(TIP)
    assert incident is not None
    raised = replace(TIP, incident=incident, messages=("m1", "m2"))
    await door.add_note(raised, "往东跑了")
    assert [note.text for note in engine.board.incidents[incident].notes] == ["往东跑了"]


async def test_a_tip_without_a_place_is_refused_by_the_desk() -> None:
    assert await TipDoor(Engine()).raise_alarm(replace(TIP, place=None)) is None


FOUND = ImportedAlarm(
    source="cap",
    key="b.example,X1",
    sender="centre b.example",
    incident="X1",
    sent_ms=START_MS,
    type="robbery",
    type_text="Robbery",
    text="two men",
    place=spot(2, 2),
    place_name="Bank",
)
TYPES = frozenset({"robbery", "dispute"})


@pytest.mark.parametrize("exercise", [False, True])
def test_another_centres_alarm_is_taken_once_and_stays_an_exercise(*, exercise: bool) -> None:
    town = Town()
    found = replace(FOUND, live=not exercise, exercise=exercise)
    command = alarm_of(found, TYPES, "dispute", START_MS)
    assert isinstance(command, RaiseAlarm)
    for _ in range(2):
        town.desk.handle(command, town.now_ms, "test")
    (incident,) = town.board.list_open()
    assert (incident.type, incident.exercise) == ("robbery", exercise)
    assert town.board.alarms[incident.alarms[0]].text == "Bank\ntwo men"
    assert command.source == ResponderId("centre-b-example")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"live": False}, "not_live"),
        ({"what": What.CANCEL}, "cancel"),
        ({"what": What.UPDATE}, "update"),
        ({"place": None}, "place"),
        ({"expires_ms": START_MS}, "expired"),
    ],
)
def test_what_raises_no_alarm_says_why(change: dict[str, object], reason: str) -> None:
    found = alarm_of(replace(FOUND, **change), TYPES, "dispute", START_MS)
    assert isinstance(found, Unreadable)
    assert found.reason == reason


def test_a_type_nobody_knows_keeps_its_word() -> None:
    command = alarm_of(replace(FOUND, type="ufo", type_text="UFO"), TYPES, "dispute", START_MS)
    assert isinstance(command, RaiseAlarm)
    assert (command.type, command.text) == ("dispute", "Bank\nUFO\ntwo men")


async def test_from_one_centre_to_another_by_either_form() -> None:
    engine = Engine()
    incident = await TipDoor(engine).raise_alarm(TIP)
    assert incident is not None
    out = outgoing_of(engine.board, incident, "a.example", START_MS)
    assert out.orders
    for raw, read in ((write_cap(out), read_cap), (write_eido(out), read_eido)):
        found = read(raw)
        assert isinstance(found, ImportedAlarm)
        other = Town()
        command = alarm_of(found, TYPES, "dispute", START_MS)
        assert isinstance(command, RaiseAlarm)
        other.desk.handle(command, other.now_ms, "test")
        (taken,) = other.board.list_open()
        assert (taken.type, taken.place) == ("robbery", TIP.place)
        assert "银行有人抢劫" in (other.board.alarms[taken.alarms[0]].text or "")
    later = outgoing_of(engine.board, incident, "a.example", START_MS + 1000, (reference(out),))
    assert later.what is What.UPDATE


async def test_a_merge_is_told_to_other_centres() -> None:
    engine = Engine()
    door = TipDoor(engine)
    one = await door.raise_alarm(TIP)
    engine.town.now_ms += 3_600_000
    other = await door.raise_alarm(replace(TIP, id="t2", type="dispute", place=spot(8, 8)))
    assert one is not None
    assert other is not None
    assert one != other
    await engine.submit(MergeIncidents(id="m", kept=one, merged=other, reason="same"), "op")
    assert outgoing_of(engine.board, one, "a.example", START_MS).replaces == (other,)
    assert outgoing_of(engine.board, other, "a.example", START_MS).replaced_by == one
