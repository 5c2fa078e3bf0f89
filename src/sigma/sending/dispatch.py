"""The dispatcher: claims, commits, calls the platform, and records what came of it in a second transaction.

One dispatcher is at work in an installation, the others stand by: so the pace of a number is kept in one place. A send whose
process dies between call and record becomes Unknown; it is resolved by a receipt that carries our id, never by sending again.
"""

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

import psycopg

from sigma.connectors.outbound import Accepted, Outcome, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.payloads import build_payload
from sigma.kit.clock import Clock
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.sending.claim import can_send, claim
from sigma.sending.models import Claimed
from sigma.sending.outcomes import Sent, record_outcomes
from sigma.sending.rules import NumberPace, PairPace
from sigma.tenants.keys import KeyRing

LEADER_LOCK = 7316004
MAX_IN_FLIGHT = 256
MAX_CLAIM = 64
IDLE_SECONDS = 0.25
STAND_BY_SECONDS = 2.0
LEASE_CHECK_SECONDS = 5.0

log = get_logger("sending.dispatch")

Address = tuple[UUID, UUID]
"""(tenant id, workspace id)."""


class Platform(Protocol):
    """What the dispatcher needs of a connector's client: one call, and what came of it. It never raises for a platform's answer."""

    async def send(self, phone_number_id: str, access_token: str, payload: dict[str, Any]) -> Outcome:
        """Hand over one message."""


class Dispatcher:
    """Sends what the outbox holds, until cancelled."""

    def __init__(
        self,
        db: Database,
        keys: KeyRing,
        platform: Platform,
        *,
        access_token: Callable[[str], str | None],
        clock: Clock,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._keys = keys
        self._platform = platform
        self._access_token = access_token
        self._clock = clock
        self._on_outcome = on_outcome
        self._paces: dict[UUID, NumberPace] = defaultdict(NumberPace)
        self._pairs = PairPace()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._results: asyncio.Queue[Sent] = asyncio.Queue()
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Work while this process is the leader; finish the calls that are under way when cancelled."""
        while True:
            with contextlib.suppress(*DATABASE_DOWN, OSError):
                await self._lead()
            await asyncio.sleep(STAND_BY_SECONDS)

    async def _lead(self) -> None:
        """Dispatch for as long as the leader's lock is ours."""
        async with await self._db.connect(DatabaseRole.WORKER) as leader:
            row = await (await leader.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,))).fetchone()
            if row is None or not row[0]:
                return
            async with asyncio.TaskGroup() as tasks:
                recorder = tasks.create_task(self._record())
                tasks.create_task(self._expire_leases(leader))
                try:
                    await self._dispatch()
                finally:
                    if self._in_flight:
                        await asyncio.wait(self._in_flight)
                    await self._results.join()
                    recorder.cancel()

    async def _dispatch(self) -> None:
        while True:
            self.wake.clear()
            claimed = await self.dispatch_round()
            if not claimed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS if not self._in_flight else IDLE_SECONDS / 10):
                        await self.wake.wait()

    async def dispatch_round(self) -> int:
        """Give every waiting workspace its share of what may leave now. Returns how many sends began."""
        ready = await self._ready()
        self._chance.shuffle(ready)
        began = 0
        for position, address in enumerate(ready):
            free = MAX_IN_FLIGHT - len(self._in_flight)
            share = -(-free // (len(ready) - position))  # an equal part of what is free, rounded up
            began += await self._begin(address, min(share, MAX_CLAIM))
        return began

    async def _ready(self) -> list[Address]:
        async with self._db.transaction(DatabaseRole.WORKER, None) as tx:
            return [(row[0], row[1]) for row in await (await tx.execute("SELECT * FROM workspaces_ready_to_send()")).fetchall()]

    async def _begin(self, address: Address, share: int) -> int:
        tenant_id, workspace_id = address
        pace = self._paces[workspace_id]
        limit = min(share, pace.available(time.monotonic()))
        token = self._access_token(str(tenant_id))
        if limit <= 0 or token is None:
            return 0
        now = self._clock()
        async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
            phone_number_id, is_probe = await can_send(tx, tenant_id, workspace_id, now=now)
            if phone_number_id is None:
                return 0
            monotonic = time.monotonic()
            claimed = await claim(
                tx,
                self._keys,
                tenant_id,
                workspace_id,
                limit=1 if is_probe else limit,
                now=now,
                pair_wait=lambda recipient: self._pairs.wait_seconds(workspace_id, recipient, monotonic),
            )
        pace.take(len(claimed))
        for one in claimed:
            task = asyncio.create_task(self._call(one, phone_number_id, token))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        return len(claimed)

    async def _call(self, claimed: Claimed, phone_number_id: str, token: str) -> None:
        payload = claimed.payload
        body = build_payload(payload.content, recipient=payload.recipient, reply_to=payload.reply_to, callback_data=str(claimed.message_id))
        try:
            outcome = await self._platform.send(phone_number_id, token, body)
        except asyncio.CancelledError:
            self._results.put_nowait(Sent(claimed, Unknown(reason="stopped during the call")))
            raise
        if isinstance(outcome, Throttled) and outcome.scope is not ThrottleScope.RECIPIENT:
            self._paces[claimed.workspace_id].slow_down(time.monotonic())
        self._on_outcome(outcome)
        self._results.put_nowait(Sent(claimed, outcome))

    async def _record(self) -> None:
        """Write outcomes, those that came together in one transaction per tenant."""
        while True:
            results = [await self._results.get()]
            while not self._results.empty() and len(results) < 200:
                results.append(self._results.get_nowait())
            by_tenant: dict[UUID, list[Sent]] = defaultdict(list)
            for result in results:
                by_tenant[result.claimed.tenant_id].append(result)
            for tenant_id, theirs in by_tenant.items():
                await self._persistently(tenant_id, theirs)
            for _ in results:
                self._results.task_done()
            self.wake.set()

    async def _persistently(self, tenant_id: UUID, results: list[Sent]) -> None:
        """Record outcomes even if the database is away for a while: what the platform took must not be forgotten."""
        while True:
            try:
                async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
                    await record_outcomes(tx, tenant_id, results, now=self._clock(), chance=self._chance)
                    if any(isinstance(result.outcome, Accepted) for result in results):
                        await _resume(
                            tx, tenant_id, {result.claimed.workspace_id for result in results if isinstance(result.outcome, Accepted)}
                        )
            except (psycopg.OperationalError, *DATABASE_DOWN) as error:
                log.warning("sending.record_failed", error=type(error).__name__, results=len(results))
                await asyncio.sleep(IDLE_SECONDS)
            else:
                return

    async def _expire_leases(self, leader: psycopg.AsyncConnection[Any]) -> None:
        """Mark sends of dead processes Unknown. It runs on the leader's connection: when that breaks, leading ends."""
        while True:
            cursor = await leader.execute("SELECT count(*) FROM expire_send_leases()")
            row = await cursor.fetchone()
            if row and row[0]:
                log.warning("sending.leases_expired", count=row[0])
            await asyncio.sleep(LEASE_CHECK_SECONDS)


async def _resume(tx: Any, tenant_id: UUID, workspace_ids: set[UUID]) -> None:
    """A message got through: whatever made the workspace rest is gone."""
    await tx.execute(
        """UPDATE workspaces SET sending_paused_at = NULL, sending_resumes_at = NULL, sending_pause = NULL
            WHERE tenant_id = %s AND id = ANY (%s) AND sending_paused_at IS NOT NULL""",
        (tenant_id, list(workspace_ids)),
    )
