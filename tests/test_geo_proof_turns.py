"""No way breaks a turn restriction of Porto: read from the extract again, by other code.

The line of a way is followed back to the nodes of the map it was drawn from, and those to the
ways between them; the restrictions are judged on that, as the map words them.
"""

from collections import defaultdict
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import osmium
import pytest

import geo.reach
from geo.roads import Roads
from geo.types import FloatArray, Point, Profile
from tests.geo_proof_towns import PAIRS, PORTO, random_spots, roads_of

NO_LIMIT_S = 1e9
Place = tuple[float, float]


class Rule(NamedTuple):
    word: str
    start: int
    via: tuple[int, ...]
    by_node: bool
    end: int


class Map(NamedTuple):
    rules: list[Rule]
    ways: dict[int, list[Place]]
    place: dict[int, Place]
    on: dict[tuple[Place, Place], set[int]]
    ends: set[Place]


def degrees(lon: float, lat: float) -> Place:
    return round(lon, 7), round(lat, 7)


@cache
def porto() -> Map:
    """Restrictions and ways of the extract, by the places of their nodes."""
    rules: list[Rule] = []
    ways: dict[int, list[Place]] = {}
    place: dict[int, Place] = {}
    on: dict[tuple[Place, Place], set[int]] = defaultdict(set)
    for item in osmium.FileProcessor(str(PORTO)).with_locations():
        if item.is_node():
            place[item.id] = degrees(item.location.lon, item.location.lat)
        elif item.is_way() and "highway" in item.tags:
            line = [place[node.ref] for node in item.nodes if node.ref in place]
            ways[item.id] = line
            for a, b in pairwise(line):
                on[a, b].add(item.id)
                on[b, a].add(item.id)
        elif item.is_relation() and item.tags.get("type") == "restriction":
            rules += rules_of(item)
    return Map(rules, ways, place, on, {a for a, _ in on})


@cache
def rules_at() -> dict[Place | None, list[Rule]]:
    """The rules by the place of the node they are at; under None those over ways."""
    found: dict[Place | None, list[Rule]] = defaultdict(list)
    for rule in porto().rules:
        found[porto().place.get(rule.via[0]) if rule.by_node else None].append(rule)
    return found


def rules_of(item: Any) -> list[Rule]:
    role = defaultdict(list)
    for member in item.members:
        role[member.role].append((member.type, member.ref))
    over = role["via"]
    if not over or len({kind for kind, _ in over}) != 1:
        return []
    refs = tuple(ref for _, ref in over)
    word = str(item.tags.get("restriction"))
    return [
        Rule(word, start, refs, over[0][0] == "n", end)
        for _, start in role["from"]
        for _, end in role["to"]
    ]


def broken_by(line: list[Place]) -> list[Rule]:
    """The rules that a line from node to node breaks."""
    town = porto()
    steps = [town.on.get(pair, set()) for pair in pairwise(line)]
    broken = [rule for rule in rules_at()[None] if breaks_over_ways(rule, steps)]
    for i in range(1, len(line) - 1):
        for rule in rules_at().get(line[i], ()):
            if rule.start not in steps[i - 1] or not steps[i]:
                continue
            taken = rule.end in steps[i]
            if "u_turn" in rule.word and rule.start == rule.end:
                taken = line[i - 1] == line[i + 1]
            if taken == rule.word.startswith("no_"):
                broken.append(rule)
    return broken


def breaks_over_ways(rule: Rule, steps: list[set[int]]) -> bool:
    """Whether the steps go from the first way over all via ways to the last, in this order."""
    wanted = (rule.start, *rule.via, rule.end)
    state = -1
    for step in steps:
        if state >= 0 and wanted[state + 1] in step:
            state += 1
            if state == len(wanted) - 1:
                return rule.word.startswith("no_")
        elif state < 0 or wanted[state] not in step:
            state = 0 if rule.start in step else -1
    return False


def nodes_of(line: tuple[tuple[float, float], ...]) -> list[Place]:
    """The nodes of the map along a line: its first two and last two points lie between nodes."""
    out = [degrees(lon, lat) for lon, lat in line]
    return [at for at in out if at in porto().ends]


def near(town: Map, way: int, via: Place, *, before: bool) -> Point | None:
    """A place on a way, half a step from a node of it."""
    line = town.ways.get(way, [])
    if via not in line:
        return None
    i = line.index(via)
    j = i - 1 if (before and i > 0) or i == len(line) - 1 else i + 1
    (x, y), (u, v) = line[i], line[j]
    return Point((x + u) / 2, (y + v) / 2)


def whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(line: FloatArray) -> tuple[tuple[float, float], ...]:
        return tuple((lon, lat) for lon, lat in line.tolist())

    monkeypatch.setattr(geo.reach, "simplify", whole)


def drive(roads: Roads, start: Point, to: Point) -> list[Place]:
    route = geo.reach.Reach(roads, to, Profile.CAR, NO_LIMIT_S).find_route(start)
    return nodes_of(route.line) if route else []


def test_no_way_breaks_a_restriction(monkeypatch: pytest.MonkeyPatch) -> None:
    whole_lines(monkeypatch)
    roads, town = roads_of("porto"), porto()
    assert len(town.rules) >= 340
    starts, goals = random_spots(roads, PAIRS, 7), random_spots(roads, PAIRS, 8)
    pairs = [
        (Point(*a), Point(*b))
        for a, b in zip(starts.lonlat.tolist(), goals.lonlat.tolist(), strict=True)
    ]
    tempted = 0
    for rule in town.rules:
        via = town.place.get(rule.via[0]) if rule.by_node else None
        if via is None:
            continue
        start = near(town, rule.start, via, before=True)
        to = near(town, rule.end, via, before=False)
        if start is not None and to is not None and start != to:
            pairs.append((start, to))
            tempted += 1
    assert tempted > 300
    driven = [drive(roads, start, to) for start, to in pairs]
    assert np.mean([len(line) for line in driven]) > 30
    broken = [rule for line in driven for rule in broken_by(line)]
    assert broken == []


def test_the_judge_sees_a_broken_restriction() -> None:
    """Every way drawn straight through a ban is found out, else the proof above proves nothing."""
    town = porto()
    seen = 0
    for rule in town.rules:
        via = town.place.get(rule.via[0]) if rule.by_node else None
        first, last = town.ways.get(rule.start, []), town.ways.get(rule.end, [])
        if not rule.word.startswith("no_") or via not in first or via not in last:
            continue
        if min(len(first), len(last)) < 2:
            continue
        i, j = first.index(via), last.index(via)
        line = [first[i - 1 if i else 1], via, last[j - 1 if j else 1]]
        if "u_turn" in rule.word and line[0] != line[2]:
            continue
        assert rule in broken_by(line)
        seen += 1
    assert seen > 200
