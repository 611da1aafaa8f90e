"""`street110 geo calibrate`: compare promised with actual travel, and write factors to apply."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from dispatch.district import District
from dispatch.events import DistrictLoaded, OrderAdvanced, OrderIssued
from dispatch.force import PROFILE_OF
from dispatch.journal_file import JournalError, JournalReader
from dispatch.model import Order
from dispatch.words import OrderId, OrderStatus, ResponderKind
from geo.calibration import NEUTRAL, Calibration, Fit, Quality, Trip, fit, read_calibration
from geo.roads import Roads
from geo.types import Profile
from geo.waykinds import shares_by_class
from street110.cli_geo_common import load, progress, put_out, remark, stop

UNDER_WAY = (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE)
"""Travel begins with the last of these that was told, else when the order was issued."""


class TripReader:
    """Reads the trips of a journal: orders with an ETA whose responder arrived."""

    def __init__(self, roads: Roads | None) -> None:
        self._roads = roads
        self._zone = ZoneInfo("UTC")
        self._profiles: dict[str, Profile] = {}
        self._open: dict[OrderId, tuple[Order, int]] = {}

    def read(self, journal: JournalReader) -> Iterator[Trip]:
        """Trips in the order of their arrivals. Exercises are none."""
        for _, record in journal.read():
            for event in record.events:
                match event:
                    case DistrictLoaded(district=district):
                        self._take_book(district)
                    case OrderIssued(order=order) if order.eta_s and not order.exercise:
                        self._open[order.id] = order, order.issued_ms
                    case OrderAdvanced(order=name, status=status) if name in self._open:
                        order, since_ms = self._open[name]
                        if status in UNDER_WAY:
                            self._open[name] = order, event.at_ms
                        elif status == OrderStatus.ON_SCENE:
                            del self._open[name]
                            yield self._trip(order, since_ms, event.at_ms)
                    case _:
                        pass

    def _take_book(self, district: District) -> None:
        self._zone = ZoneInfo(district.timezone)
        self._profiles = {unit.id: PROFILE_OF[unit.kind] for unit in district.units}

    def _trip(self, order: Order, since_ms: int, until_ms: int) -> Trip:
        by_unit = order.kind == ResponderKind.UNIT
        profile = self._profiles.get(order.responder, Profile.CAR) if by_unit else Profile.FOOT
        shares = shares_by_class(self._roads, order.line, profile) if self._roads else {}
        assert order.eta_s is not None, "only promised trips are kept"
        return Trip(
            promised_s=order.eta_s,
            actual_s=(until_ms - since_ms) / 1_000,
            profile=profile,
            hour=datetime.fromtimestamp(since_ms / 1_000, UTC).astimezone(self._zone).hour,
            shares=shares,
        )


def calibrate(
    journal: Annotated[Path, typer.Option(help="The journal, a file named journal.db.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the factors here, as JSON.")
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(help="A graph file: learn by class of road too.", exists=True, dir_okay=False),
    ] = None,
    in_force: Annotated[
        Path | None,
        typer.Option(help="Factors that the promises were made with.", exists=True, dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Compare promised with actual travel times and find factors by hour and way of travelling.

    A trip runs from accepting or setting out to being on scene. The table says how far promises
    were off as they were made, and with factors fitted to other trips.
    """
    roads = load(graph) if graph is not None else None
    try:
        before = NEUTRAL if in_force is None else read_calibration(in_force.read_bytes())
        with progress() as bar:
            trips = list(
                bar.track(TripReader(roads).read(JournalReader(journal)), description="trips")
            )
    except (JournalError, ValueError, OSError) as error:
        stop(error)
    found = fit(trips, in_force=before)
    if found.left_out:
        remark(f"{found.left_out} of {len(trips)} trips were left out: too short or far off")
    if out is not None:
        put_out(msgspec.json.format(msgspec.json.encode(found.calibration)).decode() + "\n", out)
    if as_json:
        put_out(msgspec.json.encode(found).decode() + "\n", None)
    else:
        Console().print(tabulate(found))


def tabulate(found: Fit) -> Table:
    """How promises were kept before and after, a row a group."""
    table = Table(title=f"{found.calibration.trips} trips", title_justify="left")
    for column in ("travels", "hour", "trips", "factor", "promised s", "actual s"):
        table.add_column(column, justify="right")
    for column in ("error before", "error after", "bias before", "bias after"):
        table.add_column(f"{column} s", justify="right")
    for row in found.quality:
        table.add_row(
            row.profile or "all",
            "all" if row.hour is None else f"{row.hour:02}",
            str(row.trips),
            factor_of(row, found.calibration),
            f"{row.promised_s:.0f}",
            f"{row.actual_s:.0f}",
            f"{row.before_error_s:.1f}",
            f"{row.after_error_s:.1f}",
            f"{row.before_bias_s:+.1f}",
            f"{row.after_bias_s:+.1f}",
        )
    return table


def factor_of(row: Quality, calibration: Calibration) -> str:
    """The factor of a row of one hour, without that of its classes of road; else nothing."""
    if row.profile is None or row.hour is None:
        return ""
    return f"{calibration.factor(row.profile, row.hour):.2f}"
