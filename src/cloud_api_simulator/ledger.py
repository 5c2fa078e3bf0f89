"""What was said, and what became of it: the truth that a test compares with the books of the system under test."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from cloud_api_simulator.bodies import Json

Direction = Literal["inbound", "outbound"]


class LedgerEntry(msgspec.Struct, kw_only=True):
    """One message. `inbound` was written by a customer, `outbound` by the business; `customer` is a key, or None for a stranger."""

    position: int
    direction: Direction
    message_id: str
    customer: str | None
    kind: str
    at: datetime
    content: Json
    statuses: list[str] = []
    """Outbound: the statuses emitted so far. Inbound: `read` once the business has read it."""
    acknowledged: int = 0
    """How many POSTs that carried this message, or a status of it, were answered with 200."""


class Ledger:
    """The latest `limit` messages, oldest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[str, LedgerEntry] = {}
        self.recorded = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LedgerEntry]:
        return iter(self._entries.values())

    def find(self, message_id: str) -> LedgerEntry | None:
        """Return the entry of a message, or None when it is unknown or forgotten."""
        return self._entries.get(message_id)

    def record(self, direction: Direction, message_id: str, *, customer: str | None, kind: str, at: datetime, content: Json) -> LedgerEntry:
        """Write one message down; a message that is known already stays as it is."""
        known = self._entries.get(message_id)
        if known is not None:
            return known
        self.recorded += 1
        position = self.recorded
        entry = LedgerEntry(
            position=position, direction=direction, message_id=message_id, customer=customer, kind=kind, at=at, content=content
        )
        self._entries[message_id] = entry
        if len(self._entries) > self._limit:
            del self._entries[next(iter(self._entries))]
        return entry

    def acknowledge(self, message_id: str) -> None:
        """Count one POST with this message as answered."""
        entry = self._entries.get(message_id)
        if entry is not None:
            entry.acknowledged += 1

    def page(self, *, after: int, limit: int, direction: Direction | None) -> list[LedgerEntry]:
        """Return up to `limit` entries whose position is above `after`."""
        wanted = (entry for entry in self if entry.position > after and direction in {None, entry.direction})
        return [entry for entry, _ in zip(wanted, range(limit), strict=False)]
