"""How often one sender is answered, so that a broken device cannot drown the line in rejects."""

BURST = 10.0
PER_S = 5.0
MAX_SENDERS = 20_000


class Allowance:
    """A bucket for each sender: ten at once, five a second after that."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def ask(self, sender: str, now_s: float) -> bool:
        """Whether one more is allowed at this moment (seconds, any clock)."""
        left, at_s = self._left.get(sender, (BURST, now_s))
        left = min(BURST, left + max(0.0, now_s - at_s) * PER_S)
        if len(self._left) >= MAX_SENDERS and sender not in self._left:
            self._left.clear()
        self._left[sender] = (max(left - 1.0, 0.0), now_s)
        return left >= 1.0
