"""Reads a JSON object from a configuration file as it is written, and says what is wrong with it and where."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One mistake: the key's path, where it was made, what is wrong, and the fix (a sentence)."""

    path: str
    source: str
    what: str
    fix: str

    def __str__(self) -> str:
        """Return one line without any value."""
        place = f"{self.path} ({self.source})" if self.source else self.path
        return f"{place}: {self.what}. {self.fix}"


class SettingsError(Exception):
    """The configuration has mistakes. The message lists every one and shows no value."""

    def __init__(self, problems: list[Problem]) -> None:
        """`problems` come in the order of reading: file, environment, values."""
        self.problems = tuple(problems)
        count = "a mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__("\n".join([f"The configuration has {count}:", *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True)
class JsonObject:
    """A JSON object as written, so that a key that appears twice can be told."""

    pairs: list[tuple[str, Any]]


def plain(value: Any) -> Any:
    """Return a value with every JSON object in it as a dict."""
    if isinstance(value, JsonObject):
        return {name: plain(item) for name, item in value.pairs}
    return [plain(item) for item in value] if isinstance(value, list) else value


def read_json(file: Path) -> JsonObject | Problem:
    """Return the object in a UTF-8 file, with or without a byte order mark, or what is wrong with it."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=JsonObject)
    except OSError as error:
        return Problem(str(file), "", f"cannot be read: {error.strerror}", "Name a file that exists and that this user may read.")
    except UnicodeDecodeError as error:
        return Problem(f"{file}, byte {error.start + 1}", "", "is not UTF-8", "Save the file as UTF-8.")
    except json.JSONDecodeError as error:
        is_comment = error.doc.startswith(("//", "/*", "#"), error.pos)
        fix = "JSON has no comments: remove it." if is_comment else "Look for a missing or a spare comma or quotation mark there."
        return Problem(f"{file}, line {error.lineno}, column {error.colno}", "", f"is not JSON: {error.msg}", fix)
    except (ValueError, RecursionError):
        return Problem(str(file), "", "holds a number that is too long, or is nested too deeply", "Compare it with the example.")
    return document if isinstance(document, JsonObject) else Problem(str(file), "", "is not an object", "Put everything into { … }.")
