"""Rosters as departments keep them: a TOML file, or a CSV table, with errors by file and line.

TOML has `[[shift]]` (id, name, begin = "20:00", end = "08:00") and `[[duty]]`. A CSV has one duty
a line under a header in English or Chinese, its shift named or written as `20:00-08:00`.
"""

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from dispatch.district_lines import toml_key_line, toml_lines
from dispatch.problem import Problem
from dispatch.shifts import Duty, Roster, Shift

HEADS = {
    "responder": "responder", "单位": "responder", "警力": "responder", "编号": "responder",
    "shift": "shift", "班次": "shift",
    "weekdays": "weekdays", "星期": "weekdays",
    "date": "on_date", "on_date": "on_date", "日期": "on_date",
    "from": "from_date", "from_date": "from_date", "起": "from_date", "开始日期": "from_date",
    "to": "to_date", "to_date": "to_date", "止": "to_date", "结束日期": "to_date",
    "every_days": "every_days", "轮转天数": "every_days",
    "off": "off", "休": "off", "休息": "off",
    "capabilities": "capabilities", "能力": "capabilities",
    "crew": "crew", "人员": "crew",
}  # fmt: skip
TRUE = frozenset({"1", "yes", "true", "y", "是", "休"})
SPAN = re.compile(r"([0-2]?\d)[:：]([0-5]\d)\s*[-–~至]\s*([0-2]?\d)[:：]([0-5]\d)")
CLOCK = re.compile(r"([0-2]?\d)[:：]([0-5]\d)")
_ZH_DAYS = {character: number for number, character in enumerate("一二三四五六日", 1)} | {"天": 7}
PATH = re.compile(r" - at `\$\.?([A-Za-z_]*)")


def minute_of(text: str) -> int:
    """Minutes after midnight of `HH:MM`.

    Raises:
        ValueError: not such a time.
    """
    found = CLOCK.fullmatch(text.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not 0 <= minutes <= 1_440:
        raise ValueError(f"expected HH:MM (found {text[:20]!r})")
    return minutes


def weekdays_of(text: str) -> frozenset[int]:
    """Days of `1-5`, `1,3,7`, `一至五` or `周六 周日`.

    Raises:
        ValueError: not days.
    """
    plain = re.sub(r"[周星期]", "", text.strip())
    for character, number in _ZH_DAYS.items():
        plain = plain.replace(character, str(number))
    days: set[int] = set()
    for part in re.split(r"[,，、;；\s]+", plain):
        found = re.fullmatch(r"([1-7])(?:[-–~至到]([1-7]))?", part)
        if found is None:
            raise ValueError(f"expected weekdays 1-7 (found {text[:20]!r})")
        first, last = int(found[1]), int(found[2] or found[1])
        days |= {(first - 1 + i) % 7 + 1 for i in range((last - first) % 7 + 1)}
    return frozenset(days)


def iso_date(text: str) -> str:
    """`2026/1/5` and `2026年1月5日` as `2026-01-05`; anything else as it is."""
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text.strip())
    return text if found is None else f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"


def read_roster(
    text: str, file: str, responders: frozenset[str], offset_min: int
) -> tuple[Roster | None, list[Problem]]:
    """The roster of a TOML text, or None, and all that is wrong with it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        return None, [Problem(file, int(line[1]) if line else 1, "syntax", str(error))]
    reader = _Reader(file, text, responders)
    for key in raw.keys() - {"shift", "duty"}:
        line_of = toml_key_line(text, 0, key)
        reader.problems.append(Problem(file, line_of, key, "expected [[shift]] and [[duty]]"))
    shifts = reader.tables(raw.get("shift", []), "shift")
    duties = reader.tables(raw.get("duty", []), "duty")
    return reader.finish(shifts, duties, offset_min)


def read_roster_csv(
    raw: bytes,
    file: str,
    responders: frozenset[str],
    offset_min: int,
    shifts: tuple[Shift, ...] = (),
) -> tuple[Roster | None, list[Problem]]:
    """The roster of a CSV in UTF-8 or GBK; `shifts` are those that lines may name."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    reader = _Reader(file, text, responders)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    duties: list[tuple[int, Duty]] = []
    found = {shift.id: shift for shift in shifts}
    try:
        heads = {head: HEADS.get((head or "").strip().casefold()) for head in rows.fieldnames or ()}
        if not {"responder", "shift"} <= set(heads.values()):
            problem = Problem(file, 1, "header", "expected columns responder/警力 and shift/班次")
            return None, [problem]
        for row in rows:
            line = rows.line_num
            cells = {key: (row[head] or "").strip() for head, key in heads.items() if key}
            if not any(cells.values()):
                continue
            duty = reader.duty_of(cells, line, found)
            if duty is not None:
                duties.append((line, duty))
    except csv.Error as error:
        reader.problems.append(Problem(file, rows.line_num, "syntax", str(error)))
    return reader.finish([(0, one) for one in found.values()], duties, offset_min)


