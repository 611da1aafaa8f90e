"""Joint assignment: against a greedy twin, against every possible way, and in the small."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.joint import effective_priority, solve
from dispatch.joint_classes import fillable
from dispatch.joint_model import Choice, Joint, Options, Ready, Waiting, Want, list_slots
from dispatch.joint_pairs import expected_first_s
from dispatch.words import IncidentId, ResponderId

PATROL = Want(capability="patrol", within_s=300.0)
PLAIN = Options()


def make_ready(eta_s: list[list[float]], **columns: object) -> Ready:
    n = len(eta_s)
    m = len(eta_s[0]) if eta_s else 0
    given_columns = {
        "tier": [0] * n,
        "held": [0] * n,
        "robs": [-1] * n,
        "locked": [False] * n,
        "price_s": [0.0] * n,
        "can": {"patrol": [True] * n},
        "approach": [[-1] * m for _ in range(n)],
    } | columns
    can = {str(k): np.array(v, dtype=np.bool_) for k, v in dict(given_columns["can"]).items()}  # type: ignore[call-overload]
    return Ready(
        ids=tuple(ResponderId(f"U{i}") for i in range(n)),
        eta_s=np.array(eta_s, dtype=np.float64).reshape(n, m),
        tier=np.array(given_columns["tier"], dtype=np.int64),
        held=np.array(given_columns["held"], dtype=np.int64),
        robs=np.array(given_columns["robs"], dtype=np.int64),
        locked=np.array(given_columns["locked"], dtype=np.bool_),
        price_s=np.array(given_columns["price_s"], dtype=np.float64),
        can=can,
        approach=np.array(given_columns["approach"], dtype=np.int64).reshape(n, m),
    )


def incident(name: str, priority: int = 2, wants: int = 1, waited_s: float = 0.0) -> Waiting:
    return Waiting(
        id=IncidentId(name), priority=priority, waited_s=waited_s, wants=(PATROL,) * wants
    )


def sent(answer: Joint) -> dict[tuple[str, int], str | None]:
    return {(c.incident, c.slot): c.responder for c in answer.choices}


def measure(joint: list[Choice], level: int, waiting: list[Waiting], ready: Ready) -> list[int]:
    """What one class got, less is better: gaps by importance, doubtful ones, weighted tenths."""
    found = {(choice.incident, choice.slot): choice for choice in joint}
    ours = [
        (found[waiting[slot.column].id, slot.number], slot.weight)
        for slot in list_slots(waiting, ready)
        if waiting[slot.column].priority == level
    ]
    return [
        *(choice.responder is None for choice, _ in ours),
        sum(choice.tier * weight for choice, weight in ours),
        sum(round((choice.eta_s or 0.0) * 10) * weight for choice, weight in ours),
    ]


def measure_all(joint: list[Choice], waiting: list[Waiting], ready: Ready) -> list[int]:
    """All classes, the most urgent first."""
    levels = sorted({one.priority for one in waiting if one.wants})
    return [x for level in levels for x in measure(joint, level, waiting, ready)]


def greedy(waiting: list[Waiting], ready: Ready) -> list[Choice]:
    """First come, first served: the most urgent first, each want to the nearest that is left."""
    left = set(range(len(ready.ids)))
    choices = []
    order = sorted(enumerate(waiting), key=lambda one: (one[1].priority, one[1].id))
    for column, one in order:
        for slot, want in enumerate(one.wants):
            may = [
                (ready.tier[row], ready.eta_s[row, column], row)
                for row in left
                if np.isfinite(ready.eta_s[row, column]) and ready.can["patrol"][row]
            ]
            if not may:
                choices.append(Choice(incident=one.id, slot=slot, want=want, responder=None))
                continue
            tier, eta_s, row = min(may)
            left.discard(row)
            choices.append(
                Choice(
                    incident=one.id,
                    slot=slot,
                    want=want,
                    responder=ready.ids[row],
                    eta_s=float(eta_s),
                    tier=int(tier),
                )
            )
    return choices


SECONDS = st.one_of(st.integers(0, 6000).map(lambda t: t / 10), st.just(float("inf")))


@st.composite
def scenes(draw: st.DrawFn, most: int = 12) -> tuple[list[Waiting], Ready]:
    m = draw(st.integers(1, 5))
    n = draw(st.integers(0, most))
    waiting = [
        incident(f"I{i}", draw(st.integers(1, 5)), draw(st.integers(1, 3))) for i in range(m)
    ]
    eta_s = [[draw(SECONDS) for _ in range(m)] for _ in range(n)]
    tier = [draw(st.sampled_from([0, 0, 0, 1, 2])) for _ in range(n)]
    return waiting, make_ready(eta_s or [], tier=tier) if n else make_ready([], tier=[])._replace(
        eta_s=np.zeros((0, m)), approach=np.zeros((0, m), dtype=np.int64)
    )


@given(scenes())
def test_the_most_urgent_class_is_never_worse_than_first_come_first_served(
    scene: tuple[list[Waiting], Ready],
) -> None:
    waiting, ready = scene
    level = min(one.priority for one in waiting)
    joint = list(solve(waiting, ready, PLAIN).choices)
    other = greedy(waiting, ready)
    assert measure(joint, level, waiting, ready) <= measure(other, level, waiting, ready)


@given(scenes(most=5))
def test_no_way_of_all_is_better_class_by_class(scene: tuple[list[Waiting], Ready]) -> None:
    """The naive twin tries everything: whom to leave out, and every order of who goes."""
    waiting, ready = scene
    slots = [(c, s) for c, one in enumerate(waiting) for s in range(len(one.wants))][:5]
    kept = {c: max(s for k, s in slots if k == c) + 1 for c, _ in slots}
    waiting = [
        Waiting(id=one.id, priority=one.priority, waited_s=0.0, wants=(PATROL,) * kept.get(c, 0))
        for c, one in enumerate(waiting)
    ]
    rows: list[int | None] = [*range(len(ready.ids)), *([None] * len(slots))]
    best: list[int] | None = None
    for picked in set(permutations(rows, len(slots))):
        choices = []
        for (column, slot), row in zip(slots, picked, strict=True):
            if row is not None and not np.isfinite(ready.eta_s[row, column]):
                break
            choices.append(
                Choice(
                    incident=waiting[column].id,
                    slot=slot,
                    want=PATROL,
                    responder=None if row is None else ready.ids[row],
                    eta_s=None if row is None else float(ready.eta_s[row, column]),
                    tier=0 if row is None else int(ready.tier[row]),
                )
            )
        else:
            found = measure_all(choices, waiting, ready)
            best = found if best is None else min(best, found)
    joint = list(solve(waiting, ready, PLAIN).choices)
    assert measure_all(joint, waiting, ready) == best


@given(scenes())
def test_nobody_is_sent_twice_and_nobody_where_he_cannot_go(
    scene: tuple[list[Waiting], Ready],
) -> None:
    waiting, ready = scene
    answer = solve(waiting, ready, PLAIN)
    gone = [choice.responder for choice in answer.choices if choice.responder is not None]
    assert len(gone) == len(set(gone))
    assert all(c.eta_s is not None and np.isfinite(c.eta_s) for c in answer.choices if c.responder)
    assert len(answer.choices) == sum(len(one.wants) for one in waiting)


def test_two_incidents_share_two_units_better_than_one_after_the_other() -> None:
    ready = make_ready([[60.0, 70.0], [80.0, 500.0]])
    answer = solve([incident("A"), incident("B")], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U1", ("B", 0): "U0"}
    assert answer.groups == (("A", "B"),)
    assert answer.competes(IncidentId("A"))
    assert {c.incident: c.alone_s for c in answer.choices} == {"A": 60.0, "B": 70.0}


def test_incidents_that_want_different_units_are_not_held_for_each_other() -> None:
    ready = make_ready([[60.0, 700.0], [800.0, 50.0]])
    answer = solve([incident("A", 1), incident("B", 4)], ready, PLAIN)
    assert answer.groups == (("A",), ("B",))
    assert not answer.competes(IncidentId("A"))


def test_a_second_choice_that_is_anothers_first_draws_that_one_in() -> None:
    ready = make_ready([[10.0, 20.0, 900.0], [900.0, 40.0, 30.0], [900.0, 900.0, 60.0]])
    answer = solve([incident("A"), incident("B"), incident("C")], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U0", ("B", 0): "U1", ("C", 0): "U2"}
    assert answer.groups == (("A", "B", "C"),)


def test_the_more_urgent_is_served_first_whatever_it_costs_the_other() -> None:
    ready = make_ready([[60.0, 61.0], [62.0, 3000.0]])
    answer = solve([incident("A", 1), incident("B", 2)], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U0", ("B", 0): "U1"}


def test_of_equals_the_one_the_other_needs_less_is_taken() -> None:
    ready = make_ready([[60.0, 61.0], [60.0, 3000.0]])
    answer = solve([incident("A", 1), incident("B", 2)], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U1", ("B", 0): "U0"}


def test_with_too_few_each_gets_a_first_before_one_gets_a_second() -> None:
    ready = make_ready([[10.0, 900.0], [20.0, 950.0]])
    answer = solve([incident("A", wants=2), incident("B", wants=2)], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U1", ("A", 1): None, ("B", 0): "U0", ("B", 1): None}


def test_with_one_unit_the_one_that_waited_longest_gets_it() -> None:
    ready = make_ready([[10.0, 90.0]])
    answer = solve([incident("A"), incident("B", waited_s=300.0)], ready, PLAIN)
    assert sent(answer) == {("A", 0): None, ("B", 0): "U0"}


def test_a_stale_position_is_taken_only_where_no_fresh_one_is_left() -> None:
    ready = make_ready([[10.0], [400.0]], tier=[1, 0])
    assert sent(solve([incident("A")], ready, PLAIN)) == {("A", 0): "U1"}
    both = solve([incident("A", wants=2)], ready, PLAIN)
    assert sent(both) == {("A", 0): "U1", ("A", 1): "U0"}


@pytest.mark.parametrize(
    ("free_s", "who"), [(300.0, "U1"), (160.1, "U1"), (159.9, "U0"), (100.0, "U0")]
)
def test_a_unit_under_way_is_diverted_only_for_a_gain(free_s: float, who: str) -> None:
    ready = make_ready([[free_s], [100.0]], held=[0, 4])
    answer = solve([incident("A", 1)], ready, PLAIN)
    assert sent(answer) == {("A", 0): who}
    assert answer.choices[0].diverted_from == (4 if who == "U1" else None)


@pytest.mark.parametrize(
    "column", [{"held": [3]}, {"held": [4], "locked": [True]}, {"held": [4], "tier": [1]}]
)
def test_no_diversion_from_an_equal_nor_of_one_locked_or_doubtful(
    column: dict[str, list[int]],
) -> None:
    answer = solve([incident("A", 3)], make_ready([[10.0]], **column), PLAIN)
    assert sent(answer) == {("A", 0): None}


def test_a_diversion_names_who_fills_the_robbed_incident_again() -> None:
    ready = make_ready([[30.0, 200.0], [900.0, 90.0]], held=[5, 0], robs=[1, -1])
    robbed = Waiting(id=IncidentId("R"), priority=5, waited_s=0.0)
    answer = solve([incident("A", 2), robbed], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U0"}
    assert [(c.incident, c.responder, c.eta_s) for c in answer.recovered] == [("R", "U1", 90.0)]
    assert answer.uncovered == ()


@pytest.mark.parametrize(("priority", "who", "waits"), [(2, None, ()), (1, "U0", ("R",))])
def test_only_the_most_urgent_leaves_a_robbed_incident_waiting(
    priority: int, who: str | None, waits: tuple[str, ...]
) -> None:
    ready = make_ready([[30.0, 200.0]], held=[5], robs=[1])
    robbed = Waiting(id=IncidentId("R"), priority=5, waited_s=0.0)
    answer = solve([incident("A", priority), robbed], ready, PLAIN)
    assert sent(answer) == {("A", 0): who}
    assert answer.uncovered == waits


def test_coverage_moves_a_lesser_incident_to_the_next_unit_and_says_its_price() -> None:
    ready = make_ready([[100.0], [130.0]], price_s=[50.0, 0.0])
    assert sent(solve([incident("A", 3)], ready, PLAIN)) == {("A", 0): "U1"}
    urgent = solve([incident("A", 1)], ready, PLAIN)
    assert (urgent.choices[0].responder, urgent.choices[0].price_s) == ("U0", 0.0)
    same = make_ready([[100.0], [100.0]], price_s=[50.0, 0.0])
    assert sent(solve([incident("A", 1)], same, PLAIN)) == {("A", 0): "U1"}


def test_two_to_one_place_come_by_two_roads_when_that_costs_little() -> None:
    roads = [[1], [1], [2]]
    near = make_ready([[100.0], [110.0], [113.0]], approach=roads)
    assert sent(solve([incident("A", 1, 2)], near, PLAIN)) == {("A", 0): "U0", ("A", 1): "U2"}
    far = make_ready([[100.0], [110.0], [140.0]], approach=roads)
    assert sent(solve([incident("A", 1, 2)], far, PLAIN)) == {("A", 0): "U0", ("A", 1): "U1"}


@given(scenes(), st.integers(0, 2**32 - 1))
def test_another_road_never_costs_the_first_arrival(
    scene: tuple[list[Waiting], Ready], seed: int
) -> None:
    waiting, ready = scene
    roads = np.random.default_rng(seed).integers(-1, 2, ready.eta_s.shape)
    plain = solve(waiting, ready, PLAIN)
    by_road = solve(waiting, ready._replace(approach=roads), PLAIN)
    for one in waiting:
        before = sorted(
            c.eta_s for c in plain.choices if c.incident == one.id and c.eta_s is not None
        )
        after = sorted(
            c.eta_s for c in by_road.choices if c.incident == one.id and c.eta_s is not None
        )
        assert after[:1] == before[:1]
        assert len(after) == len(before)
        assert all(b <= a + PLAIN.near_s for a, b in zip(before, after, strict=True))


def test_a_capability_that_nobody_has_stays_open() -> None:
    dogs = Waiting(
        id=IncidentId("A"),
        priority=1,
        waited_s=0.0,
        wants=(PATROL, Want(capability="dog", within_s=600.0)),
    )
    ready = make_ready([[10.0], [20.0]], can={"patrol": [True, True], "dog": [False, False]})
    assert sent(solve([dogs], ready, PLAIN)) == {("A", 0): "U0", ("A", 1): None}
    assert not solve([dogs], ready, PLAIN).choices[0].late


def test_the_only_dog_is_left_for_the_incident_that_wants_it() -> None:
    dog = Waiting(
        id=IncidentId("B"),
        priority=5,
        waited_s=0.0,
        wants=(Want(capability="dog", within_s=600.0),),
    )
    ready = make_ready(
        [[60.0, 60.0], [60.0, 60.0]], can={"patrol": [True, True], "dog": [True, False]}
    )
    answer = solve([incident("A", 1), dog], ready, PLAIN)
    assert sent(answer) == {("A", 0): "U1", ("B", 0): "U0"}


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), max_size=6))
def test_fillable_keeps_the_more_important_and_as_many_as_possible(rows: list[list[bool]]) -> None:
    may = np.array(rows, dtype=np.bool_).reshape(len(rows), 4)

    def matches(wanted: tuple[int, ...]) -> bool:
        return (
            any(
                all(may[row, column] for row, column in zip(wanted, order, strict=False))
                for order in permutations(range(4))
            )
            and len(wanted) <= 4
        )

    expected: list[int] = []
    for row in range(len(rows)):
        if matches((*expected, row)):
            expected.append(row)
    assert fillable(may) == expected


def test_two_by_one_road_are_expected_later_than_two_by_two() -> None:
    together = expected_first_s(100.0, 110.0, 0.25, 0.9)
    apart = expected_first_s(100.0, 110.0, 0.25, 0.3)
    assert apart < together < 100.0
    draws = np.random.default_rng(7).multivariate_normal(
        [100.0, 110.0], [[625.0, 0.3 * 25 * 27.5], [0.3 * 25 * 27.5, 756.25]], 200_000
    )
    assert apart == pytest.approx(float(draws.min(axis=1).mean()), abs=0.3)
    assert expected_first_s(50.0, 50.0, 0.0, 0.5) == 50.0


@pytest.mark.parametrize(
    ("priority", "waited_s", "counts"), [(1, 9999, 1), (5, 0, 5), (5, 650, 3), (4, 9999, 2)]
)
def test_waiting_makes_more_urgent_but_never_an_emergency(
    priority: int, waited_s: float, counts: int
) -> None:
    assert effective_priority(priority, waited_s, 300.0) == counts
