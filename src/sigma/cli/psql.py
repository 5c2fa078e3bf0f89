"""`sigma psql`."""

import os
import shutil
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
    from psycopg.conninfo import conninfo_to_dict

    from sigma.entrypoints.installation import open_installation
    from sigma.kit.postgres import binary

    with open_installation(configured().settings) as opened:
        server = {name: str(value) for name, value in conninfo_to_dict(opened.admin_conninfo).items() if value is not None}
        environment = dict(os.environ, PGPASSWORD=server.pop("password", ""))
        conninfo = " ".join(f"{name}='{value}'" for name, value in server.items())
        program = shutil.which("psql") if opened.settings.database.url else None
        try:
            done = subprocess.run([program or str(binary("psql")), "-d", conninfo, *arguments], env=environment, check=False)
        except KeyboardInterrupt:
            sys.exit(130)
    sys.exit(done.returncode)
