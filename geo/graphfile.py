"""A file of named arrays, memory-mapped at start: a header of JSON, then aligned columns."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"S110GRF1"
ALIGN = 64
MAX_HEADER = 64 << 20
NEEDED = {
    "node_lonlat", "tail", "head", "base", "length_m", "name", "class", "shape_lonlat",
    "shape_xy", "shape_start", "car_s", "motorcycle_s", "foot_s", "into", "into_start",
}  # fmt: skip
"""Columns without which nobody can be routed; a file of an earlier version lacks some."""

Arrays = dict[str, npt.NDArray[Any]]


class GraphFileError(Exception):
    """A file that is not a graph of this version, or is cut short; the text names the file."""


def write_arrays(path: Path, arrays: Arrays, about: dict[str, Any]) -> None:
    """Write arrays and a JSON-able description; the file appears whole or not at all."""
    columns, offset = {}, 0
    for name, array in arrays.items():
        columns[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        offset += -(-array.nbytes // ALIGN) * ALIGN
    header = json.dumps({"columns": columns, "about": about}, ensure_ascii=False).encode()
    header += b" " * (-(len(header) + 16) % ALIGN)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as out:
        out.write(MAGIC + len(header).to_bytes(8, "little") + header)
        for array in arrays.values():
            out.write(np.ascontiguousarray(array).tobytes())
            out.write(b"\0" * (-array.nbytes % ALIGN))
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def read_arrays(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Map the arrays of a file read-only.

    Raises:
        GraphFileError: not a graph file of this version, or its columns run past its end.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(16)
        length = int.from_bytes(start[8:], "little")
        if start[:8] != MAGIC or length > min(size, MAX_HEADER):
            raise GraphFileError(f"{path}: not a road graph of this version; import it again")
        try:
            header = json.loads(file.read(length))
            missing = NEEDED - header["columns"].keys()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GraphFileError(f"{path}: its header is damaged; import it again") from error
    if missing:
        lacks = ", ".join(sorted(missing))
        raise GraphFileError(f"{path}: of an earlier version, without {lacks}; import it again")
    base = 16 + length
    arrays: Arrays = {}
    for name, column in header["columns"].items():
        shape, dtype = tuple(column["shape"]), np.dtype(column["dtype"])
        end = base + column["offset"] + dtype.itemsize * int(np.prod(shape))
        if end > size:
            raise GraphFileError(f"{path}: cut short at column {name}; import it again")
        if 0 in shape:
            arrays[name] = np.zeros(shape, dtype)
        else:
            arrays[name] = np.memmap(
                path, dtype=dtype, mode="r", offset=base + column["offset"], shape=shape
            )
    return arrays, header["about"]
