"""A POST of the Cloud API into events: `parse_webhook`, the only door of this parser.

It walks entry → changes → items, gives every item to the parser of its list, and keeps the failures apart: an item that cannot be
understood becomes one `Malformed`, and its neighbours never notice. Pure: no clock, no database, no log.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sigma.connectors.events import Event, Malformed
from sigma.connectors.whatsapp.change import Change, read_instant, read_metadata
from sigma.connectors.whatsapp.decode import Undecodable, decode
from sigma.connectors.whatsapp.parse_activity import (
    parse_automatic_event,
    parse_call,
    parse_group,
    parse_preference,
    parse_standby,
    parse_user_action,
    parse_user_id_update,
    parse_value_error,
)
from sigma.connectors.whatsapp.parse_coexistence import parse_echo, parse_history_error, parse_imported, parse_state_sync
from sigma.connectors.whatsapp.parse_content import text_of_id
from sigma.connectors.whatsapp.parse_messages import parse_message
from sigma.connectors.whatsapp.parse_reports import parse_report, parse_unknown
from sigma.connectors.whatsapp.parse_statuses import parse_status
from sigma.connectors.whatsapp.people import People
from sigma.connectors.whatsapp.privacy import word
from sigma.connectors.whatsapp.wire import Unusable

Parser = Callable[[Change, str, object], Event]
Item = tuple[str, Parser, object]  # where it stands, who reads it, and the item

WHATSAPP_OBJECT = "whatsapp_business_account"
_ENVELOPE_KEYS = frozenset({"messaging_product", "metadata", "contacts"})
_GROUP_LISTS: dict[str, Parser] = {"groups": parse_group, "errors": parse_value_error}
# The lists of each field, in the order in which their items are told. Any other field is one report (`parse_reports`).
LISTS: dict[str, dict[str, Parser]] = {
    "messages": {
        "messages": parse_message,
        "statuses": parse_status,
        "errors": parse_value_error,
        "user_actions": parse_user_action,
    },
    "smb_message_echoes": {"message_echoes": parse_echo, "errors": parse_value_error},
    "message_echoes": {"message_echoes": parse_echo, "errors": parse_value_error},
    "smb_app_state_sync": {"state_sync": parse_state_sync, "errors": parse_value_error},
    "history": {"messages": parse_imported, "errors": parse_value_error},
    "calls": {"calls": parse_call, "statuses": parse_status, "errors": parse_value_error},
    "group_lifecycle_update": _GROUP_LISTS,
    "group_participants_update": _GROUP_LISTS,
    "group_settings_update": _GROUP_LISTS,
    "group_status_update": _GROUP_LISTS,
    "user_preferences": {"user_preferences": parse_preference, "errors": parse_value_error},
    "automatic_events": {"automatic_events": parse_automatic_event, "errors": parse_value_error},
    "user_id_update": {"user_id_update": parse_user_id_update, "errors": parse_value_error},
    "standby": {"messages": parse_standby, "errors": parse_value_error},
}


def parse_webhook(raw: bytes, *, received_at: datetime) -> list[Event]:
    """Return one event per item of a POST, in its order. Never raises: what cannot be understood is a `Malformed` with a reason.

    `received_at` stands in for the time of an item that gives none, or one that cannot be.
    """
    try:
        body = decode(raw)
    except Undecodable as error:
        return [_malformed("", None, f"not a WhatsApp webhook: {error}")]
    if (reason := _refusal(body)) is not None:
        return [_malformed("", None, f"not a WhatsApp webhook: {reason}")]
    received_at = received_at.astimezone(UTC)
    events: list[Event] = []
    for index, entry in enumerate(body["entry"]):
        events.extend(_parse_entry(f"entry[{index}]", entry, received_at))
    return events


def _refusal(body: object) -> str | None:
    """Say why a body is not Meta's for WhatsApp. Another `object` is another product's webhook, subscribed to by the same app."""
    if not isinstance(body, dict):
        return "it is not a JSON object"
    if "object" not in body:
        return "it names no object"
    if body["object"] != WHATSAPP_OBJECT:
        return "its object is not whatsapp_business_account"
    return None if isinstance(body.get("entry"), list) else "it has no list of entries"


def _parse_entry(path: str, entry: object, received_at: datetime) -> Iterator[Event]:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    if not isinstance(entry, dict):
        yield _malformed(path, None, "it is not an object")
    elif isinstance(changes, list):
        for index, change in enumerate(changes):
            yield from _parse_change(f"{path}.changes[{index}]", entry, change, received_at)
    elif changes is not None:
        yield _malformed(f"{path}.changes", None, "it is not a list")


def _parse_change(path: str, entry: dict[str, Any], item: object, received_at: datetime) -> Iterator[Event]:
    if not isinstance(item, dict):
        yield _malformed(path, None, "it is not an object")
        return
    field, value = item.get("field"), item.get("value")
    if not isinstance(field, str) or not isinstance(value, dict):
        yield _malformed(path, None, "a change without a field" if isinstance(value, dict) else "a change without a value")
        return
    change = _read_change(path, field, entry, value, received_at)
    for item_path, parse, listed in _items(change, value):
        try:
            yield parse(change, item_path, listed)
        except Unusable as error:
            yield _malformed(item_path, change.address, str(error))
        except Exception as error:  # a bug of ours must not cost the neighbours; the raw body is kept and can be replayed
            yield _malformed(item_path, change.address, f"the parser failed: {type(error).__name__}")


def _read_change(path: str, field: str, entry: dict[str, Any], value: dict[str, Any], received_at: datetime) -> Change:
    metadata = read_metadata(value)
    return Change(
        path=path,
        field=word(field) or "unknown",
        account=text_of_id(entry.get("id")),
        address=text_of_id(metadata.phone_number_id),
        display_phone=metadata.display_phone_number,
        people=People(value.get("contacts")),
        entry_at=read_instant(entry.get("time")),
        received_at=received_at,
    )


def _items(change: Change, value: dict[str, Any]) -> Iterator[Item]:
    """Yield every item of a value. What stands beside the known lists is reported too: nothing is dropped in silence."""
    lists = LISTS.get(change.field)
    if lists is None:
        yield change.path, parse_report, value
        return
    if change.field in _NESTED:
        yield from _NESTED[change.field](f"{change.path}.{change.field}", value.get(change.field))
    for key, parse in lists.items():
        if (items := value.get(key)) is not None:
            yield from _listed(f"{change.path}.{key}", items, parse)
    rest = {key: value[key] for key in value.keys() - lists.keys() - _ENVELOPE_KEYS - {change.field} if value[key] is not None}
    if rest:
        yield change.path, parse_unknown, rest


def _listed(path: str, items: object, parse: Parser) -> Iterator[Item]:
    """Yield the elements of a list, nothing for a missing one. A lone object is read as the only element; the parser refuses the rest."""
    if isinstance(items, list):
        for index, item in enumerate(items):
            yield f"{path}[{index}]", parse, item
    elif items is not None:
        yield path, parse, items


def _history_items(path: str, chunks: object) -> Iterator[Item]:
    """Yield the messages of all threads of all chunks, or the error that stands in a chunk instead.

    A chunk is `{"metadata":{"phase":0,"chunk_order":1,"progress":55},"threads":[{"id":"1650","messages":[…]}]}`, or, when the business
    declined, `{"errors":[{"code":2593109}]}`. Chunks come in any order. Source: cloud-api.md 6.6, checked 2026-09.
    """
    for chunk_path, refuse, chunk in _listed(path, chunks, parse_history_error):
        if isinstance(chunk, dict):
            yield from _listed(f"{chunk_path}.errors", chunk.get("errors"), parse_history_error)
            yield from _thread_items(f"{chunk_path}.threads", chunk.get("threads"))
        else:
            yield chunk_path, refuse, chunk


def _thread_items(path: str, threads: object) -> Iterator[Item]:
    for thread_path, refuse, thread in _listed(path, threads, parse_imported):
        if isinstance(thread, dict):
            parse = partial(parse_imported, thread_id=text_of_id(thread.get("id")))
            yield from _listed(f"{thread_path}.messages", thread.get("messages"), parse)
        else:
            yield thread_path, refuse, thread


def _standby_items(path: str, standby: object) -> Iterator[Item]:
    """Yield the messages that another handler owns: `{"messages":[…]}`. The shape is not documented yet; a plain list is read too."""
    if isinstance(standby, dict):
        yield from _listed(f"{path}.messages", standby.get("messages"), parse_standby)
    else:
        yield from _listed(path, standby, parse_standby)


_NESTED = {"history": _history_items, "standby": _standby_items}  # fields whose items stand deeper than in a list


def _malformed(path: str, address: str | None, reason: str) -> Malformed:
    return Malformed(path=path, address=address, reason=reason)
