"""OwnTracks phones: those on the broker, and those that post over HTTP."""

import contextlib
import json

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from dispatch.letters import Letter, OrderLetter
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Fix, Reading, Rejected
from gateways.devices.osmand.codec import same_secret
from gateways.devices.osmand.gateway import server_tls, token_in
from gateways.devices.owntracks.codec import DEFAULT_BASE, MAX_PAYLOAD, decode, identity_of
from gateways.devices.registry import Device, Protocol
from gateways.mqtt.encode import Outgoing
from gateways.mqtt.link import Ack, Link, Listening, MqttOptions

log = structlog.get_logger(__name__)
WHERE_ARE_YOU = {"_type": "cmd", "action": "reportLocation"}
MAX_ASKED = 10_000


class OwntracksOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The topics' base, the broker (None: HTTP only), and where to listen (no port: MQTT only)."""

    base: str = DEFAULT_BASE
    broker: MqttOptions | None = None
    host: str = "127.0.0.1"
    port: int | None = 8083
    certificate: str | None = None
    key: str | None = None


class OwntracksGateway:
    """Positions in; down goes only the question where the phone is, when an order is on its way."""

    def __init__(
        self,
        options: OwntracksOptions,
        door: DeviceDoor,
        registry: CollectorRegistry,  # noqa: ARG002 - all gateways are made alike
    ) -> None:
        self._options = options
        self._door = door
        self._link: Link | None = None
        self._runner: web.AppRunner | None = None
        self._asked: dict[str, None] = {}
        self.port = options.port or 0

    async def start(self) -> None:
        """Connect to the broker and begin to listen, as far as each is configured."""
        options = self._options
        if options.broker is not None:
            topic = f"{options.base}/+/+"
            listening = Listening(
                client_id=options.broker.client_id, topics=[topic], qos=1, persistent=False
            )
            self._link = Link(options.broker, listening, self._hear, lambda: None)
            self._link.start()
        if options.port is None:
            return
        app = web.Application(client_max_size=MAX_PAYLOAD)
        app.router.add_post("/{path:.*}", self._posted)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        tls = server_tls(options.certificate, options.key)
        await web.TCPSite(self._runner, options.host, options.port, ssl_context=tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Leave the broker and close the server."""
        if self._link is not None:
            await self._link.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait_up(self) -> None:
        """Return once the broker has taken the subscription."""
        if self._link is not None:
            await self._link.up.wait()

    def send(self, letter: Letter) -> None:
        """An order itself goes another way; the phone is asked where it is."""
        if not isinstance(letter, OrderLetter):
            return
        order = letter.order
        for device in self._door.devices.of_responder(order.kind, order.responder):
            if device.protocol is not Protocol.OWNTRACKS:
                continue
            if len(self._asked) < MAX_ASKED:
                self._asked[device.identity] = None
            if self._link is not None:
                topic = f"{self._options.base}/{device.identity}/cmd"
                payload = json.dumps(WHERE_ARE_YOU).encode()
                self._link.publish(
                    Outgoing(kind="order", topic=topic, payload=payload, qos=1, owed=True)
                )

    def _hear(self, topic: str, payload: bytes, _: dict[str, object], ack: Ack) -> None:
        now_ms = self._door.engine.now_ms()
        identity = identity_of(topic, self._options.base)
        device = None
        if identity is not None:
            device = self._door.devices.find(Protocol.OWNTRACKS, identity)
            if device is None:
                self._door.devices.refuse(Protocol.OWNTRACKS, identity, "broker", now_ms)
        if device is None:
            self._door.frames.labels(Protocol.OWNTRACKS, "refused").inc()
        else:
            self._act(device, decode(payload, device, now_ms))
        ack()

    def _act(self, device: Device, reading: Reading) -> bool:
        if isinstance(reading, Rejected):
            self._door.frames.labels(Protocol.OWNTRACKS, reading.reason).inc()
            log.info("owntracks_rejected", device=device.identity, reason=reading.reason)
            return False
        for one in reading.heard:
            if isinstance(one, Fix):
                self._door.take_fix(device, one)
        self._door.frames.labels(Protocol.OWNTRACKS, "understood").inc()
        return True

    async def _posted(self, request: web.Request) -> web.Response:
        body = await request.read()
        now_ms = self._door.engine.now_ms()
        identity = _identity(request, body, self._options.base)
        if identity is None:
            self._door.frames.labels(Protocol.OWNTRACKS, "no_id").inc()
            return web.Response(status=400, text="X-Limit-U and X-Limit-D name user and device")
        device = self._door.devices.find(Protocol.OWNTRACKS, identity)
        if device is None:
            peer = request.remote or "-"
            self._door.devices.refuse(Protocol.OWNTRACKS, identity, peer, now_ms)
            self._door.frames.labels(Protocol.OWNTRACKS, "refused").inc()
            return web.Response(status=403)
        shown = token_in(request.headers.get("Authorization", ""))
        trusted = device.secret is not None and same_secret(shown, device.secret)
        reading = decode(body, device, now_ms, trusted=trusted)
        if not self._act(device, reading):
            refused = isinstance(reading, Rejected) and reading.reason in {"plain", "wrong_key"}
            return web.Response(status=403 if refused else 400)
        asked = device.identity in self._asked
        self._asked.pop(device.identity, None)
        return web.json_response([WHERE_ARE_YOU] if asked else [])


def _identity(request: web.Request, body: bytes, base: str) -> str | None:
    """User and device of a post: its headers, its query, or the topic in its message."""
    user = request.headers.get("X-Limit-U") or request.query.get("u")
    device = request.headers.get("X-Limit-D") or request.query.get("d")
    if user and device:
        return f"{user}/{device}"
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = msgspec.json.decode(body)
        if isinstance(found, dict) and isinstance(found.get("topic"), str):
            return identity_of(found["topic"], base)
    return None
