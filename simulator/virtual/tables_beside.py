"""Tables that stand in CSV files beside a scenario: units, atoms, matrices, recorded calls."""

import csv
from pathlib import Path

import msgspec
import numpy as np

from geo.types import FloatArray
from simulator.virtual.scenario import Atom, Law, ScenarioError, Unit


def read_rows(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV with a head line. Raises ScenarioError when it cannot be read."""
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
            return [
                {str(key).strip(): (value or "").strip() for key, value in row.items()}
                for row in csv.DictReader(lines)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{name}: {error}") from error


def number(row: dict[str, str], key: str, name: str) -> float:
    """A finite number of a row, or an error that names the file and column."""
    try:
        value = float(row[key])
    except (KeyError, ValueError) as error:
        raise ScenarioError(f"{name}: column {key!r} of {row} is not a number") from error
    if not np.isfinite(value):
        raise ScenarioError(f"{name}: column {key!r} of {row} is not finite")
    return value


def read_units(folder: Path, name: str) -> tuple[Unit, ...]:
    """Units from columns id, and any of x, y, home, count, mean_service, speed."""
    found: list[Unit] = []
    for row in read_rows(folder, name):
        at = (number(row, "x", name), number(row, "y", name)) if row.get("x") else None
        service = None
        if row.get("mean_service"):
            law = {
                "law": row.get("law") or "exponential",
                "mean": number(row, "mean_service", name),
            }
            if row.get("sd_service"):
                law["sd"] = number(row, "sd_service", name)
            service = msgspec.convert(law, Law)
        found.append(
            Unit(
                id=row.get("id") or str(len(found) + 1),
                count=int(row.get("count") or 1),
                home=row.get("home") or None,
                at=at,
                service=service,
                speed=number(row, "speed", name) if row.get("speed") else None,
            )
        )
    return tuple(found)


def read_atoms(folder: Path, name: str) -> tuple[Atom, ...]:
    """Atoms from columns id, rate, and any of x, y, preference (ids apart by spaces)."""
    return tuple(
        Atom(
            id=row.get("id") or str(place + 1),
            rate=number(row, "rate", name),
            at=(number(row, "x", name), number(row, "y", name)) if row.get("x") else None,
            preference=tuple((row.get("preference") or "").split()),
        )
        for place, row in enumerate(read_rows(folder, name))
    )


def read_matrix(folder: Path, name: str, shape: tuple[int, int]) -> FloatArray:
    """Numbers, a row a line; a head line and a first column of names are passed over."""
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if row]
        if rows and len(rows) == shape[0] + 1:
            rows = rows[1:]
        if rows and len(rows[0]) == shape[1] + 1:
            rows = [row[1:] for row in rows]
        matrix = np.array([[float(cell) for cell in row] for row in rows])
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{name}: {error}") from error
    if matrix.shape != shape:
        raise ScenarioError(f"{name} is {matrix.shape}, wanted {shape} (rows, columns)")
    return matrix
