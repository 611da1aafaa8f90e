"""One connected TAK client: who it is, what it is sent, how much may wait for it."""

import asyncio
import contextlib
import ssl

from dispatch.words import OrderId
from gateways.devices.registry import Device
from gateways.devices.tak.encode import as_protobuf
from gateways.devices.tak.framing import Framer

MAX_WAITING = 1 << 20
"""Bytes that may wait for a client that does not read; above it, it is dropped."""


class Client:
    """Writes never block; a client that does not read is closed and gets what is owed again."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "-"
        self.framer = Framer()
        self.device: Device | None = None
        self.uid = ""
        self.callsign = ""
        self.order: OrderId | None = None
        self.protobuf = False
        self.closing = False
        self.certificate: bytes = b""
        self.common_name = ""
        self._writer = writer
        tls = writer.get_extra_info("ssl_object")
        if isinstance(tls, ssl.SSLObject):
            self.certificate = tls.getpeercert(binary_form=True) or b""
            shown = tls.getpeercert() or {}
            for part in shown.get("subject", ()):
                self.common_name = dict(part).get("commonName", self.common_name)  # type: ignore[arg-type]  # typed as strings only

    def send(self, xml: bytes) -> None:
        """One event, in the form this client asked for."""
        if self.closing:
            return
        if self._writer.transport.get_write_buffer_size() > MAX_WAITING:
            self.close()
            return
        self._writer.write(as_protobuf(xml) if self.protobuf else xml + b"\n")

    def close(self) -> None:
        """End the connection."""
        self.closing = True
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()
