"""Sending in GraphQL."""

import strawberry

from sigma.connectors.whatsapp.limits import ContentInvalid
from sigma.contacts.models import ContactNotFound
from sigma.conversations.models import ConversationNotFound
from sigma.conversations.queries import get_conversation
from sigma.kit.clock import now
from sigma.kit.db import Tx
from sigma.kit.graphql import ExpectedErrors, UserError
from sigma.messages.graphql import MessageType
from sigma.messages.models import MessageNotFound
from sigma.messages.queries import get_message
from sigma.sending.graphql.inputs import MessageContentInput, ReplyToConversationInput, SendWhatsAppMessageInput, input_field, read_content
from sigma.sending.models import SENDERS, QuotedMessageNotFound, SendCommand, Target
from sigma.sending.reading import ReadMarker
from sigma.sending.retry import retry_message
from sigma.sending.send import Sender
from sigma.tenants.context import Info, id_argument
from sigma.workspaces.models import WorkspaceNotFound


@strawberry.type
class SendMessagePayload:
    """The answer of every sending mutation. The message's status follows in the message itself."""

    success: bool
    message_id: strawberry.ID | None = strawberry.field(default=None, description="SIGMA's id of the message.")
    message: MessageType | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.input
class MarkAsReadInput:
    """Which message was read."""

    message_id: strawberry.ID
    typing: bool = strawberry.field(default=False, description="Show for up to 25 seconds that an answer is being written.")


@strawberry.type
class MarkAsReadPayload:
    """The answer of `markAsRead`."""

    success: bool
    message: MessageType | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class SendingMutation:
    """Sending."""

    @strawberry.mutation(
        extensions=[ExpectedErrors(SendMessagePayload)], description="Queue a message; it leaves within Meta's rules, once."
    )
    async def send_whats_app_message(self, info: Info, input: SendWhatsAppMessageInput) -> SendMessagePayload:
        """Queue a message to anybody."""
        info.context.scope.require(SENDERS)
        target = Target(
            phone=input.recipient_phone,
            user_id=input.recipient_user_id,
            contact_id=id_argument(input.contact_id, ContactNotFound, field=("input", "contactId")) if input.contact_id else None,
            conversation_id=id_argument(input.conversation_id, ConversationNotFound, field=("input", "conversationId"))
            if input.conversation_id
            else None,
        )
        return await _send(info, input, input.workspace_id, target)

    @strawberry.mutation(extensions=[ExpectedErrors(SendMessagePayload)], description="Queue a reply into a thread.")
    async def reply_to_conversation(self, info: Info, input: ReplyToConversationInput) -> SendMessagePayload:
        """Queue a message to the contact of a conversation."""
        info.context.scope.require(SENDERS)
        conversation_id = id_argument(input.conversation_id, ConversationNotFound, field=("input", "conversationId"))
        async with info.context.transaction() as tx:
            try:
                conversation = await get_conversation(tx, info.context.scope, conversation_id)
            except ConversationNotFound:
                raise ConversationNotFound(field=("input", "conversationId")) from None
        return await _send(info, input, str(conversation.workspace_id), Target(conversation_id=conversation_id))

    @strawberry.mutation(
        extensions=[ExpectedErrors(SendMessagePayload)],
        description="Queue a message again that failed before the platform took it; first remove the reason that its errors name.",
    )
    async def retry_message(self, info: Info, id: strawberry.ID) -> SendMessagePayload:
        """Queue a dead letter for another attempt."""
        scope = info.context.scope
        scope.require(SENDERS)
        message_id = id_argument(id, MessageNotFound, field=("id",))
        async with info.context.transaction() as tx:
            try:
                await retry_message(tx, scope, message_id, now=now())
            except MessageNotFound:
                raise MessageNotFound(field=("id",)) from None
            message = await get_message(tx, scope, message_id)
        return SendMessagePayload(success=True, message_id=strawberry.ID(str(message_id)), message=MessageType.of(message))

    @strawberry.mutation(
        extensions=[ExpectedErrors(MarkAsReadPayload)],
        description="Show the contact that their message, and all before it, were read; with typing also that an answer is being written.",
    )
    async def mark_as_read(self, info: Info, input: MarkAsReadInput) -> MarkAsReadPayload:
        """Tell the platform at once; nothing is queued."""
        scope = info.context.scope
        scope.require(SENDERS)
        marker = info.context.service(ReadMarker)
        message_id = id_argument(input.message_id, MessageNotFound, field=("input", "messageId"))
        async with info.context.transaction() as tx:
            try:
                message = await get_message(tx, scope, message_id)
            except MessageNotFound:
                raise MessageNotFound(field=("input", "messageId")) from None
            phone_number_id = await marker.find_number(tx, scope, message)
        await marker.mark(scope, message, phone_number_id=phone_number_id, typing=input.typing)
        return MarkAsReadPayload(success=True, message=MessageType.of(message))


async def _platform_id(info: Info, tx: Tx, message_id: strawberry.ID) -> str:
    """Return the platform's id of a message. Raises: MessageNotFound, also for one that the platform does not know yet."""
    field = ("input", "reaction", "messageId")
    try:
        message = await get_message(tx, info.context.scope, id_argument(message_id, MessageNotFound, field=field))
    except MessageNotFound:
        raise MessageNotFound(field=field) from None
    if message.platform_message_id is None:
        raise MessageNotFound(field=field)
    return message.platform_message_id


async def _send(info: Info, given: MessageContentInput, workspace_id: str, target: Target) -> SendMessagePayload:
    context, scope = info.context, info.context.scope
    sender = context.service(Sender)
    await sender.prepare(scope, now=now())
    async with context.transaction() as tx:
        reaction_target = await _platform_id(info, tx, given.reaction.message_id) if given.reaction else None
        command = SendCommand(
            workspace_id=id_argument(workspace_id, WorkspaceNotFound, field=("input", "workspaceId")),
            target=target,
            content=read_content(given, default_language=sender.default_language, reaction_target=reaction_target),
            reply_to=id_argument(given.reply_to, QuotedMessageNotFound, field=("input", "replyTo")) if given.reply_to else None,
            idempotency_key=given.client_mutation_id,
        )
        try:
            message_id = await sender.send(tx, scope, command, now=now())
        except ContentInvalid as error:
            raise ContentInvalid(error.message, field=input_field(command.content, error.field)) from None
        message = await get_message(tx, scope, message_id)
    return SendMessagePayload(success=True, message_id=strawberry.ID(str(message_id)), message=MessageType.of(message))
