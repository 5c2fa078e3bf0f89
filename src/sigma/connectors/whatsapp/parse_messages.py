"""One element of `messages[]` into one event. Echoes and imports of the Business app go through `build_event` too."""

from typing import Any

import msgspec

from sigma.connectors.events import (
    Direction,
    Event,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    ReactionChanged,
    ReceiptStatus,
)
from sigma.connectors.whatsapp.change import Change
from sigma.connectors.whatsapp.decode import storable
from sigma.connectors.whatsapp.parse_content import parse_content, text_of_id
from sigma.connectors.whatsapp.parse_errors import parse_errors
from sigma.connectors.whatsapp.people import NOBODY, Person, name_person
from sigma.connectors.whatsapp.privacy import PERSONAL_KEYS
from sigma.connectors.whatsapp.wire import Unusable, read
from sigma.connectors.whatsapp.wire_messages import Context, Message, System

_LONGEST_ID = 512  # characters; a wamid has about 60. What is longer would not fit a unique index
_SHORTEST_ID = 6  # `context.id` may be a dummy such as `M0`. Source: cloud-api.md 3, checked 2026-09
_CHANGES_OF_ADDRESS = frozenset({"user_changed_number", "user_changed_user_id", "customer_changed_number"})


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """How a message came to us: which way it goes, and whether it is live or a copy of the past."""

    direction: Direction = Direction.INBOUND
    opens_window: bool = False
    is_imported: bool = False
    imported_status: ReceiptStatus | None = None


_LIVE = Circumstances(opens_window=True)


def parse_message(change: Change, path: str, item: object) -> Event:
    """Return the event of a message that a contact wrote, or that the platform wrote about the contact. Raises: Unusable."""
    message = read(item, Message)
    if message.type == "system":
        return _parse_system(change, path, message)
    sender = change.people.complete(name_person(message.from_, message.from_user_id, message.from_parent_user_id))
    return build_event(change, path, message, contact=sender, how=_LIVE)


def build_event(change: Change, path: str, message: Message, *, contact: Person, how: Circumstances) -> Event:
    """Return the event of a message whose contact is known. Raises: Unusable."""
    head = _head(change, path, message, contact, how)
    opens_window = how.opens_window and not message.group_id
    match message.type:
        case "reaction":
            reaction = message.reaction
            target = require_id(reaction.message_id if reaction else None, "a reaction without the message it is for")
            emoji = (reaction.emoji or None) if reaction else None
            name = contact.display_name
            return ReactionChanged(**head, target_message_id=target, emoji=emoji, display_name=name, opens_window=opens_window)
        case "edit":
            return _edited(head, message)
        case "revoke":
            target = require_id(message.revoke.original_message_id if message.revoke else None, "a revoke without the message it is for")
            return MessageRevoked(**head, target_message_id=target)
    return _received(head, message, contact=contact, how=how, opens_window=opens_window)


def require_id(value: str | None, reason: str) -> str:
    """Return a message's id. Raises: Unusable, for this reason where there is none."""
    if not value:
        raise Unusable(reason)
    if len(value) > _LONGEST_ID:
        raise Unusable(f"a message id longer than {_LONGEST_ID} characters")
    return value


def _head(change: Change, path: str, message: Message, contact: Person, how: Circumstances) -> dict[str, Any]:
    """Return what the four events that a message can become share."""
    message_id = require_id(message.id, "a message without an id")
    if not contact.identity:
        raise Unusable("a message that names no contact")
    return {
        "path": path,
        "address": change.address,
        "platform_message_id": message_id,
        "at": change.at(message.timestamp),
        "direction": how.direction,
        "contact": contact.identity,
    }


def _received(head: dict[str, Any], message: Message, *, contact: Person, how: Circumstances, opens_window: bool) -> MessageReceived:
    content = parse_content(message)
    context = message.context
    return MessageReceived(
        **head,
        kind=content.kind,
        display_name=contact.display_name,
        username=contact.username,
        text=content.text,
        media=content.media,
        interactive=content.interactive,
        content=content.content,
        private=content.private,
        reply_to=_reply_to(context) if context else None,
        context=_context(context) if context else None,
        referral=storable(message.referral, without=PERSONAL_KEYS) or None,
        errors=parse_errors(message.errors),
        group_id=message.group_id or None,
        opens_window=opens_window,
        is_imported=how.is_imported,
        imported_status=how.imported_status,
    )


def _edited(head: dict[str, Any], message: Message) -> MessageEdited:
    edit = message.edit
    target = require_id(edit.original_message_id if edit else None, "an edit without the message it is for")
    content = parse_content(edit.message) if edit and edit.message else parse_content(Message())
    return MessageEdited(**head, target_message_id=target, kind=content.kind, text=content.text, media=content.media)


def _parse_system(change: Change, path: str, message: Message) -> MessageReceived:
    """Read a change of number or of user id: `from` and the previous ids are the contact, the new ones are what they join.

    `user_changed_user_id` usually names no phone. A system message is not the contact's, so it opens no window.
    Source: cloud-api.md 3 and 14, checked 2026-09.
    """
    system = message.system or System()
    contact = change.people.complete(
        name_person(
            message.from_ or system.customer,
            system.previous_user_id or message.from_user_id,
            system.previous_parent_user_id or message.from_parent_user_id,
        )
    )
    is_move = system.type in _CHANGES_OF_ADDRESS
    joins = name_person(system.new_wa_id or system.wa_id, system.user_id, system.parent_user_id) if is_move else NOBODY
    how = Circumstances()
    received = _received(_head(change, path, message, contact, how), message, contact=contact, how=how, opens_window=False)
    return msgspec.structs.replace(received, joins=joins) if joins and joins != contact.identity else received


def _reply_to(context: Context) -> str | None:
    """Return the quoted message's id, None for the dummies that stand there at times."""
    quoted = context.id or ""
    is_id = quoted.startswith("wamid.") or len(quoted) >= _SHORTEST_ID
    return quoted if is_id and len(quoted) <= _LONGEST_ID else None


def _context(context: Context) -> dict[str, Any] | None:
    """Return how the message refers to others, without `from`, which holds a number (or, at times, a phone number id)."""
    kept: dict[str, Any] = {}
    if context.forwarded:
        kept["forwarded"] = True
    if context.frequently_forwarded:
        kept["frequently_forwarded"] = True
    if product := context.referred_product:
        named = {"catalog_id": text_of_id(product.catalog_id), "product_retailer_id": text_of_id(product.product_retailer_id)}
        kept["referred_product"] = {key: value for key, value in named.items() if value}
    return kept or None
