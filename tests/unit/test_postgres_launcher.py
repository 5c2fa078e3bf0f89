"""The embedded PostgreSQL, with real servers, real processes and real kills. Every process that is ended here was started here."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sigma.kit.postgres import EmbeddedPostgres, PostgresNotStarted, binary

pytestmark = pytest.mark.timeout(120)

SOURCES = Path(__file__).parents[2] / "src"
USE_IT = """
import sys
from pathlib import Path
from sigma.kit.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), flush=True)
sys.stdin.read()
server.release()
"""
USE_IT_OFTEN = """
import subprocess, sys
from pathlib import Path
from sigma.kit.postgres import EmbeddedPostgres, binary
for _ in range(int(sys.argv[2])):
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        subprocess.run([binary("psql"), server.start(), "-qc", "INSERT INTO visits DEFAULT VALUES"], check=True, timeout=60)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "installation" / "postgres"


def python(script: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCES), *sys.path])}
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], text=True, env=environment, **pipes, **options)


@contextmanager
def another_process(directory: Path, **options: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of its own that has started the server, and uses it until its stdin closes."""
    process = python(USE_IT, directory, **options)
    try:
        conninfo = process.stdout.readline().strip()
        assert conninfo, process.communicate(timeout=60)[1]
        yield process, conninfo
    finally:
        process.communicate(timeout=60)


def query(conninfo: str, sql: str) -> list[tuple]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def postmaster(directory: Path) -> int:
    return int((directory / "pgdata" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def eventually(condition: Callable[[], bool], *, seconds: float = 30) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def as_owner(directory: Path) -> dict[str, Any]:
    owner = (directory / "pgdata").stat()
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def test_first_start_gives_a_superuser_and_durable_settings(directory: Path) -> None:
    wanted = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on", "wal_level": "replica"}
    wanted |= {
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "jit": "off",
        "listen_addresses": "",
        "max_connections": "100",
        "work_mem": "16MB",
    }
    with EmbeddedPostgres(directory) as server:
        conninfo = server.start()
        names = ", ".join(f"current_setting('{name}')" for name in wanted)
        assert query(conninfo, f"SELECT {names}") == [tuple(wanted.values())]
        assert query(conninfo, "SELECT current_user, rolsuper, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolsuper") == [
            ("postgres", True, True)
        ]
        query(conninfo, "CREATE EXTENSION vector")
        assert query(conninfo, "SELECT 'é' < 'z', upper('é'), datlocprovider::text FROM pg_database LIMIT 1") == [(False, "É", "b")]
    assert [stat.S_IMODE((directory / name).stat().st_mode) for name in (".", "admin.password", "pgdata")] == [0o700, 0o600, 0o700]


def test_no_connection_without_the_password(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            query(server.start().replace("password=", "application_name="), "SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            query(server.start().replace("password=", "password=x"), "SELECT 1")


def test_start_on_a_running_server_takes_less_than_50_milliseconds(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        first, times = server.start(), []
        for _ in range(5):
            begin = time.perf_counter()
            assert server.start() == first
            times.append(time.perf_counter() - begin)
        assert min(times) < 0.05


def test_processes_share_one_server_and_the_last_one_stops_it(directory: Path) -> None:
    server = EmbeddedPostgres(directory)
    server.start()
    pid = postmaster(directory)
    with another_process(directory) as (_, conninfo):
        server.release()
        assert (postmaster(directory), query(conninfo, "SELECT 1")) == (pid, [(1,)])
    assert not is_alive(pid)
    assert not (directory / "pgdata" / "postmaster.pid").exists()
    server.release()  # once more does nothing


def test_release_returns_after_the_stop_and_the_data_stay(directory: Path) -> None:
    server = EmbeddedPostgres(directory)
    query(server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = postmaster(directory)
    server.release()
    assert not is_alive(pid)
    with server:
        assert query(server.start(), "SELECT answer FROM kept") == [(42,)]


def test_two_servers_in_one_process_and_many_threads(directory: Path) -> None:
    first, second = EmbeddedPostgres(directory), EmbeddedPostgres(directory)
    threads = [threading.Thread(target=server.start) for server in (first, second, first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    first.release()
    assert query(second.start(), "SELECT 1") == [(1,)]
    pid = postmaster(directory)
    second.release()
    assert not is_alive(pid)


def test_killed_user_leaves_nothing_stuck(directory: Path) -> None:
    with another_process(directory) as (process, _):
        pid = postmaster(directory)
        process.kill()
    assert eventually(lambda: not is_alive(pid)), "nobody stopped the server"
    with EmbeddedPostgres(directory) as server:
        assert query(server.start(), "SELECT 1") == [(1,)]


def test_start_right_after_the_kill_of_the_last_user(directory: Path) -> None:
    for _ in range(3):
        with another_process(directory) as (process, _):
            process.kill()
            process.wait(60)
            with EmbeddedPostgres(directory) as server:  # the keeper may be stopping the old one right now
                assert query(server.start(), "SELECT 1") == [(1,)]


def test_interrupt_of_the_process_group_leaves_the_server_to_the_others(directory: Path) -> None:
    with another_process(directory, start_new_session=True) as (process, _), EmbeddedPostgres(directory) as server:
        pid = postmaster(directory)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        assert query(server.start(), "SELECT 1") == [(1,)]
        assert postmaster(directory) == pid


def test_killed_server_recovers_with_what_was_committed(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        conninfo = server.start()
        query(conninfo, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        with closing(psycopg.connect(conninfo, autocommit=True)) as busy:
            # A long query does not notice that the server is gone, and as long as it runs no new server may start.
            busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b")
            assert eventually(lambda: (1,) in query(conninfo, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT count%'"))
            os.kill(postmaster(directory), signal.SIGKILL)
            assert query(server.start(), "SELECT count(*) FROM kept") == [(1000,)]


@pytest.mark.parametrize("leftover", ["postmaster.pid", ".s.PGSQL.5432.lock"])
def test_lock_file_whose_process_id_is_in_use_again_does_not_prevent_the_start(directory: Path, leftover: str) -> None:
    with EmbeddedPostgres(directory):
        text = (directory / "pgdata" / leftover).read_text()
    innocent = subprocess.Popen(["sleep", "600"], **as_owner(directory))
    try:
        path = directory / "pgdata" / leftover
        path.write_text(text.replace(text.split()[0], str(innocent.pid), 1))
        with EmbeddedPostgres(directory) as server:
            assert query(server.start(), "SELECT 1") == [(1,)]
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait(60)


def test_killed_keeper_is_replaced(directory: Path) -> None:
    with another_process(directory) as (process, conninfo):
        pid = postmaster(directory)
        keeper = keeper_of(directory)
        os.kill(keeper, signal.SIGKILL)
        assert eventually(lambda: not is_alive(keeper))
        with EmbeddedPostgres(directory):
            assert query(conninfo, "SELECT 1") == [(1,)]
        process.kill()
    assert eventually(lambda: not is_alive(pid)), "nobody stopped the server"


def keeper_of(directory: Path) -> int:
    """Return the process that has keeper.lock open."""
    file = (directory / "keeper.lock").stat()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.path.samestat(fd.stat(), file) for fd in (process / "fd").iterdir()):
                return int(process.name)
    raise AssertionError("no keeper")


def test_two_first_starts_at_once_make_one_server(directory: Path) -> None:
    both = [python(USE_IT, directory) for _ in range(2)]
    conninfos = [process.stdout.readline().strip() for process in both]
    try:
        assert [query(conninfo, "SELECT count(*) FROM pg_database") for conninfo in conninfos] == [[(3,)], [(3,)]]
    finally:
        errors = [process.communicate(timeout=60)[1] for process in both]
    assert (errors, [process.returncode for process in both]) == (["", ""], [0, 0])


def test_processes_that_come_and_go_always_find_a_server(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        query(server.start(), "CREATE TABLE visits (at timestamptz DEFAULT now())")
    visitors = [python(USE_IT_OFTEN, directory, 5) for _ in range(3)]
    assert [visitor.communicate(timeout=100)[1] for visitor in visitors] == ["", "", ""]
    with EmbeddedPostgres(directory) as server:
        assert query(server.start(), "SELECT count(*) FROM visits") == [(15,)]


@pytest.mark.parametrize("name", ["d" * 150, "one,two", "it's \\ a"])
def test_paths_that_a_socket_address_or_a_connection_string_cannot_hold(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name) as server:
        done = subprocess.run([binary("psql"), server.start(), "-Atc", "SELECT 1"], capture_output=True, text=True, check=False, timeout=60)
        assert (done.stdout, done.stderr) == ("1\n", "")
        server.release()
        assert query(server.start(), "SELECT 1") == [(1,)]


def test_unfinished_cluster_is_made_again(directory: Path) -> None:
    (directory / "pgdata.new").mkdir(parents=True)
    (directory / "pgdata.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(directory) as server:
        assert query(server.start(), "SELECT 1") == [(1,)]


def test_lost_password_is_replaced(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        before = server.start()
    (directory / "admin.password").unlink()
    with EmbeddedPostgres(directory) as server:
        assert server.start() != before
        assert query(server.start(), "SELECT 1") == [(1,)]


def test_log_never_holds_statements_or_values_and_does_not_grow_for_ever(directory: Path) -> None:
    log = directory / "postgres.log"
    with EmbeddedPostgres(directory) as server:
        conninfo = server.start()
        query(conninfo, "CREATE TABLE people (phone text PRIMARY KEY); INSERT INTO people VALUES ('5511987654321')")
        for statement in (
            "INSERT INTO people VALUES ('5511987654321')",
            "SELECT '5511987654321x'::bigint",
            "DO $$ BEGIN RAISE WARNING '5511987654321'; PERFORM 1 / 0 AS \"5511987654321\"; END $$",
        ):
            with pytest.raises(psycopg.Error):
                query(conninfo, statement)
    assert "ready to accept connections" in log.read_text()
    assert "5511987654321" not in log.read_text()
    with log.open("a") as file:
        file.truncate(11 * 1024 * 1024)
    with EmbeddedPostgres(directory):
        assert log.stat().st_size < 1024 * 1024


def test_other_major_version_is_refused_with_the_way_out(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    (directory / "pgdata" / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresNotStarted, match=r"made by PostgreSQL 17, and this sigma brings PostgreSQL \d+.*pg_dumpall"):
        EmbeddedPostgres(directory).start()


def test_cluster_of_somebody_else_is_refused(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "PG_VERSION").write_text("18\n")
    with pytest.raises(PostgresNotStarted, match=r"sigma did not make.*Database\.DataDirectory"):
        EmbeddedPostgres(directory).start()
    assert not (directory / "pgdata").exists()


def test_server_that_cannot_start_shows_the_end_of_its_log(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    with (directory / "pgdata" / "postgresql.conf").open("a") as file:
        file.write("max_connections = many\n")
    with pytest.raises(PostgresNotStarted, match=r'(?s)ended at once.*postgres\.log.*"max_connections"'):
        EmbeddedPostgres(directory).start()


def test_running_server_that_sigma_did_not_start_is_left_alone(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    fd = os.open(directory / "pgdata", os.O_RDONLY)
    command = [str(binary("postgres")), "-D", f"/proc/self/fd/{fd}", "-c", "listen_addresses=", "-c", "unix_socket_directories=."]
    foreign = subprocess.Popen(command, pass_fds=[fd], stderr=subprocess.DEVNULL, **as_owner(directory))
    os.close(fd)
    try:
        assert eventually((directory / "pgdata" / "postmaster.pid").exists)
        with pytest.raises(PostgresNotStarted, match=f"Process {foreign.pid}, a PostgreSQL that sigma did not start"):
            EmbeddedPostgres(directory).start()
        assert foreign.poll() is None
    finally:
        foreign.send_signal(signal.SIGINT)
        foreign.wait(60)


def test_missing_program_says_what_to_do() -> None:
    with pytest.raises(PostgresNotStarted, match="make setup"):
        binary("no-such-program")
