"""Who is on duty: a roster of shifts, and the log-ons and log-offs that correct it.

A shift is a window of local time on the days it is worked; one that ends before it begins runs
past midnight and belongs to the day it began. Time is handed in as UTC epoch milliseconds with
the district's offset in minutes, so that nothing here asks a clock or a time zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from dispatch.words import ResponderId

DAY_MIN = 1_440
MINUTE_MS = 60_000
EARLY_MS = 60 * MINUTE_MS
"""A log-on this long before a shift counts for it."""
_FIRST = date(1970, 1, 1)

ShiftId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$")]
Minute = Annotated[int, Meta(ge=0, le=DAY_MIN)]


class Shift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A window of local time, in minutes after midnight.

    `end_min` not above `begin_min` is the next day's; equal minutes are a whole day.
    """

    id: ShiftId
    name: str
    begin_min: Minute
    end_min: Minute

    @property
    def length_min(self) -> int:
        """How long it lasts."""
        return (self.end_min - self.begin_min) % DAY_MIN or DAY_MIN


class Duty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A responder works a shift on some days: weekdays 1 (Monday) to 7, from and to dates.

    `on_date` is for one day alone. `every_days` is a cycle counted from `from_date`: two days on
    and two off are two duties with `every_days` 4. `off` takes the responder off where the rest of
    the roster would have it on. `crew` are names or numbers of the officers, as they are known.
    """

    responder: ResponderId
    shift: ShiftId
    weekdays: frozenset[Annotated[int, Meta(ge=1, le=7)]] = frozenset(range(1, 8))
    from_date: date | None = None
    to_date: date | None = None
    on_date: date | None = None
    every_days: Annotated[int, Meta(ge=1, le=366)] | None = None
    off: bool = False
    capabilities: tuple[str, ...] = ()
    crew: tuple[str, ...] = ()

    def works(self, day: date) -> bool:
        """Whether it is worked on the day it begins."""
        if self.on_date is not None:
            return day == self.on_date
        if self.from_date is not None and day < self.from_date:
            return False
        if self.to_date is not None and day > self.to_date:
            return False
        if self.every_days is not None:
            start = self.from_date or _FIRST
            return (day - start).days % self.every_days == 0
        return day.isoweekday() in self.weekdays


class OnShift(msgspec.Struct, frozen=True, kw_only=True):
    """A responder on duty: by which shift, since and until when (UTC epoch ms), with what."""

    responder: ResponderId
    shift: str
    name: str
    begin_ms: int
    end_ms: int
    capabilities: tuple[str, ...] = ()
    crew: tuple[str, ...] = ()


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """A responder logged on or off: its own word, which outranks the roster for a while."""

    responder: ResponderId
    at_ms: int
    on: bool
    shift: str = ""
    capabilities: tuple[str, ...] = ()
    crew: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a responder is on duty at a time, and why.

    `why` is `roster`, `logged_on`, `logged_off`, `off_roster`, or `not_rostered` for one that the
    roster never names and that counts as on.
    """

    on: bool
    why: str
    duty: OnShift | None = None
    late_ms: int | None = None


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """All shifts and who works them; `offset_min` is local time minus UTC."""

    shifts: tuple[Shift, ...]
    duties: tuple[Duty, ...]
    offset_min: int

    def list_at(self, at_ms: int) -> dict[ResponderId, OnShift]:
        """Who is on by the roster at a time; of two shifts at once, the one that ends later."""
        return self._list(at_ms, self.duties)

    def find_at(self, responder: ResponderId, at_ms: int) -> OnShift | None:
        """The shift that a responder is on by the roster, None when it is off."""
        return self._list(at_ms, self.of(responder)).get(responder)

    def of(self, responder: ResponderId) -> tuple[Duty, ...]:
        """All duties of one responder."""
        return tuple(duty for duty in self.duties if duty.responder == responder)

    def _list(self, at_ms: int, duties: Iterable[Duty]) -> dict[ResponderId, OnShift]:
        shifts = {shift.id: shift for shift in self.shifts}
        local_min = (at_ms + self.offset_min * MINUTE_MS) // MINUTE_MS
        today = local_min // DAY_MIN
        on: dict[ResponderId, OnShift] = {}
        off: set[tuple[ResponderId, str, int]] = set()
        held: list[tuple[Duty, OnShift, int]] = []
        for duty in duties:
            shift = shifts[duty.shift]
            for day in (today - 1, today):
                begin_min = day * DAY_MIN + shift.begin_min
                if not begin_min <= local_min < begin_min + shift.length_min:
                    continue
                if not duty.works(_FIRST + timedelta(days=day)):
                    continue
                if duty.off:
                    off.add((duty.responder, duty.shift, day))
                else:
                    held.append((duty, self._on(duty, shift, begin_min), day))
        for duty, span, day in held:
            if (duty.responder, duty.shift, day) in off:
                continue
            known = on.get(duty.responder)
            if known is None or (span.end_ms, span.shift) > (known.end_ms, known.shift):
                on[duty.responder] = span
        return on

    def _on(self, duty: Duty, shift: Shift, begin_min: int) -> OnShift:
        begin_ms = (begin_min - self.offset_min) * MINUTE_MS
        return OnShift(
            responder=duty.responder,
            shift=shift.id,
            name=shift.name,
            begin_ms=begin_ms,
            end_ms=begin_ms + shift.length_min * MINUTE_MS,
            capabilities=duty.capabilities,
            crew=duty.crew,
        )

    def next_begin_ms(self, responder: ResponderId, after_ms: int) -> int | None:
        """When the responder's next shift after a time begins; None when none does in a week."""
        edges = self._edges(self.of(responder), after_ms)
        return min((begin for begin, _ in edges if begin > after_ms), default=None)

    def next_change_ms(self, at_ms: int) -> int | None:
        """The next time any shift that is worked begins or ends; None when there is none in a week.

        So a caller can ask to be told the time then.
        """
        edges = self._edges(self.duties, at_ms)
        return min((edge for pair in edges for edge in pair if edge > at_ms), default=None)

    def _edges(self, duties: Iterable[Duty], at_ms: int) -> set[tuple[int, int]]:
        """Begin and end of all worked shifts from the day before a time to a week after it."""
        shifts = {shift.id: shift for shift in self.shifts}
        today = (at_ms + self.offset_min * MINUTE_MS) // MINUTE_MS // DAY_MIN
        rows = list(duties)
        found = set()
        for day in range(today - 1, today + 8):
            on = _FIRST + timedelta(days=day)
            off = {(one.responder, one.shift) for one in rows if one.off and one.works(on)}
            for duty in rows:
                if duty.off or (duty.responder, duty.shift) in off or not duty.works(on):
                    continue
                span = self._on(
                    duty, shifts[duty.shift], day * DAY_MIN + shifts[duty.shift].begin_min
                )
                found.add((span.begin_ms, span.end_ms))
        return found


