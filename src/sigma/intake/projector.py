"""Taking queued POSTs from the journal, projecting them, and recording what became of each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from sigma.connectors.events import Event, Malformed, Platform
from sigma.connectors.whatsapp.parse import parse_webhook
from sigma.intake.models import Books, ItemOutcome, QueuedEvent, WebhookOutcome
from sigma.intake.project import Item, ProjectionKeys, project_items
from sigma.kit.clock import Clock
from sigma.kit.crypto import CannotUnseal, SealingKey
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole, Tx
from sigma.kit.log import get_logger
from sigma.kit.metrics import Metrics
from sigma.messages.raw import raw_context
from sigma.tenants.keys import KeyDestroyed, KeyRing

BATCH_EVENTS = 500
BATCH_BYTES = 8 * 1024 * 1024
ITEMS_PER_STEP = 5_000
"""A POST may hold 100,000 items; the arrays of one statement stay this short."""

log = get_logger("intake.projector")


@dataclass(slots=True)
class _Opened:
    """A queued POST and the items that were found in it."""

    source: QueuedEvent
    books: Books
    items: list[Item]


class Projector:
    """Projects one tenant's queue, batch by batch. Any number may run: a tenant is worked on by one at a time."""

    def __init__(self, db: Database, keys: KeyRing, *, metrics: Metrics, clock: Clock) -> None:
        self._db = db
        self._keys = keys
        self._metrics = metrics
        self._clock = clock

    async def tenants_waiting(self) -> list[UUID]:
        """Return the tenants that have queued POSTs."""
        async with self._db.transaction(DatabaseRole.WORKER, None) as tx:
            cursor = await tx.execute("SELECT tenants_with_queued_events()")
            return [row[0] for row in await cursor.fetchall()]

    async def project_next(self, tenant_id: UUID) -> int:
        """Project the tenant's next batch. Returns how many POSTs left the queue: 0 when it is empty or somebody else works on it."""
        started = asyncio.get_running_loop().time()
        try:
            async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
                opened = await self._project_batch(tx, tenant_id, limit=BATCH_EVENTS)
        except DATABASE_DOWN:
            raise
        except Exception as error:  # whatever one POST of the batch caused: find it by trying them alone
            log.warning("projection.batch_failed", tenant_id=str(tenant_id), error=type(error).__name__)
            return await self._project_alone(tenant_id)
        if opened:
            self._metrics.projection_seconds.observe(asyncio.get_running_loop().time() - started)
            self._count(opened)
        return len(opened)

    async def _project_batch(self, tx: Tx, tenant_id: UUID, *, limit: int) -> list[_Opened]:
        if not await _lock_tenant(tx, tenant_id):
            return []
        sources = await _claim(tx, tenant_id, limit)
        if not sources:
            return []
        opened, keys = await self._open_all(tenant_id, sources)
        items = [item for post in opened for item in post.items]
        for start in range(0, len(items), ITEMS_PER_STEP):
            await project_items(tx, tenant_id, sources[0].platform, items[start : start + ITEMS_PER_STEP], keys)
        await _finish(tx, tenant_id, opened)
        return opened

    async def _project_alone(self, tenant_id: UUID) -> int:
        """Project the POSTs of a failed batch one by one, and of a POST that fails alone its items one by one."""
        done = 0
        for _ in range(BATCH_EVENTS):
            try:
                async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
                    opened = await self._project_batch(tx, tenant_id, limit=1)
            except DATABASE_DOWN:
                raise
            except Exception as error:  # this POST it is: save what can be saved of it
                log.exception("projection.event_failed", tenant_id=str(tenant_id), error=type(error).__name__)
                opened = await self._project_item_by_item(tenant_id)
            if not opened:
                break
            self._count(opened)
            done += len(opened)
        return done

    async def _project_item_by_item(self, tenant_id: UUID) -> list[_Opened]:
        async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
            if not await _lock_tenant(tx, tenant_id):
                return []
            opened, keys = await self._open_all(tenant_id, await _claim(tx, tenant_id, 1))
            for post in opened:
                for item in post.items:
                    await self._project_item(tx, tenant_id, item, keys)
            if opened:
                await _finish(tx, tenant_id, opened)
            return opened

    async def _project_item(self, tx: Tx, tenant_id: UUID, item: Item, keys: ProjectionKeys) -> None:
        try:
            async with tx.transaction():
                await project_items(tx, tenant_id, item.source.platform, [item], keys)
        except DATABASE_DOWN:
            raise
        except Exception as error:  # the bad item itself: its neighbours go on
            kind = f"database error {error.sqlstate}" if isinstance(error, psycopg.Error) else type(error).__name__
            item.books.take_back(item.outcome)
            item.end(ItemOutcome.DEAD, reason=f"it could not be stored ({kind}); run sigma replay after an update")

    async def _open_all(self, tenant_id: UUID, sources: Sequence[QueuedEvent]) -> tuple[list[_Opened], ProjectionKeys]:
        """Unseal and parse POSTs. Returns them with the keys that storing them needs."""
        raw: dict[date, SealingKey] = {}
        opened = [await self._open(tenant_id, source, raw) for source in sources]
        return opened, ProjectionKeys(index=await self._keys.index_key(tenant_id), data=await self._keys.data_key(tenant_id), raw=raw)

    async def _open(self, tenant_id: UUID, source: QueuedEvent, raw_keys: dict[date, SealingKey]) -> _Opened:
        """Unseal and parse one POST. What cannot be opened is one dead item."""
        books = Books()
        day = source.created_at.date()
        try:
            key = raw_keys[day] = await self._keys.raw_key(tenant_id, day, create=False)
            raw = key.unseal(source.sealed, context=raw_context(tenant_id, source.id))
            events: Sequence[Event] = parse_webhook(raw, received_at=source.created_at)
        except KeyDestroyed:
            events = [Malformed(path="", address=None, reason="its key was destroyed with its retention window")]
        except CannotUnseal:
            log.warning("journal.event_damaged", tenant_id=str(tenant_id), webhook_event_id=str(source.id))
            events = [Malformed(path="", address=None, reason="its sealed body does not open: it was changed or moved")]
        return _Opened(source, books, [Item(event, source, books) for event in events])

    def _count(self, opened: Sequence[_Opened]) -> None:
        now = self._clock()
        for post in opened:
            for item in post.items:
                kind = getattr(item.event, "kind", None) or type(item.event).__name__
                self._metrics.projected.labels(kind=str(kind), outcome=str(item.outcome)).inc()
            outcome = post.books.outcome
            if outcome is WebhookOutcome.DEAD:
                self._metrics.dead_letters.inc()
                log.warning("webhook_event.dead", webhook_event_id=str(post.source.id), items=post.books.counts[ItemOutcome.DEAD])
            elif outcome is WebhookOutcome.UNROUTED:
                self._metrics.unrouted.inc()
        self._metrics.projection_lag_seconds.set(max(0.0, (now - opened[0].source.created_at).total_seconds()))


