"""Recording what came of sends: the message's status, the attempt, and what happens to the outbox row."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

import msgspec

from sigma.connectors.outbound import Accepted, FaultScope, Outcome, Rejected, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.errors import rule_for
from sigma.contacts.consent import MARKETING_REFUSED, marketing_refused, record_consents
from sigma.kit.db import Tx
from sigma.messages.models import STATUS_RANK, MessageStatus
from sigma.messages.receipts import apply_receipts
from sigma.sending.models import Claimed
from sigma.sending.rules import gives_up, retry_after

PAUSING_SCOPES = frozenset({FaultScope.TOKEN, FaultScope.NUMBER, FaultScope.ACCOUNT})
PAUSE_SECONDS = {FaultScope.TOKEN: 60, FaultScope.NUMBER: 900, FaultScope.ACCOUNT: 900}
"""How long a workspace rests before one message tries whether the fault is gone."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One claimed row with what came of it."""

    claimed: Claimed
    outcome: Outcome


def shows_health(outcome: Outcome) -> bool:
    """Whether an outcome proves that token, number and account work: the platform took the message, or judged the message itself."""
    return isinstance(outcome, Accepted) or (isinstance(outcome, Rejected) and outcome.scope not in PAUSING_SCOPES)


async def record_outcomes(tx: Tx, tenant_id: UUID, results: Sequence[Sent], *, now: datetime, chance: random.Random) -> None:
    """Write the outcomes of one tenant's sends. Acceptance, by far the most frequent, is written for all at once."""
    accepted: list[tuple[Claimed, Accepted]] = []
    for result in results:
        claimed, outcome = result.claimed, result.outcome
        match outcome:
            case Accepted():
                accepted.append((claimed, outcome))
            case Rejected() if outcome.scope in PAUSING_SCOPES:
                await _pause(tx, claimed, outcome, now)
            case Rejected():
                await _reject(tx, claimed, outcome, now)
            case Throttled():
                await _postpone(tx, claimed, outcome, now, chance)
            case Unknown():
                await _leave_unknown(tx, claimed, outcome, now)
            case _:
                assert_never(outcome)
    if accepted:
        await _accept(tx, tenant_id, accepted, now)
    healthy = {result.claimed.workspace_id for result in results if result.claimed.is_probe and shows_health(result.outcome)}
    if healthy:
        await _resume(tx, tenant_id, healthy)


async def _resume(tx: Tx, tenant_id: UUID, workspace_ids: Collection[UUID]) -> None:
    """A probe got through: whatever made these workspaces rest is gone."""
    await tx.execute(
        """UPDATE workspaces SET sending_paused_at = NULL, sending_resumes_at = NULL, sending_pause = NULL
            WHERE tenant_id = %s AND id = ANY (%s)""",
        (tenant_id, list(workspace_ids)),
    )


async def _accept(tx: Tx, tenant_id: UUID, accepted: Sequence[tuple[Claimed, Accepted]], now: datetime) -> None:
    """The platform took these: name them as it does, end their attempts, and join receipts that were quicker than the answer."""
    message_ids = [claimed.message_id for claimed, _ in accepted]
    attempts = [claimed.attempt for claimed, _ in accepted]
    names = [outcome.platform_message_id for _, outcome in accepted]
    rank = STATUS_RANK[MessageStatus.ACCEPTED]
    await tx.execute(
        """UPDATE messages m SET platform_message_id = done.name, status = CASE WHEN m.status_rank < %s THEN %s ELSE m.status END,
                  status_at = CASE WHEN m.status_rank < %s THEN %s ELSE m.status_at END, status_rank = greatest(m.status_rank, %s)
             FROM unnest(%b::uuid[], %b::text[]) AS done (id, name) WHERE m.tenant_id = %s AND m.id = done.id""",
        (rank, MessageStatus.ACCEPTED.value, rank, now, rank, message_ids, names, tenant_id),
    )
    await tx.execute(
        """UPDATE send_attempts a SET ended_at = %s, outcome = 'ACCEPTED' FROM unnest(%b::uuid[], %b::int[]) AS done (id, attempt)
            WHERE a.tenant_id = %s AND a.message_id = done.id AND a.number = done.attempt""",
        (now, message_ids, attempts, tenant_id),
    )
    await tx.execute(
        """DELETE FROM outbox o USING unnest(%b::uuid[], %b::int[]) AS done (id, attempt)
            WHERE o.tenant_id = %s AND o.message_id = done.id AND o.attempt = done.attempt""",
        (message_ids, attempts, tenant_id),
    )
    await apply_receipts(tx, tenant_id, [(claimed.workspace_id, name) for (claimed, _), name in zip(accepted, names, strict=True)])


async def _reject(tx: Tx, claimed: Claimed, outcome: Rejected, now: datetime) -> None:
    """The platform's no is final for this message; its outbox row stays as a dead letter, so that it can be tried again by hand."""
    await mark_failed(tx, claimed, code=outcome.code, title=outcome.title, details=outcome.details, advice=outcome.advice, now=now)
    await _end_attempt(tx, claimed, "REJECTED", now, code=outcome.code, details=outcome.title)
    await _set_state(tx, claimed, "DEAD")
    if outcome.code == MARKETING_REFUSED and claimed.contact_id is not None:
        await record_consents(tx, claimed.tenant_id, [marketing_refused(claimed.contact_id, claimed.message_id, now)])


