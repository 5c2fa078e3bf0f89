"""What will happen later: statuses, answers, redeliveries. The event loop's own timers, counted and cancellable."""

import asyncio
from collections.abc import Callable


class Agenda:
    """A set of pending timers. `len()` is how many things are still to happen."""

    def __init__(self) -> None:
        self._timers: dict[object, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def later(self, delay_seconds: float, action: Callable[[], None]) -> None:
        """Call `action` once, `delay_seconds` from now, unless the agenda is cleared first."""
        key = object()

        def fire() -> None:
            del self._timers[key]
            action()

        self._timers[key] = asyncio.get_running_loop().call_later(delay_seconds, fire)

    def clear(self) -> None:
        """Cancel everything that was still to happen."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
