"""The worker: projects what the journal queues, and keeps house (partitions ahead of time, the daily purge)."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta

import psycopg
from psycopg import sql

from sigma.connectors.whatsapp.graph import GraphClient
from sigma.entrypoints.credentials import access_tokens
from sigma.entrypoints.installation import Installation
from sigma.intake.journal import JOURNAL_CHANNEL
from sigma.intake.projector import Projector
from sigma.intake.purge import destroy_expired, make_partitions
from sigma.kit.clock import now
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.kit.metrics import Metrics
from sigma.sending.dispatch import MAX_IN_FLIGHT, Dispatcher
from sigma.sending.housekeeping import forget_sends
from sigma.sending.send import OUTBOX_CHANNEL

POLL_SECONDS = 1.0
"""How long a queued POST waits at most when its notification was lost."""

HOUSEKEEPING_INTERVAL = timedelta(hours=1)
_RETRY_SECONDS = 0.5

log = get_logger("worker")


async def run_worker(installation: Installation, metrics: Metrics) -> None:
    """Work until cancelled. A database that is away is waited for."""
    db = installation.database()
    keys = installation.key_ring(db, DatabaseRole.WORKER)
    projector = Projector(db, keys, metrics=metrics, clock=now)
    whatsapp = installation.settings.platforms.whatsapp
    client = GraphClient(whatsapp.graph_api_url, whatsapp.graph_api_version, max_connections=MAX_IN_FLIGHT)
    dispatcher = Dispatcher(db, keys, client, access_token=access_tokens(whatsapp), clock=now, metrics=metrics)
    wake = asyncio.Event()
    wake.set()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_listen(db, {JOURNAL_CHANNEL: wake, OUTBOX_CHANNEL: dispatcher.wake}))
            tasks.create_task(dispatcher.run())
            tasks.create_task(_project(projector, wake))
            tasks.create_task(_keep_house(db, installation.settings.security.raw_retention_days))
    finally:
        await client.close()
        await db.close()


async def _listen(db: Database, wakes: Mapping[str, asyncio.Event]) -> None:
    """Set the event of a channel at every notification, also when it came from another process."""
    while True:
        try:
            async with await db.connect(DatabaseRole.WORKER) as connection:
                for channel, wake in wakes.items():
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    wake.set()
                async for notification in connection.notifies():
                    wakes[notification.channel].set()
        except (psycopg.Error, OSError) as error:
            log.warning("worker.listen_failed", error=type(error).__name__)
        await asyncio.sleep(_RETRY_SECONDS)


async def _project(projector: Projector, wake: asyncio.Event) -> None:
    """Project every tenant's queue in turn, a batch each, so that a busy tenant does not hold up the others."""
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await wake.wait()
        wake.clear()
        try:
            while await _project_round(projector):
                pass
        except DATABASE_DOWN as error:
            log.warning("worker.database_unavailable", error=type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)
            wake.set()


async def _project_round(projector: Projector) -> int:
    """Project one batch of each waiting tenant. Returns how many POSTs left the queue."""
    return sum([await projector.project_next(tenant_id) for tenant_id in await projector.tenants_waiting()])


async def _keep_house(db: Database, retention_days: int) -> None:
    while True:
        try:
            await make_partitions(db, today=now().date())
            await destroy_expired(db, today=now().date(), retention_days=retention_days)
            await forget_sends(db, today=now().date(), retention_days=retention_days)
        except DATABASE_DOWN as error:
            log.warning("worker.housekeeping_failed", error=type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS * 20)
            continue
        await asyncio.sleep(HOUSEKEEPING_INTERVAL.total_seconds())
