"""Login, logout, who I am; the book of users and the access log for those who keep them."""

import msgspec
from aiohttp import web

from dispatch.words import AreaId
from gateways.api.access_log import Access
from gateways.api.bodies import LoginBody
from gateways.api.gate import COOKIE
from gateways.api.rights import Right
from gateways.api.room import Room
from gateways.api.sessions import IDLE_MS, LONGEST_MS
from gateways.api.users import Role
from gateways.api.web import WHO, Who, ask_number, need, read_body, reply


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, what he may, and until when; `open` where there are no users yet."""

    name: str
    role: Role | None
    areas: tuple[AreaId, ...]
    language: str
    csrf: str
    may: tuple[str, ...]
    open: bool
    idle_s: int
    ends_ms: int | None


class UserLine(msgspec.Struct, frozen=True, kw_only=True):
    """A user as the book has him, without his hash."""

    name: str
    role: Role
    areas: tuple[AreaId, ...]
    language: str
    disabled: bool


class Account:
    """The routes around a session."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._gate = room.gate
        self.routes = [
            web.post("/api/v1/login", self.log_in),
            web.post("/api/v1/logout", self.log_out),
            web.get("/api/v1/me", self.me),
            web.get("/api/v1/users", self.users),
            web.get("/api/v1/access", self.access),
        ]

    async def log_in(self, request: web.Request) -> web.Response:
        """A session for a name and its password."""
        body = await read_body(request, LoginBody)
        address = self._gate.address_of(request)
        token, user, session = await self._gate.log_in(body.name, body.password, address)
        answer = reply(self._me(Who(user=user, session=session, address=address)))
        answer.set_cookie(
            COOKIE,
            token,
            max_age=LONGEST_MS // 1000,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self._gate.behind_proxy,
        )
        return answer

    async def log_out(self, request: web.Request) -> web.Response:
        """The end of the session."""
        self._gate.log_out(request[WHO])
        answer = reply({"open": False})
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return answer

    async def me(self, request: web.Request) -> web.Response:
        """Who I am and what I may."""
        return reply(self._me(request[WHO]))

    def _me(self, who: Who) -> Me:
        user, session = who.user, who.session
        return Me(
            name=who.name,
            role=None if user is None else user.role,
            areas=() if user is None else user.areas,
            language="zh" if user is None else user.language,
            csrf="" if session is None else session.csrf,
            may=tuple(sorted(who.rights)),
            open=session is None,
            idle_s=IDLE_MS // 1000,
            ends_ms=None if session is None else session.began_ms + LONGEST_MS,
        )

    async def users(self, request: web.Request) -> web.Response:
        """The book of users."""
        need(request, Right.USERS)
        rows = [
            UserLine(
                name=user.name,
                role=user.role,
                areas=user.areas,
                language=user.language,
                disabled=user.disabled,
            )
            for user in self._gate.book.list_all()
        ]
        return reply(rows)

    async def access(self, request: web.Request) -> web.Response:
        """The last logins, failures and changes of the book, newest first."""
        need(request, Right.ACCESS)
        lines: list[Access] = self._gate.access.last(ask_number(request, "most", 200, 1, 1_000))
        return reply(lines)
