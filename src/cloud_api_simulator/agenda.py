"""What will happen later: statuses, answers, redeliveries. The event loop's own timers, counted and cancellable."""

import asyncio
from collections.abc import Callable


class Agenda:
    """A set of pending timers. `len()` is how many things are still to happen."""

    def __init__(self) -> None:
        self._timers: dict[object, tuple[asyncio.TimerHandle, Callable[[], None]]] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def later(self, delay_seconds: float, action: Callable[[], None]) -> None:
        """Call `action` once, `delay_seconds` from now, unless the agenda is cleared first."""
        key = object()

        def fire() -> None:
            del self._timers[key]
            action()

        self._timers[key] = (asyncio.get_running_loop().call_later(delay_seconds, fire), fire)

    def skip(self, seconds: float) -> None:
        """Let everything happen `seconds` earlier, in its order; what is overdue then happens next."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for key, (timer, fire) in sorted(self._timers.items(), key=lambda item: item[1][0].when()):
            timer.cancel()
            due = timer.when() - seconds
            self._timers[key] = (loop.call_at(max(due, now), fire), fire)

    def clear(self) -> None:
        """Cancel everything that was still to happen."""
        for timer, _ in self._timers.values():
            timer.cancel()
        self._timers.clear()
