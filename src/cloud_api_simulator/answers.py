"""How a customer answers the business: taps what is offered, says a word, or only reacts."""

import random

from cloud_api_simulator import bodies
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.rendering import Scene, render
from cloud_api_simulator.scripts import PHRASEBOOKS
from cloud_api_simulator.scripts.steps import Step
from cloud_api_simulator.template_text import buttons
from cloud_api_simulator.webhooks import Update
from cloud_api_simulator.world import World

ONLY_REACTS = 0.15
QUOTES = 0.4
EMOJIS = ("👍", "❤️", "🙏", "😂", "😮")


def answer(world: World, customer: Customer, message_id: str, content: Json, stream: random.Random) -> Update:
    """Write the customer's answer to one message of the business. `content` is what the business sent, type and object."""
    taps = offers(content, world)
    if taps:
        return world.write(customer, stream.choice(taps), quoting=message_id)
    if stream.random() < ONLY_REACTS:
        return world.write(customer, bodies.reaction(message_id, emoji=stream.choice(EMOJIS)))
    words = Step("text", PHRASEBOOKS[customer.language].answers)
    text, _ = render(words, Scene(world=world, customer=customer, stream=stream, slots={}))
    return world.write(customer, text, quoting=message_id if stream.random() < QUOTES else None)


def offers(content: Json, world: World) -> list[Json]:
    """Return the contents of all answers that a message offers to tap: reply buttons, list rows, quick replies, a place, a flow."""
    if content["type"] == "template":
        return _quick_replies(content["template"], world)
    if content["type"] != "interactive":
        return []
    interactive = content["interactive"]
    action = interactive.get("action")
    type = interactive.get("type")
    if not isinstance(action, dict):
        return []
    if type == "button":
        replies = [button["reply"] for button in _dicts(action.get("buttons")) if isinstance(button.get("reply"), dict)]
        return [bodies.button_reply(str(reply.get("id")), str(reply.get("title"))) for reply in replies]
    if type == "list":
        rows = [row for section in _dicts(action.get("sections")) for row in _dicts(section.get("rows"))]
        return [bodies.list_reply(str(row.get("id")), str(row.get("title")), description=row.get("description")) for row in rows]
    if type == "location_request_message":
        return [bodies.location(37.442162, -122.161493)]
    if type == "flow":
        token = action.get("parameters", {}).get("flow_token", "unused")
        return [bodies.flow_reply({"flow_token": token, "answer": "yes"})]
    return []


def _quick_replies(message: Json, world: World) -> list[Json]:
    """Return the taps on a template's quick replies: text from the template, payload from the message, or else the text again."""
    given = {str(part.get("index")): part for part in _dicts(message.get("components")) if part.get("type") == "button"}
    found = world.templates.named(str(message.get("name")), str(message.get("language", {}).get("code")))
    if not found:
        replies = [part for part in given.values() if part.get("sub_type") == "quick_reply"]
        return [bodies.template_button(payload) for payload in map(_payload, replies) if payload is not None]
    taps = [(index, tap) for index, tap in enumerate(buttons(found[0].components)) if str(tap.get("type")).upper() == "QUICK_REPLY"]
    return [bodies.template_button(str(tap.get("text")), payload=_payload(given.get(str(index), {}))) for index, tap in taps]


def _payload(part: Json) -> str | None:
    return next((str(parameter["payload"]) for parameter in _dicts(part.get("parameters")) if "payload" in parameter), None)


def _dicts(items: object) -> list[Json]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
