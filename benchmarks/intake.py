"""Taking webhooks in: SIGMA, a bare endpoint and pywa, one after the other, round after round."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bodies import messages, write_requests
from benchmarks.contenders import Server, Sigma, drive_and_cost, serve_other
from benchmarks.load import Plan
from benchmarks.processes import all_cores, memory_mb
from benchmarks.report import Check

BODIES = 120_000
CONNECTIONS = 64
WARMUP_SECONDS = 0.5
SERVER_CORES, OTHER_CORES = (0,), (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often and how long each contender is measured."""

    pinned: int
    unpinned: int
    seconds: float


def measure_intake(sigma: Sigma, rounds: Rounds) -> tuple[dict[str, Any], list[Check]]:
    """Measure all contenders pinned (the server on one core, generator and PostgreSQL on the other) and unpinned."""
    file = sigma.directory / "intake.requests"
    write_requests(file, messages(BODIES, run="intake"), sigma.path)
    figures: dict[str, Any] = {}
    checks: list[Check] = []
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(serve_other(name, path=sigma.path, directory=sigma.directory)) for name in ("bare", "pywa")]
        contest = _Contest(sigma, [stack.enter_context(sigma.serve("http")), *others], file, rounds.seconds, checks)
        if len(all_cores()) > 1:
            figures["pinned"] = contest.run(rounds.pinned, SERVER_CORES, OTHER_CORES)
        figures["unpinned"] = contest.run(rounds.unpinned, all_cores(), all_cores())
        figures["memory_mb"] = {server.name: memory_mb(server.pid) for server in contest.servers}
    file.unlink()
    return figures, checks


@dataclass(frozen=True, slots=True)
class _Contest:
    sigma: Sigma
    servers: list[Server]
    file: Path
    seconds: float
    checks: list[Check]

    def run(self, rounds: int, server_cores: Sequence[int], other_cores: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
        """Measure A B C A B C … Returns the rounds of each contender."""
        self.sigma.postgres.pin(other_cores)
        for server in self.servers:
            server.pin(server_cores)
        found: dict[str, list[dict[str, Any]]] = {server.name: [] for server in self.servers}
        for number in range(rounds):
            for server in self.servers:
                found[server.name].append(self._round(server, number, other_cores))
        return found

    def _round(self, server: Server, number: int, cores: Sequence[int]) -> dict[str, Any]:
        """Measure one contender once, and if it is SIGMA compare its journal with the answers."""
        self.sigma.postgres.sql("TRUNCATE webhook_events, webhook_queue")
        self.sigma.postgres.sql("CHECKPOINT")
        outcome, cost = drive_and_cost(
            server,
            self.sigma.postgres,
            Plan(
                port=server.port,
                requests=str(self.file),
                start=number * BODIES // 5,
                seconds=self.seconds,
                warmup_seconds=WARMUP_SECONDS,
                connections=CONNECTIONS,
                cores=cores,
            ),
        )
        self.checks.append(Check(f"{server.name}: answers other than 200", 0, sum(outcome.answers.values()) - outcome.accepted))
        if server.name == "SIGMA":
            rows = self.sigma.postgres.sql("SELECT count(*) FROM webhook_events")[0][0]
            self.checks.append(Check("SIGMA: rows of the journal after a round = answers 200", outcome.accepted, rows))
        return {
            "requests_per_second": outcome.requests_per_second,
            "latency_ms": outcome.latency_ms,
            "cpu_micros": cost.micros,
            "others_share_of_cpu": cost.others,
            "answers": outcome.answers,
        }
