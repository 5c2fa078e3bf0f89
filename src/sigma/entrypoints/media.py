"""`/media/{message id}`: the file of a message, for callers of its tenant, streamed from the platform and never rendered inline."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sigma.connectors.whatsapp.graph import GraphClient
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole
from sigma.kit.errors import Forbidden, PlatformUnavailable, SigmaError
from sigma.kit.ids import parse_id
from sigma.kit.settings import WhatsAppSettings
from sigma.messages.models import Message, MessageNotFound
from sigma.messages.queries import get_message
from sigma.tenants.api_keys import Authenticator
from sigma.tenants.models import TenantScope
from sigma.workspaces.models import Workspace
from sigma.workspaces.queries import get_workspace

SAFE_TYPES = ("image/jpeg", "image/png", "image/webp", "audio/", "video/", "application/pdf", "text/plain")
_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, max-age=300"}


def media_route(*, db: Database, authenticator: Authenticator, client: GraphClient, whatsapp: WhatsAppSettings) -> Route:
    """Return the route that serves media files."""

    async def media(request: Request) -> Response:
        try:
            caller = await authenticator.authenticate(request.headers.get("authorization"))
            if caller.tenant_id is None:
                raise Forbidden("An installation key sees no tenant's data.")
            scope = TenantScope(caller.tenant_id, caller.role, caller.actor)
            message, workspace = await _find(db, scope, request.path_params["message_id"])
            token = whatsapp.access_token_for(str(scope.tenant_id))
            if token is None:
                raise PlatformUnavailable(
                    "There is no access token for this tenant: set Platforms.WhatsApp.AccessTokens or DefaultAccessToken."
                )
            return await _streamed(client, message, workspace, token.get_secret_value())
        except SigmaError as error:
            return JSONResponse({"error": {"code": error.code, "message": error.message}}, status_code=error.http_status)
        except DATABASE_DOWN:
            error_body = {"code": "DATABASE_UNAVAILABLE", "message": "The database cannot be reached right now; try again."}
            return JSONResponse({"error": error_body}, status_code=503, headers={"Retry-After": "5"})

    return Route("/media/{message_id}", media, methods=["GET"])


async def _find(db: Database, scope: TenantScope, message_id: str) -> tuple[Message, Workspace]:
    """Return the message and its workspace. Raises: Forbidden, MessageNotFound, also for a message without a file."""
    wanted = parse_id(message_id)
    if wanted is None:
        raise MessageNotFound
    async with db.transaction(DatabaseRole.API, scope.tenant_id) as tx:
        message = await get_message(tx, scope, wanted)
        if message.media is None:
            raise MessageNotFound("This message carries no file.")
        return message, await get_workspace(tx, scope, message.workspace_id)


async def _streamed(client: GraphClient, message: Message, workspace: Workspace, token: str) -> Response:
    """Return the file as it comes. What the platform refuses is known before the answer begins."""
    media = message.media or {}
    async with AsyncExitStack() as stack:
        download = client.download_media(media["id"], phone_number_id=workspace.external_id, token=token)
        file = await stack.enter_async_context(download)
        opened = stack.pop_all()

    async def body() -> AsyncIterator[bytes]:
        async with opened:
            async for chunk in file.chunks:
                yield chunk

    mime_type = str(media.get("mime_type") or "")
    headers = {**_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_file_name(message), safe='')}"}
    return StreamingResponse(
        body(), media_type=mime_type if mime_type.startswith(SAFE_TYPES) else "application/octet-stream", headers=headers
    )


def _file_name(message: Message) -> str:
    """Return a name that is only a name: what the customer's phone called the file, without any path."""
    given = str((message.media or {}).get("filename") or "")
    return given.replace("\\", "/").rsplit("/", 1)[-1].strip(". ") or f"{message.kind.value.lower()}-{message.id}"