def state_at(
    roster: Roster, responder: ResponderId, log: Log | None, at_ms: int, *, late_after_ms: int
) -> State:
    """On or off at a time: the roster, corrected by the last log-on or log-off.

    A log-on holds to the end of the shift it was made in or shortly before; made off shift, until
    a log-off or the next shift. A log-off holds until the next shift begins. A responder that is
    rostered and has not logged on counts as on, and is late once `late_after_ms` has passed.
    """
    duty = roster.find_at(responder, at_ms)
    if log is not None and log.at_ms <= at_ms and _holds(roster, log, at_ms, duty):
        if not log.on:
            return State(on=False, why="logged_off", duty=duty)
        mine = duty or OnShift(
            responder=responder,
            shift=log.shift,
            name=log.shift,
            begin_ms=log.at_ms,
            end_ms=log.at_ms,
            capabilities=log.capabilities,
            crew=log.crew,
        )
        crewed = msgspec.structs.replace(
            mine,
            capabilities=log.capabilities or mine.capabilities,
            crew=log.crew or mine.crew,
        )
        return State(on=True, why="logged_on", duty=crewed)
    if duty is not None:
        waited_ms = at_ms - duty.begin_ms
        return State(
            on=True,
            why="roster",
            duty=duty,
            late_ms=waited_ms if waited_ms > late_after_ms else None,
        )
    named = any(one.responder == responder for one in roster.duties)
    return State(on=not named, why="off_roster" if named else "not_rostered")


def _holds(roster: Roster, log: Log, at_ms: int, duty: OnShift | None) -> bool:
    """Whether the last word of a responder still stands; one said early is meant for the shift."""
    begins_ms = roster.next_begin_ms(log.responder, log.at_ms)
    if not log.on:
        return begins_ms is None or at_ms < begins_ms
    then = roster.find_at(log.responder, log.at_ms)
    if then is not None:
        return then == duty
    if begins_ms is None or at_ms < begins_ms:
        return True
    early = begins_ms - log.at_ms <= EARLY_MS
    return early and duty is not None and duty.begin_ms == begins_ms


def merge_logs(logs: Sequence[Log], known: Mapping[ResponderId, Log]) -> dict[ResponderId, Log]:
    """The last word of each responder, whatever the order in which they arrived."""
    last = dict(known)
    for log in logs:
        was = last.get(log.responder)
        if was is None or (log.at_ms, log.on) >= (was.at_ms, was.on):
            last[log.responder] = log
    return last
