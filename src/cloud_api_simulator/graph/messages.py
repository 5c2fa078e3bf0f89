"""`POST /{phone-id}/messages`: takes what the business sends, answers as Meta does, lets statuses follow.

Source: Cloud API messages reference; checked 2026-09.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.access import MESSAGING
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.http import authorise, json_response, parse_object, read_body, simulator_of
from cloud_api_simulator.sending import prepare
from cloud_api_simulator.simulator import Simulator
from cloud_api_simulator.world import World


async def post_message(request: Request) -> Response:
    """Take one message, or a read mark. Raises: GraphError as documented."""
    simulator = simulator_of(request)
    authorise(request, MESSAGING)
    if request.path_params["node"] != simulator.settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb="post")
    payload = parse_object(await read_body(request))
    await _take_time(simulator)
    if payload.get("messaging_product") != "whatsapp":
        raise _wrong_product(payload)
    if "status" in payload:
        return json_response(_mark_read(payload, simulator.world))
    return json_response(_send(payload, simulator))


async def post_marketing_message(request: Request) -> Response:
    """Take one marketing template. Raises: GraphError 134100 for anything else."""
    simulator = simulator_of(request)
    authorise(request, MESSAGING)
    if request.path_params["node"] != simulator.settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb="post")
    payload = parse_object(await read_body(request))
    if payload.get("messaging_product") != "whatsapp":
        raise _wrong_product(payload)
    template = payload.get("template")
    name = template.get("name") if isinstance(template, dict) else None
    if not any(each.category == "MARKETING" for each in simulator.world.templates.named(str(name))):
        raise errors.coded(134100, "Only marketing messages are supported on this endpoint.")
    return json_response(_send(payload, simulator))


async def _take_time(simulator: Simulator) -> None:
    """Be as slow, and as unreliable, as the rates have it."""
    slowest = max(simulator.settings.latency_seconds)
    if slowest == 0 and simulator.world.rates.api_error_rate == 0:
        return
    stream = simulator.world.stream(f"call/{simulator.world.ids.trace()}")
    await asyncio.sleep(stream.uniform(*simulator.settings.latency_seconds))
    if stream.random() < simulator.world.rates.api_error_rate:
        raise errors.coded(131000, "Message failed to send due to an unknown error.")


def _wrong_product(payload: Json) -> errors.GraphError:
    got = payload.get("messaging_product")
    return errors.required("messaging_product") if got is None else errors.not_one_of("messaging_product", ("WHATSAPP",), got)


def _mark_read(payload: Json, world: World) -> Json:
    """Mark a customer's message, and with it the earlier ones, as read."""
    if payload["status"] != "read":
        raise errors.not_one_of("status", ("read",), payload["status"])
    if not payload.get("message_id"):
        raise errors.required("message_id")
    typing = payload.get("typing_indicator")
    if typing is not None and typing != {"type": "text"}:
        raise errors.invalid("typing_indicator", 'be {"type": "text"}')
    entry = world.ledger.find(str(payload["message_id"]))
    if entry is None or entry.direction != "inbound":
        raise errors.coded(131009, "The message ID does not belong to a message that was sent to this phone number.")
    written = () if entry.customer is None else world.threads[entry.customer].written
    for each in (*(world.ledger.find(id) for id, _ in written), entry):
        if each is not None and each.position <= entry.position and "read" not in each.statuses:
            each.statuses.append("read")
    if typing is not None and "typing" not in entry.statuses:
        entry.statuses.append("typing")
    return {"success": True}


def _send(payload: Json, simulator: Simulator) -> Json:
    if len(simulator.agenda) >= simulator.settings.agenda_limit:
        raise errors.coded(130429, "There were too many messages sent from this phone number in a short period of time.")
    prepared = prepare(payload, simulator.world)
    simulator.accept(prepared.sending)
    return prepared.answer
