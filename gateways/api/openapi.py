"""The contract as OpenAPI 3.1, drawn from the types that the routes read and answer with."""

import inspect
import json
from typing import Any, NamedTuple

import msgspec

from dispatch.district import Plan
from dispatch.model import Advice, Alarm, Note, Order
from gateways.api.access_log import Access
from gateways.api.account import Me, UserLine
from gateways.api.bodies import BODIES, COMMANDS, CallBody, LoginBody, NewCallBody
from gateways.api.calling import CodeState
from gateways.api.done import Done
from gateways.api.figures import Report
from gateways.api.finding import LONGEST_QUERY, MOST_FOUND, FoundList
from gateways.api.gate import COOKIE, CSRF_HEADER
from gateways.api.ledgers import HEADS
from gateways.api.looking import MOST_INCIDENTS, Calls, Candidates, CircleNow, Incidents
from gateways.api.presence import CoverageNow, PresenceNow
from gateways.api.recall import MOST_RECORDS, Page, Told
from gateways.api.rehearse import Rehearsal
from gateways.api.web import MAX_MS, Failure
from gateways.console.feed import Case, Step

VERSION = "1"
ROOT = "/api/v1"
ERRORS = {
    400: "the body is not JSON, or a query cannot be read",
    401: "log in",
    403: "not this user, not from this page, or not this place",
    404: "does not exist, or is not yours to see",
    409: "it is no longer as you saw it, or the id was used",
    413: "too large",
    422: "a field cannot be taken",
    429: "too many; wait",
    503: "the engine takes nothing more",
}
GEO: Any = "GeoJSON"
FILE: Any = "file"


class Op(NamedTuple):
    """One operation; `query` are parameters as (name, schema)."""

    method: str
    path: str
    about: str
    answer: Any
    body: Any = None
    query: tuple[tuple[str, dict[str, Any]], ...] = ()
    free: bool = False


def _words(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _whole(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


TEXT = {"type": "string", "maxLength": 100}
SPAN = (("since_ms", _whole(0, MAX_MS)), ("until_ms", _whole(0, MAX_MS)))
TONGUE = (("language", _words("zh", "en")),)
_ONE = "/incidents/{incident}"
OPS = (
    Op("post", "/login", "Begin a session", Me, LoginBody, free=True),
    Op("post", "/logout", "End the session", dict[str, bool]),
    Op("get", "/me", "Who I am and what I may", Me),
    Op("get", "/users", "The book of users", list[UserLine]),
    Op("get", "/access", "The last logins", list[Access], query=(("most", _whole(1, 1_000)),)),
    Op(
        "get",
        "/incidents",
        "Incidents as a list",
        Incidents,
        query=(
            ("status", _words("open", "closed", "all")),
            ("most", _whole(1, MOST_INCIDENTS)),
        ),
    ),
    Op("get", _ONE, "An incident with all that belongs to it", Case),
    Op("get", _ONE + "/timeline", "What happened", list[Step]),
    Op("get", _ONE + "/alarms", "Its alarms", list[Alarm]),
    Op("get", _ONE + "/orders", "Its orders", list[Order]),
    Op("get", _ONE + "/notes", "Its remarks", list[Note]),
    Op(
        "get",
        _ONE + "/candidates",
        "Who was weighed, or who could be sent now",
        Candidates,
        query=(("now", _whole(0, 1)),),
    ),
    Op("get", "/incidents.geojson", "Open incidents", GEO),
    Op("get", "/units.geojson", "Units", GEO),
    Op("get", "/posts.geojson", "Security points", GEO),
    Op("get", "/gates.geojson", "Checkpoints", GEO),
    Op("get", "/areas.geojson", "Areas", GEO),
    Op("get", "/advice", "What the desk advises", list[Advice]),
    Op("get", "/calls", "Calls to many, and who has read them", Calls),
    Op("get", "/circles", "Circles and whether they hold", list[CircleNow]),
    Op("get", "/plans", "What each type gets", list[Plan]),
    Op(
        "get",
        "/find",
        "Places as one types",
        FoundList,
        query=(
            ("q", {"type": "string", "maxLength": LONGEST_QUERY}),
            ("most", _whole(1, MOST_FOUND)),
        ),
    ),
    Op("get", "/explain/{order}", "Why this responder", Told, query=TONGUE),
    Op("get", "/report", "The figures of a period", Report, query=SPAN),
    Op("get", "/presence", "Who should be on the street and who is", PresenceNow),
    Op("get", "/coverage", "What the free units reach in time", CoverageNow),
    Op("get", "/ledgers/{file}", "A ledger to download", FILE, query=(*TONGUE, *SPAN)),
    Op(
        "get",
        "/journal",
        "Who did what and when",
        Page,
        query=(
            *((name, TEXT) for name in ("who", "what", "text")),
            *SPAN,
            ("after_seq", _whole(0, 10**12)),
            ("most", _whole(1, MOST_RECORDS)),
        ),
    ),
    Op("get", "/code/{code}", "For a citizen: how far a report has come", CodeState, free=True),
    Op("post", "/calls", "Take a 110 call", Done, NewCallBody),
    Op("post", "/preview", "What a call would come to; nothing is written", Rehearsal, CallBody),
    *(
        Op("post", f"/commands/{do}", inspect.getdoc(kind) or do, Done, BODIES[do])
        for do, kind in COMMANDS.items()
    ),
)
PARAMETERS: dict[str, dict[str, Any]] = {
    "incident": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"},
    "order": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"},
    "code": {"type": "string", "pattern": "^[0-9A-Za-z]{6,12}$"},
    "file": _words(*(f"{name}.{form}" for name in HEADS for form in ("csv", "xlsx"))),
}
FEATURES = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {"type": "object"}},
    },
}


