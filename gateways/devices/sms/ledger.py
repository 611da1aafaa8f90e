"""Which orders went out as texts, by which of the centre's ids, and what came of them."""

from collections import OrderedDict
from enum import StrEnum

import msgspec

from gateways.devices.registry import Device
from gateways.devices.sms.text import DELIVERED, LOST, Receipt, id_forms

MAX_TEXTS = 10_000


class State(StrEnum):
    """How far a text has come."""

    WAITING = "waiting"
    QUEUED = "queued"
    SENT = "sent"
    ARRIVED = "arrived"
    FAILED = "failed"


class Text(msgspec.Struct, kw_only=True):
    """One text to one telephone: an order's, or with `recall` its end."""

    order: str
    device: Device
    recall: bool = False
    state: State = State.WAITING
    parts: int = 1
    arrived: int = 0

    @property
    def key(self) -> tuple[str, str, bool]:
        """One order goes once to one telephone."""
        return self.order, self.device.identity, self.recall


class Ledger:
    """A bounded number of texts; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[str, str, bool], Text] = OrderedDict()
        self._by_id: OrderedDict[str, Text] = OrderedDict()

    def find(self, order: str, device: Device, *, recall: bool = False) -> Text | None:
        """The text of an order on a telephone."""
        return self._texts.get((order, device.identity, recall))

    def begin(self, text: Text) -> None:
        """Remember a text before it is sent, in place of an earlier one that failed."""
        self._texts.pop(text.key, None)
        self._texts[text.key] = text
        while len(self._texts) > MAX_TEXTS:
            self._texts.popitem(last=False)

    def taken(self, text: Text, message_id: str) -> None:
        """The centre has taken one part, by this id."""
        if message_id:
            self._by_id[id_forms(message_id)[0]] = text
        while len(self._by_id) > MAX_TEXTS:
            self._by_id.popitem(last=False)

    def settle(self, receipt: Receipt) -> Text | None:
        """The text that a receipt brings to its end: all parts are there, or one is lost."""
        for given in receipt.ids:
            for name in id_forms(given):
                text = self._by_id.get(name)
                if text is not None:
                    return self._settle(text, name, receipt.state)
        return None

    def _settle(self, text: Text, name: str, state: str) -> Text | None:
        if state not in LOST | {DELIVERED}:
            return None
        del self._by_id[name]
        if state in LOST:
            text.state = State.FAILED
            return text
        text.arrived += 1
        if text.arrived < text.parts or text.state is State.FAILED:
            return None
        text.state = State.ARRIVED
        return text
