"""A TAK server for the enrolled: positions, alerts and answers in; orders and the picture out."""

import asyncio
import hashlib
import ssl
from collections import OrderedDict

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from dispatch.letters import Letter, OrderLetter, Recall
from dispatch.ports import Positions
from dispatch.words import OrderId, ResponderId, ResponderKind
from gateways.devices.door import DeviceDoor
from gateways.devices.heard import Alarm, AlarmState, Answered, Fix, Rejected, Reply, Said
from gateways.devices.registry import Device, Protocol, fold
from gateways.devices.tak import encode
from gateways.devices.tak.client import Client
from gateways.devices.tak.codec import decode
from gateways.devices.tak.picture import Picture

log = structlog.get_logger(__name__)
READ_SIZE = 16 * 1024
QUIET_S = 120.0
"""A client that says nothing for so long is gone; TAK clients ping every few seconds."""
UNNAMED_S = 30.0
"""A connection must say who it is within this."""
MAX_CLIENTS = 2_000
MAX_PER_ADDRESS = 200
PICTURE_EVERY_S = 5.0
ALERT_LASTS_MS = 600_000
"""An alert repeated within this time of its last repetition is the same alert."""
ACCEPT = frozenset({"1", "接受", "收到", "ok", "accept", "yes", "y", "roger"})
REFUSE = frozenset({"2", "拒绝", "no", "refuse", "n"})


class TakOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen. With `ca`, clients must show a certificate that bears their uid."""

    host: str = "127.0.0.1"
    port: int = 8087
    certificate: str | None = None
    key: str | None = None
    ca: str | None = None


class TakGateway:
    """One server; every connection belongs to one enrolled uid."""

    def __init__(
        self,
        options: TakOptions,
        door: DeviceDoor,
        registry: CollectorRegistry,  # noqa: ARG002 - all gateways are made alike
        positions: Positions | None = None,
    ) -> None:
        self._options = options
        self._door = door
        self._server: asyncio.Server | None = None
        self._clients: set[Client] = set()
        self._named: dict[tuple[ResponderKind, ResponderId], set[Client]] = {}
        self._alerts: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._picture = Picture(door.engine, positions)
        self._painter: asyncio.Task[None] | None = None
        self.port = options.port

    async def start(self) -> None:
        """Begin to listen."""
        options = self._options
        self._server = await asyncio.start_server(
            self._serve, options.host, options.port, ssl=_tls(options), limit=READ_SIZE
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._painter = asyncio.create_task(self._paint(), name="tak_picture")

    async def stop(self) -> None:
        """Close all connections."""
        if self._painter is not None:
            self._painter.cancel()
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.close()
        while self._clients:  # noqa: ASYNC110 - each ends when its reader notices
            await asyncio.sleep(0.005)

    def send(self, letter: Letter) -> None:
        """Orders and recalls to the clients of their responder."""
        match letter:
            case OrderLetter():
                whom = (letter.order.kind, letter.order.responder)
            case Recall():
                whom = (letter.kind, letter.responder)
            case _:
                return
        for client in self._named.get(whom, ()):
            self._send_to(client, letter)

    def _send_to(self, client: Client, letter: Letter) -> None:
        now_ms = self._door.engine.now_ms()
        to = (client.uid, client.callsign or client.uid)
        match letter:
            case OrderLetter():
                order = letter.order
                client.order = order.id
                text = encode.order_text(order)
                client.send(encode.chat(order.id, text, to, now_ms, order.expires_ms))
            case Recall():
                key = f"{letter.order}-recall"
                text = f"[{letter.incident}] 指令撤回 recalled: {letter.reason}"
                client.send(encode.chat(key, text, to, now_ms, letter.expires_ms))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        same = sum(other.address == client.address for other in self._clients)
        if len(self._clients) >= MAX_CLIENTS or same >= MAX_PER_ADDRESS:
            client.close()
            return
        self._clients.add(client)
        try:
            client.send(encode.offer_protobuf(self._door.engine.now_ms()))
            while not client.closing:
                async with asyncio.timeout(QUIET_S if client.device else UNNAMED_S):
                    data = await reader.read(READ_SIZE)
                if not data or not await self._hear(client, data):
                    break
        except (OSError, TimeoutError, ssl.SSLError) as error:
            log.info("tak_lost", uid=client.uid, error=repr(error))
        finally:
            self._clients.discard(client)
            if client.device is not None:
                whom = (client.device.kind, client.device.responder)
                self._named.get(whom, set()).discard(client)
            client.close()

    async def _hear(self, client: Client, data: bytes) -> bool:
        """Act on what came; False ends the connection."""
        for frame in client.framer.feed(data):
            if not await self._take(client, frame):
                return False
        broken = client.framer.broken
        if broken is not None:
            self._door.frames.labels(Protocol.TAK, broken.reason).inc()
        return broken is None

    async def _take(self, client: Client, frame: bytes) -> bool:
        now_ms = self._door.engine.now_ms()
        reading = decode(frame, now_ms)
        if isinstance(reading, Rejected):
            self._door.frames.labels(Protocol.TAK, reading.reason).inc()
            return True
        if client.device is not None and client.device.datum.value != "wgs84":
            reading = decode(frame, now_ms, client.device.datum)
            assert not isinstance(reading, Rejected), "the datum changes no verdict"
        one = reading.heard[0]
        if client.device is None and isinstance(one, Fix | Alarm) and one.device:
            if not self._name(client, one.device, now_ms):
                self._door.frames.labels(Protocol.TAK, "refused").inc()
                return False
            client.callsign = str(reading.header.get("callsign") or "")
            self._welcome(client)
        if client.device is not None:
            # A certificate taken out of the book while connected serves no longer.
            if self._door.devices.find(Protocol.TAK, client.device.identity) is None:
                return False
            await self._act(client, client.device, one)
        if reading.reply:
            client.send(reading.reply)
            agreed = isinstance(one, Said) and one.extra.get("version") == "1"
            client.protobuf = client.protobuf or (agreed and one.device is not None)
        self._door.frames.labels(Protocol.TAK, "understood").inc()
        return True

    def _name(self, client: Client, uid: str, now_ms: int) -> bool:
        """Bind a connection to the enrolled device it says it is, if it may."""
        device = self._door.devices.find(Protocol.TAK, uid)
        if device is None:
            self._door.devices.refuse(Protocol.TAK, uid, client.address, now_ms)
            return False
        if not _proved(client, device, asks=self._options.ca is not None):
            log.warning("tak_not_proved", uid=uid, peer=client.address)
            return False
        client.device, client.uid = device, uid
        self._named.setdefault((device.kind, device.responder), set()).add(client)
        return True

    def _welcome(self, client: Client) -> None:
        """What is owed to who has just come, and what the map shows."""
        assert client.device is not None, "named before it is welcomed"
        for letter in self._door.engine.outbox():
            match letter:
                case OrderLetter():
                    whom = (letter.order.kind, letter.order.responder)
                case Recall():
                    whom = (letter.kind, letter.responder)
                case _:
                    continue
            if whom == (client.device.kind, client.device.responder):
                self._send_to(client, letter)
        for event in self._picture.whole():
            client.send(event)

    async def _act(self, client: Client, device: Device, one: object) -> None:
        match one:
            case Fix() if one.device is not None and fold(one.device) == fold(client.uid):
                self._door.take_fix(device, one)
            case Alarm() if one.device is not None and fold(one.device) == fold(client.uid):
                await self._alarm(device, one)
            case Answered():
                await self._answered(device, one.of, one.reply)
            case Said(what="chat") if one.device is not None:
                await self._chat(client, device, one)

    async def _alarm(self, device: Device, alarm: Alarm) -> None:
        """Clients repeat an alert until it is cancelled: the repetitions are one alarm."""
        now_ms = self._door.engine.now_ms()
        uid = str(alarm.extra.get("uid", device.identity))
        if alarm.state is AlarmState.RESTORED:
            self._alerts.pop(uid, None)
        else:
            key, seen_ms = self._alerts.pop(uid, (alarm.key, now_ms))
            key = key if now_ms - seen_ms < ALERT_LASTS_MS else alarm.key
            self._alerts[uid] = (key, now_ms)
            alarm = msgspec.structs.replace(alarm, key=key)
            while len(self._alerts) > MAX_CLIENTS:
                self._alerts.popitem(last=False)
        self._door.flush()
        await self._door.raise_alarm(device, alarm)

    async def _answered(self, device: Device, message_id: str, reply: Reply) -> None:
        order = self._door.engine.board.orders.get(OrderId(message_id))
        if order is None or (order.kind, order.responder) != (device.kind, device.responder):
            return
        await self._door.answer(device, order.id, reply, f"{order.id}:{reply.value}")

    async def _chat(self, client: Client, device: Device, said: Said) -> None:
        word = (said.text or "").strip().strip(".!。！").casefold()
        if client.order is None:
            return
        if word in ACCEPT:
            await self._answered(device, client.order, Reply.ACCEPTED)
        elif word in REFUSE:
            await self._answered(device, client.order, Reply.REFUSED)

    async def _paint(self) -> None:
        while True:
            await asyncio.sleep(PICTURE_EVERY_S)
            changed = self._picture.changes()
            for client in self._clients:
                if client.device is not None:
                    for event in changed:
                        client.send(event)


def _tls(options: TakOptions) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=options.ca)
    context.load_cert_chain(options.certificate, options.key)
    if options.ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _proved(client: Client, device: Device, *, asks: bool) -> bool:
    """Whether a client may be this device: its certificate bears the uid or is the one enrolled.

    Without certificates a uid proves nothing; a device enrolled with a fingerprint (the
    certificate's SHA-256 in hex as its secret) is then never served.
    """
    if device.secret:
        shown = hashlib.sha256(client.certificate).hexdigest() if client.certificate else ""
        return shown == device.secret.replace(":", "").casefold()
    return not asks or fold(client.common_name) == fold(device.identity)
