"""A log event is a constant, so that it can be searched and counted; what varies goes into keyword values, which are ids and numbers."""

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source

RULE = "log-event"
LOGGERS = {"log", "logger", "logging"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def check(source: Source) -> Iterator[Finding]:
    """Find log calls whose event is put together at run time."""
    if not source.is_in("src/"):
        return
    for node in source.walk():
        if isinstance(node, ast.Call) and is_log_call(node.func):
            has_constant_event = len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
            if not has_constant_event:
                yield Finding(source.path, node.lineno, RULE, "the event is one constant string; values go into keywords")


def is_log_call(function: ast.expr) -> bool:
    """Tell `log.info`, `self._log.error` and `log.bind(…).warning` from other calls."""
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    receiver = function.value
    while isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute):
        receiver = receiver.func.value
    name = receiver.attr if isinstance(receiver, ast.Attribute) else receiver.id if isinstance(receiver, ast.Name) else ""
    return name.lower().lstrip("_") in LOGGERS
