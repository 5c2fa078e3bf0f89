"""`/{id}`: one path for every kind of object; the id tells which it is."""

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.graph import accounts, apps, files, numbers, templates
from cloud_api_simulator.http import authorise, simulator_of

UPLOAD = "upload:"


async def get_node(request: Request) -> Response:
    """Describe the object. Raises: GraphError 100/33 when there is none."""
    node, settings, world = request.path_params["node"], simulator_of(request).settings, simulator_of(request).world
    if node == settings.phone_number_id:
        return await numbers.get_number(request)
    if node == settings.waba_id:
        return await accounts.get_account(request)
    if node.startswith(UPLOAD):
        return await apps.upload_status(request)
    template = world.templates.find(node)
    return await files.get_media(request) if template is None else await templates.get_template(request, template)


async def post_node(request: Request) -> Response:
    """Change the object. Raises: GraphError 100/33 when there is none."""
    node, settings, world = request.path_params["node"], simulator_of(request).settings, simulator_of(request).world
    if node == settings.phone_number_id:
        return await numbers.change_number(request)
    if node == settings.waba_id:
        return await accounts.change_account(request)
    if node.startswith(UPLOAD):
        return await apps.upload(request)
    template = world.templates.find(node)
    if template is not None:
        return await templates.edit_template(request, template)
    authorise(request)
    raise errors.unknown_object(node, verb="post")


async def delete_node(request: Request) -> Response:
    """Delete the object: only files can be deleted so. Raises: GraphError 100/33."""
    return await files.delete_media(request)
