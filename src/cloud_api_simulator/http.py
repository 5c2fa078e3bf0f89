"""What all routes share: the bearer token, parameters, bounded bodies, Meta's way of writing JSON."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors, webhooks
from cloud_api_simulator.access import MANAGEMENT
from cloud_api_simulator.errors import GraphError
from cloud_api_simulator.simulator import Simulator

MAX_REQUEST_BYTES = 1024 * 1024
TOO_MANY_CALLS = 80007
_FIELD = re.compile(r"[a-z_]+", re.ASCII)
_NESTED = re.compile(r"\{[^{}]*\}|\([^()]*\)|\.[a-z_]+")


class BodyTooLarge(Exception):
    """The request's body is larger than this route takes."""


def simulator_of(request: Request) -> Simulator:
    """Return the simulator that this application runs."""
    simulator: Simulator = request.app.state.simulator
    return simulator


def json_response(body: object, status_code: int = 200) -> Response:
    """Answer with JSON, escaped as Meta does."""
    return Response(webhooks.encode(body), status_code, media_type="application/json; charset=UTF-8")


async def refuse(request: Request, error: Exception) -> Response:
    """Turn a GraphError into Meta's answer."""
    assert isinstance(error, GraphError)  # the application registers this handler for that class alone
    return json_response(error.body(simulator_of(request).world.ids.trace()), error.http_status)


async def unknown_path(request: Request, _error: Exception) -> Response:
    """Answer a path that nobody serves, as the Graph API does."""
    return await refuse(request, errors.unknown_path(request.url.path))


async def too_large(_request: Request, _error: Exception) -> Response:
    """Answer a body that is too large."""
    return Response(status_code=413)


def token_of(request: Request) -> str:
    """Return the access token, from the header or from `access_token`. Raises: GraphError 200 without one."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() in {"bearer", "oauth"} else ""
    token = request.query_params.get("access_token", "") or token
    if not token:
        raise errors.no_token()
    return token


def authorise(request: Request, scope: str | None = None) -> None:
    """Let only a token of this app through that has the scope. Raises: GraphError 200 without one, 190, 10."""
    world = simulator_of(request).world
    world.tokens.check(token_of(request), scope=scope, at=world.now())


def manage(request: Request) -> None:
    """Let a management call through, and count it. Raises: GraphError as `authorise` does, 80007 over the limit of an hour."""
    authorise(request, MANAGEMENT)
    world = simulator_of(request).world
    at = world.now().timestamp()
    if world.rules.enforce_limits and world.limits.management.count(at) >= world.rules.management_calls_per_hour:
        raise errors.on_demand(TOO_MANY_CALLS)
    world.limits.management.add(at)


def managed(request: Request, body: object) -> Response:
    """Answer a management call, with Meta's headers about how much of the limits is used, in percent."""
    response, world = json_response(body), simulator_of(request).world
    percent = world.limits.management.count(world.now().timestamp()) * 100 // world.rules.management_calls_per_hour
    usage = {"call_count": percent, "total_cputime": percent, "total_time": percent}
    business = {"type": "whatsapp", **usage, "estimated_time_to_regain_access": 0}
    response.headers["X-App-Usage"] = json.dumps(usage)
    response.headers["X-Business-Use-Case-Usage"] = json.dumps({world.settings.waba_id: [business]})
    return response


async def parameters(request: Request, *, limit_bytes: int = MAX_REQUEST_BYTES) -> dict[str, Any]:
    """Return the parameters of a call: the query, then the body, JSON or a form. What cannot be read counts as none at all."""
    raw = await read_body(request, limit_bytes=limit_bytes)
    query = {key: value for key, value in request.query_params.items() if key != "access_token"}
    if request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return {**query, **dict(parse_qsl(raw.decode("utf-8", "replace")))}
    return {**query, **parse_object(raw)}


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return a JSON object. What cannot be read counts as an empty one, as the Graph API has it."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def fields_of(request: Request, defaults: Iterable[str]) -> list[str]:
    """Return the names in `fields`, without what is nested in them."""
    text = request.query_params.get("fields", "")
    while _NESTED.search(text):
        text = _NESTED.sub("", text)
    names = [name.strip() for name in text.split(",") if name.strip()]
    return names or list(defaults)


def choose(node: Mapping[str, Any], names: Iterable[str], *, type: str, known: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields asked for, and always the id. Raises: GraphError 100 for a field that the node cannot have."""
    for name in names:
        if name not in node and name not in known:
            shown = name[:100] if _FIELD.fullmatch(name) else "?"
            raise errors.GraphError(code=100, message=f"(#100) Tried accessing nonexisting field ({shown}) on node type ({type})")
    return {**{name: node[name] for name in names if name in node}, "id": node["id"]}


async def read_body(request: Request, *, limit_bytes: int = MAX_REQUEST_BYTES) -> bytes:
    """Return the whole body. Raises: BodyTooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise BodyTooLarge
    return bytes(body)
