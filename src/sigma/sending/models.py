"""Sending: commands, lanes, and the rules that are checked before Meta would refuse."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

import msgspec

from sigma.connectors.outbound import AnyContent, Recipient, TemplateContent
from sigma.kit.errors import Conflict, InvalidInput, NotFound
from sigma.tenants.models import Role

SENDERS = frozenset({Role.OWNER, Role.ADMIN, Role.AGENT})


class Lane(IntEnum):
    """Which messages go first: a lower lane overtakes all that wait in a higher one."""

    AUTHENTICATION = 0
    REPLY = 1
    UTILITY = 2
    BULK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to send to: exactly one of these. `phone` as people write it, `user_id` a business-scoped id."""

    phone: str | None = None
    user_id: str | None = None
    contact_id: UUID | None = None
    conversation_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCommand:
    """One message to send. `reply_to` is SIGMA's id of the message that is quoted."""

    workspace_id: UUID
    target: Target
    content: AnyContent
    reply_to: UUID | None = None
    lane: Lane | None = None
    idempotency_key: str | None = None

    @property
    def needs_window(self) -> bool:
        """Whether the customer service window must be open: for everything but templates."""
        return not isinstance(self.content, TemplateContent)

    @property
    def goes_by(self) -> Lane:
        """The lane that was asked for; otherwise a reply's, or for a template that of single messages."""
        return self.lane if self.lane is not None else (Lane.REPLY if self.needs_window else Lane.UTILITY)


class OutboxPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What the outbox holds sealed: everything that the platform will be told."""

    recipient: Recipient
    content: AnyContent
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An outbox row that was claimed for one attempt. A probe tries whether the fault that made its workspace rest is gone."""

    tenant_id: UUID
    message_id: UUID
    workspace_id: UUID
    contact_id: UUID | None
    recipient_hash: bytes
    attempt: int
    failures: int
    payload: OutboxPayload
    created_at: datetime
    is_probe: bool = False


class RecipientRequired(InvalidInput):
    """Say whom to send to with exactly one of recipientPhone, recipientUserId, contactId and conversationId."""

    code = "RECIPIENT_REQUIRED"


class RecipientInvalid(InvalidInput):
    """Write the phone number with + and country code, such as +4915112345678."""

    code = "RECIPIENT_INVALID"


class RecipientUnreachable(Conflict):
    """The address of this contact was destroyed with its retention window. Send to the phone number, or wait until the contact writes."""

    code = "RECIPIENT_UNREACHABLE"


class ContentRequired(InvalidInput):
    """Say what to send with exactly one of the content fields, such as templateName or text."""

    code = "CONTENT_REQUIRED"


class CustomerServiceWindowClosed(Conflict):
    """The contact last wrote more than 24 hours ago, or never; only a template may be sent."""

    code = "CUSTOMER_SERVICE_WINDOW_CLOSED"


class ContactOptedOut(Conflict):
    """The contact asked not to be written to. They can write START to change that."""

    code = "CONTACT_OPTED_OUT"


class AccessTokenMissing(Conflict):
    """There is no access token for this tenant. Set Platforms.WhatsApp.AccessTokens or DefaultAccessToken."""

    code = "ACCESS_TOKEN_MISSING"


class WorkspaceInactive(Conflict):
    """This workspace is deactivated. Reactivate it with updateWorkspace."""

    code = "WORKSPACE_INACTIVE"


class IdempotencyKeyReused(Conflict):
    """This clientMutationId was used for another message in the last 24 hours. Use a new one."""

    code = "IDEMPOTENCY_KEY_REUSED"


class MessageNotRetryable(Conflict):
    """Only a message that failed before the platform took it can be sent again."""

    code = "MESSAGE_NOT_RETRYABLE"


class MessageNotReadable(Conflict):
    """Only a message that a contact wrote can be marked as read."""

    code = "MESSAGE_NOT_INBOUND"


class QuotedMessageNotFound(NotFound):
    """There is no message with this id in this workspace that could be quoted."""

    code = "QUOTED_MESSAGE_NOT_FOUND"
