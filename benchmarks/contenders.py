"""Servers under measurement: SIGMA as `sigma serve`, and the others of `benchmarks.others`."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.bodies import APP_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN
from benchmarks.load import Outcome, Plan, drive
from benchmarks.processes import all_cores, children_of, cpu_seconds, machine_cpu_seconds, pin
from sigma.entrypoints.installation import EMBEDDED_DATABASE
from sigma.kit.postgres import EmbeddedPostgres

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Server:
    """A server that we started."""

    name: str
    pid: int
    port: int

    def pin(self, cores: Sequence[int]) -> None:
        """Keep the server and what it started on these cores."""
        pin([self.pid, *children_of(self.pid)], cores)


class Postgres:
    """SIGMA's own PostgreSQL, kept running by us while servers come and go."""

    def __init__(self, admin_conninfo: str, data_directory: Path) -> None:
        self._connection = psycopg.connect(admin_conninfo, autocommit=True)
        self._postmaster = int((data_directory / "pgdata" / "postmaster.pid").read_text().split("\n")[0])

    def sql(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run SQL as the administrator, whom row-level security does not bind. Returns the rows, if any."""
        cursor = self._connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """End our own connection."""
        self._connection.close()

    def pin(self, cores: Sequence[int]) -> None:
        """Keep the postmaster, its processes and those to come on these cores."""
        pin([self._postmaster, *children_of(self._postmaster)], cores)

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes, those that ended too."""
        return cpu_seconds(self._postmaster, with_ended_children=True) + sum(map(cpu_seconds, children_of(self._postmaster)))


@dataclass(frozen=True, slots=True)
class Sigma:
    """An installation of SIGMA in a directory of its own, with one tenant and one workspace."""

    postgres: Postgres
    directory: Path
    tenant_id: UUID
    workspace_id: UUID
    api_key: str

    @property
    def path(self) -> str:
        """Return where webhooks of the tenant are posted to."""
        return f"/webhooks/whatsapp/{self.tenant_id}"

    @contextlib.contextmanager
    def serve(self, role: str) -> Iterator[Server]:
        """Run `sigma serve`."""
        port = _free_port()
        command = ["-m", "sigma", "serve", "--role", role, "--port", str(port)]
        with _running("SIGMA", command, port, directory=self.directory, cwd=self.directory) as server:
            _await_ready(port)
            yield server


@contextlib.contextmanager
def new_sigma(directory: Path) -> Iterator[Sigma]:
    """Make an installation; its PostgreSQL runs during the body."""
    with EmbeddedPostgres(directory / "postgres") as server:
        admin_conninfo = f"{server.start()} dbname={EMBEDDED_DATABASE}"  # the last `dbname` counts
        command = [sys.executable, "-m", "sigma", "tenant", "create", "--name", "Benchmark", "--json"]
        with (directory / "SIGMA.log").open("wb") as log:
            made = subprocess.run(command, cwd=directory, env=_environment(directory), stdout=subprocess.PIPE, stderr=log, check=True)
        tenant = json.loads(made.stdout)
        with contextlib.closing(Postgres(admin_conninfo, directory / "postgres")) as postgres:
            workspace_id = new_workspace(postgres, tenant["id"], PHONE_NUMBER_ID)
            yield Sigma(postgres, directory, UUID(tenant["id"]), workspace_id, tenant["apiKey"])


def new_workspace(postgres: Postgres, tenant_id: UUID | str, external_id: str) -> UUID:
    """Add a workspace with SQL, as the guide does. Returns its id."""
    insert = "INSERT INTO workspaces (tenant_id, name, platform, external_id) VALUES (%s, 'Benchmark', 5, %s) RETURNING id"
    workspace_id: UUID = postgres.sql(insert, (tenant_id, external_id))[0][0]
    return workspace_id


@contextlib.contextmanager
def serve_other(name: str, *, path: str, directory: Path) -> Iterator[Server]:
    """Run `bare` or `pywa`."""
    port = _free_port()
    with _running(name, ["-m", "benchmarks.others", name, str(port), path], port, directory=directory, cwd=_ROOT) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time of one request, by process; and of everything else on this machine, as a share of all cores."""

    micros: dict[str, float]
    others: float


def drive_and_cost(server: Server, postgres: Postgres, plan: Plan) -> tuple[Outcome, Cost]:
    """Run the generator. Returns what came back and what it took."""
    began, machine_before = time.monotonic(), machine_cpu_seconds()
    server_before, postgres_before = cpu_seconds(server.pid), postgres.cpu_seconds()
    outcome = drive(plan)
    used = {"server": cpu_seconds(server.pid) - server_before, "postgres": postgres.cpu_seconds() - postgres_before}
    used["generator"] = outcome.cpu_seconds
    others = (machine_cpu_seconds() - machine_before - sum(used.values())) / (time.monotonic() - began) / len(all_cores())
    return outcome, Cost({name: seconds * 1e6 / max(1, sum(outcome.answers.values())) for name, seconds in used.items()}, max(0.0, others))


@contextlib.contextmanager
def _running(name: str, arguments: Sequence[str], port: int, *, directory: Path, cwd: Path) -> Iterator[Server]:
    log_file = directory / f"{name}.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen([sys.executable, *arguments], cwd=cwd, env=_environment(directory), stdout=log, stderr=log)
    try:
        _await_port(process, port, log_file)
        yield Server(name, process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(directory: Path) -> dict[str, str]:
    ours = {
        "Database__DataDirectory": str(directory / "postgres"),
        "Security__MasterKeyFile": str(directory / "master.key"),
        "Platforms__WhatsApp__DefaultAppSecret": APP_SECRET,
        "Platforms__WhatsApp__VerifyToken": VERIFY_TOKEN,
        "Log__Level": "warning",
    }
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | ours


def _await_port(process: "subprocess.Popen[bytes]", port: int, log_file: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"{process.args!r} did not start. Its log:\n{log_file.read_text()}")


def _await_ready(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready"):
            return
        time.sleep(0.05)
    raise SystemExit("SIGMA did not become ready")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
