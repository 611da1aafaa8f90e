"""How often each of many may do a thing: a second's worth at once, then so many a second."""

from collections.abc import Hashable

MAX_NAMES = 100_000


class Quota:
    """A bucket for each name; the names are bounded by starting over."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, name: Hashable, now_s: float) -> bool:
        """Whether `name` may once more at `now_s`, seconds of any clock that only goes on."""
        left, since_s = self._buckets.get(name, (self._per_second, now_s))
        left = min(self._per_second, left + (now_s - since_s) * self._per_second)
        if len(self._buckets) >= MAX_NAMES and name not in self._buckets:
            self._buckets.clear()
        if left < 1.0:
            self._buckets[name] = (left, now_s)
            return False
        self._buckets[name] = (left - 1.0, now_s)
        return True
