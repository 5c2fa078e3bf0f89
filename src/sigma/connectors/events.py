"""What a platform can tell us, in our words: the closed set of events that every connector's parser produces.

Nothing here knows a platform's wire format or the database. An event is one *item* of a POST: it is stored, counted as a
duplicate, refused, unrouted or dead on its own, so one bad item never harms its neighbours.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Platform(StrEnum):
    """The platforms of the outer contract. `number` is the value in SQL, `value` the GraphQL name."""

    SLACK = "SLACK"
    DISCORD = "DISCORD"
    TELEGRAM = "TELEGRAM"
    YOUTUBE = "YOUTUBE"
    TEAMS = "TEAMS"
    WHATS_APP = "WHATS_APP"

    @property
    def number(self) -> int:
        """The smallint that stands for this platform in every table."""
        return _PLATFORM_NUMBERS[self]

    @classmethod
    def from_number(cls, number: int) -> "Platform":
        """Return the platform of a smallint. Raises: ValueError for a number that names none."""
        return tuple(cls)[number]


_PLATFORM_NUMBERS = {platform: number for number, platform in enumerate(Platform)}


class MessageKind(StrEnum):
    """What a message carries. The names are the Cloud API's own types, upper-cased."""

    TEXT = "TEXT"
    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"
    STICKER = "STICKER"
    LOCATION = "LOCATION"
    CONTACTS = "CONTACTS"
    INTERACTIVE = "INTERACTIVE"
    BUTTON = "BUTTON"
    TEMPLATE = "TEMPLATE"
    ORDER = "ORDER"
    SYSTEM = "SYSTEM"
    REQUEST_WELCOME = "REQUEST_WELCOME"
    UNSUPPORTED = "UNSUPPORTED"


class Direction(StrEnum):
    """Seen from us: inbound is written by the contact, outbound by the business."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class ReceiptStatus(StrEnum):
    """What the platform can report about a message of ours."""

    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    PLAYED = "PLAYED"
    FAILED = "FAILED"
    DELETED = "DELETED"
    WARNING = "WARNING"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """How a platform names one person. Any part may be absent; an identity with none of them names nobody.

    `phone` is E.164 digits without `+`, `user_id` and `parent_user_id` are business-scoped ids, kept verbatim.
    """

    phone: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None

    def __bool__(self) -> bool:
        return bool(self.phone or self.user_id or self.parent_user_id)


class PlatformError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as the platform reported it: its code, title and explanation. Never holds an address."""

    code: int
    title: str | None = None
    details: str | None = None
    href: str | None = None


class Media(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that a message carries: the platform's media id and what it says of the file. `sha256` is as received."""

    id: str
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    caption: str | None = None
    voice: bool = False
    animated: bool = False


class Interactive(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer pressed or filled in: the id (or payload) that we gave it, and the title that they saw.

    `type` is the platform's word: `button_reply`, `list_reply`, `nfm_reply`, `call_permission_reply` or `button`
    (a template's quick reply). `data` is a flow's answer as JSON, or the reply's other keys.
    """

    type: str
    id: str | None = None
    title: str | None = None
    description: str | None = None
    data: Any = None


class InboundEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What all events share.

    `path` says where in the POST the item stands, as `entry[0].changes[0].messages[2]`. `address` is the platform's id of
    our side (WhatsApp: phone number id) and routes the event to a workspace; None where the platform names none.
    """

    path: str
    address: str | None


class MessageReceived(InboundEvent, frozen=True, kw_only=True):
    """One message, from the contact or (an echo, an import) from the business.

    `contact` is the other side in either direction. `joins` is a second identity of the same person that this message
    reveals (a number change). `private` holds what must be sealed before it is stored: contact cards with their numbers.
    """

    platform_message_id: str
    at: datetime
    direction: Direction
    contact: Identity
    kind: MessageKind
    display_name: str | None = None
    username: str | None = None
    text: str | None = None
    media: Media | None = None
    interactive: Interactive | None = None
    content: dict[str, Any] | None = None
    private: Any = None
    reply_to: str | None = None
    context: dict[str, Any] | None = None
    referral: dict[str, Any] | None = None
    errors: tuple[PlatformError, ...] = ()
    group_id: str | None = None
    joins: Identity | None = None
    opens_window: bool = True
    is_imported: bool = False
    imported_status: ReceiptStatus | None = None


class ReactionChanged(InboundEvent, frozen=True, kw_only=True):
    """A reaction put on a message, replaced, or (`emoji` None) taken away."""

    platform_message_id: str
    at: datetime
    direction: Direction
    contact: Identity
    target_message_id: str
    emoji: str | None
    display_name: str | None = None
    opens_window: bool = True


class MessageEdited(InboundEvent, frozen=True, kw_only=True):
    """The text (or caption) of an earlier message was corrected by its author."""

    platform_message_id: str
    at: datetime
    direction: Direction
    contact: Identity
    target_message_id: str
    kind: MessageKind
    text: str | None
    media: Media | None = None


class MessageRevoked(InboundEvent, frozen=True, kw_only=True):
    """An earlier message was deleted for everyone by its author."""

    platform_message_id: str
    at: datetime
    direction: Direction
    contact: Identity
    target_message_id: str


class ReceiptReported(InboundEvent, frozen=True, kw_only=True):
    """One step of one of our messages. `recipient` tells participants of a group apart; empty for a single recipient.

    `pricing` is `{billable, pricing_model, type, category}`, `conversation` `{id, expires_at, origin}`; either may be
    absent. `callback_data` is the string that we gave at sending.
    """

    platform_message_id: str
    at: datetime
    status: ReceiptStatus
    contact: Identity
    recipient: str = ""
    errors: tuple[PlatformError, ...] = ()
    pricing: dict[str, Any] | None = None
    conversation: dict[str, Any] | None = None
    callback_data: str | None = None


class ContactNamed(InboundEvent, frozen=True, kw_only=True):
    """The business's own address book calls a contact by this name (None: the entry was removed)."""

    at: datetime
    contact: Identity
    display_name: str | None


class PlatformReported(InboundEvent, frozen=True, kw_only=True):
    """Anything else that the platform tells: template, number and account state, preferences, calls, groups, flows.

    `field` is the platform's word for the subscription, `type` for what happened, `account` its account id (WABA).
    `details` is safe to store in clear: it never holds an address or a customer's text. `at` is None when the platform
    gave no time.
    """

    field: str
    type: str
    account: str | None
    at: datetime | None
    details: dict[str, Any]
    contact: Identity | None = None
    opens_window: bool = False


class Malformed(InboundEvent, frozen=True, kw_only=True):
    """An item that could not be understood. `reason` is for people, and never quotes the item."""

    reason: str


Event = MessageReceived | ReactionChanged | MessageEdited | MessageRevoked | ReceiptReported | ContactNamed | PlatformReported | Malformed
