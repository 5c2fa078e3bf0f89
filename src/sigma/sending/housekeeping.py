"""Keeping the sending tables small: keys and rows that nobody will ask for again."""

from dataclasses import dataclass
from datetime import date, timedelta

from sigma.kit.db import Database, DatabaseRole
from sigma.kit.log import get_logger

log = get_logger("sending.housekeeping")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many idempotency keys and outbox rows went."""

    keys: int
    rows: int


async def forget_sends(db: Database, *, today: date, retention_days: int) -> Forgotten:
    """Forget idempotency keys older than a day, and outbox rows that were resolved or that nobody can open any more."""
    async with db.transaction(DatabaseRole.WORKER, None) as tx:
        keys = await (await tx.execute("SELECT forget_old_idempotency_keys()")).fetchone()
        unreadable_before = today - timedelta(days=retention_days - 1)
        rows = await (await tx.execute("SELECT forget_resolved_sends(%s)", (unreadable_before,))).fetchone()
    forgotten = Forgotten(int(keys[0]) if keys else 0, int(rows[0]) if rows else 0)
    if forgotten != Forgotten(0, 0):
        log.info("sending.forgotten", keys=forgotten.keys, rows=forgotten.rows)
    return forgotten
