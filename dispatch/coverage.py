"""What taking a unit leaves behind: seconds that the next call would wait longer, by place.

A watched place stands for a beat, an area or a key site; its share is its part of the calls, of
whatever unit. Rows are places, columns are the units that are free now. Everything is a value.
"""

import msgspec
import numpy as np

from dispatch.words import ResponderId
from geo.types import FloatArray

EMPTY_S = 3_600.0
"""A place that nobody can reach counts as this far; further ways count no more either."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A place that somebody should be near: `share` is its part of the calls, any scale."""

    id: str
    name: str
    share: float = 1.0
    within_s: float = 300.0


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """A place before and after a unit is taken: best remaining ETA in seconds, and whose it is.

    `None` means that nobody is left who could reach it.
    """

    place: str
    name: str
    before_s: float | None
    after_s: float | None
    next_unit: ResponderId | None
    within_s: float

    @property
    def opened(self) -> bool:
        """Whether the place is within its time now and no longer afterwards."""
        held = self.before_s is not None and self.before_s <= self.within_s
        return held and (self.after_s is None or self.after_s > self.within_s)


class Coverage:
    """Free units and watched places, weighed once for every question of one decision."""

    def __init__(
        self, places: tuple[Watched, ...], units: tuple[ResponderId, ...], eta_s: FloatArray
    ) -> None:
        """`eta_s` (places, units) seconds by road, inf beyond the search."""
        self.places = places
        self.units = units
        self.eta_s = np.minimum(eta_s.reshape(len(places), len(units)), EMPTY_S)
        padded = np.full((len(places), len(units) + 2), EMPTY_S)
        padded[:, : len(units)] = self.eta_s
        order = np.argsort(padded, axis=1, kind="stable")[:, :2]
        self._nearest = order
        self._best_s = np.take_along_axis(padded, order, axis=1)
        share = np.array([place.share for place in places], dtype=np.float64)
        total = float(share.sum())
        self._share = share / total if total > 0 else share
        self._within_s = np.array([place.within_s for place in places], dtype=np.float64)

    def price_s(self, exchange: float = 1.0, most_s: float = 300.0) -> FloatArray:
        """(units,): seconds that the next call waits longer on average if this unit is gone.

        `exchange` is how many calls are expected while it is away: it turns those seconds into
        seconds that a nearer unit may be passed over for. No price is above `most_s`.
        """
        lost = self._best_s[:, 1] - self._best_s[:, 0]
        price = np.zeros(len(self.units) + 2)
        np.add.at(price, self._nearest[:, 0], self._share * lost)
        return np.minimum(price[: len(self.units)] * exchange, most_s)

    def held_share(self, without: ResponderId | None = None) -> float:
        """Part of the calls whose place somebody reaches within its time, 0 to 1."""
        best_s = self._best_without(without)
        return float(self._share[best_s <= self._within_s].sum())

    def leaves(self, unit: ResponderId) -> tuple[Left, ...]:
        """The places that this unit is the nearest to, the worst loss first."""
        mine = self.units.index(unit)
        rows = np.flatnonzero(self._nearest[:, 0] == mine)
        lost = (self._best_s[:, 1] - self._best_s[:, 0])[rows]
        found = []
        for row in rows[np.lexsort((rows, -lost))].tolist():
            following = int(self._nearest[row, 1])
            after_s = float(self._best_s[row, 1])
            reached = after_s < EMPTY_S and following < len(self.units)
            before_s = float(self._best_s[row, 0])
            found.append(
                Left(
                    place=self.places[row].id,
                    name=self.places[row].name,
                    before_s=before_s if before_s < EMPTY_S else None,
                    after_s=after_s if reached else None,
                    next_unit=self.units[following] if reached else None,
                    within_s=self.places[row].within_s,
                )
            )
        return tuple(found)

    def _best_without(self, unit: ResponderId | None) -> FloatArray:
        best: FloatArray = self._best_s[:, 0]
        if unit is None:
            return best
        mine = self._nearest[:, 0] == self.units.index(unit)
        return np.where(mine, self._best_s[:, 1], best)
