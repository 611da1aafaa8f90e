"""What a process costs, read from /proc on Linux; on other systems nothing is known."""

import os
from pathlib import Path
from typing import NamedTuple

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """CPU seconds since the process began, resident MiB, open file handles."""

    cpu_s: float
    mib: float
    handles: int


def cost_of(pid: int | None) -> Cost | None:
    """What a process has used; None when it is not to be seen."""
    if pid is None:
        return None
    folder = Path(f"/proc/{pid}")
    try:
        after_name = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")
        fields = after_name[2].split()
        pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
        handles = sum(1 for _ in (folder / "fd").iterdir())
    except (OSError, IndexError, ValueError):
        return None
    cpu_s = (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return Cost(cpu_s, pages * os.sysconf("SC_PAGE_SIZE") / 2**20, handles)


def spent(before: Cost | None, after: Cost | None, seconds: float) -> dict[str, float] | None:
    """The share of a core between two looks, and what the process held at the second."""
    if before is None or after is None:
        return None
    return {
        "core_share": round((after.cpu_s - before.cpu_s) / seconds, 3),
        "cpu_s": round(after.cpu_s - before.cpu_s, 3),
        "mib": round(after.mib, 1),
        "handles": after.handles,
    }
