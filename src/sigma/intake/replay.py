"""Projecting again: after an update, POSTs of the journal are queued once more. Replay may change data; it never acts."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sigma.intake.models import WebhookOutcome
from sigma.intake.projector import Projector
from sigma.kit.db import Database, DatabaseRole

BEGINNING = datetime.min.replace(tzinfo=UTC)


async def queue_replay(db: Database, tenant_id: UUID, *, since: datetime | None, outcomes: Sequence[WebhookOutcome]) -> int:
    """Queue one tenant's POSTs again; no outcomes means all. Returns how many were queued that were not already."""
    async with db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
        cursor = await tx.execute(
            """INSERT INTO webhook_queue (tenant_id, created_at, event_id)
               SELECT tenant_id, created_at, id FROM webhook_events
                WHERE tenant_id = %(tenant)s AND created_at >= %(since)s AND (%(outcomes)b::text[] = '{}' OR outcome = ANY (%(outcomes)b))
               ON CONFLICT DO NOTHING""",
            {"tenant": tenant_id, "since": since or BEGINNING, "outcomes": [outcome.value for outcome in outcomes]},
        )
        return cursor.rowcount


async def all_tenants(db: Database) -> list[UUID]:
    """Return the ids of all tenants."""
    async with db.transaction(DatabaseRole.WORKER, None) as tx:
        cursor = await tx.execute("SELECT list_tenant_ids()")
        return [row[0] for row in await cursor.fetchall()]


async def queue_length(db: Database, tenant_id: UUID) -> int:
    """Return how many POSTs of this tenant wait to be projected."""
    async with db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
        row = await (await tx.execute("SELECT count(*) FROM webhook_queue WHERE tenant_id = %s", (tenant_id,))).fetchone()
        return int(row[0]) if row else 0


async def drain_queue(db: Database, projector: Projector, tenant_id: UUID) -> AsyncIterator[int]:
    """Project the tenant's queue to its end, together with any running worker. Yields how many POSTs still wait."""
    while left := await queue_length(db, tenant_id):
        yield left
        await projector.project_next(tenant_id)
    yield 0
