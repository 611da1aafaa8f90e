"""A responder as it is weighed, and the words for why it was chosen or not."""

from enum import StrEnum

import msgspec
import numpy as np

from dispatch.model import Candidate
from dispatch.words import ResponderId, ResponderKind, UnitStatus
from geo.types import Point, Profile

LISTED = 12
"""How many candidates an event names; the rest are counted by reason."""


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
    COVERS_BEAT = "covers_beat"
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
    drilled: bool = False
    missed: bool = False
    price_s: float = 0.0

    @property
    def rank_key(self) -> tuple[int, float, str]:
        """The best sorts first; no tie is left to chance."""
        return self.tier, self.eta_s + self.price_s, self.responder


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
    elif one.price_s > 0 and not chosen:
        why = Why.COVERS_BEAT
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
        price_s=round(one.price_s, 1),
    )
