"""`/graphql`: the API, and GraphiQL from assets that the set-up installed."""

import importlib.util
import time
from pathlib import Path
from typing import Any

import strawberry
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
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
    ) -> None:
        super().__init__(schema, graphql_ide=None, allow_queries_via_get=False, multipart_uploads_enabled=False)
        self._db = db
        self._keys = keys
        self._authenticator = authenticator
        self._metrics = metrics
        self._public_url = public_url

    async def get_context(self, request: Any, response: Any) -> Context:  # Strawberry's signature
        """Return the context of one operation. A caller without a valid key gets one too: resolvers say what is missing."""
        try:
            caller = await self._authenticator.authenticate(request.headers.get("authorization"))
        except Unauthenticated:
            caller = None
        return Context(db=self._db, keys=self._keys, caller=caller, public_url=self._public_url)

    async def process_result(self, request: Any, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Count the operation."""
        self._metrics.graphql_requests.labels(outcome="error" if result.errors else "success").inc()
        return await super().process_result(request, result)


def graphql_routes(app: GraphQLApp, *, metrics: Metrics, graphiql: bool) -> list[BaseRoute]:
    """Return the routes of the API and, when it is on, of GraphiQL."""

    async def graphql(request: Request) -> Response:
        refused = _refusal(request)
        if refused is not None:
            return refused
        started = time.perf_counter()
        try:
            response: Response = await app.run(request)
        except DATABASE_DOWN:
            error = {"message": "The database cannot be reached right now; try again.", "extensions": {"code": "DATABASE_UNAVAILABLE"}}
            return JSONResponse({"data": None, "errors": [error]}, status_code=503, headers={"Retry-After": "5"})
        finally:
            metrics.graphql_seconds.observe(time.perf_counter() - started)
        return response

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"})

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    routes: list[BaseRoute] = [Route("/graphql", graphql, methods=["POST"])]
    assets = _assets_directory() if graphiql else None
    if assets is not None:
        routes += [
            Route("/graphql", page, methods=["GET"]),
            Route("/graphql/start.js", start, methods=["GET"]),
            Mount("/graphql/assets", StaticFiles(directory=assets)),
        ]
    return routes


def _refusal(request: Request) -> Response | None:
    """Refuse what no GraphQL client of ours sends: other content types (a browser's form could send them), and large bodies."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return PlainTextResponse("Send the operation as application/json.\n", status_code=415)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return PlainTextResponse(f"The body must have a Content-Length of at most {MAX_BODY_BYTES} bytes.\n", status_code=413)
    return None


def _assets_directory() -> Path | None:
    found = importlib.util.find_spec(ASSETS_PACKAGE)
    if found is None or not found.submodule_search_locations:
        log.warning("graphiql.assets_missing", advice="Run make setup again; the API itself works without them.")
        return None
    return Path(next(iter(found.submodule_search_locations))) / "static" / ASSETS_PACKAGE


_PAGE_POLICY = "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'"

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>SIGMA GraphiQL</title>
  <link rel="stylesheet" href="/graphql/assets/graphiql.min.css">
  <style>html, body, #graphiql { height: 100%; margin: 0 }</style>
</head>
<body>
  <div id="graphiql">Loading…</div>
  <script src="/graphql/assets/react.production.min.js"></script>
  <script src="/graphql/assets/react-dom.production.min.js"></script>
  <script src="/graphql/assets/graphiql.min.js"></script>
  <script src="/graphql/assets/graphiql-plugin-explorer.umd.js"></script>
  <script src="/graphql/start.js"></script>
</body>
</html>
"""

_START = """'use strict';
const fetcher = GraphiQL.createFetcher({ url: '/graphql' });
const explorer = GraphiQLPluginExplorer.explorerPlugin();
ReactDOM.render(React.createElement(GraphiQL, {
  fetcher,
  plugins: [explorer],
  defaultEditorToolsVisibility: 'headers',
  shouldPersistHeaders: false,
  defaultHeaders: JSON.stringify({ Authorization: 'Bearer <your API key>' }, null, 2),
  defaultQuery: '{\n  messages(first: 10, orderBy: { timestamp: DESC }) {\n    nodes { text sender { displayName platformUserId } timestampUtc }\n  }\n}\n',
}), document.getElementById("graphiql"));
"""
