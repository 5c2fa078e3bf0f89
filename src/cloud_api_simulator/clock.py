"""The world's time. The only place of the simulator that reads the wall clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


class WorldClock:
    """A clock that can be set forward, so that a test need not wait for something to expire."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the world's present instant in UTC."""
        return self._clock() + self._ahead

    def advance(self, seconds: float) -> None:
        """Set the world's time forward by `seconds`."""
        self._ahead += timedelta(seconds=seconds)
