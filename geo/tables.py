"""Rows of a table of nodes or links, from CSV or Parquet, each column under one name."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pyarrow import ArrowException

LARGEST_FIELD = 1 << 20
ROWS_AT_ONCE = 10_000
ALSO_CALLED = {
    "x_coord": ("lon", "longitude"),
    "y_coord": ("lat", "latitude"),
    "from_node_id": ("u",),
    "to_node_id": ("v",),
    "facility_type": ("link_type_name", "highway", "class"),
}
"""Other names that planners and city surveys give a column, the first present is taken."""
COLUMNS = (
    "node_id", "x_coord", "y_coord", "osm_node_id", "link_id", "osm_way_id", "from_node_id",
    "to_node_id", "directed", "from_biway", "name", "facility_type", "free_speed", "geometry",
    "allowed_uses",
)  # fmt: skip
"""What an import asks of a table; the rest is not read."""

Row = dict[str, str]


class Table:
    """A file of rows: its columns by the names above; every value as text, '' for none."""

    def __init__(self, path: Path) -> None:
        """Read the names of the columns; raises ValueError when the file is no such table."""
        self.path = path
        self._parquet = path.suffix.lower() in {".parquet", ".pq"}
        held = self._held()
        self.called = {
            name: called
            for name in COLUMNS
            for called in [next((c for c in (name, *ALSO_CALLED.get(name, ())) if c in held), "")]
            if called
        }

    def _held(self) -> list[str]:
        if self._parquet:
            try:
                return [str(name) for name in pq.read_schema(self.path).names]
            except ArrowException as error:
                raise ValueError(f"{self.path}: not a Parquet table: {error}") from error
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            try:
                return next(csv.reader(file), [])
            except (csv.Error, UnicodeDecodeError) as error:
                raise ValueError(f"{self.path}: not a CSV table: {error}") from error

    def need(self, *names: str) -> None:
        """Raises ValueError, naming the file, when a column is missing."""
        missing = [name for name in names if name not in self.called]
        if missing:
            raise ValueError(f"{self.path}: has no column {', '.join(missing)}")

    def rows(self) -> Iterator[Row]:
        """All rows, in the order of the file."""
        return self._parquet_rows() if self._parquet else self._csv_rows()

    def _csv_rows(self) -> Iterator[Row]:
        csv.field_size_limit(LARGEST_FIELD)
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            try:
                for row in csv.DictReader(file):
                    yield {name: row[called] or "" for name, called in self.called.items()}
            except (csv.Error, UnicodeDecodeError) as error:
                raise ValueError(f"{self.path}: not a CSV table: {error}") from error

    def _parquet_rows(self) -> Iterator[Row]:
        with pq.ParquetFile(self.path) as file:
            columns = list(self.called.values())
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns):
                values = [
                    ["" if one is None else str(one) for one in batch.column(called).to_pylist()]
                    for called in columns
                ]
                for row in zip(*values, strict=True):
                    yield dict(zip(self.called, row, strict=True))
