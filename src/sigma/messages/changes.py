"""What happens to a message after it was sent: reactions, edits, deletions, and joining the history of merged contacts.

Each may come before the message it is about; it is kept and applied when the message arrives.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sigma.connectors.events import Direction, MessageEdited, MessageRevoked, ReactionChanged
from sigma.contacts.models import Merge
from sigma.conversations.models import ConversationMerge
from sigma.kit.db import Tx
from sigma.messages.models import Arrival
from sigma.messages.receive import MessageKey

BUSINESS = "business"
"""The reactor of our own side's reactions; a contact's are kept under its id."""

_UPSERT_REACTION = """
    INSERT INTO reactions AS r (tenant_id, workspace_id, target_message_id, reactor, direction, contact_id, emoji, at, platform_message_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tenant_id, workspace_id, target_message_id, reactor) DO UPDATE SET
        emoji = EXCLUDED.emoji, at = EXCLUDED.at, platform_message_id = EXCLUDED.platform_message_id, contact_id = EXCLUDED.contact_id
     WHERE (EXCLUDED.at, EXCLUDED.platform_message_id) > (r.at, r.platform_message_id)
    RETURNING 1"""

_INSERT_EDIT = """
    INSERT INTO message_edits (tenant_id, workspace_id, target_message_id, platform_message_id, direction, text, is_revocation, at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING RETURNING 1"""

_APPLY_EDITS = """
    UPDATE messages m SET
        text = CASE WHEN latest.edit_id IS NULL THEN m.text ELSE latest.text END,
        media = CASE WHEN latest.edit_id IS NULL THEN m.media
                     ELSE m.media - 'caption' || jsonb_strip_nulls(jsonb_build_object('caption', latest.text)) END,
        original_text = CASE WHEN latest.edit_id IS NOT NULL AND m.edit_id IS NULL THEN m.text ELSE m.original_text END,
        edited_at = coalesce(latest.edited_at, m.edited_at), edit_id = coalesce(latest.edit_id, m.edit_id),
        deleted_at = least(m.deleted_at, latest.deleted_at)
      FROM (SELECT e.workspace_id, e.target_message_id, e.direction,
                   (array_agg(e.text ORDER BY e.at DESC, e.platform_message_id DESC) FILTER (WHERE NOT e.is_revocation))[1] AS text,
                   (array_agg(e.platform_message_id ORDER BY e.at DESC, e.platform_message_id DESC) FILTER (WHERE NOT e.is_revocation))[1] AS edit_id,
                   max(e.at) FILTER (WHERE NOT e.is_revocation) AS edited_at,
                   min(e.at) FILTER (WHERE e.is_revocation) AS deleted_at
              FROM unnest(%(workspaces)b::uuid[], %(messages)b::text[]) AS wanted (workspace_id, target_message_id)
              JOIN message_edits e ON e.tenant_id = %(tenant)s AND e.workspace_id = wanted.workspace_id AND e.target_message_id = wanted.target_message_id
             GROUP BY 1, 2, 3) AS latest
     WHERE m.tenant_id = %(tenant)s AND m.workspace_id = latest.workspace_id AND m.platform_message_id = latest.target_message_id
       AND m.direction = latest.direction"""


async def record_reactions(tx: Tx, tenant_id: UUID, arrivals: Sequence[Arrival[ReactionChanged]]) -> list[bool]:
    """Put on, replace or take away reactions; the latest of each person wins. Returns for each arrival whether it changed anything."""
    changed = []
    for arrival in arrivals:
        event = arrival.event
        reactor = BUSINESS if event.direction is Direction.OUTBOUND else str(arrival.contact_id)
        cursor = await tx.execute(
            _UPSERT_REACTION,
            (
                tenant_id,
                arrival.workspace_id,
                event.target_message_id,
                reactor,
                event.direction.value,
                arrival.contact_id,
                event.emoji,
                event.at,
                event.platform_message_id,
            ),
        )
        changed.append(await cursor.fetchone() is not None)
    return changed


async def record_edits(tx: Tx, tenant_id: UUID, arrivals: Sequence[Arrival[MessageEdited] | Arrival[MessageRevoked]]) -> list[bool]:
    """Keep corrections and deletions. Returns for each arrival whether it was new; `apply_edits` brings the messages up to date."""
    stored = []
    for arrival in arrivals:
        event = arrival.event
        text = event.text if isinstance(event, MessageEdited) else None
        cursor = await tx.execute(
            _INSERT_EDIT,
            (
                tenant_id,
                arrival.workspace_id,
                event.target_message_id,
                event.platform_message_id,
                event.direction.value,
                text,
                isinstance(event, MessageRevoked),
                event.at,
            ),
        )
        stored.append(await cursor.fetchone() is not None)
    return stored


async def apply_edits(tx: Tx, tenant_id: UUID, keys: Collection[MessageKey]) -> None:
    """Bring these messages up to date with their edits and deletions, early ones included. Only a message's own side may change it."""
    if keys:
        await tx.execute(
            _APPLY_EDITS,
            {
                "tenant": tenant_id,
                "workspaces": [workspace_id for workspace_id, _ in keys],
                "messages": [platform_message_id for _, platform_message_id in keys],
            },
        )


async def merge_messages(tx: Tx, tenant_id: UUID, merges: Sequence[Merge], threads: Sequence[ConversationMerge]) -> None:
    """Give the messages and reactions of merged contacts and threads to the kept ones."""
    for thread in threads:
        await tx.execute(
            "UPDATE messages SET conversation_id = %s WHERE tenant_id = %s AND conversation_id = %s",
            (thread.kept_id, tenant_id, thread.merged_id),
        )
    for merge in merges:
        await tx.execute(
            "UPDATE messages SET contact_id = %s WHERE tenant_id = %s AND contact_id = %s", (merge.kept_id, tenant_id, merge.merged_id)
        )
        await tx.execute(
            "UPDATE reactions SET contact_id = %s WHERE tenant_id = %s AND contact_id = %s AND reactor = %s",
            (merge.kept_id, tenant_id, merge.merged_id, BUSINESS),
        )
        cursor = await tx.execute(
            """DELETE FROM reactions WHERE tenant_id = %s AND contact_id = %s
               RETURNING workspace_id, target_message_id, direction, emoji, at, platform_message_id""",
            (tenant_id, merge.merged_id),
        )
        for workspace_id, target, direction, emoji, at, platform_message_id in await cursor.fetchall():
            await tx.execute(
                _UPSERT_REACTION,
                (tenant_id, workspace_id, target, str(merge.kept_id), direction, merge.kept_id, emoji, at, platform_message_id),
            )
