"""`GET /{version}/{media-id}` and the link that it hands out."""

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors, media
from cloud_api_simulator.http import authorise, check_version, json_response, simulator_of


async def get_media(request: Request) -> Response:
    """Describe a file, with a fresh link. Raises: GraphError 100/33 when the id is unknown or older than seven days."""
    check_version(request)
    authorise(request)
    world, at = simulator_of(request).world, simulator_of(request).world.now()
    owner = request.query_params.get("phone_number_id", world.settings.phone_number_id)
    file = world.media.find(request.path_params["node"], at=at)
    if file is None or owner != world.settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb="get")
    base_url = world.base_url or str(request.base_url).rstrip("/")
    return json_response(media.description(file, url=world.media.url(file, base_url=base_url, at=at, source="getMedia")))


async def download(request: Request) -> Response:
    """Hand out the bytes behind a link; 404 when it has expired. Raises: GraphError without the app's token."""
    authorise(request)
    world, query = simulator_of(request).world, request.query_params
    expires = query.get("ext", "")
    if not (expires.isascii() and expires.isdigit()):
        return Response(status_code=404)
    file = world.media.open(query.get("mid", ""), expires=expires, url_hash=query.get("hash", ""), at=world.now())
    return Response(status_code=404) if file is None else Response(file.content, media_type=file.mime_type)
