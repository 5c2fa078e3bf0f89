"""`sigma psql`."""

import os
import shutil
import signal
import subprocess
import sys

from sigma.cli import app
from sigma.cli.common import configured


@app.command
def psql(*arguments: str) -> None:
    """Open psql on SIGMA's database as its administrator: row-level security does not hide rows from this operator.

    Parameters
    ----------
    arguments
        What psql itself takes, after a `--`, for example: sigma psql -- -c "SELECT count(*) FROM messages"

    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from sigma.entrypoints.installation import reachable_server
    from sigma.kit.postgres import binary

    # Not open_installation: its checks must not lock the operator out of a database that is to be mended.
    with reachable_server(configured().settings) as (admin_conninfo, embedded):
        server = conninfo_to_dict(admin_conninfo)
        environment = dict(os.environ, PGPASSWORD=str(server.pop("password", "")))  # not on the command line, which everybody may read
        conninfo = make_conninfo("", **server)
        program = None if embedded else shutil.which("psql")
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for psql: it cancels a query, or leaves a line
        done = subprocess.run([program or str(binary("psql")), "-d", conninfo, *arguments], env=environment, check=False)
    sys.exit(done.returncode)
