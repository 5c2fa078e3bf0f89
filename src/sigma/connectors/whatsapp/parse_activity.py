"""The lists of other fields, each element one report: calls, groups, preferences, clicks, handovers and the platform's own trouble.

What is kept of each is named here, key by key, and holds no number: who it was is said by `contact`.
"""

from typing import Any

from sigma.connectors.events import Event, Identity, PlatformReported
from sigma.connectors.whatsapp.change import Change, read_instant
from sigma.connectors.whatsapp.decode import storable
from sigma.connectors.whatsapp.parse_content import text_of_id
from sigma.connectors.whatsapp.parse_errors import error_details
from sigma.connectors.whatsapp.parse_messages import require_id
from sigma.connectors.whatsapp.people import NOBODY, name_person
from sigma.connectors.whatsapp.privacy import mask_numbers, word
from sigma.connectors.whatsapp.wire import Error, Timestamp, Unusable, read
from sigma.connectors.whatsapp.wire_fields import AutomaticEvent, Call, Group, Preference, UserAction, UserIdUpdate
from sigma.connectors.whatsapp.wire_messages import Message


def report(
    change: Change,
    path: str,
    type: str | None,
    details: dict[str, Any],
    *,
    at: Timestamp = None,
    contact: Identity = NOBODY,
    opens_window: bool = False,
) -> PlatformReported:
    """Return the report of one item. Details that are None are left out; a type that is missing or no word becomes `unknown`."""
    return PlatformReported(
        path=path,
        address=change.address,
        field=change.field,
        type=word(type) or "unknown",
        account=change.account,
        at=change.reported_at(at),
        details=storable({key: value for key, value in details.items() if value is not None}),
        contact=contact or None,
        opens_window=opens_window,
    )


def parse_value_error(change: Change, path: str, item: object) -> Event:
    """Return trouble of the account or the app that belongs to no message, such as a rate limit. Raises: Unusable."""
    return report(change, path, "error", error_details(read(item, Error)))


def parse_user_action(change: Change, path: str, item: object) -> Event:
    """Return a click on a link of a marketing message; its tracking token is not kept. Raises: Unusable."""
    action = read(item, UserAction)
    data = item.get(f"{action.action_type}_data") if isinstance(item, dict) else None
    data = data if isinstance(data, dict) else {}
    details = {key: text_of_id(data.get(key)) for key in ("click_component", "click_id", "product_id")}
    contact = change.people.complete(NOBODY).identity
    return report(change, path, action.action_type, details, at=action.timestamp, contact=contact)


def parse_call(change: Change, path: str, item: object) -> Event:
    """Return a step of a call; a customer's call opens the service window. Source: cloud-api.md 6.7 and 14. Raises: Unusable."""
    call = read(item, Call)
    if call.direction == "BUSINESS_INITIATED":
        contact = name_person(call.to, call.to_user_id, call.to_parent_user_id)
    else:
        contact = name_person(call.from_, call.from_user_id, call.from_parent_user_id)
    details = {
        "id": require_id(call.id, "a call without an id"),
        "direction": word(call.direction),
        "status": word(call.status),
        "duration": call.duration,
        "start_time": _iso(call.start_time),
        "end_time": _iso(call.end_time),
        "errors": _errors(call.errors),
    }
    opens_window = call.direction == "USER_INITIATED" and call.event == "connect"
    person = change.people.complete(contact).identity
    return report(change, path, call.event, details, at=call.timestamp, contact=person, opens_window=opens_window)


def parse_group(change: Change, path: str, item: object) -> Event:
    """Return what happened to a group, without its participants. Raises: Unusable."""
    group = read(item, Group)
    details = {
        "group_id": group.group_id,
        "request_id": group.request_id,
        "join_request_id": group.join_request_id,
        "join_approval_mode": word(group.join_approval_mode),
        "initiated_by": word(group.initiated_by),
        "reason": word(group.reason),
        "errors": _errors(group.errors),
    }
    contact = name_person(group.wa_id, group.user_id, group.parent_user_id)
    person = change.people.complete(contact).identity if contact else NOBODY
    return report(change, path, group.type, details, at=group.timestamp, contact=person)


def parse_preference(change: Change, path: str, item: object) -> Event:
    """Return that a contact stopped, resumed or signed up to marketing messages. Source: cloud-api.md 6.4. Raises: Unusable."""
    preference = read(item, Preference)
    contact = change.people.complete(name_person(preference.wa_id, preference.user_id, preference.parent_user_id)).identity
    if not contact:
        raise Unusable("a preference that names no contact")
    details = {
        "category": word(preference.category),
        "detail": mask_numbers(preference.detail) if preference.detail else None,
        "signup_id": text_of_id(preference.signup_id),
    }
    return report(change, path, preference.value, details, at=preference.timestamp, contact=contact)


def parse_automatic_event(change: Change, path: str, item: object) -> Event:
    """Return a conversion that Meta recognised in a conversation (a lead, a purchase). Raises: Unusable."""
    event = read(item, AutomaticEvent)
    custom = event.custom_data or {}
    details = {
        "platform_message_id": event.id,
        "ctwa_clid": event.ctwa_clid,
        "currency": word(custom.get("currency")),
        "value": custom.get("value") if isinstance(custom.get("value"), int | float) else None,
    }
    return report(change, path, event.event_name, details, at=event.timestamp)


def parse_user_id_update(change: Change, path: str, item: object) -> Event:
    """Return the new id of a contact. Tolerated only: Meta says that this field cannot be subscribed to. Raises: Unusable."""
    update = read(item, UserIdUpdate)
    user_id = update.user_id.current if update.user_id else None
    parent_user_id = update.parent_user_id.current if update.parent_user_id else None
    contact = name_person(update.wa_id, user_id, parent_user_id)
    return report(change, path, "user_id_update", {}, at=update.timestamp, contact=contact)


def parse_standby(change: Change, path: str, item: object) -> Event:
    """Return that a message came which another handler (Meta's agent) answers: it is not ours to store. Raises: Unusable."""
    message = read(item, Message)
    details = {"platform_message_id": require_id(message.id, "a message without an id")}
    sender = change.people.complete(name_person(message.from_, message.from_user_id, message.from_parent_user_id))
    return report(change, path, "message", details, at=message.timestamp, contact=sender.identity)


def _iso(timestamp: Timestamp) -> str | None:
    instant = read_instant(timestamp)
    return instant.isoformat() if instant else None


def _errors(errors: list[Error] | None) -> list[dict[str, Any]] | None:
    return [error_details(error) for error in errors] if errors else None
