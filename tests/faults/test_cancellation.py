"""A task that is cancelled ends, whatever it waits for in the database: else a server that is told to stop may never do so."""

import asyncio
from itertools import count

from sigma.entrypoints.installation import Installation
from sigma.kit.db import Database, DatabaseRole


async def work(db: Database) -> None:
    async with db.transaction(DatabaseRole.API, None) as tx:
        await tx.execute("SELECT pg_sleep(0.002)")


async def test_no_cancellation_is_lost_at_whatever_moment_of_a_first_transaction_it_comes(installation: Installation) -> None:
    cancelled = 0
    for step in count():
        db = installation.database()
        task = asyncio.create_task(work(db))
        await asyncio.sleep(step * 0.0002)
        was_done = task.done()
        task.cancel()
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        await db.close()
        if was_done:
            break  # from here on every one would be
        assert isinstance(outcome, asyncio.CancelledError), f"it went on after step {step}"
        cancelled += 1
    assert cancelled > 20
