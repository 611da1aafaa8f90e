"""When all faults are over: what must still come true, and what must be true in the end."""

from dispatch.board import Board
from dispatch.journal_file import JournalReader
from dispatch.snapshot import rebuild
from dispatch.words import ORDER_ENDED, OrderId, OrderStatus
from simulator.faults.line import Line

RECALLED = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)


def find_unsettled(line: Line) -> str | None:
    """A promise that is not kept yet; None when all are."""
    life, board = line.life, line.witness.board
    if life is None or life.engine is None or not life.up:
        return "the engine does not come up"
    for name, terminal in line.terminals.items():
        for alarm in sorted(terminal.device._unreceipted):  # noqa: SLF001 - the device's own view
            return f"alarm {name}/{alarm} never got its receipt"
    heard = line.street.ledger
    for order in board.orders.values():
        if order.status not in ORDER_ENDED and order.id not in heard.orders:
            return f"order {order.id} neither reached {order.responder} nor expired"
        if order.recalled and order.id not in heard.recalled:
            return f"the recall of {order.id} neither reached {order.responder} nor ran out"
    return find_ghost(line) or (None if life.engine.quiet else "the engine does not come to rest")


def find_ghost(line: Line) -> str | None:
    """A responder who still works on an order that was taken back, and was not told."""
    board = line.witness.board
    for name, terminal in line.terminals.items():
        for number, task in terminal.device.tasks.items():
            known = board.orders.get(OrderId(number))
            stands = task.order is not None and task.over_s is None
            taken_back = known is not None and known.status in RECALLED
            if stands and taken_back and number not in line.witness.ran_out:
                return f"{name} still works on {number}, which was taken back"
    return None


def judge_end(line: Line) -> None:
    """Hold what the devices saw, what the file says and what the engine knows together."""
    witness, ledger = line.witness, line.street.ledger
    assert line.life is not None, "all is settled"
    assert line.life.engine is not None, "likewise"
    assert line.life.journal is not None, "likewise"
    for key, sent in ledger.alarms.items():
        if sent.incident is not None and witness.alarms.get(key) != sent.incident:
            witness.breach(f"{key} holds a receipt for {sent.incident}, on record is another")
    for order in sorted(set(ledger.orders) - set(witness.issued)):
        witness.breach(f"a device holds order {order}, which is not on record")
    for incident, responder, ids in ledger.list_second_orders():
        witness.breach(f"{responder} saw different orders for {incident}: {', '.join(ids)}")
    for order in sorted(ledger.changed):
        witness.breach(f"order {order} came with different contents")
    for key in sorted(ledger.changed_receipts):
        witness.breach(f"{key} got receipts of different incidents")
    for notice in sorted(witness.notices - witness.notices_sent):
        witness.breach(f"notice {notice} never left")
    for source, _, value, why in ledger.rejects:
        if why == "no such order for you":
            witness.breach(f"{source} answered order {value} and was told that there is none")
    live = line.life.engine.board
    witness.compare(live, "the live board")
    replayed, _ = rebuild(JournalReader(line.life.journal.path), use_snapshot=False)
    witness.compare(replayed, "the replayed board")
    witness.compare(Board.restore(live.dump()), "the restored board")
