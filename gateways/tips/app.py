"""The webhook: `POST /tips/v1/messages`, signed by an enrolled bridge, answered with what to say.

Headers: `X-Street110-Bridge`, `X-Street110-Time` (epoch ms), `X-Street110-Signature` (hex of
HMAC-SHA256 over `<time>.<body>`). 200 has the reply; 400 what is wrong with the message; 401 a
signature that is not accepted; 409 one that was used before.
"""

import jieba  # type: ignore[import-untyped]
import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from gateways.tips.signature import Gatekeeper, Refusal
from gateways.tips.talk import Door, Message, Talk

PATH = "/tips/v1/messages"
MOST_BODY = 16 << 10


class TipApp:
    """The web side of the tips; mount its `routes` in an application of your own."""

    def __init__(
        self, talk: Talk, door: Door, keeper: Gatekeeper, registry: CollectorRegistry
    ) -> None:
        self._talk = talk
        self._door = door
        self._keeper = keeper
        self._decoder = msgspec.json.Decoder(Message)
        self._taken = Counter(
            "street110_tips", "Messages of tip bridges by what became of them", ["result"],
            registry=registry,
        )  # fmt: skip
        self.routes = [web.post(PATH, self.take)]

    def make_app(self) -> web.Application:
        """An application that serves the tips alone."""
        app = web.Application(client_max_size=MOST_BODY)
        app.add_routes(self.routes)
        return app

    async def take(self, request: web.Request) -> web.Response:
        """One message of a bridge."""
        body = await request.read()
        head = request.headers
        bridge = head.get("X-Street110-Bridge", "")
        refused = self._keeper.check(
            bridge,
            head.get("X-Street110-Time", ""),
            head.get("X-Street110-Signature", ""),
            body,
            self._door.now_ms(),
        )
        if refused is not None:
            self._taken.labels(refused.value).inc()
            status = 409 if refused is Refusal.REPLAYED else 401
            return web.json_response({"error": refused.value}, status=status)
        try:
            message = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._taken.labels("bad_message").inc()
            return web.json_response({"error": str(error)}, status=400)
        reply = await self._talk.take(bridge, message)
        self._taken.labels(reply.state).inc()
        return web.Response(body=msgspec.json.encode(reply), content_type="application/json")


def load_common_words() -> dict[str, int]:
    """Words of Chinese with their counts, from the dictionary that comes with jieba (MIT)."""
    cutter = jieba.Tokenizer()
    words, _ = cutter.gen_pfdict(cutter.get_dict_file())
    return dict(words)
