"""`Database.Url`: another PostgreSQL than SIGMA's own, and the roles run apart against it."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sigma.kit.postgres import EmbeddedPostgres
from sigma.kit.schema import HEAD, known_revisions
from tests.e2e.fixtures import new_directory
from tests.e2e.sigma_process import Sigma, text_message


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Sigma]:
    """SIGMA with `Database.Url` on a PostgreSQL that the test runs by hand, where nothing was migrated yet."""
    sigma = Sigma(new_directory())
    with EmbeddedPostgres(tmp_path / "elsewhere") as server:
        admin = server.start()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE hub")
        sigma.use_database(make_conninfo(admin, dbname="hub"))
        yield sigma
        sigma.close()


def test_migrate_serve_and_commands_on_another_server(elsewhere: Sigma) -> None:
    assert HEAD in elsewhere.ok("migrate")
    assert HEAD in elsewhere.ok("migrate")
    created = json.loads(elsewhere.ok("tenant", "create", "--name", "Acme", "--id", elsewhere.tenant_id, "--json"))
    elsewhere.api_key = created["apiKey"]
    server = elsewhere.serve()
    elsewhere.create_workspace()
    assert elsewhere.post(text_message("wamid.elsewhere")).status == 200
    elsewhere.wait_for_messages("wamid.elsewhere")
    assert elsewhere.psql("SELECT platform_message_id FROM messages") == "wamid.elsewhere"
    assert server.stop() == 0
    assert "Traceback" not in server.text()
    assert not (elsewhere.home / ".sigma/postgres").exists()
    assert elsewhere.processes() == []

    password = conninfo_to_dict(elsewhere.external_conninfo)["password"]
    assert isinstance(password, str)
    assert password not in elsewhere.ok("config", "show", COLUMNS="200") + server.text()


PACKAGED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture(params=PACKAGED or [None], ids=lambda programs: programs.parent.name if programs else "none")
def packaged(request: pytest.FixtureRequest) -> Iterator[str]:
    """The connection string, over TCP, of a PostgreSQL that the system's packages brought."""
    programs = request.param
    if programs is None:
        pytest.skip("no PostgreSQL is installed in /usr/lib/postgresql")
    directory = new_directory()
    account: dict[str, Any] = {"user": "postgres"} if os.geteuid() == 0 else {}
    if account:
        shutil.chown(directory, **account)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (directory / "password").write_text("a-password")
    (directory / "password").chmod(0o644)
    initdb = [programs / "initdb", "-D", directory / "data", "-U", "admin", "-A", "scram-sha-256", f"--pwfile={directory}/password"]
    options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    control = [programs / "pg_ctl", "-D", directory / "data", "-w", "-l", directory / "log"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/", **account)
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)
    yield f"host=127.0.0.1 port={port} user=admin password=a-password dbname=postgres"
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)
    shutil.rmtree(directory)


def test_whole_road_on_the_system_s_own_postgresql_over_tcp(packaged: str, empty: Sigma) -> None:
    empty.use_database(packaged)
    empty.api_key = json.loads(empty.ok("tenant", "create", "--name", "Acme", "--id", empty.tenant_id, "--json"))["apiKey"]
    empty.serve()
    empty.create_workspace()
    assert empty.post(text_message("wamid.packaged")).status == 200
    empty.wait_for_messages("wamid.packaged")
    assert empty.psql("SELECT text FROM messages") == "Hello SIGMA! 🚀"
    assert "0 keys, 0 days" in empty.ok("purge")
    assert "100%" in empty.ok("replay", COLUMNS="120")


def test_serve_refuses_an_older_or_a_strange_schema_and_an_older_server_says_what_to_do(elsewhere: Sigma) -> None:
    elsewhere.ok("migrate")
    older = sorted(known_revisions() - {HEAD})
    for revision, fix in [("9999", "newer SIGMA"), *((revision, "Run: sigma migrate") for revision in older)]:
        elsewhere.sql("UPDATE alembic_version SET version_num = %s", revision)
        refused = elsewhere.run("serve", "--port", "0")
        assert refused.returncode == 1
        [line] = refused.stderr.splitlines()
        assert line.startswith("sigma: ")
        assert fix in line
        assert revision in line


def test_roles_run_apart_and_either_may_be_away(elsewhere: Sigma) -> None:
    created = json.loads(elsewhere.ok("tenant", "create", "--name", "Acme", "--id", elsewhere.tenant_id, "--json"))
    elsewhere.api_key = created["apiKey"]
    http = elsewhere.serve("--role", "http", "--port", "0")
    elsewhere.create_workspace()
    assert [process.is_worker for process in elsewhere.processes()] == [False]
    assert elsewhere.post(text_message("wamid.before")).status == 200
    assert elsewhere.sql("SELECT count(*) FROM webhook_queue") == [(1,)]  # accepted, and waiting for a worker

    worker = elsewhere.serve("--role", "worker")
    elsewhere.wait_for_messages("wamid.before")
    assert elsewhere.post(text_message("wamid.after")).status == 200
    elsewhere.wait_for_messages("wamid.after", seconds=2)  # told at once, not at the next poll

    second = elsewhere.serve("--role", "worker")
    ids = [f"wamid.{n}" for n in range(200)]
    assert {elsewhere.post(text_message(message_id)).status for message_id in ids} == {200}
    elsewhere.wait_for_messages(*ids)
    assert elsewhere.sql("SELECT count(*), count(DISTINCT platform_message_id) FROM messages") == [(202, 202)]

    assert [worker.stop(signal.SIGINT), second.stop(), http.stop()] == [0, 0, 0]
    for server in (http, worker, second):
        assert "Traceback" not in server.text()
    assert elsewhere.processes() == []
