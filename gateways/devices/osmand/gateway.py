"""Phones with OsmAnd or the Traccar client: a small HTTP server of their own."""

import base64
import binascii
import ssl

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from dispatch.letters import Letter
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Alarm, Fix, Rejected
from gateways.devices.osmand.codec import MAX_BODY, Report, decode, same_secret
from gateways.devices.registry import Datum, Device, Protocol

log = structlog.get_logger(__name__)
NOBODY = "-"


class OsmandOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen; PEM files make it HTTPS."""

    host: str = "127.0.0.1"
    port: int = 5055
    certificate: str | None = None
    key: str | None = None


class OsmandGateway:
    """Answers 200 once what a request says is taken; an alarm, once it is durable."""

    def __init__(
        self,
        options: OsmandOptions,
        door: DeviceDoor,
        registry: CollectorRegistry,  # noqa: ARG002 - all gateways are made alike
    ) -> None:
        self._options = options
        self._door = door
        self._runner: web.AppRunner | None = None
        self.port = options.port

    async def start(self) -> None:
        """Begin to listen."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        tls = server_tls(self._options.certificate, self._options.key)
        site = web.TCPSite(self._runner, self._options.host, self._options.port, ssl_context=tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._runner is not None:
            await self._runner.cleanup()

    def send(self, letter: Letter) -> None:
        """This protocol has no way down: orders go to such a phone's carrier another way."""

    async def _take(self, request: web.Request) -> web.Response:
        if request.method not in {"GET", "POST"}:
            return web.Response(status=405)
        body = await request.read()
        now_ms = self._door.engine.now_ms()
        report = decode(request.raw_path, request.content_type, body, now_ms)
        device = self._find(report, request, now_ms)
        if isinstance(report.reading, Rejected):
            self._door.frames.labels(Protocol.OSMAND, report.reading.reason).inc()
            return web.Response(status=400, text=report.reading.detail)
        if device is None:
            self._door.frames.labels(Protocol.OSMAND, "refused").inc()
            return web.Response(status=403)
        if device.datum is not Datum.WGS84:
            report = decode(request.raw_path, request.content_type, body, now_ms, device.datum)
        await self._act(device, report)
        self._door.frames.labels(Protocol.OSMAND, "understood").inc()
        return web.Response()

    def _find(self, report: Report, request: web.Request, now_ms: int) -> Device | None:
        """The enrolled device when its token is the right one."""
        if report.identity is None:
            return None
        device = self._door.devices.find(Protocol.OSMAND, report.identity)
        if device is None:
            self._door.devices.refuse(
                Protocol.OSMAND, report.identity, request.remote or NOBODY, now_ms
            )
            return None
        if device.secret is None:
            return device
        shown = [report.token, token_in(request.headers.get("Authorization", ""))]
        return device if any(same_secret(one, device.secret) for one in shown) else None

    async def _act(self, device: Device, report: Report) -> None:
        assert not isinstance(report.reading, Rejected), "a rejected report is answered before"
        for one in report.reading.heard:
            if isinstance(one, Fix):
                self._door.take_fix(device, one)
        self._door.flush()
        for one in report.reading.heard:
            if isinstance(one, Alarm):
                await self._door.raise_alarm(device, one)


def token_in(authorization: str) -> str | None:
    """The bearer token, or the password of basic authentication."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.casefold() == "bearer":
        return rest.strip()
    if scheme.casefold() != "basic":
        return None
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return None


def server_tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """A server's TLS settings from PEM files; None without a certificate."""
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
