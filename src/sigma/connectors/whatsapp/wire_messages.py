"""The wire shapes of messages (also echoes and history) and of statuses, each with a trimmed real example. See `wire`."""

from typing import Any

import msgspec

from sigma.connectors.whatsapp.wire import Error, Id, Timestamp, Wire


class Text(Wire):
    """`{"body":"Does it come in another color?"}`."""

    body: str | None = None


class File(Wire):
    """`{"id":"1003","mime_type":"image/jpeg","sha256":"<base64>","url":"https://lookaside…","caption":"Taj Mahal"}`.

    `voice` comes with audio, `animated` with stickers, `filename` with documents.
    """

    id: Id = None
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    caption: str | None = None
    voice: bool | None = None
    animated: bool | None = None


class Location(Wire):
    """`{"latitude":40.78291,"longitude":-73.959075,"name":"Museum","address":"1071 5th Ave","url":"https://…"}`."""

    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None
    url: str | None = None


class Button(Wire):
    """`{"payload":"rsvp_yes_42","text":"Yes"}`: a tap on a template's quick reply."""

    payload: Id = None
    text: str | None = None


class Reaction(Wire):
    """`{"message_id":"wamid.OUT","emoji":"👍"}`; taken away: the emoji is absent or empty."""

    message_id: str | None = None
    emoji: str | None = None


class Order(Wire):
    """`{"catalog_id":"1948","text":"Love these!","product_items":[{…}]}`.

    An item is `{"product_retailer_id":"di9","quantity":2,"item_price":30,"currency":"USD"}`.
    """

    catalog_id: Id = None
    text: str | None = None
    product_items: list[Any] | None = None


class System(Wire):
    """`{"body":"User A changed from … to …","type":"user_changed_number","wa_id":"1555","user_id":"US.new","previous_user_id":"US.old"}`.

    The older `customer_changed_number` has `customer` and `new_wa_id`. `body` is not read: it spells out both numbers.
    """

    type: str | None = None
    wa_id: Id = None
    new_wa_id: Id = None
    customer: Id = None
    user_id: str | None = None
    previous_user_id: str | None = None
    parent_user_id: str | None = None
    previous_parent_user_id: str | None = None


class Unsupported(Wire):
    """`{"type":"poll_creation"}`; the object may be missing."""

    type: str | None = None


class ReferredProduct(Wire):
    """`{"catalog_id":"1948","product_retailer_id":"di9"}`."""

    catalog_id: Id = None
    product_retailer_id: Id = None


class Context(Wire):
    """`{"from":"15550783881","id":"wamid.OUT"}`, `{"forwarded":true}`, or with `referred_product`. Its `from` is not read."""

    id: str | None = None
    forwarded: bool | None = None
    frequently_forwarded: bool | None = None
    referred_product: ReferredProduct | None = None


class Edit(Wire):
    """`{"original_message_id":"wamid.X","message":{"context":{"id":"M0"},"type":"text","text":{"body":"Corrected"}}}`."""

    original_message_id: str | None = None
    message: "Message | None" = None


class Revoke(Wire):
    """`{"original_message_id":"wamid.X"}`."""

    original_message_id: str | None = None


class HistoryContext(Wire):
    """`{"status":"READ"}`: how far a message of the business had come when the history was copied."""

    status: str | None = None


class Message(Wire):
    """`{"from":"16505551234","from_user_id":"US.1349","id":"wamid.A","timestamp":"1767225600","type":"text","text":{"body":"Hi"}}`.

    An echo has `to` and `to_user_id` too, a message of the history `history_context`. The object of the content has the type's name.
    """

    id: str | None = None
    from_: Id = msgspec.field(default=None, name="from")
    from_user_id: str | None = None
    from_parent_user_id: str | None = None
    to: Id = None
    to_user_id: str | None = None
    to_parent_user_id: str | None = None
    group_id: str | None = None
    timestamp: Timestamp = None
    type: str | None = None
    context: Context | None = None
    referral: dict[str, Any] | None = None
    errors: list[Error] | None = None
    history_context: HistoryContext | None = None
    origin: str | None = None
    text: Text | None = None
    image: File | None = None
    video: File | None = None
    audio: File | None = None
    voice: File | None = None
    document: File | None = None
    sticker: File | None = None
    location: Location | None = None
    contacts: list[Any] | None = None
    interactive: dict[str, Any] | None = None
    button: Button | None = None
    order: Order | None = None
    system: System | None = None
    unsupported: Unsupported | None = None
    reaction: Reaction | None = None
    edit: Edit | None = None
    revoke: Revoke | None = None


class Pricing(Wire):
    """`{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}`; seen with `pricing_type` for `type`."""

    billable: bool | None = None
    pricing_model: str | None = None
    type: str | None = None
    pricing_type: str | None = None
    category: str | None = None


class Origin(Wire):
    """`{"type":"referral_conversion"}`."""

    type: str | None = None


class Conversation(Wire):
    """`{"id":"c9d1","expiration_timestamp":"1767484800","origin":{"type":"service"}}`."""

    id: str | None = None
    expiration_timestamp: Timestamp = None
    origin: Origin | None = None


class Status(Wire):
    """`{"id":"wamid.OUT","status":"sent","timestamp":"1767225605","recipient_id":"1650","recipient_user_id":"US.1349","pricing":{…}}`.

    In a group `recipient_type` is `group`, `recipient_id` the group, and the participant has keys of its own, in two spellings.
    """

    id: str | None = None
    status: str | None = None
    type: str | None = None
    timestamp: Timestamp = None
    recipient_id: Id = None
    recipient_user_id: str | None = None
    recipient_parent_user_id: str | None = None
    parent_recipient_user_id: str | None = None
    recipient_type: str | None = None
    recipient_participant_id: Id = None
    participant_recipient_id: Id = None
    recipient_participant_user_id: str | None = None
    recipient_participant_parent_user_id: str | None = None
    conversation: Conversation | None = None
    pricing: Pricing | None = None
    errors: list[Error] | None = None
    biz_opaque_callback_data: str | None = None
