"""One PostgreSQL cluster of the embedded server: its creation, settings and state on disk. Starting and stopping belong in postgres."""

import os
import secrets
import shutil
import stat
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from sigma.kit import postgres_keeper
from sigma.kit.postgres_files import PGDATA, Home, PostgresNotStarted, own_like_directory, read_file, write_file
from sigma.kit.postgres_programs import ENVIRONMENT, configured, major_version

CREDENTIAL = "admin.password"
INITDB_SECONDS = 300
UNFINISHED = f"{PGDATA}.new"

MEBIBYTE = 1024 * 1024
SHARED_MEMORY_BYTES = 256 * MEBIBYTE  # a parallel hash join may take work_mem * hash_mem_multiplier * workers
SETTINGS = """\
# Written by sigma at every start. Your own settings belong below the include in postgresql.conf.
unix_socket_permissions = 0700
password_encryption = scram-sha-256
max_connections = 100
shared_preload_libraries = ''
timezone = 'UTC'
lc_messages = 'C'
idle_in_transaction_session_timeout = 30s
cluster_name = 'sigma'

fsync = on
full_page_writes = on
synchronous_commit = on
wal_level = replica
wal_compression = {compression}
max_wal_size = 2GB
checkpoint_timeout = 15min

huge_pages = try
shared_buffers = {shared_buffers}MB
dynamic_shared_memory_type = {shared_memory}
effective_cache_size = {cache}MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
jit = off
autovacuum_naptime = 15s
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05
autovacuum_vacuum_cost_limit = 1000

# Statements and values may hold personal data. The first line of an ERROR quotes values (invalid input syntax ... "value"), and so can a
# WARNING: only the level `log`, which is above both, keeps them out. They reach the client all the same.
log_destination = 'stderr'
logging_collector = off
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_statement = none
log_checkpoints = off
log_lock_waits = off
log_autovacuum_min_duration = -1
"""
POSTGRESQL_CONF = "include 'sigma.conf'\n# Your own settings follow here. They win over sigma.conf, which is rewritten at every start.\n"
ACCESS_RULES = "# Written by sigma at every start: over the socket only, with a password only.\nlocal all all scram-sha-256\n"


def ensure_cluster(home: Home, *, programs: Path, lock_fd: int) -> int:
    """Return a descriptor of the cluster, which is made when there is none and checked when there is.

    The programs inherit `lock_fd`, so that they count as the server while they run. Raises: PostgresNotStarted, OSError.
    """
    _refuse_another_layout(home)
    try:
        pgdata_fd = home.open_pgdata()
    except FileNotFoundError:
        _create(home, programs, lock_fd)
        pgdata_fd = home.open_pgdata()
    with ExitStack() as undo:
        undo.callback(os.close, pgdata_fd)
        _check_version(home, pgdata_fd)
        _take_over(home, pgdata_fd)
        _clear_traces_of_a_crash(home, pgdata_fd)
        write_file(pgdata_fd, "sigma.conf", settings())
        write_file(pgdata_fd, "pg_hba.conf", ACCESS_RULES)
        if read_file(home.fd, CREDENTIAL) is None:
            _set_password(home, pgdata_fd, programs, lock_fd)
        undo.pop_all()
    return pgdata_fd


