"""Story time: the town wakes at 08:00:00."""

from tests.world import START_MS

DAY_MS = 8 * 3_600_000


def clock(ms: int) -> str:
    """The time of day of a moment; the days after it with their number before."""
    seconds = (ms - START_MS + DAY_MS) // 1000
    day, seconds = divmod(seconds, 86_400)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{day}d {text}" if day else text


def moment(text: str) -> int:
    """The moment of a story time, `08:00:05` or on a later day `1d 08:00:05`."""
    day, _, time = text.rpartition("d ")
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    of_day = (hours * 60 + minutes) * 60 + seconds
    return START_MS - DAY_MS + (int(day or 0) * 86_400 + of_day) * 1000
