"""Messages: what was said, by whom, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from sigma.connectors.events import Direction, InboundEvent, MessageKind, Platform, ReceiptStatus
from sigma.kit.errors import NotFound

E = TypeVar("E", bound=InboundEvent)


class MessageStatus(StrEnum):
    """Where a message is. It only moves forward; FAILED is overtaken only by proof that it arrived.

    UNKNOWN: the platform may have taken it, or not; a receipt tells, and until then it is not sent again.
    """

    RECEIVED = "RECEIVED"
    QUEUED = "QUEUED"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    SENT = "SENT"
    FAILED = "FAILED"
    DELIVERED = "DELIVERED"
    READ = "READ"
    PLAYED = "PLAYED"


STATUS_RANK = {status: rank for rank, status in enumerate(MessageStatus)}

RANKED_RECEIPTS = tuple(ReceiptStatus(status.value) for status in MessageStatus if status.value in set(ReceiptStatus))
"""The receipts that move a status; DELETED and WARNING are kept and move nothing."""


class JournalRef(NamedTuple):
    """Where the journal holds the POST in which something arrived."""

    event_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Arrival(Generic[E]):
    """An event that was routed to a workspace and whose contact is known. `platform_user_id` is that contact's hashed address."""

    event: E
    platform: Platform
    workspace_id: UUID
    contact_id: UUID | None
    platform_user_id: str | None
    journal: JournalRef


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now."""

    id: UUID
    workspace_id: UUID
    conversation_id: UUID | None
    contact_id: UUID | None
    platform: Platform
    platform_message_id: str | None
    direction: Direction
    kind: MessageKind
    sender: dict[str, Any]
    text: str | None
    timestamp_utc: datetime
    media: dict[str, Any] | None
    interactive: dict[str, Any] | None
    content: dict[str, Any] | None
    sealed_content: bytes | None
    reply_to: str | None
    context: dict[str, Any] | None
    referral: dict[str, Any] | None
    group_id: str | None
    is_imported: bool
    original_text: str | None
    edited_at: datetime | None
    deleted_at: datetime | None
    status: MessageStatus | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    played_at: datetime | None
    failed_at: datetime | None
    errors: list[dict[str, Any]] | None
    pricing: dict[str, Any] | None
    webhook_event_id: UUID | None
    webhook_event_at: datetime | None
    webhook_path: str | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "Message":
        """Build it from the columns of `MESSAGE_COLUMNS`."""
        values = dict(zip(MESSAGE_FIELDS, row, strict=True))
        values["platform"] = Platform.from_number(values["platform"])
        values["direction"] = Direction(values["direction"])
        values["kind"] = MessageKind(values["kind"])
        values["status"] = values["status"] and MessageStatus(values["status"])
        return cls(**values)


MESSAGE_FIELDS = tuple(Message.__dataclass_fields__)
MESSAGE_COLUMNS = ", ".join(MESSAGE_FIELDS)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji that somebody put on a message."""

    emoji: str
    direction: Direction
    contact_id: UUID | None
    at: datetime


class MessageNotFound(NotFound):
    """There is no message with this id."""

    code = "MESSAGE_NOT_FOUND"
