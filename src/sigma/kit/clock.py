"""The only place that reads the wall clock; everything else is handed the time."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)
