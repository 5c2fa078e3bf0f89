"""Webhook bodies that a slice test writes itself, as small as the parser allows. `tests/data` holds the real ones."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

from tests.world import PHONE_NUMBER_ID

WABA = "102290129340398"
BUSINESS = "15550783881"
START = 1767225600
"""2026-01-01T00:00:00Z; the `at` of every builder counts seconds from here."""


@dataclass(frozen=True)
class Someone:
    """A person as the platform shows them."""

    name: str | None = None
    phone: str | None = None
    user_id: str | None = None
    username: str | None = None

    def phone_only(self) -> Self:
        return replace(self, user_id=None)

    def user_id_only(self) -> Self:
        return replace(self, phone=None)

    def contact(self) -> dict[str, Any]:
        profile = _present({"name": self.name, "username": self.username})
        return _present({"wa_id": self.phone, "user_id": self.user_id, "profile": profile or None})


ANA = Someone(name="Ana", phone="5511987650001", user_id="BR.10000000000000000001")
BO = Someone(name="Bo", phone="4915112345678", user_id="DE.20000000000000000002")


def webhook(*changes: dict[str, Any]) -> dict[str, Any]:
    """A POST of one entry."""
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": list(changes)}]}


def webhooks(*posts: dict[str, Any]) -> dict[str, Any]:
    """One POST with the entries of several."""
    return {"object": "whatsapp_business_account", "entry": [entry for post in posts for entry in post["entry"]]}


def change(field: str, *, number: str | None = PHONE_NUMBER_ID, people: tuple[Someone, ...] = (), **lists: Any) -> dict[str, Any]:
    value: dict[str, Any] = {"messaging_product": "whatsapp", **lists}
    if number is not None:
        value["metadata"] = {"display_phone_number": BUSINESS, "phone_number_id": number}
    if people:
        value["contacts"] = [person.contact() for person in people]
    return {"field": field, "value": value}


def inbound(*messages: Any, number: str = PHONE_NUMBER_ID, people: tuple[Someone, ...] = ()) -> dict[str, Any]:
    """A POST with messages of contacts."""
    return webhook(change("messages", number=number, people=people, messages=list(messages)))


def echoes(*messages: Any, number: str = PHONE_NUMBER_ID, people: tuple[Someone, ...] = ()) -> dict[str, Any]:
    """A POST with messages that staff wrote in the Business app."""
    return webhook(change("smb_message_echoes", number=number, people=people, message_echoes=list(messages)))


def receipts(*statuses: Any, number: str = PHONE_NUMBER_ID) -> dict[str, Any]:
    """A POST with statuses."""
    return webhook(change("messages", number=number, statuses=list(statuses)))


def message(id: str, *, by: Someone, at: int = 0, type: str = "text", **keys: Any) -> dict[str, Any]:
    """A message of a contact; its content is given under the name of its type."""
    who = _present({"from": by.phone, "from_user_id": by.user_id})
    return {**who, "id": id, "timestamp": str(START + at), "type": type, **keys}


def text(id: str, body: str = "Hi", *, by: Someone, at: int = 0, **keys: Any) -> dict[str, Any]:
    return message(id, by=by, at=at, text={"body": body}, **keys)


def echo(id: str, body: str = "Hello", *, to: Someone, at: int = 0) -> dict[str, Any]:
    """A text that the business wrote."""
    who = _present({"to": to.phone, "to_user_id": to.user_id})
    return {"from": BUSINESS, **who, "id": id, "timestamp": str(START + at), "type": "text", "text": {"body": body}}


def reaction(id: str, target: str, emoji: str | None, *, by: Someone, at: int = 0) -> dict[str, Any]:
    return message(id, by=by, at=at, type="reaction", reaction=_present({"message_id": target, "emoji": emoji}))


def edit(id: str, target: str, body: str, *, by: Someone, at: int = 0) -> dict[str, Any]:
    edited = {"original_message_id": target, "message": {"type": "text", "text": {"body": body}}}
    return message(id, by=by, at=at, type="edit", edit=edited)


def revoke(id: str, target: str, *, by: Someone, at: int = 0) -> dict[str, Any]:
    return message(id, by=by, at=at, type="revoke", revoke={"original_message_id": target})


def number_change(id: str, *, before: Someone, after: Someone, at: int = 0) -> dict[str, Any]:
    """The platform's news that a contact has another number now. Its sentence spells out both numbers."""
    sentence = f"{before.name} changed from {before.phone} to {after.phone}"
    system = {"type": "user_changed_number", "body": sentence, "wa_id": after.phone, "user_id": after.user_id}
    return message(id, by=before.phone_only(), at=at, type="system", system=_present({**system, "previous_user_id": before.user_id}))


def status(id: str, said: str, *, at: int = 0, to: Someone = ANA, **keys: Any) -> dict[str, Any]:
    who = _present({"recipient_id": to.phone, "recipient_user_id": to.user_id})
    return {"id": id, "status": said, "timestamp": str(START + at), **who, **keys}


def preference(said: str, *, of: Someone, at: int = 0) -> dict[str, Any]:
    """A POST that says that somebody stopped or resumed marketing."""
    who = _present({"wa_id": of.phone, "user_id": of.user_id})
    one = {**who, "category": "marketing_messages", "value": said, "detail": "User preference", "timestamp": START + at}
    return webhook(change("user_preferences", people=(of,), user_preferences=[one]))


def raw(body: dict[str, Any]) -> bytes:
    """The bytes of a body, for tests that damage them."""
    return json.dumps(body).encode()


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
