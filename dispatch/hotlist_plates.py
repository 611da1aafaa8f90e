"""Number plates as they are written, heard and misread: one form for comparing, and its number.

Chinese plates (GA 36): a province character, a letter, and five characters, or six on
new-energy vehicles; the letters I and O do not occur after the first two. Other plates are taken
as they are, without spaces and dashes.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"
SPECIAL = "学警港澳挂领试超应急"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
TAIL = DIGITS + LETTERS + SPECIAL
MOST_TAIL = 8
"""Characters after the province character, or of a plate that has none."""
DOUBT = "?"
"""Stands for one character that nobody could read."""

LOOKS_LIKE = ("0ODQ", "1ILT7", "2Z", "5S", "8B", "6GC", "4A", "UVY", "MNHW", "EF", "KX", "PR")
"""Characters taken for each other on a dirty plate, in the dark or over the radio."""

NEW_ENERGY_SMALL = re.compile(r"[A-Z][A-HJ-NP-Z][A-HJ-NP-Z0-9][0-9]{4}")
NEW_ENERGY_LARGE = re.compile(r"[A-Z][0-9]{5}[A-HJ-NP-Z]")

_PLAIN = re.compile(f"[{PROVINCES}][A-Z][0-9A-HJ-NP-Z]{{5,6}}")
_SOUND = re.compile(f"[{PROVINCES}]?[{TAIL}]{{2,{MOST_TAIL}}}")
_IGNORED = re.compile(r"[\s·•・.\-_/‐‑–—]+")
_ONE_WILD = str.maketrans("*＊？", "???")
_FIXED = str.maketrans("IO", "10")
_CODE = {character: number for number, character in enumerate(TAIL, 1)}
_PROVINCE = {character: number for number, character in enumerate(PROVINCES, 1)}
_SAME = {character: group[0] for group in LOOKS_LIKE for character in group}
_SKELETON = {character: _CODE[_SAME.get(character, character)] for character in TAIL}
BITS = 7
TAIL_BITS = BITS * MOST_TAIL


def normalise(text: str) -> str:
    """The form in which plates are compared: half width, capitals, no separators.

    On a Chinese plate I and O after the first letter become 1 and 0; `*` becomes `?`.
    """
    if _PLAIN.fullmatch(text) is not None:
        return text  # a million of them are read at a time
    plain = unicodedata.normalize("NFKC", text).translate(_ONE_WILD).upper()
    plain = _IGNORED.sub("", plain)
    if plain[:1] in _PROVINCE and len(plain) > 2:
        return plain[:2] + plain[2:].translate(_FIXED)
    return plain


def split(plate: str) -> tuple[str, str]:
    """The province character, empty where there is none, and the rest; `?` may be either."""
    if plate[:1] in _PROVINCE:
        return plate[0], plate[1:]
    return "", plate


def kind_of(plate: str) -> str:
    """`ordinary`, `new_energy` or `other`, of a normalised plate."""
    province, tail = split(plate)
    if not province:
        return "other"
    if NEW_ENERGY_SMALL.fullmatch(tail) or NEW_ENERGY_LARGE.fullmatch(tail):
        return "new_energy"
    return "ordinary" if len(tail) == 6 and tail[0] in LETTERS else "other"


def find_fault(plate: str) -> str | None:
    """What keeps a normalised text from being a plate of the list; None when nothing does."""
    if _SOUND.fullmatch(plate) is not None:
        return None
    _, tail = split(plate)
    if not 2 <= len(tail) <= MOST_TAIL:
        return f"expected 2-{MOST_TAIL} characters after the province"
    wrong = [character for character in tail if character not in _CODE]
    return f"cannot stand in a plate: {''.join(wrong)}" if wrong else None


def code(province: str, tail: str) -> int:
    """A plate as one number below 2^63: province first, then the tail from its left."""
    number = _PROVINCE.get(province, 0)
    for place in range(MOST_TAIL):
        number = number << BITS | (_CODE[tail[place]] if place < len(tail) else 0)
    return number


def skeleton(tail: str) -> int:
    """The number of a tail in which characters that look alike are the same."""
    number = 0
    for place in range(MOST_TAIL):
        number = number << BITS | (_SKELETON[tail[place]] if place < len(tail) else 0)
    return number


def codes_of(plates: Sequence[str]) -> tuple[Codes, Codes]:
    """`code` of many plates without fault, and `skeleton` of their tails, at once."""
    width = 1 + MOST_TAIL
    rows = [plate if plate[:1] in _PROVINCE else f" {plate}" for plate in plates]
    letters = np.array(rows, dtype=f"<U{width}").view(np.uint32).reshape(len(rows), width)
    codes = _PROVINCE_TABLE[letters[:, 0]]
    skeletons = np.zeros(len(rows), dtype=np.int64)
    for place in range(1, width):
        codes = codes << BITS | _CODE_TABLE[letters[:, place]]
        skeletons = skeletons << BITS | _SKELETON_TABLE[letters[:, place]]
    return codes, skeletons


def _table(of: dict[str, int]) -> Codes:
    """Numbers by code point: 0 for what has none."""
    table = np.zeros(0x10000, dtype=np.int64)
    for character, number in of.items():
        table[ord(character)] = number
    return table


_CODE_TABLE = _table(_CODE)
_SKELETON_TABLE = _table(_SKELETON)
_PROVINCE_TABLE = _table(_PROVINCE)


def decode(number: int) -> str:
    """The plate of a number."""
    out = []
    for place in reversed(range(MOST_TAIL)):
        part = number >> (BITS * place) & (1 << BITS) - 1
        if part:
            out.append(TAIL[part - 1])
    province = number >> TAIL_BITS
    return (PROVINCES[province - 1] if province else "") + "".join(out)
