"""What is due when: a heap whose stale entries are passed over when they surface."""

import heapq


class Deadlines:
    """The next moment at which something must be looked at; times in epoch ms."""

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def put(self, key: str, due_ms: int | None) -> None:
        """Set, move or (with None) lift the deadline of a key."""
        if due_ms is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due_ms:
            self._due[key] = due_ms
            heapq.heappush(self._heap, (due_ms, key))
        if len(self._heap) > 4 * len(self._due) + 64:
            self._heap = [(due, key) for key, due in self._due.items()]
            heapq.heapify(self._heap)

    def next_ms(self) -> int | None:
        """The earliest deadline, or None when nothing is due ever."""
        while self._heap:
            due_ms, key = self._heap[0]
            if self._due.get(key) == due_ms:
                return due_ms
            heapq.heappop(self._heap)
        return None

    def list_due(self, now_ms: int, most: int) -> list[str]:
        """The first `most` keys due by now, ties by key; each stays until it is put again."""
        found: dict[tuple[int, str], None] = {}
        while self._heap and len(found) < most and self._heap[0][0] <= now_ms:
            due_ms, key = heapq.heappop(self._heap)
            if self._due.get(key) == due_ms:
                found[due_ms, key] = None
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [key for _, key in found]
