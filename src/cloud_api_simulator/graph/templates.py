"""Templates: list, create, read, edit, delete, unpause. Source: Cloud API templates reference; checked 2026-09 (cloud-api.md 10)."""

import base64
import binascii
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.http import TOO_MANY_CALLS, choose, fields_of, manage, managed, parameters, simulator_of
from cloud_api_simulator.templates import MAX_TEMPLATES, Template

DEFAULT_PAGE, MAX_PAGE = 25, 1000
DEFAULT_FIELDS = ("name", "components", "language", "status", "category", "parameter_format", "id")
NODE_TYPE = "WhatsAppMessageTemplate"
OPTIONAL_FIELDS = (
    *("previous_category", "correct_category", "sub_category", "message_send_ttl_seconds", "library_template_name", "health_status"),
    *("degrees_of_freedom_spec", "is_primary_device_delivery_only", "bid_spec", "ad_account_id", "specific_rejection_reasons"),
    *("rejection_info", "cta_url_link_tracking_opted_out", "creative_sourcing_spec", "display_format", "linked_ad_account_id"),
)
FILTERS = ("status", "category", "language", "quality_score", "name", "content", "name_or_content")
CREATIONS_AN_HOUR = 100


async def list_templates(request: Request) -> Response:
    """List one page of the templates that fit the filters. Raises: GraphError 100, 131059."""
    manage(request)
    _own_account(request, verb="get")
    query, world = request.query_params, simulator_of(request).world
    found = world.templates.list({key: query[key] for key in FILTERS if query.get(key)})
    limit = _limit(query.get("limit", str(DEFAULT_PAGE)))
    start = _position(query["after"]) if query.get("after") else 0
    end = start + limit
    if query.get("before"):
        end = max(_position(query["before"]) - 1, 0)
        start = max(end - limit, 0)
    names = fields_of(request, DEFAULT_FIELDS)
    data = [choose(template.node(), names, type=NODE_TYPE, known=OPTIONAL_FIELDS) for template in found[start:end]]
    body: Json = {"data": data}
    if data:
        body["paging"] = _paging(request, start=start, end=start + len(data), total=len(found))
    if query.get("summary"):
        count = len(world.templates)
        body["summary"] = {
            "total_count": len(found),
            "message_template_count": count,
            "message_template_limit": MAX_TEMPLATES,
            "are_translations_complete": True,
        }
    return managed(request, body)


async def create_template(request: Request) -> Response:
    """Take a new template for review. Raises: GraphError 100, perhaps with a subcode; 80007 above 100 in an hour."""
    manage(request)
    _own_account(request, verb="post")
    simulator = simulator_of(request)
    world, at = simulator.world, simulator.world.now()
    creations = world.limits.template_creations
    if world.rules.enforce_limits and creations.count(at.timestamp()) >= CREATIONS_AN_HOUR:
        raise errors.on_demand(TOO_MANY_CALLS)
    template = world.templates.create(await parameters(request), at=at)
    creations.add(at.timestamp())
    simulator.reviewer.submit(template)
    return managed(request, {"id": template.id, "status": template.status, "category": template.category})


async def get_template(request: Request, template: Template) -> Response:
    """Describe one template."""
    manage(request)
    return managed(request, choose(template.node(), fields_of(request, DEFAULT_FIELDS), type=NODE_TYPE, known=OPTIONAL_FIELDS))


async def edit_template(request: Request, template: Template) -> Response:
    """Change one template. Raises: GraphError 100, perhaps with a subcode."""
    manage(request)
    simulator = simulator_of(request)
    simulator.world.templates.edit(template, await parameters(request), at=simulator.world.now())
    simulator.reviewer.resubmit(template)
    return managed(request, {"success": True, "id": template.id, "name": template.name, "category": template.category})


async def delete_templates(request: Request) -> Response:
    """Delete all languages of a name, or one template by `hsm_id` and `name`. Raises: GraphError 100."""
    manage(request)
    _own_account(request, verb="delete")
    simulator, given = simulator_of(request), await parameters(request)
    shelf = simulator.world.templates
    if given.get("hsm_id"):
        one = shelf.find(str(given["hsm_id"]))
        gone = [one] if one is not None and one.name == given.get("name") else []
    elif given.get("name"):
        gone = shelf.named(str(given["name"]))
    else:
        raise errors.required("name")
    if not gone:
        title, text = "Message Template Not Found", "No template with this name was found to delete."
        raise errors.GraphError(code=100, message="Invalid parameter", subcode=2593002, user_title=title, user_message=text)
    shelf.delete(gone, at=simulator.world.now())
    for template in gone:
        simulator.reviewer.deleted(template)
    return managed(request, {"success": True})


async def unpause_template(request: Request) -> Response:
    """End the pause of a template. Raises: GraphError 100/33."""
    manage(request)
    simulator = simulator_of(request)
    template = simulator.world.templates.find(request.path_params["node"])
    if template is None:
        raise errors.unknown_object(request.path_params["node"], verb="post")
    is_paused = template.status == "PAUSED"
    simulator.reviewer.unpause(template)
    return managed(request, {"success": is_paused, **({} if is_paused else {"reason": "The template is not paused."})})


def _own_account(request: Request, *, verb: str) -> None:
    if request.path_params["node"] != simulator_of(request).settings.waba_id:
        raise errors.unknown_object(request.path_params["node"], verb=verb)


def _limit(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits[:6]) <= MAX_PAGE):
        raise errors.invalid("limit", f"lie between 1 and {MAX_PAGE}")
    return int(digits)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"at:{position}".encode()).decode("ascii")


def _position(cursor: str) -> int:
    try:
        name, _, digits = base64.urlsafe_b64decode(cursor.encode()).decode("ascii").partition(":")
    except (binascii.Error, ValueError) as error:
        raise errors.coded(131059, "The paging cursor has expired. Start again without one.") from error
    if name != "at" or not digits.isdigit():
        raise errors.coded(131059, "The paging cursor has expired. Start again without one.")
    return int(digits)


def _paging(request: Request, *, start: int, end: int, total: int) -> Json:
    """Return the cursors of a page; `next` and `previous` only where there is more."""
    paging: Json = {"cursors": {"before": _cursor(start + 1), "after": _cursor(end)}}
    root = simulator_of(request).world.base_url or str(request.base_url).rstrip("/")
    base = f"{root}{request.scope.get('graph_version', '')}{request.url.path}"
    rest = {key: value for key, value in request.query_params.items() if key not in {"after", "before", "access_token"}}
    if end < total:
        paging["next"] = f"{base}?{urlencode({**rest, 'after': _cursor(end)})}"
    if start > 0:
        paging["previous"] = f"{base}?{urlencode({**rest, 'before': _cursor(start + 1)})}"
    return paging
