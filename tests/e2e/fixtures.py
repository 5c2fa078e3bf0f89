"""Fixtures for tests with real processes: an empty directory, and a copy of one that was set up once for the whole run."""

import fcntl
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sigma_process import Sigma


def new_directory() -> Path:
    """Return a new directory with a short path, as a socket's path has a limit."""
    return Path(tempfile.mkdtemp(prefix="sigma-e2e-"))


@pytest.fixture
def empty() -> Iterator[Sigma]:
    """SIGMA before its first start: a configuration file, nothing else."""
    sigma = Sigma(new_directory())
    yield sigma
    sigma.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory where SIGMA was migrated and has one tenant with one workspace; made once for all workers of a run, copied by tests."""
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "installed"
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "facts.json").exists():
            _install(directory)
    return directory


def _install(directory: Path) -> None:
    sigma = Sigma(new_directory())
    try:
        created = json.loads(sigma.ok("tenant", "create", "--name", "Acme Ltda", "--id", sigma.tenant_id, "--json"))
        workspace_id = sigma.psql(
            f"INSERT INTO workspaces (tenant_id, name, platform, external_id) VALUES ('{sigma.tenant_id}', 'Support', 5, '123456789012345') RETURNING id"
        ).splitlines()[0]
        copy(sigma.home / ".sigma", directory)
        facts = {"tenant_id": sigma.tenant_id, "api_key": created["apiKey"], "workspace_id": workspace_id}
        (directory / "facts.json").write_text(json.dumps(facts))
    finally:
        sigma.close()


def copy(source: Path, target: Path) -> None:
    """Copy a directory with the owners and modes of its files."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


@pytest.fixture
def sigma(installed: Path) -> Iterator[Sigma]:
    """SIGMA that was set up before, with one tenant and one workspace; no process runs."""
    facts = json.loads((installed / "facts.json").read_text())
    sigma = Sigma(new_directory(), **facts)
    copy(installed / ".sigma", sigma.home)
    yield sigma
    sigma.close()
