"""Small readers of JSON that refuse, in Meta's words, what does not fit. A `path` names the place: `text['body']`."""

import re
from typing import Any
from urllib.parse import urlsplit

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json


def text(holder: Json, key: str, path: str, *, most: int, is_required: bool = True) -> str | None:
    """Return a string of at most `most` characters. Raises: GraphError 100."""
    value = holder.get(key)
    if value is None or value == "":
        if is_required:
            raise errors.required(path)
        return None
    if not isinstance(value, str) or len(value) > most:
        raise errors.invalid(path, f"be a string of at most {most} characters")
    return value


def mapping(holder: Json, key: str, path: str, *, is_required: bool = True) -> Json:
    """Return an object; an empty one when it is missing and may be. Raises: GraphError 100."""
    value = holder.get(key)
    if value is None and not is_required:
        return {}
    if value is None:
        raise errors.required(path)
    if not isinstance(value, dict):
        raise errors.invalid(path, "be a JSON object")
    return value


def array(holder: Json, key: str, path: str, *, least: int, most: int) -> list[Json]:
    """Return an array of objects, neither too short nor too long. Raises: GraphError 100 or 131009."""
    value = holder.get(key)
    if value is None:
        raise errors.required(path)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise errors.invalid(path, "be an array of objects")
    if not least <= len(value) <= most:
        raise errors.coded(131009, f"{path}: invalid count {len(value)}. Min allowed count: {least}, Max allowed count: {most}")
    return value


def one_of(holder: Json, key: str, path: str, values: tuple[str, ...]) -> str:
    """Return one of these words. Raises: GraphError 100."""
    value = holder.get(key)
    if value is None:
        raise errors.required(path)
    if value not in values:
        raise errors.not_one_of(path, tuple(name.upper() for name in values), value)
    return str(value)


def fixed(holder: Json, key: str, path: str, value: str) -> None:
    """Refuse anything but this word. Raises: GraphError 100."""
    one_of(holder, key, path, (value,))


def url(value: Any, path: str, *, most: int = 2000) -> str:
    """Return an address of the web. Raises: GraphError 100."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        is_address = parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or len(value) > most or re.search(r"\s", value):
        raise errors.invalid(path, "be a valid URL")
    return str(value)


def unique(values: list[str], what: str) -> None:
    """Refuse repetitions. Raises: GraphError 131009."""
    if len(set(values)) != len(values):
        raise errors.coded(131009, f"Duplicated {what}: each one must be unique")
