"""The books that an office otherwise keeps by hand, as tables: incidents, orders, calls, owed."""

import io
import re
from collections.abc import Callable
from datetime import datetime, tzinfo

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]

from dispatch.board import Board
from dispatch.explain import ROLES, STATUSES, Language, say
from dispatch.muster_report import as_csv
from gateways.api.figures import (
    Answers,
    list_calls,
    list_incidents,
    list_orders,
    list_owed,
    zone_of,
)
from gateways.api.scope import Scope

MOST_LINES = 20_000
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LONGEST_CELL = 2_000
Pair = tuple[str, str]
Lines = list[list[str]]

DISPOSITIONS: dict[str, Pair] = {
    "handled": ("已处置", "handled"),
    "false_alarm": ("误报", "false alarm"),
    "cancelled": ("已撤销", "cancelled"),
    "gone_on_arrival": ("到场已离开", "gone on arrival"),
    "unfounded": ("不属实", "unfounded"),
    "referred": ("已移送", "referred"),
    "drill": ("演练", "drill"),
    "merged": ("已合并", "merged"),
}
FOLLOW_UPS: dict[str, Pair] = {
    "feedback": ("反馈", "feedback"),
    "supervise": ("督办", "supervision"),
    "call_back": ("回访", "call back"),
    "referral": ("移送", "referral"),
    "archive": ("归档", "archive"),
}
CALL_KINDS: dict[str, Pair] = {
    "notice": ("通报", "notice"),
    "search": ("协查", "search"),
    "muster": ("点名", "muster"),
}
YES_NO: tuple[Pair, Pair] = (("否", "no"), ("是", "yes"))
TITLES: dict[str, Pair] = {
    "incidents": ("警情登记簿", "Incidents"),
    "orders": ("派警登记簿", "Orders"),
    "calls": ("通报点名登记簿", "Calls to many"),
    "follow_ups": ("督办事项登记簿", "Owed for incidents"),
}
HEADS: dict[str, tuple[Pair, ...]] = {
    "incidents": (
        ("警情编号", "incident"),
        ("报警时间", "raised"),
        ("类型", "type"),
        ("等级", "priority"),
        ("地点", "place"),
        ("辖区", "areas"),
        ("报警数", "alarms"),
        ("状态", "status"),
        ("首次派警", "first order"),
        ("首次到场", "first on scene"),
        ("结束时间", "closed"),
        ("处置结果", "disposition"),
        ("盘查人数", "checked"),
        ("抓获人数", "arrested"),
        ("追回车辆", "vehicles recovered"),
        ("救助群众", "citizens helped"),
    ),
    "orders": (
        ("指令编号", "order"),
        ("警情编号", "incident"),
        ("力量", "responder"),
        ("名称", "name"),
        ("任务", "role"),
        ("下达时间", "issued"),
        ("应答时间", "answered"),
        ("应答用时(秒)", "answer s"),
        ("预计到达(秒)", "ETA s"),
        ("状态", "status"),
        ("下达人", "by"),
    ),
    "calls": (
        ("编号", "call"),
        ("类别", "kind"),
        ("时间", "sent"),
        ("应答对象", "asked"),
        ("已读", "read"),
    ),
    "follow_ups": (
        ("警情编号", "incident"),
        ("类型", "type"),
        ("事项", "owed"),
        ("单位", "department"),
        ("期限", "due"),
        ("逾期", "overdue"),
    ),
}


