"""`/_control/…`: what Meta has no API for. Lets a test or a person act as a customer, and make things go wrong.

| Route | Does |
|---|---|
| `GET status` | verification, counters, rates, whether everything is delivered (`is_idle`) |
| `GET customers`, `GET ledger?after=&limit=&direction=` | who is there; what was said, oldest first |
| `POST messages` | a customer writes: `{"customer", "kind", "text"?, "data"?}` or `{"customer", "content": {"type", …}}` |
| `POST statuses` | reports a status of a message of the business: `{"message_id", "status"}` |
| `POST webhooks?signature=valid|wrong|none&wait=0|1` | delivers these bytes; `wait=1` tries once and returns the callback's answer |
| `PATCH rates` | changes any of the rates |
| `POST traffic/start`, `POST traffic/stop` | lets the customers write, or pause |
| `POST clock` | sets the world's time forward: `{"advance_seconds"}` |
| `POST verify` | verifies the callback again; nothing is delivered until that worked |
"""

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud_api_simulator import rendering, webhooks
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.delivery import Post
from cloud_api_simulator.http import json_response, read_body, simulator_of
from cloud_api_simulator.ledger import Direction
from cloud_api_simulator.scripts.steps import Step
from cloud_api_simulator.settings import Rates
from cloud_api_simulator.simulator import Simulator

MAX_RAW_BYTES = 8 * 1024 * 1024
MAX_PAGE = 1000
DIRECTIONS: Mapping[str | None, Direction | None] = {None: None, "inbound": "inbound", "outbound": "outbound"}
WRONG_SIGNATURE = "sha256=" + "0" * 64

Command = TypeVar("Command", bound=msgspec.Struct)


class ControlError(Exception):
    """The command cannot be carried out; the text says why."""


class WriteMessage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A customer (key, phone or BSUID) writes: a `kind` of the scripts with optional words and data, or a whole `content`."""

    customer: str
    kind: str = "text"
    text: str | None = None
    data: dict[str, Any] = {}
    content: dict[str, Any] | None = None
    quoting: str | None = None


class ReportStatus(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A message of the business reaches a status."""

    message_id: str
    status: Literal["sent", "delivered", "read", "played", "failed"]


