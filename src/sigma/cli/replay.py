"""`sigma replay`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from sigma.cli import app
from sigma.cli.common import installation, run_async

if TYPE_CHECKING:
    from sigma.entrypoints.installation import Installation


@app.command
def replay(
    *,
    tenant: UUID | None = None,
    since: datetime | None = None,
    outcome: list[Literal["STORED", "DUPLICATE", "EMPTY", "REFUSED", "UNROUTED", "DEAD"]] | None = None,
) -> None:
    """Project webhooks of the journal again, for example dead letters after an update. Nothing is stored twice, and nothing is sent.

    Parameters
    ----------
    tenant
        One tenant; all of them otherwise.
    since
        Only webhooks that arrived at or after this time (UTC).
    outcome
        Only webhooks with these outcomes; all of them otherwise.

    """
    aware = since.replace(tzinfo=UTC) if since and since.tzinfo is None else since
    with installation() as opened:
        run_async(lambda: _replay(opened, tenant, aware, outcome or []))


async def _replay(opened: "Installation", tenant: UUID | None, since: datetime | None, outcomes: Sequence[str]) -> None:
    from rich.progress import Progress

    from sigma.intake.models import WebhookOutcome
    from sigma.intake.projector import Projector
    from sigma.intake.replay import all_tenants, drain_queue, queue_replay
    from sigma.kit.clock import now
    from sigma.kit.db import DatabaseRole
    from sigma.kit.metrics import get_metrics

    db = opened.database()
    try:
        projector = Projector(db, opened.key_ring(db, DatabaseRole.WORKER), metrics=get_metrics(), clock=now)
        with Progress() as progress:
            for tenant_id in [tenant] if tenant else await all_tenants(db):
                queued = await queue_replay(db, tenant_id, since=since, outcomes=[WebhookOutcome(name) for name in outcomes])
                task = progress.add_task(str(tenant_id), total=queued)
                async for left in drain_queue(db, projector, tenant_id):
                    progress.update(task, completed=max(0, queued - left))
    finally:
        await db.close()
    print("Done. The webhookEvents query shows what became of each.")
