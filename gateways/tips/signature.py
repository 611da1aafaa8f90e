"""Who a webhook's message is from: HMAC-SHA256 over its time and body, within a window, once.

The signature is over `<time>.<body>`, the time being epoch milliseconds as sent in the header.
A bridge that repeats a message signs it anew; a copy of what was sent before is refused.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum

WINDOW_MS = 300_000
MOST_REMEMBERED = 100_000
LEAST_SECRET = 16
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Refusal(StrEnum):
    """Why a signature was not accepted; the value is a word for a counter."""

    UNKNOWN_BRIDGE = "unknown_bridge"
    BAD_TIME = "bad_time"
    BAD_SIGNATURE = "bad_signature"
    REPLAYED = "replayed"


def sign(secret: bytes, at_ms: int, body: bytes) -> str:
    """The signature that a bridge sends, in hex."""
    return hmac.new(secret, f"{at_ms}.".encode() + body, hashlib.sha256).hexdigest()


class Gatekeeper:
    """Checks signatures of enrolled bridges and remembers those it has seen within the window."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        """`secrets` by bridge name.

        Raises:
            ValueError: a name that is no id, or a secret so short that it can be guessed.
        """
        for name, secret in secrets.items():
            if NAME.fullmatch(name) is None:
                raise ValueError(f"expected a bridge name of 1-32 A-Z a-z 0-9 _ - (found {name!r})")
            if len(secret) < LEAST_SECRET:
                raise ValueError(
                    f"the secret of bridge {name} is shorter than {LEAST_SECRET} bytes"
                )
        self._secrets = dict(secrets)
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()

    def check(
        self, bridge: str, time: str, signature: str, body: bytes, now_ms: int
    ) -> Refusal | None:
        """None when the message is to be taken, and then it is remembered."""
        secret = self._secrets.get(bridge)
        if secret is None:
            return Refusal.UNKNOWN_BRIDGE
        if not (time.isascii() and time.isdigit() and len(time) <= 15):
            return Refusal.BAD_TIME
        at_ms = int(time)
        if abs(now_ms - at_ms) > WINDOW_MS:
            return Refusal.BAD_TIME
        expected = sign(secret, at_ms, body)
        if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
            return Refusal.BAD_SIGNATURE
        self._forget(now_ms)
        if (bridge, expected) in self._seen:
            return Refusal.REPLAYED
        self._seen[bridge, expected] = max(now_ms, at_ms)
        return None

    def _forget(self, now_ms: int) -> None:
        while self._seen:
            key, at_ms = next(iter(self._seen.items()))
            if now_ms - at_ms <= 2 * WINDOW_MS and len(self._seen) < MOST_REMEMBERED:
                return
            del self._seen[key]
