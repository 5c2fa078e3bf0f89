"""What can be sent, as GraphQL inputs, and the contents that they mean."""

from typing import Any, Literal, cast

import strawberry
from strawberry.scalars import JSON

from sigma.connectors.outbound import (
    AnyContent,
    Button,
    ButtonsContent,
    ContactsContent,
    CtaUrlContent,
    FlowContent,
    Header,
    ListContent,
    ListRow,
    ListSection,
    LocationContent,
    LocationRequestContent,
    MediaContent,
    MediaRef,
    ReactionContent,
    TemplateButton,
    TemplateContent,
    TemplateHeader,
    TemplateParameter,
    TextContent,
)
from sigma.kit.errors import InvalidInput
from sigma.sending.models import ContentRequired


@strawberry.input(description="A file: the platform's media id of an upload, or a public https link.")
class MediaInput:
    """What MediaContent needs."""

    kind: str = strawberry.field(description="IMAGE, AUDIO, VIDEO, DOCUMENT or STICKER")
    id: str | None = None
    link: str | None = None
    filename: str | None = None
    caption: str | None = None
    voice: bool = False


@strawberry.input
class LocationInput:
    """A place."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


@strawberry.input(description="An emoji on a message; leave the emoji out to take it away.")
class ReactionInput:
    """What ReactionContent needs."""

    message_id: strawberry.ID
    emoji: str | None = None


@strawberry.input
class HeaderInput:
    """The top of an interactive message: a text or a file."""

    text: str | None = None
    media: MediaInput | None = None


@strawberry.input
class ButtonInput:
    """A reply button."""

    id: str
    title: str


@strawberry.input
class ListRowInput:
    """A row of a list."""

    id: str
    title: str
    description: str | None = None


@strawberry.input
class ListSectionInput:
    """A section of a list."""

    rows: list[ListRowInput]
    title: str | None = None


@strawberry.input(description="Text with buttons, a list, a link, a flow or a location request: exactly one of them.")
class InteractiveInput:
    """What the interactive contents need."""

    body: str
    header: HeaderInput | None = None
    footer: str | None = None
    buttons: list[ButtonInput] | None = None
    list_button: str | None = None
    sections: list[ListSectionInput] | None = None
    cta_text: str | None = None
    cta_url: str | None = None
    flow_id: str | None = None
    flow_cta: str | None = None
    flow_token: str | None = None
    flow_screen: str | None = None
    flow_data: JSON | None = None
    request_location: bool = False


@strawberry.input
class NamedParameterInput:
    """A value of a template with named parameters."""

    name: str
    value: str


@strawberry.input(description="What a template's header needs: a text, a file or a location.")
class TemplateHeaderInput:
    """What TemplateHeader needs."""

    text: str | None = None
    media: MediaInput | None = None
    location: LocationInput | None = None


@strawberry.input(
    description="A button of a template that needs a value: the URL's suffix, the payload, the coupon code or the flow token."
)
class TemplateButtonInput:
    """What TemplateButton needs."""

    index: int
    type: str = strawberry.field(description="url, quick_reply, copy_code or flow")
    value: str


@strawberry.input(description="What to send: exactly one of templateName, text, media, location, contacts, reaction and interactive.")
class MessageContentInput:
    """Every kind of content."""

    template_name: str | None = None
    template_language: str | None = None
    template_params: list[str] | None = None
    template_named_params: list[NamedParameterInput] | None = None
    template_header: TemplateHeaderInput | None = None
    template_buttons: list[TemplateButtonInput] | None = None
    text: str | None = None
    preview_url: bool = False
    media: MediaInput | None = None
    location: LocationInput | None = None
    contacts: list[JSON] | None = None
    reaction: ReactionInput | None = None
    interactive: InteractiveInput | None = None
    reply_to: strawberry.ID | None = strawberry.field(default=None, description="SIGMA's id of the message that is quoted.")
    client_mutation_id: str | None = strawberry.field(
        default=None, description="The same id within 24 hours gives the same answer and one message."
    )


@strawberry.input(description="Say to whom with exactly one of recipientPhone, recipientUserId, contactId and conversationId.")
class SendWhatsAppMessageInput(MessageContentInput):
    """The guide's input, and all that it leaves out."""

    workspace_id: strawberry.ID = strawberry.field(default=strawberry.ID(""))
    recipient_phone: str | None = None
    recipient_user_id: str | None = None
    contact_id: strawberry.ID | None = None
    conversation_id: strawberry.ID | None = None


