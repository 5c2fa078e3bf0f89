"""Messages in GraphQL."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import strawberry
from strawberry.scalars import JSON

from sigma.connectors.events import Direction, MessageKind, Platform
from sigma.connectors.whatsapp.errors import advice_for
from sigma.contacts.graphql import ContactType, load_contact
from sigma.contacts.models import ContactNotFound
from sigma.conversations.graphql import ConversationType, load_conversation
from sigma.conversations.models import ConversationNotFound
from sigma.kit.graphql import DEFAULT_PAGE_SIZE, Connection, to_connection, to_json
from sigma.kit.paging import PageRequest
from sigma.messages.models import Message, MessageNotFound, MessageStatus, Reaction
from sigma.messages.queries import MessageFilter, find_messages, find_reactions, get_message, list_messages
from sigma.messages.raw import read_raw
from sigma.messages.receive import sealed_content_context
from sigma.tenants.context import Info, id_argument
from sigma.workspaces.graphql import WorkspaceType, load_workspace
from sigma.workspaces.models import WorkspaceNotFound
from sigma.workspaces.queries import get_workspace

strawberry.enum(Direction, name="Direction", description="Seen from the business.")
strawberry.enum(MessageKind, name="MessageKind", description="What a message carries.")
strawberry.enum(MessageStatus, name="MessageStatus", description="Where a message is. It only moves forward.")


@strawberry.enum(description="The order of a list.")
class SortDirection(StrEnum):
    """Ascending or descending."""

    ASC = "ASC"
    DESC = "DESC"


@strawberry.input(description="What messages are ordered by.")
class MessageOrder:
    """The message's own time."""

    timestamp: SortDirection = SortDirection.DESC


@strawberry.input(description="Which messages are wanted. Conditions are combined with and.")
class MessageWhere:
    """Conditions; what is left out does not matter."""

    direction: Direction | None = None
    kind: list[MessageKind] | None = strawberry.field(default=None, description="Any of these kinds.")
    contact_id: strawberry.ID | None = None
    conversation_id: strawberry.ID | None = None
    since: datetime | None = strawberry.field(default=None, description="At or after this time.")
    until: datetime | None = strawberry.field(default=None, description="Before this time.")
    text: str | None = strawberry.field(default=None, description="Found anywhere in the text, in any case.")


@strawberry.type(description="Who wrote a message.")
class Sender:
    """The name and the hashed address at the time of writing."""

    display_name: str | None
    platform_user_id: str | None = strawberry.field(description="The hashed phone number, or the hashed user id of a sender without one.")


@strawberry.type(description="A file that a message carries.")
class MessageMedia:
    """What the platform said of the file, and where to download it."""

    id: str = strawberry.field(description="The platform's media id.")
    mime_type: str | None
    sha256: str | None
    filename: str | None
    caption: str | None
    voice: bool
    animated: bool
    url: str = strawberry.field(description="Where SIGMA serves the file; send the API key along.")


@strawberry.type(description="What a customer pressed or filled in.")
class MessageInteractive:
    """A button, a list row, a flow."""

    type: str
    id: str | None = strawberry.field(description="The id or payload that the business gave it.")
    title: str | None = strawberry.field(description="What the customer saw.")
    description: str | None
    data: JSON | None = strawberry.field(description="A flow's answer.")


@strawberry.type(description="An error as the platform reported it.")
class MessageError:
    """Code, title and explanation."""

    code: int = strawberry.field(description="The platform's error code; -1 for a refusal of SIGMA's own.")
    title: str | None
    details: str | None
    advice: str = strawberry.field(description="What to do about it, in plain words.")


@strawberry.type(name="Reaction", description="An emoji on a message.")
class ReactionType:
    """Who reacted, with what and when."""

    emoji: str
    direction: Direction
    at: datetime
    contact_id: strawberry.Private[str | None]

    @strawberry.field
    async def contact(self, info: Info) -> ContactType | None:
        """Return who reacted; null for the business."""
        return await load_contact(info, strawberry.ID(self.contact_id) if self.contact_id else None)

    @classmethod
    def of(cls, reaction: Reaction) -> "ReactionType":
        """Return it as API users see it."""
        contact_id = str(reaction.contact_id) if reaction.contact_id else None
        return cls(emoji=reaction.emoji, direction=reaction.direction, at=reaction.at, contact_id=contact_id)


