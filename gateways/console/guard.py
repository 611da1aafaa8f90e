"""What every answer of the console carries, and who may ask: hosts, origins, headers."""

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PHONES = "/pages/phone/"
PHONE_HEADERS = HEADERS | {"Permissions-Policy": "geolocation=(self), camera=(), microphone=()"}
"""Of the pages that tell where their officer is."""


def find_host(authority: str) -> str:
    """The host of `host:port`, lower case; empty when it is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def make_guard(hosts: frozenset[str]) -> Middleware:
    """Refuse names that are not ours (a foreign page may point its name at this address)."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if find_host(request.headers.get("Host", "")) not in hosts:
            refused = web.Response(status=421, text="this host name is not served here\n")
            refused.headers.update(HEADERS)
            return refused
        try:
            answer = await handler(request)
        except web.HTTPException as failure:
            failure.headers.update(HEADERS)
            raise
        if not answer.prepared:
            ours = PHONE_HEADERS if request.path.startswith(PHONES) else HEADERS
            answer.headers.update(ours)
        return answer

    return guard


def is_same_origin(request: web.Request) -> bool:
    """Whether a WebSocket is asked for by our own page; browsers always name the origin."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host", "")
