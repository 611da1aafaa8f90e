"""Sessions: a random token for the browser, its hash for us; and who tried too often to log in."""

import hashlib
import secrets
from collections import OrderedDict, deque
from pathlib import Path
from typing import TypeVar

import msgspec

from gateways.api.users import User, write_private

Key = TypeVar("Key")

IDLE_MS = 30 * 60_000
LONGEST_MS = 12 * 3_600_000
MAX_SESSIONS = 2_000
OF_ONE_USER = 20
"""A user's oldest session ends when he begins one more than these."""
FAILURES = 5
LOCKED_MS = 15 * 60_000
ATTEMPTS_A_MINUTE = 20
REMEMBERED = 10_000
SESSIONS_FILE = "sessions.json"


class Session(msgspec.Struct, kw_only=True):
    """One login. `stamp` is of the user as he was: another role, area or password ends it."""

    name: str
    stamp: str
    csrf: str
    began_ms: int
    seen_ms: int
    address: str = ""


class Sessions:
    """By the hash of their token; kept in a file, so that a restart does not throw people out."""

    def __init__(self, path: Path | None, now_ms: int) -> None:
        self._path = path
        self._held: dict[str, Session] = {}
        if path is not None and path.exists():
            try:
                self._held = msgspec.json.decode(path.read_bytes(), type=dict[str, Session])
            except msgspec.DecodeError:
                self._held = {}
        for one in self._held.values():
            one.seen_ms = now_ms
        self._sweep(now_ms)

    def begin(self, user: User, address: str, now_ms: int) -> tuple[str, Session]:
        """A new session and the token that opens it."""
        self._sweep(now_ms)
        mine = sorted(
            (one.began_ms, key) for key, one in self._held.items() if one.name == user.name
        )
        everyone = sorted((one.began_ms, key) for key, one in self._held.items())
        for _, key in [*mine[: len(mine) - OF_ONE_USER + 1], *everyone[: -MAX_SESSIONS + 1]]:
            self._held.pop(key, None)
        token = secrets.token_urlsafe(32)
        session = Session(
            name=user.name,
            stamp=stamp_of(user),
            csrf=secrets.token_urlsafe(24),
            began_ms=now_ms,
            seen_ms=now_ms,
            address=address,
        )
        self._held[_key(token)] = session
        self._save()
        return token, session

    def find(self, token: str, now_ms: int) -> Session | None:
        """The session of a token, if it still stands; being asked for keeps it from idling."""
        session = self._held.get(_key(token))
        if session is None or not lives(session, now_ms):
            return None
        session.seen_ms = now_ms
        return session

    def stands(self, session: Session, now_ms: int) -> bool:
        """Whether a session that somebody holds on to has not ended."""
        return any(one is session for one in self._held.values()) and lives(session, now_ms)

    def end(self, session: Session) -> None:
        """Log out."""
        self._held = {key: one for key, one in self._held.items() if one is not session}
        self._save()

    def _sweep(self, now_ms: int) -> None:
        self._held = {key: one for key, one in self._held.items() if lives(one, now_ms)}

    def _save(self) -> None:
        if self._path is not None:
            write_private(self._path, msgspec.json.encode(self._held))


def lives(session: Session, now_ms: int) -> bool:
    """Whether neither idleness nor age has ended it."""
    return now_ms - session.seen_ms < IDLE_MS and now_ms - session.began_ms < LONGEST_MS


def stamp_of(user: User) -> str:
    """What a session hangs on: it ends with any change of the user but his language."""
    said = f"{user.name}\n{user.role}\n{sorted(user.areas)}\n{user.hash}\n{user.disabled}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class LoginGuard:
    """Counts attempts by address and failures by name; both are forgotten after a while.

    A stranger's failures do not lock out a user at an address where he was let in before.
    """

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, deque[int]] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, name: str, address: str, now_ms: int) -> int:
        """Seconds until the next attempt may be made; 0 when now. Counts the attempt."""
        tried = _recent(self._attempts, address, now_ms - 60_000)
        if len(tried) >= ATTEMPTS_A_MINUTE:
            return 1 + (tried[0] + 60_000 - now_ms) // 1000
        tried.append(now_ms)
        for key in ((name, address), (name, "")):
            failed = _recent(self._failures, key, now_ms - LOCKED_MS)
            strangers = key[1] == "" and (name, address) in self._known
            if len(failed) >= FAILURES and not strangers:
                return 1 + (failed[-1] + LOCKED_MS - now_ms) // 1000
        return 0

    def failed(self, name: str, address: str, now_ms: int) -> None:
        """Note a wrong name or password."""
        for key in ((name, address), (name, "")):
            _recent(self._failures, key, now_ms - LOCKED_MS).append(now_ms)

    def passed(self, name: str, address: str) -> None:
        """Note that he was let in: his failures are forgotten, his address is known."""
        self._failures.pop((name, address), None)
        self._failures.pop((name, ""), None)
        self._known[name, address] = None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class Bucket:
    """At most `most` in `span_ms` for each key; what is over is told how long to wait."""

    def __init__(self, most: int, span_ms: int) -> None:
        self._most = most
        self._span_ms = span_ms
        self._taken: OrderedDict[str, deque[int]] = OrderedDict()

    def wait_s(self, key: str, now_ms: int) -> int:
        """0 when one more may be had, which is then counted; else whole seconds to wait."""
        taken = _recent(self._taken, key, now_ms - self._span_ms)
        if len(taken) >= self._most:
            return max(1, -(-(taken[0] + self._span_ms - now_ms) // 1000))
        taken.append(now_ms)
        return 0


def _recent(table: "OrderedDict[Key, deque[int]]", key: Key, after_ms: int) -> deque[int]:
    """The times of a key that are not forgotten; the table stays bounded."""
    times = table.setdefault(key, deque())
    table.move_to_end(key)
    while times and times[0] <= after_ms:
        times.popleft()
    while len(table) > REMEMBERED:
        table.popitem(last=False)
    return times
