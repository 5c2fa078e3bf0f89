"""Keyset pages: a cursor names the last row that was seen, so pages stay right while rows arrive, at any depth."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from sigma.kit.errors import InvalidInput

T = TypeVar("T")

MAX_PAGE_SIZE = 100

Key = tuple[datetime, UUID]
"""What rows are ordered by: an instant, then the id."""


class InvalidCursor(InvalidInput):
    """`after` must be a cursor that an earlier page returned."""

    code = "INVALID_CURSOR"


class InvalidPageSize(InvalidInput):
    """`first` must be between 1 and 100."""

    code = "INVALID_PAGE_SIZE"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`first` rows behind the key `after`."""

    first: int
    after: Key | None

    @classmethod
    def of(cls, first: int, after: str | None) -> "PageRequest":
        """Build it from what a caller gave. Raises: InvalidPageSize, InvalidCursor."""
        if not 1 <= first <= MAX_PAGE_SIZE:
            raise InvalidPageSize(field=("first",))
        return cls(first, None if after is None else decode_cursor(after))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, each with its cursor, and whether more follow."""

    nodes: list[T]
    cursors: list[str]
    has_next_page: bool
    has_previous_page: bool


def make_page(rows: Sequence[T], request: PageRequest, *, key: Callable[[T], Key]) -> Page[T]:
    """Build the page from the rows found: one more than was asked for tells that more follow."""
    nodes = list(rows[: request.first])
    return Page(nodes, [encode_cursor(key(node)) for node in nodes], len(rows) > request.first, request.after is not None)


def encode_cursor(key: Key) -> str:
    """Return the cursor of a key: opaque to callers, and without secrets."""
    return base64.urlsafe_b64encode(f"{key[0].astimezone(UTC).isoformat()}|{key[1]}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Key:
    """Return the key of a cursor. Raises: InvalidCursor for anything but what `encode_cursor` returns."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, row_id = text.partition("|")
        key = datetime.fromisoformat(at).astimezone(UTC), UUID(row_id)
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(field=("after",)) from error
    if encode_cursor(key) != cursor:
        raise InvalidCursor(field=("after",))
    return key
