"""The journal in GraphQL."""

from datetime import datetime

import strawberry

from sigma.connectors.events import Platform
from sigma.intake.models import WebhookEvent, WebhookOutcome
from sigma.intake.queries import list_webhook_events
from sigma.kit.graphql import DEFAULT_PAGE_SIZE, Connection, to_connection
from sigma.kit.paging import PageRequest
from sigma.tenants.context import Info

strawberry.enum(WebhookOutcome, name="WebhookOutcome", description="What became of a webhook: the most serious of its items' outcomes.")


@strawberry.type(name="WebhookEvent", description="One POST of the platform, without its content.")
class WebhookEventType:
    """A journalled POST as API users see it. Its items: received = stored + duplicate + refused + unrouted + dead."""

    id: strawberry.ID
    platform: Platform
    outcome: WebhookOutcome
    status_code: int = strawberry.field(description="What the platform was answered.")
    error_message: str | None = strawberry.field(description="Why items were not stored.")
    attempts: int
    created_at: datetime
    projected_at: datetime | None
    items_stored: int
    items_duplicate: int
    items_refused: int
    items_unrouted: int
    items_dead: int

    @classmethod
    def of(cls, event: WebhookEvent) -> "WebhookEventType":
        """Return it as API users see it."""
        return cls(
            id=strawberry.ID(str(event.id)),
            platform=event.platform,
            outcome=event.outcome,
            status_code=event.status_code,
            error_message=event.error_message,
            attempts=event.attempts,
            created_at=event.created_at,
            projected_at=event.projected_at,
            items_stored=event.items_stored,
            items_duplicate=event.items_duplicate,
            items_refused=event.items_refused,
            items_unrouted=event.items_unrouted,
            items_dead=event.items_dead,
        )


@strawberry.type
class IntakeQuery:
    """Reading the journal."""

    @strawberry.field(description="Webhooks as they arrived, newest first.")
    async def webhook_events(
        self,
        info: Info,
        outcome: list[WebhookOutcome] | None = None,
        since: datetime | None = None,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
    ) -> Connection[WebhookEventType]:
        """Return one page of webhooks."""
        page = PageRequest.of(first, after)
        async with info.context.transaction() as tx:
            return to_connection(
                await list_webhook_events(tx, info.context.scope, page, outcomes=outcome, since=since), WebhookEventType.of
            )
