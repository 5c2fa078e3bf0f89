"""Who writes next, and when. A few conversations run at a time; whoever finishes one makes room for the next customer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from cloud_api_simulator.stories import Story
from cloud_api_simulator.webhooks import Update
from cloud_api_simulator.world import World

CONVERSATIONS_AT_ONCE = 5
OPENING_SECONDS = 0.3
SECONDS_PER_MINUTE = 60
UNEVENNESS = (0.4, 1.6)
"""Each pause is this many times the average one."""


class Traffic:
    """Customers who write on their own. `put` takes an update and waits while there is no room for it."""

    def __init__(self, world: World, put: Callable[[Update], Awaitable[None]], gate: asyncio.Event) -> None:
        self._world = world
        self._put = put
        self._gate = gate
        self._stream = world.stream("traffic")
        self._waiting = deque(Story(customer, world) for customer in world.customers)
        self._active: list[Story] = []
        self._to_open_with = world.settings.opening_messages
        self._changed = asyncio.Event()
        self.is_running = world.settings.traffic

    def start(self) -> None:
        """Let the customers write."""
        self.is_running = True
        self.poke()

    def stop(self) -> None:
        """Let the customers pause in the middle of what they were saying."""
        self.is_running = False
        self.poke()

    def poke(self) -> None:
        """Tell the traffic that its rate has changed."""
        self._changed.set()

    def next_turn(self) -> list[Update]:
        """Let the next customer write. The same seed gives the same turns."""
        while self._waiting and len(self._active) < CONVERSATIONS_AT_ONCE:
            self._active.append(self._waiting.popleft())
        story = self._active.pop(0 if self._to_open_with > 0 else self._stream.randrange(len(self._active)))
        if self._world.relations.find(story.customer.key).is_blocked:
            self._waiting.append(story)  # nothing that they write would arrive
            return []
        updates = story.next_turn()
        self._to_open_with -= len(updates)
        (self._waiting if story.is_between_episodes else self._active).append(story)
        return updates

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._gate.wait()
            if not self.is_running or self._world.rates.messages_per_minute == 0:
                await self._pause(None)
                continue
            is_opening = self._to_open_with > 0
            updates = self.next_turn()
            for update in updates:
                await self._put(update)
            average = SECONDS_PER_MINUTE / self._world.rates.messages_per_minute
            await self._pause(OPENING_SECONDS if is_opening else max(1, len(updates)) * average * self._stream.uniform(*UNEVENNESS))

    async def _pause(self, seconds: float | None) -> None:
        """Wait, but no longer than until something changes; None waits for the change alone."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
