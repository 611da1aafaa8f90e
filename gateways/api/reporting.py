"""`GET /api/v1/report` and the ledgers to download."""

import asyncio

from aiohttp import web

from dispatch.explain import Language
from gateways.api.figures import Answers, make_report
from gateways.api.ledgers import HEADS, Ledger, write_csv, write_xlsx
from gateways.api.rights import Right
from gateways.api.room import Room
from gateways.api.web import MAX_MS, ApiError, ask_number, ask_one, missing, need, reply

DAY_MS = 24 * 3_600_000
FORMS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Reporting:
    """Figures and tables of what the board still holds."""

    def __init__(self, room: Room, answers: Answers) -> None:
        self._room = room
        self._answers = answers
        self._turn = asyncio.Semaphore(1)
        self.routes = [
            web.get("/api/v1/report", self.report),
            web.get("/api/v1/ledgers/{file}", self.ledger),
        ]

    def _span(self, request: web.Request) -> tuple[int, int]:
        until_ms = ask_number(request, "until_ms", self._room.engine.now_ms() + 1, 0, MAX_MS)
        since_ms = ask_number(request, "since_ms", max(0, until_ms - DAY_MS), 0, MAX_MS)
        if since_ms > until_ms:
            raise ApiError(400, "bad_request", "after until_ms", field="since_ms")
        return since_ms, until_ms

    async def report(self, request: web.Request) -> web.Response:
        """The figures of a period, the last day unless told otherwise."""
        need(request, Right.REPORT)
        scope = self._room.scope_in(request)
        found = make_report(self._room.board, self._answers, scope, *self._span(request))
        return reply(found)

    async def ledger(self, request: web.Request) -> web.Response:
        """A ledger as XLSX or CSV."""
        need(request, Right.REPORT)
        file = request.match_info["file"]
        name, _, form = file.rpartition(".")
        if name not in HEADS or form not in FORMS:
            raise missing("ledger", file)
        language: Language = "en" if ask_one(request, "language", ("zh", "en")) == "en" else "zh"
        scope = self._room.scope_in(request)
        span = self._span(request)
        ledger = Ledger(self._room.board, self._answers, scope, span, language)
        lines = ledger.lines(name)
        async with self._turn:
            if form == "csv":
                body = await asyncio.to_thread(write_csv, lines)
            else:
                body = await asyncio.to_thread(write_xlsx, lines, ledger.title(name))
        return web.Response(
            body=body,
            headers={
                "Content-Type": FORMS[form],
                "Content-Disposition": f'attachment; filename="{file}"',
                "Cache-Control": "no-store",
            },
        )
