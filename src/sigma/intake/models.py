"""The journal's vocabulary: what became of a POST, and the books that must balance."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sigma.connectors.events import Platform


class WebhookOutcome(StrEnum):
    """What became of one POST: the most serious of its items' outcomes."""

    PENDING = "PENDING"
    STORED = "STORED"
    DUPLICATE = "DUPLICATE"
    EMPTY = "EMPTY"
    REFUSED = "REFUSED"
    UNROUTED = "UNROUTED"
    DEAD = "DEAD"


class ItemOutcome(StrEnum):
    """What became of one item of a POST. Received items are always the sum of these five."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    UNROUTED = "unrouted"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One POST on its way into the journal, sealed."""

    tenant_id: UUID
    created_at: datetime
    id: UUID
    platform: Platform
    sealed: bytes


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """One journalled POST that is to be projected. `stored_before` is what an earlier projection stored of it."""

    id: UUID
    created_at: datetime
    platform: Platform
    sealed: bytes
    stored_before: int


@dataclass(slots=True)
class Books:
    """What became of the items of one POST, and why."""

    counts: dict[ItemOutcome, int] = field(default_factory=lambda: dict.fromkeys(ItemOutcome, 0))
    reasons: list[str] = field(default_factory=list)
    waiting_for: set[str] = field(default_factory=set)

    def add(self, outcome: ItemOutcome, *, reason: str | None = None, address: str | None = None) -> None:
        """Count one item; `address` is the platform's id that a workspace would have to have."""
        self.counts[outcome] += 1
        if reason is not None and len(self.reasons) < MAX_REASONS:
            self.reasons.append(reason)
        if address is not None:
            self.waiting_for.add(address)

    def take_back(self, outcome: ItemOutcome | None) -> None:
        """Forget one item's outcome: its transaction was rolled back."""
        if outcome is not None:
            self.counts[outcome] -= 1

    def carry_over(self, stored_before: int) -> None:
        """Count what an earlier projection stored as stored, not as a duplicate of itself."""
        again = min(stored_before, self.counts[ItemOutcome.DUPLICATE])
        self.counts[ItemOutcome.STORED] += again
        self.counts[ItemOutcome.DUPLICATE] -= again

    @property
    def outcome(self) -> WebhookOutcome:
        """Return the most serious outcome: what a person should look at first."""
        for outcome in (ItemOutcome.DEAD, ItemOutcome.REFUSED, ItemOutcome.UNROUTED, ItemOutcome.STORED, ItemOutcome.DUPLICATE):
            if self.counts[outcome]:
                return WebhookOutcome[outcome.name]
        return WebhookOutcome.EMPTY


MAX_REASONS = 5
"""How many reasons an error message lists; a POST may hold thousands of bad items."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One POST as people may see it: never its content."""

    id: UUID
    created_at: datetime
    platform: Platform
    outcome: WebhookOutcome
    status_code: int
    error_message: str | None
    attempts: int
    projected_at: datetime | None
    items_stored: int
    items_duplicate: int
    items_refused: int
    items_unrouted: int
    items_dead: int

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "WebhookEvent":
        """Build it from the columns of `WEBHOOK_EVENT_COLUMNS`."""
        return cls(row[0], row[1], Platform.from_number(row[2]), WebhookOutcome(row[3]), *row[4:])


WEBHOOK_EVENT_COLUMNS = ", ".join(WebhookEvent.__dataclass_fields__)
