"""Reading bytes that may be anything, and saying what was wrong with them: field, value, reason."""

import json
import re
import unicodedata
from typing import Any

import msgspec

from dispatch.words import ResponderId, ResponderKind
from gateways.mqtt.roster import Bounds

MAX_VALUE_CHARS = 64
_PATH = re.compile(r"`\$(?:\[\.\.\.\])?([^`]*)`$")
_NAMES = re.compile(rb'"([^"]*)"\s*:')
_MISSING = re.compile(r"missing required field `([^`]+)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_ALLOWED_CONTROLS = frozenset("\n\r\t")


class BadBody(Exception):  # noqa: N818 - the error that leaves this package is DecodeError
    """One field of one message cannot be used; `reason` is a word to count by."""

    def __init__(self, field: str, value: Any, error: str, reason: str) -> None:
        super().__init__(field, error)
        self.field = field
        self.value = value
        self.error = error
        self.reason = reason
        self.id: str | None = None
        self.unit: str | None = None
        self.sender: tuple[ResponderKind, ResponderId] | None = None


def shorten(value: Any) -> str:
    """A value as text that fits in a reject."""
    match value:
        case str():
            shown = value
        case None:
            shown = "null"
        case bool():
            shown = "true" if value else "false"
        case int() if value.bit_length() > 256:
            shown = f"integer of {value.bit_length()} bits"
        case int() | float():
            shown = str(value)
        case list() | tuple():
            shown = f"array of {len(value)}"
        case dict():
            shown = f"object of {len(value)}"
        case _:
            shown = type(value).__name__
    return shown[:MAX_VALUE_CHARS].encode("utf-8", "replace").decode("utf-8")


def read_body(decoder: Any, payload: bytes, *, packed: bool, instead: Any = None) -> Any:
    """Decode, or raise a `BadBody` that names the field.

    `instead` is the decoder to explain by when `payload` is not what `decoder` reads.
    """
    try:
        if not packed:
            payload.decode("utf-8")
            _refuse_duplicates(payload)
        return decoder.decode(payload)
    except UnicodeDecodeError as error:
        raise BadBody("body", payload[:32].hex(), f"not UTF-8 at byte {error.start}", "utf8") from (
            error
        )
    except RecursionError as error:
        raise BadBody("body", f"{len(payload)} bytes", "nested too deeply", "nesting") from error
    except msgspec.ValidationError as error:
        if instead is not None:
            read_body(instead, payload, packed=packed)
        raise _explain_shape(payload, packed, str(error)) from error
    except msgspec.DecodeError as error:
        raise _explain_syntax(payload, packed, str(error)) from error


def _refuse_duplicates(payload: bytes) -> None:
    """Two readers of one body must not see two different alarms.

    A body without escapes whose keys all differ at a glance is spared the second reading.
    """
    if b"\\" not in payload:
        names = _NAMES.findall(payload)
        if len(names) == len(set(names)):
            return

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen = dict(pairs)
        if len(seen) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise BadBody(shorten(twice), seen[twice], "stands there twice", "duplicate")
        return seen

    try:
        json.loads(payload, object_pairs_hook=check)
    except ValueError:
        # The strict decoder that runs next says what is wrong, better.
        return


def _explain_shape(payload: bytes, packed: bool, said: str) -> BadBody:
    found = _PATH.search(said)
    path = found[1] if found else ""
    error = said.split(" - at ", maxsplit=1)[0].replace("`", "")
    body = _read_loosely(payload, packed)
    missing = _MISSING.search(said)
    if missing:
        field = f"{path}.{missing[1]}".lstrip(".")
        return _marked(BadBody(field, "", "missing", "shape"), body)
    if not path:
        return _marked(BadBody("body", body, error, "shape"), body)
    value = _follow(body, path)
    if path.endswith((".lat", ".lon")) and _looks_swapped(body):
        error += "; lon and lat look swapped"
    return _marked(BadBody(path.lstrip("."), value, error, "shape"), body)


def _explain_syntax(payload: bytes, packed: bool, said: str) -> BadBody:
    """Not JSON; but a NaN or Infinity written by a careless device can still be named."""
    if not packed:
        try:
            body = json.loads(payload, parse_constant=_Constant)
        except (ValueError, RecursionError):
            body = None
        for item in body if isinstance(body, list) else [body]:
            for field, value in item.items() if isinstance(item, dict) else ():
                if isinstance(value, _Constant):
                    bad = BadBody(shorten(field), value.word, "expected a finite number", "number")
                    return _marked(bad, item)
    shown = payload[:MAX_VALUE_CHARS].decode("utf-8", "replace")
    return BadBody("body", shown, said, "syntax")


class _Constant:
    """NaN, Infinity or -Infinity, kept apart from numbers."""

    def __init__(self, word: str) -> None:
        self.word = word


def _read_loosely(payload: bytes, packed: bool) -> Any:
    try:
        return msgspec.msgpack.decode(payload) if packed else msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        # Explaining is a courtesy: what cannot be read loosely is shown by its size.
        return f"{len(payload)} bytes"


def _follow(body: Any, path: str) -> Any:
    for name, index in _STEP.findall(path):
        try:
            body = body[name] if name else body[int(index)]
        except (LookupError, TypeError):
            return ""
    return body


def _looks_swapped(body: Any) -> bool:
    if not isinstance(body, dict):
        return False
    lon, lat = body.get("lon"), body.get("lat")
    if not isinstance(lon, int | float) or not isinstance(lat, int | float):
        return False
    return abs(lon) <= 90 < abs(lat) <= 180


def _marked(bad: BadBody, body: Any) -> BadBody:
    """Keep the message's own id and unit, where they can be read, for whom it may concern."""
    if isinstance(body, dict):
        own, unit = body.get("id"), body.get("unit")
        bad.id = own if isinstance(own, str) and _ID.fullmatch(own) else None
        bad.unit = unit if isinstance(unit, str) else None
    return bad


def check_place(lon: float, lat: float, bounds: Bounds) -> None:
    """Refuse a place outside the operating area (west, south, east, north in degrees)."""
    west, south, east, north = bounds
    if west <= lon <= east and south <= lat <= north:
        return
    if south <= lon <= north and west <= lat <= east:
        raise BadBody("lat", lat, "lon and lat look swapped", "place")
    if not west <= lon <= east:
        raise BadBody("lon", lon, f"outside the operating area {west}..{east}", "place")
    raise BadBody("lat", lat, f"outside the operating area {south}..{north}", "place")


def check_texts(body: msgspec.Struct) -> None:
    """Refuse control characters: they have no business on a screen, in a log or a report."""
    for field in body.__struct_fields__:
        text = getattr(body, field)
        if not isinstance(text, str) or text.isprintable():
            continue
        for letter in text:
            if unicodedata.category(letter) in {"Cc", "Cs"} and letter not in _ALLOWED_CONTROLS:
                code = f"U+{ord(letter):04X}"
                raise BadBody(field, code, f"holds the control character {code}", "text")
