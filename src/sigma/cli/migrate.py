"""`sigma migrate`."""

from sigma.cli import app
from sigma.cli.common import configured


@app.command
def migrate() -> None:
    """Bring the database to this release's schema, and make the roles that serve from it."""
    from sigma.entrypoints.installation import open_installation
    from sigma.kit.schema import HEAD

    with open_installation(configured().settings, force_migration=True):
        print(f"The database is at revision {HEAD}.")
