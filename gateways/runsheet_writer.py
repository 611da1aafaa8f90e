"""Writes the run-sheets beside a running engine: drawn between its turns, put on disk in a thread.

A disk that is full or gone is said aloud and counted; it does not stop the engine.
"""

import asyncio
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from dispatch.board import Board
from dispatch.ports import Positions
from dispatch.words import ResponderId
from gateways.runsheet import DESK_FILE, Scene, Signer, render_desk, render_post, write_all
from geo.types import Position

log = structlog.get_logger(__name__)

POSTS_A_TURN = 4
"""So many sheets are drawn before the engine has its turn again."""


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
        board, now_ms = self._engine.board, self._engine.now_ms()
        scene = Scene(now_ms=now_ms, positions=positions_of(board, self._positions))
        sheets = {DESK_FILE: self._signer.sign(render_desk(board, scene))}
        for number, post in enumerate(list(board.posts.values())):
            if number % POSTS_A_TURN == 0:
                await asyncio.sleep(0)
            sheets[f"post-{post.id}.html"] = self._signer.sign(render_post(board, scene, post))
        try:
            await asyncio.to_thread(write_all, self._folder, sheets, self._signer.public_key())
        except OSError as error:
            self._failed.inc()
            log.error("runsheet_failed", folder=str(self._folder), error=str(error))  # noqa: TRY400
            return False
        self._written.set(now_ms)
        return True


def positions_of(board: Board, positions: Positions) -> dict[ResponderId, Position]:
    """Where every unit that was ever located was last."""
    found = {}
    for unit, row in board.force.rows.items():
        at = positions.get(row)
        if at is not None:
            found[unit] = at
    return found
