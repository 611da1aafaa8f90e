"""Writes the run-sheets beside a running engine: drawn and put on disk in a thread of their own.

The thread works on a still of the board: its rows are values, so copies of the tables are enough.
A disk that is full or gone is said aloud and counted; it does not stop the engine.
"""

import asyncio
import copy
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from dispatch.board import Board
from dispatch.ports import Positions
from dispatch.words import ResponderId
from gateways.runsheet import DESK_FILE, Scene, Signer, render_desk, render_post, write_all
from geo.types import FloatArray, IntArray, Position

log = structlog.get_logger(__name__)


class BoardDoor(Protocol):
    """What the sheets need of `dispatch.runtime.Engine`."""

    board: Board

    def now_ms(self) -> int:
        """UTC epoch milliseconds."""
        ...


class RunSheets:
    """All sheets of one engine; call `write` every minute."""

    def __init__(
        self,
        engine: BoardDoor,
        positions: Positions,
        folder: Path,
        key_file: Path,
        registry: CollectorRegistry,
    ) -> None:
        self._engine = engine
        self._positions = positions
        self._folder = folder
        self._signer = Signer.open(key_file)
        self._failed = Counter(
            "street110_runsheet_failures", "Run-sheets that could not be written", registry=registry
        )
        self._written = Gauge(
            "street110_runsheet_ms", "When the run-sheets were last written", registry=registry
        )

    async def write(self) -> bool:
        """Draw and replace all sheets; tells whether they are on disk."""
        now_ms = self._engine.now_ms()
        still = still_of(self._engine.board)
        rows = np.flatnonzero(self._positions.located())
        lonlat, at_ms = self._positions.at(rows)
        try:
            await asyncio.to_thread(self._draw, still, now_ms, rows, lonlat, at_ms)
        except OSError as error:
            self._failed.inc()
            log.error("runsheet_failed", folder=str(self._folder), error=str(error))  # noqa: TRY400
            return False
        self._written.set(now_ms)
        return True

    def _draw(
        self, board: Board, now_ms: int, rows: IntArray, lonlat: FloatArray, at_ms: IntArray
    ) -> None:
        scene = Scene(now_ms=now_ms, positions=positions_of(board, rows, lonlat, at_ms))
        sheets = {DESK_FILE: self._signer.sign(render_desk(board, scene))}
        for post in board.posts.values():
            sheets[f"post-{post.id}.html"] = self._signer.sign(render_post(board, scene, post))
        write_all(self._folder, sheets, self._signer.public_key())


def still_of(board: Board) -> Board:
    """The board as it stands: other tables with the same rows, which never change."""
    still = copy.copy(board)
    still.responders = dict(board.responders)
    still.incidents = dict(board.incidents)
    still.orders = dict(board.orders)
    still.alarms = dict(board.alarms)
    still.open = set(board.open)
    return still


def positions_of(
    board: Board, rows: IntArray, lonlat: FloatArray, at_ms: IntArray
) -> dict[ResponderId, Position]:
    """Where units were last: (n,) rows of the book, (n, 2) lon/lat, (n,) epoch ms."""
    ids = board.force.ids
    named = zip(rows.tolist(), lonlat.tolist(), at_ms.tolist(), strict=True)
    return {ids[row]: Position(lon=lon, lat=lat, at_ms=ms) for row, (lon, lat), ms in named}
