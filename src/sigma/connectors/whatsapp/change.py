"""What all items of one change share: where it stands in the POST, whose number it is, who is named, and what time may be believed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sigma.connectors.whatsapp.people import People
from sigma.connectors.whatsapp.wire import Id, Metadata, read

MILLISECONDS_FROM = 10**12  # a larger number of seconds would be the year 33658. Source: cloud-api.md 2, checked 2026-09
_END_OF_TIME = 253_402_300_800  # 10000-01-01 in seconds, the first instant that a datetime cannot hold
_MAX_TIMESTAMP_LENGTH = 16
CLOCK_TOLERANCE = timedelta(hours=24)  # a platform's clock may be ahead of ours by this much, or its time is not believed


def read_instant(timestamp: object) -> datetime | None:
    """Return the instant of Meta's seconds (or milliseconds), None for what is none."""
    seconds: float = 0
    if isinstance(timestamp, str):
        if len(timestamp) <= _MAX_TIMESTAMP_LENGTH and timestamp.isascii() and timestamp.isdigit():
            seconds = int(timestamp)
    elif isinstance(timestamp, int | float) and not isinstance(timestamp, bool):
        seconds = timestamp
    if MILLISECONDS_FROM <= seconds < _END_OF_TIME * 1000:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _END_OF_TIME else None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One element of `changes`: its place (`entry[0].changes[0]`), its field, and what its value says of all its items."""

    path: str
    field: str
    account: str | None
    address: str | None
    display_phone: Id
    people: People
    entry_at: datetime | None
    received_at: datetime

    def at(self, timestamp: object) -> datetime:
        """Return when an item happened: its own time, or the arrival if it gives none that can be believed."""
        instant = read_instant(timestamp)
        return self.received_at if instant is None or instant - CLOCK_TOLERANCE > self.received_at else instant

    def reported_at(self, timestamp: object) -> datetime | None:
        """Return when the platform says that something happened: the item's time, the entry's, or None."""
        return read_instant(timestamp) or self.entry_at


def read_metadata(value: Mapping[str, Any]) -> Metadata:
    """Return the value's `metadata`; empty where it has none, as account-level fields do."""
    metadata = value.get("metadata")
    return read(metadata, Metadata) if isinstance(metadata, dict) else Metadata()
