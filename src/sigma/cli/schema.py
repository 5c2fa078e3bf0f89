"""`sigma schema`."""

from pathlib import Path

from sigma.cli import app


@app.command
def schema(*, output: Path | None = None) -> None:
    """Print the GraphQL schema, or write it to a file.

    Parameters
    ----------
    output
        The file to write.

    """
    from sigma.entrypoints.schema import build_schema

    text = build_schema().as_str() + "\n"
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
