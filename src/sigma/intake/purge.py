"""Keeping the journal's partitions: made ahead of time, destroyed with their keys when the retention window has passed."""

from dataclasses import dataclass
from datetime import date, timedelta

from sigma.kit.db import Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.kit.schema import JOURNAL_DAYS_AHEAD

log = get_logger("intake.purge")


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge destroyed: raw keys, day partitions of the journal, sealed copies of addresses."""

    keys: int
    partitions: int
    addresses: int


async def make_partitions(db: Database, *, today: date) -> int:
    """Make the journal's partitions from yesterday on. Returns how many were new."""
    async with db.transaction(DatabaseRole.WORKER, None) as tx:
        row = await (
            await tx.execute("SELECT make_journal_partitions(%s, %s)", (today - timedelta(days=1), JOURNAL_DAYS_AHEAD + 1))
        ).fetchone()
    return int(row[0]) if row else 0


async def destroy_expired(db: Database, *, today: date, retention_days: int) -> Purged:
    """Destroy raw payloads, and sealed addresses, of every day that began `retention_days` ago or earlier.

    The keys go first, so that copies in backups are unreadable too. A day's key goes as a whole: nothing outlives the window.
    """
    before_day = today - timedelta(days=retention_days - 1)
    async with db.transaction(DatabaseRole.PURGE, None) as tx:
        row = await (await tx.execute("SELECT * FROM destroy_raw_payloads(%s)", (before_day,))).fetchone()
    purged = Purged(*row) if row else Purged(0, 0, 0)
    if purged != Purged(0, 0, 0):
        log.info("journal.purged", keys=purged.keys, partitions=purged.partitions, addresses=purged.addresses)
    return purged
