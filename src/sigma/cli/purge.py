"""`sigma purge`."""

from typing import TYPE_CHECKING

from sigma.cli import app
from sigma.cli.common import installation, run_async

if TYPE_CHECKING:
    from sigma.entrypoints.installation import Installation
    from sigma.intake.purge import Purged


@app.command
def purge() -> None:
    """Destroy raw payloads that have outlived the retention window. A running worker does this every hour."""
    with installation() as opened:
        purged = run_async(lambda: _purge(opened))
    print(f"Destroyed {purged.keys} keys, {purged.partitions} days of the journal and {purged.addresses} sealed addresses.")


async def _purge(opened: "Installation") -> "Purged":
    from sigma.intake.purge import destroy_expired
    from sigma.kit.clock import now

    db = opened.database()
    try:
        return await destroy_expired(db, today=now().date(), retention_days=opened.settings.security.raw_retention_days)
    finally:
        await db.close()
