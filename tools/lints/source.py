"""What a rule looks at and what it returns."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ALLOWED = re.compile(r"# lint: allow (?P<rule>[a-z-]+), because \w+ \w+")


@dataclass(frozen=True)
class Finding:
    """One broken rule at one place."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


@dataclass(frozen=True)
class Source:
    """One Python file. `path` is relative to the root of the checkout, with forward slashes."""

    path: str
    text: str

    @classmethod
    def read(cls, root: Path, file: Path) -> "Source":
        """Load a file of the checkout."""
        return cls(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @cached_property
    def comments(self) -> dict[int, str]:
        """Comment text by line number."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    @cached_property
    def docstrings(self) -> set[ast.AST]:
        """The constants that are documentation, not values."""
        documented = [node for node in self.walk() if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and ast.get_docstring(node)]
        return {node.body[0].value for node in documented if isinstance(node.body[0], ast.Expr)}

    def walk(self) -> Iterator[ast.AST]:
        """Yield every node."""
        yield from ast.walk(self.tree)

    def is_in(self, *places: str) -> bool:
        """Tell whether the file is one of these, or lies below one of these folders (written with a final slash)."""
        return any(self.path == place or (place.endswith("/") and self.path.startswith(place)) for place in places)

    def allows(self, finding: Finding) -> bool:
        """Tell whether a comment on the line, or on the one above, excuses the finding and says why."""
        comments = [self.comments.get(line, "") for line in (finding.line, finding.line - 1)]
        return any(match["rule"] == finding.rule for match in map(ALLOWED.search, comments) if match)


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for such an expression; whatever is not a name or an attribute counts as nothing."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""
