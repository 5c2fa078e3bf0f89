"""Time-ordered ids, made in the application because servers before PostgreSQL 18 have no `uuidv7()`."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUID version 7: later ids sort after earlier ones."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """Return the UUID that the text spells, or None: an id that is no UUID names nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None
