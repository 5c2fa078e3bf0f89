"""`sigma serve` on an empty directory, again with its data, and how it stops."""

import os
import signal
import stat
from contextlib import suppress
from pathlib import Path

from tests.e2e.sigma_process import Server, Sigma, text_message


def modes(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    """Return mode, owner and group of each path."""
    return {path: (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) for path in paths for found in [path.stat()]}


def assert_clean_end(server: Server, sigma: Sigma) -> None:
    assert server.process.returncode == 0, server.text()
    assert "Traceback" not in server.text()
    assert sigma.processes() == []


def test_empty_directory_becomes_ready_and_only_what_sigma_makes_changes(empty: Sigma) -> None:
    (empty.home / "notes").mkdir(mode=0o755)
    (empty.home / "notes/to-do.txt").write_text("not SIGMA's")
    foreign = (empty.home, empty.home.parent, empty.home / "appsettings.json", empty.home / "notes", empty.home / "notes/to-do.txt")
    before = modes(*foreign)

    server = empty.serve()
    created = server.events("master_key.created")
    assert len(created) == 1
    assert "Back this file up" in created[0]["advice"]
    assert empty.http("GET", "/health/ready").json() == {"status": "ready", "database": True, "migrations": True, "journal": True}

    assert modes(*foreign) == before
    directory = empty.home / ".sigma"
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory / "master.key", directory / "postgres")}
    assert found == {"master.key": 0o600, "postgres": 0o700}
    assert stat.S_IMODE((directory / "postgres/admin.password").stat().st_mode) == 0o600
    assert {entry.name for entry in empty.home.iterdir()} == {".sigma", "appsettings.json", "notes", server.log.name}

    server.stop()
    assert_clean_end(server, empty)
    assert modes(*foreign) == before


def test_ctrl_c_and_sigterm_drain_and_leave_no_process_and_a_restart_finds_the_data(sigma: Sigma) -> None:
    for start, number in enumerate((signal.SIGINT, signal.SIGTERM)):
        server = sigma.serve()
        ids = [f"wamid.{start}.{n}" for n in range(50)]
        assert [sigma.post(text_message(message_id)).status for message_id in ids] == [200] * 50
        assert {process.is_worker for process in sigma.processes()} == {True, False}
        server.stop(number)  # with a queue that the worker may not have emptied yet
        assert_clean_end(server, sigma)
        assert server.has_logged("sigma.stopping", role="all")
        assert server.has_logged("sigma.stopping", role="worker")
    sigma.serve()
    sigma.wait_for_messages(*(f"wamid.{start}.{n}" for start in range(2) for n in range(50)))
    assert sigma.sql("SELECT count(*) FROM messages") == [(100,)]
    listed = sigma.graphql("{ messages(first: 1) { nodes { text } } }")
    assert listed["data"]["messages"]["nodes"] == [{"text": "Hello SIGMA! 🚀"}]


def test_signals_to_every_process_at_once_and_twice_end_all_quietly_and_soon(sigma: Sigma) -> None:
    server = sigma.serve()
    ours = [process.pid for process in sigma.processes() if process.is_worker or process.pid == server.pid]
    assert len(ours) == 2
    theirs = [process.pid for process in sigma.processes() if process.is_postmaster or process.is_keeper]
    assert len(theirs) == 2
    for pid in ours * 2 + theirs:  # a service manager signals the whole unit; an impatient person does so twice
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    server.process.wait(8)  # less than it would take to give the worker up
    assert_clean_end(server, sigma)
