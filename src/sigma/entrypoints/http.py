"""The HTTP application: webhooks on the short way, everything else through Starlette."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sigma.connectors.whatsapp.graph import GraphClient
from sigma.entrypoints.credentials import access_tokens
from sigma.entrypoints.graphql_app import GraphQLApp, graphql_routes
from sigma.entrypoints.installation import Installation
from sigma.entrypoints.media import media_route
from sigma.entrypoints.schema import build_schema
from sigma.intake.journal import Journal
from sigma.intake.webhook import PATH_PREFIX, AppSecrets, WhatsAppWebhook
from sigma.kit.clock import now
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole
from sigma.kit.deadlines import within
from sigma.kit.metrics import Metrics, render_metrics
from sigma.kit.schema import HEAD as SCHEMA_HEAD
from sigma.kit.settings import WhatsAppSettings
from sigma.sending.reading import ReadMarker
from sigma.sending.send import Sender
from sigma.tenants.api_keys import Authenticator
from sigma.tenants.keys import KeyRing

App = Callable[[Any, Any, Any], Awaitable[None]]

JOURNAL_DEADLINE_SECONDS = 1.5
"""While there is no detour a webhook waits this long for the journal; then it is refused with 503, within two seconds."""

READY_SECONDS = 1.0
"""A database that takes longer to say which revision it is at is not ready."""

_SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}


@dataclass(frozen=True, slots=True)
class HttpParts:
    """What the HTTP role runs: the application, and the journal's writer, which must run beside it."""

    app: App
    journal: Journal
    db: Database
    client: GraphClient

    async def close(self) -> None:
        """Close what was opened, after the last request."""
        await self.client.close()
        await self.db.close()


def build_http(installation: Installation, metrics: Metrics) -> HttpParts:
    """Wire the HTTP role together."""
    settings = installation.settings
    db = installation.database()
    keys = installation.key_ring(db, DatabaseRole.API)
    journal = Journal(lambda: db.connect(DatabaseRole.INTAKE), metrics=metrics, deadline_seconds=JOURNAL_DEADLINE_SECONDS)
    whatsapp = settings.platforms.whatsapp
    webhook = WhatsAppWebhook(
        journal=journal,
        keys=keys,
        secrets=_app_secrets(whatsapp),
        verify_token=whatsapp.verify_token.get_secret_value() if whatsapp.verify_token else None,
        max_bytes=whatsapp.webhook_max_bytes,
        metrics=metrics,
        clock=now,
    )
    authenticator = Authenticator(db)
    client = GraphClient(whatsapp.graph_api_url, whatsapp.graph_api_version)
    api = GraphQLApp(
        build_schema(introspection=settings.is_graphql_introspection_on),
        db=db,
        keys=keys,
        authenticator=authenticator,
        metrics=metrics,
        public_url=settings.http.public_url,
        services=[build_sender(keys, whatsapp), ReadMarker(client, access_token=access_tokens(whatsapp))],
    )
    routes: list[BaseRoute] = [*graphql_routes(api, metrics=metrics, graphiql=settings.http.graphiql), *_operator_routes(db, journal)]
    routes.append(media_route(db=db, authenticator=authenticator, client=client, whatsapp=whatsapp))
    return HttpParts(_dispatch(webhook, Starlette(routes=routes)), journal, db, client)


def build_sender(keys: KeyRing, whatsapp: WhatsAppSettings) -> Sender:
    """Return what turns commands into outbox rows."""
    return Sender(
        keys,
        has_access_token=lambda tenant: whatsapp.access_token_for(tenant) is not None,
        default_region=whatsapp.default_region,
        default_language=whatsapp.default_template_language,
    )


def _app_secrets(whatsapp: WhatsAppSettings) -> AppSecrets:
    return AppSecrets(
        {tenant: [secret.get_secret_value() for secret in secrets] for tenant, secrets in whatsapp.app_secrets.items()},
        [secret.get_secret_value() for secret in whatsapp.default_app_secret or []],
    )


def _dispatch(webhook: WhatsAppWebhook, rest: Starlette) -> App:
    """Return the application that sends webhooks past the framework."""

    async def app(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PATH_PREFIX):
            await webhook(scope, receive, send)
            return

        async def send_secured(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in _SECURITY_HEADERS.items()),
                ]
            await send(message)

        await rest(dict(scope), receive, send_secured)

    return app


def _operator_routes(db: Database, journal: Journal) -> list[BaseRoute]:
    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ask_revision() -> str | None:
        async with db.transaction(DatabaseRole.API, None) as tx:
            row = await (await tx.execute("SELECT version_num FROM alembic_version")).fetchone()
        return str(row[0]) if row else None

    async def ready(_: Request) -> Response:
        checks = {"database": False, "migrations": False, "journal": journal.is_connected}
        try:
            revision = await within(READY_SECONDS, ask_revision())
            checks["database"] = True
            checks["migrations"] = revision == SCHEMA_HEAD
        except (TimeoutError, *DATABASE_DOWN):
            pass  # the answer says so
        is_ready = all(checks.values())
        return JSONResponse({"status": "ready" if is_ready else "not ready", **checks}, status_code=200 if is_ready else 503)

    async def metrics(_: Request) -> Response:
        body, content_type = render_metrics()
        return Response(body, headers={"Content-Type": content_type})

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
