"""Two contacts turned out to be one person: everything that hangs on the one goes to the other."""

from collections.abc import Sequence
from uuid import UUID

from sigma.contacts.consent import merge_consents
from sigma.contacts.identify import remove_merged
from sigma.contacts.models import Merge
from sigma.conversations.actions import merge_conversations, remove_merged_conversations
from sigma.kit.db import Tx
from sigma.messages.changes import merge_messages
from sigma.workspaces.platform_events import move_platform_events


async def join_histories(tx: Tx, tenant_id: UUID, merges: Sequence[Merge]) -> None:
    """Move threads, messages, reports and consents of merged contacts to the kept ones. The caller holds `lock_contacts`."""
    if not merges:
        return
    threads = await merge_conversations(tx, tenant_id, merges)
    await merge_messages(tx, tenant_id, merges, threads)
    for merge in merges:
        await move_platform_events(tx, tenant_id, kept_id=merge.kept_id, merged_id=merge.merged_id)
    await remove_merged_conversations(tx, tenant_id, threads)
    await merge_consents(tx, tenant_id, merges)
    await remove_merged(tx, tenant_id, merges)
