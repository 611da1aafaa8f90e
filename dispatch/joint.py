"""Several responders to several waiting incidents at once: who goes where, and at what price.

Priority classes are served in their order: as many needs as can be filled, then the least weighted
time to the places, as an assignment problem. What the classes below want decides between equals.
Incidents that do not want the same responders are solved apart: a lone urgent one waits for none.

The guarantee (held by a test against a greedy twin): of all ways to send responders, none fills
more needs of priority 1, or fills as many sooner in weighted seconds. An approach by another road
may then cost a second responder `near_s` seconds at most, and never the first.
"""

from collections.abc import Sequence

import numpy as np

from dispatch.joint_classes import assign_classes, make_table
from dispatch.joint_model import Case, Choice, Joint, Options, Ready, Slot, Waiting, list_slots
from dispatch.joint_pairs import spread

MERGES = 4
"""Rounds of joining groups that came to want the same responders; then all are solved as one."""
TRIES = 3
"""Diversions that leave a gap are tried with others once; then only who may leave gaps diverts."""
AGAIN = 100
"""Numbers of slots that fill a robbed incident again start here."""

Group = tuple[int, ...]


def effective_priority(priority: int, waited_s: float, ageing_s: float) -> int:
    """The class that a waiting incident counts in: one better per `ageing_s` waited, never 1."""
    if priority <= 2 or ageing_s <= 0:
        return priority
    return max(2, priority - int(waited_s // ageing_s))


def solve(waiting: Sequence[Waiting], ready: Ready, options: Options) -> Joint:
    """Choose a responder for every want that can have one.

    Columns of `ready` are the incidents in the order given; rows keep their order, which decides
    between responders that are equal in everything. An incident without wants may stand among
    them to say whom it would lose: a diversion is made only if the robbed incident can be filled
    again from who is left, or if the robber is of a class in `options.robs_uncovered`.
    """
    nobody = np.zeros(len(ready.ids), dtype=np.bool_)
    case = Case(waiting, ready, options, nobody, nobody.copy())
    slots = list_slots(waiting, ready)
    for turn in range(TRIES):
        groups, solved = _solve_groups(case, slots)
        chosen = {slot: row for group in groups for slot, row in solved[group].items()}
        recovered, lost = _recover(case, chosen)
        undo = [
            row
            for slot, row in lost.items()
            if waiting[slot.column].priority not in options.robs_uncovered
        ]
        if not undo:
            break
        case.barred[undo] = True
        if turn == TRIES - 2:
            case.barred[ready.held > 0] = True
    spread(case, chosen, {*chosen.values(), *recovered.values()})
    choices = [
        _choice(case, slot, chosen.get(slot), solved[slot.column,].get(slot)) for slot in slots
    ]
    return Joint(
        choices=tuple(choices),
        recovered=tuple(_choice(case, slot, row, row) for slot, row in recovered.items()),
        uncovered=tuple(sorted({waiting[int(ready.robs[row])].id for row in lost.values()})),
        groups=tuple(tuple(waiting[column].id for column in group) for group in groups),
    )


def _solve_groups(
    case: Case, slots: list[Slot]
) -> tuple[list[Group], dict[Group, dict[Slot, int]]]:
    """Solve each incident alone, join those that want the same responder, and so on to rest.

    When no two groups share a responder, each is at its best among all responders, so together
    they are at the best of the whole.
    """
    table = make_table(case, slots)
    groups: list[Group] = [(column,) for column, one in enumerate(case.waiting) if one.wants]
    solved: dict[Group, dict[Slot, int]] = {}
    for turn in range(MERGES):
        if turn == MERGES - 1 and groups:
            groups = [tuple(sorted(column for group in groups for column in group))]
        for group in groups:
            if group not in solved:
                rows = [row for row, slot in enumerate(slots) if slot.column in group]
                solved[group] = assign_classes(table.pick(rows))
        joined = _join(groups, solved)
        if joined == groups:
            break
        groups = joined
    return groups, solved


def _join(groups: list[Group], solved: dict[Group, dict[Slot, int]]) -> list[Group]:
    """Groups that chose a common responder become one."""
    owner: dict[int, int] = {}
    parent = list(range(len(groups)))

    def root(of: int) -> int:
        while parent[of] != of:
            of = parent[of]
        return of

    for number, group in enumerate(groups):
        for row in solved[group].values():
            one, other = root(number), root(owner.setdefault(row, number))
            parent[max(one, other)] = min(one, other)
    joined: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        joined.setdefault(root(number), []).extend(group)
    return [tuple(sorted(columns)) for _, columns in sorted(joined.items())]


def _recover(case: Case, chosen: dict[Slot, int]) -> tuple[dict[Slot, int], dict[Slot, int]]:
    """Fill the robbed incidents from who is left; the choices whose victims stay uncovered."""
    robbing = {slot: row for slot, row in chosen.items() if case.ready.robs[row] >= 0}
    victims: dict[Slot, Slot] = {}
    for number, (robber, row) in enumerate(robbing.items()):
        column = int(case.ready.robs[row])
        victims[Slot(column, AGAIN + number, robber.want, 1)] = robber
    if not victims:
        return {}, {}
    gone = case.ready.held > 0
    gone[list(chosen.values())] = True
    filled = assign_classes(make_table(case._replace(gone=gone), list(victims)))
    lost = {robber: robbing[robber] for slot, robber in victims.items() if slot not in filled}
    return filled, lost


def _choice(case: Case, slot: Slot, row: int | None, alone: int | None) -> Choice:
    incident, ready = case.waiting[slot.column], case.ready
    bare = Choice(
        incident=incident.id,
        slot=slot.number,
        want=slot.want,
        responder=None,
        alone_s=None if alone is None else float(ready.eta_s[alone, slot.column]),
    )
    if row is None:
        return bare
    eta_s = float(ready.eta_s[row, slot.column])
    return Choice(
        incident=incident.id,
        slot=slot.number,
        want=slot.want,
        responder=ready.ids[row],
        eta_s=eta_s,
        tier=int(ready.tier[row]),
        late=eta_s > slot.want.within_s,
        diverted_from=int(ready.held[row]) or None,
        price_s=case.price_s(slot.column, row),
        alone_s=bare.alone_s,
    )
