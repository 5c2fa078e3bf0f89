"""Conversations: the thread of one contact in one workspace, and its customer service window."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sigma.kit.errors import NotFound

CUSTOMER_SERVICE_WINDOW = timedelta(hours=24)
"""Source: Cloud API error 131047, "more than 24 hours have passed since the customer last replied"; checked 2026-09."""

CONVERSATION_COLUMNS = "id, workspace_id, contact_id, last_message_at, last_inbound_at, created_at"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One thread."""

    id: UUID
    workspace_id: UUID
    contact_id: UUID
    last_message_at: datetime | None
    last_inbound_at: datetime | None
    created_at: datetime

    @property
    def service_window_closes_at(self) -> datetime | None:
        """When the customer service window closes or closed; None when the contact never wrote."""
        return self.last_inbound_at + CUSTOMER_SERVICE_WINDOW if self.last_inbound_at else None


class Activity(NamedTuple):
    """Something happened in a thread. Only what a contact sent opens the window, and only by the platform's own time."""

    workspace_id: UUID
    contact_id: UUID
    at: datetime
    opens_window: bool


class ConversationMerge(NamedTuple):
    """Two threads of one workspace turned out to be one."""

    kept_id: UUID
    merged_id: UUID


class ConversationNotFound(NotFound):
    """There is no conversation with this id."""

    code = "CONVERSATION_NOT_FOUND"
