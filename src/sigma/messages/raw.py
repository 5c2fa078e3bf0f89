"""A message as the platform sent it: sealed in the journal, opened for owners and admins only, every time on record."""

import re
from typing import Any
from uuid import UUID

from sigma.connectors.whatsapp.decode import decode
from sigma.kit.crypto import CannotUnseal, seal_context
from sigma.kit.db import Tx
from sigma.messages.models import Message
from sigma.tenants.audit import record_audit
from sigma.tenants.keys import KeyRing
from sigma.tenants.models import MANAGERS, TenantScope


def raw_context(tenant_id: UUID, event_id: UUID) -> bytes:
    """Return the place that a sealed body is bound to."""
    return seal_context(tenant_id, "webhook_events", event_id.bytes)


async def read_raw(tx: Tx, scope: TenantScope, keys: KeyRing, message: Message) -> Any | None:
    """Return the item of the POST that this message came in, decrypted; None when it did not come in one or the retention window has passed.

    Raises: Forbidden unless the caller is an owner or an admin.
    """
    scope.require(MANAGERS)
    if message.webhook_event_id is None or message.webhook_event_at is None:
        return None
    await record_audit(tx, scope, action="message.raw_read", target=str(message.id))
    cursor = await tx.execute(
        "SELECT raw FROM webhook_events WHERE tenant_id = %s AND created_at = %s AND id = %s",
        (scope.tenant_id, message.webhook_event_at, message.webhook_event_id),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    try:
        key = await keys.raw_key(scope.tenant_id, message.webhook_event_at.date(), create=False)
        body = key.unseal(bytes(row[0]), context=raw_context(scope.tenant_id, message.webhook_event_id))
    except CannotUnseal:
        return None
    return _item_at(decode(body), message.webhook_path or "")


def _item_at(body: Any, path: str) -> Any:
    """Follow a path such as `entry[0].changes[0].messages[2]` into a decoded body; a change's `value` is left out of it."""
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        holder = body if index or name in body else body["value"]
        body = holder[int(index)] if index else holder[name]
    return body
