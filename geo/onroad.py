"""Moving units kept on the roads: each good fix is put on a road once, when it comes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo.roads import Roads
from geo.tracker import Tracker
from geo.types import BoolArray, FloatArray, IntArray, Profile, RoadSpots

PROFILES = tuple(Profile)


class RoadTracker(Tracker):
    """A tracker that knows for every unit where on the roads of its own profile it is.

    With that one search answers for ten thousand units without looking for their roads again.
    """

    def __init__(
        self,
        unit_ids: Sequence[str],
        *,
        roads: Roads,
        profiles: Sequence[Profile],
        bounds: tuple[float, float, float, float],
        impossible_mps: float,
        ahead_ms: int,
    ) -> None:
        super().__init__(unit_ids, bounds=bounds, impossible_mps=impossible_mps, ahead_ms=ahead_ms)
        self.roads = roads
        self._profile = np.array([PROFILES.index(one) for one in profiles], dtype=np.int64)
        size = len(self.ids)
        self._spots = RoadSpots(np.full(size, -1, np.int64), np.zeros(size), np.zeros(size))
        self._made_with = dict(roads.snappers)

    def update(  # noqa: PLR0917  # columns by position, as numpy does
        self,
        rows: IntArray,
        at_ms: IntArray,
        lonlat: FloatArray,
        speed_mps: FloatArray,
        heading_deg: FloatArray,
        accuracy_m: FloatArray,
        received_ms: int,
    ) -> npt.NDArray[np.uint8]:
        """As the tracker, and put the units that moved on their roads."""
        verdicts = super().update(
            rows, at_ms, lonlat, speed_mps, heading_deg, accuracy_m, received_ms
        )
        self._put(np.unique(rows[verdicts == 0]))
        return verdicts

    def load(self, path: Path) -> None:
        """As the tracker, and put everyone on the roads."""
        super().load(path)
        self._put(np.flatnonzero(self.at_ms > 0))

    def located(self) -> BoolArray:
        """Which rows ever had a good fix."""
        found: BoolArray = self.at_ms > 0
        return found

    def times(self) -> IntArray:
        """Epoch ms of the latest good fix of all rows, 0 where there is none."""
        return self.at_ms

    def spots(self) -> RoadSpots:
        """Where all rows are on the roads of their profiles, as the roads are now; not a copy."""
        if any(self._made_with[one] is not snapper for one, snapper in self.roads.snappers.items()):
            self._made_with = dict(self.roads.snappers)
            self._put(np.flatnonzero(self.at_ms > 0))
        return self._spots

    def _put(self, rows: IntArray) -> None:
        for code, profile in enumerate(PROFILES):
            mine = rows[self._profile[rows] == code]
            if len(mine) == 0:
                continue
            lonlat = np.column_stack((self.lon[mine], self.lat[mine]))
            spots, _ = self.roads.put_along(
                lonlat, profile, self.heading_deg[mine], self.speed_mps[mine]
            )
            for column, values in zip(self._spots, spots, strict=True):
                column[mine] = values
