"""One element of `statuses[]` into one event: a receipt of a message of ours, or a step of a call."""

from typing import Any

from sigma.connectors.events import Event, Identity, PlatformReported, ReceiptReported, ReceiptStatus
from sigma.connectors.whatsapp.change import Change, read_instant
from sigma.connectors.whatsapp.parse_errors import error_details, parse_errors
from sigma.connectors.whatsapp.parse_messages import require_id
from sigma.connectors.whatsapp.people import name_person
from sigma.connectors.whatsapp.privacy import word
from sigma.connectors.whatsapp.wire import Unusable, read
from sigma.connectors.whatsapp.wire_messages import Conversation, Pricing, Status

_RECEIPTS = {status.value.lower(): status for status in ReceiptStatus}
GROUP_RECIPIENT = "group"


def parse_status(change: Change, path: str, item: object) -> Event:
    """Return the receipt, or what else the platform says of a message or a call. Raises: Unusable.

    Statuses of calls have the same shape and must never become receipts. Source: cloud-api.md 2.1 and 6.7, checked 2026-09.
    """
    status = read(item, Status)
    message_id = require_id(status.id, "a status without the id it is for")
    said = (word(status.status) or "").lower()
    if not said:
        raise Unusable("a status that does not say which")
    if status.type == "call" or change.field == "calls":
        details: dict[str, Any] = {"id": message_id, "status": said}
        return _report(change, path, status, f"call_{said}", details)
    receipt = _RECEIPTS.get(said)
    if receipt is None:
        return _report(change, path, status, f"status_{said}", {"platform_message_id": message_id})
    return ReceiptReported(
        path=path,
        address=change.address,
        platform_message_id=message_id,
        at=change.at(status.timestamp),
        status=receipt,
        contact=_contact(change, status),
        recipient=GROUP_RECIPIENT if status.recipient_type == "group" else "",
        errors=parse_errors(status.errors),
        pricing=_pricing(status.pricing) if status.pricing else None,
        conversation=_conversation(status.conversation) if status.conversation else None,
        callback_data=status.biz_opaque_callback_data or None,
    )


def _report(change: Change, path: str, status: Status, type: str, details: dict[str, Any]) -> PlatformReported:
    if status.errors:
        details["errors"] = [error_details(error) for error in status.errors]
    return PlatformReported(
        path=path,
        address=change.address,
        field="calls" if type.startswith("call_") else change.field,
        type=type,
        account=change.account,
        at=change.reported_at(status.timestamp),
        details=details,
        contact=_contact(change, status) or None,
    )


def _contact(change: Change, status: Status) -> Identity:
    """Return who received the message; in a group the participant, because `recipient_id` is the group there.

    A failed status may name nobody: then the message's id alone says which it was. Source: cloud-api.md 4 and 5.
    """
    if status.recipient_type == "group":
        own = name_person(
            status.recipient_participant_id or status.participant_recipient_id,
            status.recipient_participant_user_id,
            status.recipient_participant_parent_user_id,
        )
    else:
        parent = status.recipient_parent_user_id or status.parent_recipient_user_id
        own = name_person(status.recipient_id, status.recipient_user_id, parent)
    return change.people.complete(own).identity if own else own


def _pricing(pricing: Pricing) -> dict[str, Any] | None:
    """Return `{billable, pricing_model, type, category}`. Category and type come with hyphens or underscores: underscores here."""
    named = {
        "billable": pricing.billable,
        "pricing_model": word(pricing.pricing_model),
        "type": _underscored(pricing.type or pricing.pricing_type),
        "category": _underscored(pricing.category),
    }
    return {key: value for key, value in named.items() if value is not None} or None


def _conversation(conversation: Conversation) -> dict[str, Any] | None:
    expires_at = read_instant(conversation.expiration_timestamp)
    named = {
        "id": conversation.id or None,
        "expires_at": expires_at.isoformat() if expires_at else None,
        "origin": _underscored(conversation.origin.type) if conversation.origin else None,
    }
    return {key: value for key, value in named.items() if value is not None} or None


def _underscored(value: str | None) -> str | None:
    said = word(value)
    return said.replace("-", "_") if said else None
