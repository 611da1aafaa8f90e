"""Travel times as learnt, and as they are at this hour: files the administrator may change."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import CollectorRegistry, Gauge

from geo.calibration import NEUTRAL, Calibration, apply_factors, read_calibration
from geo.hours import RushHours, read_rush_hours
from geo.roads import Roads
from geo.types import Profile
from street110.config import ConfigError, TravelConfig

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 20.0
"""A new hour or a changed file counts after this time at most."""


class TravelTimes:
    """Keeps the travel times of a road graph those of the local hour and of the files named.

    Without files it does nothing. A file that cannot be read any more leaves what was in force.
    """

    def __init__(
        self, options: TravelConfig, roads: Roads, timezone: str, registry: CollectorRegistry
    ) -> None:
        self._options = options
        self._roads = roads
        self._zone = ZoneInfo(timezone)
        self._in_force: tuple[int, Calibration, RushHours | None] | None = None
        self._refused: str | None = None
        self._gauge = Gauge(
            "street110_travel_factor",
            "What free travel seconds are multiplied by now, on the roads between all classes",
            ["profile"],
            registry=registry,
        )
        for profile in Profile:
            self._gauge.labels(str(profile)).set(1.0)

    @property
    def named(self) -> bool:
        """Whether there is anything to apply."""
        return self._options.factors_file is not None or self._options.rush_file is not None

    def begin(self, now_ms: int) -> None:
        """Apply what the files say for the first time.

        Raises:
            ConfigError: a file is missing or not what it should be.
        """
        if self.named:
            self._apply(now_ms, *self._read())

    def look(self, now_ms: int) -> None:
        """Apply a new hour or a changed file; what cannot be read is told once."""
        try:
            self._apply(now_ms, *self._read())
            self._refused = None
        except ConfigError as error:
            if self._refused != str(error):
                self._refused = str(error)
                log.warning("travel_times_not_read", error=str(error), help="the old ones stay")

    def _read(self) -> tuple[Calibration, RushHours | None]:
        learnt, rush = NEUTRAL, None
        file = self._options.factors_file
        try:
            if file is not None:
                learnt = read_calibration(Path(file).read_bytes())
            file = self._options.rush_file
            if file is not None:
                rush = read_rush_hours(Path(file).read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError(f"{file}: {error}") from error
        return learnt, rush

    def _apply(self, now_ms: int, learnt: Calibration, rush: RushHours | None) -> None:
        hour = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self._zone).hour
        wanted = (hour, learnt, rush)
        if wanted == self._in_force:
            return
        apply_factors(self._roads, hour, learnt=learnt, rush=rush)
        self._in_force = wanted
        mean = {profile: _mean(learnt, rush, profile, hour) for profile in Profile}
        for profile, factor in mean.items():
            self._gauge.labels(str(profile)).set(factor)
        log.info(
            "travel_times",
            hour=hour,
            trips=learnt.trips,
            on=learnt.on,
            **{str(profile): round(factor, 3) for profile, factor in mean.items()},
        )


def _mean(learnt: Calibration, rush: RushHours | None, profile: Profile, hour: int) -> float:
    """The plain mean over all classes of road."""
    by_class = learnt.by_class(profile, hour)
    busy = rush.at(hour, profile) if rush is not None else {}
    kinds = {*by_class, *busy}
    found = [by_class.get(kind, 1.0) * busy.get(kind, 1.0) for kind in kinds]
    return sum(found) / len(found) if found else 1.0
