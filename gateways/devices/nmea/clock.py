"""Dates and times of sentences: two-digit years, times without a date, weeks that rolled over."""

import re
from datetime import UTC, datetime

from gateways.devices.measures import AHEAD_MS

DAY_MS = 86_400_000
ROLLOVER_MS = 1024 * 7 * DAY_MS
"""GPS counts weeks in ten bits: an old receiver's date is this much too early, or twice it."""
ROLLOVERS = 2
CENTURY_TURNS = 80
"""Two-digit years from here on are of the last century: GPS time begins in 1980."""
TIME = re.compile(r"(\d{2})(\d{2})(\d{2})(\.\d{1,9})?")
DATE = re.compile(r"(\d{2})(\d{2})(\d{2}|\d{4})")


def time_of_day_ms(text: str) -> int | None:
    """`hhmmss.ss` as ms since midnight UTC; None for anything else."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction_ms = round(float(found[4]) * 1000) if found[4] else 0
    return (hour * 3600 + minute * 60 + second) * 1000 + fraction_ms


def date_ms(text: str) -> int | None:
    """`ddmmyy` or `ddmmyyyy` as UTC epoch ms of its midnight."""
    found = DATE.fullmatch(text)
    if found is None:
        return None
    year = int(found[3])
    if len(found[3]) == 2:
        year += 1900 if year >= CENTURY_TURNS else 2000
    try:
        when = datetime(year, int(found[2]), int(found[1]), tzinfo=UTC)
    except ValueError:
        return None
    return round(when.timestamp() * 1000)


def latest_day(day_ms: int, now_ms: int) -> int:
    """When it last was this time of day, clocks that are a little ahead allowed."""
    at_ms = now_ms // DAY_MS * DAY_MS + day_ms
    for days in (1, 0):
        if at_ms + days * DAY_MS <= now_ms + AHEAD_MS:
            return at_ms + days * DAY_MS
    return at_ms - DAY_MS


def without_rollover(at_ms: int, now_ms: int) -> tuple[int, bool]:
    """The time with lost weeks put back where that makes it of the last day; whether it did."""
    for times in range(1, ROLLOVERS + 1):
        moved_ms = at_ms + times * ROLLOVER_MS
        if -DAY_MS <= moved_ms - now_ms <= 60_000:
            return moved_ms, True
    return at_ms, False
