"""One transaction per request or job, committed at its edge: only kit/db.py, kit/schema.py (migrations) and the journal end one by hand."""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "commit"
MAY_COMMIT = ("src/sigma/kit/db.py", "src/sigma/kit/schema.py", "src/sigma/intake/journal.py", "src/sigma/intake/journal/")
STATEMENT = re.compile(r"(?<!ON )\bCOMMIT\b")  # "ON COMMIT DROP" belongs to a temporary table


def check(source: Source) -> Iterator[Finding]:
    """Find `.commit()` and SQL that says COMMIT."""
    if not source.is_in("src/sigma/") or source.is_in(*MAY_COMMIT):
        return
    for node in source.walk():
        match node:
            case ast.Call(func=ast.Attribute(attr="commit")):
                pass
            case ast.Constant(value=str(text)) if STATEMENT.search(text) and node not in source.docstrings:
                pass
            case _:
                continue
        yield Finding(source.path, node.lineno, RULE, "a transaction is committed where it was opened, by kit/db.py")
