"""What commands share: the settings, logging, the installation, and errors that become one line."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sigma.entrypoints.installation import Installation
    from sigma.kit.settings import LoadedSettings

T = TypeVar("T")

EXIT_ERROR = 1
EXIT_USAGE = 2


class _Options:
    config: Path | None = None


def take_config_option(arguments: list[str]) -> list[str]:
    """Take `--config FILE` out of the arguments, wherever it stands before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    for index, argument in enumerate(arguments[:end]):
        if argument == "--config" and index + 1 < end:
            _Options.config = Path(arguments[index + 1])
            return arguments[:index] + arguments[index + 2 :]
        if argument.startswith("--config="):
            _Options.config = Path(argument.removeprefix("--config="))
            return arguments[:index] + arguments[index + 1 :]
    return arguments


def configured(*, warn: bool = True) -> "LoadedSettings":
    """Return the settings, with logging set up from them and (unless told not to) their warnings logged. Raises: SettingsError."""
    from sigma.kit.log import configure_logging, get_logger
    from sigma.kit.settings import load_settings

    loaded = load_settings(_Options.config, os.environ, Path.cwd())
    configure_logging(loaded.settings.log.format, loaded.settings.log.level)
    for warning in loaded.warnings if warn else ():
        get_logger("settings").warning("settings.warning", advice=warning)
    return loaded


def config_file() -> Path | None:
    """Return the file that `--config` named."""
    return _Options.config


@contextmanager
def anticipated_errors() -> Iterator[None]:
    """Turn anticipated errors into one line and an exit code; anything else keeps its traceback."""
    try:
        yield
    except Exception as error:  # what is not anticipated is raised again
        told = _told(error)
        if told is None:
            raise
        print(f"sigma: {told}", file=sys.stderr)
        raise SystemExit(EXIT_ERROR) from None


def _told(error: BaseException) -> str | None:
    """Return what to tell about an anticipated error; None for a bug."""
    import psycopg

    from sigma.kit.errors import SigmaError
    from sigma.kit.master_key import MasterKeyError
    from sigma.kit.postgres import PostgresNotStarted
    from sigma.kit.redact import scrub
    from sigma.kit.schema import SchemaError
    from sigma.kit.settings import SettingsError

    if isinstance(error, BaseExceptionGroup):
        told = [_told(inner) for inner in error.exceptions]
        return None if None in told else "; ".join(line for line in told if line)
    if isinstance(error, SettingsError | SchemaError | MasterKeyError | PostgresNotStarted):
        return str(error)
    if isinstance(error, SigmaError):
        return error.message
    if isinstance(error, psycopg.OperationalError):
        return f"the database cannot be reached: {scrub(str(error)).strip()}. Check Database.Url and that the server runs."
    return None


def run_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run an asynchronous piece of work to its end on uvloop."""
    import uvloop

    async def run() -> T:
        return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


@contextmanager
def installation() -> "Iterator[Installation]":
    """Give the configured installation to a command."""
    from sigma.entrypoints.installation import open_installation

    with open_installation(configured().settings) as opened:
        yield opened
