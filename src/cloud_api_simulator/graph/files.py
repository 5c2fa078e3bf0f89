"""Media: uploaded, described with a fresh link, downloaded, deleted. Source: Cloud API media reference; checked 2026-09."""

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors, media, multipart
from cloud_api_simulator.access import MESSAGING
from cloud_api_simulator.checks import uploads
from cloud_api_simulator.http import authorise, json_response, read_body, simulator_of

FORM_OVERHEAD_BYTES = 64 * 1024


async def upload(request: Request) -> Response:
    """Store a file for 30 days. Raises: GraphError 100 or 131053."""
    simulator = simulator_of(request)
    authorise(request, MESSAGING)
    if request.path_params["node"] != simulator.settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb="post")
    body = await read_body(request, limit_bytes=uploads.MAX_UPLOAD_BYTES + FORM_OVERHEAD_BYTES)
    try:
        form = multipart.parse(request.headers.get("Content-Type", ""), body)
    except multipart.BadForm as error:
        raise errors.required("messaging_product") from error
    product, file, type = form.get("messaging_product"), form.get("file"), form.get("type")
    if product is None:
        raise errors.required("messaging_product")
    if product.text != "whatsapp":
        raise errors.not_one_of("messaging_product", ("WHATSAPP",), product.text)
    if file is None or file.filename is None:
        raise errors.required("file")
    mime_type = file.content_type or (type.text if type else "")
    if uploads.kind_of(mime_type) is None and type is not None:
        mime_type = type.text
    uploads.check_upload(mime_type, file.content)
    return json_response({"id": simulator.world.media.upload(mime_type, file.content, at=simulator.world.now()).id})


async def get_media(request: Request) -> Response:
    """Describe a file, with a fresh link. Raises: GraphError 100/33 when the id is unknown or too old."""
    authorise(request, MESSAGING)
    file = _find(request, verb="get")
    world = simulator_of(request).world
    base_url = world.base_url or str(request.base_url).rstrip("/")
    return json_response(media.description(file, url=world.media.url(file, base_url=base_url, at=world.now(), source="getMedia")))


async def delete_media(request: Request) -> Response:
    """Delete a file. Raises: GraphError 100/33."""
    authorise(request, MESSAGING)
    simulator_of(request).world.media.delete(_find(request, verb="delete").id)
    return json_response({"success": True})


async def download(request: Request) -> Response:
    """Hand out the bytes behind a link; 404 when it has expired. Raises: GraphError without a token of this app."""
    authorise(request, MESSAGING)
    world, query = simulator_of(request).world, request.query_params
    expires = query.get("ext", "")
    if not (expires.isascii() and expires.isdigit()):
        return Response(status_code=404)
    file = world.media.open(query.get("mid", ""), expires=expires, url_hash=query.get("hash", ""), at=world.now())
    return Response(status_code=404) if file is None else Response(file.content, media_type=file.mime_type)


def _find(request: Request, *, verb: str) -> media.MediaFile:
    world = simulator_of(request).world
    owner = request.query_params.get("phone_number_id", world.settings.phone_number_id)
    file = world.media.find(request.path_params["node"], at=world.now())
    if file is None or owner != world.settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb=verb)
    return file
