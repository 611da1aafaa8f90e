"""Several waiting incidents served at once: who competes is solved together, by the best for all.

A lone urgent alarm never comes here: it was served when it came. Here stand the incidents that
are short, looked at again when somebody is free or the clock says so.
"""

from collections.abc import Sequence

import numpy as np

from dispatch.assign import divert, fill, filled, issue, needs_of
from dispatch.candidates import Timed, as_candidate
from dispatch.cover import COVERS_FROM
from dispatch.district import Plan, UnitNeed
from dispatch.events import Recommended
from dispatch.joint import effective_priority, solve
from dispatch.joint_model import Choice, Options, Ready, Waiting, Want
from dispatch.model import Incident, Recommendation
from dispatch.recommend import UnitSearch
from dispatch.words import IncidentId, ResponderId, ResponderKind, Role
from dispatch.work import Work
from geo.air import air_m
from geo.types import BoolArray, FloatArray, IntArray, Point

MOST = 20
"""So many incidents are solved at once; the rest have their turn at the next look."""
FARTHEST_S = 3_600.0
SPARE = 8
APPROACHES = 8
"""Roads of arrival are told apart by the eighth of the compass they come from."""


def fill_together(work: Work, incidents: Sequence[IncidentId]) -> None:
    """Fill what several short incidents lack, each as `fill` would, but not one after another."""
    rows = [work.board.incidents[one] for one in incidents[:MOST]]
    wants = {row.id: list_wants(work, row) for row in rows}
    rows = [row for row in rows if wants[row.id]]
    if len(rows) < 2:
        for incident in incidents:
            fill(work, incident)
        return
    ready, search = _make_ready(work, rows, wants)
    served: set[IncidentId] = set()
    if len(ready.ids) > 0:
        gain_s = min(work.board.get_plan(row).divert_gain_s for row in rows)
        answer = solve(
            [_waiting(work, row, wants[row.id]) for row in rows],
            ready,
            Options(divert_gain_s=gain_s, covers_from=COVERS_FROM),
        )
        for choice in answer.choices:
            if choice.responder is not None:
                _send(work, choice, ready, rows, search)
                served.add(choice.incident)
    for row in rows:
        if row.id in served or may_gain(work, row, free=False):
            fill(work, row.id)


def may_gain(work: Work, row: Incident, *, free: bool = True) -> bool:
    """Whether a look at a short incident may find somebody: else it is left as it stands.

    A free unit of what it lacks (asked for with `free`), one under way to lesser things, a post.
    """
    force = work.board.force
    for need in row.short:
        kind, _, capability = need.partition(":")
        if kind != "unit":
            return True
        can = force.can(capability)
        lesser = force.divertible & (force.order_priority > row.priority)
        if bool((can & lesser).any()) or (free and bool((can & force.available).any())):
            return True
    return not row.short


def list_wants(work: Work, row: Incident) -> tuple[UnitNeed, ...]:
    """One need for each unit that an incident still lacks."""
    plan = work.board.get_plan(row)
    lacking: list[UnitNeed] = []
    for number, need in enumerate(needs_of(plan, row)):
        lacking.extend([need] * lacks(work, plan, row, number, need))
    return tuple(lacking)


def lacks(work: Work, plan: Plan, row: Incident, number: int, need: UnitNeed) -> int:
    """How many units of a need an incident has not got."""
    key = f"unit:{need.capability}"
    extra = plan.reinforce_units if number == 0 and row.certainty > 1 else 0
    wanted = need.count + extra + row.owed.get(key, 0)
    return max(0, wanted - filled(work, row.id, key))


def _waiting(work: Work, row: Incident, wants: Sequence[UnitNeed]) -> Waiting:
    waited_s = (work.now_ms - row.raised_ms) / 1000
    book = work.board.district
    assert book is not None, "incidents come from alarms of a book"
    return Waiting(
        id=row.id,
        priority=effective_priority(row.priority, waited_s, book.rules.ageing_s),
        waited_s=waited_s,
        wants=tuple(
            Want(capability=need.capability, within_s=need.within_min * 60) for need in wants
        ),
    )