async def mark_failed(
    tx: Tx, claimed: Claimed, *, code: int | str | None, title: str, details: str | None, advice: str, now: datetime
) -> None:
    """Make the message FAILED with the reason and what to do, unless a receipt has proved otherwise."""
    error: dict[str, Any] = {"code": code if isinstance(code, int) else -1, "title": title, "details": details, "advice": advice}
    await tx.execute(
        """UPDATE messages SET status = %s, status_rank = %s, status_at = %s, failed_at = %s, errors = %s::jsonb
            WHERE tenant_id = %s AND id = %s AND status_rank < %s""",
        (
            MessageStatus.FAILED.value,
            STATUS_RANK[MessageStatus.FAILED],
            now,
            now,
            msgspec.json.encode([error]).decode(),
            claimed.tenant_id,
            claimed.message_id,
            STATUS_RANK[MessageStatus.FAILED],
        ),
    )


async def _pause(tx: Tx, claimed: Claimed, outcome: Rejected, now: datetime) -> None:
    """Nothing is wrong with the message: it waits, and its whole workspace rests until the fault is gone."""
    reason = {"code": outcome.code, "scope": outcome.scope.value, "title": outcome.title, "advice": outcome.advice}
    await tx.execute(
        """UPDATE workspaces SET sending_paused_at = coalesce(sending_paused_at, %s), sending_resumes_at = %s, sending_pause = %s::jsonb
            WHERE tenant_id = %s AND id = %s""",
        (
            now,
            now + timedelta(seconds=PAUSE_SECONDS[outcome.scope]),
            msgspec.json.encode(reason).decode(),
            claimed.tenant_id,
            claimed.workspace_id,
        ),
    )
    await _end_attempt(tx, claimed, "REJECTED", now, code=outcome.code, details=outcome.title)
    await _requeue(tx, claimed, not_before=now, failures=claimed.failures)


async def _postpone(tx: Tx, claimed: Claimed, outcome: Throttled, now: datetime, chance: random.Random) -> None:
    await _end_attempt(tx, claimed, "THROTTLED", now, code=outcome.code)
    if gives_up(outcome.code, claimed.failures + 1, waited=now - claimed.created_at):
        title = rule_for(outcome.code).title if outcome.code is not None else "The platform could not be reached"
        advice = f"SIGMA tried {claimed.attempt} times. Send it again with retryMessage when the fault is over."
        await mark_failed(tx, claimed, code=outcome.code, title=title, details=None, advice=advice, now=now)
        await _set_state(tx, claimed, "DEAD")
        return
    pair = outcome.scope is ThrottleScope.RECIPIENT
    wait = retry_after(claimed.failures, hint=outcome.retry_in, pair=pair, chance=chance)
    await _requeue(tx, claimed, not_before=now + wait, failures=claimed.failures + 1)


async def _leave_unknown(tx: Tx, claimed: Claimed, outcome: Unknown, now: datetime) -> None:
    """The platform may have taken it: it is not sent again. A receipt that carries our id resolves it."""
    await tx.execute(
        "UPDATE messages SET status = %s, status_rank = %s, status_at = %s WHERE tenant_id = %s AND id = %s AND status_rank < %s",
        (
            MessageStatus.UNKNOWN.value,
            STATUS_RANK[MessageStatus.UNKNOWN],
            now,
            claimed.tenant_id,
            claimed.message_id,
            STATUS_RANK[MessageStatus.UNKNOWN],
        ),
    )
    await _end_attempt(tx, claimed, "UNKNOWN", now, details=outcome.reason)
    await _set_state(tx, claimed, "UNKNOWN")


async def _end_attempt(
    tx: Tx, claimed: Claimed, outcome: str, now: datetime, *, code: int | None = None, details: str | None = None
) -> None:
    await tx.execute(
        """UPDATE send_attempts SET ended_at = %s, outcome = %s, code = %s, details = %s
            WHERE tenant_id = %s AND message_id = %s AND number = %s""",
        (now, outcome, code, details, claimed.tenant_id, claimed.message_id, claimed.attempt),
    )


async def _set_state(tx: Tx, claimed: Claimed, state: str) -> None:
    await tx.execute(
        "UPDATE outbox SET state = %s, lease_until = NULL WHERE tenant_id = %s AND message_id = %s AND attempt = %s",
        (state, claimed.tenant_id, claimed.message_id, claimed.attempt),
    )


async def _requeue(tx: Tx, claimed: Claimed, *, not_before: datetime, failures: int) -> None:
    await tx.execute(
        """UPDATE outbox SET state = 'QUEUED', lease_until = NULL, not_before = %s, failures = %s
            WHERE tenant_id = %s AND message_id = %s AND attempt = %s""",
        (not_before, failures, claimed.tenant_id, claimed.message_id, claimed.attempt),
    )
