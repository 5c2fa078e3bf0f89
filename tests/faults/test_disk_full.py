"""The disk is full: refused in time, nothing that was accepted is lost, and it goes on by itself once there is room again."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sigma_process import Sigma, eventually, text_message
from tests.faults.test_postgres_away import assert_refused_in_time
from tests.faults.traffic import Traffic, assert_nothing_lost

pytestmark = pytest.mark.faults


@pytest.fixture
def small_disk(sigma: Sigma) -> Iterator[Path]:
    """A file system of 100 MB around the data directory of this installation, which takes about half of it."""
    directory = sigma.home / ".sigma"
    directory.rename(sigma.home / "moved")
    directory.mkdir(mode=0o755)
    if os.geteuid() != 0 or mount("-t", "tmpfs", "-o", "size=100m", "tmpfs", str(directory)):
        pytest.skip("only root can mount a file system of its own, and not everywhere")
    try:
        subprocess.run(f"cp -a {sigma.home}/moved/. {directory}/", shell=True, check=True)  # noqa: S602 - the path is ours
        yield directory
    finally:
        for server in sigma.servers:
            server.stop()
        eventually(lambda: not sigma.processes(), "nobody uses it any more")
        subprocess.run(["umount", str(directory)], check=True)


def mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode


def test_full_disk_refuses_and_recovers_alone(sigma: Sigma, small_disk: Path) -> None:
    server = sigma.serve()
    with Traffic(sigma, body="x" * 100_000) as traffic:
        eventually(lambda: len(traffic.refused) > 200, "a disk that is full", seconds=60)
        assert sigma.http("GET", "/health/live").status == 200
        assert mount("-o", "remount,size=1g", str(small_disk)) == 0
        assert traffic.accepts(50, seconds=20) < 20
        eventually(lambda: sigma.http("GET", "/health/ready").status == 200, "ready again", seconds=10)
    assert_refused_in_time(traffic.refused)
    assert_nothing_lost(sigma, traffic)
    message_id = f"wamid.{uuid.uuid4().hex}"
    assert sigma.post(text_message(message_id)).status == 200
    sigma.wait_for_messages(message_id)
    assert "Traceback" not in server.text()
