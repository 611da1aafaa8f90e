"""The arithmetic of what the devices saw."""

import pytest

from simulator.ledger import Ledger, digest, percentile


def test_latency_joins_alarm_and_order_on_the_incident_whichever_came_first() -> None:
    ledger = Ledger()
    ledger.sent_alarm("P1", "a", 1.0)
    ledger.got_order("U1", "I1-1", "I1", b"{}", 1.004)
    ledger.got_receipt("P1", "a", "I1", 1.005)
    ledger.sent_alarm("P2", "a", 2.0)
    ledger.got_receipt("P2", "a", "I2", 2.001)
    ledger.got_order("U2", "I2-1", "I2", b"{}", 2.010)
    ledger.sent_alarm("P3", "b", 3.0)
    ledger.got_receipt("P3", "b", "I1", 3.001)
    assert ledger.list_latencies_ms() == pytest.approx([4.0, 10.0])
    figures = ledger.figures()
    assert figures["alarms_sent"] == 3
    assert figures["receipts_seen"] == 3
    assert figures["incidents_seen"] == 2
    assert figures["latency_ms"] == {"n": 2, "p50": 4.0, "p99": 10.0, "max": 10.0}


def test_a_resent_alarm_counts_from_its_first_sending() -> None:
    ledger = Ledger()
    ledger.sent_alarm("P1", "a", 1.0)
    ledger.sent_alarm("P1", "a", 3.0)
    ledger.got_receipt("P1", "a", "I1", 3.1)
    ledger.got_order("U1", "I1-1", "I1", b"{}", 3.2)
    assert ledger.list_latencies_ms() == pytest.approx([2_200.0])
    assert ledger.figures()["alarms_published"] == 2


def test_second_and_changed_orders_and_receipts_are_found() -> None:
    ledger = Ledger()
    assert ledger.got_order("U1", "I1-1", "I1", b'{"a":1,"b":2}', 1.0)
    assert not ledger.got_order("U1", "I1-1", "I1", b'{"b":2, "a":1}', 1.1)
    assert ledger.figures()["changed_orders"] == 0, "the order of keys says nothing"
    ledger.got_order("U1", "I1-1", "I1", b'{"a":1,"b":3}', 1.2)
    ledger.got_order("U1", "I1-2", "I1", b'{"a":1}', 1.3)
    ledger.sent_alarm("P1", "a", 1.0)
    ledger.got_receipt("P1", "a", "I1", 1.1)
    ledger.got_receipt("P1", "a", "I9", 1.2)
    ledger.got_receipt("P1", "zz", "I9", 1.2)
    figures = ledger.figures()
    assert (figures["changed_orders"], figures["second_orders"]) == (1, 1)
    assert ledger.list_second_orders() == [("I1", "U1", ("I1-1", "I1-2"))]
    assert (figures["changed_receipts"], figures["stray_receipts"]) == (1, 1)
    assert figures["orders_received"] == 4
    assert figures["orders_unique"] == 2


def test_percentiles_are_by_nearest_rank() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert [percentile(hundred, share) for share in (0.5, 0.99, 0.999, 1.0)] == [50, 99, 100, 100]
    assert percentile([7.0], 0.01) == 7.0


def test_a_body_that_is_not_json_is_told_apart_by_its_bytes() -> None:
    assert digest(b"\xff") != digest(b"\xfe")
