"""The `sigma` command. One file per group; heavy imports happen inside commands, so that `sigma --help` is quick."""

import sys
from collections.abc import Sequence

from cyclopts import App

app = App(name="sigma", help="A WhatsApp Business hub that a company runs itself.", version_flags=["--version"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `sigma`; anticipated errors become one line on standard error and a non-zero exit code."""
    from sigma.cli import apikeys, config, demo, migrate, psql, purge, replay, schema, serve, simulate, tenants  # noqa: F401 - each adds its commands
    from sigma.cli.common import anticipated_errors, take_config_option

    remaining = take_config_option(list(sys.argv[1:] if arguments is None else arguments))
    with anticipated_errors():
        app(remaining)
