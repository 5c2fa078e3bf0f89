"""Reading the journal: what arrived and what became of it. Never its content."""

from collections.abc import Sequence
from datetime import datetime

from sigma.intake.models import WEBHOOK_EVENT_COLUMNS, WebhookEvent, WebhookOutcome
from sigma.kit.db import Tx
from sigma.kit.paging import Page, PageRequest, make_page
from sigma.tenants.models import READERS, TenantScope


async def list_webhook_events(
    tx: Tx, scope: TenantScope, page: PageRequest, *, outcomes: Sequence[WebhookOutcome] | None = None, since: datetime | None = None
) -> Page[WebhookEvent]:
    """Return POSTs, newest first. Raises: Forbidden."""
    scope.require(READERS)
    conditions = ["tenant_id = %(tenant)s"]
    if outcomes:
        conditions.append("outcome = ANY (%(outcomes)s)")
    if since is not None:
        conditions.append("created_at >= %(since)s")
    if page.after is not None:
        conditions.append("(created_at, id) < (%(after_at)s, %(after_id)s)")
    cursor = await tx.execute(
        # lint: allow sql-text, because the conditions are literals of this file
        f"""SELECT {WEBHOOK_EVENT_COLUMNS} FROM webhook_events WHERE {" AND ".join(conditions)}
             ORDER BY created_at DESC, id DESC LIMIT %(limit)s""",
        {
            "tenant": scope.tenant_id,
            "outcomes": [outcome.value for outcome in outcomes or ()],
            "since": since,
            "after_at": page.after and page.after[0],
            "after_id": page.after and page.after[1],
            "limit": page.first + 1,
        },
    )
    return make_page([WebhookEvent.from_row(row) for row in await cursor.fetchall()], page, key=lambda event: (event.created_at, event.id))
