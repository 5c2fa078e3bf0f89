"""One customer's conversations, told episode after episode. The same seed tells the same stories."""

from collections import deque

from cloud_api_simulator.customers import Customer
from cloud_api_simulator.rendering import Scene, render
from cloud_api_simulator.scripts import PHRASEBOOKS
from cloud_api_simulator.scripts.steps import Episode, Step
from cloud_api_simulator.webhooks import Update
from cloud_api_simulator.world import World


class Story:
    """Loops through the episodes of the customer's language, each time in another order, in other words, about another order."""

    def __init__(self, customer: Customer, world: World) -> None:
        self._key = customer.key
        self._world = world
        self._stream = world.stream(f"story/{customer.key}")
        self._book = PHRASEBOOKS[customer.language]
        self._episodes = deque(self._shuffled())
        self._steps: deque[Step] = deque()
        self._scene = self._set_scene()

    @property
    def customer(self) -> Customer:
        """Who tells it, as reachable now."""
        return self._world.customer(self._key)

    @property
    def is_between_episodes(self) -> bool:
        """Whether the last conversation is over and the next one has not begun."""
        return not self._steps

    def next_turn(self) -> list[Update]:
        """Let the customer write once: one message, or a few in one breath."""
        if not self._steps:
            self._begin()
        turn = [self._steps.popleft()]
        while self._steps and self._steps[0].is_soon:
            turn.append(self._steps.popleft())
        updates = []
        for step in turn:
            content, quoting = render(step, self._scene)
            updates.append(self._world.write(self.customer, content, quoting=quoting))
        return updates

    def _begin(self) -> None:
        if not self._episodes:
            self._episodes.extend(self._shuffled())
        self._steps.extend(self._episodes.popleft().steps)
        self._scene = self._set_scene()

    def _set_scene(self) -> Scene:
        slots = {slot: self._stream.choice(values) for slot, values in self._book.slots.items()}
        order = str(self._stream.randint(10_000, 99_999))
        return Scene(world=self._world, customer=self.customer, stream=self._stream, slots={**slots, "order": order})

    def _shuffled(self) -> list[Episode]:
        return self._stream.sample(self._book.episodes, k=len(self._book.episodes))
