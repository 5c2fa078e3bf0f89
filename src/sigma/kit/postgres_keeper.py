"""A program that runs apart from every sigma process: it starts the PostgreSQL server detached, and stops it when its last user is gone.

It is run as a plain file by an isolated interpreter, so it imports the standard library only. The one argument is a JSON object:
    directory the data directory, only for those who read a list of processes
    account   [uid, gid] to run as, or null to stay who we are
    server    the server's command line, or null when it runs already
    inherit   descriptors that the server keeps: among them the exclusive lock on server.lock, which is free again only when the last
              server process has ended, however it ended
    keep      null when a keeper lives already, else descriptors of our own, each opened apart: `users` (users.lock, not locked yet),
              `server` (server.lock, not locked yet), `keeper` (keeper.lock, locked), `pgdata` (the cluster); and `copy`, a path to
              remove in the end, or null

Why a keeper: users are counted by a shared lock that the kernel drops even after kill -9, and whoever gets it exclusively is alone and may
stop the server.
"""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

FAST_SECONDS = 60.0
IMMEDIATE_SECONDS = 15.0
POLL_SECONDS = 0.01
PROC = Path("/proc")


def stop_server(pgdata_fd: int, server_fd: int) -> bool:
    """This will stop the server, fast and if need be harder, and wait for the end of all of its processes.

    Call it only when nobody can start one meanwhile. `server_fd` is a descriptor of server.lock; it holds the lock when the answer is true.
    """
    if _locks(server_fd, seconds=0):
        return True
    for signal_number, seconds in ((signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS), (signal.SIGKILL, IMMEDIATE_SECONDS)):
        pid = postmaster_pid(pgdata_fd)
        if pid is None:
            kill_orphans(pgdata_fd)
        else:
            _signal(pid, signal_number)
        if _locks(server_fd, seconds=seconds):
            return True
    return False


def postmaster_pid(pgdata_fd: int) -> int | None:
    """Return the running server's process id, None when there is none.

    After a crash the file may name a process that has nothing to do with PostgreSQL: only one that works in this very directory counts.
    """
    try:
        fd = os.open("postmaster.pid", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=pgdata_fd)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        first = file.readline(32).strip().removeprefix(b"-")  # negative for a single-user server
    pid = int(first) if first.isdigit() else 0
    return pid if pid > 1 and _works_in(pid, pgdata_fd) else None


def kill_orphans(pgdata_fd: int) -> None:
    """This will end the processes that a killed server left behind: one that is busy with a query would not notice before its end."""
    for pid in _processes():
        if _works_in(pid, pgdata_fd):
            _signal(pid, signal.SIGQUIT)


def _processes() -> Iterator[int]:
    if PROC.is_dir():
        yield from (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _works_in(pid: int, directory_fd: int) -> bool:
    """Every process of a server has the cluster as its working directory; so may somebody's shell. Without /proc, any process counts."""
    if not PROC.is_dir():
        return _signal(pid, 0)
    process = PROC / str(pid)
    try:
        return (process / "comm").read_bytes() == b"postgres\n" and os.path.samestat((process / "cwd").stat(), os.fstat(directory_fd))
    except OSError:
        return False  # it has ended, or it is another account's


def _signal(pid: int, signal_number: int) -> bool:
    try:
        os.kill(pid, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _locks(fd: int, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True


def main(plan: dict[str, Any]) -> NoReturn:
    """This will fork the server and the keeper, as the plan says, and end, so that neither is anybody's child."""
    keep = plan["keep"]
    ours = [] if keep is None else [keep[name] for name in ("users", "server", "keeper")]
    if plan["server"] is not None and os.fork() == 0:
        for fd in ours:
            os.close(fd)
        _become_server(plan)
    for fd in plan["inherit"]:
        if keep is None or fd != keep["pgdata"]:
            os.close(fd)
    if keep is not None and os.fork() == 0:
        _keep(plan)
    os._exit(0)


def _become_server(plan: dict[str, Any]) -> NoReturn:
    try:
        _drop_privileges(plan["account"])
        os.execv(plan["server"][0], plan["server"])
    except OSError as error:
        sys.stderr.write(f"the server could not be run: {error}\n")
    os._exit(127)


def _keep(plan: dict[str, Any]) -> NoReturn:
    """Wait until no user is left. A service manager's signals go to everybody at once; ours is to leave last."""
    keep = plan["keep"]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _drop_privileges(plan["account"])
    fcntl.flock(keep["users"], fcntl.LOCK_EX)
    if stop_server(keep["pgdata"], keep["server"]) and keep["copy"] is not None:
        shutil.rmtree(keep["copy"], ignore_errors=True)
    os._exit(0)


def _drop_privileges(account: list[int] | None) -> None:
    if account is not None:
        uid, gid = account
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
