"""How a customer answers the business: taps what is offered, says a word, or only reacts."""

import random
from collections.abc import Callable, Sequence

from cloud_api_simulator import bodies
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.rendering import Scene, render
from cloud_api_simulator.scripts import PHRASEBOOKS
from cloud_api_simulator.scripts.steps import Step
from cloud_api_simulator.webhooks import Update
from cloud_api_simulator.world import World

ONLY_REACTS = 0.15
QUOTES = 0.4
EMOJIS = ("👍", "❤️", "🙏", "😂", "😮")


def answer(world: World, customer: Customer, message_id: str, content: Json, stream: random.Random) -> Update:
    """Write the customer's answer to one message of the business. `content` is what the business sent, type and object."""
    tap = _tap(content, stream)
    if tap is not None:
        return world.write(customer, tap, quoting=message_id)
    if stream.random() < ONLY_REACTS:
        return world.write(customer, bodies.reaction(message_id, emoji=stream.choice(EMOJIS)))
    words = Step("text", PHRASEBOOKS[customer.language].answers)
    text, _ = render(words, Scene(world=world, customer=customer, stream=stream, slots={}))
    return world.write(customer, text, quoting=message_id if stream.random() < QUOTES else None)


def _tap(content: Json, stream: random.Random) -> Json | None:
    """Return the tap on what an interactive message or a template offers, or None when it offers nothing."""
    if content["type"] == "template":
        return _tap_template(content["template"], stream)
    if content["type"] != "interactive":
        return None
    interactive = content["interactive"]
    action = interactive.get("action")
    if not isinstance(action, dict):
        return None
    if interactive.get("type") == "button":
        replies = [button["reply"] for button in _dicts(action.get("buttons")) if isinstance(button.get("reply"), dict)]
        return _choose(replies, stream, _tap_button)
    if interactive.get("type") == "list":
        rows = [row for section in _dicts(action.get("sections")) for row in _dicts(section.get("rows"))]
        return _choose(rows, stream, _tap_row)
    if interactive.get("type") == "location_request_message":
        return bodies.location(37.442162, -122.161493)
    return None


def _tap_template(template: Json, stream: random.Random) -> Json | None:
    """Return the tap on a quick reply. Its text is known to the template only, so the payload stands for it."""
    buttons = [part for part in _dicts(template.get("components")) if part.get("type") == "button"]
    replies = [button for button in buttons if button.get("sub_type") == "quick_reply"]
    payloads = [str(parameter["payload"]) for reply in replies for parameter in _dicts(reply.get("parameters")) if "payload" in parameter]
    return bodies.template_button(stream.choice(payloads)) if payloads else None


def _tap_button(reply: Json) -> Json:
    return bodies.button_reply(str(reply.get("id")), str(reply.get("title")))


def _tap_row(row: Json) -> Json:
    return bodies.list_reply(str(row.get("id")), str(row.get("title")), description=row.get("description"))


def _choose(offers: Sequence[Json], stream: random.Random, tap: Callable[[Json], Json]) -> Json | None:
    return tap(stream.choice(offers)) if offers else None


def _dicts(items: object) -> list[Json]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
