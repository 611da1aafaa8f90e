"""A short message centre for tests: the server of smpp34, another implementation than ours."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Self

import smpp34

from tests.mqtt_lab import free_port, until

THROTTLED = 0x58
CODE = re.compile(r"1 (\d{5})")


class Centre:
    """Takes texts for telephones and keeps them; delivers what telephones write."""

    def __init__(self) -> None:
        self.port = free_port()
        self.texts: list[Any] = []
        self.refusals: list[int] = []
        self.binds = 0
        self._esme: Any = None
        self._server: Any = None

    async def __aenter__(self) -> Self:
        self._server = smpp34.Server("127.0.0.1", self.port, system_id="centre")
        await self._server.start()
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._server.stop()

    async def leave(self) -> None:
        """End the session, as centres do before they are restarted."""
        esme, self._esme = self._esme, None
        await esme.unbind()

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                self._esme = event
                self.binds += 1
            elif isinstance(event, smpp34.SubmitSmEvent):
                if self.refusals:
                    event.reject(self.refusals.pop(0))
                    continue
                self.texts.append(event)
                event.accept(message_id=f"{len(self.texts) + 0xA0:x}")

    async def say(self, number: str, text: str) -> int:
        """A telephone writes; returns the status that it was answered with."""
        return await self.deliver(number, text.encode("utf-16-be"), data_coding=8)

    async def deliver(self, number: str, content: bytes, **fields: Any) -> int:
        await until(lambda: self._esme)
        answer = await self._esme.deliver_sm(
            "110", content, source_addr=number, source_addr_ton=1, source_addr_npi=1, **fields
        )
        status: int = answer.command_status
        return status

    async def receipt(self, text: int, state: str = "DELIVRD") -> int:
        """What became of a text, its id in decimal where it was given in hex."""
        words = f"id:{text + 0xA1} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001"
        return await self.deliver(
            "8613800000001", f"{words} stat:{state} err:000 text:".encode(), esm_class=4
        )

    def words(self, first: int = 0, to: str = "") -> str:
        """What was written since a text, perhaps to one number, long messages put together."""
        found = []
        for one in self.texts[first:]:
            if to not in ("", one.destination_addr):
                continue
            content = one.short_message
            if one.esm_class & 0x40:
                content = content[content[0] + 1 :]
            found.append(content.decode("utf-16-be" if one.data_coding == 8 else "ascii"))
        return "".join(found)

    async def hear(self, find: Callable[[str], object], first: int = 0) -> str:
        await until(lambda: find(self.words(first)))
        return self.words(first)

    async def code(self) -> str:
        """The answer code of the order that has come."""
        told = await self.hear(CODE.search)
        found = CODE.search(told)
        assert found is not None
        return found[1]
