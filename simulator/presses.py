"""When buttons are pressed: an endless schedule drawn from a seed alone."""

from collections.abc import Iterator
from math import hypot
from random import Random

import msgspec

from dispatch.district import District, Post
from dispatch.words import ResponderKind
from simulator.drive import metres
from simulator.options import Habits


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm to be raised: seconds from the start, and later presses of the same alarm."""

    at_s: float
    kind: ResponderKind
    source: str
    type: str
    silent: bool
    again_s: tuple[float, ...] = ()


def weigh_types(district: District, habits: Habits) -> tuple[list[str], list[float]]:
    """Alarm types and how often each comes: as told, or the graver the rarer."""
    if habits.types:
        return sorted(habits.types), [habits.types[word] for word in sorted(habits.types)]
    plans = sorted(district.plans, key=lambda plan: plan.type)
    return [plan.type for plan in plans], [float(plan.priority) for plan in plans]


def list_neighbours(district: District, count: int = 3) -> dict[str, tuple[str, ...]]:
    """The nearest posts of each post, nearest first, ties by id."""

    def away(post: Post, other: Post) -> tuple[float, str]:
        here, there = (post.place.lon, post.place.lat), (other.place.lon, other.place.lat)
        return hypot(*metres(here, there)), other.id

    return {
        post.id: tuple(
            other.id
            for other in sorted(
                (other for other in district.posts if other.id != post.id),
                key=lambda other, post=post: away(post, other),  # type: ignore[misc]
            )[:count]
        )
        for post in district.posts
    }


def schedule(district: District, habits: Habits, seed: int) -> Iterator[Press]:
    """Presses in order of the moment their scene begins, at the habits' rate, without end.

    Neighbours that press together follow their scene at once in the schedule, though their
    moment is a few seconds later.
    """
    rng = Random(f"presses:{seed}")
    words, weights = weigh_types(district, habits)
    neighbours = list_neighbours(district)
    at_s = habits.first_alarm_s
    while habits.alarms_a_minute > 0 and words:
        word = rng.choices(words, weights)[0]
        silent = rng.random() < habits.press_silent
        if district.units and (not district.posts or rng.random() < habits.by_patrol):
            unit = rng.choice(district.units)
            yield Press(
                at_s=at_s, kind=ResponderKind.UNIT, source=unit.id, type=word, silent=silent
            )
        elif district.posts:
            post = rng.choice(district.posts)
            press = Press(
                at_s=at_s,
                kind=ResponderKind.POST,
                source=post.id,
                type=word,
                silent=silent,
                again_s=_draw_again(rng, habits, at_s),
            )
            yield press
            if neighbours[post.id] and rng.random() < habits.press_together:
                later_s = at_s + rng.uniform(0.2, 8.0)
                other = rng.choice(neighbours[post.id])
                yield msgspec.structs.replace(press, at_s=later_s, source=other, again_s=())
        at_s += rng.expovariate(habits.alarms_a_minute / 60)


def _draw_again(rng: Random, habits: Habits, at_s: float) -> tuple[float, ...]:
    """When the same alarm is sent again by a nervous hand: mostly never."""
    if rng.random() >= habits.press_again:
        return ()
    return tuple(sorted(at_s + rng.uniform(0.3, 3.0) for _ in range(rng.randint(1, 3))))
