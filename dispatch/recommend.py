"""Who is nearest by road and may go: the ranked candidates of one need, each with its reason."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec
import numpy as np

from dispatch.board import Board
from dispatch.district import PostNeed, UnitNeed
from dispatch.force import KINDS, PROFILES, STATUSES
from dispatch.model import Candidate, Incident, Recommendation
from dispatch.ports import Reach
from dispatch.words import ResponderId, ResponderKind, UnitStatus
from dispatch.work import Views
from geo.air import air_m
from geo.types import BoolArray, FloatArray, IntArray, Point, Profile, RoadSpots

LISTED = 12
"""How many candidates an event names; the rest are counted by reason."""
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
SILENT_SITE_M = 50.0
"""Posts this near to a silent alarm get nothing that could sound."""


class Why(StrEnum):
    """Why a candidate was chosen or not."""

    NEAREST = "nearest"
    FARTHER = "farther"
    BEYOND_LIMIT = "beyond_limit"
    NO_WAY = "no_way"
    STALE = "stale"
    NO_FIX = "no_fix"
    UNRESPONSIVE = "unresponsive"
    ON_ORDER = "on_order"
    BUSY = "busy"
    OFF_DUTY = "off_duty"
    OUT_OF_SERVICE = "out_of_service"
    LACKS_CAPABILITY = "lacks_capability"
    ALREADY_SENT = "already_sent"
    SOURCE_OF_ALARM = "source_of_alarm"
    DIVERTED = "diverted"
    GAIN_TOO_SMALL = "gain_too_small"
    BY_OPERATOR = "by_operator"
    AT_SILENT_SITE = "at_silent_site"


STATUS_WHY = {
    UnitStatus.DISPATCHED: Why.ON_ORDER,
    UnitStatus.EN_ROUTE: Why.ON_ORDER,
    UnitStatus.ON_SCENE: Why.ON_ORDER,
    UnitStatus.BUSY: Why.BUSY,
    UnitStatus.OUT_OF_SERVICE: Why.OUT_OF_SERVICE,
    UnitStatus.OFF_DUTY: Why.OFF_DUTY,
}


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """One responder with its time to the place. `tier`: 0 trusted, 1 doubtful, 2 never located."""

    responder: ResponderId
    kind: ResponderKind
    profile: Profile
    tier: int
    eta_s: float
    air_m: float
    fix_age_s: float | None
    position: Point
    limit_s: float
    held: bool = False
    missed: bool = False

    @property
    def rank_key(self) -> tuple[int, float, str]:
        """The best sorts first; no tie is left to chance."""
        return self.tier, self.eta_s, self.responder


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
        for code in np.unique(profiles):
            mine = np.flatnonzero(profiles == code)
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


def recommend_posts(
    board: Board, views: Views, incident: Incident, need: PostNeed, wanted: int
) -> tuple[Recommendation, list[Timed]]:
    """Rank the posts that can be there on foot; a silent site's own neighbours stay quiet."""
    counts, near = time_posts(board, views, incident, need.within_min * 60)
    near.sort(key=lambda one: one.rank_key)
    picks, listed = near[:wanted], near[: max(LISTED, wanted)]
    if len(near) > len(listed):
        counts[Why.FARTHER] = counts.get(Why.FARTHER, 0) + len(near) - len(listed)
    candidates = tuple(
        as_candidate(one, rank, chosen=rank <= wanted, limit_s=need.within_min * 60)
        for rank, one in enumerate(listed, 1)
    )
    return (
        Recommendation(
            need="post",
            wanted=wanted,
            found=len(picks),
            candidates=candidates,
            passed_over=counts,
        ),
        picks,
    )


def time_posts(
    board: Board, views: Views, incident: Incident, limit_s: float
) -> tuple[dict[str, int], list[Timed]]:
    """The posts that can come on foot within the limit, and why the others cannot, counted."""
    posts = list(board.posts.values())
    counts: dict[str, int] = {}
    if not posts:
        return counts, []
    spots = np.array([(post.place.lon, post.place.lat) for post in posts])
    eta = views.roads.reach(incident.place, Profile.FOOT, limit_s).seconds(spots)
    near_enough = np.flatnonzero(np.isfinite(eta)).tolist()
    if len(near_enough) < len(posts):
        counts[Why.BEYOND_LIMIT] = len(posts) - len(near_enough)
    sent = {board.orders[order].responder for order in incident.orders}
    near: list[Timed] = []
    for i in near_enough:
        post = posts[i]
        away_m = air_m(post.place, incident.place)
        why = _post_barred(board, incident, post.id, away_m, sent)
        if why is not None:
            counts[why] = counts.get(why, 0) + 1
            continue
        missed = board.responders[post.id].missed > 0
        near.append(
            Timed(
                responder=post.id,
                kind=ResponderKind.POST,
                profile=Profile.FOOT,
                tier=int(missed),
                eta_s=float(eta[i]),
                air_m=away_m,
                fix_age_s=None,
                position=post.place,
                limit_s=limit_s,
                missed=missed,
            )
        )
    return counts, near


def _post_barred(
    board: Board, incident: Incident, post: ResponderId, away_m: float, sent: set[ResponderId]
) -> Why | None:
    responder = board.responders[post]
    if post in incident.sources:
        return Why.SOURCE_OF_ALARM
    if post in sent:
        return Why.ALREADY_SENT
    if incident.silent and away_m < SILENT_SITE_M:
        return Why.AT_SILENT_SITE
    if responder.order is not None:
        return Why.ON_ORDER
    return STATUS_WHY.get(responder.status)


def as_candidate(one: Timed, rank: int, *, chosen: bool, limit_s: float) -> Candidate:
    """The line that stays in the journal for one responder."""
    why = Why.NEAREST if chosen else Why.FARTHER
    if not np.isfinite(one.eta_s):
        why = Why.BEYOND_LIMIT
    elif one.held:
        why = Why.DIVERTED if chosen else Why.GAIN_TOO_SMALL
    elif one.tier == 2:
        why = Why.NO_FIX
    elif one.missed:
        why = Why.UNRESPONSIVE
    elif one.tier == 1:
        why = Why.STALE
    elif one.eta_s > limit_s:
        why = Why.BEYOND_LIMIT
    return Candidate(
        responder=one.responder,
        kind=one.kind,
        rank=rank,
        eta_s=round(one.eta_s, 1) if np.isfinite(one.eta_s) else None,
        air_m=round(one.air_m, 1),
        fix_age_s=one.fix_age_s,
        position=one.position,
        chosen=chosen,
        reason=why,
    )
