"""Reading conversations."""

from collections.abc import Collection
from uuid import UUID

from sigma.conversations.models import CONVERSATION_COLUMNS, Conversation, ConversationNotFound
from sigma.kit.db import Tx
from sigma.kit.paging import Page, PageRequest, make_page
from sigma.tenants.models import READERS, TenantScope


async def list_conversations(
    tx: Tx, scope: TenantScope, page: PageRequest, *, workspace_id: UUID | None = None, contact_id: UUID | None = None
) -> Page[Conversation]:
    """Return conversations, the most recently active first. Raises: Forbidden."""
    scope.require(READERS)
    conditions = ["tenant_id = %(tenant)s", "last_message_at IS NOT NULL"]
    if workspace_id is not None:
        conditions.append("workspace_id = %(workspace)s")
    if contact_id is not None:
        conditions.append("contact_id = %(contact)s")
    if page.after is not None:
        conditions.append("(last_message_at, id) < (%(after_at)s, %(after_id)s)")
    cursor = await tx.execute(
        # lint: allow sql-text, because the conditions are literals of this file
        f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE {' AND '.join(conditions)} ORDER BY last_message_at DESC, id DESC LIMIT %(limit)s",
        {
            "tenant": scope.tenant_id,
            "workspace": workspace_id,
            "contact": contact_id,
            "after_at": page.after and page.after[0],
            "after_id": page.after and page.after[1],
            "limit": page.first + 1,
        },
    )
    rows = [Conversation(*row) for row in await cursor.fetchall()]
    return make_page(rows, page, key=lambda conversation: (conversation.last_message_at or conversation.created_at, conversation.id))


async def find_conversations(tx: Tx, scope: TenantScope, conversation_ids: Collection[UUID]) -> dict[UUID, Conversation]:
    """Return conversations by id."""
    cursor = await tx.execute(
        f"SELECT {CONVERSATION_COLUMNS} FROM conversations WHERE tenant_id = %s AND id = ANY (%s)",
        (scope.tenant_id, list(conversation_ids)),
    )
    return {row[0]: Conversation(*row) for row in await cursor.fetchall()}


async def get_conversation(tx: Tx, scope: TenantScope, conversation_id: UUID) -> Conversation:
    """Return one conversation. Raises: Forbidden, ConversationNotFound (also when it is another tenant's)."""
    scope.require(READERS)
    found = await find_conversations(tx, scope, [conversation_id])
    if conversation_id not in found:
        raise ConversationNotFound
    return found[conversation_id]
