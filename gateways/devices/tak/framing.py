"""A TAK stream cut into frames: XML until both sides agreed on protobuf, and either accepted."""

from gateways.devices.heard import Rejected
from gateways.devices.tak.cot import MAGIC, MAX_EVENT, read_varint

END = b"</event>"
BLANK = b" \t\r\n\0"


class Framer:
    """Keeps at most one unfinished frame; what outgrows it ends the stream."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._seen = 0
        self.broken: Rejected | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now; none any more once the stream is broken."""
        frames: list[bytes] = []
        if self.broken is not None:
            return frames
        self._kept += data
        while (frame := self._take()) is not None:
            frames.append(frame)
        if len(self._kept) > MAX_EVENT and self.broken is None:
            self.broken = Rejected(reason="too_long", detail=f"no end within {MAX_EVENT} bytes")
        if self.broken is not None:
            self._kept.clear()
        return frames

    def _take(self) -> bytes | None:
        kept = self._kept
        blank = len(kept) - len(kept.lstrip(BLANK))
        if blank:
            del kept[:blank]
            self._seen = 0
        if not kept or self.broken is not None:
            return None
        return self._take_protobuf() if kept[0] == MAGIC else self._take_xml()

    def _take_protobuf(self) -> bytes | None:
        length, size = read_varint(self._kept, 1)
        if length is None:
            if size == 4:
                self.broken = Rejected(reason="length", detail="the length has no end")
            return None
        if length > MAX_EVENT:
            self.broken = Rejected(reason="too_long", detail=f"a frame of {length} bytes")
            return None
        return self._cut(1 + size + length) if len(self._kept) >= 1 + size + length else None

    def _take_xml(self) -> bytes | None:
        if self._kept[0] != ord("<"):
            self.broken = Rejected(reason="not_xml", detail="neither XML nor protobuf")
            return None
        found = self._kept.find(END, max(0, self._seen - len(END)))
        if found < 0:
            self._seen = len(self._kept)
            return None
        return self._cut(found + len(END))

    def _cut(self, size: int) -> bytes:
        frame = bytes(self._kept[:size])
        del self._kept[:size]
        self._seen = 0
        return frame
