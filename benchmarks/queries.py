"""Reading: the guide's query for the ten newest messages, as the table grows."""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.bodies import write_one_request
from benchmarks.contenders import Sigma, drive_and_cost, new_workspace
from benchmarks.intake import OTHER_CORES, SERVER_CORES
from benchmarks.load import Plan
from benchmarks.processes import all_cores
from benchmarks.report import Check

CONNECTIONS = 16
PAGE = 10

_QUERY = """query GetWhatsAppMessages {
  messages(workspaceId: "%s", platform: WHATS_APP, first: 10, orderBy: { timestamp: DESC }) {
    nodes { id text sender { displayName platformUserId } timestampUtc }
  }
}"""

_SEED = """
    INSERT INTO messages (tenant_id, workspace_id, contact_id, conversation_id, platform, platform_message_id, direction, kind, sender, text,
                          timestamp_utc, status, status_rank)
    SELECT %s, %s, md5('contact ' || n %% 10000)::uuid, md5('thread ' || n %% 10000)::uuid, 5, 'wamid.query' || n, 'INBOUND', 'TEXT',
           jsonb_build_object('displayName', 'Sheena Nelson ' || n %% 10000, 'platformUserId', encode(sha256((n %% 10000)::text::bytea), 'hex')),
           'Does it come in another color? ' || repeat('.', n %% 300), now() - n * interval '1 second', 'RECEIVED', 0
      FROM generate_series(1, %s) AS n"""


def measure_queries(sigma: Sigma, rows: Sequence[int], *, seconds: float) -> tuple[dict[str, Any], list[Check]]:
    """Measure latency over one connection and throughput over several, for each number of rows in a workspace of its own."""
    figures: dict[str, Any] = {}
    checks: list[Check] = []
    server_cores, cores = (SERVER_CORES, OTHER_CORES) if len(all_cores()) > 1 else (all_cores(), all_cores())
    with sigma.serve("http") as server:
        server.pin(server_cores)
        sigma.postgres.pin(cores)
        for count in rows:
            workspace_id = new_workspace(sigma.postgres, sigma.tenant_id, f"query{count}")
            sigma.postgres.sql(_SEED, (sigma.tenant_id, workspace_id, count))
            sigma.postgres.sql("VACUUM ANALYZE messages")
            body = json.dumps({"query": _QUERY % workspace_id}).encode()
            checks.append(Check(f"GraphQL: nodes of a page, {count:,} rows", PAGE, _nodes(sigma, server.port, body)))
            file = sigma.directory / "query.requests"
            write_one_request(file, _request(sigma, body))
            plan = Plan(port=server.port, requests=str(file), seconds=seconds, warmup_seconds=0.5, cores=cores)
            alone, _ = drive_and_cost(server, sigma.postgres, replace(plan, connections=1))
            many, cost = drive_and_cost(server, sigma.postgres, replace(plan, connections=CONNECTIONS))
            figures[str(count)] = {
                "latency_ms": alone.latency_ms,
                "queries_per_second": many.requests_per_second,
                "busy_latency_ms": many.latency_ms,
                "cpu_micros": cost.micros,
                "others_share_of_cpu": cost.others,
            }
        sigma.postgres.pin(all_cores())
    return figures, checks


def _request(sigma: Sigma, body: bytes) -> bytes:
    head = f"POST /graphql HTTP/1.1\r\nHost: sigma.bench\r\nAuthorization: Bearer {sigma.api_key}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _nodes(sigma: Sigma, port: int, body: bytes) -> int:
    """Return how many messages the query gives."""
    headers = {"Authorization": f"Bearer {sigma.api_key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers)
    with urllib.request.urlopen(request) as response:  # noqa: S310 - it is ours
        return len(json.load(response)["data"]["messages"]["nodes"])
