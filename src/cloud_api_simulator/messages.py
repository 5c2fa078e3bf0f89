"""`POST /{version}/{phone-id}/messages`: checks what the business sends, answers as Meta does, lets statuses follow.

Texts and templates are checked in depth; of the other types only that their object is there.
Source: Cloud API messages reference; checked 2026-09.
"""

import asyncio
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.http import authorise, check_version, json_response, read_body, simulator_of
from cloud_api_simulator.simulator import Simulator
from cloud_api_simulator.statuses import Sending
from cloud_api_simulator.world import World

TYPES = ("audio", "contacts", "document", "image", "interactive", "location", "reaction", "sticker", "template", "text", "video")
MAX_TEXT_CHARS = 4096
MAX_CALLBACK_DATA_CHARS = 512
MAX_TEMPLATE_NAME_CHARS = 512
PHONE_DIGITS = range(5, 16)
_BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_PHONE_PUNCTUATION = str.maketrans("", "", "+-() ")
_TEMPLATE_NAME = re.compile(rf"[a-z0-9_]{{1,{MAX_TEMPLATE_NAME_CHARS}}}", re.ASCII)


async def post_message(request: Request) -> Response:
    """Take one message, or a read mark. Raises: GraphError as documented."""
    simulator = simulator_of(request)
    check_version(request)
    authorise(request)
    if request.path_params["node"] != simulator.settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb="post")
    payload = _parse(await read_body(request))
    stream = simulator.world.stream(f"call/{simulator.world.ids.trace()}")
    await asyncio.sleep(stream.uniform(*simulator.settings.latency_seconds))
    if stream.random() < simulator.world.rates.api_error_rate:
        raise errors.coded(131000, "Message failed to send due to an unknown error.")
    if payload.get("messaging_product") != "whatsapp":
        raise _wrong_product(payload)
    if "status" in payload:
        return json_response(_mark_read(payload, simulator.world))
    return json_response(_send(payload, simulator))


def _parse(raw: bytes) -> Json:
    """Return the parameters. What cannot be read counts as none at all, as the Graph API has it."""
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


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
    if "read" not in entry.statuses:
        entry.statuses.append("read")
    return {"success": True}


def _send(payload: Json, simulator: Simulator) -> Json:
    if len(simulator.agenda) >= simulator.settings.agenda_limit:
        raise errors.coded(130429, "There were too many messages sent from this phone number in a short period of time.")
    content = check_content(payload)
    callback_data = payload.get("biz_opaque_callback_data")
    if callback_data is not None and not (isinstance(callback_data, str) and len(callback_data) <= MAX_CALLBACK_DATA_CHARS):
        raise errors.invalid("biz_opaque_callback_data", f"be a string of at most {MAX_CALLBACK_DATA_CHARS} characters")
    sending, contact = address(payload, content, simulator.world, callback_data=callback_data)
    simulator.accept(sending)
    status = {"message_status": "accepted"} if content["type"] == "template" else {}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": sending.message_id, **status}]}


def check_content(payload: Json) -> Json:
    """Return type, object and quote of a message. Raises: GraphError 100 or 131008."""
    type = payload.get("type", "text")
    if type not in TYPES:
        raise errors.not_one_of("type", tuple(name.upper() for name in TYPES), type)
    content: Any = payload.get(type)
    has_shape = isinstance(content, list if type == "contacts" else dict)
    if not has_shape or not content:
        raise errors.coded(131008, f"Parameter '{type}' is mandatory for type '{type}'")
    if type == "text":
        _check_text(content)
    if type == "template":
        _check_template(content)
    quoted = payload.get("context")
    if quoted is not None and not (isinstance(quoted, dict) and isinstance(quoted.get("message_id"), str)):
        raise errors.required("context['message_id']")
    return {"type": type, type: content, **({} if quoted is None else {"context": quoted})}


def _check_text(text: Json) -> None:
    body = text.get("body")
    if not body:
        raise errors.required("text['body']")
    if not isinstance(body, str) or len(body) > MAX_TEXT_CHARS:
        raise errors.invalid("text['body']", f"be a string of at most {MAX_TEXT_CHARS} characters")


def _check_template(template: Json) -> None:
    name, language = template.get("name"), template.get("language")
    if not name:
        raise errors.required("template['name']")
    if not isinstance(name, str) or _TEMPLATE_NAME.fullmatch(name) is None:
        raise errors.invalid("template['name']", "hold lower-case letters, digits and underscores only")
    if not isinstance(language, dict) or not isinstance(language.get("code"), str) or not language["code"]:
        raise errors.required("template['language']['code']")
    if not isinstance(template.get("components", []), list):
        raise errors.invalid("template['components']", "be an array")


def address(payload: Json, content: Json, world: World, *, callback_data: str | None) -> tuple[Sending, Json]:
    """Find out whom a message is for; return it with the answer's contact. `to` wins over `recipient`. Raises: GraphError."""
    kind = payload.get("recipient_type", "individual")
    if kind not in {"individual", "group"}:
        raise errors.not_one_of("recipient_type", ("individual", "group"), kind)
    if kind == "group":
        raise errors.coded(131020, "The group does not exist, or the business is not its owner.")
    if payload.get("to"):
        return _to_phone(payload["to"], content, world, callback_data)
    if payload.get("recipient"):
        return _to_user_id(payload["recipient"], content, world, callback_data)
    raise errors.required("to")


def _to_phone(to: Any, content: Json, world: World, callback_data: str | None) -> tuple[Sending, Json]:
    if isinstance(to, str) and _BSUID.fullmatch(to):
        # Meta strips the prefix, takes the rest for a phone number, says 200, and nobody ever gets the message.
        phone = "".join(character for character in to if character.isdigit())
        return Sending(message_id=world.ids.outbound(phone), content=content, is_lost=True), {"input": to, "wa_id": phone}
    phone = str(to).translate(_PHONE_PUNCTUATION)
    if not (phone.isascii() and phone.isdigit() and len(phone) in PHONE_DIGITS):
        raise errors.coded(131009, "Parameter 'to' is not a phone number.")
    if phone == world.settings.display_phone_number:
        raise errors.coded(131021, "Recipient phone number cannot be the sender's phone number.")
    customer = world.find_customer(phone)
    sending = Sending(message_id=world.ids.outbound(phone), content=content, customer=customer, phone=phone, callback_data=callback_data)
    return sending, {"input": str(to), "wa_id": phone}


def _to_user_id(recipient: Any, content: Json, world: World, callback_data: str | None) -> tuple[Sending, Json]:
    customer = world.find_customer(recipient) if isinstance(recipient, str) and _BSUID.fullmatch(recipient) else None
    if customer is None:
        raise errors.coded(131009, "Parameter 'recipient' is not a user of this business portfolio.")
    message_id = world.ids.outbound(customer.address)
    sending = Sending(message_id=message_id, content=content, customer=customer, phone=None, callback_data=callback_data)
    return sending, {"input": recipient, "user_id": customer.user_id}
