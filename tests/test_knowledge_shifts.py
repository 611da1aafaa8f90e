"""Shifts: who is on when, past midnight and across cycles, and what log-ons change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.shifts import (
    EARLY_MS,
    MINUTE_MS,
    Duty,
    Log,
    Roster,
    Shift,
    merge_logs,
    state_at,
)
from dispatch.shifts_file import minute_of, read_roster, read_roster_csv, weekdays_of
from dispatch.words import ResponderId

SHANGHAI_MIN = 480
DAY = Shift(id="day", name="白班", begin_min=480, end_min=1_200)
NIGHT = Shift(id="night", name="夜班", begin_min=1_200, end_min=480)
U1, U2 = ResponderId("U1"), ResponderId("U2")
LATE_MS = 15 * MINUTE_MS


def at(text: str, offset_min: int = SHANGHAI_MIN) -> int:
    """UTC epoch milliseconds of a local time."""
    local = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round((local - timedelta(minutes=offset_min)).timestamp() * 1000)


def roster(*duties: Duty) -> Roster:
    return Roster(shifts=(DAY, NIGHT), duties=duties, offset_min=SHANGHAI_MIN)


@pytest.mark.parametrize(
    ("when", "on"),
    [
        ("2026-11-23T07:59:59", {"U2": "night"}),
        ("2026-11-23T08:00:00", {"U1": "day"}),
        ("2026-11-23T19:59:59", {"U1": "day"}),
        ("2026-11-23T20:00:00", {"U2": "night"}),
        ("2026-11-24T03:00:00", {"U2": "night"}),
        ("2026-11-28T10:00:00", {}),
        ("2026-11-28T21:00:00", {"U2": "night"}),
    ],
)
def test_day_and_night_by_the_local_clock(when: str, on: dict[str, str]) -> None:
    """U1 works weekdays by day, U2 every night; 2026-11-28 is a Saturday."""
    book = roster(
        Duty(responder=U1, shift="day", weekdays=frozenset({1, 2, 3, 4, 5})),
        Duty(responder=U2, shift="night"),
    )
    assert {key: one.shift for key, one in book.list_at(at(when)).items()} == on


def test_a_night_belongs_to_the_day_it_began() -> None:
    book = roster(Duty(responder=U1, shift="night", weekdays=frozenset({5})))
    assert book.find_at(U1, at("2026-11-28T03:00:00")) is not None
    assert book.find_at(U1, at("2026-11-27T03:00:00")) is None
    span = book.find_at(U1, at("2026-11-28T03:00:00"))
    assert span is not None
    assert (span.begin_ms, span.end_ms) == (at("2026-11-27T20:00:00"), at("2026-11-28T08:00:00"))


def test_two_days_on_and_two_off() -> None:
    start = date(2026, 11, 23)
    book = roster(
        Duty(responder=U1, shift="day", from_date=start, every_days=4),
        Duty(responder=U1, shift="day", from_date=start + timedelta(days=1), every_days=4),
    )
    days = [book.find_at(U1, at(f"2026-11-{23 + n}T12:00:00")) is not None for n in range(7)]
    assert days == [True, True, False, False, True, True, False]
    assert book.find_at(U1, at("2026-11-22T12:00:00")) is None


def test_a_day_off_and_a_day_extra() -> None:
    book = roster(
        Duty(responder=U1, shift="day", to_date=date(2026, 11, 25)),
        Duty(responder=U1, shift="day", on_date=date(2026, 11, 24), off=True),
        Duty(responder=U1, shift="night", on_date=date(2026, 11, 27), capabilities=("dog",)),
    )
    assert book.find_at(U1, at("2026-11-23T12:00:00")) is not None
    assert book.find_at(U1, at("2026-11-24T12:00:00")) is None
    assert book.find_at(U1, at("2026-11-26T12:00:00")) is None
    extra = book.find_at(U1, at("2026-11-28T02:00:00"))
    assert extra is not None
    assert extra.capabilities == ("dog",)


def test_the_next_change_is_where_the_list_changes() -> None:
    book = roster(Duty(responder=U1, shift="day"), Duty(responder=U2, shift="night"))
    assert book.next_change_ms(at("2026-11-23T08:00:00")) == at("2026-11-23T20:00:00")
    assert roster().next_change_ms(0) is None
    alone = roster(Duty(responder=U1, shift="day", on_date=date(2026, 11, 23)))
    assert alone.next_begin_ms(U1, at("2026-11-20T00:00:00")) == at("2026-11-23T08:00:00")
    assert alone.next_begin_ms(U1, at("2026-11-23T08:00:00")) is None


DUTIES = st.builds(
    Duty,
    responder=st.sampled_from([U1, U2]),
    shift=st.sampled_from(["day", "night", "odd"]),
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    off=st.sampled_from([False, False, True]),
)


@given(
    st.lists(DUTIES, max_size=5),
    st.integers(0, 1_439),
    st.integers(0, 1_440),
    st.integers(-720, 840),
    st.integers(at("2026-01-01T00:00:00"), at("2026-03-01T00:00:00")),
)
def test_the_roster_agrees_with_a_walk_over_every_minute(
    duties: list[Duty], begin: int, end: int, offset_min: int, now_ms: int
) -> None:
    odd = Shift(id="odd", name="odd", begin_min=begin, end_min=end)
    book = Roster(shifts=(DAY, NIGHT, odd), duties=tuple(duties), offset_min=offset_min)
    shifts = {shift.id: shift for shift in book.shifts}
    expected = set()
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms, minutes=offset_min)
    for duty in duties:
        for back in range(2):
            day = local.date() - timedelta(days=back)
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            start = midnight + timedelta(minutes=shifts[duty.shift].begin_min)
            inside = start <= local < start + timedelta(minutes=shifts[duty.shift].length_min)
            off = any(
                one.off and one.works(day)
                for one in duties
                if (one.responder, one.shift) == (duty.responder, duty.shift)
            )
            if inside and duty.works(day) and not off:
                expected.add(duty.responder)
    assert set(book.list_at(now_ms)) == expected
    change_ms = book.next_change_ms(now_ms)
    if change_ms is not None:
        steps = range(now_ms, change_ms, max(1, (change_ms - now_ms) // 7))
        assert all(set(book.list_at(step)) == expected for step in steps)


def state(book: Roster, log: Log | None, when: str) -> tuple[bool, str]:
    found = state_at(book, U1, log, at(when), late_after_ms=LATE_MS)
    return found.on, found.why


@pytest.mark.parametrize(
    ("logged", "on", "when", "expected"),
    [
        ("2026-11-23T08:05:00", True, "2026-11-23T09:00:00", (True, "logged_on")),
        ("2026-11-23T07:30:00", True, "2026-11-23T09:00:00", (True, "logged_on")),
        ("2026-11-23T03:00:00", True, "2026-11-23T04:00:00", (True, "logged_on")),
        ("2026-11-23T03:00:00", True, "2026-11-23T09:00:00", (True, "roster")),
        ("2026-11-23T03:00:00", True, "2026-11-23T21:00:00", (False, "off_roster")),
        ("2026-11-23T08:05:00", True, "2026-11-23T20:00:00", (False, "off_roster")),
        ("2026-11-23T15:00:00", False, "2026-11-23T16:00:00", (False, "logged_off")),
        ("2026-11-23T15:00:00", False, "2026-11-24T08:00:00", (True, "roster")),
        ("2026-11-23T21:00:00", False, "2026-11-23T22:00:00", (False, "logged_off")),
        ("2026-11-23T15:00:00", False, "2026-11-23T14:00:00", (True, "roster")),
    ],
)
def test_the_responders_own_word(
    logged: str, when: str, expected: tuple[bool, str], *, on: bool
) -> None:
    book = roster(Duty(responder=U1, shift="day"))
    log = Log(responder=U1, at_ms=at(logged), on=on, crew=("王",))
    assert state(book, log, when) == expected


def test_who_has_not_logged_on_is_late_but_counts() -> None:
    book = roster(Duty(responder=U1, shift="day", crew=("李",)))
    early = state_at(book, U1, None, at("2026-11-23T08:10:00"), late_after_ms=LATE_MS)
    late = state_at(book, U1, None, at("2026-11-23T08:20:00"), late_after_ms=LATE_MS)
    assert (early.on, early.late_ms, late.on, late.late_ms) == (True, None, True, 20 * MINUTE_MS)
    log = Log(responder=U1, at_ms=at("2026-11-23T08:15:00"), on=True, capabilities=("dog",))
    on = state_at(book, U1, log, at("2026-11-23T08:20:00"), late_after_ms=LATE_MS)
    assert on.duty is not None
    assert (on.late_ms, on.duty.crew, on.duty.capabilities) == (None, ("李",), ("dog",))
    assert state_at(book, U2, None, 0, late_after_ms=0).why == "not_rostered"
    assert EARLY_MS < 12 * 60 * MINUTE_MS


@given(st.lists(st.tuples(st.sampled_from([U1, U2]), st.integers(0, 5), st.booleans())))
def test_logs_may_arrive_in_any_order(rows: list[tuple[ResponderId, int, bool]]) -> None:
    logs = [Log(responder=who, at_ms=when, on=on) for who, when, on in rows]
    once = merge_logs(logs, {})
    assert merge_logs(list(reversed(logs)), {}) == once
    assert merge_logs(logs[1:], merge_logs(logs[:1], {})) == once
    assert all(
        log.at_ms == max(one.at_ms for one in logs if one.responder == who)
        for who, log in once.items()
    )


TOML = """
[[shift]]
id = "day"
name = "白班"
begin = "08:00"
end = "20:00"

