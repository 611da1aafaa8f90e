"""Muster (拉动测试): who answers when he is called, how fast, and what that says of the next time.

Sign-ons of a shift and unannounced test calls are measured per responder and shift. What was
asked lately counts more than what was asked long ago, and a few calls say less than many.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from dispatch.words import ResponderId

DAY_MS = 86_400_000


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a department asks for. Seconds.

    `half_life_days`: a call this old counts half. `prior_calls` and `prior_share`: what is
    supposed of a responder that was never called, as if so many calls had gone so well.
    """

    answer_within_s: float = 30.0
    arrive_within_s: float = 300.0
    sign_on_within_s: float = 900.0
    silent_after_s: float = 600.0
    half_life_days: float = 14.0
    prior_calls: float = 4.0
    prior_share: float = 0.95
    most_penalty_s: float = 120.0


class SignOn(msgspec.Struct, frozen=True, kw_only=True):
    """A shift began and its responder had to report; `by` is `radio`, `page` or `device`."""

    responder: ResponderId
    due_ms: int
    answered_ms: int | None = None
    by: str = ""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One unannounced call to one responder; `place` says that it had to come somewhere."""

    id: str
    responder: ResponderId
    asked_ms: int
    answered_ms: int | None = None
    arrived_ms: int | None = None
    place: bool = False


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One responder in one shift, or a total where one of them is empty.

    Shares are None where nothing was asked. Percentiles are of those that answered, seconds.
    """

    responder: str
    shift: str
    asked: int = 0
    answered: int = 0
    in_time: int = 0
    silent: int = 0
    answer_p50_s: float | None = None
    answer_p90_s: float | None = None
    sent: int = 0
    arrived: int = 0
    arrived_in_time: int = 0
    arrival_p50_s: float | None = None
    due: int = 0
    signed_on: int = 0
    signed_on_in_time: int = 0
    last_answer_ms: int | None = None

    @property
    def answer_share(self) -> float | None:
        """Part of the calls that were answered in time."""
        return self.in_time / self.asked if self.asked else None

    @property
    def arrival_share(self) -> float | None:
        """Part of the calls to a place that came to it in time."""
        return self.arrived_in_time / self.sent if self.sent else None

    @property
    def sign_on_share(self) -> float | None:
        """Part of the shifts that were reported in time."""
        return self.signed_on_in_time / self.due if self.due else None


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """How far a responder can be counted on, 0 to 1, and what that adds to its ETA in ranking.

    `calls` is how much evidence there is, in calls as fresh as today's; `misses` are its last
    calls in a row that it did not answer.
    """

    share: float
    penalty_s: float
    calls: float
    misses: int


ShiftOf = Callable[[ResponderId, int], str]


def measure(
    calls: Iterable[Call],
    sign_ons: Iterable[SignOn],
    shift_of: ShiftOf,
    now_ms: int,
    rules: Rules,
) -> list[Measured]:
    """A row per responder and shift, a total per responder (shift empty), and one of all.

    Calls that are still within their time are left out. Sorted by responder, then shift; the
    total of all, with both empty, comes last.
    """
    asked: dict[tuple[str, str], list[Call]] = {}
    signed: dict[tuple[str, str], list[SignOn]] = {}
    for call in calls:
        if call.answered_ms is None and now_ms - call.asked_ms < rules.silent_after_s * 1000:
            continue
        for key in _keys(call.responder, shift_of(call.responder, call.asked_ms)):
            asked.setdefault(key, []).append(call)
    for one in sign_ons:
        if one.answered_ms is None and now_ms - one.due_ms < rules.sign_on_within_s * 1000:
            continue
        for key in _keys(one.responder, shift_of(one.responder, one.due_ms)):
            signed.setdefault(key, []).append(one)
    keys = sorted(asked.keys() | signed.keys(), key=lambda key: (not key[0], key))
    return [_row(key, asked.get(key, []), signed.get(key, []), rules) for key in keys]


def _keys(responder: ResponderId, shift: str) -> set[tuple[str, str]]:
    return {(responder, shift), (responder, ""), ("", "")}


