"""The hot list in memory: a million plates as sorted numbers, asked in well under a millisecond.

A question may hold up to two characters that could not be read (`?` or `*`), may lack the
province, and is also tried with one character taken for another that looks like it.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import product

import msgspec
import numpy as np

from dispatch.district import WantedPlate
from dispatch.hotlist_plates import (
    DOUBT,
    MOST_TAIL,
    PROVINCES,
    TAIL,
    TAIL_BITS,
    Codes,
    code,
    codes_of,
    decode,
    find_fault,
    normalise,
    skeleton,
    split,
)
from dispatch.problem import Problem

MOST_UNREAD = 2
MOST_HITS = 20
PLATE_HEADS = frozenset({"plate", "plate_no", "number", "车牌", "车牌号", "车牌号码", "号牌号码"})
REASON_HEADS = frozenset({"reason", "why", "原因", "事由", "协查原因", "布控原因"})


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A plate of the list that the question may mean.

    `doubt` says how sure: 0 the very plate; each unread character or missing province counts 1,
    a look-alike 2. `differs` are the places, from 0, at which plate and question differ.
    """

    plate: str
    reason: str
    doubt: int
    differs: tuple[int, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether the plate is the one that was asked for, character by character."""
        return self.doubt == 0


class HotList:
    """Plates and why they are wanted. Values that stand still; a new import makes a new list."""

    def __init__(self, wanted: Iterable[WantedPlate]) -> None:
        self.problems: list[str] = []
        reasons: dict[str, int] = {}
        rows: dict[str, int] = {}
        for one in wanted:
            plate = normalise(one.plate)
            fault = find_fault(plate)
            if fault is not None:
                self.problems.append(f"{one.plate}: {fault}")
                continue
            rows.setdefault(plate, reasons.setdefault(one.reason, len(reasons)))
        codes, skeletons = codes_of(list(rows))
        order = np.argsort(codes)
        self._codes: Codes = codes[order]
        self._why: Codes = np.fromiter(rows.values(), dtype=np.int64, count=len(rows))[order]
        skeletons = skeletons[order]
        self._by_skeleton: Codes = np.argsort(skeletons, kind="stable")
        self._skeletons: Codes = skeletons[self._by_skeleton]
        self._reasons = list(reasons)

    def __len__(self) -> int:
        return len(self._codes)

    def find(self, plate: str) -> Hit | None:
        """The plate itself, however it is written; None when it is not on the list."""
        asked = normalise(plate)
        if find_fault(asked) is not None:
            return None
        number = code(*split(asked))
        row = int(np.searchsorted(self._codes, number))
        if row == len(self._codes) or self._codes[row] != number:
            return None
        return Hit(plate=asked, reason=self._reason(row), doubt=0)

    def list_like(self, plate: str) -> list[Hit]:
        """All plates that the question may mean, the surest first; at most `MOST_HITS`.

        Empty for a question that says too little: more than two unread characters, or fewer than
        two that were read.
        """
        asked = normalise(plate)
        unread = asked.count(DOUBT)
        if unread > MOST_UNREAD or len(asked) - unread < 2:
            return []
        rows = {row for tail in _readings(asked) for row in self._rows_of(skeleton(tail))}
        hits = [self._judge(row, asked) for row in rows]
        found = [hit for hit in hits if hit is not None]
        found.sort(key=lambda hit: (hit.doubt, hit.plate))
        return found[:MOST_HITS]

    def _rows_of(self, number: int) -> Iterator[int]:
        start, end = np.searchsorted(self._skeletons, (number, number + 1))
        yield from self._by_skeleton[start:end].tolist()

    def _judge(self, row: int, asked: str) -> Hit | None:
        """How a plate of the list differs from the question; None where it is another one."""
        plate = decode(int(self._codes[row]))
        province, tail = split(plate)
        said, rest = _question(asked, tail)
        doubt = 0
        differs = []
        if province != said:
            if said not in ("", DOUBT):
                return None
            doubt += 1
            differs.append(0)
        shift = len(province)
        wrong = [i for i, (a, b) in enumerate(zip(tail, rest, strict=True)) if a != b]
        alike = [i for i in wrong if rest[i] != DOUBT]
        if len(alike) > 1:
            return None
        doubt += len(wrong) + len(alike)
        differs += [i + shift for i in wrong]
        return Hit(plate=plate, reason=self._reason(row), doubt=doubt, differs=tuple(differs))

    def _reason(self, row: int) -> str:
        return self._reasons[int(self._why[row])]


def _question(asked: str, tail: str) -> tuple[str, str]:
    """The question as province and tail, where the tail must be as long as `tail`."""
    said, rest = split(asked)
    if not said and len(rest) == len(tail) + 1:
        return rest[0], rest[1:]
    return said, rest


def _readings(asked: str) -> set[str]:
    """Every tail that the question may mean, unread characters filled in.

    An unread first character may be the province, so it is also left out.
    """
    said, rest = split(asked)
    tails = {rest}
    if not said and rest[:1] == DOUBT:
        tails.add(rest[1:])
    out: set[str] = set()
    for tail in tails:
        if not 2 <= len(tail) <= MOST_TAIL:
            continue
        choices = [_REPRESENTATIVES if one == DOUBT else one for one in tail]
        out.update("".join(one) for one in product(*choices))
    return {tail for tail in out if find_fault(tail) is None}


_REPRESENTATIVES = "".join({skeleton(one): one for one in reversed(TAIL)}.values())
"""One character of each class of look-alikes: the others share its skeleton."""

assert len(PROVINCES) < 1 << (62 - TAIL_BITS), "a plate fits a signed 64-bit number"


def read_plates(raw: bytes, file: str) -> tuple[list[WantedPlate], list[Problem]]:
    """A CSV of plates in UTF-8 or GBK with a header in English or Chinese, and what is wrong in it.

    Rows that are wrong are left out and named by line; a plate that stands twice keeps its first
    reason.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            return [], [Problem(file, 1, "file", f"neither UTF-8 nor GBK at byte {error.start}")]
    reader = csv.reader(io.StringIO(text, newline=""))
    plates: list[WantedPlate] = []
    problems: list[Problem] = []
    try:
        heads = [head.strip().casefold() for head in next(reader, [])]
        columns = [_column(heads, names) for names in (PLATE_HEADS, REASON_HEADS)]
        if columns[0] is None:
            return [], [Problem(file, 1, "plate", "expected a column named plate or 车牌号")]
        first: dict[str, int] = {}
        for row in reader:
            if any(cell.strip() for cell in row):
                _take(row, columns, (file, reader.line_num), (plates, problems, first))
    except csv.Error as error:
        problems.append(Problem(file, reader.line_num, "syntax", str(error)))
    return plates, problems


def _column(heads: list[str], names: frozenset[str]) -> int | None:
    return next((i for i, head in enumerate(heads) if head in names), None)


def _take(
    row: list[str],
    columns: list[int | None],
    where: tuple[str, int],
    into: tuple[list[WantedPlate], list[Problem], dict[str, int]],
) -> None:
    """One line of the file: a plate, or what is wrong with it."""
    plates, problems, first = into
    cells = [row[i].strip() if i is not None and i < len(row) else "" for i in columns]
    plate = normalise(cells[0])
    fault = "missing" if not plate else find_fault(plate)
    if fault is None and plate in first:
        fault = f"stands already at line {first[plate]}"
    if fault is not None:
        problems.append(Problem(*where, "plate", f"{fault} (found {cells[0][:20]!r})"))
        return
    first[plate] = where[1]
    plates.append(WantedPlate(plate=plate, reason=cells[1]))
