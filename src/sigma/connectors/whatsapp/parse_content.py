"""What a message carries: from the object that has the type's name, the kind, the text to show and search, and the parts.

Nothing here knows who wrote the message or which way it went.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from sigma.connectors.events import Interactive, Media, MessageKind
from sigma.connectors.whatsapp.decode import Undecodable, decode, storable
from sigma.connectors.whatsapp.privacy import PERSONAL_KEYS, clean_name, mask_numbers, word
from sigma.connectors.whatsapp.wire_messages import File, Message

_PRODUCT_KEYS = ("product_retailer_id", "quantity", "item_price", "currency")


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a `MessageReceived` that depends on the message's type."""

    kind: MessageKind
    text: str | None = None
    media: Media | None = None
    interactive: Interactive | None = None
    content: dict[str, Any] | None = None
    private: Any = None


def parse_content(message: Message) -> Content:
    """Return what the message carries. A type that we do not know is UNSUPPORTED, a missing object leaves its part empty."""
    return _PARSERS.get(message.type or "", _unknown)(message)


def text_of_id(value: object) -> str | None:
    """Return an id as the string that it should have been, None for an empty one and for what is no id."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _text(message: Message) -> Content:
    return Content(kind=MessageKind.TEXT, text=(message.text.body or None) if message.text else None)


def _image(message: Message) -> Content:
    return _media(MessageKind.IMAGE, message.image)


def _video(message: Message) -> Content:
    return _media(MessageKind.VIDEO, message.video)


def _audio(message: Message) -> Content:
    return _media(MessageKind.AUDIO, message.audio)


def _voice(message: Message) -> Content:
    """Read the legacy type of a voice note, which is `audio` with `voice: true` today."""
    return _media(MessageKind.AUDIO, message.voice, is_voice=True)


def _document(message: Message) -> Content:
    return _media(MessageKind.DOCUMENT, message.document)


def _sticker(message: Message) -> Content:
    return _media(MessageKind.STICKER, message.sticker)


def _media(kind: MessageKind, file: File | None, *, is_voice: bool = False) -> Content:
    """Read a file; without an id there is none to fetch (error 131052: too large) and only the caption is left."""
    if file is None:
        return Content(kind=kind)
    caption = file.caption or None
    media_id = text_of_id(file.id)
    if media_id is None:
        return Content(kind=kind, text=caption)
    media = Media(
        id=media_id,
        mime_type=file.mime_type,
        sha256=file.sha256,
        filename=file.filename,
        caption=caption,
        voice=is_voice or file.voice is True,
        animated=file.animated is True,
    )
    return Content(kind=kind, text=caption, media=media)


def _location(message: Message) -> Content:
    if message.location is None:
        return Content(kind=MessageKind.LOCATION)
    place = {key: value for key, value in msgspec.structs.asdict(message.location).items() if value not in {None, ""}}
    return Content(kind=MessageKind.LOCATION, text=place.get("name"), content=storable(place))


def _contacts(message: Message) -> Content:
    """Read shared cards: the names may be shown, everything else (numbers, addresses, vCards) is private.

    `origin` is `contact_request` when the customer answers our request for their number; it stands on the card or the message.
    Source: cloud-api.md 4, checked 2026-09.
    """
    cards = message.contacts or []
    objects = [card for card in cards if isinstance(card, dict)]
    names = [name for card in objects if (name := _card_name(card))]
    origin = word(message.origin) or next((origin for card in objects if (origin := word(card.get("origin")))), None)
    content: dict[str, Any] = {"count": len(cards)}
    if origin:
        content["origin"] = origin
    return Content(kind=MessageKind.CONTACTS, text=", ".join(names) or None, content=content, private=storable(cards) or None)


def _card_name(card: dict[str, Any]) -> str | None:
    name = card.get("name")
    formatted = name.get("formatted_name") if isinstance(name, dict) else None
    shown = clean_name(formatted, None) if isinstance(formatted, str) else None
    return mask_numbers(shown) if shown else None


def _interactive(message: Message) -> Content:
    """Read the reply under the name of its own type: `{"type":"button_reply","button_reply":{"id":…,"title":…}}`."""
    interactive = message.interactive or {}
    kind, reply_type = MessageKind.INTERACTIVE, word(interactive.get("type"))
    if reply_type is None:
        return Content(kind=kind)
    reply = interactive.get(reply_type)
    reply = dict(reply) if isinstance(reply, dict) else {}
    if reply_type == "nfm_reply":
        return _flow_reply(reply)
    title = _take_text(reply, "title")
    parsed = Interactive(
        type=reply_type,
        id=_take_text(reply, "id"),
        title=title,
        description=_take_text(reply, "description"),
        data=storable(reply, without=PERSONAL_KEYS) or None,
    )
    return Content(kind=kind, text=title, interactive=parsed)


def _flow_reply(reply: dict[str, Any]) -> Content:
    """Read a flow's (or address form's) answer. `response_json` is JSON in a string, normally but not always an object.

    The reply's `name` (`flow`, `address_message`) says which form it was and becomes the id. Source: cloud-api.md 3.
    """
    answer = reply.get("response_json")
    if isinstance(answer, str):
        try:
            data = storable(decode(answer.encode("utf-8", "replace")))
        except Undecodable:
            data = {"raw": answer}
    else:
        data = storable(answer)
    interactive = Interactive(type="nfm_reply", id=_take_text(reply, "name"), data=data)
    return Content(kind=MessageKind.INTERACTIVE, text=_take_text(reply, "body"), interactive=interactive)


def _take_text(reply: dict[str, Any], key: str) -> str | None:
    """Take a key out of a reply, so that what is left is the rest."""
    value = reply.pop(key, None)
    return value if isinstance(value, str) and value else None


def _button(message: Message) -> Content:
    button = message.button
    if button is None:
        return Content(kind=MessageKind.BUTTON)
    text = button.text or None
    return Content(
        kind=MessageKind.BUTTON,
        text=text,
        interactive=Interactive(type="button", id=text_of_id(button.payload), title=text),
    )


def _order(message: Message) -> Content:
    order = message.order
    if order is None:
        return Content(kind=MessageKind.ORDER)
    items = [item for item in order.product_items or [] if isinstance(item, dict)]
    products = [{key: item[key] for key in _PRODUCT_KEYS if key in item} for item in items]
    content = storable({"catalog_id": text_of_id(order.catalog_id), "product_items": products})
    return Content(kind=MessageKind.ORDER, text=order.text or None, content=content)


def _system(message: Message) -> Content:
    """Read what the platform says in the thread. Its sentence is never kept: it spells out phone numbers."""
    return Content(kind=MessageKind.SYSTEM, content={"type": word(message.system.type) if message.system else None})


def _request_welcome(_message: Message) -> Content:
    return Content(kind=MessageKind.REQUEST_WELCOME)


def _unsupported(message: Message) -> Content:
    """Read a message that the Cloud API does not hand over; the object with the sub-type may be missing."""
    return Content(kind=MessageKind.UNSUPPORTED, content={"type": word(message.unsupported.type) if message.unsupported else None})


def _unknown(message: Message) -> Content:
    return Content(kind=MessageKind.UNSUPPORTED, content={"type": word(message.type)})


_PARSERS: dict[str, Callable[[Message], Content]] = {
    "text": _text,
    "image": _image,
    "video": _video,
    "audio": _audio,
    "voice": _voice,
    "document": _document,
    "sticker": _sticker,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
    "request_welcome": _request_welcome,
    "unsupported": _unsupported,
}
