"""Where devices are written down: the book of the enrolled and the list of the refused."""

from pathlib import Path

import msgspec

from gateways.devices.registry import Registry, Unknown


def book_of(state: Path) -> Path:
    """The book of enrolled devices in an engine's state directory."""
    return state / "devices.json"


def unknown_of(book: Path) -> Path:
    """The list of refused devices beside a book."""
    return book.with_name("devices.unknown.json")


def read_unknown(book: Path) -> list[Unknown]:
    """Those a running engine refused, the latest first; none when the list cannot be read."""
    try:
        found = msgspec.json.decode(unknown_of(book).read_bytes(), type=list[Unknown])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []
    return sorted(found, key=lambda one: (-one.last_ms, one.identity))


def write_unknown(registry: Registry) -> None:
    """Replace the list of refused devices as a whole."""
    path = unknown_of(registry.path)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(list(registry.unknown.values())))
    fresh.replace(path)
