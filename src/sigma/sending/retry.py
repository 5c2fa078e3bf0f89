"""Sending a message again that the platform refused, once its reason is gone. By hand only."""

from datetime import datetime
from uuid import UUID

from sigma.contacts.consent import find_opt_outs
from sigma.kit.db import Tx
from sigma.messages.models import STATUS_RANK, MessageStatus
from sigma.messages.queries import get_message
from sigma.sending.models import SENDERS, ContactOptedOut, CustomerServiceWindowClosed, Lane, MessageNotRetryable
from sigma.sending.rules import is_refused, is_window_open, window_advice
from sigma.sending.send import OUTBOX_CHANNEL
from sigma.tenants.models import TenantScope

_DEAD_LETTER = """
    SELECT o.lane, o.needs_window, m.contact_id, c.last_inbound_at FROM outbox o
      JOIN messages m ON m.tenant_id = o.tenant_id AND m.id = o.message_id
      LEFT JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
     WHERE o.tenant_id = %s AND o.message_id = %s AND o.state = 'DEAD' AND m.status = 'FAILED' FOR UPDATE OF o, m"""


async def retry_message(tx: Tx, scope: TenantScope, message_id: UUID, *, now: datetime) -> None:
    """Queue a failed message for another attempt, within the rules of this moment.

    Raises: Forbidden, MessageNotFound, MessageNotRetryable, CustomerServiceWindowClosed, ContactOptedOut.
    """
    scope.require(SENDERS)
    await get_message(tx, scope, message_id)
    row = await (await tx.execute(_DEAD_LETTER, (scope.tenant_id, message_id))).fetchone()
    if row is None:
        raise MessageNotRetryable(field=("id",))
    lane, needs_window, contact_id, last_inbound_at = row
    if needs_window and not is_window_open(last_inbound_at, now=now):
        raise CustomerServiceWindowClosed(window_advice(last_inbound_at), field=("id",))
    refused = (await find_opt_outs(tx, scope.tenant_id, [contact_id])).get(contact_id, set())
    if not needs_window and is_refused(refused, Lane(lane)):
        raise ContactOptedOut(field=("id",))
    await tx.execute(
        "UPDATE outbox SET state = 'QUEUED', failures = 0, not_before = %s, created_at = %s WHERE tenant_id = %s AND message_id = %s",
        (now, now, scope.tenant_id, message_id),
    )
    # The one step back that a status takes: the platform never had the message, so no receipt can speak of it.
    await tx.execute(
        "UPDATE messages SET status = %s, status_rank = %s, status_at = %s, failed_at = NULL, errors = NULL WHERE tenant_id = %s AND id = %s",
        (MessageStatus.QUEUED.value, STATUS_RANK[MessageStatus.QUEUED], now, scope.tenant_id, message_id),
    )
    await tx.execute("SELECT pg_notify(%s, '')", (OUTBOX_CHANNEL,))
