"""What a virtual district is told to be: who, where, how often, how willing."""

from dataclasses import dataclass, field

from dispatch.district import District
from dispatch.ports import Roads

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Habits:
    """How devices and the people who hold them behave. Seconds, shares from 0 to 1.

    `pace` makes the street run faster than life: delays shrink and speeds grow by it, the
    latter never beyond what the district's rules take for possible.
    """

    pace: float = 1.0
    fix_every_s: float = 3.0
    refuse: float = 0.04
    silent: float = 0.03
    accept_after_s: Range = (0.8, 4.0)
    turnout_s: Range = (2.0, 15.0)
    on_scene_s: Range = (60.0, 240.0)
    alarms_a_minute: float = 6.0
    alarms_at_most: int | None = None
    alarms_until_s: float | None = None
    first_alarm_s: float = 2.0
    press_again: float = 0.1
    press_together: float = 0.15
    press_silent: float = 0.08
    by_patrol: float = 0.05
    types: dict[str, float] = field(default_factory=dict)
    alarm_retry_s: Range = (2.0, 30.0)
    tell_groups: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetOptions:
    """One run of a virtual district through an MQTT broker.

    All behaviour comes from `seed`. `run` begins every id the devices choose, so that a second
    run against the same journal is not taken for a replay of the first; empty takes it from
    the clock. Without `roads` units move in straight lines;
    the roads are the fleet's own, never an engine's: they are asked from another thread.
    """

    district: District
    roads: Roads | None = None
    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    connections: int = 4
    client_prefix: str = "virtual"
    persistent: bool = True
    seed: int = 110
    run: str = ""
    habits: Habits = field(default_factory=Habits)
