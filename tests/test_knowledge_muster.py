"""Muster: what is measured, what it is worth in ranking, whom to call, and the table of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.muster import (
    DAY_MS,
    Call,
    Measured,
    Rules,
    SignOn,
    draw,
    measure,
    percentile,
    spread_ms,
    unknown,
    weigh,
)
from dispatch.muster_report import HEADS, as_csv, as_text, table
from dispatch.words import ResponderId

NOW_MS = 1_764_000_000_000
P1, P2 = ResponderId("P1"), ResponderId("P2")
RULES = Rules()


def call(
    responder: ResponderId = P1,
    answered_s: float | None = 5.0,
    arrived_s: float | None = None,
    *,
    age_days: float = 1.0,
    place: bool = False,
) -> Call:
    asked_ms = NOW_MS - round(age_days * DAY_MS)
    return Call(
        id=f"{responder}{age_days}{answered_s}",
        responder=responder,
        asked_ms=asked_ms,
        answered_ms=None if answered_s is None else asked_ms + round(answered_s * 1000),
        arrived_ms=None if arrived_s is None else asked_ms + round(arrived_s * 1000),
        place=place,
    )


def by_half_day(_responder: ResponderId, at_ms: int) -> str:
    return "day" if at_ms % DAY_MS < DAY_MS // 2 else "night"


def find(rows: list[Measured], responder: str, shift: str = "") -> Measured:
    return next(row for row in rows if (row.responder, row.shift) == (responder, shift))


def test_calls_are_counted_per_responder_and_in_all() -> None:
    calls = [
        call(answered_s=5.0),
        call(answered_s=40.0, age_days=2),
        call(answered_s=None, age_days=3),
        call(P2, answered_s=10.0, arrived_s=200.0, place=True),
        call(P2, answered_s=10.0, arrived_s=400.0, place=True, age_days=2),
    ]
    rows = measure(calls, [], by_half_day, NOW_MS, RULES)
    one, other, total = find(rows, "P1"), find(rows, "P2"), find(rows, "")
    assert (one.asked, one.answered, one.in_time, one.silent) == (3, 2, 1, 1)
    assert (one.answer_p50_s, one.answer_p90_s, one.arrival_share) == (5.0, 40.0, None)
    assert (other.sent, other.arrived, other.arrival_share) == (2, 2, 0.5)
    assert (total.asked, total.in_time) == (5, 3)
    assert rows[-1] is total


def test_shifts_are_told_apart() -> None:
    calls = [call(age_days=1.0), call(age_days=1.5, answered_s=None)]
    rows = measure(calls, [], by_half_day, NOW_MS, RULES)
    assert {row.shift for row in rows if row.responder} == {"", "day", "night"}
    assert find(rows, "P1", "day").asked + find(rows, "P1", "night").asked == 2


def test_a_call_still_within_its_time_is_not_counted() -> None:
    young = call(answered_s=None, age_days=60 / 86_400)
    assert measure([young], [], by_half_day, NOW_MS, RULES) == []
    assert weigh([young], NOW_MS, RULES) == {}
    signing = SignOn(responder=P1, due_ms=NOW_MS - 60_000)
    assert measure([], [signing], by_half_day, NOW_MS, RULES) == []


def test_sign_ons_in_time_late_and_missing() -> None:
    due_ms = NOW_MS - DAY_MS
    sign_ons = [
        SignOn(responder=P1, due_ms=due_ms, answered_ms=due_ms + 60_000, by="radio"),
        SignOn(responder=P1, due_ms=due_ms, answered_ms=due_ms - 60_000, by="page"),
        SignOn(responder=P1, due_ms=due_ms, answered_ms=due_ms + 3_600_000),
        SignOn(responder=P1, due_ms=due_ms),
    ]
    row = find(measure([], sign_ons, by_half_day, NOW_MS, RULES), "P1")
    assert (row.due, row.signed_on, row.signed_on_in_time, row.sign_on_share) == (4, 3, 2, 0.5)
    assert row.last_answer_ms == due_ms + 3_600_000


def test_silence_costs_weight_and_answers_win_it_back() -> None:
    fresh = unknown(RULES)
    assert (fresh.share, fresh.penalty_s, fresh.misses) == (0.95, 0.0, 0)
    silent = weigh([call(answered_s=None, age_days=d) for d in (1, 2, 3)], NOW_MS, RULES)[P1]
    assert silent.misses == 3
    assert silent.share < 0.65
    assert silent.penalty_s > 30
    back = [call(age_days=d / 10) for d in range(1, 9)]
    better = weigh([*back, *(call(answered_s=None, age_days=d) for d in (1, 2, 3))], NOW_MS, RULES)
    assert better[P1].misses == 0
    assert silent.penalty_s > better[P1].penalty_s > 0


def test_one_miss_of_a_stranger_is_no_verdict() -> None:
    one = weigh([call(answered_s=None)], NOW_MS, RULES)[P1]
    assert one.share > 0.75
    old = weigh([call(answered_s=None, age_days=140)], NOW_MS, RULES)[P1]
    assert old.share > 0.94


@given(
    st.lists(
        st.tuples(st.floats(0.01, 100), st.one_of(st.none(), st.floats(0, 500)), st.booleans()),
        max_size=12,
    ),
    st.integers(0, 11),
)
def test_an_answer_is_never_worth_less_than_silence(
    rows: list[tuple[float, float | None, bool]], which: int
) -> None:
    calls = [call(answered_s=a, age_days=d, place=p, arrived_s=a) for d, a, p in rows]
    weight = weigh(calls, NOW_MS, RULES).get(P1, unknown(RULES))
    assert 0 <= weight.share <= 1
    assert 0 <= weight.penalty_s <= RULES.most_penalty_s
    assert weigh(list(reversed(calls)), NOW_MS, RULES).get(P1, unknown(RULES)) == weight
    if which < len(calls):
        days, _, place = rows[which]
        calls[which] = call(answered_s=1.0, age_days=days, place=place, arrived_s=1.0)
        assert weigh(calls, NOW_MS, RULES)[P1].share >= weight.share


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.9, 0.95, 1.0]))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9
    assert percentile([], share) is None


def test_who_was_not_asked_for_longest_is_drawn_and_the_rest_is_open() -> None:
    everyone = [ResponderId(f"P{n:03}") for n in range(106)]
    last = dict.fromkeys(everyone[:100], NOW_MS)
    drawn = draw(everyone, last, 10, "secret 1")
    assert set(everyone[100:]) <= set(drawn)
    assert drawn == draw(reversed(everyone), last, 10, "secret 1")
    assert drawn != draw(everyone, last, 10, "secret 2")
    assert draw(everyone, last, -1, "x") == ()


@given(st.integers(0, 30), st.integers(0, 10**7), st.text(max_size=8))
def test_calls_are_spread_over_the_whole_span(count: int, span_ms: int, lot: str) -> None:
    everyone = [ResponderId(f"P{n:03}") for n in range(count)]
    times = spread_ms(everyone, NOW_MS, NOW_MS + span_ms, lot)
    assert list(times) == everyone
    assert list(times.values()) == sorted(times.values())
    assert all(NOW_MS <= at_ms <= NOW_MS + span_ms for at_ms in times.values())


@pytest.mark.parametrize("zh", [True, False])
def test_the_table_has_the_worst_first_and_the_total_last(*, zh: bool) -> None:
    calls = [call(P1), call(P2, answered_s=None), call(P2, answered_s=8.0, age_days=2)]
    rows = measure(calls, [], lambda _who, _at: "day", NOW_MS, RULES)
    weights = weigh(calls, NOW_MS, RULES)
    lines = table(rows, weights, {"P1": "工商银行", "P2": "=HYPERLINK"}, zh=zh)
    assert lines[0] == [head[1 if zh else 2] for head in HEADS]
    assert [line[0] for line in lines[1:]] == [
        *("P2 =HYPERLINK", "P2 =HYPERLINK", "P1 工商银行", "P1 工商银行"),
        "合计" if zh else "all",
    ]
    assert lines[1][4] == "50.0%"
    assert float(next(line[-1] for line in lines if line[0].startswith("P1") and line[-1])) > 0.9
    text = as_text(lines)
    assert len(text.splitlines()) == len(lines)
    assert as_csv([["=1+1", "+1", "ok"]]) == "\ufeff'=1+1,'+1,ok\r\n".encode()


def test_every_head_has_both_languages() -> None:
    assert all(zh and en for _, zh, en in HEADS)
    assert len({head[0] for head in HEADS}) == len(HEADS)
