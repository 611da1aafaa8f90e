"""Who is nearest by road and may go: the ranked candidates of one need, each with its reason."""

from collections.abc import Iterable

import numpy as np

from dispatch.board import Board
from dispatch.candidates import LISTED, STATUS_WHY, Timed, Why, as_candidate
from dispatch.cover import COVERS_FROM
from dispatch.district import UnitNeed
from dispatch.force import EXERCISE, KINDS, STATUSES
from dispatch.model import Incident, Recommendation
from dispatch.ports import Reach
from dispatch.ranking import Leading, lead
from dispatch.words import ResponderKind
from dispatch.work import Views
from geo.air import air_m
from geo.types import BoolArray, FloatArray, IntArray, Point, Profile

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
        stale_s = [book.rules.stale_after_s.get(kind, DEFAULT_STALE_S) for kind in KINDS]
        self.stale_after_ms = np.array([1_000 * limit for limit in stale_s], dtype=np.int64)
        self._reach: dict[tuple[Profile, float], Reach] = {}
        pays = book.rules.cover_s > 0 and incident.priority >= COVERS_FROM
        self.price_s = force.price_s if pays else None

    def reach(self, profile: Profile, limit_s: float) -> Reach:
        """The search from the incident's place, made once per profile and limit."""
        key = (profile, limit_s)
        if key not in self._reach:
            self._reach[key] = self.views.roads.reach(self.incident.place, profile, limit_s)
        return self._reach[key]

    def nearest(self, wanted: int, limit_s: float) -> tuple[list[Timed], Leading]:
        """Free units ranked, the best few named; every located unit is timed by road."""
        may = self.can & self.board.force.available & ~self.barred
        located = self.views.positions.located()
        eta = self.seconds(may & located, limit_s)
        best = self.lead(may & located, eta, max(LISTED, 2 * wanted), limit_s)
        timed = self.timed(best.rows, eta, best.tier, limit_s)
        if best.within < wanted:
            lost = np.flatnonzero(may & ~located)[:UNLOCATED]
            if len(lost):
                timed += self.unlocated(lost, limit_s)
                timed.sort(key=lambda one: one.rank_key)
        return timed, best

    def divertible(self, limit_s: float) -> list[Timed]:
        """Units under way to a less urgent incident, ranked; only those with a fresh fix."""
        force = self.board.force
        may = self.can & force.divertible & (force.order_priority > self.incident.priority)
        if self.incident.exercise:
            may &= force.order_priority < EXERCISE
        if not may.any():
            return []
        may &= self.views.positions.located() & ~self.barred
        eta = self.seconds(may, limit_s)
        best = self.lead(may, eta, LISTED, limit_s)
        ok = (best.tier == 0) & np.isfinite(eta[best.rows])
        return self.timed(best.rows[ok], eta, best.tier[ok], limit_s, held=True)

    def seconds(self, may: BoolArray, limit_s: float) -> FloatArray:
        """Seconds by road for the rows that may go, each over the roads of its profile."""
        spots = self.views.positions.spots()
        eta = np.full(len(may), np.inf)
        for profile, users in self.board.force.users.items():
            mine = may & users
            if mine.any():
                self.reach(profile, limit_s).fill_seconds(spots, mine, eta)
        return eta

    def lead(self, may: BoolArray, eta: FloatArray, count: int, limit_s: float) -> Leading:
        """The first few by trust, seconds and row."""
        force = self.board.force
        oldest_ms = self.now_ms - self.stale_after_ms
        at_ms = self.views.positions.times()
        dear = eta if self.price_s is None else eta + self.price_s
        return lead(
            may, dear, at_ms, oldest_ms, force.kind, force.missed, count=count, limit_s=limit_s
        )

    def doubtful(self) -> BoolArray:
        """Which rows are not to be trusted: an old fix, or the last order missed."""
        force = self.board.force
        old = self.views.positions.times() < (self.now_ms - self.stale_after_ms)[force.kind]
        found: BoolArray = old | force.missed
        return found

    def timed(
        self,
        rows: IntArray,
        eta: FloatArray,
        tier: IntArray,
        limit_s: float,
        *,
        held: bool = False,
    ) -> list[Timed]:
        """The few that are named, as rows of the recommendation, in the order given."""
        force = self.board.force
        lonlat, at_ms = self.views.positions.at(rows)
        named = zip(
            rows.tolist(),
            eta[rows].tolist(),
            tier.tolist(),
            at_ms.tolist(),
            [Point(lon, lat) for lon, lat in lonlat.tolist()],
            force.missed[rows].tolist(),
            strict=True,
        )
        return [
            Timed(
                responder=force.ids[row],
                kind=ResponderKind.UNIT,
                profile=force.profile_of(row),
                tier=trust,
                eta_s=seconds,
                air_m=air_m(position, self.incident.place),
                fix_age_s=round(max(self.now_ms - fix_ms, 0) / 1000, 1),
                position=position,
                limit_s=limit_s,
                held=held,
                price_s=0.0 if self.price_s is None else float(self.price_s[row]),
                drilled=held and bool(force.order_priority[row] == EXERCISE),
                missed=missed,
            )
            for row, seconds, trust, fix_ms, position, missed in named
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


def _count(counts: dict[str, int], why: Why, mask: BoolArray) -> None:
    number = int(np.count_nonzero(mask))
    if number:
        counts[why] = counts.get(why, 0) + number


def divert_some(
    picks: list[Timed], held: list[Timed], wanted: int, gain_s: float, *, may_divert: bool
) -> list[tuple[Timed, Timed]]:
    """Put units under way elsewhere among the picks where the rule may; else give the advice.

    From an exercise a unit is taken at once.
    """
    advised: list[tuple[Timed, Timed]] = []
    displaced: set[str] = set()
    for one in held:
        if len(picks) < wanted:
            picks.append(one)
            continue
        left = [pick for pick in picks if pick.responder not in displaced]
        worst = max(left, key=lambda pick: pick.rank_key, default=None)
        if worst is None or worst.held:
            break
        if worst.tier == 0 and one.eta_s + gain_s > worst.eta_s:
            break
        if may_divert or one.drilled:
            picks[picks.index(worst)] = one
        else:
            advised.append((one, worst))
            displaced.add(worst.responder)
    return advised


def recommend_units(
    search: UnitSearch, wanted: int, divert_gain_s: float, *, may_divert: bool
) -> tuple[Recommendation, list[Timed], list[tuple[Timed, Timed]]]:
    """Rank all units for a need and choose `wanted` of them; and what diversions are advised.

    A unit under way elsewhere is taken only from a less urgent incident: at once when no free
    unit is left, else when it gains at least `divert_gain_s` seconds over the free unit it would
    displace. That is done where the rule `may_divert`, and otherwise advised as a pair of who
    and instead of whom.
    """
    limit_s = search.need.within_min * 60
    free: list[Timed] = []
    look_s = limit_s
    for look_s in sorted({min(FIRST_LOOK_S, limit_s), limit_s, max(limit_s, WIDEST_S)}):
        free, best = search.nearest(wanted, look_s)
        named = sum(one.eta_s <= look_s for one in free)
        if best.fresh_within >= wanted + RUNNERS_UP or (look_s >= limit_s and named >= wanted):
            break
    usable = [one for one in free if np.isfinite(one.eta_s)]
    picks = usable[:wanted]
    held = search.divertible(min(look_s, limit_s))
    advised = divert_some(picks, held, wanted, divert_gain_s, may_divert=may_divert)
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
        advised,
    )
