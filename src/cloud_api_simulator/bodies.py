"""Pure builders of the objects inside a webhook: contents, messages, contacts, statuses.

A content is the part of a message that depends on its type, `{"type": "text", "text": {…}}`; `message` adds sender, id and time.
Key order follows Meta's samples. Source: Cloud API webhooks reference, `messages`; checked 2026-09.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

UNSUPPORTED_ERROR: Json = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}
ERRORS_HREF = "/documentation/business-messaging/whatsapp/support/error-codes"


def _present(**values: Any) -> Json:
    """Keep what is there: Meta leaves a key out instead of writing null."""
    return {key: value for key, value in values.items() if value is not None}


def text(body: str) -> Json:
    """A text, at most 4096 characters."""
    return {"type": "text", "text": {"body": body}}


def image(media: Mapping[str, Any], *, caption: str | None = None) -> Json:
    """A photo. `media` is `{mime_type, sha256, id, url?}` here and below, sha256 in base64."""
    return {"type": "image", "image": {**_present(caption=caption), **media}}


def video(media: Mapping[str, Any], *, caption: str | None = None) -> Json:
    """A film."""
    return {"type": "video", "video": {**_present(caption=caption), **media}}


def audio(media: Mapping[str, Any], *, is_voice: bool) -> Json:
    """A voice note, or a sound file."""
    return {"type": "audio", "audio": {**media, "voice": is_voice}}


def document(media: Mapping[str, Any], *, filename: str | None = None, caption: str | None = None) -> Json:
    """A file; its name is the customer's."""
    return {"type": "document", "document": {**_present(caption=caption, filename=filename), **media}}


def sticker(media: Mapping[str, Any], *, is_animated: bool = False) -> Json:
    """A sticker, image/webp."""
    return {"type": "sticker", "sticker": {**media, "animated": is_animated}}


def location(latitude: float, longitude: float, *, name: str | None = None, address: str | None = None) -> Json:
    """A pin, in degrees, perhaps with the name and address of a place."""
    return {"type": "location", "location": _present(address=address, latitude=latitude, longitude=longitude, name=name)}


def contacts(cards: Sequence[Json]) -> Json:
    """Address cards; see `card`."""
    return {"type": "contacts", "contacts": list(cards)}


def card(
    *, first_name: str, last_name: str, phone: str, wa_id: str | None = None, email: str | None = None, company: str | None = None
) -> Json:
    """One address card."""
    emails = [{"email": email, "type": "WORK"}] if email else None
    name = {"first_name": first_name, "formatted_name": f"{first_name} {last_name}", "last_name": last_name}
    phones = [_present(phone=phone, type="MAIN", wa_id=wa_id)]
    return _present(emails=emails, name=name, org={"company": company} if company else None, phones=phones)


def button_reply(id: str, title: str) -> Json:
    """A tap on a reply button of an interactive message."""
    return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": id, "title": title}}}


def list_reply(id: str, title: str, *, description: str | None = None) -> Json:
    """A row chosen from the list of an interactive message."""
    row = _present(id=id, title=title, description=description)
    return {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}}


def flow_reply(answers: Mapping[str, Any], *, body: str = "Sent", name: str = "flow") -> Json:
    """A completed flow; `answers` arrive as a JSON document in a string."""
    reply = {"name": name, "body": body, "response_json": json.dumps(answers)}
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


def template_button(text: str, *, payload: str | None = None) -> Json:
    """A tap on a template's quick reply; without a payload of its own Meta repeats the text."""
    return {"type": "button", "button": {"payload": text if payload is None else payload, "text": text}}


def reaction(message_id: str, *, emoji: str | None) -> Json:
    """A reaction to a message; no emoji takes the reaction back."""
    return {"type": "reaction", "reaction": _present(message_id=message_id, emoji=emoji)}


def order(catalog_id: str, items: Sequence[Json], *, text: str | None = None) -> Json:
    """A cart. Each item is `{product_retailer_id, quantity, item_price, currency}`."""
    return {"type": "order", "order": {**_present(catalog_id=catalog_id, text=text), "product_items": list(items)}}


def edit(original_message_id: str, content: Mapping[str, Any]) -> Json:
    """A change of an earlier message; `content` is the new content. Only numbers in coexistence get these."""
    return {"type": "edit", "edit": {"original_message_id": original_message_id, "message": {"context": {"id": "M0"}, **content}}}


def revoke(original_message_id: str) -> Json:
    """An earlier message deleted for everyone. Only numbers in coexistence get these."""
    return {"type": "revoke", "revoke": {"original_message_id": original_message_id}}


def unsupported(subtype: str | None = None) -> Json:
    """Something the Cloud API cannot carry, such as a poll (`poll_creation`)."""
    kind: Json = {} if subtype is None else {"unsupported": {"type": subtype}}
    return {"type": "unsupported", **kind, "errors": [UNSUPPORTED_ERROR]}


def context(business_number: str, message_id: str) -> Json:
    """The reference of an answer to the business's message that it quotes."""
    return {"from": business_number, "id": message_id}


def contact(
    *,
    name: str | None,
    wa_id: str | None = None,
    user_id: str | None = None,
    parent_user_id: str | None = None,
    username: str | None = None,
) -> Json:
    """One entry of `value.contacts`. Without `wa_id` it is a customer who hides the phone behind a username."""
    return {"profile": _present(name=name, username=username), **_present(wa_id=wa_id, user_id=user_id, parent_user_id=parent_user_id)}


def message(
    content: Mapping[str, Any],
    *,
    id: str,
    at_unix: int,
    wa_id: str | None = None,
    user_id: str | None = None,
    parent_user_id: str | None = None,
    quoting: Mapping[str, Any] | None = None,
) -> Json:
    """One entry of `value.messages`. `at_unix` in seconds; `quoting` is a `context`."""
    sender = {"from": wa_id, "from_user_id": user_id, "from_parent_user_id": parent_user_id}
    known = {key: value for key, value in sender.items() if value is not None}
    return {**known, "id": id, "timestamp": str(at_unix), **content, **_present(context=quoting)}


def pricing(category: str, *, type: str) -> Json:
    """What a message costs: type is `regular`, `free_customer_service` or `free_entry_point`."""
    return {"billable": type == "regular", "pricing_model": "PMP", "type": type, "category": category}


def failure(code: int, title: str, details: str) -> Json:
    """One entry of a failed status's `errors`."""
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}, "href": ERRORS_HREF}


def status(
    name: str,
    *,
    message_id: str,
    at_unix: int,
    wa_id: str | None = None,
    user_id: str | None = None,
    parent_user_id: str | None = None,
    callback_data: str | None = None,
    price: Mapping[str, Any] | None = None,
    errors: Sequence[Json] | None = None,
) -> Json:
    """One entry of `value.statuses`: sent, delivered, read, played or failed."""
    return {
        "id": message_id,
        "status": name,
        "timestamp": str(at_unix),
        **_present(recipient_id=wa_id, recipient_user_id=user_id, recipient_parent_user_id=parent_user_id),
        **_present(biz_opaque_callback_data=callback_data, pricing=price, errors=errors),
    }