@strawberry.type(name="Message", description="One message.")
class MessageType:
    """A message as API users see it."""

    source: strawberry.Private[Message]
    id: strawberry.ID
    platform: Platform
    platform_message_id: str | None = strawberry.field(description="The platform's own id; null until it has accepted the message.")
    direction: Direction
    kind: MessageKind
    text: str | None
    timestamp_utc: datetime = strawberry.field(description="The platform's time of the message.")
    received_at: datetime = strawberry.field(description="When SIGMA stored it.")
    status: MessageStatus | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    played_at: datetime | None
    failed_at: datetime | None
    edited_at: datetime | None
    original_text: str | None = strawberry.field(description="The text before it was edited.")
    deleted_at: datetime | None
    content: JSON | None = strawberry.field(
        description="What the kind carries beyond text: a location, an order, the type of a system message."
    )
    context: JSON | None = strawberry.field(description="Forwarded flags and the product asked about.")
    referral: JSON | None = strawberry.field(description="The ad or post that the customer came from.")
    pricing: JSON | None = strawberry.field(description="What the platform charges: billable, type and category.")
    group_id: str | None
    is_imported: bool = strawberry.field(description="From the history of the WhatsApp Business app; opens no window.")

    @classmethod
    def of(cls, message: Message) -> "MessageType":
        """Return it as API users see it."""
        return cls(
            source=message,
            id=strawberry.ID(str(message.id)),
            platform=message.platform,
            platform_message_id=message.platform_message_id,
            direction=message.direction,
            kind=message.kind,
            text=message.text,
            timestamp_utc=message.timestamp_utc,
            received_at=message.created_at,
            status=message.status,
            sent_at=message.sent_at,
            delivered_at=message.delivered_at,
            read_at=message.read_at,
            played_at=message.played_at,
            failed_at=message.failed_at,
            edited_at=message.edited_at,
            original_text=message.original_text,
            deleted_at=message.deleted_at,
            content=to_json(message.content),
            context=to_json(message.context),
            referral=to_json(message.referral),
            pricing=to_json(message.pricing),
            group_id=message.group_id,
            is_imported=message.is_imported,
        )

    @strawberry.field
    def sender(self) -> Sender:
        """Return who wrote it."""
        return Sender(display_name=self.source.sender.get("displayName"), platform_user_id=self.source.sender.get("platformUserId"))

    @strawberry.field
    def media(self, info: Info) -> MessageMedia | None:
        """Return its file."""
        media = self.source.media
        if media is None:
            return None
        return MessageMedia(
            id=media["id"],
            mime_type=media.get("mime_type"),
            sha256=media.get("sha256"),
            filename=media.get("filename"),
            caption=media.get("caption"),
            voice=media.get("voice", False),
            animated=media.get("animated", False),
            url=f"{info.context.public_url or ''}/media/{self.id}",
        )

    @strawberry.field
    def interactive(self) -> MessageInteractive | None:
        """Return what was pressed or filled in."""
        pressed = self.source.interactive
        if pressed is None:
            return None
        return MessageInteractive(
            type=pressed["type"],
            id=pressed.get("id"),
            title=pressed.get("title"),
            description=pressed.get("description"),
            data=to_json(pressed.get("data")),
        )

    @strawberry.field
    def errors(self) -> list[MessageError]:
        """Return why it failed, or what could not be received."""
        return [_error(error) for error in self.source.errors or []]

    @strawberry.field(description="Contact cards that the message carries, decrypted.")
    async def contact_cards(self, info: Info) -> JSON | None:
        """Return the sealed part of a contacts message."""
        if self.source.sealed_content is None:
            return None
        tenant_id = info.context.scope.tenant_id
        key = await info.context.keys.data_key(tenant_id)
        context = sealed_content_context(tenant_id, self.source.id)
        return to_json(msgspec.json.decode(key.unseal(bytes(self.source.sealed_content), context=context)))

    @strawberry.field
    async def workspace(self, info: Info) -> WorkspaceType:
        """Return the workspace it came to."""
        return await load_workspace(info, strawberry.ID(str(self.source.workspace_id)))

    @strawberry.field
    async def conversation(self, info: Info) -> ConversationType | None:
        """Return its thread; null for a group message."""
        return await load_conversation(info, strawberry.ID(str(self.source.conversation_id)) if self.source.conversation_id else None)

    @strawberry.field
    async def contact(self, info: Info) -> ContactType | None:
        """Return the person on the other side."""
        return await load_contact(info, strawberry.ID(str(self.source.contact_id)) if self.source.contact_id else None)

    @strawberry.field(description="The platform id of the message that this one answers, whether it is known or not.")
    def reply_to_platform_message_id(self) -> str | None:
        """Return the id that was quoted."""
        return self.source.reply_to

    @strawberry.field(description="The message that this one answers; null when it is not known.")
    async def reply_to(self, info: Info) -> "MessageType | None":
        """Return the quoted message."""
        if self.source.reply_to is None:
            return None
        found: Message | None = await info.context.load("messages", (self.source.workspace_id, self.source.reply_to), find_messages)
        return MessageType.of(found) if found else None

    @strawberry.field
    async def reactions(self, info: Info) -> list[ReactionType]:
        """Return the reactions that stand on it."""
        if self.source.platform_message_id is None:
            return []
        key = (self.source.workspace_id, self.source.platform_message_id)
        found: list[Reaction] | None = await info.context.load("reactions", key, find_reactions)
        return [ReactionType.of(reaction) for reaction in found or []]

    @strawberry.field(description="The message as the platform sent it, for owners and admins. Every look is on record.")
    async def raw(self, info: Info) -> JSON | None:
        """Return the decrypted original."""
        async with info.context.transaction() as tx:
            return to_json(await read_raw(tx, info.context.scope, info.context.keys, self.source))


