"""The book of enrolled devices: who a device is, what it belongs to, how it is to be read.

One JSON file, replaced as a whole so that a reader never sees half of it. It holds secrets that
must be used as they are (keys of alarm panels), so only its owner may read it.
"""

import os
from collections import OrderedDict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dispatch.words import ResponderId, ResponderKind

UNKNOWN_KEPT = 500
"""Refused identities remembered for the administrator; the oldest are forgotten first."""
MAX_IDENTITY = 64


class Protocol(StrEnum):
    """The device protocols; the value is also the word on the command line."""

    JT808 = "jt808"
    DC09 = "dc09"
    OWNTRACKS = "owntracks"
    OSMAND = "osmand"
    TAK = "tak"
    SMS = "sms"
    NMEA = "nmea"
    PAGE = "page"
    """A browser that was paired: the page of a guard or an officer."""


class Datum(StrEnum):
    """What a device's coordinates are measured against; a setting, never guessed."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


Identity = Annotated[str, Meta(min_length=1, max_length=MAX_IDENTITY)]


class Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One enrolled device. `identity` is what it calls itself on the wire.

    `secret` is what it proves itself with: an authentication code, a token, a passphrase, or an
    AES key in hex. `utc_offset_min` reads clocks of protocols that send local time. `model`
    picks a vendor's own meanings. `test_every_s` is how often a panel must be heard.
    """

    protocol: Protocol
    identity: Identity
    kind: ResponderKind
    responder: ResponderId
    secret: Annotated[str, Meta(max_length=256)] | None = None
    utc_offset_min: Annotated[int, Meta(ge=-720, le=840)] | None = None
    datum: Datum = Datum.WGS84
    model: Annotated[str, Meta(max_length=32)] | None = None
    test_every_s: Annotated[int, Meta(ge=10, le=604_800)] | None = None


class Unknown(msgspec.Struct, kw_only=True):
    """A device that was refused: what it called itself, whence, since when, how often."""

    protocol: Protocol
    identity: str
    peer: str
    first_ms: int
    last_ms: int
    times: int = 1


class _Book(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    devices: list[Device] = []


class RegistryError(Exception):
    """The device book cannot be used; the text names the file and what was expected."""


class Registry:
    """Enrolled devices by protocol and identity, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unknown: OrderedDict[tuple[Protocol, str], Unknown] = OrderedDict()
        self._devices: dict[tuple[Protocol, str], Device] = {}
        self._by_responder: dict[tuple[ResponderKind, ResponderId], list[Device]] = {}
        self._stamp: tuple[int, int, int] | None = None
        self.refresh()

    def refresh(self) -> bool:
        """Read the file if it changed; tells whether it did.

        Raises:
            RegistryError: the file is not a device book.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            changed = bool(self._devices)
            self._devices, self._stamp, self._by_responder = {}, None, {}
            return changed
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp == self._stamp:
            return False
        try:
            book = msgspec.json.decode(self.path.read_bytes(), type=_Book)
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            raise RegistryError(f"{self.path}: not a device book: {error}") from error
        self._devices = {(one.protocol, fold(one.identity)): one for one in book.devices}
        self._by_responder = {}
        for one in self.list_of():
            self._by_responder.setdefault((one.kind, one.responder), []).append(one)
        self._stamp = stamp
        return True

    def find(self, protocol: Protocol, identity: str) -> Device | None:
        """The device that calls itself so, leading zeros and case apart."""
        return self._devices.get((protocol, fold(identity)))

    def list_of(self, protocol: Protocol | None = None) -> list[Device]:
        """All devices, or those of one protocol, in a stable order."""
        found = [one for one in self._devices.values() if protocol in (None, one.protocol)]
        return sorted(found, key=lambda one: (one.protocol, one.identity))

    def of_responder(self, kind: ResponderKind, responder: ResponderId) -> list[Device]:
        """The devices through which a responder can be reached."""
        return self._by_responder.get((kind, responder), [])

    def put(self, device: Device) -> None:
        """Enrol a device, or replace what was known of it."""
        self.refresh()
        self._devices[(device.protocol, fold(device.identity))] = device
        self.unknown.pop((device.protocol, fold(device.identity)), None)
        self._save()

    def revoke(self, protocol: Protocol, identity: str) -> bool:
        """Forget a device; tells whether it was known."""
        self.refresh()
        gone = self._devices.pop((protocol, fold(identity)), None)
        if gone is not None:
            self._save()
        return gone is not None

    def refuse(self, protocol: Protocol, identity: str, peer: str, now_ms: int) -> Unknown:
        """Remember an unknown device so that an administrator can enrol it by name."""
        identity = identity[:MAX_IDENTITY]
        key = (protocol, fold(identity))
        seen = self.unknown.pop(key, None)
        if seen is None:
            seen = Unknown(
                protocol=protocol, identity=identity, peer=peer, first_ms=now_ms, last_ms=now_ms
            )
        else:
            seen.times += 1
            seen.last_ms, seen.peer = now_ms, peer
        self.unknown[key] = seen
        while len(self.unknown) > UNKNOWN_KEPT:
            self.unknown.popitem(last=False)
        return seen

    def _save(self) -> None:
        fresh = self.path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            body = msgspec.json.encode(_Book(devices=self.list_of()))
            file.write(msgspec.json.format(body, indent=1))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        self._stamp = None
        self.refresh()


def fold(identity: str) -> str:
    """The form in which identities are compared: no leading zeros, one case."""
    return identity.lstrip("0").casefold() or "0"
