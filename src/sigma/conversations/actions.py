"""Keeping threads up to date. Times only move forward, so the order of arrival does not matter."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sigma.contacts.models import Merge
from sigma.conversations.models import Activity, ConversationMerge
from sigma.kit.db import Tx
from sigma.kit.ids import new_id

Thread = tuple[UUID, UUID]
"""(workspace id, contact id)."""


async def record_activity(tx: Tx, tenant_id: UUID, activities: Iterable[Activity]) -> dict[Thread, UUID]:
    """Open the threads that these activities need and move their times forward. Returns conversation ids by thread."""
    latest: dict[Thread, tuple[datetime, datetime | None]] = {}
    for activity in activities:
        thread = (activity.workspace_id, activity.contact_id)
        message_at, inbound_at = latest.get(thread, (activity.at, None))
        if activity.opens_window:
            inbound_at = max(inbound_at or activity.at, activity.at)
        latest[thread] = (max(message_at, activity.at), inbound_at)
    if not latest:
        return {}
    cursor = await tx.execute(
        """INSERT INTO conversations AS c (tenant_id, id, workspace_id, contact_id, last_message_at, last_inbound_at)
           SELECT %s, * FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::timestamptz[], %b::timestamptz[])
           ON CONFLICT (tenant_id, workspace_id, contact_id) DO UPDATE SET
               last_message_at = greatest(c.last_message_at, EXCLUDED.last_message_at),
               last_inbound_at = greatest(c.last_inbound_at, EXCLUDED.last_inbound_at)
           RETURNING workspace_id, contact_id, id""",
        (
            tenant_id,
            [new_id() for _ in latest],
            [workspace_id for workspace_id, _ in latest],
            [contact_id for _, contact_id in latest],
            [message_at for message_at, _ in latest.values()],
            [inbound_at for _, inbound_at in latest.values()],
        ),
    )
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}


async def merge_conversations(tx: Tx, tenant_id: UUID, merges: Sequence[Merge]) -> list[ConversationMerge]:
    """Give the threads of merged contacts to the kept ones. Returns the threads that were joined: their messages must follow."""
    joined: list[ConversationMerge] = []
    for merge in merges:
        cursor = await tx.execute(
            """UPDATE conversations kept SET last_message_at = greatest(kept.last_message_at, merged.last_message_at),
                      last_inbound_at = greatest(kept.last_inbound_at, merged.last_inbound_at)
                 FROM conversations merged
                WHERE kept.tenant_id = %s AND kept.contact_id = %s
                  AND merged.tenant_id = kept.tenant_id AND merged.contact_id = %s AND merged.workspace_id = kept.workspace_id
               RETURNING kept.id, merged.id""",
            (tenant_id, merge.kept_id, merge.merged_id),
        )
        both = [ConversationMerge(*row) for row in await cursor.fetchall()]
        joined += both
        await tx.execute(
            "UPDATE conversations SET contact_id = %s WHERE tenant_id = %s AND contact_id = %s AND NOT id = ANY (%s)",
            (merge.kept_id, tenant_id, merge.merged_id, [conversation.merged_id for conversation in both]),
        )
    return joined


async def remove_merged_conversations(tx: Tx, tenant_id: UUID, merges: Sequence[ConversationMerge]) -> None:
    """Delete threads that were joined to others, after their messages moved."""
    if merges:
        await tx.execute(
            "DELETE FROM conversations WHERE tenant_id = %s AND id = ANY (%s)", (tenant_id, [merge.merged_id for merge in merges])
        )
