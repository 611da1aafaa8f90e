"""Where in a file something stands: the line of a TOML key, a GeoJSON feature, a CSV row."""

import json
import re
from typing import Any

HEADER = re.compile(r"^\s*\[(\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]?\]")
FEATURES = re.compile(r'"features"\s*:\s*\[')


def line_at(text: str, offset: int) -> int:
    """The line, from 1, that holds a character offset."""
    return text.count("\n", 0, offset) + 1


def toml_lines(text: str) -> dict[tuple[str, int], int]:
    """The line of each header: `(name, n)` for the n-th `[[name]]` from 0, or `(name, 0)`."""
    lines: dict[tuple[str, int], int] = {}
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = HEADER.match(line)
        if match:
            name = match[2]
            lines[name, counts.get(name, 0)] = number
            counts[name] = counts.get(name, 0) + 1
    return lines


def toml_key_line(text: str, start: int, key: str) -> int:
    """The line of a key in the table that begins at line `start` (0: the top), else `start`."""
    wanted = re.compile(rf'^\s*"?{re.escape(key)}"?\s*=')
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        if HEADER.match(line):
            break
        if wanted.match(line):
            return number
    return max(start, 1)


def geojson_features(text: str) -> list[tuple[int, Any]]:
    """Each feature with the line on which it begins.

    Raises:
        ValueError: not JSON, or not a FeatureCollection.
    """
    whole = json.loads(text)
    found = FEATURES.search(text)
    if not isinstance(whole, dict) or found is None or not isinstance(whole.get("features"), list):
        raise ValueError("not a GeoJSON FeatureCollection")
    decoder = json.JSONDecoder()
    rows: list[tuple[int, Any]] = []
    offset = found.end()
    for _ in whole["features"]:
        while text[offset] in " \t\r\n,":
            offset += 1
        feature, end = decoder.raw_decode(text, offset)
        rows.append((line_at(text, offset), feature))
        offset = end
    return rows
