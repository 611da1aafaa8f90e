"""Coverage: what a unit leaves behind, and circles that hold or not, each against a naive twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.coverage import EMPTY_S, Coverage, Watched
from dispatch.coverage_circles import (
    HOUR_MS,
    Circle,
    CircleHour,
    CircleState,
    advise,
    held_share,
    look,
    record,
)
from dispatch.words import ResponderId
from geo.types import Point

INF = float("inf")
HERE = Point(121.47, 31.23)


def names(count: int) -> tuple[ResponderId, ...]:
    return tuple(ResponderId(f"U{i}") for i in range(count))


def watch(*shares: float) -> tuple[Watched, ...]:
    return tuple(Watched(id=f"B{i}", name=f"巡区{i}", share=s) for i, s in enumerate(shares))


def test_the_price_of_the_only_unit_near_a_beat_is_what_the_next_is_further() -> None:
    eta_s = np.array([[60.0, 300.0], [400.0, 100.0]])
    coverage = Coverage(watch(3, 1), names(2), eta_s)
    assert coverage.price_s(most_s=1e9).tolist() == [0.75 * 240.0, 0.25 * 300.0]
    assert coverage.price_s(exchange=2.0, most_s=200.0).tolist() == [200.0, 150.0]


def test_what_a_unit_leaves_is_told_with_who_comes_next() -> None:
    coverage = Coverage(watch(1, 1), names(2), np.array([[60.0, 400.0], [50.0, INF]]))
    first, second = coverage.leaves(ResponderId("U0"))
    assert (first.place, first.before_s, first.after_s, first.next_unit) == ("B1", 50.0, None, None)
    assert (second.after_s, second.next_unit, second.opened) == (400.0, "U1", True)
    assert coverage.leaves(ResponderId("U1")) == ()
    assert coverage.held_share() == 1.0
    assert coverage.held_share(ResponderId("U0")) == 0.0


def test_a_unit_as_near_as_another_costs_nothing() -> None:
    coverage = Coverage(watch(1), names(2), np.array([[90.0, 90.0]]))
    assert coverage.price_s().tolist() == [0.0, 0.0]


def test_without_units_nothing_is_held_and_nothing_breaks() -> None:
    coverage = Coverage(watch(1, 1), (), np.zeros((2, 0)))
    assert coverage.held_share() == 0.0
    assert coverage.price_s().tolist() == []


SECONDS = st.one_of(st.floats(0, 2_000), st.just(INF))


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_price_and_share_agree_with_taking_the_unit_away(
    places: int, units: int, data: st.DataObject
) -> None:
    rows = st.lists(SECONDS, min_size=units, max_size=units)
    eta_s = np.array(data.draw(st.lists(rows, min_size=places, max_size=places)))
    shares = data.draw(st.lists(st.floats(0.1, 9), min_size=places, max_size=places))
    coverage = Coverage(watch(*shares), names(units), eta_s)
    weights = np.array(shares) / sum(shares)
    for column, unit in enumerate(names(units)):
        rest = np.delete(np.minimum(eta_s, EMPTY_S), column, axis=1)
        after = np.min(rest, axis=1, initial=EMPTY_S)
        before = np.min(np.minimum(eta_s, EMPTY_S), axis=1)
        price = float((weights * (after - before)).sum())
        assert coverage.price_s(most_s=1e9)[column] == pytest.approx(price, abs=1e-6)
        assert coverage.held_share(unit) == pytest.approx(float(weights[after <= 300].sum()))
        lost = {left.place for left in coverage.leaves(unit)}
        assert {f"B{i}" for i in np.flatnonzero(after > before)} <= lost


def circle(number: int, minutes: float, *bound: str) -> Circle:
    return Circle(
        id=f"C{number}",
        name=f"学校{number}",
        place=HERE,
        minutes=minutes,
        bound=tuple(ResponderId(one) for one in bound),
    )


def test_a_circle_holds_only_by_a_force_that_is_bound_to_it() -> None:
    circles = [circle(1, 1, "U1"), circle(3, 3), circle(5, 5, "U9")]
    eta_s = np.array([[20.0, 70.0], [170.0, 200.0], [10.0, 10.0]])
    nobody, broken, whole = look(circles, names(2), eta_s)
    assert (nobody.circle, nobody.holds, nobody.eta_s, nobody.slack_s) == ("C5", False, None, None)
    assert (broken.circle, broken.responder, broken.slack_s) == ("C1", "U1", -10.0)
    assert (whole.circle, whole.holds, whole.responder) == ("C3", True, "U0")


def test_move_up_names_the_unit_whose_place_is_not_needed() -> None:
    """U0 alone holds C0; U1 stands beside it and may go to C1, which nobody reaches in time."""
    circles = [circle(0, 3), circle(1, 3)]
    eta_s = np.array([[30.0, 40.0], [600.0, 500.0]])
    between_s = np.array([[0.0, 550.0], [550.0, 0.0]])
    first, second = advise(circles, names(2), eta_s, between_s)
    assert (first.responder, first.to, first.eta_s, first.gained) == ("U1", "C1", 500.0, ("C1",))
    assert first.lateness_s == 320.0
    assert second.responder == "U0"


def test_no_advice_that_breaks_as_much_as_it_mends() -> None:
    circles = [circle(0, 3), circle(1, 3)]
    between_s = np.array([[0.0, 550.0], [550.0, 0.0]])
    alone = np.array([[30.0], [600.0]])
    assert advise(circles, names(1), alone, between_s) == ()
    guarded = np.array([100.0, INF])
    (move,) = advise(circles, names(1), alone, between_s, settled_s=guarded)
    assert move.to == "C1"


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_advice_is_worth_what_it_says(places: int, units: int, data: st.DataObject) -> None:
    grid = st.lists(SECONDS, min_size=units, max_size=units)
    eta_s = np.array(data.draw(st.lists(grid, min_size=places, max_size=places)))
    square = st.lists(st.floats(0, 900), min_size=places, max_size=places)
    between_s = np.array(data.draw(st.lists(square, min_size=places, max_size=places)))
    np.fill_diagonal(between_s, 0.0)
    circles = [circle(i, data.draw(st.sampled_from([1, 3, 5]))) for i in range(places)]
    now = {state.circle for state in look(circles, names(units), eta_s) if state.holds}
    for move in advise(circles, names(units), eta_s, between_s, most=99):
        moved = eta_s.copy()
        target = next(i for i, one in enumerate(circles) if one.id == move.to)
        moved[:, names(units).index(move.responder)] = between_s[:, target]
        then = {state.circle for state in look(circles, names(units), moved) if state.holds}
        assert len(then) > len(now)
        assert set(move.gained) == then - now


def test_the_record_counts_looks_by_hour() -> None:
    def state(*, holds: bool, eta_s: float | None) -> CircleState:
        return CircleState(
            circle="C1",
            name="校",
            minutes=1,
            holds=holds,
            responder=None,
            eta_s=eta_s,
            slack_s=None,
        )

    hours: dict[tuple[str, int], CircleHour] = {}
    hours = record(hours, [state(holds=True, eta_s=40.0)], 10 * HOUR_MS + 5)
    hours = record(hours, [state(holds=False, eta_s=90.0)], 10 * HOUR_MS + 60_000)
    hours = record(hours, [state(holds=False, eta_s=None)], 11 * HOUR_MS)
    first = hours["C1", 10 * HOUR_MS]
    assert (first.looks, first.held, first.share, first.worst_s) == (2, 1, 0.5, 90.0)
    assert hours["C1", 11 * HOUR_MS].share == 0.0
    assert held_share(hours.values()) == pytest.approx(1 / 3)
    assert held_share([]) == 0.0
