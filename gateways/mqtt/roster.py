"""Who may speak in a district, and within which place and time: what a decoder checks against."""

from typing import TypeAlias

from dispatch.district import District
from dispatch.words import ResponderKind
from gateways.mqtt.wire import root_of

Bounds: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north: WGS-84 degrees."""


class Roster:
    """The senders of one district book by kind and id; rows of units in the district's order.

    `past_ms` and `ahead_ms` say how far a sender's clock may be behind and ahead.
    """

    def __init__(self, district: District, bounds: Bounds) -> None:
        self.root = root_of(district.id)
        self.bounds = bounds
        self.past_ms = district.rules.alarm_too_old_s * 1000
        self.ahead_ms = district.rules.clock_ahead_s * 1000
        self.unit_ids = tuple(unit.id for unit in district.units)
        self.rows: dict[str, int] = {unit: row for row, unit in enumerate(self.unit_ids)}
        self.fix_rows = {f"{self.root}unit/{unit}/fix": row for unit, row in self.rows.items()}
        self.known: dict[ResponderKind, frozenset[str]] = {
            ResponderKind.UNIT: frozenset(self.rows),
            ResponderKind.POST: frozenset(post.id for post in district.posts),
            ResponderKind.GATE: frozenset(gate.id for gate in district.gates),
        }
        members: dict[str, set[str]] = {group.id: set() for group in district.groups}
        for post in district.posts:
            for group in post.groups:
                members.setdefault(group, set()).add(post.id)
        self.groups = {group: frozenset(posts) for group, posts in members.items()}
