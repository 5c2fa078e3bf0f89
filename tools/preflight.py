"""Says whether this machine can run SIGMA, before anything is installed: `make doctor`. Standard library only.

`sigma doctor` looks at a running installation instead. A line starting with "no" stops SIGMA; "hm" is worth knowing.
"""

import importlib.util
import os
import platform
import shutil
import socket
import sys
import tempfile
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  (make may have found an old one, which cannot read what follows)
    sys.exit("no  python3 is older than 3.11: name a newer one, make … PYTHON=/path/to/python3.12")

ROOT = Path(__file__).resolve().parent.parent
PORTS = {8000: "sigma serve", 9000: "sigma simulate"}
MEMORY_GB = 2  # PostgreSQL, server, simulator and a test run side by side
DISK_GB = 2  # .venv takes about 0.5, the rest is for data
WHEELS_EXIST_FOR = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")}


def main() -> None:
    """Print one line per fact; exit 1 if one of them stops SIGMA."""
    facts = [check_python(), check_system(), check_memory(), check_disk(), check_data_directory(), *map(check_port, PORTS), check_user()]
    for verdict, text in facts:
        print(f"{verdict:<3} {text}")
    sys.exit(any(verdict == "no" for verdict, _ in facts))


def check_python() -> tuple[str, str]:
    """Python can build virtual environments."""
    version = platform.python_version()
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        return "no", f"Python {version} without venv: install your system's package python3-venv"
    return "ok", f"Python {version}"


def check_system() -> tuple[str, str]:
    """Ready-made wheels exist for this system; nothing is compiled."""
    system = (platform.system(), platform.machine())
    return ("ok" if system in WHEELS_EXIST_FOR else "no"), f"{system[0]} on {system[1]}"


def check_memory() -> tuple[str, str]:
    """Enough memory for the demo or the tests."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return ("ok" if gigabytes >= MEMORY_GB else "hm"), f"{gigabytes:.1f} GB memory ({MEMORY_GB} is comfortable)"


def check_disk() -> tuple[str, str]:
    """Enough room beside this checkout."""
    gigabytes = shutil.disk_usage(ROOT).free / 1e9
    return ("ok" if gigabytes >= DISK_GB else "no"), f"{gigabytes:.1f} GB free disk ({DISK_GB} is needed)"


def check_data_directory() -> tuple[str, str]:
    """The default data directory can be created, or written if it exists."""
    data = Path.cwd() / ".sigma"
    try:
        with tempfile.TemporaryFile(dir=data if data.exists() else data.parent):
            return "ok", f"{data} is writable"
    except OSError as error:
        return "no", f"{data} is not writable ({error.strerror}): name another place in Database.DataDirectory"


def check_port(port: int) -> tuple[str, str]:
    """Nobody listens where SIGMA wants to."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return "hm", f"port {port} is taken: {PORTS[port]} --port N uses another"
    return "ok", f"port {port} is free"


def check_user() -> tuple[str, str]:
    """PostgreSQL refuses to run as root; SIGMA then starts it as another user."""
    if os.geteuid() == 0:
        return "hm", "running as root: SIGMA starts its PostgreSQL as an unprivileged user; an ordinary account is simpler"
    return "ok", f"running as an ordinary user (uid {os.geteuid()})"


if __name__ == "__main__":
    main()
