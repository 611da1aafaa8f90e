"""Who is nearest by road and may go: the ranked candidates of one need, each with its reason."""

from collections.abc import Iterable

import numpy as np

from dispatch.board import Board
from dispatch.candidates import LISTED, STATUS_WHY, Timed, Why, as_candidate
from dispatch.district import UnitNeed
from dispatch.force import KINDS, PROFILES, STATUSES
from dispatch.model import Incident, Recommendation
from dispatch.ports import Reach
from dispatch.words import ResponderKind
from dispatch.work import Views
from geo.air import air_m
from geo.types import BoolArray, FloatArray, IntArray, Point, Profile, RoadSpots

UNLOCATED = 64
"""How many units that never sent a fix are timed from their bases, where others do not suffice."""
FIRST_LOOK_S = 180.0
"""In a dense city the answer lies this near, and a small search finds it sooner."""
RUNNERS_UP = 3
"""So many more than wanted must be found in the first look, that an explanation names them."""
WIDEST_S = 3_600.0
"""Beyond the plan's limit we still look this far rather than send nobody."""
DEFAULT_STALE_S = 60.0
"""For a kind of unit that the district's rules leave out."""


class UnitSearch:
    """All units of one capability, timed to one incident as far as an exact answer needs."""

    def __init__(
        self, board: Board, views: Views, incident: Incident, need: UnitNeed, now_ms: int
    ) -> None:
        self.board = board
        self.views = views
        self.incident = incident
        self.need = need
        self.now_ms = now_ms
        force = board.force
        self.can = force.can(need.capability)
        self.barred = np.zeros(len(force.ids), dtype=np.bool_)
        self.sent = {board.orders[order].responder for order in incident.orders}
        for unit in (*self.sent, *incident.sources):
            row = force.rows.get(unit)
            if row is not None:
                self.barred[row] = True
        book = board.district
        assert book is not None, "units come from a book"
        self.stale_after_s = np.array(
            [book.rules.stale_after_s.get(kind, DEFAULT_STALE_S) for kind in KINDS],
            dtype=np.float64,
        )
        self._reach: dict[tuple[Profile, float], Reach] = {}

    def reach(self, profile: Profile, limit_s: float) -> Reach:
        """The search from the incident's place, made once per profile and limit."""
        key = (profile, limit_s)
        if key not in self._reach:
            self._reach[key] = self.views.roads.reach(self.incident.place, profile, limit_s)
        return self._reach[key]

    def nearest(self, wanted: int, limit_s: float) -> list[Timed]:
        """Free units ranked, the best few named; every located unit is timed by road."""
        may = self.can & self.board.force.available & ~self.barred
        located = self.views.positions.located()
        rows = np.flatnonzero(may & located)
        eta, tier, age_s = self.weigh(rows, limit_s)
        best = leading(rows, eta, tier, max(LISTED, 2 * wanted))
        timed = self.timed(rows[best], eta[best], tier[best], age_s[best], limit_s)
        if int((eta <= limit_s).sum()) < wanted:
            lost = np.flatnonzero(may & ~located)[:UNLOCATED]
            timed += self.unlocated(lost, limit_s)
        return sorted(timed, key=lambda one: one.rank_key)

    def divertible(self, limit_s: float) -> list[Timed]:
        """Units under way to a less urgent incident, ranked; only those with a fresh fix."""
        may = self.can & self.board.force.divertible & ~self.barred
        may &= self.board.force.order_priority > self.incident.priority
        rows = np.flatnonzero(may & self.views.positions.located())
        eta, tier, age_s = self.weigh(rows, limit_s)
        ok = np.flatnonzero((tier == 0) & (eta <= limit_s))
        ok = ok[np.lexsort((rows[ok], eta[ok]))][:LISTED]
        timed = self.timed(rows[ok], eta[ok], tier[ok], age_s[ok], limit_s, held=True)
        return sorted(timed, key=lambda one: one.rank_key)

    def weigh(self, rows: IntArray, limit_s: float) -> tuple[FloatArray, IntArray, FloatArray]:
        """Seconds by road, trust tier and age of the fix in seconds, for located rows."""
        force = self.board.force
        _, at_ms = self.views.positions.at(rows)
        spots = self.views.positions.on_road(rows)
        profiles = force.profile[rows]
        eta = np.full(len(rows), np.inf)
        for code in range(len(PROFILES)):
            mine = np.flatnonzero(profiles == code)
            if len(mine) == 0:
                continue
            part = RoadSpots(spots.piece[mine], spots.share[mine], spots.off_s[mine])
            eta[mine] = self.reach(PROFILES[code], limit_s).seconds_of(part)
        age_s = np.maximum(self.now_ms - at_ms, 0) / 1000
        doubtful = (age_s > self.stale_after_s[force.kind[rows]]) | force.missed[rows]
        return eta, doubtful.astype(np.int64), age_s

    def timed(
        self,
        rows: IntArray,
        eta: FloatArray,
        tier: IntArray,
        age_s: FloatArray,
        limit_s: float,
        *,
        held: bool = False,
    ) -> list[Timed]:
        """The few that are named, as rows of the recommendation."""
        force = self.board.force
        spots, _ = self.views.positions.at(rows)
        return [
            Timed(
                responder=force.ids[row],
                kind=ResponderKind.UNIT,
                profile=force.profile_of(row),
                tier=int(tier[i]),
                eta_s=float(eta[i]),
                air_m=air_m(Point(*spots[i].tolist()), self.incident.place),
                fix_age_s=round(float(age_s[i]), 1),
                position=Point(*spots[i].tolist()),
                limit_s=limit_s,
                held=held,
                missed=bool(force.missed[row]),
            )
            for i, row in enumerate(rows.tolist())
        ]

    def unlocated(self, rows: IntArray, limit_s: float) -> list[Timed]:
        """Units that never sent a fix, timed from their base; never dropped, never trusted."""
        ids = [self.board.force.ids[row] for row in rows]
        bases = [self.board.units[unit].base for unit in ids]
        spots = np.array([(base.lon, base.lat) for base in bases]).reshape(-1, 2)
        profiles = [self.board.force.profile_of(row) for row in rows.tolist()]
        eta = [
            float(self.reach(one, limit_s).seconds(spots[i : i + 1])[0])
            for i, one in enumerate(profiles)
        ]
        return [
            Timed(
                responder=unit,
                kind=ResponderKind.UNIT,
                profile=profiles[i],
                tier=2,
                eta_s=eta[i],
                air_m=air_m(bases[i], self.incident.place),
                fix_age_s=None,
                position=bases[i],
                limit_s=limit_s,
            )
            for i, unit in enumerate(ids)
        ]

    def passed_over(self, listed: Iterable[Timed]) -> dict[str, int]:
        """How many units are not listed, by reason."""
        force = self.board.force
        rest = np.ones(len(force.ids), dtype=np.bool_)
        for one in listed:
            rest[force.rows[one.responder]] = False
        counts: dict[str, int] = {}
        _count(counts, Why.LACKS_CAPABILITY, rest & ~self.can)
        rest &= self.can
        _count(counts, Why.ALREADY_SENT, rest & self.barred)
        rest &= ~self.barred
        for status, why in STATUS_WHY.items():
            _count(counts, why, rest & (force.status == STATUSES.index(status)))
        _count(counts, Why.FARTHER, rest & force.available)
        return counts


