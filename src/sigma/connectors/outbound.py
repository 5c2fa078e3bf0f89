"""What we can say on a platform, in our words, and what came of saying it.

The mirror image of `events`: contents are built by the sending slice and turned into wire shapes by a connector; outcomes are what
a connector knows after one HTTP call. Nothing here knows a wire format or the database.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal

import msgspec

from sigma.connectors.events import MessageKind


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to send to: E.164 digits without `+`, or a business-scoped user id. The phone wins when both are there."""

    phone: str | None = None
    user_id: str | None = None


class MediaRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file to send: the platform's media id of an upload, or a public https link. Exactly one of the two."""

    id: str | None = None
    link: str | None = None
    filename: str | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", omit_defaults=True):
    """What one message carries. Stored sealed in the outbox as JSON, so every subclass has a stable tag."""


class TextContent(Content, frozen=True, kw_only=True, tag="text", omit_defaults=True):
    """Plain text of 1 to 4,096 characters."""

    body: str
    preview_url: bool = False


class MediaContent(Content, frozen=True, kw_only=True, tag="media", omit_defaults=True):
    """A picture, audio, video, document or sticker. `voice` sends an ogg/opus audio as a voice note."""

    kind: Literal["IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "STICKER"]
    media: MediaRef
    caption: str | None = None
    voice: bool = False


class LocationContent(Content, frozen=True, kw_only=True, tag="location", omit_defaults=True):
    """A place on the map."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class ContactsContent(Content, frozen=True, kw_only=True, tag="contacts"):
    """Contact cards in the platform's own shape (`name.formatted_name` is required), 1 to 257 of them."""

    cards: list[dict[str, Any]]


class ReactionContent(Content, frozen=True, kw_only=True, tag="reaction", omit_defaults=True):
    """An emoji on a message; None takes it away. `message_id` is the platform's id."""

    message_id: str
    emoji: str | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The top of an interactive message: a text of up to 60 characters, or a picture, video or document."""

    text: str | None = None
    kind: Literal["IMAGE", "VIDEO", "DOCUMENT"] | None = None
    media: MediaRef | None = None


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """A reply button: id of up to 256 characters, title of up to 20."""

    id: str
    title: str


class ListRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of a list: id 200, title 24, description 72 characters."""

    id: str
    title: str
    description: str | None = None


class ListSection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A section of a list. A title is required when there is more than one."""

    rows: list[ListRow]
    title: str | None = None


class ButtonsContent(Content, frozen=True, kw_only=True, tag="buttons", omit_defaults=True):
    """Text with 1 to 3 reply buttons."""

    body: str
    buttons: list[Button]
    header: Header | None = None
    footer: str | None = None


class ListContent(Content, frozen=True, kw_only=True, tag="list", omit_defaults=True):
    """Text with a list to choose from: up to 10 sections, 10 rows in all. `button` (20 characters) opens it."""

    body: str
    button: str
    sections: list[ListSection]
    header: Header | None = None
    footer: str | None = None


class CtaUrlContent(Content, frozen=True, kw_only=True, tag="cta_url", omit_defaults=True):
    """Text with one button that opens a web address."""

    body: str
    display_text: str
    url: str
    header: Header | None = None
    footer: str | None = None


class FlowContent(Content, frozen=True, kw_only=True, tag="flow", omit_defaults=True):
    """Text with one button that opens a flow."""

    body: str
    flow_id: str
    flow_cta: str
    flow_token: str | None = None
    flow_action: Literal["navigate", "data_exchange"] | None = None
    screen: str | None = None
    data: dict[str, Any] | None = None
    header: Header | None = None
    footer: str | None = None


class LocationRequestContent(Content, frozen=True, kw_only=True, tag="location_request"):
    """Text with a button by which the customer sends a location."""

    body: str


class TemplateParameter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text value of a template; `name` for templates with named parameters."""

    text: str
    name: str | None = None


class TemplateHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a template's header needs at sending: a text parameter, a file, or a location."""

    text: TemplateParameter | None = None
    kind: Literal["IMAGE", "VIDEO", "DOCUMENT"] | None = None
    media: MediaRef | None = None
    location: LocationContent | None = None


class TemplateButton(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A button of a template that needs a value: `index` is its position, from 0.

    `value` is the URL's suffix, the quick reply's payload, the coupon code or the flow token, by `type`.
    """

    index: int
    type: Literal["url", "quick_reply", "copy_code", "flow"]
    value: str


class TemplateContent(Content, frozen=True, kw_only=True, tag="template", omit_defaults=True):
    """A template by name and language, with its values."""

    name: str
    language: str
    parameters: list[TemplateParameter] = []
    header: TemplateHeader | None = None
    buttons: list[TemplateButton] = []


AnyContent = (
    TextContent
    | MediaContent
    | LocationContent
    | ContactsContent
    | ReactionContent
    | ButtonsContent
    | ListContent
    | CtaUrlContent
    | FlowContent
    | LocationRequestContent
    | TemplateContent
)


def kind_of(content: AnyContent) -> MessageKind:
    """Return how a message with this content is filed."""
    match content:
        case TextContent():
            return MessageKind.TEXT
        case MediaContent():
            return MessageKind(content.kind)
        case LocationContent():
            return MessageKind.LOCATION
        case ContactsContent():
            return MessageKind.CONTACTS
        case TemplateContent():
            return MessageKind.TEMPLATE
        case _:
            return MessageKind.INTERACTIVE


class ThrottleScope(StrEnum):
    """What has to wait after a throttled call: the pair of number and recipient, the number, or the whole app."""

    RECIPIENT = "RECIPIENT"
    NUMBER = "NUMBER"
    APP = "APP"


class FaultScope(StrEnum):
    """How far a refusal reaches: this message, this recipient, this template, the number, the account (WABA), or the access token."""

    MESSAGE = "MESSAGE"
    RECIPIENT = "RECIPIENT"
    TEMPLATE = "TEMPLATE"
    NUMBER = "NUMBER"
    ACCOUNT = "ACCOUNT"
    TOKEN = "TOKEN"  # noqa: S105 - a scope, not a secret


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The platform took the message. `is_held` when it keeps it back for a quality assessment. `address` is how it knows the recipient."""

    platform_message_id: str
    address: Recipient
    is_held: bool = False


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """The platform refused, finally. `advice` says in plain words what to do."""

    code: int | None
    title: str
    details: str | None
    advice: str
    scope: FaultScope


class Throttled(msgspec.Struct, frozen=True, kw_only=True):
    """Not now: nothing was sent, try again after `retry_in` (None: by the caller's own back-off)."""

    code: int | None
    scope: ThrottleScope
    retry_in: timedelta | None = None


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """The request may have been accepted: it must not be repeated blindly. A receipt with our callback data resolves it."""

    reason: str


Outcome = Accepted | Rejected | Throttled | Unknown
