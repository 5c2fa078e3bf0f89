"""`/graphql`: the API, and GraphiQL from assets that the set-up installed."""

import importlib.util
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import strawberry
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult

from sigma.kit.db import DATABASE_DOWN, Database
from sigma.kit.errors import Unauthenticated
from sigma.kit.log import get_logger
from sigma.kit.metrics import Metrics
from sigma.tenants.api_keys import Authenticator
from sigma.tenants.context import Context
from sigma.tenants.keys import KeyRing

MAX_BODY_BYTES = 64 * 1024
ASSETS_PACKAGE = "graphene_django_graphiql_static"
"""A package that carries GraphiQL's published files; only its `static` folder is used. See NOTICE."""

PAGE = Path(__file__).parent / "graphiql"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)

log = get_logger("graphql")


class GraphQLApp(GraphQL[Context, None]):
    """Strawberry's ASGI application with SIGMA's context."""

    allow_queries_via_get = False

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        db: Database,
        keys: KeyRing,
        authenticator: Authenticator,
        metrics: Metrics,
        public_url: str | None,
        services: Sequence[object] = (),
    ) -> None:
        super().__init__(schema, graphql_ide=None, allow_queries_via_get=False, multipart_uploads_enabled=False)
        self._db = db
        self._keys = keys
        self._authenticator = authenticator
        self._metrics = metrics
        self._public_url = public_url
        self._services = services

    async def get_context(self, request: Any, response: Any) -> Context:  # Strawberry's signature
        """Return the context of one operation. A caller without a valid key gets one too: resolvers say what is missing."""
        try:
            caller = await self._authenticator.authenticate(request.headers.get("authorization"))
        except Unauthenticated:
            caller = None
        return Context(db=self._db, keys=self._keys, caller=caller, public_url=self._public_url, services=self._services)

    async def process_result(self, request: Any, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Count the operation."""
        self._metrics.graphql_requests.labels(outcome="error" if result.errors else "success").inc()
        return await super().process_result(request, result)


def graphql_routes(app: GraphQLApp, *, metrics: Metrics, graphiql: bool) -> list[BaseRoute]:
    """Return the routes of the API and, when it is on, of GraphiQL."""

    async def graphql(request: Request) -> Response:
        refused = _refusal(request) or await _malformed(request)
        if refused is not None:
            return refused
        started = time.perf_counter()
        try:
            response: Response = await app.run(request)
        except HTTPException as refusal:
            return PlainTextResponse(f"{refusal.reason}\n", status_code=refusal.status_code)
        except DATABASE_DOWN:
            error = {"message": "The database cannot be reached right now; try again.", "extensions": {"code": "DATABASE_UNAVAILABLE"}}
            return JSONResponse({"data": None, "errors": [error]}, status_code=503, headers={"Retry-After": "5"})
        finally:
            metrics.graphql_seconds.observe(time.perf_counter() - started)
        return response

    async def page(_: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"})

    routes: list[BaseRoute] = [Route("/graphql", graphql, methods=["POST"])]
    assets = _assets_directory() if graphiql else None
    if assets is not None:
        routes += [
            Route("/graphql", page, methods=["GET"]),
            *(Route(f"/graphql/{name}", _file(PAGE / name), methods=["GET"]) for name in ("page.js", "page.css")),
            Mount("/graphql/assets", StaticFiles(directory=assets)),
        ]
    return routes


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        return FileResponse(path)

    return serve


def _refusal(request: Request) -> Response | None:
    """Refuse what no GraphQL client of ours sends: other content types (a browser's form could send them), and large bodies."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return PlainTextResponse("Send the operation as application/json.\n", status_code=415)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return PlainTextResponse(f"The body must have a Content-Length of at most {MAX_BODY_BYTES} bytes.\n", status_code=413)
    return None


async def _malformed(request: Request) -> Response | None:
    """Refuse a body that is no JSON object, which Strawberry would take for a fault of ours."""
    try:
        operation = json.loads(await request.body())
    except (ValueError, RecursionError):
        operation = None
    if not isinstance(operation, dict):
        return PlainTextResponse('The body must be a JSON object such as {"query": "{ tenant { name } }"}.\n', status_code=400)
    return None


def _assets_directory() -> Path | None:
    found = importlib.util.find_spec(ASSETS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        log.warning("graphiql.assets_missing", advice="Run make setup again; the API itself works without them.")
        return None
    return Path(next(iter(found.submodule_search_locations))) / "static" / ASSETS_PACKAGE
