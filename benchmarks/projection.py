"""From a webhook to the tables: messages and receipts at full speed, and mixed traffic at a steady rate, through `sigma serve --role all`."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.bodies import MIXED_SIZES, RECEIPT_BLOCK, messages, mixed, outbound_id, receipts, write_requests
from benchmarks.contenders import Server, Sigma
from benchmarks.load import Plan, drive
from benchmarks.processes import all_cores, children_of, cpu_seconds, machine_cpu_seconds, memory_mb
from benchmarks.report import Check

CONNECTIONS = 64
STEADY_MESSAGES_PER_SECOND = 4_000
MIXED_EVENTS_PER_SECOND = 3_300
LIMIT_SECONDS = 120.0
_POLL_SECONDS = 0.05

_BOOKS = """
    SELECT count(*) AS posts, count(*) FILTER (WHERE outcome = 'STORED') AS stored, coalesce(sum(items_stored), 0) AS items,
           count(*) FILTER (WHERE projected_at > last.post_at) AS projected_after, extract(epoch FROM min(created_at))::float8 AS first_at,
           extract(epoch FROM max(last.post_at))::float8 AS last_at
      FROM webhook_events, (SELECT max(created_at) AS post_at FROM webhook_events WHERE created_at >= %(since)s) AS last
     WHERE created_at >= %(since)s"""

# `projected_at` is when a batch began. One tenant's batches follow each other, so a batch was committed before the next one began.
_LAG = """
    WITH starts AS (SELECT DISTINCT projected_at FROM webhook_events WHERE created_at >= %(since)s),
         batches AS (SELECT projected_at, lead(projected_at, 1, projected_at) OVER (ORDER BY projected_at) AS committed_by FROM starts)
    SELECT percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM b.committed_by - e.created_at) * 1000)::float8[]
      FROM webhook_events e JOIN batches b USING (projected_at) WHERE e.created_at >= %(since)s"""

_SENT_MESSAGES = """
    INSERT INTO messages (tenant_id, workspace_id, contact_id, conversation_id, platform, platform_message_id, direction, kind, sender, text,
                          timestamp_utc, status, status_rank)
    SELECT %s, %s, md5('contact ' || n %% 10000)::uuid, md5('thread ' || n %% 10000)::uuid, 5,
           format(%s, lpad(n::text, 12, '0')), 'OUTBOUND', 'TEXT', '{"displayName": null, "platformUserId": null}', 'Your parcel is on its way.',
           now() - interval '1 minute', 'ACCEPTED', 2
      FROM generate_series(0, %s) AS n"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is sent."""

    messages: int
    receipts: int
    steady_seconds: float
    mixed_seconds: float


