"""The dispatcher: claims, commits, calls the platform, and records what came of it in a second transaction.

One dispatcher is at work in an installation, the others stand by: so the pace of a number is kept in one place. A send whose
process dies between call and record becomes Unknown; it is resolved by a receipt that carries our id, never by sending again.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

import psycopg

from sigma.connectors.outbound import FaultScope, Outcome, Rejected, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.payloads import build_payload
from sigma.kit.clock import Clock
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.kit.metrics import Metrics
from sigma.sending.claim import Claim, can_send, claim
from sigma.sending.identities import IdentityLearner
from sigma.sending.models import Claimed, Lane
from sigma.sending.outcomes import PAUSING_SCOPES, Sent, record_outcomes
from sigma.sending.rules import NumberPace, PairPace
from sigma.tenants.keys import KeyRing

LEADER_LOCK = 7316004
MAX_IN_FLIGHT = 256
MAX_CLAIM = 64
MAX_RECORD = 200
IDLE_SECONDS = 0.25
BUSY_SECONDS = 0.02
STAND_BY_SECONDS = 2.0
WATCH_SECONDS = 5.0
DRAIN_SECONDS = 6.0
"""How long a process that stops waits for its calls; those that are not back by then end Unknown. Less than `sigma serve` waits."""

FAULT_SECONDS = 30.0
"""How long a workspace rests whose messages cannot be claimed, for a bug of ours."""

PAIR_LIMIT_REACHED = 131056

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
        metrics: Metrics,
    ) -> None:
        self._db = db
        self._keys = keys
        self._platform = platform
        self._access_token = access_token
        self._clock = clock
        self._metrics = metrics
        self._paces: dict[UUID, NumberPace] = defaultdict(NumberPace)
        self._pairs = PairPace()
        self._identities = IdentityLearner(db, keys)
        self._held: dict[str, float] = {}  # until when an access token's app rests; "" is for everybody
        self._calls: dict[asyncio.Task[None], UUID] = {}
        self._results: asyncio.Queue[Sent] = asyncio.Queue()
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret
        self._is_paced = False
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Work while this process is the leader; finish the calls that are under way when cancelled."""
        recorder = asyncio.create_task(self._record())
        try:
            while True:
                try:
                    await self._lead()
                except* (*DATABASE_DOWN, OSError) as lost:
                    log.warning("sending.lead_lost", error=type(lost.exceptions[0]).__name__)
                await asyncio.sleep(STAND_BY_SECONDS)
        finally:
            await self._drain()
            recorder.cancel()

    async def _lead(self) -> None:
        """Dispatch for as long as the leader's lock is ours."""
        async with await self._db.connect(DatabaseRole.WORKER) as leader:
            row = await (await leader.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,))).fetchone()
            if row is None or not row[0]:
                return
            log.info("sending.lead_taken")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch(leader))
                tasks.create_task(self._dispatch())

    async def _drain(self) -> None:
        """Let the calls end, and record what came of them."""
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=DRAIN_SECONDS)
            for call in late:
                call.cancel()
            if late:
                await asyncio.wait(late, timeout=1)
        try:
            async with asyncio.timeout(1):
                await self._results.join()
        except TimeoutError:
            log.warning(
                "sending.outcomes_left", advice="The database is away: these messages end as UNKNOWN, their receipts tell the rest."
            )

    async def _dispatch(self) -> None:
        while True:
            self.wake.clear()
            if await self.dispatch_round():
                continue
            try:
                async with asyncio.timeout(BUSY_SECONDS if self._calls or self._is_paced else IDLE_SECONDS):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def dispatch_round(self) -> int:
        """Give every waiting workspace its share of what may leave now. Returns how many messages were dealt with."""
        ready = await self._ready()
        self._chance.shuffle(ready)
        self._is_paced = False
        busy = Counter(self._calls.values())
        most = max(MAX_IN_FLIGHT // (len(ready) + 1), 1)  # one platform that is slow for one number must not take all the calls
        handled = 0
        for position, (tenant_id, workspace_id) in enumerate(ready):
            free = MAX_IN_FLIGHT - len(self._calls)
            share = -(-free // (len(ready) - position))  # an equal part of what is free, rounded up
            try:
                handled += await self._begin(tenant_id, workspace_id, min(share, most - busy[workspace_id], MAX_CLAIM))
            except DATABASE_DOWN:
                raise
            except Exception as error:  # a bug that one workspace's rows bring out must not stop the others
                log.exception("sending.claim_failed", workspace_id=str(workspace_id), error=type(error).__name__)
                self._paces[workspace_id].slow_down(time.monotonic(), seconds=FAULT_SECONDS)
        return handled

    async def _ready(self) -> list[Address]:
        async with self._db.transaction(DatabaseRole.WORKER, None) as tx:
            return [(row[0], row[1]) for row in await (await tx.execute("SELECT * FROM workspaces_ready_to_send()")).fetchall()]

    async def _begin(self, tenant_id: UUID, workspace_id: UUID, share: int) -> int:
        """Claim up to `share` messages of a workspace and call the platform for each. Returns how many rows were dealt with."""
        token = self._access_token(str(tenant_id))
        monotonic = time.monotonic()
        if token is None or monotonic < max(self._held.get("", 0.0), self._held.get(token, 0.0)):
            return 0
        pace = self._paces[workspace_id]
        limit = min(share, pace.available(monotonic))
        if limit <= 0:
            self._is_paced = self._is_paced or monotonic >= pace.held_until
            return 0
        now = self._clock()
        async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
            phone_number_id, is_probe = await can_send(tx, tenant_id, workspace_id, now=now)
            if phone_number_id is None:
                return 0
            claimed: Claim = await claim(
                tx,
                self._keys,
                tenant_id,
                workspace_id,
                limit=1 if is_probe else limit,
                now=now,
                pair_wait=lambda recipient: self._pairs.wait_seconds(workspace_id, recipient, monotonic),
                is_probe=is_probe,
            )
        pace.take(len(claimed.sends))
        for one in claimed.sends:
            call = asyncio.create_task(self._call(one, phone_number_id, token))
            self._calls[call] = workspace_id
            call.add_done_callback(self._calls.pop)
        return claimed.handled

    async def _call(self, claimed: Claimed, phone_number_id: str, token: str) -> None:
        started = time.monotonic()
        outcome: Outcome = Unknown(reason="stopped during the call")
        try:
            outcome = await self._send(claimed, phone_number_id, token)
        except Exception as error:  # whatever it is, the platform may have taken the message: it must not be sent again
            log.exception("sending.call_failed", message_id=str(claimed.message_id), error=type(error).__name__)
            outcome = Unknown(reason=type(error).__name__)
        finally:
            self._results.put_nowait(Sent(claimed, outcome))
        if isinstance(outcome, Throttled):
            self._hold(claimed, token, outcome)
        elif isinstance(outcome, Rejected) and outcome.scope in PAUSING_SCOPES:
            self._paces[claimed.workspace_id].held_until = (
                time.monotonic() + IDLE_SECONDS
            )  # no more calls while the pause is being recorded
        self._metrics.sends.labels(outcome=type(outcome).__name__.upper()).inc()
        self._metrics.send_seconds.observe(time.monotonic() - started)

    async def _send(self, claimed: Claimed, phone_number_id: str, token: str) -> Outcome:
        payload = claimed.payload
        try:
            body = build_payload(
                payload.content, recipient=payload.recipient, reply_to=payload.reply_to, callback_data=str(claimed.message_id)
            )
        except ValueError:
            advice = "Send it again to a phone number in international form, or to the contact."
            return Rejected(code=None, title="The address cannot be used", details=None, advice=advice, scope=FaultScope.MESSAGE)
        return await self._platform.send(phone_number_id, token, body)

    def _hold(self, claimed: Claimed, token: str, outcome: Throttled) -> None:
        """Hold what was too fast: the number, everything of the app, or everything when the platform cannot be reached."""
        monotonic = time.monotonic()
        seconds = max(1.0, outcome.retry_in.total_seconds() if outcome.retry_in else 1.0)
        if outcome.scope is ThrottleScope.NUMBER:
            self._paces[claimed.workspace_id].slow_down(monotonic, seconds=seconds)
        elif outcome.scope is ThrottleScope.APP:
            who = token if outcome.code is not None else ""
            self._held[who] = max(self._held.get(who, 0.0), monotonic + seconds)
        elif outcome.code == PAIR_LIMIT_REACHED:
            self._pairs.hold(claimed.workspace_id, claimed.recipient_hash, monotonic, seconds=seconds)

    async def _record(self) -> None:
        """Write outcomes, those that came together in one transaction per tenant."""
        while True:
            results = [await self._results.get()]
            while not self._results.empty() and len(results) < MAX_RECORD:
                results.append(self._results.get_nowait())
            by_tenant: dict[UUID, list[Sent]] = defaultdict(list)
            for result in results:
                by_tenant[result.claimed.tenant_id].append(result)
            for tenant_id, theirs in by_tenant.items():
                await self._record_all(tenant_id, theirs)
                await self._identities.learn(tenant_id, theirs, now=self._clock())
            for _ in results:
                self._results.task_done()
            self.wake.set()

    async def _record_all(self, tenant_id: UUID, results: list[Sent]) -> None:
        """Record a tenant's outcomes; when one of them cannot be, each by itself. What is left so ends as Unknown with its lease."""
        try:
            await self._persistently(tenant_id, results)
        except Exception as error:  # a bug that one outcome brings out must not cost the others, nor stop the dispatcher
            log.exception("sending.record_failed", error=type(error).__name__, results=len(results))
            if len(results) > 1:
                for result in results:
                    await self._record_all(tenant_id, [result])

    async def _persistently(self, tenant_id: UUID, results: list[Sent]) -> None:
        """Record outcomes even if the database is away for a while: what the platform took must not be forgotten."""
        while True:
            try:
                async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
                    await record_outcomes(tx, tenant_id, results, now=self._clock(), chance=self._chance)
            except (psycopg.OperationalError, *DATABASE_DOWN) as error:
                log.warning("sending.record_delayed", error=type(error).__name__, results=len(results))
                await asyncio.sleep(IDLE_SECONDS)
            else:
                return

    async def _watch(self, leader: psycopg.AsyncConnection[Any]) -> None:
        """Mark sends of dead processes Unknown, and count what waits. It runs on the leader's connection: when that breaks, leading ends."""
        while True:
            row = await (await leader.execute("SELECT count(*) FROM expire_send_leases()")).fetchone()
            if row and row[0]:
                log.warning("sending.leases_expired", count=row[0])
            waiting = dict(await (await leader.execute("SELECT * FROM queued_sends()")).fetchall())
            for lane in Lane:
                self._metrics.outbox_queued.labels(lane=lane.name).set(waiting.get(lane, 0))
            await asyncio.sleep(WATCH_SECONDS)
