"""The shortened fault run; the full one is `make faults`."""

import asyncio
from pathlib import Path

from tests.faults import SHORT, Faults


def test_no_alarm_is_lost_and_no_order_doubled_under_kills(tmp_path: Path) -> None:
    seen = asyncio.run(Faults(tmp_path, SHORT).run())
    assert seen["alarms"] == SHORT.alarms
