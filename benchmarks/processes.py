"""What Linux tells of processes: processor time, memory, children; and keeping them on chosen cores."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def all_cores() -> list[int]:
    """Return the cores that we may use."""
    return sorted(os.sched_getaffinity(0))


def pin(pids: Iterable[int], cores: Sequence[int]) -> None:
    """Keep every thread of these processes, and what they start from now on, on these cores."""
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    return [int(child) for thread in Path(f"/proc/{pid}/task").iterdir() for child in (thread / "children").read_text().split()]


def cpu_seconds(pid: int, *, with_ended_children: bool = False) -> float:
    """Return the processor time that a process has used; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11 : 15 if with_ended_children else 13])) / _TICKS_PER_SECOND


def machine_cpu_seconds() -> float:
    """Return the processor time that everything on this machine has used, other guests of the same host included."""
    user, nice, system, _idle, _waiting, *rest = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + sum(rest)) / _TICKS_PER_SECOND


def memory_mb(pid: int) -> dict[str, float]:
    """Return the resident memory of a process, now and at its peak."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {name: round(int(lines[key].split()[0]) / 1024, 1) for name, key in (("now", "VmRSS"), ("peak", "VmHWM"))}