class _Reader:
    """Collects shifts and duties with their lines, and what is wrong with them."""

    def __init__(self, file: str, text: str, responders: frozenset[str]) -> None:
        self.file = file
        self.text = text
        self.responders = responders
        self.problems: list[Problem] = []

    def tables(self, rows: Any, name: str) -> list[tuple[int, Any]]:
        """The `[[name]]` tables with the line on which each begins."""
        if not isinstance(rows, list):
            self.problems.append(Problem(self.file, 1, name, f"expected [[{name}]] tables"))
            return []
        lines = toml_lines(self.text)
        found = []
        for number, row in enumerate(rows):
            line = lines.get((name, number), 1)
            value = self._shift(row, line) if name == "shift" else self._convert(row, Duty, line)
            if value is not None:
                found.append((line, value))
        return found

    def _shift(self, row: dict[str, Any], line: int) -> Shift | None:
        fields = dict(row)
        for key, into in (("begin", "begin_min"), ("end", "end_min")):
            try:
                fields[into] = minute_of(str(fields.pop(key, "")))
            except ValueError as error:
                at = toml_key_line(self.text, line, key)
                self.problems.append(Problem(self.file, at, key, str(error)))
                return None
        shift: Shift | None = self._convert(fields, Shift, line)
        return shift

    def duty_of(self, cells: Mapping[str, str], line: int, shifts: dict[str, Shift]) -> Duty | None:
        """One line of a CSV; a shift written as its hours is made when it is first met."""
        fields: dict[str, Any] = {key: value for key, value in cells.items() if value}
        try:
            if "weekdays" in fields:
                fields["weekdays"] = sorted(weekdays_of(fields["weekdays"]))
            span = SPAN.fullmatch(fields.get("shift", ""))
            if span is not None:
                begin = minute_of(f"{span[1]}:{span[2]}")
                end = minute_of(f"{span[3]}:{span[4]}")
                name = f"{begin // 60:02}{begin % 60:02}-{end // 60:02}{end % 60:02}"
                shifts.setdefault(name, Shift(id=name, name=name, begin_min=begin, end_min=end))
                fields["shift"] = name
        except ValueError as error:
            key = "weekdays" if "weekdays" in str(error) else "shift"
            self.problems.append(Problem(self.file, line, key, str(error)))
            return None
        for key in ("capabilities", "crew"):
            if key in fields:
                fields[key] = re.split(r"[\s,，、;；]+", fields[key])
        for key in ("on_date", "from_date", "to_date"):
            if key in fields:
                fields[key] = iso_date(fields[key])
        if "off" in fields:
            fields["off"] = fields["off"].casefold() in TRUE
        duty: Duty | None = self._convert(fields, Duty, line)
        return duty

    def _convert(self, row: Any, kind: type[Any], line: int) -> Any:
        try:
            return msgspec.convert(row, kind, strict=False, builtin_types=(date,))
        except msgspec.ValidationError as error:
            text = str(error)
            path = PATH.search(text)
            quoted = re.search(r"field `([^`]+)`", text)
            key = (path[1] if path else "") or (quoted[1] if quoted else "") or "table"
            at = toml_key_line(self.text, line, key) if self.file.endswith(".toml") else line
            what = text.split(" - at", maxsplit=1)[0]
            self.problems.append(Problem(self.file, at, key, what))
            return None

    def finish(
        self, shifts: list[tuple[int, Shift]], duties: list[tuple[int, Duty]], offset_min: int
    ) -> tuple[Roster | None, list[Problem]]:
        """The roster when nothing is wrong; checks what the rows say of each other."""
        broken = bool(self.problems)
        known: dict[str, int] = {}
        for line, shift in shifts:
            if shift.id in known:
                what = f"{shift.id} stands already at line {known[shift.id]}"
                self.problems.append(Problem(self.file, line, "id", what))
            known.setdefault(shift.id, line)
        for line, duty in duties:
            if duty.shift not in known and not broken:
                self.problems.append(Problem(self.file, line, "shift", f"no shift {duty.shift}"))
            if duty.responder not in self.responders:
                what = f"no responder {duty.responder} in the district"
                self.problems.append(Problem(self.file, line, "responder", what))
            if duty.from_date and duty.to_date and duty.to_date < duty.from_date:
                self.problems.append(Problem(self.file, line, "to_date", "before from_date"))
        if self.problems:
            return None, sorted(self.problems)
        return Roster(
            shifts=tuple(shift for _, shift in shifts),
            duties=tuple(duty for _, duty in duties),
            offset_min=offset_min,
        ), []