def _make_ready(
    work: Work, rows: Sequence[Incident], wants: dict[IncidentId, tuple[UnitNeed, ...]]
) -> tuple[Ready, list[UnitSearch]]:
    """Everyone who could serve one of the incidents, timed to each of them."""
    force = work.board.force
    searches = [
        UnitSearch(work.board, work.views, row, wants[row.id][0], work.now_ms) for row in rows
    ]
    book = work.board.district
    assert book is not None, "incidents come from alarms of a book"
    goes = force.available
    if book.rules.divert == "automatic":
        goes = goes | force.divertible
    located = work.views.positions.located()
    eta = np.full((len(force.ids), len(rows)), np.inf)
    for column, search in enumerate(searches):
        may = (goes & located) & ~search.barred
        eta[:, column] = search.seconds(may, FARTHEST_S)
    capabilities = sorted({need.capability for row in rows for need in wants[row.id]})
    can = {word: force.can(word) for word in capabilities}
    near = _nearest_rows(eta, list(can.values()), sum(len(wants[row.id]) for row in rows))
    doubtful = searches[0].doubtful()[near]
    lonlat, _ = work.views.positions.at(near)
    return (
        Ready(
            ids=tuple(force.ids[row] for row in near.tolist()),
            eta_s=eta[near],
            tier=doubtful.astype(np.int64),
            held=np.where(force.available, 0, force.order_priority)[near].astype(np.int64),
            robs=_robs(work, rows, near),
            locked=np.zeros(len(near), dtype=np.bool_),
            price_s=force.price_s[near],
            can={word: mask[near] for word, mask in can.items()},
            approach=_approaches(lonlat, rows),
        ),
        searches,
    )


def _nearest_rows(eta: FloatArray, can: Sequence[BoolArray], wanted: int) -> IntArray:
    """The rows that can matter: for each incident the nearest of each capability asked for.

    More than all wants together are kept of each, so that no optimum is cut off.
    """
    keep: set[int] = set()
    for column in range(eta.shape[1]):
        for mask in can:
            reachable = np.flatnonzero(np.isfinite(eta[:, column]) & mask)
            order = np.lexsort((reachable, eta[reachable, column]))
            keep.update(reachable[order][: wanted + SPARE].tolist())
    return np.array(sorted(keep), dtype=np.int64)


def _robs(work: Work, rows: Sequence[Incident], near: IntArray) -> IntArray:
    """(n,): the column of the incident that each would leave, -1 where it is none of these."""
    columns = {row.id: column for column, row in enumerate(rows)}
    found = np.full(len(near), -1, dtype=np.int64)
    for place, row in enumerate(near.tolist()):
        held = work.board.responders[work.board.force.ids[row]].order
        if held is not None:
            found[place] = columns.get(work.board.orders[held].serves, -1)
    return found


def _approaches(lonlat: FloatArray, rows: Sequence[Incident]) -> IntArray:
    """(n, m): the eighth of the compass from which each would come to each."""
    places = np.array([(row.place.lon, row.place.lat) for row in rows])
    away = lonlat[:, None, :] - places[None, :, :]
    turn = np.arctan2(away[:, :, 1], away[:, :, 0]) / (2 * np.pi) % 1.0
    eighth: IntArray = (turn * APPROACHES).astype(np.int64)
    return eighth


def _send(
    work: Work,
    choice: Choice,
    ready: Ready,
    rows: Sequence[Incident],
    searches: Sequence[UnitSearch],
) -> None:
    """Order one choice, with the line that explains it."""
    assert choice.responder is not None, "only a choice that was made is sent"
    column = next(i for i, row in enumerate(rows) if row.id == choice.incident)
    row = ready.ids.index(choice.responder)
    pick = _timed(work, choice.responder, float(ready.eta_s[row, column]), searches[column])
    need = f"unit:{choice.want.capability}"
    others = sorted(
        (float(ready.eta_s[i, column]), one)
        for i, one in enumerate(ready.ids)
        if one != choice.responder and np.isfinite(ready.eta_s[i, column])
    )
    lines = [
        as_candidate(pick, 1, chosen=True, limit_s=choice.want.within_s),
        *(
            as_candidate(
                _timed(work, one, eta_s, searches[column]),
                rank,
                chosen=False,
                limit_s=choice.want.within_s,
            )
            for rank, (eta_s, one) in enumerate(others[:5], 2)
        ),
    ]
    work.tell(
        Recommended(
            at_ms=work.now_ms,
            incident=choice.incident,
            recommendation=Recommendation(
                need=need,
                wanted=1,
                found=1,
                candidates=tuple(lines),
                passed_over={},
                together=tuple(one.id for one in rows),
            ),
        )
    )
    if choice.diverted_from is not None:
        divert(work, pick, choice.incident)
    issue(work, choice.incident, pick, Role.RESPOND, need=need, by="rule")


def _timed(work: Work, responder: ResponderId, eta_s: float, search: UnitSearch) -> Timed:
    row = work.board.force.rows[responder]
    fix = work.views.positions.get(row)
    assert fix is not None, "only located units are timed together"
    position = Point(fix.lon, fix.lat)
    return Timed(
        responder=responder,
        kind=ResponderKind.UNIT,
        profile=work.board.force.profile_of(row),
        tier=int(search.doubtful()[row]),
        eta_s=eta_s,
        air_m=air_m(position, search.incident.place),
        fix_age_s=round(max(work.now_ms - fix.at_ms, 0) / 1000, 1),
        position=position,
        limit_s=FARTHEST_S,
        missed=bool(work.board.force.missed[row]),
        price_s=0.0 if search.price_s is None else float(search.price_s[row]),
    )
