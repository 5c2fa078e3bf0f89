"""Receipts: what the platform reported of our messages. A status is computed from all of them, so it only moves forward."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec

from sigma.connectors.events import ReceiptReported
from sigma.kit.db import Tx
from sigma.kit.ids import parse_id
from sigma.messages.models import RANKED_RECEIPTS, STATUS_RANK, Arrival, MessageStatus
from sigma.messages.receive import MessageKey

ReceiptKey = tuple[UUID, str, str, str]
"""(workspace id, platform message id, status, recipient)."""

_INSERT = """
    INSERT INTO receipts AS r (tenant_id, workspace_id, platform_message_id, status, recipient, at, errors, pricing, platform_conversation, callback_data)
    SELECT %s, workspace_id, platform_message_id, status, recipient, min(at),
           (array_agg(errors::jsonb ORDER BY errors::jsonb))[1], (array_agg(pricing::jsonb ORDER BY pricing::jsonb))[1],
           (array_agg(conversation::jsonb ORDER BY conversation::jsonb))[1], min(callback_data COLLATE "C")
      FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::text[])
        AS new (workspace_id, platform_message_id, status, recipient, at, errors, pricing, conversation, callback_data)
     GROUP BY workspace_id, platform_message_id, status, recipient
    ON CONFLICT (tenant_id, workspace_id, platform_message_id, status, recipient) DO UPDATE SET
        at = least(r.at, EXCLUDED.at), errors = least(r.errors, EXCLUDED.errors), pricing = least(r.pricing, EXCLUDED.pricing),
        platform_conversation = least(r.platform_conversation, EXCLUDED.platform_conversation),
        callback_data = least(r.callback_data COLLATE "C", EXCLUDED.callback_data COLLATE "C")
     WHERE EXCLUDED.at < r.at OR least(r.errors, EXCLUDED.errors) IS DISTINCT FROM r.errors
        OR least(r.pricing, EXCLUDED.pricing) IS DISTINCT FROM r.pricing
        OR least(r.platform_conversation, EXCLUDED.platform_conversation) IS DISTINCT FROM r.platform_conversation
        OR least(r.callback_data COLLATE "C", EXCLUDED.callback_data COLLATE "C") IS DISTINCT FROM r.callback_data
    RETURNING workspace_id, platform_message_id, status, recipient"""
"""Two reports of one step become one, whichever comes first: the earlier time, and of two differing facts the smaller one."""

_ADOPT = """
    UPDATE messages m SET platform_message_id = told.platform_message_id
      FROM unnest(%b::uuid[], %b::uuid[], %b::text[]) AS told (workspace_id, message_id, platform_message_id)
     WHERE m.tenant_id = %s AND m.workspace_id = told.workspace_id AND m.id = told.message_id AND m.platform_message_id IS NULL"""

_APPLY = """
    UPDATE messages m SET
        status = CASE WHEN known.rank > m.status_rank THEN known.status ELSE m.status END,
        status_rank = greatest(m.status_rank, known.rank),
        sent_at = least(m.sent_at, known.sent_at), delivered_at = least(m.delivered_at, known.delivered_at),
        read_at = least(m.read_at, known.read_at), played_at = least(m.played_at, known.played_at),
        failed_at = least(m.failed_at, known.failed_at), deleted_at = least(m.deleted_at, known.deleted_at),
        errors = coalesce(known.errors, m.errors), pricing = coalesce(known.pricing, m.pricing),
        platform_conversation = coalesce(known.platform_conversation, m.platform_conversation)
      FROM (SELECT r.workspace_id, r.platform_message_id,
                   max(ranks.rank) AS rank, (array_agg(r.status ORDER BY ranks.rank DESC NULLS LAST))[1] AS status,
                   min(r.at) FILTER (WHERE r.status = 'SENT') AS sent_at, min(r.at) FILTER (WHERE r.status = 'DELIVERED') AS delivered_at,
                   min(r.at) FILTER (WHERE r.status = 'READ') AS read_at, min(r.at) FILTER (WHERE r.status = 'PLAYED') AS played_at,
                   min(r.at) FILTER (WHERE r.status = 'FAILED') AS failed_at, min(r.at) FILTER (WHERE r.status = 'DELETED') AS deleted_at,
                   (array_agg(r.errors ORDER BY r.at, r.recipient) FILTER (WHERE r.status = 'FAILED' AND r.errors IS NOT NULL))[1] AS errors,
                   (array_agg(r.pricing ORDER BY ranks.rank, r.status, r.recipient) FILTER (WHERE r.pricing IS NOT NULL))[1] AS pricing,
                   (array_agg(r.platform_conversation ORDER BY ranks.rank, r.status, r.recipient) FILTER (WHERE r.platform_conversation IS NOT NULL))[1]
                       AS platform_conversation
              FROM unnest(%(workspaces)b::uuid[], %(messages)b::text[]) AS wanted (workspace_id, platform_message_id)
             CROSS JOIN LATERAL (SELECT * FROM receipts r WHERE r.tenant_id = %(tenant)s AND r.workspace_id = wanted.workspace_id
                                    AND r.platform_message_id = wanted.platform_message_id OFFSET 0) r  -- by key, not by scan
              LEFT JOIN unnest(%(statuses)b::text[], %(ranks)b::smallint[]) AS ranks (status, rank) ON ranks.status = r.status
             GROUP BY 1, 2) AS known
     WHERE m.tenant_id = %(tenant)s AND m.workspace_id = known.workspace_id AND m.platform_message_id = known.platform_message_id
       AND m.direction = 'OUTBOUND'"""


async def record_receipts(tx: Tx, tenant_id: UUID, arrivals: Sequence[Arrival[ReceiptReported]]) -> list[bool]:
    """Store receipts, also those of messages that are not known yet. Returns for each arrival whether it brought anything new."""
    if not arrivals:
        return []
    rows = [_row(arrival) for arrival in arrivals]
    first: dict[ReceiptKey, int] = {}
    for index, row in enumerate(rows):
        first.setdefault(row[:4], index)
    await _adopt(tx, tenant_id, arrivals)
    cursor = await tx.execute(_INSERT, (tenant_id, *map(list, zip(*rows, strict=True))))
    changed = {first[row[0], row[1], row[2], row[3]] for row in await cursor.fetchall()}
    return [index in changed for index in range(len(arrivals))]


async def _adopt(tx: Tx, tenant_id: UUID, arrivals: Sequence[Arrival[ReceiptReported]]) -> None:
    """Give messages whose send ended Unknown the name by which the platform speaks of them: our id came back with it."""
    told = {
        (arrival.workspace_id, message_id, arrival.event.platform_message_id)
        for arrival in arrivals
        if (message_id := parse_id(arrival.event.callback_data or "")) is not None
    }
    if told:
        await tx.execute(_ADOPT, (*map(list, zip(*sorted(told), strict=True)), tenant_id))


async def apply_receipts(tx: Tx, tenant_id: UUID, keys: Collection[MessageKey]) -> None:
    """Bring the status of these messages up to date with all their receipts, early ones included."""
    if not keys:
        return
    await tx.execute(
        _APPLY,
        {
            "tenant": tenant_id,
            "workspaces": [workspace_id for workspace_id, _ in keys],
            "messages": [platform_message_id for _, platform_message_id in keys],
            "statuses": [status.value for status in RANKED_RECEIPTS],
            "ranks": [STATUS_RANK[MessageStatus(status.value)] for status in RANKED_RECEIPTS],
        },
    )


async def find_recipients(tx: Tx, tenant_id: UUID, keys: Collection[MessageKey]) -> dict[MessageKey, tuple[UUID, UUID]]:
    """Return our id and the contact of messages of ours that the platform speaks of."""
    if not keys:
        return {}
    cursor = await tx.execute(
        """SELECT m.workspace_id, m.platform_message_id, m.id, m.contact_id
             FROM unnest(%b::uuid[], %b::text[]) AS wanted (workspace_id, platform_message_id)
             JOIN messages m ON m.workspace_id = wanted.workspace_id AND m.platform_message_id = wanted.platform_message_id
            WHERE m.tenant_id = %s AND m.direction = 'OUTBOUND' AND m.contact_id IS NOT NULL""",
        ([workspace_id for workspace_id, _ in keys], [platform_message_id for _, platform_message_id in keys], tenant_id),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in await cursor.fetchall()}


def _row(arrival: Arrival[ReceiptReported]) -> tuple[Any, ...]:
    """Return one row in the order of `_INSERT`; its first four columns are the key."""
    event = arrival.event
    recipient = arrival.platform_user_id or event.recipient if event.recipient else ""
    key: ReceiptKey = (arrival.workspace_id, event.platform_message_id, event.status.value, recipient)
    return (*key, event.at, _json(event.errors or None), _json(event.pricing), _json(event.conversation), event.callback_data)


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
