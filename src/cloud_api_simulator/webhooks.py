"""From updates to the bytes of one POST: envelope, Meta's way of escaping, signature. Pure."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloud_api_simulator.bodies import Json

SIGNATURE_HEADER = "X-Hub-Signature-256"
USER_AGENT = "facebookexternalua"
OF_MESSAGES = frozenset({"messages", "statuses"})
OF_NUMBERS = OF_MESSAGES | {"user_preferences"}
"""Kinds whose value names the phone number and the contacts; the others are about the account."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """One message or status on its way to the callback, with the contact that stands beside it in the value.

    Any other `kind` is the name of a webhook field, and the item is its value (of `user_preferences`: one of its items).
    """

    kind: str
    item: Json
    contact: Json | None

    @property
    def message_id(self) -> str | None:
        """The message that this update is, or is about; None for an update about the account."""
        return str(self.item["id"]) if self.kind in OF_MESSAGES else None

    @property
    def field(self) -> str:
        """The webhook field."""
        return "messages" if self.kind in OF_MESSAGES else self.kind


class Grouping(StrEnum):
    """How several updates share one POST; Meta does all of these."""

    ONE_VALUE = "one value with many items"
    MANY_CHANGES = "one change per item"
    MANY_ENTRIES = "one entry per item"


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Which number the updates belong to."""

    waba_id: str
    phone_number_id: str
    display_phone_number: str


def encode(document: object) -> bytes:
    r"""Serialise as Meta does: compact, non-ASCII as lower-case `\uXXXX`, `/` as `\/`."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def sign(raw: bytes, *, app_secret: str) -> str:
    """Return the value of `X-Hub-Signature-256` for these very bytes."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()


def headers(signature: str | None) -> dict[str, str]:
    """Return the headers of a delivery; None leaves the signature out."""
    signed = {} if signature is None else {SIGNATURE_HEADER: signature}
    return {"Content-Type": "application/json", "User-Agent": USER_AGENT, **signed}


def value(updates: Sequence[Update], address: Address) -> Json:
    """Put updates of one kind into one `value`, each contact once. An account field has a value for each update."""
    if updates[0].kind not in OF_NUMBERS:
        return updates[0].item
    people = {_name_of(update.contact): update.contact for update in updates if update.contact is not None}
    metadata = {"display_phone_number": address.display_phone_number, "phone_number_id": address.phone_number_id}
    known = {"contacts": list(people.values())} if people else {}
    return {"messaging_product": "whatsapp", "metadata": metadata, **known, updates[0].kind: [update.item for update in updates]}


def envelope(updates: Sequence[Update], address: Address, grouping: Grouping = Grouping.ONE_VALUE, *, at_unix: int = 0) -> Json:
    """Put updates into one webhook body. Messages and statuses never share a value; `entry.time` is for account fields only."""
    spoken = [update for update in updates if update.kind in OF_NUMBERS]
    if grouping is Grouping.ONE_VALUE:
        kinds = dict.fromkeys(update.kind for update in spoken)
        groups = [[update for update in spoken if update.kind == kind] for kind in kinds]
    else:
        groups = [[update] for update in spoken]
    changes = [{"value": value(group, address), "field": group[0].field} for group in groups]
    entries = [[change] for change in changes] if grouping is Grouping.MANY_ENTRIES else [changes]
    body: list[Json] = [{"id": address.waba_id, "changes": entry} for entry in entries if entry]
    for update in updates:
        if update.kind not in OF_NUMBERS:
            change = {"value": value([update], address), "field": update.field}
            body.append({"id": address.waba_id, "time": at_unix, "changes": [change]})
    return {"object": "whatsapp_business_account", "entry": body}


def message_ids(document: object) -> list[tuple[str, str]]:
    """Return (message id, type) of every inbound message of a body, however odd the body is."""
    changes = [change for entry in _list_of(document, "entry") for change in _list_of(entry, "changes")]
    items = [item for change in changes for item in _list_of(change.get("value"), "messages")]
    return [(item["id"], str(item.get("type", "unknown"))) for item in items if isinstance(item.get("id"), str)]


def _list_of(holder: object, key: str) -> list[Json]:
    items = holder.get(key) if isinstance(holder, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _name_of(contact: Mapping[str, Any]) -> str:
    return str(contact.get("wa_id") or contact.get("user_id"))
