"""The force in columns: who may be sent, as masks over the rows of the district's units."""

from collections.abc import Sequence

import numpy as np

from dispatch.district import Unit
from dispatch.model import Responder
from dispatch.words import ResponderId, ResponderKind, UnitKind, UnitStatus
from geo.types import BoolArray, FloatArray, IntArray, Profile

PROFILE_OF = {
    UnitKind.CAR: Profile.CAR,
    UnitKind.MOTORCYCLE: Profile.MOTORCYCLE,
    UnitKind.FOOT: Profile.FOOT,
    UnitKind.PLAIN_CLOTHES: Profile.CAR,
}
PROFILES = (Profile.CAR, Profile.MOTORCYCLE, Profile.FOOT)
STATUSES = tuple(UnitStatus)
KINDS = tuple(UnitKind)
ANYONE = "any"
DIVERTIBLE = frozenset({UnitStatus.DISPATCHED, UnitStatus.EN_ROUTE})


EXERCISE = 9
"""The priority of an order that is an exercise: any real incident may take its unit."""


class Force:
    """Masks by availability, capability and travel profile; a row is a unit's place in the book."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.ids: list[ResponderId] = [unit.id for unit in units]
        self.rows: dict[ResponderId, int] = {unit: row for row, unit in enumerate(self.ids)}
        size = len(units)
        self.available: BoolArray = np.ones(size, dtype=np.bool_)
        self.divertible: BoolArray = np.zeros(size, dtype=np.bool_)
        self.status = np.full(size, STATUSES.index(UnitStatus.AVAILABLE), dtype=np.int8)
        self.profile: IntArray = np.array(
            [PROFILES.index(PROFILE_OF[unit.kind]) for unit in units], dtype=np.int64
        )
        self.users: dict[Profile, BoolArray] = {
            profile: self.profile == code for code, profile in enumerate(PROFILES)
        }
        self.kind: IntArray = np.array([KINDS.index(unit.kind) for unit in units], dtype=np.int64)
        self.order_priority = np.zeros(size, dtype=np.int8)
        self.price_s: FloatArray = np.zeros(size)
        self.missed: BoolArray = np.zeros(size, dtype=np.bool_)
        self._can: dict[str, BoolArray] = {}
        for row, unit in enumerate(units):
            for capability in unit.capabilities:
                column = self._can.setdefault(capability, np.zeros(size, dtype=np.bool_))
                column[row] = True

    def can(self, capability: str) -> BoolArray:
        """Who has a capability; everyone has `any`, nobody what the book does not know."""
        if capability == ANYONE:
            return np.ones(len(self.ids), dtype=np.bool_)
        found = self._can.get(capability)
        return found if found is not None else np.zeros(len(self.ids), dtype=np.bool_)

    def profile_of(self, row: int) -> Profile:
        """How the unit of a row travels."""
        return PROFILES[int(self.profile[row])]

    def put(self, responder: Responder, priority: int) -> None:
        """Take over the state of one responder and the priority of its order (0 for none).

        Posts and gates have no row here.
        """
        if responder.kind is not ResponderKind.UNIT:
            return
        row = self.rows[responder.id]
        self.status[row] = STATUSES.index(responder.status)
        self.order_priority[row] = priority
        self.missed[row] = responder.missed > 0 or responder.musters_missed > 0
        free = responder.status is UnitStatus.AVAILABLE and responder.order is None
        self.available[row] = free
        self.divertible[row] = responder.order is not None and responder.status in DIVERTIBLE
