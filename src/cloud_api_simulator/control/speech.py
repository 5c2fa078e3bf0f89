"""Words and webhooks on command: a customer writes, a status is reported, any body is delivered."""

import json
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import rendering, webhooks
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.control.commands import ControlError, customer_named, read_command
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.delivery import Post
from cloud_api_simulator.error_codes import TITLES
from cloud_api_simulator.http import json_response, read_body, simulator_of
from cloud_api_simulator.scripts.steps import Step
from cloud_api_simulator.simulator import Simulator
from cloud_api_simulator.statuses import UNDELIVERABLE
from cloud_api_simulator.webhooks import Update

MAX_RAW_BYTES = 8 * 1024 * 1024
WRONG_SIGNATURE = "sha256=" + "0" * 64


class WriteMessage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A customer (key, phone or BSUID) writes: a `kind` of the scripts with optional words and data, or a whole `content`."""

    customer: str
    kind: str = "text"
    text: str | None = None
    data: dict[str, Any] = {}
    content: dict[str, Any] | None = None
    quoting: str | None = None


class ReportStatus(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A message of the business reaches a status; `code` says why one has failed."""

    message_id: str
    status: Literal["sent", "delivered", "read", "played", "failed"]
    code: int = UNDELIVERABLE


class SendField(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A webhook of any field that is about the account."""

    field: str
    value: dict[str, Any]


async def write_message(request: Request) -> Response:
    """Let a customer write. Someone whom the business has blocked cannot."""
    simulator, command = simulator_of(request), await read_command(request, WriteMessage)
    customer = customer_named(request, command.customer)
    if simulator.world.relations.find(customer.key).is_blocked:
        raise ControlError("the business has blocked this customer: nothing that they write arrives")
    content, quoting = (command.content, None) if command.content is not None else _rendered(command, customer, simulator)
    if not isinstance(content.get("type"), str) or "id" in content:
        raise ControlError("content must have a type, and no id of its own")
    update = simulator.world.write(customer, content, quoting=command.quoting or quoting)
    await simulator.delivery.put(update)
    return json_response({"message_id": update.message_id, "customer": customer.key, "message": update.item}, 202)


async def report_status(request: Request) -> Response:
    """Report a status of a message of the business."""
    simulator, command = simulator_of(request), await read_command(request, ReportStatus)
    sending = simulator.sendings.get(command.message_id)
    if sending is None:
        raise ControlError("the business has sent no such message")
    if command.code not in TITLES:
        raise ControlError("code must be an error code of the Cloud API")
    simulator.ladder.report(command.status, sending, is_priced=command.status == "sent", failure=(command.code, TITLES[command.code]))
    return json_response({"message_id": command.message_id, "status": command.status}, 202)


async def send_webhook(request: Request) -> Response:
    """Deliver a body as it is."""
    simulator, query = simulator_of(request), request.query_params
    raw = await read_body(request, limit_bytes=MAX_RAW_BYTES)
    signatures = {"valid": webhooks.sign(raw, app_secret=simulator.settings.app_secret), "wrong": WRONG_SIGNATURE, "none": None}
    if query.get("signature", "valid") not in signatures:
        raise ControlError("signature must be valid, wrong or none")
    signature = signatures[query.get("signature", "valid")]
    found = webhooks.message_ids(_parsed(raw))
    ids = [message_id for message_id, _ in found]
    simulator.world.note(found)
    if query.get("wait", "0") == "1":
        status_code = await simulator.delivery.attempt(simulator.client, Post(raw=raw, signature=signature, message_ids=tuple(ids)))
        return json_response({"message_ids": ids, "status_code": status_code})
    await simulator.delivery.put_raw(raw, signature=signature, message_ids=ids)
    return json_response({"message_ids": ids}, 202)


async def send_field(request: Request) -> Response:
    """Deliver a webhook of this field with this value, such as an `account_update`."""
    simulator, command = simulator_of(request), await read_command(request, SendField)
    if command.field in webhooks.OF_NUMBERS or command.field == "messages":
        raise ControlError("use messages, acts, statuses or webhooks for this field")
    await simulator.delivery.put(Update(kind=command.field, item=command.value, contact=None))
    return json_response({"field": command.field}, 202)


def _rendered(command: WriteMessage, customer: Customer, simulator: Simulator) -> tuple[Json, str | None]:
    if command.kind not in rendering.KINDS:
        raise ControlError(f"kind must be one of {', '.join(sorted(rendering.KINDS))}")
    step = Step(command.kind, () if command.text is None else (command.text,), command.data)
    scene = rendering.Scene(world=simulator.world, customer=customer, stream=simulator.world.stream("control"), slots={})
    try:
        return rendering.render(step, scene)
    except ValueError as error:
        raise ControlError(str(error)) from error


def _parsed(raw: bytes) -> object:
    try:
        document: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document
