"""From a step of a script to the content of a message: fills in words, files, and the messages referred to."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloud_api_simulator import bodies, files
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.scripts.steps import Step
from cloud_api_simulator.world import World

CATALOG_ID = "194836987003835"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Who does the step, where, and what its slots stand for."""

    world: World
    customer: Customer
    stream: random.Random
    slots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A step with its words chosen and its slots filled."""

    text: str | None
    data: Mapping[str, Any]

    def words(self, fallback: str = "👋") -> str:
        return fallback if self.text is None else self.text


def render(step: Step, scene: Scene) -> tuple[Json, str | None]:
    """Return the content of the step's message, and the id of the message that it quotes.

    Raises: KeyError for a kind that is not in `KINDS`; ValueError when `data` does not fit the kind.
    """
    text = _fill(scene.stream.choice(step.texts), scene.slots) if step.texts else None
    try:
        content = _MAKERS[step.kind](_Line(text, _fill(dict(step.data), scene.slots)), scene)
    except TypeError as error:
        raise ValueError(f"the data does not fit the kind {step.kind}") from error
    quotes = step.kind in _ANSWERS_TO_BUSINESS
    return content, _business_message(scene) if quotes else None


def _fill(words: Any, slots: Mapping[str, str]) -> Any:
    """Replace every `{slot}`, also inside dictionaries. Words in foreign braces stay as they are."""
    if isinstance(words, dict):
        return {key: _fill(value, slots) for key, value in words.items()}
    if isinstance(words, str):
        for slot, value in slots.items():
            words = words.replace("{" + slot + "}", value)
    return words


def _business_message(scene: Scene) -> str:
    """Return a message of the business to refer to: a real one, or one from before the world began."""
    return scene.world.thread(scene.customer).last_received() or scene.world.ids.outbound(scene.customer.address)


def _own_message(scene: Scene, type: str | None = None) -> str:
    return scene.world.thread(scene.customer).last_written(type) or scene.world.ids.inbound(scene.customer.address)


def _text(line: _Line, scene: Scene) -> Json:
    return bodies.text(line.words())


def _image(line: _Line, scene: Scene) -> Json:
    return bodies.image(scene.world.attach(files.PNG), caption=line.text)


def _voice(line: _Line, scene: Scene) -> Json:
    return bodies.audio(scene.world.attach(files.OGG), is_voice=True)


def _audio(line: _Line, scene: Scene) -> Json:
    return bodies.audio(scene.world.attach(files.MP3), is_voice=False)


def _video(line: _Line, scene: Scene) -> Json:
    return bodies.video(scene.world.attach(files.MP4), caption=line.text)


def _document(line: _Line, scene: Scene) -> Json:
    return bodies.document(scene.world.attach(files.PDF), caption=line.text, **{"filename": "invoice.pdf", **line.data})


def _sticker(line: _Line, scene: Scene) -> Json:
    return bodies.sticker(scene.world.attach(files.WEBP))


def _location(line: _Line, scene: Scene) -> Json:
    return bodies.location(**{"latitude": 40.782910, "longitude": -73.959075, **line.data})


def _contacts(line: _Line, scene: Scene) -> Json:
    someone = {"first_name": "Barbara", "last_name": "Johnson", "phone": "+1 202 555 0143"}
    return bodies.contacts([bodies.card(**{**someone, **line.data})])


def _button_reply(line: _Line, scene: Scene) -> Json:
    return bodies.button_reply(**{"id": "yes", "title": line.words("Yes"), **line.data})


def _list_reply(line: _Line, scene: Scene) -> Json:
    return bodies.list_reply(**{"id": "row-1", "title": line.words("Express"), **line.data})


def _flow_reply(line: _Line, scene: Scene) -> Json:
    return bodies.flow_reply({"flow_token": "unused", **line.data})


def _template_button(line: _Line, scene: Scene) -> Json:
    return bodies.template_button(line.words("Yes"), **line.data)


def _reaction(line: _Line, scene: Scene) -> Json:
    target = line.data.get("message_id") or scene.world.thread(scene.customer).last_received() or _own_message(scene)
    return bodies.reaction(target, emoji=line.data.get("emoji", "👍"))


def _reaction_removed(line: _Line, scene: Scene) -> Json:
    target = line.data.get("message_id") or scene.world.thread(scene.customer).reacted_to or _business_message(scene)
    return bodies.reaction(target, emoji=None)


def _order(line: _Line, scene: Scene) -> Json:
    item = {"product_retailer_id": "MUG-01", "quantity": 1, "item_price": 25.5, "currency": "USD", **line.data}
    return bodies.order(CATALOG_ID, [item], text=line.text)


def _edit(line: _Line, scene: Scene) -> Json:
    return bodies.edit(line.data.get("message_id") or _own_message(scene, "text"), bodies.text(line.words()))


def _revoke(line: _Line, scene: Scene) -> Json:
    return bodies.revoke(line.data.get("message_id") or _own_message(scene))


def _unsupported(line: _Line, scene: Scene) -> Json:
    return bodies.unsupported(line.data.get("type"))


_MAKERS: Mapping[str, Callable[[_Line, Scene], Json]] = {
    "text": _text,
    "reply": _text,
    "image": _image,
    "voice": _voice,
    "audio": _audio,
    "video": _video,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "button_reply": _button_reply,
    "list_reply": _list_reply,
    "flow_reply": _flow_reply,
    "template_button": _template_button,
    "reaction": _reaction,
    "reaction_removed": _reaction_removed,
    "order": _order,
    "edit": _edit,
    "revoke": _revoke,
    "unsupported": _unsupported,
}
_ANSWERS_TO_BUSINESS = frozenset({"reply", "button_reply", "list_reply", "flow_reply", "template_button"})
KINDS = frozenset(_MAKERS)
