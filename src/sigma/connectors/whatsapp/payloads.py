"""What we say, in Meta's shape: the JSON of `POST /{phone-number-id}/messages`. Pure; limits are checked by `limits`, before.

Source: Cloud API reference, "Messages"; checked 2026-09.
"""

from typing import Any, assert_never

from sigma.connectors.outbound import (
    AnyContent,
    ButtonsContent,
    ContactsContent,
    CtaUrlContent,
    FlowContent,
    ListContent,
    LocationContent,
    LocationRequestContent,
    MediaContent,
    ReactionContent,
    Recipient,
    TemplateContent,
    TextContent,
)
from sigma.connectors.whatsapp.payloads_interactive import interactive_object
from sigma.connectors.whatsapp.payloads_media import location_object, media_object
from sigma.connectors.whatsapp.payloads_template import template_object

Json = dict[str, Any]

_CAPTIONED = {"IMAGE", "VIDEO", "DOCUMENT"}


def build_payload(content: AnyContent, *, recipient: Recipient, reply_to: str | None, callback_data: str | None) -> Json:
    """Return the body of one send.

    `reply_to` is the platform's id of the quoted message; a reaction names its message itself and carries none. `callback_data`
    (up to 512 characters) comes back on every status: it is what resolves an Unknown outcome. Meta has no idempotency key.
    Raises: ValueError when the recipient has neither phone nor user id, or a phone that is not digits.
    """
    kind, carried = _object(content)
    payload: Json = {"messaging_product": "whatsapp", "recipient_type": "individual", **_address(recipient), "type": kind, kind: carried}
    if reply_to is not None and kind != "reaction":
        payload["context"] = {"message_id": reply_to}
    if callback_data is not None:
        payload["biz_opaque_callback_data"] = callback_data
    return payload


def build_read_mark(message_id: str, *, typing: bool) -> Json:
    """Return the body that marks this message, and all before it, as read; with `typing` the contact also sees us write, for 25 s."""
    mark: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    if typing:
        mark["typing_indicator"] = {"type": "text"}
    return mark


def _address(recipient: Recipient) -> Json:
    """Return `to` or `recipient`.

    Without the `+` Meta would put its own country's code before what it takes for a national number. A user id in `to` is answered
    with 200 and never delivered. Source: cloud-api.md 4 and 7; checked 2026-09.
    """
    if recipient.phone:
        if not (recipient.phone.isascii() and recipient.phone.isdigit()):
            raise ValueError("A recipient's phone is E.164 digits without `+`.")
        return {"to": f"+{recipient.phone}"}
    if recipient.user_id:
        return {"recipient": recipient.user_id}
    raise ValueError("A recipient needs a phone or a user id.")


def _object(content: AnyContent) -> tuple[str, Any]:
    """Return Meta's word for the type, and the object of that name."""
    match content:
        case TextContent():
            return "text", {"body": content.body, "preview_url": True} if content.preview_url else {"body": content.body}
        case TemplateContent():
            return "template", template_object(content)
        case MediaContent():
            return content.kind.lower(), _media(content)
        case ButtonsContent() | ListContent() | CtaUrlContent() | FlowContent() | LocationRequestContent():
            return "interactive", interactive_object(content)
        case LocationContent():
            return "location", location_object(content)
        case ContactsContent():
            return "contacts", content.cards
        case ReactionContent():
            return "reaction", {"message_id": content.message_id, "emoji": content.emoji or ""}  # "" takes it away
        case _:
            assert_never(content)


def _media(content: MediaContent) -> Json:
    carried = media_object(content.kind, content.media)
    if content.caption and content.kind in _CAPTIONED:
        carried["caption"] = content.caption
    if content.voice and content.kind == "AUDIO":
        carried["voice"] = True
    return carried
