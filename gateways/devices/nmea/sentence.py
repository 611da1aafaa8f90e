r"""One NMEA 0183 line taken apart: tag block, what a gateway put before it, fields, checksum.

`$TTSSS,field,...*HH`, HH the exclusive or of all bytes between `$` and `*` (IEC 61162-1). A tag
block `\s:source,c:time*HH\` (IEC 61162-450, NMEA 0183 v4) has a checksum of its own.
"""

import re

import msgspec

MAX_LINE = 512
"""Characters of a line; a sentence has 82, gateways put more around it."""
MAX_FIELDS = 64
TAG_BLOCK = re.compile(r"\\([^\\]*)\\")
IDENTITY = re.compile(r"([0-9A-Za-z](?:[0-9A-Za-z_.:-]{0,62}[0-9A-Za-z])?)[,;:]?")
NUMBERED = re.compile(r"[0-9A-Za-z]{1,16}/([0-9A-Za-z]{1,64})/")
"""A gateway's own number before the identity, each with a stroke after it."""
LOGGED = re.compile(r"[\[(]?[0-9][0-9TZ:.,/+\- ]*[\])]?[\s,;:]*\s")
"""A time that a logger put before a sentence, parted from it by a blank."""
HEX2 = re.compile(r"[0-9A-Fa-f]{2}")
LONGEST_NAME = 20


class BadSentenceError(Exception):
    """A line that cannot be believed: a word for a counter, and what a person should know."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence whose checksum, where it has one, is right. `name` is `GPRMC` or `PKLSH`."""

    name: str
    fields: tuple[str, ...]
    checked: bool
    prefix: str | None = None
    trailer: tuple[str, ...] = ()
    source: str | None = None
    tag_s: float | None = None

    def field(self, at: int) -> str:
        """A field by its place after the name; empty where the sentence is shorter."""
        return self.fields[at] if at < len(self.fields) else ""


def checksum(text: str) -> int:
    """The exclusive or of all characters."""
    total = 0
    for each in text:
        total ^= ord(each)
    return total & 0xFF


def take_apart(line: str, *, checks_sum: bool = True) -> Sentence:
    """One line without its end; control characters around it are a radio's own framing.

    Raises:
        BadSentenceError: it is no sentence, or its checksum is wrong.
    """
    text, source, tag_s = _read_tags(_plain(line))
    before, dollar, rest = text.rpartition("$")
    if not dollar:
        raise BadSentenceError("ais" if "!" in text else "no_sentence", "no $ begins a sentence")
    body, star, tail = rest.partition("*")
    if star and checks_sum:
        _check(body, tail)
    name, *fields = body.split(",")
    if not name.isalnum() or not name.isupper() or len(name) > LONGEST_NAME:
        raise BadSentenceError("no_sentence", f"no sentence is called {name[:20]!r}")
    if len(fields) > MAX_FIELDS:
        raise BadSentenceError("too_long", f"more than {MAX_FIELDS} fields")
    return Sentence(
        name=name,
        fields=tuple(one.strip() for one in fields),
        checked=bool(star),
        prefix=_read_prefix(before),
        trailer=tuple(one.strip() for one in tail[3:].split(",")) if tail[3:] else (),
        source=source,
        tag_s=tag_s,
    )


def _plain(line: str) -> str:
    if len(line) > MAX_LINE:
        raise BadSentenceError("too_long", f"more than {MAX_LINE} characters")
    text = "".join(each for each in line if each >= " ").strip()
    if not text.isascii():
        raise BadSentenceError("not_ascii", "a sentence is plain ASCII")
    return text


def _check(body: str, tail: str) -> None:
    if not HEX2.fullmatch(tail[:2]) or tail[2:3] not in {"", ",", " "}:
        raise BadSentenceError("checksum", f"no two hex digits after *: {tail[:8]!r}")
    computed = checksum(body)
    if int(tail[:2], 16) != computed:
        raise BadSentenceError("checksum", f"checksum {tail[:2]}, computed {computed:02X}")


def _read_tags(text: str) -> tuple[str, str | None, float | None]:
    """The line without its tag block, and the block's source and time in UTC seconds."""
    source, tag_s = None, None
    while (found := TAG_BLOCK.match(text)) is not None:
        body, star, given = found[1].partition("*")
        if not star or not HEX2.fullmatch(given) or int(given, 16) != checksum(body):
            raise BadSentenceError("checksum", "the tag block's checksum is wrong")
        for parameter in body.split(","):
            code, _, value = parameter.partition(":")
            if code == "s" and IDENTITY.fullmatch(value):
                source = value
            elif code == "c" and value.isdigit() and len(value) <= 13:
                tag_s = int(value) / (1000 if len(value) > 10 else 1)
        text = text[found.end() :].lstrip()
    if text.startswith("\\"):
        raise BadSentenceError("tag_block", "a tag block does not end")
    return text, source, tag_s


def _read_prefix(before: str) -> str | None:
    """The identity that stands right before the `$`; a time of a log is passed over."""
    if not before or LOGGED.fullmatch(before):
        return None
    logged = LOGGED.match(before)
    rest = before[logged.end() :] if logged else before
    found = NUMBERED.fullmatch(rest) or IDENTITY.fullmatch(rest)
    if found is None:
        raise BadSentenceError(
            "prefix", f"cannot tell what stands before the sentence: {before[:40]!r}"
        )
    return found[1]
