"""Taking messages from the outbox for one attempt each: the next ones of a number, by lane, within the rules of this moment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from sigma.contacts.consent import ConsentPurpose, find_opt_outs
from sigma.kit.crypto import CannotUnseal
from sigma.kit.db import Tx
from sigma.sending.models import Claimed, ContactOptedOut, CustomerServiceWindowClosed, Lane, OutboxPayload, RecipientUnreachable
from sigma.sending.outcomes import mark_failed
from sigma.sending.rules import is_refused, is_window_open, window_advice
from sigma.sending.send import outbox_context
from sigma.tenants.keys import KeyRing

LEASE = timedelta(seconds=90)
"""How long a send may be under way before its process counts as dead: longer than the longest HTTP call."""

_decode = msgspec.json.Decoder(OutboxPayload).decode

_NEXT = """
    SELECT o.message_id, m.contact_id, o.recipient_hash, o.lane, o.needs_window, o.sealed, o.sealed_day, o.attempt, o.failures, o.created_at,
           c.last_inbound_at
      FROM outbox o
      JOIN messages m ON m.tenant_id = o.tenant_id AND m.id = o.message_id
      LEFT JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
     WHERE o.tenant_id = %s AND o.workspace_id = %s AND o.state = 'QUEUED' AND o.not_before <= %s
     ORDER BY o.lane, o.not_before, o.message_id LIMIT %s FOR UPDATE OF o SKIP LOCKED"""

_CLAIM = """
    UPDATE outbox SET state = 'SENDING', attempt = attempt + 1, lease_until = clock_timestamp() + %s
     WHERE tenant_id = %s AND message_id = ANY (%b::uuid[])"""

_BEGIN_ATTEMPTS = """
    INSERT INTO send_attempts (tenant_id, message_id, number) SELECT tenant_id, message_id, attempt FROM outbox
     WHERE tenant_id = %s AND message_id = ANY (%b::uuid[])"""


_PROBE = "UPDATE workspaces SET sending_resumes_at = %s WHERE tenant_id = %s AND id = %s"

PROBE_LEASE = timedelta(seconds=60)
"""How long a probe may take before another one is sent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one look into the outbox gave: what may be sent, and how many rows were dealt with in all."""

    sends: list[Claimed]
    handled: int


async def can_send(tx: Tx, tenant_id: UUID, workspace_id: UUID, *, now: datetime) -> tuple[str | None, bool]:
    """Return the phone number id of a workspace that may send now (None: it may not), and whether it only tries if a fault is gone."""
    cursor = await tx.execute(
        "SELECT external_id, sending_paused_at, sending_resumes_at FROM workspaces WHERE tenant_id = %s AND id = %s AND is_active",
        (tenant_id, workspace_id),
    )
    row = await cursor.fetchone()
    if row is None or (row[1] is not None and row[2] is not None and row[2] > now):
        return None, False
    return str(row[0]), row[1] is not None


async def claim(
    tx: Tx,
    keys: KeyRing,
    tenant_id: UUID,
    workspace_id: UUID,
    *,
    limit: int,
    now: datetime,
    pair_wait: Callable[[bytes], float],
    is_probe: bool = False,
) -> Claim:
    """Claim up to `limit` messages. What the rules forbid by now fails here, and what must wait for its recipient is put off."""
    rows = await (await tx.execute(_NEXT, (tenant_id, workspace_id, now, limit), binary=True)).fetchall()
    refused = await find_opt_outs(tx, tenant_id, {row[1] for row in rows if row[1] is not None and not row[4]}) if rows else {}
    claimed: list[Claimed] = []
    for message_id, contact_id, recipient_hash, lane, needs_window, sealed, day, attempt, failures, created_at, last_inbound_at in rows:
        one = Claimed(tenant_id, message_id, workspace_id, contact_id, bytes(recipient_hash), attempt, failures, _EMPTY, created_at)
        fault = _fault(Lane(lane), refused.get(contact_id, set()), last_inbound_at, needs_window=needs_window, now=now)
        payload = None if fault else await _open(keys, tenant_id, message_id, bytes(sealed), day)
        if fault or payload is None:
            await _fail(tx, one, fault or RecipientUnreachable(), now)
            continue
        wait = pair_wait(one.recipient_hash)
        if wait > 0:
            await tx.execute(
                "UPDATE outbox SET not_before = %s WHERE tenant_id = %s AND message_id = %s",
                (now + timedelta(seconds=wait), tenant_id, message_id),
            )
            continue
        claimed.append(replace(one, attempt=attempt + 1, payload=payload, is_probe=is_probe))
    if claimed:
        message_ids = [one.message_id for one in claimed]
        await tx.execute(_CLAIM, (LEASE, tenant_id, message_ids))
        await tx.execute(_BEGIN_ATTEMPTS, (tenant_id, message_ids))
        if is_probe:
            await tx.execute(_PROBE, (now + PROBE_LEASE, tenant_id, workspace_id))
    return Claim(claimed, len(rows))


Fault = CustomerServiceWindowClosed | ContactOptedOut | RecipientUnreachable


def _fault(
    lane: Lane, refused: set[ConsentPurpose], last_inbound_at: datetime | None, *, needs_window: bool, now: datetime
) -> Fault | None:
    """Return why a queued message may not leave any more: the window closed, or the contact opted out, while it waited."""
    if needs_window and not is_window_open(last_inbound_at, now=now):
        return CustomerServiceWindowClosed(window_advice(last_inbound_at))
    if not needs_window and is_refused(refused, lane):
        return ContactOptedOut()
    return None


async def _fail(tx: Tx, one: Claimed, fault: Fault, now: datetime) -> None:
    await mark_failed(tx, one, code=None, title=fault.code, details=None, advice=fault.message, now=now)
    await tx.execute("UPDATE outbox SET state = 'DEAD' WHERE tenant_id = %s AND message_id = %s", (one.tenant_id, one.message_id))


async def _open(keys: KeyRing, tenant_id: UUID, message_id: UUID, sealed: bytes, day: datetime) -> OutboxPayload | None:
    try:
        key = await keys.raw_key(tenant_id, day, create=False)
        return _decode(key.unseal(sealed, context=outbox_context(tenant_id, message_id)))
    except (CannotUnseal, msgspec.DecodeError):  # msgspec: written by another release
        return None


_EMPTY: OutboxPayload = msgspec.convert({"recipient": {}, "content": {"what": "text", "body": ""}}, OutboxPayload)