async def _lock_tenant(tx: Tx, tenant_id: UUID) -> bool:
    """Take the tenant's queue for this transaction, unless another worker has it."""
    row = await (await tx.execute("SELECT pg_try_advisory_xact_lock(7316003, hashtext(%s))", (str(tenant_id),))).fetchone()
    return bool(row and row[0])


async def _claim(tx: Tx, tenant_id: UUID, limit: int) -> list[QueuedEvent]:
    """Return the oldest queued POSTs of one platform, up to `limit` of them and about BATCH_BYTES."""
    cursor = await tx.execute(
        """WITH next AS (SELECT created_at, event_id FROM webhook_queue WHERE tenant_id = %(tenant)s
                          ORDER BY created_at, event_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
                bounds AS (SELECT min(created_at) AS oldest, max(created_at) AS newest FROM next)
           SELECT e.id, e.created_at, e.platform, e.raw, e.items_stored
             FROM next JOIN webhook_events e ON e.tenant_id = %(tenant)s AND e.created_at = next.created_at AND e.id = next.event_id
            WHERE e.created_at >= (SELECT oldest FROM bounds) AND e.created_at <= (SELECT newest FROM bounds)
            ORDER BY e.created_at, e.id""",
        {"tenant": tenant_id, "limit": limit},
        binary=True,
    )
    claimed: list[QueuedEvent] = []
    size = 0
    for row in await cursor.fetchall():
        event = QueuedEvent(row[0], row[1], Platform.from_number(row[2]), row[3], row[4])
        size += len(event.sealed)
        if claimed and (size > BATCH_BYTES or event.platform is not claimed[0].platform):
            break
        claimed.append(event)
    return claimed


async def _finish(tx: Tx, tenant_id: UUID, opened: Sequence[_Opened]) -> None:
    """Record what became of these POSTs and take them off the queue."""
    rows: list[tuple[Any, ...]] = []
    for post in opened:
        books = post.books
        books.carry_over(post.source.stored_before)
        rows.append(
            (
                post.source.created_at,
                post.source.id,
                books.outcome.value,
                "; ".join(books.reasons) or None,
                *(books.counts[outcome] for outcome in ItemOutcome),
                msgspec.json.encode(sorted(books.waiting_for)).decode(),
            )
        )
    created, ids, outcomes, messages, *counts, waiting = map(list, zip(*rows, strict=True))
    await tx.execute(
        """UPDATE webhook_events e SET outcome = done.outcome, error_message = done.error_message, attempts = e.attempts + 1, projected_at = now(),
                  items_stored = done.stored, items_duplicate = done.duplicate, items_refused = done.refused, items_unrouted = done.unrouted,
                  items_dead = done.dead, unrouted_ids = ARRAY(SELECT jsonb_array_elements_text(done.waiting::jsonb))
             FROM unnest(%b::timestamptz[], %b::uuid[], %b::text[], %b::text[], %b::int[], %b::int[], %b::int[], %b::int[], %b::int[], %b::text[])
               AS done (created_at, id, outcome, error_message, stored, duplicate, refused, unrouted, dead, waiting)
            WHERE e.tenant_id = %s AND e.created_at = done.created_at AND e.id = done.id AND e.created_at >= %s AND e.created_at <= %s""",
        (created, ids, outcomes, messages, *counts, waiting, tenant_id, min(created), max(created)),
    )
    await tx.execute(
        """DELETE FROM webhook_queue q USING unnest(%b::timestamptz[], %b::uuid[]) AS done (created_at, id)
            WHERE q.tenant_id = %s AND q.created_at = done.created_at AND q.event_id = done.id""",
        (created, ids, tenant_id),
    )
