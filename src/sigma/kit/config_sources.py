"""Lays environment variables over a JSON file over a settings model's defaults, as .NET's `appsettings.json` does.

Knows no key by name: the model says which keys exist (`config_keys`). Mistakes are collected, so that one start shows them all, and
never hold a value: it may be a secret that was put under the wrong key.
"""

import difflib
import json
import os.path
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sigma.kit.config_file import JsonObject, Problem, SettingsError, plain, read_json
from sigma.kit.config_keys import Key, Section, Unfit, fold_entry, nearest, section_of, show

KeyPath = tuple[str, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)

_LEVELS = re.compile("__|:")
_UUID_WITH_UNDERSCORES = re.compile("[0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Loaded(Generic[ModelT]):
    """A validated model; for every key `default`, `file <name>` or `environment <VARIABLE>`; and what deserves a second look."""

    model: ModelT
    sources: dict[str, str]
    warnings: list[str]


@dataclass(frozen=True)
class _Origin:
    """Where a value comes from, and the directory that a relative path in it starts from."""

    source: str
    base: Path


def load(model: type[ModelT], file: Path | None, environ: Mapping[str, str], cwd: Path) -> Loaded[ModelT]:
    """Return a model from its defaults, then the file, then the environment; paths are absolute. Raises: SettingsError."""
    overlay = _Overlay(section_of(model), cwd)
    if file is not None:
        overlay.read_file(file)
    overlay.read_environment(environ)
    overlay.anchor_default_paths()
    result = _validate(model, overlay)
    if result is None or overlay.problems:
        raise SettingsError(overlay.problems)
    return Loaded(result, overlay.sources_by_key(), overlay.warnings)


class _Overlay:
    """The values found so far, by path, with their sources; and the mistakes. The file is read before the environment."""

    def __init__(self, root: Section, cwd: Path) -> None:
        self.root = root
        self.cwd = cwd
        self.values: dict[KeyPath, Any] = {}
        self.sources: dict[KeyPath, str] = {}
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._variables: dict[KeyPath, tuple[str, str]] = {}
        self._items: dict[KeyPath, dict[int, tuple[str, str]]] = {}

    def refuse(self, path: KeyPath, source: str, what: str, fix: str) -> None:
        """Record a mistake."""
        self.problems.append(Problem(".".join(path), source, what, fix))

    def _refuse_unknown(self, path: KeyPath, section: Section, source: str, separator: str) -> None:
        meant = nearest(self.root, path)
        here = ".".join(section.path) or "the top level"
        fix = f"Did you mean {separator.join(meant)}?" if meant else f"Remove it; {here} knows {', '.join(section.names())}."
        self.refuse(path, source, "is not a known key", fix)

    # -- the file

    def read_file(self, file: Path) -> None:
        """Take every value of a JSON file."""
        document = read_json(file)
        if isinstance(document, Problem):
            self.problems.append(document)
        else:
            self._read_section(document, self.root, _Origin(f"file {file.name}", file.absolute().parent))

    def _read_section(self, node: JsonObject, section: Section, origin: _Origin) -> None:
        for name, value in self._distinct_pairs(node, section.path, origin):
            child = section.find(name)
            if child is None:
                self._refuse_unknown((*section.path, name), section, origin.source, ".")
            elif isinstance(child, Key) and not child.is_table:
                self._set(child, child.path, value, origin)
            elif not isinstance(value, JsonObject):
                self.refuse(child.path, origin.source, "is not an object", "Write { … }, or remove it.")
            elif isinstance(child, Section):
                self._read_section(value, child, origin)
            else:
                self.sources[child.path] = origin.source
                for entry, item in self._distinct_pairs(value, child.path, origin):
                    self._set(child, (*child.path, entry), item, origin)

    def _distinct_pairs(self, node: JsonObject, path: KeyPath, origin: _Origin) -> list[tuple[str, Any]]:
        """Return the pairs of an object without those whose key came before in any case."""
        seen: dict[str, tuple[str, Any]] = {}
        for name, value in node.pairs:
            if not name.strip():
                self.refuse((*path, name), origin.source, "has an empty name", "Name it, or remove it.")
            elif name.casefold() in seen:
                self.refuse((*path, name), origin.source, "appears twice (upper and lower case are the same)", "Remove one of the two.")
            else:
                seen[name.casefold()] = (name, value)
        return list(seen.values())

    # -- the environment

    def read_environment(self, environ: Mapping[str, str]) -> None:
        """Take every variable whose first level is one of the model's; a lone section name (`LOG=…`) is somebody else's."""
        for variable, text in sorted(environ.items()):
            names = _LEVELS.split(variable)
            top = self.root.find(names[0])
            if isinstance(top, Key) or (top is not None and len(names) > 1):
                self._read_variable(variable, names, text)
            elif top is None and len(names) > 1:
                self._warn_of_near_miss(variable, names[0])
        for path, items in self._items.items():
            self._merge_items(path, items)

    def _warn_of_near_miss(self, variable: str, name: str) -> None:
        for meant in difflib.get_close_matches(name.casefold(), self.root.children, n=1, cutoff=0.75):
            self.warnings.append(f"{variable} is ignored: no section is called {name}. Did you mean {self.root.children[meant].path[0]}?")

    def _read_variable(self, variable: str, names: list[str], text: str) -> None:
        origin = _Origin(f"environment {variable}", self.cwd)
        node: Section | Key = self.root
        rest = list(names)
        while isinstance(node, Section) and rest:
            child = node.find(rest[0])
            if child is None:
                self._refuse_unknown((*node.path, *rest), node, origin.source, "__")
                return
            node = child
            rest.pop(0)
        if isinstance(node, Section):
            self.refuse(node.path, origin.source, "is a section, not a key", f"Name a key in it: {', '.join(node.names())}.")
        else:
            self._assign(node, rest, variable, text, origin)

    def _assign(self, key: Key, rest: list[str], variable: str, text: str, origin: _Origin) -> None:
        """Set a key, one entry of a table, or one numbered item of a list. `rest` holds the levels below the key."""
        path = key.path
        if key.is_table and (not rest or not rest[0].strip()):
            self.refuse(path, origin.source, f"names no {key.entry}", f"Write {key.variable}.")
            return
        if key.is_table:
            path = (*path, self._entry_name(path, rest.pop(0)))
        number = rest.pop(0) if key.is_list and rest and re.fullmatch("[0-9]{1,4}", rest[0]) else None
        if rest:
            self.refuse((*path, *rest), origin.source, "goes deeper than the key", f"Write {key.variable}.")
            return
        slot = path if number is None else (*path, str(int(number)))
        before, value = self._variables.setdefault(slot, (variable, text))
        if value != text:
            self.refuse(path, origin.source, f"is also set by {before}, to another value", "Remove one of the two.")
        elif number is not None:
            self._items.setdefault(path, {})[int(number)] = (variable, text)
        elif key.is_list and not (text == "" and key.is_optional):
            self._set(key, path, self._parse_list(key, path, text, origin), origin)
        else:
            self._set(key, path, text if key.is_secret else text.strip(), origin)

    def _entry_name(self, table: KeyPath, name: str) -> str:
        """Return the name of a table's entry: one that exists, in any case and with `_` for `-`; else a UUID's dashes are restored."""
        entries = [path[-1] for path in (*self.values, *self._items) if path[:-1] == table]
        for fold in (str.casefold, fold_entry):
            for entry in entries:
                if fold(entry) == fold(name):
                    return entry
        return fold_entry(name) if _UUID_WITH_UNDERSCORES.fullmatch(name) else name

    def _parse_list(self, key: Key, path: KeyPath, text: str, origin: _Origin) -> list[Any]:
        """Return the items of a JSON array, or of a text with commas where the key allows that, else the text as the one item."""
        if text.lstrip().startswith("["):
            try:
                return list(json.loads(text))
            except (ValueError, RecursionError):
                pass
            self.refuse(path, origin.source, "starts with [ but is not a JSON list", 'Write ["…", "…"].')
        return [item.strip() for item in text.split(",") if item.strip()] if key.has_commas else [text]

    def _merge_items(self, path: KeyPath, items: dict[int, tuple[str, str]]) -> None:
        """Lay numbered items over the list that the file gave."""
        if path in self._variables:
            self.refuse(path, f"environment {self._variables[path][0]}", "is set as a whole and by number", "Keep one of the two forms.")
            return
        current = self.values.get(path)
        merged = dict(enumerate(current if isinstance(current, list) else [] if current is None else [current]))
        sources = [self.sources[path]] if set(merged) - set(items) else []
        merged |= {number: text for number, (_, text) in items.items()}
        self.values[path] = [merged[number] for number in sorted(merged)]
        self.sources[path] = ", ".join([*sources, *(f"environment {items[number][0]}" for number in sorted(items))])

    # -- values

    def _set(self, key: Key, path: KeyPath, value: Any, origin: _Origin) -> None:
        self.sources[path] = origin.source
        if value == "" and key.is_optional:
            value = None
        elif isinstance(value, bool) and key.kind is int:  # pydantic would take true for 1
            self.refuse(path, origin.source, f"is not {key.expected}", "Write digits.")
            return
        elif isinstance(value, str) and key.choices:
            value = next((choice for choice in key.choices if choice.casefold() == value.strip().casefold()), value)
        elif isinstance(value, str) and key.kind is Path:
            value = self._absolute_path(path, value, origin)
        self.values[path] = plain(value)

    def _absolute_path(self, path: KeyPath, value: str, origin: _Origin) -> str:
        if not value or value.startswith("~"):
            what = "starts with ~, which only a shell understands" if value else "is empty"
            self.refuse(path, origin.source, what, "Write the path in full, or relative to the file that names it.")
        return _absolute(origin.base / value)

    def anchor_default_paths(self) -> None:
        """Make every path that nobody set absolute, from the working directory."""
        for key in self.root.leaves():
            if isinstance(key.default, Path) and key.path not in self.values:
                self.values[key.path] = _absolute(self.cwd / key.default)

    def tree(self) -> dict[str, Any]:
        """Return the values as nested objects."""
        tree: dict[str, Any] = {}
        for path, value in self.values.items():
            node = tree
            for name in path[:-1]:
                node = node.setdefault(name, {})
            node[path[-1]] = value
        return tree

    def key_at(self, path: KeyPath) -> tuple[Key | None, KeyPath, str]:
        """Return the key that a path leads to or below, the path as spelled in JSON, and the source of its value."""
        for key in self.root.leaves():
            if key.holds(path):
                spelled = key.path + path[len(key.path) :]
                return key, spelled, self.sources.get(spelled[: len(key.path) + key.is_table], "")
        return None, path, ""

    def sources_by_key(self) -> dict[str, str]:
        """Return the source of every key by dotted path: of a table, of each entry, or of itself while it has none."""
        result: dict[str, str] = {}
        for key in self.root.leaves():
            entries = [path for path in self.values if key.is_table and path[:-1] == key.path]
            result |= {".".join(path): self.sources.get(path, "default") for path in entries or [key.path]}
        return result


def _absolute(path: Path) -> str:
    """Return a path without `..`; links stay, because a mounted configuration is often a link to a directory of a day."""
    return os.path.abspath(path)  # noqa: PTH100 - resolve() would follow them


def _validate(model: type[ModelT], overlay: _Overlay) -> ModelT | None:
    """Return the model, or None with every error recorded. pydantic's own texts are not used: some repeat the input."""
    try:
        return model.model_validate(overlay.tree())
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    for detail in errors:
        key, path, source = overlay.key_at(tuple(str(name) for name in detail["loc"]))
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, Unfit):
            overlay.refuse(path, source, cause.what, cause.fix)
        elif key is None:
            overlay.refuse(path, source, "is not valid", "Compare it with the example.")
        else:
            default = "" if key.is_table or key.is_secret else f"; the default is {show(key.default)}"
            overlay.refuse(path, source, f"is not {key.expected}", f"Correct it, or remove it{default}.")
    return None