class Ledger:
    """Tables of a period, in one language and the district's own time."""

    def __init__(
        self,
        board: Board,
        answers: Answers,
        scope: Scope | None,
        span: tuple[int, int],
        language: Language,
    ) -> None:
        book = board.district
        assert book is not None, "an engine that runs has a district"
        self._board = board
        self._answers = answers
        self._scope = scope
        self._span = span
        self._language = language
        self._zone = zone_of(book)
        self._types = {
            plan.type: plan.name_zh if language == "zh" else plan.name_en for plan in book.plans
        }
        self._areas = {area.id: area.name for area in book.areas}
        self._names = {str(unit.id): unit.name for unit in book.units}
        self._names |= {str(post.id): post.name for post in book.posts}
        self._names |= {str(gate.id): gate.name for gate in book.gates}

    def lines(self, name: str) -> Lines:
        """The head and the lines of one ledger, oldest first."""
        make: dict[str, Callable[[], Lines]] = {
            "incidents": self._incidents,
            "orders": self._orders,
            "calls": self._calls,
            "follow_ups": self._follow_ups,
        }
        head = [say(pair, self._language) for pair in HEADS[name]]
        return [head, *make[name]()[:MOST_LINES]]

    def title(self, name: str) -> str:
        """What a ledger is called."""
        return say(TITLES[name], self._language)

    def _word(self, table: dict[str, Pair], word: str | None) -> str:
        return "" if word is None else say(table.get(word, (word, word)), self._language)

    def _when(self, at_ms: int | None) -> str:
        return format_when(at_ms, self._zone)

    def _incidents(self) -> Lines:
        return [
            [
                row.id,
                self._when(row.raised_ms),
                self._types.get(row.type, row.type),
                str(row.priority),
                row.place_name,
                " / ".join(self._areas.get(area, area) for area in row.areas),
                str(len(row.alarms)),
                self._word(STATUSES, row.status),
                self._when(row.first_order_ms),
                self._when(row.first_on_scene_ms),
                self._when(row.closed_ms),
                self._word(DISPOSITIONS, row.disposition),
                str(row.outcomes.checked),
                str(row.outcomes.arrested),
                str(row.outcomes.vehicles_recovered),
                str(row.outcomes.citizens_helped),
            ]
            for row in list_incidents(self._board, self._scope, *self._span)
        ]

    def _orders(self) -> Lines:
        rows = list_incidents(self._board, self._scope, *self._span)
        lines = []
        for order in list_orders(self._board, rows):
            answered_ms = self._answers.find_ms(order.id)
            took_s = None if answered_ms is None else (answered_ms - order.issued_ms) / 1000
            lines.append(
                [
                    order.id,
                    order.serves,
                    order.responder,
                    self._names.get(order.responder, ""),
                    self._word(ROLES, order.role),
                    self._when(order.issued_ms),
                    self._when(answered_ms),
                    "" if took_s is None else f"{took_s:.1f}",
                    "" if order.eta_s is None else f"{order.eta_s:.0f}",
                    self._word(STATUSES, order.status),
                    order.by,
                ]
            )
        return lines

    def _calls(self) -> Lines:
        return [
            [
                one.id,
                self._word(CALL_KINDS, one.kind),
                self._when(one.sent_ms),
                str(one.asked),
                str(one.read),
            ]
            for one in reversed(list_calls(self._board, self._scope, *self._span))
        ]

    def _follow_ups(self) -> Lines:
        return [
            [
                one.incident,
                self._types.get(one.type, one.type),
                self._word(FOLLOW_UPS, one.kind),
                one.department or "",
                self._when(one.due_ms),
                say(YES_NO[one.overdue], self._language),
            ]
            for one in list_owed(self._board, self._scope)
        ]


def format_when(at_ms: int | None, zone: tzinfo) -> str:
    """`2026-05-01 08:00:05` in local time; empty for never."""
    if at_ms is None:
        return ""
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"


def write_csv(lines: Lines) -> bytes:
    """For any spreadsheet; nothing in it is a formula."""
    return as_csv([[clean(cell) for cell in line] for line in lines])


def write_xlsx(lines: Lines, title: str) -> bytes:
    """One sheet with a head that stays in sight; every cell is text, none a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for number, width in enumerate(_widths(lines)):
        sheet.column_dimensions[chr(ord("A") + number)].width = width
    for row, line in enumerate(lines):
        cells = []
        for text in line:
            cell = WriteOnlyCell(sheet, value=clean(text))
            cell.data_type = "s"
            if row == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def clean(text: str) -> str:
    """A text as a cell can hold it."""
    return UNPRINTABLE.sub(" ", text)[:LONGEST_CELL]


def _widths(lines: Lines) -> list[int]:
    """Room for the longest of the first lines, Chinese characters counted as two."""
    columns = zip(*lines[:200], strict=True)
    return [min(48, 2 + max(len(c.encode("gb18030", "replace")) for c in col)) for col in columns]
