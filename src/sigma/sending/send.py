"""A send is a row: the message and its outbox entry are written in the caller's transaction, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from sigma.connectors.events import Direction, Platform
from sigma.connectors.outbound import (
    AnyContent,
    ButtonsContent,
    ContactsContent,
    CtaUrlContent,
    FlowContent,
    ListContent,
    LocationContent,
    LocationRequestContent,
    MediaContent,
    ReactionContent,
    TemplateContent,
    TextContent,
    kind_of,
)
from sigma.connectors.whatsapp.limits import check_content
from sigma.contacts.consent import find_opt_outs
from sigma.conversations.actions import record_activity
from sigma.conversations.models import Activity
from sigma.conversations.queries import find_conversations
from sigma.kit.crypto import keyed_hash, seal_context
from sigma.kit.db import Tx
from sigma.kit.errors import InvalidInput
from sigma.kit.ids import new_id
from sigma.kit.sql import UNSTORABLE
from sigma.messages.models import STATUS_RANK, MessageNotFound, MessageStatus
from sigma.messages.queries import get_message
from sigma.sending.models import (
    SENDERS,
    AccessTokenMissing,
    ContactOptedOut,
    CustomerServiceWindowClosed,
    IdempotencyKeyReused,
    OutboxPayload,
    QuotedMessageNotFound,
    SendCommand,
    WorkspaceInactive,
)
from sigma.sending.recipients import Resolved, resolve
from sigma.sending.rules import is_refused, is_window_open, window_advice
from sigma.tenants.keys import KeyRing
from sigma.tenants.models import TenantScope
from sigma.workspaces.models import Workspace, WorkspaceNotFound
from sigma.workspaces.queries import get_workspace

OUTBOX_CHANNEL = "sigma_outbox"

IDEMPOTENCY_WINDOW = timedelta(hours=24)
"""How long the same key means the same message."""

MAX_KEY_CHARS = 255


class Sender:
    """Turns commands into outbox rows."""

    def __init__(
        self, keys: KeyRing, *, has_access_token: Callable[[str], bool], default_region: str | None, default_language: str
    ) -> None:
        """`has_access_token` tells whether a tenant (its id as text) can send at all."""
        self._keys = keys
        self._has_access_token = has_access_token
        self._default_region = default_region
        self.default_language = default_language

    async def prepare(self, scope: TenantScope, *, now: datetime) -> None:
        """Have the tenant's keys at hand. Call it before the transaction: making a key takes one of its own, and so a second connection."""
        scope.require(SENDERS)
        await self._keys.index_key(scope.tenant_id)
        await self._keys.raw_key(scope.tenant_id, now.date())

    async def send(self, tx: Tx, scope: TenantScope, command: SendCommand, *, now: datetime) -> UUID:
        """Queue one message. Returns its id; the same idempotency key returns the same id and queues nothing.

        Raises: Forbidden, and every error of `models` and of the connector's limits. Nothing is half-queued then.
        """
        scope.require(SENDERS)
        check_content(command.content)
        _check_storable(command.content)
        check_key(command.idempotency_key)
        earlier = await self._earlier(tx, scope, command, now)
        if earlier is not None:
            return earlier
        workspace = await _workspace(tx, scope, command.workspace_id)
        if not workspace.is_active:
            raise WorkspaceInactive(field=("input", "workspaceId"))
        if not self._has_access_token(str(scope.tenant_id)):
            raise AccessTokenMissing(field=("input", "workspaceId"))
        resolved = await resolve(tx, scope, self._keys, command, now=now, default_region=self._default_region)
        quoted = await self._quoted(tx, scope, command)
        thread = await record_activity(tx, scope.tenant_id, [Activity(workspace.id, resolved.contact_id, now, opens_window=False)])
        draft = _Draft(command, resolved, new_id(), thread[workspace.id, resolved.contact_id], quoted, now)
        await self._check_rules(tx, scope, draft)
        await self._insert_message(tx, scope, draft)
        await self._insert_outbox(tx, scope, draft)
        await self._remember(tx, scope, draft)
        await tx.execute("SELECT pg_notify(%s, '')", (OUTBOX_CHANNEL,))
        return draft.message_id

    async def _earlier(self, tx: Tx, scope: TenantScope, command: SendCommand, now: datetime) -> UUID | None:
        """Return the message that this idempotency key made before. Raises: IdempotencyKeyReused for another command."""
        if command.idempotency_key is None:
            return None
        # Two requests with one key wait for each other: the second then finds what the first made.
        await tx.execute("SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", (str(scope.tenant_id), command.idempotency_key))
        cursor = await tx.execute(
            "SELECT request_hash, message_id FROM idempotency_keys WHERE tenant_id = %s AND key = %s AND created_at > %s",
            (scope.tenant_id, command.idempotency_key, now - IDEMPOTENCY_WINDOW),
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        if bytes(row[0]) != await self._request_hash(scope, command):
            raise IdempotencyKeyReused(field=("input", "clientMutationId"))
        return UUID(str(row[1]))

    async def _remember(self, tx: Tx, scope: TenantScope, draft: "_Draft") -> None:
        command = draft.command
        if command.idempotency_key is not None:
            await tx.execute(
                """INSERT INTO idempotency_keys (tenant_id, key, request_hash, message_id, created_at) VALUES (%s, %s, %s, %s, %s)
                   ON CONFLICT (tenant_id, key) DO UPDATE SET
                       request_hash = EXCLUDED.request_hash, message_id = EXCLUDED.message_id, created_at = EXCLUDED.created_at""",
                (scope.tenant_id, command.idempotency_key, await self._request_hash(scope, command), draft.message_id, draft.at),
            )

    async def _request_hash(self, scope: TenantScope, command: SendCommand) -> bytes:
        """Return what tells two commands apart: everything but the key, hashed with the tenant's salt, for it holds an address."""
        target = command.target
        whom = [str(value) for value in (target.phone, target.user_id, target.contact_id, target.conversation_id)]
        facts = [str(command.workspace_id), whom, msgspec.to_builtins(command.content), str(command.reply_to)]
        return keyed_hash(await self._keys.index_key(scope.tenant_id), b"request:" + msgspec.json.encode(facts, order="sorted"))

    async def _quoted(self, tx: Tx, scope: TenantScope, command: SendCommand) -> str | None:
        if command.reply_to is None:
            return None
        try:
            quoted = await get_message(tx, scope, command.reply_to)
        except MessageNotFound as error:
            raise QuotedMessageNotFound(field=("input", "replyTo")) from error
        if quoted.workspace_id != command.workspace_id or quoted.platform_message_id is None:
            raise QuotedMessageNotFound(field=("input", "replyTo"))
        return quoted.platform_message_id

    async def _check_rules(self, tx: Tx, scope: TenantScope, draft: "_Draft") -> None:
        """Refuse what Meta would refuse, and what the contact refused."""
        if draft.command.needs_window:
            conversation = (await find_conversations(tx, scope, [draft.conversation_id]))[draft.conversation_id]
            if not is_window_open(conversation.last_inbound_at, now=draft.at):
                raise CustomerServiceWindowClosed(window_advice(conversation.last_inbound_at), field=("input",))
            return
        refused = (await find_opt_outs(tx, scope.tenant_id, [draft.to.contact_id])).get(draft.to.contact_id, set())
        if is_refused(refused, draft.command.goes_by):
            raise ContactOptedOut(field=("input",))

    async def _insert_message(self, tx: Tx, scope: TenantScope, draft: "_Draft") -> None:
        shown = show_content(draft.command.content)
        await tx.execute(
            """INSERT INTO messages (tenant_id, id, workspace_id, conversation_id, contact_id, platform, direction, kind, sender, text, timestamp_utc,
                                     media, interactive, content, reply_to, status, status_rank, status_at, sent_by)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '{"displayName": null, "platformUserId": null}', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                scope.tenant_id,
                draft.message_id,
                draft.command.workspace_id,
                draft.conversation_id,
                draft.to.contact_id,
                Platform.WHATS_APP.number,
                Direction.OUTBOUND.value,
                kind_of(draft.command.content).value,
                shown.get("text"),
                draft.at,
                _json(shown.get("media")),
                _json(shown.get("interactive")),
                _json(shown.get("content")),
                draft.quoted,
                MessageStatus.QUEUED.value,
                STATUS_RANK[MessageStatus.QUEUED],
                draft.at,
                scope.actor,
            ),
        )

    async def _insert_outbox(self, tx: Tx, scope: TenantScope, draft: "_Draft") -> None:
        command, day = draft.command, draft.at.date()
        payload = OutboxPayload(recipient=draft.to.recipient, content=command.content, reply_to=draft.quoted)
        key = await self._keys.raw_key(scope.tenant_id, day)
        await tx.execute(
            """INSERT INTO outbox (tenant_id, message_id, workspace_id, lane, recipient_hash, needs_window, purpose, sealed, sealed_day,
                                   not_before, created_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
            (
                scope.tenant_id,
                draft.message_id,
                command.workspace_id,
                int(command.goes_by),
                draft.to.recipient_hash,
                command.needs_window,
                "reply" if command.needs_window else "template",
                key.seal(msgspec.json.encode(payload), context=outbox_context(scope.tenant_id, draft.message_id)),
                day,
                draft.at,
                draft.at,
            ),
        )


@dataclass(frozen=True, slots=True)
class _Draft:
    """A message that is about to be queued."""

    command: SendCommand
    to: Resolved
    message_id: UUID
    conversation_id: UUID
    quoted: str | None
    at: datetime


async def _workspace(tx: Tx, scope: TenantScope, workspace_id: UUID) -> Workspace:
    try:
        return await get_workspace(tx, scope, workspace_id)
    except WorkspaceNotFound:
        raise WorkspaceNotFound(field=("input", "workspaceId")) from None


def _check_storable(content: AnyContent) -> None:
    """Check the parts that no limit looks at, such as a file's name. Raises: InvalidInput for what cannot be stored."""
    if any(UNSTORABLE.search(text) for text in _texts(msgspec.to_builtins(content))):
        raise InvalidInput("A text holds a NUL character or half of a character; take it out.", field=("input",))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from (name, *_texts(part))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def check_key(key: str | None) -> None:
    """Check an idempotency key. Raises: InvalidInput."""
    if key is not None and (not 0 < len(key) <= MAX_KEY_CHARS or UNSTORABLE.search(key)):
        raise InvalidInput(f"A clientMutationId has 1 to {MAX_KEY_CHARS} characters.", field=("input", "clientMutationId"))


def outbox_context(tenant_id: UUID, message_id: UUID) -> bytes:
    """Return the place that a sealed outbox payload is bound to."""
    return seal_context(tenant_id, "outbox", message_id.bytes)


def show_content(content: AnyContent) -> dict[str, Any]:
    """Return what the thread shows of a content: text, media, interactive and content, as inbound messages have them. No addresses."""
    match content:
        case TextContent():
            return {"text": content.body}
        case MediaContent():
            media = {"id": content.media.id or "", "filename": content.media.filename, "caption": content.caption, "voice": content.voice}
            return {"text": content.caption, "media": {name: value for name, value in media.items() if value is not None}}
        case LocationContent():
            return {"text": content.name, "content": msgspec.to_builtins(content)}
        case ContactsContent():
            return {"content": {"count": len(content.cards)}}
        case ReactionContent():
            return {"text": content.emoji, "content": {"reaction_to": content.message_id}}
        case ButtonsContent() | ListContent() | CtaUrlContent() | FlowContent() | LocationRequestContent():
            return {"text": content.body, "interactive": {"type": content.__struct_config__.tag, "data": msgspec.to_builtins(content)}}
        case TemplateContent():
            return {
                "content": {"template": content.name, "language": content.language, "parameters": [one.text for one in content.parameters]}
            }


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
