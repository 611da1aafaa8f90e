"""Messages that come in parts: put together, asked for again, forgotten; never without limit."""

from collections import OrderedDict

import msgspec

from gateways.devices.jt808.frame import Frame

MOST_PARTS = 64
"""Parts of a message that is put together: about 64 KiB."""
MOST_OPEN = 2_048
MOST_BYTES = 16 << 20
"""Limits of all unfinished messages of all terminals; the oldest are forgotten first."""
ASK_AFTER_MS = 5_000
"""Silence after which missing parts are asked for."""
ASKS = 3


class Partial:
    """A message of which some parts are there. `first` is the serial of its first part."""

    __slots__ = ("asked", "bodies", "first", "size", "total", "touched_ms")

    def __init__(self, first: int, total: int, now_ms: int) -> None:
        self.first = first
        self.total = total
        self.bodies: dict[int, bytes] = {}
        self.size = 0
        self.touched_ms = now_ms
        self.asked = 0

    def list_missing(self) -> list[int]:
        """Numbers of the parts that have not come, from 1."""
        return [number for number in range(1, self.total + 1) if number not in self.bodies]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Parts to be asked for again: of whom, by the serial of the first part."""

    identity: str
    first: int
    missing: list[int]


class Parts:
    """Unfinished messages, at most one of a kind for each terminal."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, int], Partial] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._open)

    def take(self, identity: str, frame: Frame, now_ms: int) -> Frame | None:
        """The whole message once its last missing part has come."""
        if frame.total > MOST_PARTS:
            return None
        key = (identity, frame.msg)
        first = (frame.serial - frame.number + 1) & 0xFFFF
        partial = self._open.get(key)
        if partial is None or not _belongs(partial, frame, first):
            self._drop(key)
            partial = self._open[key] = Partial(first, frame.total, now_ms)
        if frame.number not in partial.bodies:
            partial.bodies[frame.number] = frame.body
            partial.size += len(frame.body)
            self.size += len(frame.body)
        partial.touched_ms = now_ms
        self._open.move_to_end(key)
        if len(partial.bodies) < partial.total:
            while len(self._open) > MOST_OPEN or self.size > MOST_BYTES:
                self._drop(next(iter(self._open)))
            return None
        self._drop(key)
        body = b"".join(partial.bodies[number] for number in range(1, partial.total + 1))
        return msgspec.structs.replace(frame, body=body, total=1, number=1)

    def ask(self, identity: str, msg: int, now_ms: int) -> Asked | None:
        """What is missing of one message, to be asked for at once; None when nothing or no more."""
        partial = self._open.get((identity, msg))
        if partial is None:
            return None
        if partial.asked >= ASKS:
            self._drop((identity, msg))
            return None
        partial.asked += 1
        partial.touched_ms = now_ms
        return Asked(identity=identity, first=partial.first, missing=partial.list_missing())

    def list_silent(self, now_ms: int) -> list[tuple[str, int]]:
        """Whose messages have been waiting for their next part too long."""
        until_ms = now_ms - ASK_AFTER_MS
        return [key for key, one in self._open.items() if one.touched_ms <= until_ms]

    def forget(self, identity: str, msg: int) -> None:
        """Nobody is there to be asked."""
        self._drop((identity, msg))

    def _drop(self, key: tuple[str, int]) -> None:
        gone = self._open.pop(key, None)
        if gone is not None:
            self.size -= gone.size


def _belongs(partial: Partial, frame: Frame, first: int) -> bool:
    """Whether a part is of this message: its serial says so, or it fills what was asked for."""
    if partial.total != frame.total:
        return False
    filling = partial.asked > 0 and frame.number not in partial.bodies
    return partial.first == first or filling