class AdvanceClock(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Time passes."""

    advance_seconds: float


async def explain(_request: Request, error: Exception) -> Response:
    """Turn a ControlError into an answer."""
    return json_response({"error": str(error)}, 422)


async def get_status(request: Request) -> Response:
    """Say how things stand."""
    return json_response(_status(simulator_of(request)))


async def list_customers(request: Request) -> Response:
    """List who is there."""
    people = simulator_of(request).world.customers
    keys = ("key", "name", "language", "wa_id", "user_id", "parent_user_id", "username")
    return json_response({"customers": [{key: getattr(person, key) for key in keys} for person in people]})


async def list_ledger(request: Request) -> Response:
    """List what was said. `next_after` is the `after` of the next page, or null at the end."""
    query, ledger = request.query_params, simulator_of(request).world.ledger
    after, limit = _number(query.get("after", "0")), min(_number(query.get("limit", "100")), MAX_PAGE)
    if query.get("direction") not in DIRECTIONS:
        raise ControlError("direction must be inbound or outbound")
    entries = ledger.page(after=after, limit=limit, direction=DIRECTIONS[query.get("direction")])
    next_after = entries[-1].position if len(entries) == limit and entries else None
    return json_response({"recorded": ledger.recorded, "entries": msgspec.to_builtins(entries), "next_after": next_after})


async def write_message(request: Request) -> Response:
    """Let a customer write."""
    simulator, command = simulator_of(request), await _command(request, WriteMessage)
    customer = simulator.world.find_customer(command.customer)
    if customer is None:
        raise ControlError("no such customer")
    content, quoting = (command.content, None) if command.content is not None else _rendered(command, simulator)
    if not isinstance(content.get("type"), str) or "id" in content:
        raise ControlError("content must have a type, and no id of its own")
    update = simulator.world.write(customer, content, quoting=command.quoting or quoting)
    await simulator.delivery.put(update)
    return json_response({"message_id": update.message_id, "customer": customer.key, "message": update.item}, 202)


async def report_status(request: Request) -> Response:
    """Report a status of a message of the business."""
    simulator, command = simulator_of(request), await _command(request, ReportStatus)
    sending = simulator.sendings.get(command.message_id)
    if sending is None:
        raise ControlError("the business has sent no such message")
    simulator.ladder.report(command.status, sending, is_priced=command.status == "sent")
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


async def change_rates(request: Request) -> Response:
    """Change how often things happen and go wrong. What is not named stays."""
    simulator = simulator_of(request)
    wanted = _parsed(await read_body(request))
    if not isinstance(wanted, dict):
        raise ControlError("expected an object")
    try:
        simulator.world.rates = msgspec.convert({**msgspec.to_builtins(simulator.world.rates), **wanted}, Rates)
    except msgspec.ValidationError as error:
        raise ControlError(str(error)) from error
    simulator.traffic.poke()
    return json_response(msgspec.to_builtins(simulator.world.rates))


async def start_traffic(request: Request) -> Response:
    """Let the customers write on their own."""
    simulator_of(request).traffic.start()
    return json_response({"is_running": True})


async def stop_traffic(request: Request) -> Response:
    """Let the customers pause. What is on its way still arrives."""
    simulator_of(request).traffic.stop()
    return json_response({"is_running": False})


async def advance_clock(request: Request) -> Response:
    """Set the world's time forward."""
    simulator, command = simulator_of(request), await _command(request, AdvanceClock)
    simulator.world.clock.advance(command.advance_seconds)
    return json_response({"now": simulator.world.now().isoformat()})


async def verify(request: Request) -> Response:
    """Verify the callback once more."""
    simulator_of(request).handshake.repeat()
    return json_response({"verification": "pending"}, 202)


def _status(simulator: Simulator) -> Json:
    world, delivery = simulator.world, simulator.delivery
    delivered = {"queued": delivery.queued, "pending": delivery.pending, **msgspec.to_builtins(delivery.counters)}
    return {
        "callback_url": world.settings.callback_url,
        "phone_number_id": world.settings.phone_number_id,
        "seed": world.settings.seed,
        "now": world.now().isoformat(),
        "verification": msgspec.to_builtins(simulator.handshake.verification),
        "traffic": {"is_running": simulator.traffic.is_running},
        "rates": msgspec.to_builtins(world.rates),
        "delivery": delivered,
        "still_to_happen": len(simulator.agenda),
        "is_idle": simulator.is_idle,
        "recorded": world.ledger.recorded,
    }


def _rendered(command: WriteMessage, simulator: Simulator) -> tuple[Json, str | None]:
    customer = simulator.world.find_customer(command.customer)
    if customer is None or command.kind not in rendering.KINDS:
        raise ControlError(f"kind must be one of {', '.join(sorted(rendering.KINDS))}")
    step = Step(command.kind, () if command.text is None else (command.text,), command.data)
    scene = rendering.Scene(world=simulator.world, customer=customer, stream=simulator.world.stream("control"), slots={})
    try:
        return rendering.render(step, scene)
    except ValueError as error:
        raise ControlError(str(error)) from error


async def _command(request: Request, type: type[Command]) -> Command:
    try:
        return msgspec.json.decode(await read_body(request), type=type)
    except msgspec.MsgspecError as error:
        raise ControlError(str(error)) from error


def _parsed(raw: bytes) -> object:
    try:
        document: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return document


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_RAW_BYTES)) + 3):
        raise ControlError("after and limit must be numbers")
    return int(digits)


ROUTES = (
    Route("/status", get_status),
    Route("/customers", list_customers),
    Route("/ledger", list_ledger),
    Route("/messages", write_message, methods=["POST"]),
    Route("/statuses", report_status, methods=["POST"]),
    Route("/webhooks", send_webhook, methods=["POST"]),
    Route("/rates", change_rates, methods=["PATCH"]),
    Route("/traffic/start", start_traffic, methods=["POST"]),
    Route("/traffic/stop", stop_traffic, methods=["POST"]),
    Route("/clock", advance_clock, methods=["POST"]),
    Route("/verify", verify, methods=["POST"]),
)
