"""The limits of a template's values that hold for every template. What one template takes is checked where templates are known.

Source of all numbers: Cloud API reference, "Template messages" and "Template components"; checked 2026-09.
"""

import re

from sigma.connectors.outbound import TemplateButton, TemplateContent, TemplateHeader, TemplateParameter
from sigma.connectors.whatsapp.limits_fields import check_count, check_location, check_media_ref, check_text, check_unique, refuse

MAX_NAME_CHARS = 512
MAX_VALUE_CHARS = 1024
"""The whole rendered body has this limit, so no single value can be longer."""
MAX_HEADER_CHARS = 60
MAX_BUTTONS = 10
MAX_URL_CHARS = 2000
MAX_CODE_CHARS = 20  # since December 2025, 15 before
MAX_PAYLOAD_CHARS = 1024  # our own bound, Meta names none
MOST_SPACES_IN_A_ROW = 4

_NAME = re.compile(r"[a-z0-9_]+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?", re.ASCII)
_LINE_BREAK_OR_TAB = re.compile(r"[\n\r\t\v\f\x85\u2028\u2029]")
_TOO_MANY_SPACES = " " * (MOST_SPACES_IN_A_ROW + 1)
_BUTTON_LIMITS = {"url": MAX_URL_CHARS, "quick_reply": MAX_PAYLOAD_CHARS, "copy_code": MAX_CODE_CHARS, "flow": MAX_PAYLOAD_CHARS}


def check_template(content: TemplateContent) -> None:
    """Check one template with its values. Raises: ContentInvalid."""
    check_text(content.name, "name", noun="The template's name", most=MAX_NAME_CHARS)
    if _NAME.fullmatch(content.name) is None:
        refuse("A template's name has only lower-case letters a to z, digits and underscores.", "name")
    if _LANGUAGE.fullmatch(content.language) is None:
        refuse("A template's language is a code such as `en` or `en_US`, with an underscore.", "language")
    _check_parameters(content.parameters)
    if content.header is not None:
        _check_header(content.header)
    if content.buttons:
        _check_buttons(content.buttons)


def _check_parameters(parameters: list[TemplateParameter]) -> None:
    for index, parameter in enumerate(parameters):
        _check_value(parameter, "parameters", str(index), most=MAX_VALUE_CHARS)
    named = [(parameter.name, index) for index, parameter in enumerate(parameters) if parameter.name is not None]
    if named and len(named) != len(parameters):
        refuse("Either all values of a template have a name or none has.", "parameters")
    check_unique([name for name, _ in named], *(("parameters", str(index), "name") for _, index in named), noun="This parameter name")


def _check_value(parameter: TemplateParameter, *field: str, most: int) -> None:
    """Check what Meta refuses with 132018: line breaks, tabs and more than four spaces in a row."""
    check_text(parameter.text, *field, "text", noun="The value", most=most)
    if _LINE_BREAK_OR_TAB.search(parameter.text):
        refuse("A template's value must not hold line breaks or tabs; put it on one line.", *field, "text")
    if _TOO_MANY_SPACES in parameter.text:
        refuse(f"A template's value must not hold more than {MOST_SPACES_IN_A_ROW} spaces in a row.", *field, "text")
    if parameter.name is not None and _NAME.fullmatch(parameter.name) is None:
        refuse("A parameter's name has only lower-case letters a to z, digits and underscores.", *field, "name")


def _check_header(header: TemplateHeader) -> None:
    given = [part for part in (header.text, header.media, header.location) if part is not None]
    if len(given) != 1 or (header.media is None) != (header.kind is None):
        refuse("A header takes one of: a text, a location, or a file together with its kind (IMAGE, VIDEO or DOCUMENT).", "header")
    if header.text is not None:
        _check_value(header.text, "header", "text", most=MAX_HEADER_CHARS)
    if header.media is not None:
        check_media_ref(header.media, "header", "media")
    if header.location is not None:
        check_location(header.location, "header", "location")


def _check_buttons(buttons: list[TemplateButton]) -> None:
    check_count(len(buttons), "buttons", noun="buttons", most=MAX_BUTTONS)
    for place, button in enumerate(buttons):
        field = ("buttons", str(place))
        if not 0 <= button.index < MAX_BUTTONS:
            refuse(f"A button's index is its position in the template, from 0 to {MAX_BUTTONS - 1}.", *field, "index")
        check_text(button.value, *field, "value", noun="The button's value", most=_BUTTON_LIMITS[button.type])
        if button.type == "url" and any(character.isspace() for character in button.value):
            refuse("The end of a web address must not hold spaces or line breaks; write them as %20.", *field, "value")
    indices = [str(button.index) for button in buttons]
    check_unique(indices, *(("buttons", str(place), "index") for place in range(len(buttons))), noun="This button index")
