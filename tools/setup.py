"""Builds .venv from the lock files. Called by make with the stamp file to leave behind; see the Makefile for when.

Standard library only, and plain enough for an old python3 to get as far as the message about its age.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)  # of the newest, a wheel of every requirement exists


def switch_to_a_fitting_python() -> None:
    """Go on with another interpreter of this machine if the one that make found is too old, or too new for ready-made wheels."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        fitting = shutil.which(f"python3.{minor}")
        if fitting and subprocess.run([fitting, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.execv(fitting, [fitting, *sys.argv])
    if sys.version_info < OLDEST:
        sys.exit("SIGMA needs Python 3.11 or newer, and python3 is older. Name one: make setup PYTHON=/path/to/python3.12")


if __name__ == "__main__":
    switch_to_a_fitting_python()  # before anything below that an old one cannot read

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BOOTSTRAP = "tools/bootstrap.lock"
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-assets.lock"]
Command = list[str | Path]
THIS_PROJECT = ["--no-deps", "--no-build-isolation", "--editable", "."]


def main() -> None:
    """Build .venv, unless another make did so while this one waited for its turn."""
    stamp = ROOT / sys.argv[1]
    os.chdir(ROOT)
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make`s at once on a fresh checkout: one builds, the other waits
        if not stamp.exists():
            started = time.monotonic()
            print("Setting up .venv. The first time, about 90 MB are downloaded.", flush=True)
            build()
            for old in VENV.glob(".ready-*"):
                old.unlink()
            stamp.touch()
            print(f"Ready after {time.monotonic() - started:.1f} s.", flush=True)


def build() -> None:
    """Create the environment if need be, then make its contents exactly what the locks say."""
    environment = build_environment()
    if not is_usable():
        create: Command = [sys.executable, "-m", "venv", "--clear", VENV]
        run("create .venv (on Debian and Ubuntu that needs the package python3-venv)", create, environment)
    pip: Command = [PYTHON, "-m", "pip", "-qq", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    run("install uv", [*pip, "-r", BOOTSTRAP], environment)
    uv: Command = [VENV / "bin" / "uv", "pip"] if sys.stderr.isatty() else [VENV / "bin" / "uv", "--quiet", "pip"]
    options: Command = ["--python", PYTHON]
    sync = [*uv, "sync", *options, "--require-hashes", "--no-build", "--compile-bytecode", BOOTSTRAP, *LOCKS]
    if subprocess.run(sync, env=environment, check=False).returncode == 0:
        run("install SIGMA", [*uv, "install", *options, *THIS_PROJECT], environment)
        return
    print("uv failed, see above. Trying pip, which may know another way to the same files and checks the same hashes.", flush=True)
    run("install the requirements", [*pip, *[f"--requirement={lock}" for lock in LOCKS]], environment)
    run("install SIGMA", [PYTHON, "-m", "pip", "-qq", "install", *THIS_PROJECT], environment)


def is_usable() -> bool:
    """Tell whether .venv was made for this place, has an interpreter that still runs, is new enough, and has pip."""
    try:
        made_here = f" {VENV}\n" in (VENV / "pyvenv.cfg").read_text()
    except OSError:
        return False
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    return made_here and PYTHON.exists() and subprocess.run([PYTHON, "-c", probe], check=False, capture_output=True).returncode == 0


def build_environment() -> dict[str, str]:
    """Return the variables for pip and uv: this machine's own (proxies, certificates, mirrors), less what would lead them astray."""
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):
        environment.pop(name, None)
    cache = Path(environment.get("UV_CACHE_DIR") or environment.get("XDG_CACHE_HOME") or Path.home())
    if not os.access(next(path for path in (cache, *cache.parents) if path.exists()), os.W_OK):
        environment["UV_NO_CACHE"] = "1"  # a service user often has no home directory
    return environment


def run(what: str, command: Command, environment: dict[str, str]) -> None:
    """Run one step; when it fails, end with what it was for. Its own words are already on the screen."""
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        sys.exit(f"make setup stopped: could not {what}. The reason is above.")


if __name__ == "__main__":
    main()