def describe() -> dict[str, Any]:
    """The document."""
    kinds = [op.answer for op in OPS if op.answer not in {GEO, FILE}]
    kinds += [op.body for op in OPS if op.body is not None]
    kinds = [*dict.fromkeys([*kinds, Failure])]
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    of_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Any] = {}
    for op in OPS:
        paths.setdefault(ROOT + op.path, {})[op.method] = _operation(op, of_kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "street110 for operators",
            "version": VERSION,
            "description": "What a console may see and ask of a running engine.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"session": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": components | {"FeatureCollection": FEATURES},
            "responses": {str(code): _error(about, of_kind) for code, about in ERRORS.items()},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "csrf": {"type": "apiKey", "in": "header", "name": CSRF_HEADER},
            },
        },
    }


def render() -> str:
    """The document as text."""
    return json.dumps(describe(), ensure_ascii=False, indent=1) + "\n"


def _error(about: str, of_kind: dict[Any, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": of_kind[Failure]}}}


def _operation(op: Op, of_kind: dict[Any, Any]) -> dict[str, Any]:
    names = [part[1:-1] for part in op.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": PARAMETERS[name]} for name in names
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in op.query
    ]
    made: dict[str, Any] = {
        "operationId": _name_of(op),
        "summary": " ".join(op.about.split("\n\n")[0].split()),
        "responses": {"200": {"description": "done", "content": _content(op, of_kind)}}
        | {str(code): {"$ref": f"#/components/responses/{code}"} for code in ERRORS},
    }
    if parameters:
        made["parameters"] = parameters
    if op.body is not None:
        content = {"application/json": {"schema": of_kind[op.body]}}
        made["requestBody"] = {"required": True, "content": content}
    if op.free:
        made["security"] = []
    return made


def _content(op: Op, of_kind: dict[Any, Any]) -> dict[str, Any]:
    if op.answer == GEO:
        schema: Any = {"$ref": "#/components/schemas/FeatureCollection"}
        return {"application/geo+json": {"schema": schema}}
    if op.answer == FILE:
        kinds = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        return {kind: {"schema": {}} for kind in kinds}
    return {"application/json": {"schema": of_kind[op.answer]}}


def _name_of(op: Op) -> str:
    parts = [part.strip("{}").replace(".", "_") for part in op.path.split("/") if part]
    return "_".join([op.method, *parts])
