"""PostgreSQL dies, hangs, or holds a lock: every webhook is refused in time, and nothing that was accepted is lost."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sigma.kit.postgres import EmbeddedPostgres
from tests.e2e.fixtures import new_directory
from tests.e2e.sigma_process import DEFAULT_APP_SECRET, Sigma, eventually, text_message
from tests.faults.traffic import Traffic, assert_nothing_lost

ANSWER_SECONDS = 2.0
BACK_SECONDS = 5.0


class Outside:
    """A PostgreSQL that SIGMA does not run, so nobody but the test starts it again."""

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedPostgres(directory)
        self._pid_file = directory / "pgdata/postmaster.pid"

    def start(self) -> str:
        conninfo = self._server.start()
        with psycopg.connect(conninfo, autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'hub'").fetchone() is None:
                connection.execute("CREATE DATABASE hub")
        return make_conninfo(conninfo, dbname="hub")

    def stop(self, number: int) -> None:
        """SIGQUIT is `pg_ctl stop -m immediate`, SIGINT `-m fast`."""
        pid = int(self._pid_file.read_text().split()[0])
        os.kill(pid, number)
        eventually(lambda: not Path(f"/proc/{pid}").exists() or is_zombie(pid), "PostgreSQL is down")

    def release(self) -> None:
        self._server.release()


def is_zombie(pid: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    server = Outside(tmp_path / "outside")
    yield server
    server.release()


@pytest.fixture
def elsewhere(outside: Outside) -> Iterator[Sigma]:
    """SIGMA on that server, with a tenant and a workspace."""
    sigma = Sigma(new_directory())
    sigma.use_database(outside.start())
    sigma.ok("tenant", "create", "--name", "Acme", "--id", sigma.tenant_id)
    sigma.sql(
        "INSERT INTO workspaces (tenant_id, name, platform, external_id) VALUES (%s, 'Support', 5, '123456789012345')", sigma.tenant_id
    )
    yield sigma
    sigma.close()


def assert_refused_in_time(answers: list[tuple[float, float, int, str | None]]) -> None:
    assert answers
    assert {status for _, _, status, _ in answers} <= {503}
    assert all(retry_after and retry_after.isdigit() for _, _, _, retry_after in answers)
    slowest = max(seconds for _, seconds, _, _ in answers)
    assert slowest <= ANSWER_SECONDS, f"one took {slowest:.2f} s"


def assert_health_tells(sigma: Sigma) -> None:
    """Alive, but not ready, and both said in time."""
    live = sigma.http("GET", "/health/live")
    eventually(lambda: sigma.http("GET", "/health/ready").status == 503, "not ready", seconds=ANSWER_SECONDS)
    ready = sigma.http("GET", "/health/ready")
    assert (live.status, live.seconds < 1) == (200, True)
    assert ready.status == 503
    assert ready.json()["database"] is False
    assert ready.seconds < ANSWER_SECONDS


def first_of_its_tenant(sigma: Sigma) -> tuple[float, float, int, str | None]:
    """Post for a tenant whose keys the server has not needed yet, so that the journal is not all that is asked of the database."""
    answer = sigma.post(text_message("wamid.first"), tenant=str(uuid.uuid4()), secret=DEFAULT_APP_SECRET)
    return (0, answer.seconds, answer.status, answer.headers.get("retry-after"))


def outage(sigma: Sigma, outside: Outside, *, number: int, seconds: float) -> None:
    sigma.serve()
    with Traffic(sigma) as traffic:
        traffic.accepts(100)
        outside.stop(number)
        accepted_before = len(traffic.accepted)
        until = time.monotonic() + seconds
        assert_health_tells(sigma)
        assert_refused_in_time([first_of_its_tenant(sigma)])
        traffic.goes_on_for(until - time.monotonic())
        assert len(traffic.accepted) <= accepted_before + 8  # answers that were under way
        outside.start()
        assert traffic.accepts(100, seconds=BACK_SECONDS) < BACK_SECONDS
        eventually(lambda: sigma.http("GET", "/health/ready").status == 200, "ready again", seconds=BACK_SECONDS)
    assert_refused_in_time(traffic.refused)
    assert_nothing_lost(sigma, traffic)


def test_stopped_at_once_for_three_seconds(elsewhere: Sigma, outside: Outside) -> None:
    outage(elsewhere, outside, number=signal.SIGQUIT, seconds=3)


@pytest.mark.faults
@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGKILL, signal.SIGINT], ids=["immediate", "killed", "fast"])
def test_stopped_for_ten_seconds(elsewhere: Sigma, outside: Outside, number: int) -> None:
    outage(elsewhere, outside, number=number, seconds=10)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT], ids=["killed", "immediate"])
def test_own_postgresql_that_dies_is_started_again_by_serve(sigma: Sigma, number: int) -> None:
    server = sigma.serve()
    with Traffic(sigma) as traffic:
        for _ in range(2):
            traffic.accepts(50)
            before = sigma.postmaster()
            os.kill(before, number)
            eventually(partial(is_another_postmaster, sigma, before), "another PostgreSQL", seconds=10)
            assert traffic.accepts(50, seconds=BACK_SECONDS) < BACK_SECONDS
    assert_refused_in_time(traffic.refused)
    assert_nothing_lost(sigma, traffic)
    assert server.has_logged("postgres.connection_lost")
    assert server.stop() == 0
    assert "Traceback" not in server.text()
    assert sigma.processes() == []


def is_another_postmaster(sigma: Sigma, before: int) -> bool:
    try:
        return sigma.postmaster() != before
    except (FileNotFoundError, IndexError):
        return False


def hang(sigma: Sigma, seconds: float) -> None:
    """PostgreSQL as a whole does not move, as on a disk that hangs: connections stay open and nobody answers."""
    server = sigma.serve()
    with Traffic(sigma) as traffic:
        traffic.accepts(50)
        stopped = [process.pid for process in sigma.processes() if process.is_postgres]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        since = time.monotonic()
        try:
            assert_refused_in_time([first_of_its_tenant(sigma)])
            assert_health_tells(sigma)
            traffic.goes_on_for(since + seconds - time.monotonic())
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        assert traffic.accepts(50, seconds=BACK_SECONDS) < BACK_SECONDS
        eventually(lambda: sigma.http("GET", "/health/ready").status == 200, "ready again", seconds=BACK_SECONDS)
    assert_refused_in_time(traffic.refused)
    assert_nothing_lost(sigma, traffic)
    assert server.stop() == 0


def test_hanging_postgresql_for_three_seconds(sigma: Sigma) -> None:
    hang(sigma, 3)


@pytest.mark.faults
def test_hanging_postgresql_for_twenty_seconds(sigma: Sigma) -> None:
    hang(sigma, 20)


def resident_mebibytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def hold_a_lock(sigma: Sigma, seconds: float) -> None:
    server = sigma.serve()
    with Traffic(sigma, clients=16) as traffic:
        traffic.accepts(200)
        before, most = resident_mebibytes(server.pid), 0.0
        with psycopg.connect(sigma.conninfo) as connection:
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            connection.execute("LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE")
            held = time.monotonic()
            while time.monotonic() < held + seconds:
                traffic.goes_on_for(0.2)
                most = max(most, resident_mebibytes(server.pid))
            assert sigma.http("GET", "/health/live").status == 200
        assert traffic.accepts(100, seconds=BACK_SECONDS) < BACK_SECONDS
    assert most - before < 32, f"grew from {before:.0f} to {most:.0f} MiB"
    assert_refused_in_time(traffic.refused)
    assert_nothing_lost(sigma, traffic)


def test_table_locked_for_four_seconds(sigma: Sigma) -> None:
    hold_a_lock(sigma, 4)


@pytest.mark.faults
def test_table_locked_for_thirty_seconds(sigma: Sigma) -> None:
    hold_a_lock(sigma, 30)