def _row(key: tuple[str, str], calls: list[Call], sign_ons: list[SignOn], rules: Rules) -> Measured:
    answers = [
        (one.answered_ms - one.asked_ms) / 1000 for one in calls if one.answered_ms is not None
    ]
    sent = [one for one in calls if one.place]
    arrivals = [
        (one.arrived_ms - one.asked_ms) / 1000 for one in sent if one.arrived_ms is not None
    ]
    reports = [
        (one.answered_ms - one.due_ms) / 1000 for one in sign_ons if one.answered_ms is not None
    ]
    heard = [one.answered_ms for one in calls if one.answered_ms is not None]
    heard += [one.answered_ms for one in sign_ons if one.answered_ms is not None]
    return Measured(
        responder=key[0],
        shift=key[1],
        asked=len(calls),
        answered=len(answers),
        in_time=sum(s <= rules.answer_within_s for s in answers),
        silent=len(calls) - len(answers),
        answer_p50_s=percentile(answers, 0.5),
        answer_p90_s=percentile(answers, 0.9),
        sent=len(sent),
        arrived=len(arrivals),
        arrived_in_time=sum(s <= rules.arrive_within_s for s in arrivals),
        arrival_p50_s=percentile(arrivals, 0.5),
        due=len(sign_ons),
        signed_on=len(reports),
        signed_on_in_time=sum(s <= rules.sign_on_within_s for s in reports),
        last_answer_ms=max(heard, default=None),
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share of them does not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 1000) // 1000)
    return ordered[max(0, rank - 1)]


def weigh(calls: Iterable[Call], now_ms: int, rules: Rules) -> dict[ResponderId, Weight]:
    """The weight of every responder that was ever called; see `unknown` for the others."""
    by_responder: dict[ResponderId, list[Call]] = {}
    for call in calls:
        if call.answered_ms is None and now_ms - call.asked_ms < rules.silent_after_s * 1000:
            continue
        by_responder.setdefault(call.responder, []).append(call)
    return {one: _weight(mine, now_ms, rules) for one, mine in by_responder.items()}


def unknown(rules: Rules) -> Weight:
    """The weight of a responder that was never called."""
    return _weight([], 0, rules)


def _weight(calls: list[Call], now_ms: int, rules: Rules) -> Weight:
    good = rules.prior_calls * rules.prior_share
    total = rules.prior_calls
    fresh = 0.0
    misses, counting = 0, True
    for call in sorted(calls, key=lambda one: (-one.asked_ms, one.id)):
        age_days = max(0, now_ms - call.asked_ms) / DAY_MS
        counts = 0.5 ** (age_days / rules.half_life_days)
        good += counts * _worth(call, rules)
        total += counts
        fresh += counts
        counting = counting and call.answered_ms is None
        misses += counting
    share = good / total
    lost = max(0.0, rules.prior_share - share) / rules.prior_share
    return Weight(
        share=round(share, 4),
        penalty_s=round(rules.most_penalty_s * lost, 1),
        calls=round(fresh, 2),
        misses=misses,
    )


def _worth(call: Call, rules: Rules) -> float:
    """1 for an answer in time, half for a late one, nothing for none; the same for the way."""
    parts = [_in_time(call.asked_ms, call.answered_ms, rules.answer_within_s)]
    if call.place:
        parts.append(_in_time(call.asked_ms, call.arrived_ms, rules.arrive_within_s))
    return sum(parts) / len(parts)


def _in_time(asked_ms: int, done_ms: int | None, within_s: float) -> float:
    if done_ms is None:
        return 0.0
    return 1.0 if done_ms - asked_ms <= within_s * 1000 else 0.5


def draw(
    responders: Iterable[ResponderId],
    last_asked_ms: Mapping[ResponderId, int],
    count: int,
    lot: str,
) -> tuple[ResponderId, ...]:
    """Whom to call next, unforeseeable to them: those not asked for longest, ties by lot.

    `lot` is any text that nobody outside knows; the same text draws the same. Days, not seconds,
    decide who was not asked for longest, so that the order within a day stays open.
    """

    def order(one: ResponderId) -> tuple[int, bytes, ResponderId]:
        day = last_asked_ms.get(one, 0) // DAY_MS
        return day, hashlib.blake2b(f"{lot}\n{one}".encode(), digest_size=8).digest(), one

    return tuple(sorted(responders, key=order)[: max(0, count)])


def spread_ms(
    responders: Sequence[ResponderId], from_ms: int, to_ms: int, lot: str
) -> dict[ResponderId, int]:
    """When to call each within a span: one in each equal part of it, at an open moment."""
    if not responders:
        return {}
    part_ms = max(0, to_ms - from_ms) // len(responders)
    found = {}
    for number, one in enumerate(responders):
        digest = hashlib.blake2b(f"{lot}\n{one}\nwhen".encode(), digest_size=8).digest()
        within = int.from_bytes(digest, "big") % max(1, part_ms)
        found[one] = from_ms + number * part_ms + within
    return found
