"""SQL is written down, not put together: values go in as parameters, names as psycopg.sql.Identifier.

A module constant (`{MESSAGE_COLUMNS}`) may stand in a statement, because a reviewer sees all that it can be.
"""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "sql-text"
QUERY = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) ")
TAKES_SQL = {"execute", "executemany", "stream", "copy", "text", "SQL"}


def check(source: Source) -> Iterator[Finding]:
    """Find queries, and arguments of execute() and its like, that are put together from more than constants."""
    if not source.is_in("src/sigma/"):
        return
    arguments = {node.args[0] for node in source.walk() if isinstance(node, ast.Call) and node.args and name_of(node.func) in TAKES_SQL}
    for node in source.walk():
        first_words = put_together(node)
        if first_words is not None and (node in arguments or QUERY.match(first_words)):
            yield Finding(source.path, node.lineno, RULE, "pass values as parameters and names as psycopg.sql.Identifier")  # type: ignore[attr-defined]


def put_together(node: ast.AST) -> str | None:
    """Return the first words of a text that an f-string, `+`, `%` or `.format` makes out of more than constants."""
    match node:
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *parts]) if not all(map(is_constant, parts)):
            return text
        case ast.JoinedStr(values=[ast.FormattedValue(), *_]) if not all(map(is_constant, node.values)):
            return ""
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add() | ast.Mod(), right=right) if not is_constant(right):
            return text
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return text
    return None


def is_constant(node: ast.expr) -> bool:
    """Tell whether a part of a statement is literal text, a number or an UPPER_CASE name."""
    if isinstance(node, ast.FormattedValue):
        return is_constant(node.value)
    return isinstance(node, ast.Constant) or name_of(node).isupper()


def name_of(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return dotted(node).split(".")[-1]
