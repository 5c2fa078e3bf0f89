"""Files and functions have a budget. What is over it today stands in tools/size_ratchet.json with its size, and may only shrink."""

import ast
from collections.abc import Iterator, Mapping

from tools.lints.source import FUNCTIONS, Finding, Source

RULE = "size"
FILE_LINES = 400
FUNCTION_LINES = 60


def measure(source: Source) -> Iterator[tuple[str, int]]:
    """Yield `path` or `path::function` and its lines, for what is over budget. A migration is history: it cannot shrink."""
    if source.is_in("migrations/"):
        return
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield source.path, lines
    for name, node in functions(source.tree, ""):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{source.path}::{name}", lines


def functions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every function below `parent` with its qualified name."""
    for node in ast.iter_child_nodes(parent):
        name = f"{prefix}{node.name}" if isinstance(node, (ast.ClassDef, *FUNCTIONS)) else ""
        if isinstance(node, FUNCTIONS):
            yield name, node
        yield from functions(node, f"{name}." if name else prefix)


def compare(sizes: Mapping[str, int], ratchet: Mapping[str, int]) -> Iterator[Finding]:
    """Find what grew, what is newly over budget, and entries that could be lower."""
    for place in sorted(sizes.keys() | ratchet.keys()):
        size, limit = sizes.get(place, 0), ratchet.get(place)
        budget = FUNCTION_LINES if "::" in place else FILE_LINES
        if limit is None:
            yield Finding(place, 1, RULE, f"{size} lines, the budget is {budget}: split it")
        elif size > limit:
            yield Finding(place, 1, RULE, f"{size} lines, it had {limit} and may only shrink")
        elif size < limit:
            yield Finding(place, 1, RULE, "shrank, well done: python -m tools.lints --shrink lowers its entry in tools/size_ratchet.json")


def shrink(sizes: Mapping[str, int], ratchet: Mapping[str, int]) -> dict[str, int]:
    """Return the ratchet with every entry as low as it can be. It never adds or raises one: that takes a person, and a review."""
    return {place: min(limit, sizes[place]) for place, limit in sorted(ratchet.items()) if place in sizes}