def measure_projection(sigma: Sigma, sizes: Sizes) -> tuple[dict[str, Any], list[Check]]:
    """Measure messages and receipts at full speed, messages at a steady rate, then mixed traffic."""
    steady = int(STEADY_MESSAGES_PER_SECOND * sizes.steady_seconds)
    posts = int(MIXED_EVENTS_PER_SECOND * sizes.mixed_seconds * len(MIXED_SIZES) / _events(len(MIXED_SIZES)))
    seed_sent_messages(sigma, sizes.receipts + _events(posts))
    with sigma.serve("all") as server:
        scene = _Scene(sigma, server)
        figures = {
            "messages": scene.run("messages", messages(sizes.messages, run="full")),
            "steady_messages": scene.run("steady messages", messages(steady, run="even"), per_second=STEADY_MESSAGES_PER_SECOND),
            "receipts": scene.run("receipts", receipts(sizes.receipts)),
        }
        scene.check(
            "messages stored",
            sizes.messages + steady,
            "SELECT count(*) FROM messages WHERE direction = 'INBOUND' AND webhook_event_id IS NOT NULL",
        )
        scene.check("messages read", sizes.receipts // 3, "SELECT count(*) FROM messages WHERE status = 'READ'")
        traffic = mixed(posts, run="mix", first=sizes.receipts)
        figures["mixed"] = scene.run("mixed", traffic, per_second=posts / sizes.mixed_seconds)
        figures["mixed"]["events_per_second"] = _events(posts) / sizes.mixed_seconds
        figures["memory_mb"] = {"http": memory_mb(server.pid), "worker": memory_mb(children_of(server.pid)[0])}
    return figures, scene.checks


def _events(posts: int) -> int:
    return sum(max(1, MIXED_SIZES[number % len(MIXED_SIZES)]) for number in range(posts))


def seed_sent_messages(sigma: Sigma, receipts_to_come: int) -> None:
    """Store the outbound messages that receipts will be about: nothing sends them yet."""
    blocks = receipts_to_come // (3 * RECEIPT_BLOCK) + 1
    name = outbound_id(0).replace("0" * 12, "%s")
    sigma.postgres.sql(_SENT_MESSAGES, (sigma.tenant_id, sigma.workspace_id, name, blocks * RECEIPT_BLOCK - 1))
    sigma.postgres.sql("VACUUM ANALYZE messages")


class _Scene:
    """A running SIGMA and the checks so far."""

    def __init__(self, sigma: Sigma, server: Server) -> None:
        self._sigma = sigma
        self._server = server
        self.checks: list[Check] = []

    def run(self, name: str, bodies: Iterable[bytes], *, per_second: float | None = None) -> dict[str, Any]:
        """Post these bodies and wait until all are projected."""
        file = self._sigma.directory / "projection.requests"
        count = write_requests(file, bodies, self._sigma.path)
        since = self._sigma.postgres.sql("SELECT clock_timestamp()")[0][0]
        began, machine_before, before = time.monotonic(), machine_cpu_seconds(), self._cpu_seconds()
        outcome = drive(Plan(port=self._server.port, requests=str(file), count=count, connections=CONNECTIONS, per_second=per_second))
        self._await_empty_queue()
        ended_at = time.time()
        machine = machine_cpu_seconds() - machine_before
        used = {process: seconds - before[process] for process, seconds in self._cpu_seconds().items()} | {"generator": outcome.cpu_seconds}
        posts, stored, items, projected_after, first_at, last_at = self._sigma.postgres.sql(_BOOKS, {"since": since})[0]
        self.checks += [
            Check(f"{name}: rows of the journal = answers 200", outcome.accepted, posts),
            Check(f"{name}: stored", posts, stored),
        ]
        lag = self._sigma.postgres.sql(_LAG, {"since": since})[0][0]
        file.unlink()
        return {
            "answers": outcome.answers,
            "accepted_per_second": outcome.requests_per_second,
            "ack_ms": outcome.latency_ms,
            "items": items,
            "items_per_second": items / (ended_at - first_at),
            "posts_per_second_while_draining": projected_after / (ended_at - last_at) if projected_after > posts // 10 else None,
            "others_share_of_cpu": max(0.0, machine - sum(used.values())) / (time.monotonic() - began) / len(all_cores()),
            "lag_ms": dict(zip(("p50", "p99", "max"), lag, strict=True)),
            "cpu_micros_per_item": {process: seconds * 1e6 / max(1, items) for process, seconds in used.items()},
        }

    def check(self, name: str, expected: int, query: str) -> None:
        """Compare a count in the tables with what it must be."""
        self.checks.append(Check(name, expected, self._sigma.postgres.sql(query)[0][0]))

    def _cpu_seconds(self) -> dict[str, float]:
        worker = sum(map(cpu_seconds, children_of(self._server.pid)))
        return {"server": cpu_seconds(self._server.pid), "worker": worker, "postgres": self._sigma.postgres.cpu_seconds()}

    def _await_empty_queue(self) -> None:
        until = time.monotonic() + LIMIT_SECONDS
        while self._sigma.postgres.sql("SELECT EXISTS (SELECT tenants_with_queued_events())")[0][0]:
            if time.monotonic() > until:
                self.checks.append(Check(f"everything projected within {LIMIT_SECONDS:.0f} s", expected=True, found=False))
                return
            time.sleep(_POLL_SECONDS)
