"""Every byte of a journal at rest, accounted for: what SQLite itself never looks at must be zero.

The hash chain covers what the records say. This covers the rest of the file (lengths, pointers,
unused ends of pages), so that not one flipped bit goes unseen. The journal is only ever added to,
hence there are no free pages and hardly a hole, and the rules are few. The format is described at
https://www.sqlite.org/fileformat2.html .
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec

from dispatch.journal_file import (
    APPLICATION_ID,
    FORMAT,
    PAGE_BYTES,
    SCHEMA,
    JournalDamagedError,
)

_HEADER = struct.Struct(">16sHBBBBBBIIIIIIIIIIII20xII")
_INTERIOR, _LEAF = 0x05, 0x0D
_LOCAL_MOST = PAGE_BYTES - 35
_LOCAL_LEAST = (PAGE_BYTES - 12) * 32 // 255 - 23
_PAGES_HELD = 4_096
"""Pages kept in memory before they are given back, so that a long file needs no more."""
_SQL = [text.strip() for text in SCHEMA.split(";") if text.strip()]
_WIDTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
"""Bytes of a column by its serial type, up to 9; above, the type itself holds the length."""


class _OddError(Exception):
    """A byte that is not as the format and our use of it want it."""


def check_pages(path: Path) -> None:
    """See that every byte of the file is as it was written; the log must have been folded in.

    Raises:
        JournalDamagedError: naming the page.
    """
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        walk = _Walk(data)
        try:
            walk.file()
        except _OddError as odd:
            what = f"page {walk.page} of the file: {odd}"
            raise JournalDamagedError(path, 0, what) from odd


class _Cell(msgspec.Struct, frozen=True):
    """One cell: where it begins and ends, its key, and the page to its left or its payload."""

    start: int
    end: int
    key: int
    left: int
    payload: bytes


class _Walk:
    """One walk over all pages of a file."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.pages = len(data) // PAGE_BYTES
        self.seen = bytearray(self.pages + 1)
        self.page = 1
        self.visited = 0

    def file(self) -> None:
        """The header, the trees, and that no page is left over."""
        self.header()
        roots = [_root_of(cell.payload, sql) for cell, sql in self.schema()]
        for root in roots:
            for _ in self.cells(root):
                pass
        over = self.seen.find(0, 1)
        if over > 0:
            self.page = over
            raise _OddError("it belongs to nothing")

    def header(self) -> None:
        """The first hundred bytes: all but the change counter are known beforehand."""
        need(len(self.data) % PAGE_BYTES == 0 and self.pages > 0, "the file ends inside a page")
        fields = _HEADER.unpack_from(self.data)
        need(fields[:8] == (b"SQLite format 3\0", PAGE_BYTES, 2, 2, 0, 64, 32, 32), "its head")
        changes, pages, *rest, valid_for, library = fields[8:]
        need(changes == valid_for, "its change counter")
        need(pages == self.pages, "the number of pages it names")
        need(rest == [0, 0, 2, 4, 0, 0, 1, FORMAT, 0, APPLICATION_ID], "its head")
        need(not any(self.data[72:92]), "its head")
        need(3_000_000 < library < 4_000_000, "the SQLite version it names")

    def schema(self) -> Iterator[tuple[_Cell, str]]:
        """The rows of the schema beside the text that each must have."""
        rows = list(self.cells(1))
        need(len(rows) == len(_SQL), "its tables")
        return zip(rows, _SQL, strict=True)

    def cells(self, root: int) -> Iterator[_Cell]:
        """All leaf cells of one table's tree, in order."""
        waiting = [(root, -(1 << 62), 1 << 62)]
        while waiting:
            page, low, high = waiting.pop()
            self.visit(page)
            start = (page - 1) * PAGE_BYTES + (100 if page == 1 else 0)
            kind, hole, count, content, strewn = struct.unpack_from(">BHHHB", self.data, start)
            need(kind in {_INTERIOR, _LEAF}, "its kind")
            # Where a full interior page was split, SQLite leaves holes and old pointers that
            # nobody reads: some hundred bytes in two thousand pages.
            bare = kind == _LEAF or page == root
            if bare:
                need(hole == 0 and strewn == 0, "holes in a page that never had any")
            cells = self.page_cells(page, start, (kind, count, content), bare=bare)
            below = []
            for cell in cells:
                need(low < cell.key <= high, "its records are out of order")
                below.append((cell.left, low, cell.key))
                low = cell.key
            if kind == _LEAF:
                yield from cells
                continue
            (right,) = struct.unpack_from(">I", self.data, start + 8)
            waiting.extend(reversed([*below, (right, low, high)]))

    def page_cells(
        self, page: int, start: int, head: tuple[int, int, int], *, bare: bool
    ) -> list[_Cell]:
        """The cells of one page, in order; with `bare` every other byte of it is zero."""
        kind, count, content = head
        base = (page - 1) * PAGE_BYTES
        pointers = start + (12 if kind == _INTERIOR else 8)
        need(pointers + 2 * count <= base + content <= base + PAGE_BYTES, "its count of records")
        offsets = struct.unpack_from(f">{count}H", self.data, pointers)
        read = self.interior if kind == _INTERIOR else self.leaf
        cells = []
        for offset in offsets:
            need(content <= offset < PAGE_BYTES - 3, "where its records begin")
            cells.append(read(base + offset))
        if bare:
            self.fills(cells, base + content, base + PAGE_BYTES)
            need(not any(self.data[pointers + 2 * count : base + content]), "its unused part")
        return cells

    def fills(self, cells: list[_Cell], begin: int, end: int) -> None:
        """See that cells lie side by side and leave nothing between `begin` and `end`."""
        for cell in sorted(cells, key=lambda one: one.start):
            need(cell.start == begin, "where its records begin")
            begin = cell.end
        need(begin == end, "where its records end")

    def interior(self, at: int) -> _Cell:
        """A pointer to the page that holds all keys up to this one."""
        (left,) = struct.unpack_from(">I", self.data, at)
        key, end = self.varint(at + 4)
        return _Cell(at, end, key, left, b"")

    def leaf(self, at: int) -> _Cell:
        """A record, whose end may stand on pages of its own."""
        size, begin = self.varint(at)
        key, begin = self.varint(begin)
        need(0 < size <= len(self.data), "the length of a record")
        local = size
        if size > _LOCAL_MOST:
            local = _LOCAL_LEAST + (size - _LOCAL_LEAST) % (PAGE_BYTES - 4)
            local = local if local <= _LOCAL_MOST else _LOCAL_LEAST
        payload = self.data[begin : begin + local]
        end = begin + local
        self.lengths(payload, size)
        if local < size:
            (following,) = struct.unpack_from(">I", self.data, end)
            end += 4
            self.overflow(following, size - local)
        return _Cell(at, max(end, at + 4), key, 0, payload)

    def lengths(self, payload: bytes, size: int) -> None:
        """See that the columns of a record fill it exactly, in the shortest form."""
        header, at = varint(payload, 0)
        total = header
        while at < header:
            kind, at = varint(payload, at)
            need(kind not in {10, 11}, "the kind of a column")
            total += _WIDTHS[kind] if kind < len(_WIDTHS) else (kind - 12) // 2
        need(at == header and total == size, "the length of a record")

    def overflow(self, page: int, left: int) -> None:
        """The pages that hold the end of a long record; the last is zero after it."""
        here = self.page
        while left > 0:
            self.visit(page)
            base = (page - 1) * PAGE_BYTES
            (page,) = struct.unpack_from(">I", self.data, base)
            end = base + 4 + min(left, PAGE_BYTES - 4)
            left -= PAGE_BYTES - 4
            need(left > 0 or page == 0, "a page after the last one of a record")
            need(not any(self.data[end : base + PAGE_BYTES]), "its unused part")
        self.page = here

    def visit(self, page: int) -> None:
        """Take a page; none belongs to two owners."""
        need(0 < page <= self.pages, "it names a page that does not exist")
        self.page = page
        need(not self.seen[page], "it has two owners")
        self.seen[page] = 1
        self.visited += 1
        if self.visited % _PAGES_HELD == 0:
            self.data.madvise(mmap.MADV_DONTNEED)

    def varint(self, at: int) -> tuple[int, int]:
        """A number of one to nine bytes and where it ends."""
        value, size = varint(self.data[at : at + 9], 0)
        return value, at + size


def need(right: bool, what: str) -> None:
    """Say `what` is wrong unless it is right."""
    if not right:
        raise _OddError(what)


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """SQLite's number of one to nine bytes, and where it ends; only its shortest form is right."""
    value = 0
    for count, byte in enumerate(raw[at : at + 8], 1):
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            need(count == 1 or value >> 7 * (count - 1) > 0, "a number that is too long")
            return value, at + count
    raise _OddError("a number that is too long")


def _root_of(payload: bytes, sql: str) -> int:
    """The root page that a row of the schema names; its text must be the one we gave."""
    size, at = varint(payload, 0)
    kinds = []
    while at < size:
        kind, at = varint(payload, at)
        kinds.append(kind)
    need(len(kinds) == 5, "its tables")
    values = []
    for kind in kinds:
        width = _WIDTHS[kind] if kind < len(_WIDTHS) else (kind - 12) // 2
        values.append(int(kind == 9) if kind in {8, 9} else payload[at : at + width])
        at += width
    name = sql.split()[2].encode()
    need(values[:3] == [b"table", name, name] and values[4] == sql.encode(), "its tables")
    root = values[3]
    return root if isinstance(root, int) else int.from_bytes(root, "big")