def leading(rows: IntArray, eta: FloatArray, tier: IntArray, count: int) -> IntArray:
    """Indexes of the first `count` by tier, seconds and row, without sorting the rest."""
    if len(rows) > count:
        key = eta + tier * 1e9
        edge = np.partition(key, count - 1)[count - 1]
        near = np.flatnonzero(key <= edge)
        return near[np.lexsort((rows[near], eta[near], tier[near]))][:count]
    return np.lexsort((rows, eta, tier))


def _count(counts: dict[str, int], why: Why, mask: BoolArray) -> None:
    number = int(mask.sum())
    if number:
        counts[why] = counts.get(why, 0) + number


def recommend_units(
    search: UnitSearch, wanted: int, divert_gain_s: float
) -> tuple[Recommendation, list[Timed]]:
    """Rank all units for a need and choose `wanted` of them.

    A unit under way elsewhere is taken only from a less urgent incident and only when it gains
    at least `divert_gain_s` seconds over the free unit it displaces, or when there is none.
    """
    limit_s = search.need.within_min * 60
    free: list[Timed] = []
    look_s = limit_s
    for look_s in sorted({min(FIRST_LOOK_S, limit_s), limit_s, max(limit_s, WIDEST_S)}):
        free = search.nearest(wanted, look_s)
        within = [one for one in free if one.eta_s <= look_s]
        fresh = sum(one.tier == 0 for one in within)
        if fresh >= wanted + RUNNERS_UP or (look_s >= limit_s and len(within) >= wanted):
            break
    usable = [one for one in free if np.isfinite(one.eta_s)]
    picks = usable[:wanted]
    held = search.divertible(min(look_s, limit_s))
    for one in held:
        if len(picks) < wanted:
            picks.append(one)
        else:
            worst = max(picks, key=lambda pick: pick.rank_key)
            if worst.held or (worst.tier == 0 and one.eta_s + divert_gain_s > worst.eta_s):
                break
            picks[picks.index(worst)] = one
    picks.sort(key=lambda one: one.rank_key)
    chosen = {one.responder for one in picks}
    rest = sorted(
        (o for o in (*free, *held) if o.responder not in chosen), key=lambda o: o.rank_key
    )
    listed = [*picks, *rest[: max(0, LISTED - len(picks))]]
    candidates = tuple(
        as_candidate(one, rank, chosen=one.responder in chosen, limit_s=limit_s)
        for rank, one in enumerate(listed, 1)
    )
    return (
        Recommendation(
            need=f"unit:{search.need.capability}",
            wanted=wanted,
            found=len(picks),
            candidates=candidates,
            passed_over=search.passed_over(listed),
        ),
        picks,
    )
