"""Commands that broke a decision: kept by name, so that a restart does not break on them again.

A broken decision stops the engine, since its board may be half changed. The broker hands the same
message over again after the restart; it is then refused, counted and left for a person to look at.
"""

import hashlib
import os
from pathlib import Path

import msgspec

from dispatch.commands import AnyCommand

KEPT = 100


class Entry(msgspec.Struct, frozen=True):
    """One condemned command: its digest, who gave it, the error, and the command as JSON."""

    digest: str
    who: str
    error: str
    command: msgspec.Raw


class PoisonBook:
    """The condemned commands of one engine, in a small file beside its journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Entry] = {}
        if path.exists():
            entries = msgspec.json.decode(path.read_bytes(), type=list[Entry])
            self._entries = {entry.digest: entry for entry in entries}

    def __len__(self) -> int:
        return len(self._entries)

    def holds(self, command: AnyCommand, who: str) -> bool:
        """Whether this very command of this sender broke a decision before."""
        return bool(self._entries) and digest_of(command, who) in self._entries

    def condemn(self, command: AnyCommand, who: str, error: BaseException) -> None:
        """Write a command down before the engine stops; the oldest of too many is forgotten."""
        digest = digest_of(command, who)
        raw = msgspec.Raw(msgspec.json.encode(command))
        self._entries[digest] = Entry(digest, who, repr(error), raw)
        while len(self._entries) > KEPT:
            self._entries.pop(next(iter(self._entries)))
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as out:
            out.write(msgspec.json.encode(list(self._entries.values())))
            out.flush()
            os.fsync(out.fileno())
        part.replace(self.path)


def digest_of(command: AnyCommand, who: str) -> str:
    """A name for a command of a sender, equal when it is handed over again."""
    body = msgspec.json.encode(command)
    return hashlib.blake2b(body, key=who.encode()[:64], digest_size=16).hexdigest()