@strawberry.input
class ReplyToConversationInput(MessageContentInput):
    """A reply into a thread."""

    conversation_id: strawberry.ID = strawberry.field(default=strawberry.ID(""))


MediaKind = Literal["IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "STICKER"]
HeaderKind = Literal["IMAGE", "VIDEO", "DOCUMENT"]


def read_content(given: MessageContentInput, *, default_language: str, reaction_target: str | None) -> AnyContent:
    """Return the one content that an input describes. `reaction_target` is the platform's id of the message that is reacted to.

    Raises: ContentRequired for none or several, InvalidInput for values that no content has.
    """
    makers: list[tuple[object, Any]] = [
        (given.template_name, lambda: _template(given, default_language)),
        (given.text, lambda: TextContent(body=given.text or "", preview_url=given.preview_url)),
        (given.media, lambda: _media(cast("MediaInput", given.media))),
        (given.location, lambda: _location(cast("LocationInput", given.location))),
        (given.contacts, lambda: ContactsContent(cards=_cards(given.contacts or []))),
        (given.reaction, lambda: ReactionContent(message_id=reaction_target or "", emoji=given.reaction.emoji if given.reaction else None)),
        (given.interactive, lambda: _interactive(cast("InteractiveInput", given.interactive))),
    ]
    wanted = [make for value, make in makers if value is not None]
    if len(wanted) != 1:
        raise ContentRequired(field=("input",))
    content: AnyContent = wanted[0]()
    return content


_INPUT_NAMES: dict[str, dict[str, str]] = {
    "text": {"body": "text"},
    "template": {
        "name": "templateName",
        "language": "templateLanguage",
        "parameters": "templateParams",
        "header": "templateHeader",
        "buttons": "templateButtons",
    },
    "list": {"button": "listButton"},
    "cta_url": {"display_text": "ctaText", "url": "ctaUrl"},
    "flow": {"screen": "flowScreen", "data": "flowData"},
}
"""Where an input calls a content's part by another name. What is not here has the same name, in camel case."""

_PLACES = {"media": "media", "location": "location", "contacts": "contacts", "reaction": "reaction", "text": "", "template": ""}
"""The input's field in which a content stands; the others are all `interactive`."""


def input_field(content: AnyContent, field: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path in the input of a content's field, as `limits` names it."""
    what = str(content.__struct_config__.tag)
    first, *rest = field or ("",)
    if isinstance(content, TemplateContent) and first == "parameters":
        is_named = any(parameter.name is not None for parameter in content.parameters)
        position, *part = rest or [""]
        return (
            ("input", "templateNamedParams", position, *("value" if one == "text" else one for one in part))
            if is_named
            else tuple(filter(None, ("input", "templateParams", position)))
        )
    names = ["" if first in {"media", "cards"} and what in {"media", "contacts"} else _INPUT_NAMES.get(what, {}).get(first, first), *rest]
    return tuple(filter(None, ("input", _PLACES.get(what, "interactive"), *map(_camel, names))))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _template(given: MessageContentInput, default_language: str) -> TemplateContent:
    parameters = [TemplateParameter(text=value) for value in given.template_params or []]
    parameters += [TemplateParameter(text=named.value, name=named.name) for named in given.template_named_params or []]
    header = given.template_header
    return TemplateContent(
        name=given.template_name or "",
        language=given.template_language or default_language,
        parameters=parameters,
        header=None
        if header is None
        else TemplateHeader(
            text=TemplateParameter(text=header.text) if header.text is not None else None,
            kind=_header_kind(header.media) if header.media else None,
            media=_reference(header.media) if header.media else None,
            location=_location(header.location) if header.location else None,
        ),
        buttons=[_template_button(button) for button in given.template_buttons or []],
    )


def _template_button(button: TemplateButtonInput) -> TemplateButton:
    if button.type not in {"url", "quick_reply", "copy_code", "flow"}:
        raise InvalidInput("A template button's type is url, quick_reply, copy_code or flow.", field=("input", "templateButtons", "type"))
    return TemplateButton(index=button.index, type=cast("Any", button.type), value=button.value)


def _media(given: MediaInput) -> MediaContent:
    if given.kind not in {"IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "STICKER"}:
        raise InvalidInput("The kind of a file is IMAGE, AUDIO, VIDEO, DOCUMENT or STICKER.", field=("input", "media", "kind"))
    return MediaContent(kind=cast("MediaKind", given.kind), media=_reference(given), caption=given.caption, voice=given.voice)


def _reference(given: MediaInput) -> MediaRef:
    if (given.id is None) == (given.link is None):
        raise InvalidInput("Name the file with either id or link.", field=("input", "media"))
    return MediaRef(id=given.id, link=given.link, filename=given.filename)


def _header_kind(given: MediaInput) -> HeaderKind:
    if given.kind not in {"IMAGE", "VIDEO", "DOCUMENT"}:
        raise InvalidInput("A header carries an IMAGE, a VIDEO or a DOCUMENT.", field=("input", "templateHeader", "media", "kind"))
    return cast("HeaderKind", given.kind)


def _location(given: LocationInput) -> LocationContent:
    return LocationContent(latitude=given.latitude, longitude=given.longitude, name=given.name, address=given.address)


def _cards(given: list[JSON]) -> list[dict[str, Any]]:
    if not all(isinstance(card, dict) for card in given):
        raise InvalidInput("A contact card is an object with name and phones.", field=("input", "contacts"))
    return [cast("dict[str, Any]", card) for card in given]


def _header(given: HeaderInput | None) -> Header | None:
    if given is None:
        return None
    return Header(
        text=given.text, kind=_header_kind(given.media) if given.media else None, media=_reference(given.media) if given.media else None
    )


def _interactive(given: InteractiveInput) -> AnyContent:
    header = _header(given.header)
    makers: list[tuple[object, Any]] = [
        (
            given.buttons,
            lambda: ButtonsContent(
                body=given.body,
                buttons=[Button(id=one.id, title=one.title) for one in given.buttons or []],
                header=header,
                footer=given.footer,
            ),
        ),
        (
            given.sections,
            lambda: ListContent(
                body=given.body,
                button=given.list_button or "",
                sections=_sections(given.sections or []),
                header=header,
                footer=given.footer,
            ),
        ),
        (
            given.cta_url,
            lambda: CtaUrlContent(
                body=given.body, display_text=given.cta_text or "", url=given.cta_url or "", header=header, footer=given.footer
            ),
        ),
        (given.flow_id, lambda: _flow(given, header)),
        (given.request_location or None, lambda: LocationRequestContent(body=given.body)),
    ]
    wanted = [make for value, make in makers if value is not None]
    if len(wanted) != 1:
        raise ContentRequired("Give exactly one of buttons, sections, ctaUrl, flowId and requestLocation.", field=("input", "interactive"))
    content: AnyContent = wanted[0]()
    return content


def _flow(given: InteractiveInput, header: Header | None) -> FlowContent:
    return FlowContent(
        body=given.body,
        flow_id=given.flow_id or "",
        flow_cta=given.flow_cta or "",
        flow_token=given.flow_token,
        flow_action="navigate" if given.flow_screen else None,
        screen=given.flow_screen,
        data=cast("dict[str, Any] | None", given.flow_data),
        header=header,
        footer=given.footer,
    )


def _sections(given: list[ListSectionInput]) -> list[ListSection]:
    return [
        ListSection(title=section.title, rows=[ListRow(id=row.id, title=row.title, description=row.description) for row in section.rows])
        for section in given
    ]
