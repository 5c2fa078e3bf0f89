"""Catching everything hides bugs. Where it is right (the edge of a request, a job, a loop that must go on) a comment says why."""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "broad-except"
BROAD = {"Exception", "BaseException"}
NOT_A_REASON = re.compile(r"#\s*(noqa|type:|pragma)[^#]*")
REASON = re.compile(r"#\s*\S+ \S+ \S+")  # three words at least


def check(source: Source) -> Iterator[Finding]:
    """Find `except Exception`, `except BaseException` and bare `except` without a reason on the line or the one above."""
    if not source.is_in("src/", "tools/"):
        return
    for node in source.walk():
        if isinstance(node, ast.ExceptHandler) and is_broad(node) and not has_reason(source, node.lineno):
            yield Finding(source.path, node.lineno, RULE, "name the exceptions, or say in a comment why all of them are caught here")


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Tell whether the handler catches everything."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(dotted(kind).removeprefix("builtins.") in BROAD for kind in kinds)


def has_reason(source: Source, line: int) -> bool:
    """Tell whether a comment in words stands there; an order to a linter is not one."""
    return any(REASON.search(NOT_A_REASON.sub("", source.comments.get(number, ""))) for number in (line, line - 1))
