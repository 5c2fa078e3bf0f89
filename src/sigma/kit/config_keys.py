"""The keys that a pydantic settings model knows, read from the model itself: their paths, kinds, limits and words for people.

Knows no key by name. A model is a tree of *sections* (models inside models); a leaf is a *key*; a *table* is a key whose own keys
are chosen by the user (`dict[str, …]`).
"""

import difflib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, Field, SecretStr
from pydantic.fields import FieldInfo

_WORDS = {int: "a whole number", bool: "true or false", Path: "a path", str: "a text", SecretStr: "a text"}


def key(
    default: Any, description: str, *, unit: str = "", entry: str = "", limits: tuple[int, int] | None = None, commas: bool = False
) -> Any:
    """Return the field of one key.

    `unit` says what a number counts; `entry` is what a table's keys are, such as `tenant id`; with `commas` a variable's text is
    split into the items of a list, without it the text is the only item.
    """
    low, high = limits or (None, None)
    return Field(default, description=description, ge=low, le=high, json_schema_extra={"unit": unit, "entry": entry, "commas": commas})


class Unfit(ValueError):
    """A value breaks a rule of its key. Neither part may hold the value."""

    def __init__(self, what: str, fix: str) -> None:
        """`what` goes on from the key's path ("is empty"); `fix` is a sentence."""
        self.what = what
        self.fix = fix
        super().__init__(f"{what}. {fix}")


@dataclass(frozen=True)
class Key:
    """One leaf of the model. `path` is spelled as in JSON, such as `("Database", "PoolSize")`."""

    path: tuple[str, ...]
    kind: type
    choices: tuple[str, ...]
    is_table: bool
    is_list: bool
    is_optional: bool
    minimum: int | None
    maximum: int | None
    unit: str
    entry: str
    has_commas: bool
    default: object
    description: str

    @property
    def is_secret(self) -> bool:
        """Whether the value must never be shown."""
        return self.kind is SecretStr

    @property
    def expected(self) -> str:
        """What the value must be, such as `a whole number from 1 to 3650 (days) or null`."""
        words = f"one of {', '.join(self.choices)}" if self.choices else _WORDS[self.kind]
        if self.maximum is not None:
            words += f" from {self.minimum} to {self.maximum}"
        if self.unit:
            words += f" ({self.unit})"
        if self.is_list:
            words = "a list of texts" if self.has_commas else "a text or a list of texts"
        return f"{words} or null" if self.is_optional else words

    @property
    def dotted(self) -> str:
        """The key's path for people; a table's path ends in a placeholder."""
        return ".".join((*self.path, f"<{self.entry}>") if self.is_table else self.path)

    def holds(self, path: tuple[str, ...]) -> bool:
        """Whether a path leads to this key or below it; names may be spelled as in JSON or as in the model."""
        return [name.casefold().replace("_", "") for name in path[: len(self.path)]] == [name.casefold() for name in self.path]

    @property
    def variable(self) -> str:
        """The environment variable that sets this key."""
        return self.dotted.replace(".", "__")


@dataclass(frozen=True)
class Section:
    """An object that holds keys and sections. `children` is by case-folded name."""

    path: tuple[str, ...]
    children: "dict[str, Section | Key]"

    def find(self, name: str) -> "Section | Key | None":
        """Return the child with this name in any case."""
        return self.children.get(name.casefold())

    def names(self) -> list[str]:
        """Return the children's names as they are spelled in JSON."""
        return [child.path[-1] for child in self.children.values()]

    def leaves(self) -> Iterator[Key]:
        """Yield every key below this section, in the model's order."""
        for child in self.children.values():
            if isinstance(child, Key):
                yield child
            else:
                yield from child.leaves()

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Yield the path of every section and key below this section."""
        for child in self.children.values():
            yield child.path
            if isinstance(child, Section):
                yield from child.paths()


def section_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Section:
    """Return the tree of sections and keys that a model describes."""
    children: dict[str, Section | Key] = {}
    for name, field in model.model_fields.items():
        at = (*path, field.alias or name)
        kind, _ = _without_none(field.annotation)
        is_section = isinstance(kind, type) and issubclass(kind, BaseModel)
        children[at[-1].casefold()] = section_of(kind, at) if is_section else _key_of(field, at)
    return Section(path, children)


def _key_of(field: FieldInfo, path: tuple[str, ...]) -> Key:
    """Return the key that a field describes. Raises: TypeError for a key without a description."""
    if not field.description:
        raise TypeError(f"{'.'.join(path)} has no description")
    kind, is_optional = _without_none(field.annotation)
    is_table = get_origin(kind) is dict
    if is_table:
        kind, _ = _without_none(get_args(kind)[1])
    is_list = get_origin(kind) is list
    if is_list:
        kind, _ = _without_none(get_args(kind)[0])
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return Key(
        path=path,
        kind=str if choices else kind,
        choices=choices,
        is_table=is_table,
        is_list=is_list,
        is_optional=is_optional,
        minimum=next((int(str(limit.ge)) for limit in field.metadata if isinstance(limit, Ge)), None),
        maximum=next((int(str(limit.le)) for limit in field.metadata if isinstance(limit, Le)), None),
        unit=str(extra.get("unit", "")),
        entry=str(extra.get("entry", "")),
        has_commas=bool(extra.get("commas")),
        default=field.get_default(call_default_factory=True, validated_data={}),
        description=field.description,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """Return the type inside `Annotated[…]` and `… | None`, together with whether None is allowed."""
    is_optional = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            members = get_args(annotation)
            is_optional = is_optional or type(None) in members
            annotation = next(member for member in members if member is not type(None))
        else:
            return annotation, is_optional


def nearest(root: Section, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the known path that was most likely meant: one that is spelled alike, or whose last name is."""
    others = [known for known in root.paths() if known != path[: len(known)]]
    whole = {".".join(known).casefold(): known for known in others}
    last = {known[-1].casefold(): known for known in others}
    for wanted, known_paths in ((".".join(path).casefold(), whole), (path[-1].casefold(), last)):
        match = difflib.get_close_matches(wanted, known_paths, n=1, cutoff=0.75)
        if match:
            return known_paths[match[0]]
    return None


def fold_entry(name: str) -> str:
    """Return the form in which two spellings of a table's key are the same: shells cannot export dashes, Windows knows no case."""
    return name.casefold().replace("_", "-")


def show(value: object) -> str:
    """Return a value for people. A secret is masked, whatever it is in."""
    if isinstance(value, SecretStr):
        return "********"
    if value is None:
        return "(not set)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple | dict):
        return ", ".join(show(item) for item in value) or "(none)"
    return str(value)


def reference_table(root: Section) -> str:
    """Return a Markdown table of every key: its path, environment variable, type and unit, default, description."""
    lines = ["| Key | Environment variable | Type | Default | Description |", "|---|---|---|---|---|"]
    for known in root.leaves():
        kind = f"{known.expected}, secret" if known.is_secret else known.expected
        cells = (f"`{known.dotted}`", f"`{known.variable}`", kind, f"`{show(known.default)}`", known.description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
