"""What a new or edited template must look like. What only a reviewer sees is in `reviews`.

Source: Cloud API templates reference; checked 2026-09 (cloud-api.md 8, 10). Subcodes 2388xxx: which one stands for what is second hand.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.checks import shape
from cloud_api_simulator.checks.template_shape import NAME
from cloud_api_simulator.languages import LANGUAGES
from cloud_api_simulator.template_text import VARIABLE, buttons, component, variables

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
FORMATS = ("TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION", "PRODUCT")
WITH_SAMPLE = frozenset({"IMAGE", "VIDEO", "GIF", "DOCUMENT"})
TOO_LONG, HEADER_FORMAT, BODY_FORMAT, FOOTER_FORMAT, TOO_MANY_VARIABLES, EDGE_VARIABLE = (
    2388040,
    2388047,
    2388072,
    2388073,
    2388293,
    2388299,
)
MAX_HEADER_CHARS, MAX_BODY_CHARS, MAX_OFFER_BODY_CHARS, MAX_FOOTER_CHARS = 60, 1024, 600, 60
MAX_BUTTONS, MAX_BUTTON_CHARS, MAX_PHONE_CHARS, MAX_CODE_CHARS = 10, 25, 20, 20
MOST_BUTTONS = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1, "OTP": 1, "CATALOG": 1, "MPM": 1, "VOICE_CALL": 1}
BUTTON_TYPES = ("QUICK_REPLY", *MOST_BUTTONS, "SPM", "ORDER_DETAILS", "REQUEST_CONTACT_INFO")
SECONDS = {"AUTHENTICATION": (30, 900), "UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}


def check_new(payload: Json) -> Json:
    """Return name, language, category, components and format of a new template. Raises: GraphError 100, perhaps with a subcode."""
    name = shape.text(payload, "name", "name", most=512)
    if NAME.fullmatch(str(name)) is None:
        raise errors.invalid("name", "hold lower-case letters, digits and underscores only")
    language = shape.text(payload, "language", "language", most=20)
    if language not in LANGUAGES:
        raise errors.invalid("language", "be one of the supported languages")
    category = shape.one_of({"category": str(payload.get("category") or "").upper() or None}, "category", "category", CATEGORIES)
    format = str(payload.get("parameter_format") or "POSITIONAL").upper()
    if format not in {"POSITIONAL", "NAMED"}:
        raise errors.not_one_of("parameter_format", ("NAMED", "POSITIONAL"), format)
    components = payload.get("components")
    check_components(components, category=category, format=format)
    _check_seconds(payload.get("message_send_ttl_seconds"), category)
    return {"name": name, "language": language, "category": category, "components": components, "parameter_format": format}


def check_components(components: Any, *, category: str, format: str) -> None:
    """Check all parts of a template. Raises: GraphError 100, perhaps with a subcode."""
    if not isinstance(components, list) or not components:
        raise errors.required("components")
    if not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in components):
        raise errors.invalid("components", "be an array of objects, each with a type")
    types = [each["type"].upper() for each in components]
    if len(set(types)) != len(types):
        raise errors.form(BODY_FORMAT, "Duplicate component", "Each type of component may appear once.")
    body = component(components, "body")
    if body is None and "CAROUSEL" not in types:
        raise errors.form(BODY_FORMAT, "Message body is missing", "A template needs a component of type BODY.")
    if category == "AUTHENTICATION":
        _check_authentication(components)
        return
    _check_header(component(components, "header"), format)
    _check_body(body, format, most=MAX_OFFER_BODY_CHARS if "LIMITED_TIME_OFFER" in types else MAX_BODY_CHARS)
    _check_footer(component(components, "footer"))
    _check_buttons(buttons(components))


def _check_authentication(components: Sequence[Json]) -> None:
    body, taps = component(components, "body"), buttons(components)
    if body is not None and body.get("text"):
        raise errors.form(BODY_FORMAT, "Body text is fixed", "The body of an authentication template is preset by WhatsApp.")
    if [str(tap.get("type", "")).upper() for tap in taps] != ["OTP"]:
        raise errors.form(BODY_FORMAT, "OTP button is missing", "An authentication template has exactly one button, of type OTP.")
    shape.one_of(
        {"otp_type": str(taps[0].get("otp_type", "")).upper() or None}, "otp_type", "otp_type", ("COPY_CODE", "ONE_TAP", "ZERO_TAP")
    )
    footer = component(components, "footer")
    minutes = None if footer is None else footer.get("code_expiration_minutes")
    if minutes is not None and not (isinstance(minutes, int) and 1 <= minutes <= 90):  # noqa: PLR2004  # Source: cloud-api.md 10
        raise errors.invalid("code_expiration_minutes", "lie between 1 and 90")


def _check_header(header: Json | None, format: str) -> None:
    if header is None:
        return
    kind = shape.one_of({"format": str(header.get("format", "")).upper() or None}, "format", "header['format']", FORMATS)
    example = header.get("example") if isinstance(header.get("example"), dict) else {}
    assert isinstance(example, dict)
    if kind in WITH_SAMPLE and not example.get("header_handle"):
        raise errors.form(HEADER_FORMAT, "Header sample is missing", f"A header of format {kind} needs a sample in example.header_handle.")
    if kind != "TEXT":
        return
    text = str(header.get("text") or "")
    if not text or len(text) > MAX_HEADER_CHARS:
        raise errors.form(TOO_LONG, "Header length", f"The header must have 1 to {MAX_HEADER_CHARS} characters.")
    names = variables(text)
    if len(names) > 1 or "\n" in text:
        raise errors.form(HEADER_FORMAT, "Header format is incorrect", "The header is one line with at most one variable.")
    _check_names(names, format, HEADER_FORMAT)
    if names and not (example.get("header_text") or example.get("header_text_named_params")):
        raise errors.form(HEADER_FORMAT, "Header example is missing", "A header with a variable needs an example.")


def _check_body(body: Json | None, format: str, *, most: int) -> None:
    if body is None:
        return
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise errors.form(BODY_FORMAT, "Message body is missing", "The body needs a text.")
    if len(text) > most:
        raise errors.form(TOO_LONG, "Body is too long", f"The body must have at most {most} characters.")
    names = variables(text)
    _check_names(names, format, BODY_FORMAT)
    if re.match(rf"\s*{VARIABLE.pattern}", text) or re.search(rf"{VARIABLE.pattern}\s*[.!?,:;]*\s*\Z", text):
        raise errors.form(EDGE_VARIABLE, "Leading or trailing variable", "Variables can't be at the start or end of the template.")
    words = len(re.findall(r"\w+", VARIABLE.sub(" ", text)))
    if len(names) * 2 + 1 > words and names:
        raise errors.form(TOO_MANY_VARIABLES, "Too many variables", "This template has too many variables for its length.")
    _check_examples(body.get("example"), names, format)


def _check_examples(example: Any, names: list[str], format: str) -> None:
    if not names:
        return
    given: Any = example if isinstance(example, dict) else {}
    if format == "NAMED":
        samples = given.get("body_text_named_params") or []
        count = len({sample.get("param_name") for sample in samples if isinstance(sample, dict)} & set(names))
    else:
        rows = given.get("body_text") or [[]]
        first = rows[0] if isinstance(rows, list) else []
        count = len(first) if isinstance(first, list) else len(rows)
    if count < len(names):
        raise errors.form(BODY_FORMAT, "Body example is missing", "Every variable of the body needs an example.")


def _check_names(names: list[str], format: str, subcode: int) -> None:
    if format == "NAMED" and any(name.isdigit() for name in names):
        raise errors.form(subcode, "Variable name", "Named variables have names such as {{first_name}}.")
    if format == "POSITIONAL" and sorted(names) != sorted(str(number + 1) for number in range(len(names))):
        raise errors.form(subcode, "Variable numbers", "Variables are numbered {{1}}, {{2}} and so on.")


def _check_footer(footer: Json | None) -> None:
    if footer is None:
        return
    text = str(footer.get("text") or "")
    if not text or len(text) > MAX_FOOTER_CHARS:
        raise errors.form(TOO_LONG, "Footer length", f"The footer must have 1 to {MAX_FOOTER_CHARS} characters.")
    if variables(text) or "\n" in text:
        raise errors.form(FOOTER_FORMAT, "Footer format is incorrect", "The footer is one line without variables.")


def _check_buttons(taps: Sequence[Json]) -> None:
    if len(taps) > MAX_BUTTONS:
        raise errors.form(BODY_FORMAT, "Too many buttons", f"A template has at most {MAX_BUTTONS} buttons.")
    types = [shape.one_of({"type": str(tap.get("type", "")).upper() or None}, "type", "buttons['type']", BUTTON_TYPES) for tap in taps]
    for type, most in MOST_BUTTONS.items():
        if types.count(type) > most:
            raise errors.form(BODY_FORMAT, "Too many buttons", f"A template has at most {most} of type {type}.")
    turns = sum((one == "QUICK_REPLY") != (other == "QUICK_REPLY") for one, other in pairwise(types))
    if turns > 1:
        raise errors.form(BODY_FORMAT, "Buttons are mixed", "Quick replies and other buttons must stand in two groups.")
    for tap, type in zip(taps, types, strict=True):
        _check_button(tap, type)


def _check_button(tap: Json, type: str) -> None:
    if type not in {"COPY_CODE", "REQUEST_CONTACT_INFO", "CATALOG", "MPM", "SPM"}:
        shape.text(tap, "text", f"buttons['{type}']['text']", most=MAX_BUTTON_CHARS)
    if type == "URL":
        url = shape.text(tap, "url", "buttons['URL']['url']", most=2000) or ""
        shape.url(VARIABLE.sub("x", url), "buttons['URL']['url']")
        names = variables(url)
        if len(names) > 1 or (names and not url.endswith("}}")):
            raise errors.form(BODY_FORMAT, "Button URL", "A link has at most one variable, at its end.")
        if names and not tap.get("example"):
            raise errors.form(BODY_FORMAT, "Button example is missing", "A link with a variable needs an example.")
    if type == "PHONE_NUMBER":
        shape.text(tap, "phone_number", "buttons['PHONE_NUMBER']['phone_number']", most=MAX_PHONE_CHARS)
    if type == "COPY_CODE" and not tap.get("example"):
        raise errors.form(BODY_FORMAT, "Button example is missing", "A code to copy needs an example.")


def _check_seconds(seconds: Any, category: str) -> None:
    if seconds is None or (seconds == -1 and category != "MARKETING"):
        return
    least, most = SECONDS[category]
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not least <= seconds <= most:
        raise errors.invalid("message_send_ttl_seconds", f"lie between {least} and {most}")
