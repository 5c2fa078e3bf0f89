"""The `sigma` command. One file per group; heavy imports happen inside commands, so that `sigma --help` is quick."""

import sys
from collections.abc import Sequence

from cyclopts import App

app = App(name="sigma", help="A WhatsApp Business hub that a company runs itself.", version_flags=["--version"])

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `sigma`; anticipated errors become one line on standard error and a non-zero exit code."""
    try:
        _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # at any moment, also while modules are imported
        raise SystemExit(EXIT_INTERRUPTED) from None


def _run(arguments: list[str]) -> None:
    from sigma.cli import apikeys, config, demo, migrate, psql, purge, replay, schema, serve, simulate, tenants  # noqa: F401 - each adds its commands
    from sigma.cli.common import anticipated_errors, take_config_option

    remaining = take_config_option(arguments)
    with anticipated_errors():
        app(remaining)
