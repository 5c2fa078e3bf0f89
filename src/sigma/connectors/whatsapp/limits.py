"""What Meta would refuse, refused here first: with the field and a sentence, before anything is queued. Pure.

`check_content` looks at one content alone. Whether a template exists and takes these values, whether the window is open, whether
the contact agreed: that is for the slices above.
Source of all numbers: Cloud API reference, "Messages" (one page per type); checked 2026-09.
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
    TemplateContent,
    TextContent,
)
from sigma.connectors.whatsapp.limits_fields import (
    ContentInvalid,
    check_count,
    check_json,
    check_location,
    check_media_ref,
    check_text,
    refuse,
)
from sigma.connectors.whatsapp.limits_interactive import check_interactive
from sigma.connectors.whatsapp.limits_media import check_media
from sigma.connectors.whatsapp.limits_template import check_template

__all__ = ["ContentInvalid", "check_content", "check_media"]

MAX_TEXT_CHARS = 4096  # Source: "Text messages"; checked 2026-09
MAX_CAPTION_CHARS = 1024  # Source: "Image messages"; checked 2026-09
MAX_CONTACT_CARDS = 257  # Source: "Contacts messages"; checked 2026-09
MAX_EMOJI_CODE_POINTS = 16  # a family of four with skin tones has 11, the flag of Scotland 7
CAPTIONED = ("IMAGE", "VIDEO", "DOCUMENT")  # Source: "Messages", table of types; checked 2026-09
NAME_PARTS = ("first_name", "last_name", "middle_name", "prefix", "suffix")
"""Of these at least one must stand beside `formatted_name`. Source: "Contacts messages"; checked 2026-09."""


def check_content(content: AnyContent) -> None:
    """Check one message. Raises: ContentInvalid with the path of the field, see `limits_fields`."""
    match content:
        case TextContent():
            check_text(content.body, "body", noun="The text", most=MAX_TEXT_CHARS)
        case TemplateContent():
            check_template(content)
        case MediaContent():
            _check_media_content(content)
        case ButtonsContent() | ListContent() | CtaUrlContent() | FlowContent() | LocationRequestContent():
            check_interactive(content)
        case LocationContent():
            check_location(content)
        case ContactsContent():
            _check_contacts(content)
        case ReactionContent():
            _check_reaction(content)
        case _:
            assert_never(content)


def _check_media_content(content: MediaContent) -> None:
    check_media_ref(content.media, "media")
    if content.caption is not None:
        if content.kind not in CAPTIONED:
            refuse("Audio and stickers carry no caption; send the words as a message of their own.", "caption")
        check_text(content.caption, "caption", noun="The caption", most=MAX_CAPTION_CHARS)
    if content.voice and content.kind != "AUDIO":
        refuse("Only audio can be a voice note.", "voice")


def _check_contacts(content: ContactsContent) -> None:
    check_count(len(content.cards), "cards", noun="contact cards", most=MAX_CONTACT_CARDS)
    for index, card in enumerate(content.cards):
        _check_card(card, "cards", str(index))
    check_json(content.cards, "cards")


def _check_card(card: dict[str, Any], *field: str) -> None:
    name = card.get("name")
    if not isinstance(name, dict) or not isinstance(name.get("formatted_name"), str) or not name["formatted_name"].strip():
        refuse("A contact card needs `name.formatted_name`.", *field, "name", "formatted_name")
    if not any(isinstance(name.get(part), str) and name[part].strip() for part in NAME_PARTS):
        refuse("Beside `formatted_name` a contact card needs one more part of the name, such as `first_name`.", *field, "name")


def _check_reaction(content: ReactionContent) -> None:
    if not content.message_id.strip():
        refuse("Name the message to react to.", "message_id")
    if content.emoji is None:
        return
    check_text(content.emoji, "emoji", noun="The reaction", most=MAX_EMOJI_CODE_POINTS)
    if content.emoji.isascii() or any(character.isspace() for character in content.emoji):
        refuse("A reaction is one emoji; leave it out to take the reaction away.", "emoji")
