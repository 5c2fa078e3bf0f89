"""kill -9 of SIGMA's processes under load: what was acknowledged is there, exactly once."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

import pytest

from tests.e2e.sigma_process import Server, Sigma, eventually
from tests.faults.traffic import Traffic, assert_nothing_lost

SEED = int(os.environ.get("SIGMA_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)


def kill_group(sigma: Sigma, server: Server) -> None:
    """What a terminal or a service manager does to a process group. The worker, in another one, has to notice by itself."""
    server.kill()


def kill_sigma(sigma: Sigma, server: Server) -> None:
    kill_all(process.pid for process in sigma.processes() if "sigma serve" in process.command)
    server.kill()


def kill_everything(sigma: Sigma, server: Server) -> None:
    """As a container's end or a machine's memory shortage does: PostgreSQL and its keeper too."""
    kill_all(process.pid for process in sigma.processes())
    server.kill()


def kill_all(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def worker_pid(sigma: Sigma) -> int:
    return eventually(lambda: [process.pid for process in sigma.processes() if process.is_worker], "a worker")[0]


def is_another_worker(sigma: Sigma, pid: int) -> bool:
    return worker_pid(sigma) != pid


def kill_and_restart(sigma: Sigma, rounds: int) -> None:
    chance = random.Random(SEED)  # noqa: S311 - it must repeat
    print(f"SIGMA_FAULT_SEED={SEED}")  # noqa: T201 - pytest shows it when the test failed
    server = sigma.serve()
    with Traffic(sigma) as traffic:
        for _ in range(rounds):
            traffic.accepts(20)
            traffic.goes_on_for(chance.uniform(0, 0.6))
            chance.choice([kill_group, kill_sigma, kill_everything])(sigma, server)
            server = sigma.serve()
        traffic.accepts(20)
    assert_nothing_lost(sigma, traffic)
    assert server.stop() == 0
    assert sigma.processes() == []


def test_kill_9_under_load_at_random_points_loses_nothing(sigma: Sigma) -> None:
    kill_and_restart(sigma, rounds=3)


@pytest.mark.faults
def test_kill_9_under_load_fifty_times_loses_nothing(sigma: Sigma) -> None:
    kill_and_restart(sigma, rounds=50)


def test_worker_that_is_killed_is_started_again_and_projection_goes_on(sigma: Sigma) -> None:
    server = sigma.serve()
    with Traffic(sigma, clients=4) as traffic:
        for _ in range(3):
            traffic.accepts(50)
            pid = worker_pid(sigma)
            os.kill(pid, signal.SIGKILL)
            eventually(partial(is_another_worker, sigma, pid), "another worker", seconds=10)
        traffic.accepts(50)
    assert not traffic.refused  # the HTTP side did not notice
    assert_nothing_lost(sigma, traffic)
    assert [event["exit_code"] for event in server.events("worker.died")] == [-signal.SIGKILL] * 3


def test_worker_ends_by_itself_when_its_parent_is_killed_and_then_postgresql_too(sigma: Sigma) -> None:
    server = sigma.serve()
    with Traffic(sigma, clients=4) as traffic:
        traffic.accepts(100)
        os.kill(server.pid, signal.SIGKILL)
        started = time.monotonic()
        eventually(lambda: not any(process.is_worker for process in sigma.processes()), "the worker has ended", seconds=10)
        assert time.monotonic() - started < 5
        eventually(lambda: not sigma.processes(), "PostgreSQL and its keeper have ended", seconds=20)
        assert "Traceback" not in server.text()
        sigma.serve()
        traffic.accepts(20)
    assert_nothing_lost(sigma, traffic)


def interrupt_starts(sigma: Sigma, rounds: int) -> None:
    """End `sigma serve` at any point of its start, in a directory where it never started before."""
    chance = random.Random(SEED)  # noqa: S311 - it must repeat
    print(f"SIGMA_FAULT_SEED={SEED}")  # noqa: T201 - pytest shows it when the test failed
    for _ in range(rounds):
        number = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
        delay = chance.uniform(0, 3)
        server = sigma.launch()
        try:
            server.process.wait(delay)
        except subprocess.TimeoutExpired:
            server.process.send_signal(number)
        code = server.process.wait(30)
        eventually(lambda: not sigma.processes(), f"nothing is left after signal {number} at {delay:.2f} s", seconds=20)
        assert ", in main" not in server.text(), f"a traceback after signal {number} at {delay:.2f} s"  # earlier it is Python's own
        assert code in {0, -signal.SIGKILL, 128 + signal.SIGINT, -signal.SIGINT, -signal.SIGTERM}
    sigma.serve()


def test_start_that_is_interrupted_leaves_nothing_behind_and_the_next_one_works(empty: Sigma) -> None:
    interrupt_starts(empty, rounds=4)


@pytest.mark.faults
def test_start_that_is_interrupted_sixty_times(empty: Sigma) -> None:
    interrupt_starts(empty, rounds=60)
