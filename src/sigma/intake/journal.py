"""The journal's writer: concurrent requests share one commit, and nobody is answered before it.

`append` returns when the entry is on disk. It raises JournalUnavailable when that cannot be had in time; the caller then
answers 503 and the platform delivers again. The queue is bounded, so an outage does not fill the memory.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from sigma.intake.models import JournalEntry
from sigma.kit.db import Tx
from sigma.kit.log import get_logger
from sigma.kit.metrics import Metrics

WRITERS = 2
"""While one waits for the disk the other fills: measured with two 20 % more than with one, and nothing more with three."""

MAX_BATCH = 512
MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_WAITING = 8_192
MAX_WAITING_BYTES = 64 * 1024 * 1024
JOURNAL_CHANNEL = "sigma_journal"
_RECONNECT_SECONDS = 0.2

_APPEND = f"""
    WITH entries AS (SELECT * FROM unnest(%b::uuid[], %b::timestamptz[], %b::uuid[], %b::smallint[], %b::bytea[])
                         AS e (tenant_id, created_at, id, platform, raw)),
         journalled AS (INSERT INTO webhook_events (tenant_id, created_at, id, platform, raw)
                        SELECT tenant_id, created_at, id, platform, raw FROM entries),
         queued AS (INSERT INTO webhook_queue (tenant_id, created_at, event_id) SELECT tenant_id, created_at, id FROM entries)
    SELECT pg_notify('{JOURNAL_CHANNEL}', '')"""

Waiting = tuple[JournalEntry, "asyncio.Future[None]"]

log = get_logger("intake.journal")


class JournalUnavailable(Exception):
    """The journal cannot commit right now."""


class Journal:
    """Appends sealed POSTs in group commits. While one commit is on its way to the disk, the next batch goes over another connection."""

    def __init__(self, connect: Callable[[], Awaitable[Tx]], *, metrics: Metrics, deadline_seconds: float) -> None:
        self._connect = connect
        self._metrics = metrics
        self._deadline_seconds = deadline_seconds
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._connected = 0

    @property
    def is_connected(self) -> bool:
        """Whether a writer has a connection, as far as is known."""
        return self._connected > 0

    async def append(self, entry: JournalEntry) -> None:
        """Return once the entry is committed. Raises: JournalUnavailable when that did not happen before the deadline."""
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes > MAX_WAITING_BYTES:
            raise JournalUnavailable("too many webhooks are waiting for the journal")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        self._waiting_bytes += len(entry.sealed)
        self._wake.set()
        deadline = asyncio.get_running_loop().call_later(self._deadline_seconds, _give_up, done)
        try:
            await done
        finally:
            deadline.cancel()

    async def run(self) -> None:
        """Write until cancelled; then commit what still waits."""
        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(self._write())

    async def _write(self) -> None:
        """Be one writer: keep a connection, and commit batch after batch over it."""
        connection: Tx | None = None
        try:
            while True:
                if connection is None:
                    connection = await self._connected_or_refused()
                else:
                    await self._wake.wait()
                    connection = await self._write_batch(connection)
        finally:
            while self._waiting and connection is not None:
                connection = await self._write_batch(connection)
            if connection is not None:
                await self._close(connection)

    async def _write_batch(self, connection: Tx) -> Tx | None:
        """Commit the next batch. On a broken connection it is tried once more on a new one: a server that restarted is there again.

        Returns the connection to go on with, if any.
        """
        batch = self._take_batch()
        if not batch:
            return connection
        usable: Tx | None = connection
        try:
            try:
                await self._commit(connection, batch)
            except psycopg.OperationalError:
                await self._close(connection)
                usable = None
                usable = await self._open()
                await self._commit(usable, batch, again=True)
        except (psycopg.Error, OSError) as error:
            log.warning("journal.commit_failed", error=type(error).__name__, entries=len(batch))
            for _, done in batch:
                _fail(done, "the journal's commit failed")
            if usable is not None:
                await self._close(usable)
            return None
        self._metrics.journal_batch_size.observe(len(batch))
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        return usable

    def _take_batch(self) -> list[Waiting]:
        """Return the next entries that are still wanted, and forget those whose caller gave up."""
        batch: list[Waiting] = []
        taken = size = 0
        for entry, done in self._waiting:
            if len(batch) == MAX_BATCH or (batch and size + len(entry.sealed) > MAX_BATCH_BYTES):
                break
            taken += 1
            self._waiting_bytes -= len(entry.sealed)
            if not done.done():
                batch.append((entry, done))
                size += len(entry.sealed)
        del self._waiting[:taken]
        if not self._waiting:
            self._wake.clear()
        return batch

    async def _commit(self, connection: Tx, batch: list[Waiting], *, again: bool = False) -> None:
        """Append a batch in one transaction. Tried again, finding the entries there already means that the first try did commit."""
        entries = [entry for entry, _ in batch]
        columns: list[list[Any]] = [
            [entry.tenant_id for entry in entries],
            [entry.created_at for entry in entries],
            [entry.id for entry in entries],
            [entry.platform.number for entry in entries],
            [entry.sealed for entry in entries],
        ]
        try:
            async with asyncio.timeout(self._deadline_seconds):
                await connection.execute(_APPEND, columns)
        except psycopg.errors.UniqueViolation:
            if not again:
                raise

    async def _open(self) -> Tx:
        connection = await self._connect()
        self._connected += 1
        return connection

    async def _close(self, connection: Tx) -> None:
        self._connected -= 1
        with contextlib.suppress(psycopg.Error, OSError):
            await connection.close()

    async def _connected_or_refused(self) -> Tx | None:
        """Try to connect once. On failure refuse everybody who waits, unless another writer is there, and wait a little."""
        try:
            connection = await self._open()
        except (psycopg.Error, OSError) as error:
            log.warning("journal.connect_failed", error=type(error).__name__)
            if not self.is_connected:
                self._refuse_waiting()
            await asyncio.sleep(_RECONNECT_SECONDS)
            return None
        log.info("journal.connected")
        return connection

    def _refuse_waiting(self) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._wake.clear()
        for _, done in waiting:
            _fail(done, "the journal's database cannot be reached")


def _give_up(done: asyncio.Future[None]) -> None:
    _fail(done, "the journal did not commit in time")


def _fail(done: asyncio.Future[None], reason: str) -> None:
    if not done.done():
        done.set_exception(JournalUnavailable(reason))
