"""Conversations in GraphQL."""

from datetime import datetime

import strawberry

from sigma.contacts.graphql import ContactType, load_contact
from sigma.contacts.models import ContactNotFound
from sigma.conversations.models import Conversation, ConversationNotFound
from sigma.conversations.queries import find_conversations, get_conversation, list_conversations
from sigma.kit.graphql import DEFAULT_PAGE_SIZE, Connection, to_connection
from sigma.kit.paging import PageRequest
from sigma.tenants.context import Info, id_argument
from sigma.workspaces.graphql import WorkspaceType, load_workspace
from sigma.workspaces.models import WorkspaceNotFound


@strawberry.type(name="Conversation", description="The thread of one contact in one workspace.")
class ConversationType:
    """A conversation as API users see it."""

    id: strawberry.ID
    workspace_id: strawberry.ID
    contact_id: strawberry.ID
    last_message_at: datetime | None
    last_inbound_at: datetime | None
    service_window_closes_at: datetime | None = strawberry.field(
        description="When the customer service window closes: 24 hours after the contact's last message. Afterwards only templates may be sent."
    )
    created_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> "ConversationType":
        """Return it as API users see it."""
        return cls(
            id=strawberry.ID(str(conversation.id)),
            workspace_id=strawberry.ID(str(conversation.workspace_id)),
            contact_id=strawberry.ID(str(conversation.contact_id)),
            last_message_at=conversation.last_message_at,
            last_inbound_at=conversation.last_inbound_at,
            service_window_closes_at=conversation.service_window_closes_at,
            created_at=conversation.created_at,
        )

    @strawberry.field
    async def workspace(self, info: Info) -> WorkspaceType:
        """Return its workspace."""
        return await load_workspace(info, self.workspace_id)

    @strawberry.field
    async def contact(self, info: Info) -> ContactType | None:
        """Return its contact."""
        return await load_contact(info, self.contact_id)


@strawberry.type
class ConversationQuery:
    """Reading conversations."""

    @strawberry.field(description="Conversations, the most recently active first.")
    async def conversations(
        self,
        info: Info,
        workspace_id: strawberry.ID | None = None,
        contact_id: strawberry.ID | None = None,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
    ) -> Connection[ConversationType]:
        """Return one page of conversations."""
        page = PageRequest.of(first, after)
        async with info.context.transaction() as tx:
            found = await list_conversations(
                tx,
                info.context.scope,
                page,
                workspace_id=id_argument(workspace_id, WorkspaceNotFound) if workspace_id else None,
                contact_id=id_argument(contact_id, ContactNotFound) if contact_id else None,
            )
        return to_connection(found, ConversationType.of)

    @strawberry.field(description="One conversation.")
    async def conversation(self, info: Info, id: strawberry.ID) -> ConversationType:  # the contract's argument name
        """Return one conversation."""
        async with info.context.transaction() as tx:
            return ConversationType.of(await get_conversation(tx, info.context.scope, id_argument(id, ConversationNotFound)))


async def load_conversation(info: Info, conversation_id: strawberry.ID | None) -> ConversationType | None:
    """Return the conversation of something else, looked up together with its neighbours'."""
    if conversation_id is None:
        return None
    found: Conversation | None = await info.context.load(
        "conversations", id_argument(conversation_id, ConversationNotFound), find_conversations
    )
    return ConversationType.of(found) if found else None