[[duty]]
responder = "U1"
shift = "day"
weekdays = [1, 2]
from_date = 2026-11-01
"""


def test_a_toml_roster() -> None:
    found, problems = read_roster(TOML, "shifts.toml", frozenset({"U1"}), SHANGHAI_MIN)
    assert problems == []
    assert found is not None
    assert found.duties[0].from_date == date(2026, 11, 1)
    assert found.find_at(U1, at("2026-11-23T09:00:00")) is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('"08:00"', '"8 o\'clock"'), "shifts.toml:5: begin: expected HH:MM (found \"8 o'clock\")"),
        (('"20:00"', '"24:30"'), "shifts.toml:6: end: expected HH:MM (found '24:30')"),
        (("[1, 2]", "[8]"), "shifts.toml:11: weekdays: Expected `int` <= 7"),
        (('"U1"', '"U9"'), "shifts.toml:8: responder: no responder U9 in the district"),
        (('shift = "day"', 'shift = "dusk"'), "shifts.toml:8: shift: no shift dusk"),
        (("[[duty]]", "[[shift]]\nid='day'\nname='x'\nbegin='1:00'\nend='2:00'\n[[duty]]"),
         "shifts.toml:8: id: day stands already at line 2"),
        (("from_date", "colour"), "shifts.toml:12: colour: Object contains unknown field `colour`"),
        (("[[duty]]", "[[work]]"), "shifts.toml:1: work: expected [[shift]] and [[duty]]"),
        (("2026-11-01", "2026-11-01\nto_date = 2026-10-01"),
         "shifts.toml:8: to_date: before from_date"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_toml_roster_has_its_line(
    change: tuple[str, str], expected: str
) -> None:
    found, problems = read_roster(TOML.replace(*change), "shifts.toml", frozenset({"U1"}), 0)
    assert found is None
    assert [str(problem) for problem in problems] == [expected]


CSV = """警力,班次,星期,日期,休,人员
U1,20:00-08:00,一至五,,,张三 李四
U2,day,,2026/11/28,,
U1,20:00-08:00,,2026年11月24日,是,
"""


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_csv_roster(coding: str) -> None:
    found, problems = read_roster_csv(
        CSV.encode(coding), "roster.csv", frozenset({"U1", "U2"}), SHANGHAI_MIN, (DAY,)
    )
    assert problems == []
    assert found is not None
    night = found.find_at(U1, at("2026-11-24T01:00:00"))
    assert night is not None
    assert (night.shift, night.crew) == ("2000-0800", ("张三", "李四"))
    assert found.find_at(U1, at("2026-11-25T01:00:00")) is None
    assert found.find_at(U2, at("2026-11-28T09:00:00")) is not None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("U1,day,八,,,", "roster.csv:2: weekdays: expected weekdays 1-7 (found '八')"),
        ("U1,25:00-26:00,,,,", "roster.csv:2: shift: expected HH:MM (found '25:00')"),
        ("U9,day,,,,", "roster.csv:2: responder: no responder U9 in the district"),
        ("U1,dusk,,,,", "roster.csv:2: shift: no shift dusk"),
        ("U1,day,,yesterday,,", "roster.csv:2: on_date: Invalid RFC3339 encoded date"),
    ],
)
def test_what_is_wrong_with_a_csv_roster_has_its_line(line: str, expected: str) -> None:
    raw = f"警力,班次,星期,日期,休,人员\n{line}\n".encode()
    found, problems = read_roster_csv(raw, "roster.csv", frozenset({"U1"}), 0, (DAY,))
    assert found is None
    assert [str(problem) for problem in problems] == [expected]


def test_a_csv_without_its_columns() -> None:
    found, problems = read_roster_csv(b"a,b\n1,2\n", "roster.csv", frozenset(), 0)
    assert found is None
    assert problems[0].key == "header"


@pytest.mark.parametrize(
    ("text", "days"),
    [("1-5", {1, 2, 3, 4, 5}), ("周六 周日", {6, 7}), ("五至一", {5, 6, 7, 1}), ("1,3", {1, 3})],
)
def test_days_as_people_write_them(text: str, days: set[int]) -> None:
    assert weekdays_of(text) == days
    assert minute_of("24:00") == 1_440


@given(st.binary(max_size=120) | st.text(max_size=80).map(str.encode))
def test_any_file_is_a_roster_or_problems(raw: bytes) -> None:
    found, problems = read_roster_csv(raw, "roster.csv", frozenset({"U1"}), 0)
    assert (found is None) == bool(problems)
    found, problems = read_roster(raw.decode("latin-1"), "r.toml", frozenset({"U1"}), 0)
    assert (found is None) == bool(problems)
