"""Reads the texts of templates: their variables, their components, what they say once filled in."""

import re
from collections.abc import Mapping, Sequence

from cloud_api_simulator.bodies import Json

VARIABLE = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}", re.ASCII)


def variables(text: str | None) -> list[str]:
    """Return the variables of a text, each once, in the order of their first appearance."""
    return list(dict.fromkeys(VARIABLE.findall(text or "")))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of the variables."""
    return VARIABLE.sub(lambda match: values.get(match.group(1), match.group(0)), text)


def component(components: Sequence[Json], type: str) -> Json | None:
    """Return the component of this type; types are upper case in templates and lower case in messages."""
    return next((each for each in components if str(each.get("type", "")).lower() == type), None)


def buttons(components: Sequence[Json]) -> list[Json]:
    """Return the buttons of a template, in order."""
    holder = component(components, "buttons")
    items = [] if holder is None else holder.get("buttons", [])
    return [item for item in items if isinstance(item, dict)]


def body_text(components: Sequence[Json]) -> str:
    """Return the text of the body, or an empty one."""
    holder = component(components, "body")
    return "" if holder is None else str(holder.get("text", ""))
