"""For administrators: which pages are enrolled and open, new pairing links, and an end of one."""

import io
from typing import Annotated

import msgspec
import segno
from aiohttp import web
from msgspec import Meta

from dispatch.words import ResponderId, ResponderKind
from gateways.api.access_log import Access, AccessLog
from gateways.api.phone_book import PhoneBook, is_paired, link_of
from gateways.api.phone_post import PhonePost
from gateways.api.phone_words import greet
from gateways.api.rights import Right
from gateways.api.web import WHO, missing, need, read_body, reply
from gateways.devices.registry import Datum, Device, Protocol

HOUR_MS = 3_600_000
Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class PhoneLine(msgspec.Struct, frozen=True, kw_only=True):
    """One enrolled page: whose it is, whether a browser was paired, how many are open now."""

    identity: str
    kind: ResponderKind
    responder: ResponderId
    paired: bool
    open: int


class NewPhone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page to enrol, or to pair anew: its last browser is shut out then."""

    identity: Name
    kind: ResponderKind
    responder: ResponderId
    valid_hours: Annotated[int, Meta(ge=1, le=720)] = 24


class PairingLink(msgspec.Struct, frozen=True, kw_only=True):
    """Shown once: the path to open on the device, its QR code as SVG, and until when it pairs."""

    identity: str
    link: str
    qr_svg: str
    until_ms: int


class PhoneAdmin:
    """The routes under `/api/v1/phones`; each change goes into the access log."""

    def __init__(self, post: PhonePost, book: PhoneBook, access: AccessLog) -> None:
        self._post = post
        self._book = book
        self._access = access
        self.routes = [
            web.get("/api/v1/phones", self.phones),
            web.post("/api/v1/phones", self.enrol),
            web.delete("/api/v1/phones/{identity}", self.revoke),
        ]

    async def phones(self, request: web.Request) -> web.Response:
        """All enrolled pages by name."""
        need(request, Right.USERS)
        self._book.refresh()
        rows = [
            PhoneLine(
                identity=device.identity,
                kind=device.kind,
                responder=device.responder,
                paired=is_paired(device),
                open=sum(
                    line.device.identity == device.identity
                    for line in self._post.list_lines((device.kind, device.responder))
                ),
            )
            for device in self._book.devices.list_of(Protocol.PAGE)
        ]
        return reply(rows)

    async def enrol(self, request: web.Request) -> web.Response:
        """A pairing link for the page of a responder."""
        need(request, Right.USERS)
        body = await read_body(request, NewPhone)
        asked = Device(
            protocol=Protocol.PAGE,
            identity=body.identity,
            kind=body.kind,
            responder=body.responder,
        )
        now_ms = self._post.engine.now_ms()
        book = self._post.board.district
        assert book is not None, "an engine that runs has a district"
        if greet(asked, book, now_ms) is None:
            raise missing("responder", body.responder)
        known = self._book.devices.find(Protocol.PAGE, body.identity)
        code = self._book.enrol(
            body.identity,
            (body.kind, body.responder),
            now_ms,
            lives_ms=body.valid_hours * HOUR_MS,
            datum=Datum.WGS84 if known is None else known.datum,
        )
        self._note(request, "page_enrolled", body.identity, f"{body.kind}/{body.responder}")
        link = link_of(f"{request.scheme}://{request.host}", code)
        drawn = io.BytesIO()
        segno.make(link, error="m").save(drawn, kind="svg", scale=6, xmldecl=False, nl=False)
        return reply(
            PairingLink(
                identity=body.identity,
                link=link_of("", code),
                qr_svg=drawn.getvalue().decode(),
                until_ms=now_ms + body.valid_hours * HOUR_MS,
            )
        )

    async def revoke(self, request: web.Request) -> web.Response:
        """Take a page out of the book: its browser is shut out."""
        need(request, Right.USERS)
        identity = request.match_info["identity"]
        if not self._book.revoke(identity):
            raise missing("identity", identity)
        self._note(request, "page_revoked", identity, "")
        return reply({"identity": identity})

    def _note(self, request: web.Request, what: str, identity: str, detail: str) -> None:
        who = request[WHO]
        self._access.write(
            Access(
                at_ms=self._post.engine.now_ms(),
                what=what,
                name=identity,
                by=who.name,
                address=who.address,
                detail=detail,
            )
        )