def _error(error: dict[str, Any]) -> MessageError:
    advice = error.get("advice") or advice_for(error["code"])
    return MessageError(code=error["code"], title=error.get("title"), details=error.get("details"), advice=advice)


@strawberry.type
class MessageQuery:
    """Reading messages."""

    @strawberry.field(description="Messages by their own time, the newest first unless ordered otherwise.")
    async def messages(  # noqa: PLR0917 - Strawberry calls it by name
        self,
        info: Info,
        workspace_id: strawberry.ID | None = None,
        platform: Platform | None = None,
        where: MessageWhere | None = None,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        order_by: MessageOrder | None = None,
    ) -> Connection[MessageType]:
        """Return one page of messages."""
        page = PageRequest.of(first, after)
        where = where or MessageWhere()
        wanted = MessageFilter(
            workspace_id=id_argument(workspace_id, WorkspaceNotFound) if workspace_id else None,
            platform=platform,
            direction=where.direction,
            kinds=where.kind,
            contact_id=id_argument(where.contact_id, ContactNotFound) if where.contact_id else None,
            conversation_id=id_argument(where.conversation_id, ConversationNotFound) if where.conversation_id else None,
            since=where.since,
            until=where.until,
            text=where.text,
        )
        newest_first = order_by is None or order_by.timestamp is SortDirection.DESC
        async with info.context.transaction() as tx:
            if wanted.workspace_id:
                await get_workspace(tx, info.context.scope, wanted.workspace_id)
            return to_connection(await list_messages(tx, info.context.scope, page, wanted, newest_first=newest_first), MessageType.of)

    @strawberry.field(description="One message.")
    async def message(self, info: Info, id: strawberry.ID) -> MessageType:  # the contract's argument name
        """Return one message."""
        async with info.context.transaction() as tx:
            return MessageType.of(await get_message(tx, info.context.scope, id_argument(id, MessageNotFound)))
