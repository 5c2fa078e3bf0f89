"""The app: its tokens, its webhook subscription, resumable uploads of samples. Source: Graph API reference; checked 2026-09 (cloud-api.md 0)."""

import base64

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.callbacks import FIELDS
from cloud_api_simulator.graph.overrides import verified
from cloud_api_simulator.http import authorise, json_response, manage, parameters, read_body, simulator_of, token_of

OBJECT = "whatsapp_business_account"
MAX_SAMPLE_BYTES = 100 * 1024 * 1024


async def debug_token(request: Request) -> Response:
    """Describe the token `input_token`. Raises: GraphError 100 without one."""
    authorise(request)
    given = request.query_params.get("input_token")
    if not given:
        raise errors.required("input_token")
    world = simulator_of(request).world
    data = world.tokens.describe(given, waba_id=world.settings.waba_id, business_id=world.settings.business_id, at=world.now())
    return json_response({"data": data})


async def access_token(request: Request) -> Response:
    """Give the app its token, or a business its own for the code of a signup. Raises: GraphError 101, 100."""
    settings, query = simulator_of(request).settings, request.query_params
    if (query.get("client_id"), query.get("client_secret")) != (settings.app_id, settings.app_secret):
        raise errors.GraphError(code=101, message="Error validating client secret.")
    token = settings.access_token if query.get("code") else f"{settings.app_id}|{settings.app_secret}"
    return json_response({"access_token": token, "token_type": "bearer"})


async def set_subscription(request: Request) -> Response:
    """Set the app's callback, verify token and fields; needs the app token. Raises: GraphError 15, 100, 2200."""
    _own_app(request)
    simulator, given = simulator_of(request), await parameters(request)
    if given.get("object") != OBJECT:
        raise errors.not_one_of("object", (OBJECT,), given.get("object"))
    names = given.get("fields") or ""
    fields = {str(name).strip() for name in (names if isinstance(names, list) else str(names).split(",")) if str(name).strip()}
    simulator.world.callbacks.app = await verified(
        simulator, given.get("callback_url"), given.get("verify_token"), parameter="callback_url"
    )
    simulator.world.callbacks.fields = fields or set(FIELDS)
    return json_response({"success": True})


async def list_subscriptions(request: Request) -> Response:
    """List what the app is subscribed to; needs the app token. Raises: GraphError 15."""
    _own_app(request)
    callbacks = simulator_of(request).world.callbacks
    fields = [{"name": name, "version": "v25.0"} for name in sorted(callbacks.fields)]
    entry = {
        "object": OBJECT,
        "callback_url": callbacks.app.url if callbacks.app else "",
        "active": callbacks.app is not None,
        "fields": fields,
    }
    return json_response({"data": [entry] if callbacks.app else []})


async def start_upload(request: Request) -> Response:
    """Open a session for the sample of a template's header. Raises: GraphError 100."""
    manage(request)
    given = await parameters(request)
    if not given.get("file_type"):
        raise errors.required("file_type")
    session = base64.urlsafe_b64encode(simulator_of(request).world.ids.trace().encode()).decode("ascii")
    return json_response({"id": f"upload:{session}"})


async def upload(request: Request) -> Response:
    """Take the bytes of a sample and return its handle. The bytes are not kept: nobody asks for them."""
    manage(request)
    content = await read_body(request, limit_bytes=MAX_SAMPLE_BYTES)
    handle = base64.b64encode(f"{len(content)}:{simulator_of(request).world.ids.trace()}".encode()).decode("ascii")
    return json_response({"h": f"4::{handle}"})


async def upload_status(request: Request) -> Response:
    """Say how much of a sample has arrived: sessions of the simulator are never half done."""
    manage(request)
    return json_response({"id": request.path_params["node"], "file_offset": 0})


def _own_app(request: Request) -> None:
    simulator = simulator_of(request)
    if request.path_params["node"] != simulator.settings.app_id:
        raise errors.unknown_object(request.path_params["node"], verb=request.method.lower())
    if token_of(request) != simulator.world.tokens.app_token:
        raise errors.GraphError(code=15, message="(#15) This method must be called with an app access_token.", http_status=403)
