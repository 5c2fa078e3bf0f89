"""`sigma serve`."""

from typing import Annotated, Literal

from cyclopts import Parameter

from sigma.cli import app
from sigma.cli.common import config_file, configured


@app.command
def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    role: Literal["all", "http", "worker"] = "all",
    until_stdin_closes: Annotated[bool, Parameter(show=False)] = False,
) -> None:
    """Receive webhooks, answer the API and project what arrives, until Ctrl-C or SIGTERM.

    Parameters
    ----------
    host
        Address to listen on; Http.Host otherwise.
    port
        Port to listen on; Http.Port otherwise.
    role
        `all` runs everything on this machine; `http` and `worker` are for running them apart, in any number.
    until_stdin_closes
        Stop when standard input ends: how a worker follows the process that started it.

    """
    from sigma.entrypoints.serve import ServeOptions, run_serve

    is_child = role == "worker" and until_stdin_closes
    loaded = configured(warn=not is_child)  # whoever started it has warned
    options = ServeOptions(
        host=host or loaded.settings.http.host,
        port=loaded.settings.http.port if port is None else port,
        role=role,
        until_stdin_closes=until_stdin_closes,
        config=config_file(),
    )
    run_serve(loaded.settings, options)
