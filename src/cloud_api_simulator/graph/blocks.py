"""`/{phone-id}/block_users`: users whom the business does not want to hear. Source: Cloud API block users; checked 2026-09 (cloud-api.md 12.3)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.access import MESSAGING
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.error_codes import TITLES
from cloud_api_simulator.graph.numbers import own
from cloud_api_simulator.http import authorise, json_response, parameters, simulator_of
from cloud_api_simulator.world import World

MAX_USERS = 1000
NEVER_WROTE, SOME_FAILED, UNKNOWN_USER = 131047, 139100, 131009


async def block(request: Request) -> Response:
    """Block users who wrote in the last 24 hours. Raises: GraphError 100; 139100 when it fails for some."""
    return await _change(request, is_blocked=True)


async def unblock(request: Request) -> Response:
    """Let users write again. Raises: GraphError 100; 139100 when it fails for some."""
    return await _change(request, is_blocked=False)


async def list_blocked(request: Request) -> Response:
    """List the blocked users."""
    authorise(request, MESSAGING)
    own(request, verb="get")
    world = simulator_of(request).world
    people = [world.customer(user) for user in world.relations.blocked()]
    data = [{"messaging_product": "whatsapp", "input": person.address, **_ids(person)} for person in people]
    return json_response({"data": data, "paging": {"cursors": {"before": "QVFIUjE", "after": "QVFIUjI"}}})


async def _change(request: Request, *, is_blocked: bool) -> Response:
    authorise(request, MESSAGING)
    own(request, verb=request.method.lower())
    world, given = simulator_of(request).world, await parameters(request)
    users = given.get("block_users")
    if not isinstance(users, list) or not 0 < len(users) <= MAX_USERS:
        raise errors.invalid("block_users", f"be an array of 1 to {MAX_USERS} users")
    done: list[Json] = []
    failed: list[Json] = []
    for user in users:
        name = (user.get("user") or user.get("user_id")) if isinstance(user, dict) else None
        problem = _try(world, name, is_blocked=is_blocked)
        if problem is None:
            customer = world.find_customer(str(name))
            done.append({"input": name, **(_ids(customer) if customer else {})})
        else:
            failed.append(
                {"input": name, "errors": [{"code": problem, "message": TITLES[problem], "error_data": {"details": TITLES[problem]}}]}
            )
    answer = {"added_users" if is_blocked else "removed_users": done, **({"failed_users": failed} if failed else {})}
    body: Json = {"messaging_product": "whatsapp", "block_users": answer}
    if failed:
        body["error"] = errors.coded(SOME_FAILED, "Failed to block or unblock some users.").body(world.ids.trace())["error"]
    return json_response(body, 400 if failed else 200)


def _try(world: World, name: Any, *, is_blocked: bool) -> int | None:
    """Block or unblock one user; return what is in the way, or None."""
    customer = world.find_customer(str(name))
    if customer is None:
        return UNKNOWN_USER
    relation = world.relations.change(customer.key)
    if is_blocked and not relation.has_open_window(world.now()):
        return NEVER_WROTE
    relation.is_blocked = is_blocked
    return None


def _ids(customer: Customer) -> Json:
    known = {"wa_id": customer.wa_id, "user_id": customer.user_id}
    return {key: value for key, value in known.items() if value is not None}
