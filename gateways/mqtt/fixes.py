"""The track lane: fixes are read as cheaply as Python can, collected, and judged in bulk."""

import asyncio
from array import array
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, Counter

from dispatch.words import ResponderId, ResponderKind
from gateways.mqtt.decode import NAN, DecodeError, Fixes, decode
from gateways.mqtt.faults import BadBody, check_place, shorten
from gateways.mqtt.roster import Roster
from gateways.mqtt.wire import MAX_BODY_BYTES, FixUp
from geo.tracker import Verdict
from geo.types import FloatArray, IntArray

FLUSH_AFTER_S = 0.02
FLUSH_AT = 500
COLUMNS = 7
MAX_TOLD = 20
"""Rejects written for one batch; each sender's own limit comes on top."""
TOLD_VERDICTS = (Verdict.FUTURE, Verdict.OUTSIDE, Verdict.ZERO, Verdict.JUMP, Verdict.INVALID)

_read_one = msgspec.json.Decoder(FixUp).decode


class Tracks(Protocol):
    """Where fixes go: `geo.tracker.Tracker`."""

    def update(  # noqa: PLR0917 - the tracker's own order
        self,
        rows: IntArray,
        at_ms: IntArray,
        lonlat: FloatArray,
        speed_mps: FloatArray,
        heading_deg: FloatArray,
        accuracy_m: FloatArray,
        received_ms: int,
    ) -> npt.NDArray[np.uint8]:
        """Take a batch in the order received; one verdict each."""
        ...


class FixLane:
    """Reads fixes and hands them to the tracker every 20 ms, or every 500."""

    def __init__(
        self,
        roster: Roster,
        tracks: Tracks,
        now_ms: Callable[[], int],
        refuse: Callable[[DecodeError], None],
        registry: CollectorRegistry,
    ) -> None:
        self._now_ms = now_ms
        self._refuse = refuse
        self._taken: array[float] = array("d")
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0
        self._verdicts = Counter(
            "street110_fixes", "Fixes by what became of them", ["verdict"], registry=registry
        )
        self._messages = Counter("street110_fix_messages", "Messages heard", registry=registry)
        self.take_roster(roster, tracks)

    def take_roster(self, roster: Roster, tracks: Tracks) -> None:
        """A new book is in force: rows mean other units now."""
        self.flush()
        self._roster = roster
        self._rows = roster.fix_rows
        self._tracks = tracks
        self._oldest_ms = self._now_ms() - roster.past_ms

    def hear(self, topic: str, payload: bytes, properties: dict[str, Any]) -> None:
        """One message of the lane; the plain single fix of a known unit takes the short way."""
        self._heard += 1
        row = self._rows.get(topic)
        if row is not None and "content_type" not in properties and len(payload) <= MAX_BODY_BYTES:
            try:
                fix = _read_one(payload)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                # The long way below says what is wrong, or reads a list.
                fix = None
            if fix is not None and fix.unit is None and fix.t >= self._oldest_ms:
                speed, heading, accuracy = fix.speed, fix.heading, fix.accuracy
                self._taken.extend(
                    (
                        row,
                        fix.t,
                        fix.lon,
                        fix.lat,
                        NAN if speed is None else speed,
                        NAN if heading is None else heading,
                        NAN if accuracy is None else accuracy,
                    )
                )
                self._wake()
                return
        self._hear_slowly(topic, payload, properties)

    def _hear_slowly(self, topic: str, payload: bytes, properties: dict[str, Any]) -> None:
        found = decode(topic, payload, content_type_of(properties), self._roster, self._now_ms())
        match found:
            case Fixes():
                for fix in found.fixes:
                    self._taken.extend(fix)
                for error in found.errors:
                    self._refuse(error)
                self._wake()
            case DecodeError():
                self._refuse(found)
            case _:
                raise AssertionError("this lane hears fixes only")

    def _wake(self) -> None:
        if len(self._taken) >= FLUSH_AT * COLUMNS:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self.flush)

    def flush(self) -> None:
        """Hand what was collected to the tracker and count its verdicts."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._messages.inc(self._heard)
        self._heard = 0
        if not self._taken:
            return
        block = np.frombuffer(self._taken, dtype=np.float64).reshape(-1, COLUMNS)
        self._taken = array("d")
        now_ms = self._now_ms()
        self._oldest_ms = now_ms - self._roster.past_ms
        verdicts = self._tracks.update(
            block[:, 0].astype(np.int64),
            block[:, 1].astype(np.int64),
            np.ascontiguousarray(block[:, 2:4]),
            block[:, 4],
            block[:, 5],
            block[:, 6],
            now_ms,
        )
        for verdict, count in enumerate(np.bincount(verdicts, minlength=len(Verdict))):
            if count:
                self._verdicts.labels(Verdict(verdict).name.lower()).inc(int(count))
        if (verdicts > Verdict.LATE).any():
            self._tell(block, verdicts)

    def _tell(self, block: FloatArray, verdicts: npt.NDArray[np.uint8]) -> None:
        """The tracker's reasons, as rejects to the units concerned; late ones are no fault."""
        for at in np.flatnonzero(np.isin(verdicts, TOLD_VERDICTS))[:MAX_TOLD]:
            row, sent_ms, lon, lat = block[at, :4]
            verdict = Verdict(int(verdicts[at]))
            self._refuse(
                _explain(verdict, self._roster, int(row), int(sent_ms), (float(lon), float(lat)))
            )


def _explain(
    verdict: Verdict, roster: Roster, row: int, sent_ms: int, place: tuple[float, float]
) -> DecodeError:
    lon, lat = place
    field, value, error = "lon", shorten(lon), "cannot be where this unit is"
    match verdict:
        case Verdict.FUTURE:
            field, value = "t", str(sent_ms)
            error = f"more than {roster.ahead_ms // 1000} s ahead"
        case Verdict.JUMP:
            error = "too far from the last fix for any vehicle"
        case Verdict.OUTSIDE | Verdict.ZERO:
            try:
                check_place(lon, lat, roster.bounds)
            except BadBody as bad:
                field, value, error = bad.field, shorten(bad.value), bad.error
        case _:
            pass
    return DecodeError(
        field=field,
        value=value,
        error=error,
        reason=f"fix_{verdict.name.lower()}",
        sender=(ResponderKind.UNIT, ResponderId(roster.unit_ids[row])),
    )


def content_type_of(properties: dict[str, Any]) -> str | None:
    """The content type of an MQTT 5 publish, as gmqtt hands it over."""
    told = properties.get("content_type")
    return told[0] if isinstance(told, list) and told else None
