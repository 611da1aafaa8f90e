"""The book of users: who may use the interface, in which role, for which areas.

One JSON file, replaced as a whole so that a reader never sees half of it, and read again when it
changed. It holds hashes of passwords, so only its owner may read it.
"""

import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import argon2
import msgspec
from msgspec import Meta
from msgspec.structs import replace

from dispatch.words import AreaId

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
MAX_USERS = 5_000
USERS_FILE = "users.json"


class Role(StrEnum):
    """What a user is there for; `gateways.api.rights` says what each may."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


UserName = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$")]
Tongue = Literal["zh", "en"]


class User(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One user; without areas the whole district is his. `hash` is argon2id, with its salt."""

    name: UserName
    role: Role
    areas: tuple[AreaId, ...] = ()
    language: Tongue = "zh"
    hash: str = ""
    disabled: bool = False


class _Book(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    users: Annotated[list[User], Meta(max_length=MAX_USERS)] = []


class UserBookError(Exception):
    """The book of users cannot be used; the text names the file and what was expected."""


class UserBook:
    """Users by name, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._users: dict[str, User] = {}
        self._stamp: tuple[int, int, int] | None = None
        self.refresh()

    def refresh(self) -> bool:
        """Read the file if it changed; tells whether it did.

        Raises:
            UserBookError: the file is not a book of users.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            changed = bool(self._users)
            self._users, self._stamp = {}, None
            return changed
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp == self._stamp:
            return False
        try:
            book = msgspec.json.decode(self.path.read_bytes(), type=_Book)
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            raise UserBookError(f"{self.path}: not a book of users: {error}") from error
        self._users = {user.name: user for user in book.users}
        self._stamp = stamp
        return True

    def __len__(self) -> int:
        return len(self._users)

    def find(self, name: str) -> User | None:
        """The user of a name, disabled or not."""
        return self._users.get(name)

    def list_all(self) -> list[User]:
        """All users by name."""
        return sorted(self._users.values(), key=lambda user: user.name)

    def put(self, user: User) -> None:
        """Add a user, or replace what was known of him."""
        self.refresh()
        if user.name not in self._users and len(self._users) >= MAX_USERS:
            raise UserBookError(f"{self.path}: holds {MAX_USERS} users, which is all it takes")
        self._users[user.name] = user
        self._save()

    def _save(self) -> None:
        body = msgspec.json.encode(_Book(users=self.list_all()))
        write_private(self.path, msgspec.json.format(body, indent=1))
        self._stamp = None
        self.refresh()


def write_private(path: Path, body: bytes) -> None:
    """Replace a file as a whole, durable and readable by its owner alone."""
    fresh = path.with_suffix(f".{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class Passwords:
    """Makes and checks hashes; an unknown name costs as much time as a known one."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def hash(self, password: str) -> str:
        """The argon2id hash of a password.

        Raises:
            ValueError: it is too short or too long; the text says what is taken.
        """
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            least, most = SHORTEST_PASSWORD, LONGEST_PASSWORD
            raise ValueError(f"a password has {least} to {most} characters")
        return self._hasher.hash(password)

    def fits(self, user: User | None, password: str) -> bool:
        """Whether it is the user's password; of nobody it never is, after the same work."""
        known = user is not None and user.hash != ""
        held = user.hash if user is not None and user.hash else self._nobody
        try:
            self._hasher.verify(held, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return known


def make_password() -> str:
    """A password that nobody guesses and that can be read aloud: five groups of four."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def with_password(user: User, passwords: Passwords, password: str) -> User:
    """The user with another password. Raises ValueError as `Passwords.hash`."""
    return replace(user, hash=passwords.hash(password))
