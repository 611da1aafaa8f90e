"""The muster as a table that is hung up: in Chinese or English, worst first, as text or CSV."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping

from dispatch.muster import Measured, Weight
from dispatch.words import ResponderId

HEADS = (
    ("responder", "力量", "responder"),
    ("shift", "班次", "shift"),
    ("asked", "抽查", "called"),
    ("answered", "应答", "answered"),
    ("share", "按时应答率", "in time"),
    ("p50", "应答中位(秒)", "p50 s"),
    ("p90", "应答90%(秒)", "p90 s"),
    ("silent", "无应答", "silent"),
    ("arrival", "按时到位率", "arrived in time"),
    ("sign_on", "按时签到率", "signed on in time"),
    ("weight", "权重", "weight"),
)
TOTAL = ("合计", "all")


def table(
    rows: Iterable[Measured],
    weights: Mapping[ResponderId, Weight],
    names: Mapping[str, str],
    *,
    zh: bool,
) -> list[list[str]]:
    """The head, the rows with the least answered first, and the total last."""
    listed = list(rows)
    body = [row for row in listed if row.responder]
    body.sort(key=_badness)
    total = [row for row in listed if not row.responder]
    head = [pair[1 if zh else 2] for pair in HEADS]
    return [head, *(_line(row, weights, names, zh=zh) for row in (*body, *total))]


def _badness(row: Measured) -> tuple[float, float, str, str]:
    share = 1.0 if row.answer_share is None else row.answer_share
    signed = 1.0 if row.sign_on_share is None else row.sign_on_share
    return share, signed, row.responder, row.shift


def _line(
    row: Measured, weights: Mapping[ResponderId, Weight], names: Mapping[str, str], *, zh: bool
) -> list[str]:
    total = TOTAL[0 if zh else 1]
    name = names.get(row.responder, "")
    weight = weights.get(ResponderId(row.responder)) if not row.shift else None
    return [
        f"{row.responder} {name}".strip() or total,
        row.shift or total,
        str(row.asked),
        str(row.answered),
        _share(row.answer_share),
        _seconds(row.answer_p50_s),
        _seconds(row.answer_p90_s),
        str(row.silent),
        _share(row.arrival_share),
        _share(row.sign_on_share),
        "" if weight is None else f"{weight.share:.2f}",
    ]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def as_text(lines: list[list[str]]) -> str:
    """Columns under each other, Chinese characters counted as two wide."""
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(
            cell + " " * (wide - _width(cell)) for cell, wide in zip(line, widths, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def as_csv(lines: list[list[str]]) -> bytes:
    """For a spreadsheet: UTF-8 with the mark that spreadsheets look for; no cell is a formula."""
    out = io.StringIO(newline="")
    safe = [[f"'{cell}" if cell[:1] in "=+@" and cell else cell for cell in line] for line in lines]
    csv.writer(out).writerows(safe)
    return out.getvalue().encode("utf-8-sig")
