"""Reading messages: filtered, ordered both ways, page by page."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sigma.connectors.events import Direction, MessageKind, Platform
from sigma.kit.db import Tx
from sigma.kit.paging import Page, PageRequest, make_page
from sigma.kit.sql import contains_pattern
from sigma.messages.models import MESSAGE_COLUMNS, Message, MessageNotFound, Reaction
from sigma.messages.receive import MessageKey
from sigma.tenants.models import READERS, TenantScope


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are wanted; None means any. `since` is inclusive, `until` exclusive; `text` is found anywhere, in any case."""

    workspace_id: UUID | None = None
    conversation_id: UUID | None = None
    contact_id: UUID | None = None
    platform: Platform | None = None
    direction: Direction | None = None
    kinds: Sequence[MessageKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


async def list_messages(tx: Tx, scope: TenantScope, page: PageRequest, wanted: MessageFilter, *, newest_first: bool) -> Page[Message]:
    """Return messages by their own time. Raises: Forbidden."""
    scope.require(READERS)
    conditions = [condition for condition, value in _conditions(wanted) if value is not None]
    direction, comparison = ("DESC", "<") if newest_first else ("ASC", ">")
    if page.after is not None:
        conditions.append(f"(timestamp_utc, id) {comparison} (%(after_at)s, %(after_id)s)")
    cursor = await tx.execute(
        # lint: allow sql-text, because the conditions are literals of this file
        f"""SELECT {MESSAGE_COLUMNS} FROM messages WHERE {" AND ".join(["tenant_id = %(tenant)s", *conditions])}
             ORDER BY timestamp_utc {direction}, id {direction} LIMIT %(limit)s""",
        {
            "tenant": scope.tenant_id,
            "workspace": wanted.workspace_id,
            "conversation": wanted.conversation_id,
            "contact": wanted.contact_id,
            "platform": wanted.platform.number if wanted.platform else None,
            "direction": wanted.direction,
            "kinds": [kind.value for kind in wanted.kinds or ()],
            "since": wanted.since,
            "until": wanted.until,
            "text": contains_pattern(wanted.text),
            "after_at": page.after and page.after[0],
            "after_id": page.after and page.after[1],
            "limit": page.first + 1,
        },
    )
    rows = [Message.from_row(row) for row in await cursor.fetchall()]
    return make_page(rows, page, key=lambda message: (message.timestamp_utc, message.id))


def _conditions(wanted: MessageFilter) -> list[tuple[str, object | None]]:
    """Return every condition with the value that decides whether it is used."""
    return [
        ("workspace_id = %(workspace)s", wanted.workspace_id),
        ("conversation_id = %(conversation)s", wanted.conversation_id),
        ("contact_id = %(contact)s", wanted.contact_id),
        ("platform = %(platform)s", wanted.platform),
        ("direction = %(direction)s", wanted.direction),
        ("kind = ANY (%(kinds)s)", wanted.kinds),
        ("timestamp_utc >= %(since)s", wanted.since),
        ("timestamp_utc < %(until)s", wanted.until),
        ("text ILIKE %(text)s", wanted.text),
    ]


async def get_message(tx: Tx, scope: TenantScope, message_id: UUID) -> Message:
    """Return one message. Raises: Forbidden, MessageNotFound (also when it is another tenant's)."""
    scope.require(READERS)
    cursor = await tx.execute(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE tenant_id = %s AND id = %s", (scope.tenant_id, message_id))
    row = await cursor.fetchone()
    if row is None:
        raise MessageNotFound
    return Message.from_row(row)


async def find_messages(tx: Tx, scope: TenantScope, keys: Collection[MessageKey]) -> dict[MessageKey, Message]:
    """Return messages by workspace and platform id."""
    cursor = await tx.execute(
        f"""SELECT {MESSAGE_COLUMNS} FROM messages
             WHERE tenant_id = %s AND (workspace_id, platform_message_id) IN (SELECT * FROM unnest(%b::uuid[], %b::text[]))""",
        (scope.tenant_id, [workspace_id for workspace_id, _ in keys], [platform_id for _, platform_id in keys]),
    )
    found = [Message.from_row(row) for row in await cursor.fetchall()]
    return {(message.workspace_id, message.platform_message_id): message for message in found if message.platform_message_id is not None}


async def find_reactions(tx: Tx, scope: TenantScope, keys: Collection[MessageKey]) -> dict[MessageKey, list[Reaction]]:
    """Return the reactions that stand on these messages, oldest first."""
    cursor = await tx.execute(
        """SELECT r.workspace_id, r.target_message_id, r.emoji, r.direction, r.contact_id, r.at FROM reactions r
             JOIN unnest(%b::uuid[], %b::text[]) AS wanted (workspace_id, target_message_id)
               ON r.workspace_id = wanted.workspace_id AND r.target_message_id = wanted.target_message_id
            WHERE r.tenant_id = %s AND r.emoji IS NOT NULL ORDER BY r.at, r.reactor""",
        ([workspace_id for workspace_id, _ in keys], [platform_id for _, platform_id in keys], scope.tenant_id),
    )
    found: dict[MessageKey, list[Reaction]] = defaultdict(list)
    for row in await cursor.fetchall():
        found[row[0], row[1]].append(Reaction(row[2], Direction(row[3]), row[4], row[5]))
    return found
