"""Storing messages, once each, with the threads they belong to. Set-based: one batch is a handful of statements."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from sigma.connectors.events import Direction, MessageReceived
from sigma.conversations.actions import record_activity
from sigma.conversations.models import Activity
from sigma.kit.crypto import SealingKey, seal_context
from sigma.kit.db import Tx
from sigma.kit.ids import new_id
from sigma.messages.models import STATUS_RANK, Arrival, MessageStatus

MessageKey = tuple[UUID, str]
"""(workspace id, the platform's message id): what makes a message unique."""

_PLACEHOLDER = "media_placeholder"
"""What an imported history says instead of a file; the file follows later under the same id. Source: cloud-api.md 6.6."""

_IS_BETTER = f"""(NOT EXCLUDED.is_imported, EXCLUDED.content->>'type' IS DISTINCT FROM '{_PLACEHOLDER}')
                 > (NOT m.is_imported, m.content->>'type' IS DISTINCT FROM '{_PLACEHOLDER}')"""
"""Of two versions of one message the live one counts before the imported one, and the file before its placeholder."""

_REPLACED = (
    *("kind", "sender", "text", "timestamp_utc", "media", "interactive", "content", "reply_to", "context", "referral", "is_imported"),
    *("webhook_event_id", "webhook_event_at", "webhook_path"),
)

_TAKE_BETTER = ", ".join(
    [f"{column} = CASE WHEN {_IS_BETTER} THEN EXCLUDED.{column} ELSE m.{column} END" for column in _REPLACED]
    + [f"{column} = CASE WHEN {_IS_BETTER} THEN NULL ELSE m.{column} END" for column in ("original_text", "edit_id")]
)
"""Edits are applied again afterwards, to the better text."""

_INSERT = f"""
    INSERT INTO messages AS m (tenant_id, id, workspace_id, conversation_id, contact_id, platform, platform_message_id, direction, kind, sender, text,
                          timestamp_utc, media, interactive, content, sealed_content, reply_to, context, referral, group_id, is_imported, status,
                          status_rank, errors, webhook_event_id, webhook_event_at, webhook_path)
    SELECT %s, id, workspace_id, conversation_id, contact_id, platform, platform_message_id, direction, kind, sender::jsonb, text, timestamp_utc,
           media::jsonb, interactive::jsonb, content::jsonb, sealed_content, reply_to, context::jsonb, referral::jsonb, group_id, is_imported, status,
           status_rank, errors::jsonb, event_id, event_at, path
      FROM unnest(%b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::smallint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
                  %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::text[], %b::boolean[],
                  %b::text[], %b::smallint[], %b::text[], %b::uuid[], %b::timestamptz[], %b::text[])
        AS new (id, workspace_id, conversation_id, contact_id, platform, platform_message_id, direction, kind, sender, text, timestamp_utc, media,
                interactive, content, sealed_content, reply_to, context, referral, group_id, is_imported, status, status_rank, errors, event_id,
                event_at, path)
    ON CONFLICT (tenant_id, workspace_id, platform_message_id) DO UPDATE SET {_TAKE_BETTER},
        status = CASE WHEN EXCLUDED.status_rank > m.status_rank THEN EXCLUDED.status ELSE m.status END,
        status_rank = greatest(m.status_rank, EXCLUDED.status_rank)
     WHERE {_IS_BETTER} OR EXCLUDED.status_rank > m.status_rank
    RETURNING workspace_id, platform_message_id"""

_encode = msgspec.json.Encoder().encode


async def receive_messages(tx: Tx, tenant_id: UUID, arrivals: Sequence[Arrival[MessageReceived]], *, data_key: SealingKey) -> list[bool]:
    """Store messages and move their threads forward. Returns for each arrival whether it brought anything new."""
    threads = await record_activity(tx, tenant_id, _activities(arrivals))
    changed: set[int] = set()
    for versions in _rounds(arrivals):
        rows = [_row(tenant_id, arrivals[index], threads, data_key) for index in versions.values()]
        cursor = await tx.execute(_INSERT, (tenant_id, *map(list, zip(*rows, strict=True))))
        changed |= {versions[row[0], row[1]] for row in await cursor.fetchall()}
    return [index in changed for index in range(len(arrivals))]


def _rounds(arrivals: Sequence[Arrival[MessageReceived]]) -> list[dict[MessageKey, int]]:
    """Return which arrivals to store in one statement: each message once. Copies are left out, so there is normally one round."""
    rounds: list[dict[MessageKey, int]] = []
    for index, arrival in enumerate(arrivals):
        key = (arrival.workspace_id, arrival.event.platform_message_id)
        for versions in rounds:
            if key not in versions:
                versions[key] = index
                break
            if _version(arrivals[versions[key]].event) == _version(arrival.event):
                break
        else:
            rounds.append({key: index})
    return rounds


def _version(event: MessageReceived) -> tuple[bool, bool, MessageStatus]:
    """Return what tells versions of one message apart."""
    return event.is_imported, event.content is not None and event.content.get("type") == _PLACEHOLDER, _first_status(event)


def _activities(arrivals: Sequence[Arrival[MessageReceived]]) -> list[Activity]:
    """Return what happened in threads: group messages belong to none."""
    return [
        Activity(
            arrival.workspace_id,
            arrival.contact_id,
            arrival.event.at,
            arrival.event.opens_window and arrival.event.direction is Direction.INBOUND,
        )
        for arrival in arrivals
        if arrival.contact_id is not None and arrival.event.group_id is None
    ]


def _row(
    tenant_id: UUID, arrival: Arrival[MessageReceived], threads: dict[tuple[UUID, UUID], UUID], data_key: SealingKey
) -> tuple[Any, ...]:
    """Return one row in the order of `_INSERT`."""
    event = arrival.event
    message_id = new_id()
    thread = threads.get((arrival.workspace_id, arrival.contact_id)) if arrival.contact_id and event.group_id is None else None
    status = _first_status(event)
    return (
        message_id,
        arrival.workspace_id,
        thread,
        arrival.contact_id,
        arrival.platform.number,
        event.platform_message_id,
        event.direction.value,
        event.kind.value,
        _json(_sender(arrival)),
        event.text,
        event.at,
        _json(event.media),
        _json(event.interactive),
        _json(event.content),
        data_key.seal(_encode(event.private), context=sealed_content_context(tenant_id, message_id)) if event.private is not None else None,
        event.reply_to,
        _json(event.context),
        _json(event.referral),
        event.group_id,
        event.is_imported,
        status.value,
        STATUS_RANK[status],
        _json(event.errors or None),
        arrival.journal.event_id,
        arrival.journal.created_at,
        event.path,
    )


def _first_status(event: MessageReceived) -> MessageStatus:
    if event.direction is Direction.INBOUND:
        return MessageStatus.RECEIVED
    if event.imported_status is not None and event.imported_status.value in set(MessageStatus):
        return MessageStatus(event.imported_status.value)
    return MessageStatus.SENT if not event.is_imported else MessageStatus.ACCEPTED


def _sender(arrival: Arrival[MessageReceived]) -> dict[str, str | None]:
    """Return who wrote: the contact with its hashed address, or nobody in particular of the business."""
    if arrival.event.direction is Direction.OUTBOUND:
        return {"displayName": None, "platformUserId": None}
    return {"displayName": arrival.event.display_name, "platformUserId": arrival.platform_user_id}


def _json(value: Any) -> str | None:
    return None if value is None else _encode(value).decode()


def sealed_content_context(tenant_id: UUID, message_id: UUID) -> bytes:
    """Return the place that a message's sealed content is bound to."""
    return seal_context(tenant_id, "messages", message_id.bytes)
