"""`sigma config`."""

from cyclopts import App

from sigma.cli import app
from sigma.cli.common import configured

config = App(name="config", help="Look at the configuration.")
app.command(config)


@config.command
def show() -> None:
    """Show the effective settings, secrets masked, and where each came from."""
    from rich.console import Console
    from rich.table import Table

    from sigma.kit.settings import describe_settings

    rows = describe_settings(configured())
    console = Console()
    if not console.is_terminal:  # whole names for a file or another program
        print("\n".join(f"{row.path}\t{row.value}\t{row.source}" for row in rows))
        return
    table = Table("Setting", "Value", "From", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.path, row.value, row.source)
    console.print(table)


@config.command
def reference() -> None:
    """Print the reference of all settings as Markdown."""
    from sigma.kit.settings import settings_reference

    print(settings_reference())
