"""A real PostgreSQL in a data directory, shared by every sigma process that uses it: no installation, no container, no administrator.

    <data directory>/            0700, made when missing; nothing outside of it changes owner or permissions
        pgdata/                  the cluster, and the server's socket; belongs to the account that the server runs as
        admin.password           0600, the password of the superuser `postgres`
        postgres.log             the server's log, without statements and values; emptied at a start when it is over 10 MB
        start.lock               held while a process starts or stops the server: one at a time
        users.lock               held shared by every process that uses the server
        server.lock              inherited by the server's own processes: free means that not one of them is left, even after kill -9
        keeper.lock              held by the keeper (see postgres_keeper), which stops the server when users.lock is free

All of these are flock(2) locks, which end with their processes, so neither a crash nor a reused process id can leave one behind.

The server listens on a Unix socket alone. As root it runs as another, existing account: the owner of pgdata or of the data directory if
that is not root, else `postgres`, else `nobody`; everything else in the directory stays out of that account's reach.

What makes, checks and sets up the cluster is in postgres_cluster.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sigma.kit import postgres_keeper
from sigma.kit.postgres_cluster import CREDENTIAL, ensure_cluster
from sigma.kit.postgres_files import (
    LOG,
    PGDATA,
    POLL_SECONDS,
    Home,
    PostgresNotStarted,
    closing_fd,
    explain,
    lock,
    make_directory,
    open_file,
    read_file,
    try_lock,
)
from sigma.kit.postgres_programs import ENVIRONMENT, binary, existing_copy, programs_for

__all__ = ["EmbeddedPostgres", "PostgresNotStarted", "binary"]

START_SECONDS = 180.0  # long: a start may wait for another process's, and replaying the log after a crash takes its time
STOP_SECONDS = 100.0
LOG_LIMIT_BYTES = 10 * 1024 * 1024
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT_BYTES = 103  # the kernel's limit less one, on the stricter systems
CANNOT_CONNECT_NOW = b"C57P03\0"  # SQLSTATE: starting up, shutting down or recovering


class EmbeddedPostgres:
    """A PostgreSQL server of our own in a data directory, shared by every sigma process that uses that directory.

    Its methods block; call them in a thread from asynchronous code. They may be called from several threads.
    """

    def __init__(self, data_directory: Path) -> None:
        self.data_directory = data_directory.absolute()
        self._mutex = threading.Lock()
        self._users_fd: int | None = None
        self._home_fd: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def start(self) -> str:
        """Return the administrator's connection string once the server accepts connections; call it again to recover from a killed server.

        The string is good until release(), for this process and its children. It holds the password: never log it.
        Raises: PostgresNotStarted.
        """
        until = time.monotonic() + START_SECONDS
        with self._mutex, _explained(self.data_directory):
            make_directory(self.data_directory)
            with Home.opened(self.data_directory) as home, _held(home, "start.lock", until=until):
                with ExitStack() as undo:
                    if self._users_fd is None:
                        undo.callback(self._forget_home)
                    users_fd = open_file(home.fd, "users.lock", os.O_RDWR)
                    undo.callback(os.close, users_fd)
                    _count_as_user(home, users_fd, until)
                    self._ensure_running(home, until)
                    conninfo = self._conninfo(home)
                    undo.pop_all()
                self._forget_use()
                self._users_fd = users_fd
                return conninfo

    def release(self) -> None:
        """This will give up the server. The last user stops it, and returns after the stop; without start() it does nothing."""
        with self._mutex:
            if self._users_fd is None:
                return
            try:
                with Home.opened(self.data_directory) as home, _held(home, "start.lock", until=time.monotonic() + STOP_SECONDS):
                    _stop_unless_used(home, self._users_fd)
            except (OSError, PostgresNotStarted):
                pass  # the directory is gone or in a long start: the keeper stops the server in our place
            finally:
                self._forget_use()
                self._forget_home()

    def _forget_use(self) -> None:
        if self._users_fd is not None:
            os.close(self._users_fd)
            self._users_fd = None

    def _forget_home(self) -> None:
        if self._home_fd is not None:
            os.close(self._home_fd)
            self._home_fd = None

    def _ensure_running(self, home: Home, until: float) -> None:
        """Call with the start lock and as a user, so that nobody starts or stops the server meanwhile. A killed one may still be ending."""
        is_launched = False
        socket_path = self._socket_directory(home) / SOCKET
        while time.monotonic() < until:
            server_fd = try_lock(home, "server.lock")
            if server_fd is not None:
                with closing_fd(server_fd):
                    if is_launched:
                        raise PostgresNotStarted(f"PostgreSQL ended at once. Mend what is wrong and start again. {home.log_tail()}")
                    _launch(home, server_fd)
                is_launched = True
            elif _answers(socket_path):
                _ensure_keeper(home)
                return
            elif not is_launched:
                _end_orphans(home)
            time.sleep(POLL_SECONDS)
        raise PostgresNotStarted(f"PostgreSQL did not accept connections within {START_SECONDS:.0f} s. {home.log_tail()}")

    def _conninfo(self, home: Home) -> str:
        password = (read_file(home.fd, CREDENTIAL) or "").strip()
        host = str(self._socket_directory(home)).replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{host}' port=5432 user=postgres password={password} dbname=postgres"

    def _socket_directory(self, home: Home) -> Path:
        """Return a path to the socket's directory that fits a socket address and means one host to libpq, which splits at commas.

        When the real one does not: through a descriptor of ours under /proc. Unlike a link in a temporary directory it leaves nothing
        behind after kill -9, and unlike /proc/self it serves children such as psql, which inherit nothing.
        """
        real = self.data_directory / PGDATA
        if len(os.fsencode(real / SOCKET)) <= SOCKET_PATH_LIMIT_BYTES and "," not in str(real):
            return real
        if not Path("/proc/self/fd").is_dir():
            raise PostgresNotStarted(f"A socket in {real} cannot be reached. Set Database.DataDirectory to a shorter path without commas.")
        if self._home_fd is None:
            self._home_fd = os.dup(home.fd)
        return Path(f"/proc/{os.getpid()}/fd/{self._home_fd}") / PGDATA


def _count_as_user(home: Home, users_fd: int, until: float) -> None:
    if not lock(users_fd, fcntl.LOCK_SH, until=until):  # held exclusively by a keeper: it is stopping the server
        raise PostgresNotStarted(f"The PostgreSQL in {home.path} does not come to its end. {home.log_tail()}")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PostgresNotStarted(explain(error, path)) from error
    except subprocess.SubprocessError as error:
        raise PostgresNotStarted(f"PostgreSQL could not be started in {path}: {error}") from error


@contextmanager
def _held(home: Home, name: str, *, until: float) -> Iterator[None]:
    with closing_fd(open_file(home.fd, name, os.O_RDWR)) as fd:
        if not lock(fd, fcntl.LOCK_EX, until=until):
            raise PostgresNotStarted(f"Another sigma has been starting or stopping PostgreSQL here for too long. {home.log_tail()}")
        yield


def _stop_unless_used(home: Home, users_fd: int) -> None:
    if lock(users_fd, fcntl.LOCK_EX, until=0):
        with closing_fd(home.open_pgdata()) as pgdata_fd, closing_fd(open_file(home.fd, "server.lock", os.O_RDWR)) as server_fd:
            postgres_keeper.stop_server(pgdata_fd, server_fd)
    else:
        # Our lock is lost now. We get a shared one at once if others use the server, and after the stop if the keeper was faster.
        lock(users_fd, fcntl.LOCK_SH, until=time.monotonic() + STOP_SECONDS)


def _launch(home: Home, lock_fd: int) -> None:
    """This will start the server; it may not accept connections yet, or fail. `lock_fd` holds server.lock, which the server inherits."""
    with ExitStack() as stack:
        programs, copy = programs_for(home)
        pgdata_fd = stack.enter_context(closing_fd(ensure_cluster(home, programs=programs, lock_fd=lock_fd)))
        inherit = [pgdata_fd, lock_fd]
        if copy is not None:  # a lock on a directory tells systemd-tmpfiles, which clears old files away, that it is in use
            inherit.append(stack.enter_context(closing_fd(os.open(copy, os.O_RDONLY | os.O_DIRECTORY))))
            fcntl.flock(inherit[-1], fcntl.LOCK_SH)
        server = [str(programs / "postgres"), "-D", home.address(pgdata_fd)]
        server += ["-c", "listen_addresses=", "-c", "unix_socket_directories=.", "-c", "port=5432"]  # a relative path is never too long
        _dispatch(home, {"server": server, "inherit": inherit, "keep": _keep_plan(home, pgdata_fd, stack)})


def _ensure_keeper(home: Home) -> None:
    """This will replace a keeper that was killed, or else the server would outlive its users."""
    with ExitStack() as stack:
        pgdata_fd = stack.enter_context(closing_fd(home.open_pgdata()))
        keep = _keep_plan(home, pgdata_fd, stack)
        if keep is not None:
            _dispatch(home, {"server": None, "inherit": [], "keep": keep})


def _keep_plan(home: Home, pgdata_fd: int, stack: ExitStack) -> dict[str, Any] | None:
    keeper_fd = try_lock(home, "keeper.lock")
    if keeper_fd is None:
        return None
    plan: dict[str, Any] = {"keeper": stack.enter_context(closing_fd(keeper_fd)), "pgdata": pgdata_fd}
    for name in ("users", "server"):
        plan[name] = stack.enter_context(closing_fd(open_file(home.fd, f"{name}.lock", os.O_RDWR)))
    copy = existing_copy(home)
    return plan | {"copy": None if copy is None else str(copy)}


def _dispatch(home: Home, plan: dict[str, Any]) -> None:
    """This will run the keeper's program, which forks what the plan says and ends: server and keeper must be nobody's children.

    They are in another session than ours, where neither Ctrl-C nor a closed terminal reaches them.
    """
    account = [home.account.uid, home.account.gid] if home.account.is_other else None
    keep = plan["keep"] or {}
    descriptors = {*plan["inherit"], *(value for name, value in keep.items() if name != "copy")}
    with closing_fd(open_file(home.fd, LOG, os.O_WRONLY | os.O_APPEND)) as log_fd:
        if os.fstat(log_fd).st_size > LOG_LIMIT_BYTES:
            os.ftruncate(log_fd, 0)
        command = [
            sys.executable,
            "-I",
            "-S",
            postgres_keeper.__file__,
            json.dumps({"directory": str(home.path), "account": account} | plan),
        ]
        options: dict[str, Any] = {"pass_fds": descriptors, "start_new_session": True, "env": ENVIRONMENT, "timeout": 60}
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log_fd, stderr=log_fd, check=True, **options)


def _end_orphans(home: Home) -> None:
    """This will end what a killed server left behind, which keeps a new one from starting."""
    with closing_fd(home.open_pgdata()) as pgdata_fd:
        if postgres_keeper.postmaster_pid(pgdata_fd) is None:
            postgres_keeper.kill_orphans(pgdata_fd)


def _answers(socket_path: Path) -> bool:
    """Return whether the server lets clients in: it asks for a password, or refuses for another reason than its own coming and going."""
    parameters = b"user\0postgres\0database\0postgres\0\0"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        try:
            client.connect(str(socket_path))
            client.sendall(struct.pack("!ii", 8 + len(parameters), 3 << 16) + parameters)
            answer = client.recv(1024)
        except OSError:
            return False
    return answer[:1] == b"R" or (answer[:1] == b"E" and CANNOT_CONNECT_NOW not in answer)
