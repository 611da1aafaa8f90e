"""Who is nearest by road and may go: the ranked candidates of one need, each with its reason."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec
import numpy as np

from dispatch.board import Board
from dispatch.district import PostNeed, UnitNeed
from dispatch.force import PROFILES, STATUSES
from dispatch.model import Candidate, Incident, Recommendation
from dispatch.ports import Reach
from dispatch.words import ResponderId, ResponderKind, UnitStatus
from dispatch.work import Views
from geo.air import air_m
from geo.types import BoolArray, FloatArray, IntArray, Point, Profile

LISTED = 12
"""How many candidates an event names; the rest are counted by reason."""
FIRST_LOOK = 16
"""How many are timed by road at first; more follow until the answer is exact."""
WIDEST_S = 3_600.0
"""Beyond the plan's limit we still look this far rather than send nobody."""
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
        fastest = [views.roads.fastest_mps(profile) for profile in PROFILES]
        self.fastest_mps = max(fastest)
        self._reach: dict[tuple[Profile, float], Reach] = {}

    def reach(self, profile: Profile, limit_s: float) -> Reach:
        """The search from the incident's place, made once per profile and limit."""
        key = (profile, limit_s)
        if key not in self._reach:
            self._reach[key] = self.views.roads.reach(self.incident.place, profile, limit_s)
        return self._reach[key]

    def nearest(self, wanted: int, limit_s: float) -> list[Timed]:
        """Free units ranked; exact for the first `wanted`: no unlooked-at unit could be nearer."""
        may = self.can & self.board.force.available & ~self.barred
        total = int(may.sum())
        look = max(FIRST_LOOK, 2 * wanted)
        while True:
            rows, air = self.views.positions.nearest(self.incident.place, look, may)
            timed = sorted(self.time(rows, air, limit_s), key=lambda one: one.rank_key)
            if len(rows) < min(look, total) or look >= total:
                break
            bound_s = float(air[-1]) / self.fastest_mps
            good = [one for one in timed if one.tier == 0 and one.eta_s <= limit_s]
            if bound_s > limit_s or (len(good) >= wanted and good[wanted - 1].eta_s <= bound_s):
                break
            look *= 4
        if len(timed) < total and sum(one.eta_s <= limit_s for one in timed) < wanted:
            lost = may.copy()
            lost[rows] = False
            timed += self.unlocated(np.flatnonzero(lost)[: 4 * FIRST_LOOK], limit_s)
        return sorted(timed, key=lambda one: one.rank_key)

    def divertible(self, limit_s: float) -> list[Timed]:
        """Units under way to a less urgent incident, ranked."""
        may = self.can & self.board.force.divertible & ~self.barred
        for row in np.flatnonzero(may):
            order = self.board.responders[self.board.force.ids[row]].order
            assert order is not None, "a divertible unit holds an order"
            if self.board.orders[order].priority <= self.incident.priority:
                may[row] = False
        rows, air = self.views.positions.nearest(self.incident.place, FIRST_LOOK, may)
        timed = self.time(rows, air, limit_s, held=True)
        return sorted(
            (one for one in timed if one.tier == 0 and one.eta_s <= limit_s),
            key=lambda one: one.rank_key,
        )

    def time(
        self, rows: IntArray, air: FloatArray, limit_s: float, *, held: bool = False
    ) -> list[Timed]:
        """Time located units by road, one vectorised call per profile."""
        force = self.board.force
        book = self.board.district
        assert book is not None, "units come from a book"
        fixes = [self.views.positions.get(int(row)) for row in rows]
        spots = np.array([(fix.lon, fix.lat) if fix else (0.0, 0.0) for fix in fixes])
        eta = self.seconds(rows, spots.reshape(-1, 2), limit_s)
        timed = []
        for i, row in enumerate(rows):
            fix = fixes[i]
            assert fix is not None, "only located units are near"
            unit = force.ids[row]
            age_s = max(0, self.now_ms - fix.at_ms) / 1000
            missed = self.board.responders[unit].missed > 0
            stale = age_s > book.rules.stale_after_s[force.kinds[row]]
            timed.append(
                Timed(
                    responder=unit,
                    kind=ResponderKind.UNIT,
                    profile=PROFILES[force.profile[row]],
                    tier=int(stale or missed),
                    eta_s=float(eta[i]),
                    air_m=float(air[i]),
                    fix_age_s=age_s,
                    position=Point(fix.lon, fix.lat),
                    held=held,
                    missed=missed,
                )
            )
        return timed

    def unlocated(self, rows: IntArray, limit_s: float) -> list[Timed]:
        """Units that never sent a fix, timed from their base; never dropped, never trusted."""
        ids = [self.board.force.ids[row] for row in rows]
        bases = [self.board.units[unit].base for unit in ids]
        spots = np.array([(base.lon, base.lat) for base in bases]).reshape(-1, 2)
        eta = self.seconds(rows, spots, limit_s)
        return [
            Timed(
                responder=unit,
                kind=ResponderKind.UNIT,
                profile=PROFILES[self.board.force.profile[rows[i]]],
                tier=2,
                eta_s=float(eta[i]),
                air_m=air_m(bases[i], self.incident.place),
                fix_age_s=None,
                position=bases[i],
            )
            for i, unit in enumerate(ids)
        ]

    def seconds(self, rows: IntArray, spots: FloatArray, limit_s: float) -> FloatArray:
        """Seconds to the place for rows at (n, 2) lon/lat spots, each by its own profile."""
        eta = np.full(len(rows), np.inf)
        if len(rows) == 0:
            return eta
        profiles = self.board.force.profile[rows]
        for code in np.unique(profiles):
            mask: BoolArray = profiles == code
            eta[mask] = self.reach(PROFILES[code], limit_s).seconds(spots[mask])
        return eta

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
    free = search.nearest(wanted, limit_s)
    if sum(one.eta_s <= limit_s for one in free) < wanted and limit_s < WIDEST_S:
        free = search.nearest(wanted, WIDEST_S)
    usable = [one for one in free if np.isfinite(one.eta_s)]
    picks = usable[:wanted]
    held = search.divertible(limit_s)
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
    limit_s = need.within_min * 60
    posts = list(board.posts.values())
    counts: dict[str, int] = {}
    near: list[Timed] = []
    if posts:
        spots = np.array([(post.place.lon, post.place.lat) for post in posts])
        eta = views.roads.reach(incident.place, Profile.FOOT, limit_s).seconds(spots)
        sent = {board.orders[order].responder for order in incident.orders}
        for post, seconds in zip(posts, eta, strict=True):
            away_m = air_m(post.place, incident.place)
            why = _post_barred(board, incident, post.id, away_m, sent)
            if why is None and not np.isfinite(seconds):
                why = Why.BEYOND_LIMIT
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
                    eta_s=float(seconds),
                    air_m=away_m,
                    fix_age_s=None,
                    position=post.place,
                    missed=missed,
                )
            )
    near.sort(key=lambda one: one.rank_key)
    picks, listed = near[:wanted], near[: max(LISTED, wanted)]
    if len(near) > len(listed):
        counts[Why.FARTHER] = counts.get(Why.FARTHER, 0) + len(near) - len(listed)
    candidates = tuple(
        as_candidate(one, rank, chosen=rank <= wanted, limit_s=limit_s)
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
