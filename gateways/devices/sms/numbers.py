"""Telephone numbers: one subscriber is written in several ways."""

from gateways.devices.registry import Device, Protocol, Registry

INTERNATIONAL, ISDN = 1, 1
"""Type of number and numbering plan (SMPP 3.4, 5.2.5 and 5.2.6)."""
LONGEST_NATIONAL = 11


def forms(number: str, country: str) -> tuple[str, ...]:
    """A number as a book may have it: as it came, with and without the country's code."""
    digits = "".join(one for one in number if one.isdigit())
    digits = digits.removeprefix("00")
    found: tuple[str, ...]
    if country and digits.startswith(country) and len(digits) > LONGEST_NATIONAL:
        national = digits[len(country) :]
        found = (number, f"+{digits}", digits, national)
    elif number.startswith(("+", "00")):
        found = (number, f"+{digits}", digits)
    else:
        found = (number, digits, f"+{country}{digits}", f"{country}{digits}")
    return tuple(dict.fromkeys(one for one in found if one))


def find_device(book: Registry, number: str, country: str) -> Device | None:
    """The enrolled telephone with this number."""
    for form in forms(number, country):
        device = book.find(Protocol.SMS, form)
        if device is not None:
            return device
    return None


def address(identity: str) -> tuple[str, int, int]:
    """A number from the book as a destination: digits, type of number, numbering plan."""
    digits = "".join(one for one in identity if one.isdigit())
    return digits, INTERNATIONAL if identity.startswith("+") else 0, ISDN
