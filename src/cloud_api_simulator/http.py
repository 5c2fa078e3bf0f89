"""What all routes share: the bearer token, the version in the path, bounded bodies, Meta's way of writing JSON."""

import hmac
import re

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors, webhooks
from cloud_api_simulator.errors import GraphError
from cloud_api_simulator.simulator import Simulator

MAX_REQUEST_BYTES = 1024 * 1024
_VERSION = re.compile(r"v[1-9]\d?\.\d", re.ASCII)


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


def authorise(request: Request) -> None:
    """Let only this app's token through, as a bearer or as `access_token`. Raises: GraphError 200 without one, 190 with a wrong one."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else request.query_params.get("access_token", "")
    if not token:
        raise errors.no_token()
    if not hmac.compare_digest(token.encode(), simulator_of(request).settings.access_token.encode()):
        raise errors.bad_token()


def check_version(request: Request) -> None:
    """Let through paths without a version, and versions such as v25.0. Raises: GraphError 2500."""
    version = request.path_params.get("version")
    if version is not None and _VERSION.fullmatch(version) is None:
        raise errors.unknown_path(request.url.path)


async def read_body(request: Request, *, limit_bytes: int = MAX_REQUEST_BYTES) -> bytes:
    """Return the whole body. Raises: BodyTooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise BodyTooLarge
    return bytes(body)
