"""One word per idea. A second word for a thing that has one is found where it is defined; what others call it does not matter."""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import FUNCTIONS, Finding, Source

RULE = "name"
SAY_INSTEAD = {
    "org": "tenant",
    "organization": "tenant",
    "organisation": "tenant",
    "campaign": "broadcast",
    "customer_care": "customer_service",
    "wamid": "platform_message_id",
}
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def check(source: Source) -> Iterator[Finding]:
    """Find definitions that use a denied word. Connectors speak their platform's language and are left alone."""
    if not source.is_in("src/sigma/") or source.is_in("src/sigma/connectors/"):
        return
    for name, line in definitions(source):
        spaced = f"_{'_'.join(WORDS.findall(name)).lower()}_"
        for word, better in SAY_INSTEAD.items():
            if f"_{word}_" in spaced:
                yield Finding(source.path, line, RULE, f"{name}: the word for {word} is {better}")


def definitions(source: Source) -> Iterator[tuple[str, int]]:
    """Yield each name that this file gives to something."""
    for node in source.walk():
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
