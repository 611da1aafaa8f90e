"""Paired pages: an enrolled device's one-time code becomes a token that only its browser holds.

The device book keeps hashes alone: whoever reads it can neither pair nor speak for a device.
"""

import hashlib
import secrets

import msgspec

from dispatch.words import ResponderId, ResponderKind
from gateways.devices.registry import Datum, Device, Protocol, Registry

CODE, TOKEN = "code", "token"
CODE_LIVES_MS = 24 * 3_600_000
PAGES = {
    ResponderKind.UNIT: "officer.html",
    ResponderKind.POST: "post.html",
    ResponderKind.GATE: "post.html",
}
"""Which page serves which kind of responder."""


class PhoneBook:
    """The pages of a device book by the hash of their secret, read again when the book changes."""

    def __init__(self, devices: Registry) -> None:
        self.devices = devices
        self._held: dict[str, Device] = {}
        self._fill()

    def refresh(self) -> None:
        """Take up what was changed on the command line.

        Raises:
            RegistryError: the book cannot be read; nobody is served until it can.
        """
        if self.devices.refresh():
            self._fill()

    def _fill(self) -> None:
        pages = self.devices.list_of(Protocol.PAGE)
        self._held = {one.secret: one for one in pages if one.secret is not None}

    def find(self, token: str) -> Device | None:
        """The device that a token speaks for."""
        return self._held.get(f"{TOKEN}:{_hash(token)}")

    def stands(self, device: Device) -> bool:
        """Whether a device is still enrolled with the secret that it was let in by."""
        return device.secret is not None and self._held.get(device.secret) == device

    def enrol(
        self,
        identity: str,
        whose: tuple[ResponderKind, ResponderId],
        now_ms: int,
        *,
        lives_ms: int = CODE_LIVES_MS,
        datum: Datum = Datum.WGS84,
    ) -> str:
        """Enrol a page, or enrol it anew; the code that pairs it once, until `lives_ms` from now.

        Raises:
            msgspec.ValidationError: the identity is empty or too long.
        """
        code = secrets.token_urlsafe(15)
        secret = f"{CODE}:{_hash(code)}:{now_ms + lives_ms}"
        row = {"protocol": Protocol.PAGE, "identity": identity, "kind": whose[0]}
        row |= {"responder": whose[1], "secret": secret, "datum": datum}
        self._put(msgspec.convert(row, Device))
        return code

    def pair(self, code: str, now_ms: int) -> tuple[str, Device] | None:
        """The token of the device that a code was made for; None when it is used up or too old."""
        self.refresh()
        prefix = f"{CODE}:{_hash(code)}:"
        for secret, device in self._held.items():
            if secret.startswith(prefix) and now_ms < int(secret.removeprefix(prefix)):
                token = secrets.token_urlsafe(32)
                paired = msgspec.structs.replace(device, secret=f"{TOKEN}:{_hash(token)}")
                self._put(paired)
                return token, paired
        return None

    def revoke(self, identity: str) -> bool:
        """Take a page out of the book; tells whether it was there."""
        gone = self.devices.revoke(Protocol.PAGE, identity)
        self._fill()
        return gone

    def _put(self, device: Device) -> None:
        self.devices.put(device)
        self._fill()


def is_paired(device: Device) -> bool:
    """Whether a browser holds the token of an enrolled page."""
    return device.secret is not None and device.secret.startswith(f"{TOKEN}:")


def link_of(base: str, code: str) -> str:
    """The address to open on the device; the code stands where no server ever logs it."""
    return f"{base.rstrip('/')}/pages/phone/pair.html#{code}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
