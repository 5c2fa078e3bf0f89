"""Carries updates to the callback: batches, disorder, duplicates, redelivery until the answer is 200.

Everything is bounded: updates that wait, POSTs under way, POSTs at once. What does not fit has to wait, nothing is thrown away.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import httpx2
import msgspec

from cloud_api_simulator import webhooks
from cloud_api_simulator.agenda import Agenda
from cloud_api_simulator.webhooks import Grouping, Update
from cloud_api_simulator.world import World

log = logging.getLogger("cloud_api_simulator.delivery")

HTTP_OK = 200
ALONE = 0.5
"""The part of the updates that travel alone although others might follow in the next moment."""
FULL_SECONDS = 0.5
"""How long an update waits outside a full queue before it tries again."""
GROUPINGS = (Grouping.ONE_VALUE, Grouping.ONE_VALUE, Grouping.MANY_CHANGES, Grouping.MANY_ENTRIES)


class Counters(msgspec.Struct, kw_only=True):
    """How the delivery went so far. `posts` counts bodies, `attempts` HTTP calls."""

    updates: int = 0
    posts: int = 0
    attempts: int = 0
    acknowledged: int = 0
    failed_attempts: int = 0
    redelivered: int = 0
    duplicates: int = 0
    held_back: int = 0
    given_up: int = 0
    unsubscribed: int = 0
    """Updates that nobody is subscribed to."""
    last_outcome: str | None = None
    """HTTP status, or the kind of connection error, of the latest attempt."""


@dataclass(kw_only=True, slots=True)
class Post:
    """One signed body on its way."""

    raw: bytes
    signature: str | None
    message_ids: tuple[str, ...]
    field: str = "messages"
    """Decides which callback it goes to, at the moment of each attempt."""
    attempts: int = 0
    is_duplicate: bool = False


class Delivery:
    """The road to the callback. Nothing moves before `gate` is set, as Meta delivers nothing to an unverified callback."""

    def __init__(self, world: World, agenda: Agenda, gate: asyncio.Event) -> None:
        self._world = world
        self._settings = world.settings
        self._agenda = agenda
        self._gate = gate
        self._stream = world.stream("delivery")
        self._updates: asyncio.Queue[Update] = asyncio.Queue(self._settings.queue_limit)
        self._posts: asyncio.Queue[Post] = asyncio.Queue()
        self._slots = asyncio.Semaphore(self._settings.pending_limit)
        self._pending = 0
        self._gathering = 0
        self.counters = Counters()

    @property
    def queued(self) -> int:
        """How many updates are not in a POST yet."""
        return self._updates.qsize() + self._gathering

    @property
    def pending(self) -> int:
        """How many POSTs are under way or wait for redelivery."""
        return self._pending

    def take(self, update: Update) -> None:
        """Take an update now, or as soon as there is room; for callers that cannot wait."""
        if self._is_unwanted(update):
            return
        if self._updates.full():
            self._agenda.later(FULL_SECONDS, partial(self.take, update))
            return
        self._updates.put_nowait(update)
        self.counters.updates += 1

    async def put(self, update: Update) -> None:
        """Take an update, as soon as there is room."""
        if self._is_unwanted(update):
            return
        await self._updates.put(update)
        self.counters.updates += 1

    def _is_unwanted(self, update: Update) -> bool:
        """Count an update that nobody is subscribed to; it is dropped, as Meta does."""
        if self._world.callbacks.target(update.field) is not None:
            return False
        self.counters.unsubscribed += 1
        return True

    async def put_raw(self, raw: bytes, *, signature: str | None, message_ids: Sequence[str]) -> None:
        """Take a finished body, as soon as there is room."""
        await self._take_slot()
        self._dispatch(Post(raw=raw, signature=signature, message_ids=tuple(message_ids)))

    async def run(self, client: httpx2.AsyncClient) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._batch())
            for _ in range(self._settings.concurrency):
                tasks.create_task(self._work(client))

    async def _batch(self) -> None:
        while True:
            updates = [await self._updates.get()]
            self._gathering = 1
            await self._gate.wait()
            await self._gather(updates)
            for group in self._by_target(updates):
                await self._take_slot()
                self._dispatch(self._make_post(group))
            self._gathering = 0

    def _by_target(self, updates: list[Update]) -> list[list[Update]]:
        """Part the updates by the callback that they go to."""
        groups: dict[str, list[Update]] = {}
        for update in updates:
            url = self._world.callbacks.target(update.field)
            if url is not None:
                groups.setdefault(url, []).append(update)
            else:
                self.counters.unsubscribed += 1  # the subscription ended in the meantime
        return list(groups.values())

    async def _gather(self, updates: list[Update]) -> None:
        """Let more updates join the first one: what waits already, or what comes within a moment."""
        size = self._world.rates.max_batch
        if size > 1 and self._updates.empty() and self._stream.random() >= ALONE:
            await asyncio.sleep(self._settings.batch_window_seconds)
        while len(updates) < size and not self._updates.empty():
            updates.append(self._updates.get_nowait())
        self._gathering = len(updates)

    def _make_post(self, updates: list[Update]) -> Post:
        if self._stream.random() < self._world.rates.shuffle_rate:
            self._stream.shuffle(updates)
        at_unix = int(self._world.now().timestamp())
        body = webhooks.envelope(updates, self._world.address, self._stream.choice(GROUPINGS), at_unix=at_unix)
        raw = webhooks.encode(body)
        signature = webhooks.sign(raw, app_secret=self._settings.app_secret)
        ids = tuple(update.message_id for update in updates if update.message_id is not None)
        return Post(raw=raw, signature=signature, message_ids=ids, field=updates[0].field)

    def _dispatch(self, post: Post) -> None:
        self.counters.posts += 1
        if self._stream.random() < self._world.rates.shuffle_rate:
            self.counters.held_back += 1
            self._later(self._stream.uniform(*self._settings.hold_back_seconds), post)
        else:
            self._posts.put_nowait(post)

    async def _work(self, client: httpx2.AsyncClient) -> None:
        while True:
            post = await self._posts.get()
            await self._gate.wait()
            outcome = await self.attempt(client, post)
            if outcome == HTTP_OK:
                self._settle(post)
            else:
                self._redeliver(post)

    async def attempt(self, client: httpx2.AsyncClient, post: Post) -> int | None:
        """POST once. Return the HTTP status, or None when there was no answer, or no callback any more."""
        post.attempts += 1
        self.counters.attempts += 1
        url = self._world.callbacks.target(post.field)
        if url is None:
            self.counters.last_outcome = "no callback"
            return None
        try:
            response = await client.post(url, content=post.raw, headers=webhooks.headers(post.signature))
        except httpx2.HTTPError as error:
            self.counters.last_outcome = type(error).__name__
            return None
        self.counters.last_outcome = str(response.status_code)
        if response.status_code == HTTP_OK:
            for message_id in post.message_ids:
                self._world.ledger.acknowledge(message_id)
        return response.status_code

    def _settle(self, post: Post) -> None:
        self.counters.acknowledged += 1
        if not post.is_duplicate and self._stream.random() < self._world.rates.duplicate_rate:
            self.counters.duplicates += 1
            post.is_duplicate = True
            post.attempts = 0
            self._later(self._stream.uniform(*self._settings.hold_back_seconds), post)
        else:
            self._free_slot()

    def _redeliver(self, post: Post) -> None:
        self.counters.failed_attempts += 1
        if post.attempts >= self._settings.max_attempts:
            self.counters.given_up += 1
            log.warning("webhook.given_up", extra={"attempts": post.attempts, "outcome": self.counters.last_outcome})
            self._free_slot()
            return
        self.counters.redelivered += 1
        waits = self._settings.backoff_seconds
        self._later(waits[min(post.attempts, len(waits)) - 1], post)

    def _later(self, delay_seconds: float, post: Post) -> None:
        self._agenda.later(delay_seconds, partial(self._posts.put_nowait, post))

    async def _take_slot(self) -> None:
        await self._slots.acquire()
        self._pending += 1

    def _free_slot(self) -> None:
        self._pending -= 1
        self._slots.release()
