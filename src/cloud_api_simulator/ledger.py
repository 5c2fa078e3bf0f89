"""What was said, and what became of it: the truth that a test compares with the books of the system under test."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from cloud_api_simulator.bodies import Json

Direction = Literal["inbound", "outbound"]


class LedgerEntry(msgspec.Struct, kw_only=True):
    """One message. `inbound` was written by a customer, `outbound` by the business; `customer` is a key, or None for a stranger."""

    position: int = 0
    """Counts from 1, in the order of the books."""
    direction: Direction
    message_id: str
    customer: str | None
    kind: str
    at: datetime
    content: Json
    to: str | None = None
    """Outbound: the phone digits or the BSUID."""
    callback_data: str | None = None
    """Outbound: `biz_opaque_callback_data`."""
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

    def record(self, entry: LedgerEntry) -> LedgerEntry:
        """Write one message down; a message that is known already stays as it is."""
        known = self._entries.get(entry.message_id)
        if known is not None:
            return known
        self.recorded += 1
        entry.position = self.recorded
        self._entries[entry.message_id] = entry
        if len(self._entries) > self._limit:
            del self._entries[next(iter(self._entries))]
        return entry

    def acknowledge(self, message_id: str) -> None:
        """Count one POST with this message as answered."""
        entry = self._entries.get(message_id)
        if entry is not None:
            entry.acknowledged += 1

    def page(self, *, after: int, limit: int, direction: Direction | None, callback_data: str | None = None) -> list[LedgerEntry]:
        """Return up to `limit` entries whose position is above `after`."""
        wanted = (
            entry
            for entry in self
            if entry.position > after and direction in {None, entry.direction} and callback_data in {None, entry.callback_data}
        )
        return [entry for entry, _ in zip(wanted, range(limit), strict=False)]


class Sends:
    """Every message of the business that was ever accepted, by its `biz_opaque_callback_data`. Unlike the ledger it forgets nothing."""

    def __init__(self) -> None:
        self.accepted = 0
        self.without_callback_data = 0
        self._message_ids: dict[str, list[str]] = {}

    def record(self, message_id: str, callback_data: str | None) -> None:
        """Count one accepted message."""
        self.accepted += 1
        if callback_data is None:
            self.without_callback_data += 1
        else:
            self._message_ids.setdefault(callback_data, []).append(message_id)

    def of(self, callback_data: str) -> list[str]:
        """Return the ids of the messages that were accepted with this string; more than one means that it was sent twice."""
        return self._message_ids.get(callback_data, [])

    @property
    def distinct(self) -> int:
        """How many different strings came."""
        return len(self._message_ids)

    def repeated(self) -> dict[str, list[str]]:
        """Return the strings that came with more than one message."""
        return {data: ids for data, ids in self._message_ids.items() if len(ids) > 1}
