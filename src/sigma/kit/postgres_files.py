"""Files, locks and the operating-system account of an embedded PostgreSQL; what PostgreSQL is told belongs in postgres_cluster.

Root may work here inside a directory that a lesser account owns. So every path is opened relative to a directory descriptor and never
through a symbolic or hard link, and what is created belongs to the owner of the directory that it is created in.
"""

import errno
import fcntl
import os
import pwd
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PGDATA = "pgdata"
LOG = "postgres.log"
POLL_SECONDS = 0.01


class PostgresNotStarted(Exception):
    """The embedded PostgreSQL cannot run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as. `is_other` when that is not this process's own account: for root, as PostgreSQL refuses to run as uid 0."""

    uid: int
    gid: int
    is_other: bool

    def process_options(self) -> dict[str, Any]:
        """Keyword arguments that make subprocess start a program as this account, without any other group."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}


@dataclass(frozen=True, slots=True)
class Home:
    """An open data directory. `fd` stays valid, and usable by root, whatever its parents permit."""

    path: Path
    fd: int
    account: Account

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """This will open an existing data directory. Raises: OSError, PostgresNotStarted (no account to run as)."""
        with closing_fd(os.open(path, os.O_RDONLY | os.O_DIRECTORY)) as fd:
            yield cls(path, fd, _choose_account(fd))

    def open_pgdata(self, name: str = PGDATA) -> int:
        """Return a descriptor of the cluster's directory. Raises: FileNotFoundError, NotADirectoryError (also for a link)."""
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.fd)

    def address(self, pgdata_fd: int, name: str = PGDATA) -> str:
        """Return a path to the cluster that the account can open in a process that inherited `pgdata_fd`.

        The account may not be allowed through the parents of a directory that root made. A magic link under /proc goes straight to the
        directory and leaves the parents' permissions as they are.
        """
        return f"/proc/self/fd/{pgdata_fd}" if self.account.is_other else str(self.path / name)

    def log_tail(self, lines: int = 8) -> str:
        """Return the last lines of the server's log, with its path, for an error's text."""
        text = read_file(self.fd, LOG) or "(empty)"
        return f"The end of {self.path / LOG}:\n" + "\n".join(text.splitlines()[-lines:])


def _choose_account(directory_fd: int) -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    owners = [os.fstat(directory_fd)]
    with suppress(FileNotFoundError):
        owners.insert(0, os.stat(PGDATA, dir_fd=directory_fd, follow_symlinks=False))
    for owner in owners:
        if owner.st_uid != 0:
            return Account(owner.st_uid, _group_of(owner), is_other=True)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, is_other=True)
    raise PostgresNotStarted(
        "PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody`. Run sigma as an ordinary user."
    )


def _group_of(owner: os.stat_result) -> int:
    try:
        return pwd.getpwuid(owner.st_uid).pw_gid
    except KeyError:
        return owner.st_gid


@contextmanager
def closing_fd(fd: int) -> Iterator[int]:
    """This will close the descriptor in the end."""
    try:
        yield fd
    finally:
        os.close(fd)


def make_directory(path: Path) -> None:
    """This will create the data directory, readable by its owner alone; one that exists keeps its permissions."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_file(directory_fd: int, name: str, flags: int) -> int:
    """Return a descriptor of a file of ours, made with mode 0600 when missing. Raises: OSError, PostgresNotStarted (no plain file)."""
    try:
        fd = os.open(name, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory_fd)
    except FileExistsError:
        fd = os.open(name, flags | os.O_NOFOLLOW, dir_fd=directory_fd)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            os.close(fd)
            raise PostgresNotStarted(f"`{name}` in the data directory is not a plain file of its own. Remove it and start again.") from None
        return fd
    own_like_directory(fd, directory_fd)
    return fd


def own_like_directory(fd: int, directory_fd: int) -> None:
    """This will give a new file or pipe to the owner of the directory."""
    owner = os.fstat(directory_fd)
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(fd, owner.st_uid, owner.st_gid)


def write_file(directory_fd: int, name: str, text: str) -> None:
    """This will replace a file as a whole and durably: after a power cut it is the old one or the new one."""
    new = f"{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory_fd)
    with os.fdopen(open_file(directory_fd, new, os.O_WRONLY), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, name, src_dir_fd=directory_fd, dst_dir_fd=directory_fd)
    os.fsync(directory_fd)


def read_file(directory_fd: int, name: str, *, last_bytes: int = 16_384) -> str | None:
    """Return the end of a file as text, None when there is no such file."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory_fd)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        file.seek(max(0, os.fstat(fd).st_size - last_bytes))
        return file.read(last_bytes).decode("utf-8", "replace")


def try_lock(home: Home, name: str) -> int | None:
    """Return a descriptor that holds the lock file exclusively, None when another process holds it."""
    fd = open_file(home.fd, name, os.O_RDWR)
    if lock(fd, fcntl.LOCK_EX, until=0):
        return fd
    os.close(fd)
    return None


def lock(fd: int, operation: int, *, until: float) -> bool:
    """This will lock the open file, polling until that time of time.monotonic(), and at least once; false when it was never free.

    A lock that this descriptor held before may be lost either way: the kernel drops it before it takes the other kind.
    """
    while True:
        try:
            fcntl.flock(fd, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True


def explain(error: OSError, path: Path) -> str:
    """Return what went wrong with the data directory, and the fix."""
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"This account may not write in {path} ({error}). Run sigma as its owner, or set Database.DataDirectory to another one."
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk that holds {path} is full. Free some space and start again; nothing that was committed is lost."
        case _:
            return f"The data directory {path} cannot be used: {error}"
