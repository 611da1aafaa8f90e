"""The gate before every request: a session for whoever is not let in without, and no forgery."""

import asyncio
import hmac
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateways.api.access_log import Access, AccessLog
from gateways.api.sessions import Bucket, LoginGuard, Session, Sessions, stamp_of
from gateways.api.users import Passwords, User, UserBook, UserBookError
from gateways.api.web import STATUS_WORDS, WHO, ApiError, Who
from gateways.console.guard import is_same_origin

log = structlog.get_logger(__name__)

COOKIE = "street110"
CSRF_HEADER = "X-CSRF-Token"
OPEN_PATHS = frozenset(
    {
        "/",
        "/report.html",
        "/health",
        "/metrics",
        "/favicon.ico",
        "/api/v1/login",
        "/api/v1/openapi.json",
    }
)
OPEN_PREFIXES = ("/pages/", "/phone/", "/api/v1/code/", "/tips/", "/exchange/")
"""Files of the pages, a citizen's code, and doors that prove who comes in their own way."""
READING = frozenset({"GET", "HEAD"})
REQUESTS_A_SECOND = 50
HASHES_AT_ONCE = 2


class Gate:
    """Knows users and sessions; its middleware stands before all routes."""

    def __init__(
        self,
        book: UserBook,
        sessions: Sessions,
        access: AccessLog,
        clock: Callable[[], int],
        *,
        open_here: bool,
        behind_proxy: bool = False,
        passwords: Passwords | None = None,
    ) -> None:
        """`open_here`: without users everybody may look, as the engine listens on loopback."""
        self.book = book
        self.access = access
        self.now_ms = clock
        self.behind_proxy = behind_proxy
        self._sessions = sessions
        self._open_here = open_here
        self._passwords = passwords or Passwords()
        self._guard = LoginGuard()
        self._pace = Bucket(REQUESTS_A_SECOND, 1_000)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    @property
    def is_open(self) -> bool:
        """Whether there are no users and everybody here may look."""
        return self._open_here and len(self.book) == 0

    def address_of(self, request: web.Request) -> str:
        """Whence a request comes; behind a proxy as the proxy says."""
        if self.behind_proxy:
            said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            if said:
                return said[:64]
        return request.remote or ""

    def who_asks(self, request: web.Request) -> Who | None:
        """The user of the request's session, or a guest; None for nobody."""
        self._refresh()
        address = self.address_of(request)
        if self.is_open:
            return Who(user=None, session=None, address=address)
        session = self._sessions.find(request.cookies.get(COOKIE, ""), self.now_ms())
        user = self._user_of(session) if session is not None else None
        return None if user is None else Who(user=user, session=session, address=address)

    def stands(self, who: Who) -> bool:
        """Whether who was let in would be let in still; keeps his session from idling."""
        self._refresh()
        if who.session is None:
            return self.is_open
        now_ms = self.now_ms()
        if not self._sessions.stands(who.session, now_ms) or self._user_of(who.session) is None:
            return False
        who.session.seen_ms = now_ms
        return True

    async def log_in(self, name: str, password: str, address: str) -> tuple[str, User, Session]:
        """The token of a new session.

        Raises:
            ApiError: 401 for a wrong name or password, 429 for trying too often.
        """
        now_ms = self.now_ms()
        wait_s = self._guard.wait_s(name, address, now_ms)
        if wait_s:
            self.access.write(Access(at_ms=now_ms, what="locked", name=name, address=address))
            raise ApiError(429, "too_many", "too many attempts; wait", retry_s=wait_s)
        self._refresh()
        user = self.book.find(name)
        # Noted before the slow check, so that many attempts at once count as many.
        self._guard.failed(name, address, now_ms)
        async with self._hashing:
            fits = await asyncio.to_thread(self._passwords.fits, user, password)
        if user is None or not fits or user.disabled:
            self.access.write(Access(at_ms=now_ms, what="refused", name=name, address=address))
            raise ApiError(401, "wrong_login", "wrong name or password")
        self._guard.passed(name, address)
        token, session = self._sessions.begin(user, address, self.now_ms())
        self.access.write(Access(at_ms=now_ms, what="login", name=name, address=address))
        return token, user, session

    def log_out(self, who: Who) -> None:
        """End the session of who asks."""
        if who.session is not None:
            self._sessions.end(who.session)
            line = Access(at_ms=self.now_ms(), what="logout", name=who.name, address=who.address)
            self.access.write(line)

    def middleware(self) -> Middleware:
        """The gate as aiohttp takes it."""

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                self._admit(request)
                return await handler(request)
            except ApiError as error:
                return error.response()
            except web.HTTPException as failure:
                if not request.path.startswith("/api/v1/") or failure.status < 400:
                    raise
                return _as_json(failure)

        return gate

    def _admit(self, request: web.Request) -> None:
        path = request.path
        if request.method not in READING and path.startswith("/api/"):
            check_origin(request)
        if path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            return
        who = self.who_asks(request)
        if who is None:
            raise ApiError(401, "no_session", "log in first")
        wait_s = self._pace.wait_s(who.name, self.now_ms()) if who.name else 0
        if wait_s:
            raise ApiError(429, "too_many", "too many requests", retry_s=wait_s)
        if request.method not in READING:
            if who.session is None:
                raise ApiError(403, "forbidden", "there are no users yet; make one to act")
            if not _same(request.headers.get(CSRF_HEADER, ""), who.session.csrf):
                raise ApiError(403, "csrf", f"send the session's token as {CSRF_HEADER}")
        request[WHO] = who

    def _refresh(self) -> None:
        """A book that cannot be read lets nobody in."""
        try:
            self.book.refresh()
        except UserBookError as error:
            log.exception("user_book_unreadable", path=str(self.book.path))
            raise ApiError(503, "no_users", "the book of users cannot be read") from error

    def _user_of(self, session: Session) -> User | None:
        user = self.book.find(session.name)
        fits = user is not None and not user.disabled and stamp_of(user) == session.stamp
        return user if fits else None


def check_origin(request: web.Request) -> None:
    """Refuse what another site's page sends."""
    if not is_same_origin(request):
        raise ApiError(403, "origin", "only this site's own pages may do this")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ApiError(403, "origin", "only this site's own pages may do this")


def _same(said: str, held: str) -> bool:
    return hmac.compare_digest(said.encode(), held.encode())


def _as_json(failure: web.HTTPException) -> web.Response:
    word = STATUS_WORDS.get(failure.status, "refused")
    answer = ApiError(failure.status, word, failure.reason).response()
    for name in ("Allow", "Retry-After"):
        if name in failure.headers:
            answer.headers[name] = failure.headers[name]
    return answer
