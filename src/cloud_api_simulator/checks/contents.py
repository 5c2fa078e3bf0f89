"""What each type of message must look like. Media that are named by id, and templates, are also looked up: see `sending` and `templates`.

Source: Cloud API messages reference; checked 2026-09 (cloud-api.md 7).
"""

from collections.abc import Callable, Mapping
from typing import Any

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.checks import shape
from cloud_api_simulator.checks.interactive import check_interactive
from cloud_api_simulator.checks.template_shape import check_template

MAX_TEXT_CHARS = 4096
MAX_CAPTION_CHARS = 1024
MAX_CALLBACK_DATA_CHARS = 512
MAX_CARDS = 257
MAX_FILENAME_CHARS = 240
MAX_EMOJI_CHARS = 64


def check_content(payload: Json) -> Json:
    """Return type, object and quote of a message. Raises: GraphError 100, 131008 or 131009."""
    type = payload.get("type", "text")
    if not isinstance(type, str) or type not in CHECKS:
        raise errors.not_one_of("type", tuple(name.upper() for name in CHECKS), type)
    content: Any = payload.get(type)
    if not isinstance(content, list if type == "contacts" else dict) or not content:
        raise errors.coded(131008, f"Parameter '{type}' is mandatory for type '{type}'")
    CHECKS[type](content)
    quoted = payload.get("context")
    if quoted is not None and not (isinstance(quoted, dict) and isinstance(quoted.get("message_id"), str)):
        raise errors.required("context['message_id']")
    return {"type": type, type: content, **({} if quoted is None else {"context": quoted})}


def check_callback_data(payload: Json) -> str | None:
    """Return `biz_opaque_callback_data`. Raises: GraphError 100."""
    data = payload.get("biz_opaque_callback_data")
    if data is not None and not (isinstance(data, str) and len(data) <= MAX_CALLBACK_DATA_CHARS):
        raise errors.invalid("biz_opaque_callback_data", f"be a string of at most {MAX_CALLBACK_DATA_CHARS} characters")
    return data


def _text(text: Json) -> None:
    shape.text(text, "body", "text['body']", most=MAX_TEXT_CHARS)
    if not isinstance(text.get("preview_url", False), bool):
        raise errors.invalid("text['preview_url']", "be a boolean")


def check_media(media: Json, path: str) -> None:
    """Check that a file is named either by id or by link. Raises: GraphError 100 or 131008."""
    id, link = media.get("id"), media.get("link")
    if id is None and link is None:
        raise errors.coded(131008, f"{path}: either 'id' or 'link' is mandatory")
    if id is not None and link is not None:
        raise errors.invalid(path, "have either an id or a link, not both")
    if link is not None:
        shape.url(link, f"{path}['link']")
    elif not (isinstance(id, (str, int)) and str(id).isdigit()):
        raise errors.invalid(f"{path}['id']", "be a media object ID")


def _media(type: str) -> Callable[[Any], None]:
    allows_caption = type in {"image", "video", "document"}

    def check(media: Json) -> None:
        check_media(media, type)
        if "caption" in media and not allows_caption:
            raise errors.invalid(type, "not have a caption")
        shape.text(media, "caption", f"{type}['caption']", most=MAX_CAPTION_CHARS, is_required=False)
        if type == "document":
            shape.text(media, "filename", "document['filename']", most=MAX_FILENAME_CHARS, is_required=False)
        elif "filename" in media:
            raise errors.invalid(type, "not have a filename")

    return check


def check_location(location: Json, path: str = "location") -> None:
    """Check a pin; degrees may be strings. Raises: GraphError 100 or 131009."""
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = location.get(name)
        if value is None or value == "":
            raise errors.required(f"{path}['{name}']")
        try:
            is_right = not isinstance(value, bool) and abs(float(value)) <= most
        except (TypeError, ValueError):
            is_right = False
        if not is_right:
            raise errors.coded(131009, f"{path}['{name}'] must lie between -{most} and {most}")
    for name in ("name", "address"):
        shape.text(location, name, f"{path}['{name}']", most=1000, is_required=False)


def _contacts(cards: list[Any]) -> None:
    if len(cards) > MAX_CARDS:
        raise errors.coded(131009, f"contacts: at most {MAX_CARDS} cards can be sent at once")
    for number, card in enumerate(cards):
        path = f"contacts[{number}]"
        if not isinstance(card, dict):
            raise errors.invalid(path, "be a JSON object")
        name = shape.mapping(card, "name", f"{path}['name']")
        shape.text(name, "formatted_name", f"{path}['name']['formatted_name']", most=1000)
        if not any(name.get(part) for part in ("first_name", "last_name", "middle_name", "suffix", "prefix")):
            raise errors.coded(131008, f"{path}['name']: besides formatted_name, at least one other part of the name is mandatory")
        for key in ("phones", "emails", "urls", "addresses"):
            if not isinstance(card.get(key, []), list):
                raise errors.invalid(f"{path}['{key}']", "be an array")


def _reaction(reaction: Json) -> None:
    shape.text(reaction, "message_id", "reaction['message_id']", most=1000)
    emoji = reaction.get("emoji")
    if emoji is None:
        raise errors.required("reaction['emoji']")
    if not isinstance(emoji, str) or len(emoji) > MAX_EMOJI_CHARS or (emoji and emoji.isascii()):
        raise errors.invalid("reaction['emoji']", "be one emoji, or empty")


CHECKS: Mapping[str, Callable[[Any], None]] = {
    "audio": _media("audio"),
    "contacts": _contacts,
    "document": _media("document"),
    "image": _media("image"),
    "interactive": check_interactive,
    "location": check_location,
    "reaction": _reaction,
    "sticker": _media("sticker"),
    "template": check_template,
    "text": _text,
    "video": _media("video"),
}