def settings() -> str:
    """Return the contents of sigma.conf for this machine's memory and this build."""
    memory = _memory_bytes() // MEBIBYTE
    compression = "lz4" if "--with-lz4" in configured("--configure") else "pglz"
    buffers, cache = min(max(memory // 16, 128), 512), max(memory // 2, 256)
    return SETTINGS.format(compression=compression, shared_buffers=buffers, cache=cache, shared_memory=_shared_memory_type())


def _shared_memory_type() -> str:
    """Return where parallel queries share memory: files of the cluster where /dev/shm is small, as in most containers, or closed."""
    shared = Path("/dev/shm")  # noqa: S108 - nothing of ours is put there
    with suppress(OSError):
        space = os.statvfs(shared)
        if shared.stat().st_mode & stat.S_IWOTH and space.f_blocks * space.f_frsize >= SHARED_MEMORY_BYTES:
            return "posix"
    return "mmap"


def _memory_bytes() -> int:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # a container's limit; "max" when it has none
        return min(physical, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return physical


def _refuse_another_layout(home: Home) -> None:
    if read_file(home.fd, "PG_VERSION") is not None:
        raise PostgresNotStarted(
            f"{home.path} is itself a PostgreSQL cluster that sigma did not make. "
            "Set Database.DataDirectory to another directory, or run that cluster with its own PostgreSQL and set Database.Url."
        )


def _create(home: Home, programs: Path, lock_fd: int) -> None:
    """This will make the cluster under another name and rename it when it is whole, so that a power cut leaves no half of one."""
    with suppress(FileNotFoundError):
        shutil.rmtree(UNFINISHED, dir_fd=home.fd)
    os.mkdir(UNFINISHED, 0o700, dir_fd=home.fd)
    password = secrets.token_urlsafe(32)
    pgdata_fd = home.open_pgdata(UNFINISHED)
    try:
        if home.account.is_other:
            os.fchown(pgdata_fd, home.account.uid, home.account.gid)
        _initdb(home, pgdata_fd, [str(programs / "initdb"), "-D", home.address(pgdata_fd, UNFINISHED)], password=password, lock_fd=lock_fd)
        write_file(pgdata_fd, "postgresql.conf", POSTGRESQL_CONF)
    finally:
        os.close(pgdata_fd)
    write_file(home.fd, CREDENTIAL, password + "\n")
    os.rename(UNFINISHED, PGDATA, src_dir_fd=home.fd, dst_dir_fd=home.fd)
    os.fsync(home.fd)


def _initdb(home: Home, pgdata_fd: int, command: list[str], *, password: str, lock_fd: int) -> None:
    read_end, write_end = os.pipe()
    try:
        own_like_directory(read_end, pgdata_fd)  # initdb opens it again, by name, as the account
        os.write(write_end, password.encode() + b"\n")
    finally:
        os.close(write_end)
    command += ["--username=postgres", "--pwfile=/dev/stdin", "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin"]
    command += ["--locale=C.UTF-8", "--lc-messages=C", "--data-checksums", "--no-instructions"]
    try:
        _run(home, command, stdin=read_end, inherit=(pgdata_fd, lock_fd))
    finally:
        os.close(read_end)


def _set_password(home: Home, pgdata_fd: int, programs: Path, lock_fd: int) -> None:
    """This will give the administrator a new password, while no server runs: the file with the old one is lost."""
    password = secrets.token_urlsafe(32)
    read_end, write_end = os.pipe()
    os.write(write_end, f"ALTER ROLE postgres PASSWORD '{password}'\n".encode())
    os.close(write_end)
    try:
        command = [str(programs / "postgres"), "--single", "-j", "-D", home.address(pgdata_fd), "postgres"]
        _run(home, command, stdin=read_end, inherit=(pgdata_fd, lock_fd))
    finally:
        os.close(read_end)
    write_file(home.fd, CREDENTIAL, password + "\n")


def _run(home: Home, command: list[str], *, stdin: int, inherit: tuple[int, ...]) -> None:
    options: dict[str, Any] = {"env": ENVIRONMENT, "pass_fds": inherit, "start_new_session": True, "timeout": INITDB_SECONDS}
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False, **options, **home.account.process_options())
    if done.returncode != 0:
        reason = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise PostgresNotStarted(f"The database in {home.path} could not be made ready ({Path(command[0]).name}):\n{reason}")


def _check_version(home: Home, pgdata_fd: int) -> None:
    major = major_version()
    found = (read_file(pgdata_fd, "PG_VERSION") or "unknown").strip()
    if found != str(major):
        raise PostgresNotStarted(
            f"{home.path / PGDATA} was made by PostgreSQL {found}, and this sigma brings PostgreSQL {major}, which cannot read it. "
            f"Start the sigma that made it, save the data with pg_dumpall, move {home.path} away, start this one and restore with psql."
        )


def _take_over(home: Home, pgdata_fd: int) -> None:
    """This will give a cluster that root owns (from a backup restored as root) to the account, which PostgreSQL demands."""
    if not home.account.is_other or os.fstat(pgdata_fd).st_uid == home.account.uid:
        return
    for _, directories, files, directory_fd in os.fwalk(".", dir_fd=pgdata_fd):
        for name in directories + files:
            os.chown(name, home.account.uid, home.account.gid, dir_fd=directory_fd, follow_symlinks=False)
    os.fchown(pgdata_fd, home.account.uid, home.account.gid)


def _clear_traces_of_a_crash(home: Home, pgdata_fd: int) -> None:
    """This will remove the lock files of a server that is gone. PostgreSQL would refuse if their process id is somebody else's by now."""
    pid = postgres_keeper.postmaster_pid(pgdata_fd)
    if pid is not None:
        raise PostgresNotStarted(f"Process {pid}, a PostgreSQL that sigma did not start, uses {home.path / PGDATA}. Stop it first.")
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=pgdata_fd)
