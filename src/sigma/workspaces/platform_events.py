"""What the platform tells about our numbers, templates, account and contacts, beyond messages: recorded with type and time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from sigma.connectors.events import Platform
from sigma.kit.crypto import keyed_hash
from sigma.kit.db import Tx


class PlatformEvent(NamedTuple):
    """One thing the platform told. `field` and `type` are its own words, `account` its account id, `details` hold no address.

    `platform_user_id` is the hashed address under which it names the contact: unlike the contact's id it never changes.
    """

    workspace_id: UUID | None
    contact_id: UUID | None
    platform_user_id: str | None
    platform: Platform
    field: str
    type: str
    account: str | None
    at: datetime | None
    details: dict[str, Any]
    received_at: datetime
    event_id: UUID
    path: str

    def key(self, index_key: bytes) -> bytes:
        """Return what makes this event unique: the same news told twice is stored once.

        News without a time of its own is told apart by the hour in which it came: the platform repeats such news legitimately.
        """
        when = self.at or self.received_at.replace(minute=0, second=0, microsecond=0)
        facts = (self.workspace_id, self.platform_user_id, self.field, self.type, self.account, when, self.details)
        return keyed_hash(index_key, msgspec.json.encode(facts, order="sorted"))


async def record_platform_events(tx: Tx, tenant_id: UUID, events: Sequence[PlatformEvent], *, index_key: bytes) -> list[bool]:
    """Store events once each. Returns for each whether it was new."""
    first: dict[bytes, int] = {}
    keys = [event.key(index_key) for event in events]
    for index, key in enumerate(keys):
        first.setdefault(key, index)
    if not first:
        return []
    rows = [_row(key, events[index]) for key, index in first.items()]
    cursor = await tx.execute(
        """INSERT INTO platform_events (tenant_id, key, workspace_id, contact_id, platform, field, type, account, at, details,
                                        webhook_event_id, webhook_event_at, webhook_path)
           SELECT %s, key, workspace_id, contact_id, platform, field, type, account, at, details::jsonb, event_id, event_at, path
             FROM unnest(%b::bytea[], %b::uuid[], %b::uuid[], %b::smallint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::text[],
                         %b::uuid[], %b::timestamptz[], %b::text[])
               AS new (key, workspace_id, contact_id, platform, field, type, account, at, details, event_id, event_at, path)
           ON CONFLICT (tenant_id, key) DO NOTHING RETURNING key""",
        (tenant_id, *map(list, zip(*rows, strict=True))),
    )
    stored = {bytes(row[0]) for row in await cursor.fetchall()}
    return [first[key] == index and key in stored for index, key in enumerate(keys)]


async def move_platform_events(tx: Tx, tenant_id: UUID, *, kept_id: UUID, merged_id: UUID) -> None:
    """Give what the platform told of one contact to another: they turned out to be the same person."""
    await tx.execute("UPDATE platform_events SET contact_id = %s WHERE tenant_id = %s AND contact_id = %s", (kept_id, tenant_id, merged_id))


def _row(key: bytes, event: PlatformEvent) -> tuple[Any, ...]:
    return (
        key,
        event.workspace_id,
        event.contact_id,
        event.platform.number,
        event.field,
        event.type,
        event.account,
        event.at or event.received_at,
        msgspec.json.encode(event.details).decode(),
        event.event_id,
        event.received_at,
        event.path,
    )
