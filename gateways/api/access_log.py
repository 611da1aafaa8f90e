"""Who logged in, who failed to, and who changed the book of users: one line of JSON each."""

import os
from collections import deque
from pathlib import Path

import msgspec
import structlog

log = structlog.get_logger(__name__)

ACCESS_FILE = "access.jsonl"
LAST_KEPT = 1_000
LARGEST_READ = 4 << 20


class Access(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line; `what` is login, refused, locked, logout, or user_added and the like."""

    at_ms: int
    what: str
    name: str
    by: str = ""
    address: str = ""
    detail: str = ""


class AccessLog:
    """Appends to a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, line: Access) -> None:
        """Put a line on record, and into the log of the process."""
        log.info("access", **{k: v for k, v in msgspec.to_builtins(line).items() if v != ""})
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, msgspec.json.encode(line) + b"\n")
        finally:
            os.close(handle)

    def last(self, most: int = LAST_KEPT) -> list[Access]:
        """The last lines, newest first; a line torn by a crash is left out."""
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as file:
                file.seek(max(0, size - LARGEST_READ))
                lines = deque(file.read(LARGEST_READ).split(b"\n"), maxlen=most + 1)
        except FileNotFoundError:
            return []
        found = []
        for line in reversed(lines):
            try:
                found.append(msgspec.json.decode(line, type=Access))
            except msgspec.DecodeError:
                continue
        return found[:most]
