"""What every route shares: who asks, errors as JSON, bodies and queries checked."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from gateways.api.rights import GUEST, RIGHTS, WHOLE_DISTRICT, Right
from gateways.api.sessions import Session
from gateways.api.users import User

Body = TypeVar("Body")
MAX_MS = 4_102_444_800_000
"""Times beyond the year 2100 are mistakes."""
STATUS_WORDS = {400: "bad_request", 404: "not_found", 405: "not_allowed", 413: "too_large"}


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a user in his session, or a guest where there are no users."""

    user: User | None
    session: Session | None
    address: str

    @property
    def name(self) -> str:
        """His name; empty for a guest."""
        return "" if self.user is None else self.user.name

    @property
    def rights(self) -> frozenset[Right]:
        """What he may; with areas nothing that is the whole district's."""
        if self.user is None:
            return GUEST
        mine = RIGHTS[self.user.role]
        return mine - WHOLE_DISTRICT if self.user.areas else mine


WHO = web.RequestKey("street110.who", Who)


class Failure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error."""

    error: str
    detail: str
    field: str = ""
    value: str = ""
    now: dict[str, Any] | None = None
    found: list[Any] | None = None


class ApiError(Exception):
    """Ends a request with an error; `more` goes into its body."""

    def __init__(self, status: int, error: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_s: int | None = more.pop("retry_s", None)
        self.body = Failure(error=error, detail=detail, **more)

    def response(self) -> web.Response:
        """The error as an answer."""
        answer = reply(self.body, self.status)
        if self.retry_s is not None:
            answer.headers["Retry-After"] = str(self.retry_s)
        return answer


def reply(value: Any, status: int = 200) -> web.Response:
    """A value as JSON that nobody keeps."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(value),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def missing(what: str, value: str) -> ApiError:
    """It does not exist, or is not his to see: nobody can tell which."""
    return ApiError(404, "not_found", f"no such {what}", field=what, value=value[:64])


def invalid(field: str, value: object, detail: str, **more: Any) -> ApiError:
    """A field that cannot be taken."""
    return ApiError(422, "invalid", detail, field=field, value=str(value)[:64], **more)


def need(request: web.Request, right: Right) -> Who:
    """Who asks, if he may; otherwise 403."""
    who = request[WHO]
    if right not in who.rights:
        raise ApiError(403, "forbidden", f"this needs the right: {right}")
    return who


async def read_body(request: web.Request, kind: type[Body]) -> Body:
    """The body as a value of `kind`.

    Raises:
        ApiError: 400 when it is not JSON, 422 when a field is missing, unknown or wrong.
    """
    raw = await request.read()
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        said = str(error)
        field = said.rpartition("`$.")[2].rstrip("`") if "`$." in said else ""
        raise ApiError(422, "invalid", said, field=field) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "bad_request", f"the body is not JSON: {error}") from error


def ask_text(request: web.Request, name: str, most: int = 100) -> str:
    """A text of the query; empty when it is left out."""
    text = request.query.get(name, "")
    if len(text) > most:
        raise ApiError(400, "bad_request", f"at most {most} characters", field=name)
    return text


def ask_one(request: web.Request, name: str, words: tuple[str, ...]) -> str:
    """One of a few words of the query, the first of them when it is left out."""
    word = request.query.get(name, words[0])
    if word not in words:
        raise ApiError(400, "bad_request", "one of " + ", ".join(words), field=name)
    return word


def ask_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number of the query."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and low <= int(text) <= high):
        raise ApiError(400, "bad_request", f"a whole number, {low} to {high}", field=name)
    return int(text)
