"""Does a template message carry what the template asks for? One part after the other, as Meta compares them.

Source: Cloud API template messages reference and error codes; checked 2026-09 (cloud-api.md 7.1, 8).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.template_text import body_text, buttons, component, fill, variables

MAX_RENDERED_CHARS = 1024
MAX_AUTHENTICATION_CHARS = 15
_UNPRINTABLE = re.compile(r"[\n\t]| {5,}")
_TEXTS = frozenset({"text", "currency", "date_time"})
_BUTTON_NEEDS = {"COPY_CODE": "coupon_code", "MPM": "action"}
_SUB_TYPES = {"OTP": "url", "SPM": "spm"}


def check_match(template: Sequence[Json], message: Sequence[Json], *, format: str, category: str) -> str:
    """Compare the parts of a template with those of a message; return the body as the user reads it.

    Raises: GraphError 132000 for a wrong count, 132012 for a wrong type, 132005, 132018, 131008, 100.
    """
    _check_header(template, message, format)
    values = _check_texts("body", body_text(template), component(message, "body"), format)
    if category == "AUTHENTICATION" and any(len(value) > MAX_AUTHENTICATION_CHARS for value in values.values()):
        raise errors.coded(132018, f"body: the code must have at most {MAX_AUTHENTICATION_CHARS} characters")
    rendered = fill(body_text(template), values)
    if len(rendered) > MAX_RENDERED_CHARS:
        raise errors.coded(132005, f"body: Translated text too long. It has {len(rendered)} characters, limit {MAX_RENDERED_CHARS}")
    _check_buttons(buttons(template), message)
    _check_carousel(component(template, "carousel"), component(message, "carousel"), format)
    offer = component(template, "limited_time_offer")
    if offer is not None and _of(offer, "limited_time_offer").get("has_expiration") and component(message, "limited_time_offer") is None:
        raise errors.coded(132012, "limited_time_offer: Format mismatch, expected LIMITED_TIME_OFFER, received UNKNOWN")
    return rendered


def _of(holder: Json, key: str) -> Json:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _parameters(part: Json | None) -> list[Json]:
    return [] if part is None else list(part.get("parameters", []))


def _check_header(template: Sequence[Json], message: Sequence[Json], format: str) -> None:
    header, given = component(template, "header"), component(message, "header")
    kind = "TEXT" if header is None else str(header.get("format", "TEXT")).upper()
    if kind == "TEXT":
        _check_texts("header", "" if header is None else str(header.get("text", "")), given, format)
        return
    types = [str(parameter["type"]).upper() for parameter in _parameters(given)]
    if types != [kind]:
        raise errors.coded(132012, f"header: Format mismatch, expected {kind}, received {', '.join(types) or 'UNKNOWN'}")


def _check_texts(part: str, text: str, given: Json | None, format: str) -> Mapping[str, str]:
    """Return the values of the variables of a text, as they are shown."""
    names, parameters = variables(text), _parameters(given)
    if len(parameters) != len(names):
        counts = f"number of localizable_params ({len(parameters)}) does not match the expected number of params ({len(names)})"
        raise errors.coded(132000, f"{part}: {counts}")
    for parameter in parameters:
        if parameter["type"] not in _TEXTS:
            raise errors.coded(132012, f"{part}: Format mismatch, expected TEXT, received {str(parameter['type']).upper()}")
    values = [_shown(parameter, part) for parameter in parameters]
    if format != "NAMED":
        return {str(number): value for number, value in enumerate(values, start=1)}
    given_names = [parameter.get("parameter_name") for parameter in parameters]
    if not all(given_names):
        raise errors.GraphError(code=100, message="(#100) Invalid parameter", details="Parameter name is missing or empty")
    if set(given_names) != set(names):
        raise errors.GraphError(code=100, message="(#100) Invalid parameter", details=f"{part}: expected {', '.join(names)}")
    return dict(zip(map(str, given_names), values, strict=True))


def _shown(parameter: Json, part: str) -> str:
    value = parameter[parameter["type"]]
    shown = str(value.get("fallback_value", "") if isinstance(value, dict) else value)
    if not shown:
        raise errors.coded(131008, f"{part}: Parameter of type {parameter['type']} is missing {parameter['type']} value")
    if _UNPRINTABLE.search(shown):
        raise errors.coded(132018, f"{part}: Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
    return shown


def _check_buttons(taps: Sequence[Json], message: Sequence[Json]) -> None:
    given = {int(part["index"]): part for part in message if str(part.get("type", "")).lower() == "button"}
    for index, part in given.items():
        if index >= len(taps):
            raise errors.coded(132000, f"buttons: number of buttons ({index + 1}) does not match the expected number ({len(taps)})")
        kind = str(taps[index].get("type", "")).upper()
        expected = _SUB_TYPES.get(kind, kind.lower())
        if str(part["sub_type"]).lower() != expected:
            received = str(part["sub_type"]).upper()
            raise errors.coded(132012, f"button at index {index}: Format mismatch, expected {expected.upper()}, received {received}")
    for index, tap in enumerate(taps):
        _check_button(index, tap, _parameters(given.get(index)))


def _check_button(index: int, tap: Json, parameters: list[Json]) -> None:
    kind = str(tap.get("type", "")).upper()
    if kind in {"URL", "OTP"}:
        wanted = 1 if kind == "OTP" else len(variables(str(tap.get("url", ""))))
        if wanted and not parameters:
            raise errors.coded(131008, f"buttons: Button at index {index} of type Url requires a parameter")
        if len(parameters) != wanted:
            counts = f"number of params ({len(parameters)}) does not match the expected number ({wanted})"
            raise errors.coded(132000, f"buttons: Button at index {index}: {counts}")
        _check_types(index, parameters, "text")
        return
    need: Any = _BUTTON_NEEDS.get(kind)
    if need is not None and not parameters:
        raise errors.coded(131008, f"buttons: Button at index {index} of type {kind} requires a parameter")
    if need is not None or kind == "QUICK_REPLY":
        _check_types(index, parameters, need or "payload")


def _check_types(index: int, parameters: list[Json], type: str) -> None:
    for parameter in parameters:
        if parameter["type"] not in ({type, "text"} if type == "payload" else {type}):
            received = str(parameter["type"]).upper()
            raise errors.coded(132012, f"button at index {index}: Format mismatch, expected {type.upper()}, received {received}")


def _check_carousel(template: Json | None, message: Json | None, format: str) -> None:
    if template is None:
        return
    cards: list[Json] = list(template.get("cards", []))
    given: list[Json] = [] if message is None else list(message["cards"])
    if len(cards) != len(given):
        raise errors.coded(132000, f"carousel: number of cards ({len(given)}) does not match the expected number ({len(cards)})")
    for card, part in zip(cards, given, strict=True):
        check_match(card.get("components", []), part.get("components", []), format=format, category="MARKETING")
