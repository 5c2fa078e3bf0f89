"""The limits of interactive messages: buttons, lists, web addresses, flows, requests for a location.

Source of all numbers: Cloud API reference, "Interactive messages" (one page per type); checked 2026-09.
"""

from typing import assert_never

from sigma.connectors.outbound import ButtonsContent, CtaUrlContent, FlowContent, Header, ListContent, ListSection, LocationRequestContent
from sigma.connectors.whatsapp.limits_fields import (
    check_count,
    check_json,
    check_link,
    check_media_ref,
    check_optional_text,
    check_text,
    check_unique,
    refuse,
)

MAX_BODY_CHARS = 1024
MAX_LIST_BODY_CHARS = 4096
MAX_HEADER_CHARS = 60
MAX_FOOTER_CHARS = 60
MAX_BUTTONS = 3
MAX_BUTTON_ID_CHARS, MAX_BUTTON_TITLE_CHARS = 256, 20
MAX_SECTIONS, MAX_ROWS = 10, 10
"""Rows are counted over all sections."""
MAX_SECTION_TITLE_CHARS = 24
MAX_ROW_ID_CHARS, MAX_ROW_TITLE_CHARS, MAX_ROW_DESCRIPTION_CHARS = 200, 24, 72
MAX_CTA_CHARS = 20
MAX_FLOW_CTA_CHARS = 30
MAX_FLOW_TEXT_CHARS = 512
"""Of a flow's id, token and screen: our own bound, Meta names none."""


def check_interactive(content: ButtonsContent | ListContent | CtaUrlContent | FlowContent | LocationRequestContent) -> None:
    """Check one interactive message. Raises: ContentInvalid."""
    check_text(content.body, "body", noun="The text", most=MAX_LIST_BODY_CHARS if isinstance(content, ListContent) else MAX_BODY_CHARS)
    if isinstance(content, LocationRequestContent):
        return
    if content.header is not None:
        _check_header(content.header)
    check_optional_text(content.footer, "footer", noun="The footer", most=MAX_FOOTER_CHARS)
    match content:
        case ButtonsContent():
            _check_buttons(content)
        case ListContent():
            _check_list(content)
        case CtaUrlContent():
            check_text(content.display_text, "display_text", noun="The button's text", most=MAX_CTA_CHARS)
            check_link(content.url, "url", schemes=("https", "http"))  # the customer's browser opens it, Meta fetches nothing
        case FlowContent():
            _check_flow(content)
        case _:
            assert_never(content)


def _check_header(header: Header) -> None:
    if (header.text is None) == (header.media is None) or (header.media is None) != (header.kind is None):
        refuse("A header is either a text, or a file together with its kind (IMAGE, VIDEO or DOCUMENT).", "header")
    check_optional_text(header.text, "header", "text", noun="The header", most=MAX_HEADER_CHARS)
    if header.media is not None:
        check_media_ref(header.media, "header", "media")


def _check_buttons(content: ButtonsContent) -> None:
    check_count(len(content.buttons), "buttons", noun="buttons", most=MAX_BUTTONS)
    for index, button in enumerate(content.buttons):
        check_text(button.id, "buttons", str(index), "id", noun="The button's id", most=MAX_BUTTON_ID_CHARS)
        check_text(button.title, "buttons", str(index), "title", noun="The button's title", most=MAX_BUTTON_TITLE_CHARS)
    places = [("buttons", str(index)) for index in range(len(content.buttons))]
    check_unique([button.id for button in content.buttons], *((*place, "id") for place in places), noun="This button id")
    check_unique([button.title for button in content.buttons], *((*place, "title") for place in places), noun="This button title")


def _check_list(content: ListContent) -> None:
    if content.header is not None and content.header.text is None:
        refuse("The header of a list is a text; it takes no file.", "header")
    check_text(content.button, "button", noun="The text of the list's button", most=MAX_CTA_CHARS)
    check_count(len(content.sections), "sections", noun="sections", most=MAX_SECTIONS)
    for index, section in enumerate(content.sections):
        _check_section(section, "sections", str(index), is_only_one=len(content.sections) == 1)
    rows = [
        (row, ("sections", str(index), "rows", str(number)))
        for index, section in enumerate(content.sections)
        for number, row in enumerate(section.rows)
    ]
    check_count(len(rows), "sections", noun="rows in all sections together", most=MAX_ROWS)
    check_unique([row.id for row, _ in rows], *((*place, "id") for _, place in rows), noun="This row id")


def _check_section(section: ListSection, *field: str, is_only_one: bool) -> None:
    if section.title is None and not is_only_one:
        refuse("With more than one section each needs a title.", *field, "title")
    check_optional_text(section.title, *field, "title", noun="The section's title", most=MAX_SECTION_TITLE_CHARS)
    check_count(len(section.rows), *field, "rows", noun="rows in this section", most=MAX_ROWS)
    for index, row in enumerate(section.rows):
        place = (*field, "rows", str(index))
        check_text(row.id, *place, "id", noun="The row's id", most=MAX_ROW_ID_CHARS)
        check_text(row.title, *place, "title", noun="The row's title", most=MAX_ROW_TITLE_CHARS)
        check_optional_text(row.description, *place, "description", noun="The row's description", most=MAX_ROW_DESCRIPTION_CHARS)


def _check_flow(content: FlowContent) -> None:
    check_text(content.flow_id, "flow_id", noun="The flow's id", most=MAX_FLOW_TEXT_CHARS)
    check_text(content.flow_cta, "flow_cta", noun="The button's text", most=MAX_FLOW_CTA_CHARS)
    check_optional_text(content.flow_token, "flow_token", noun="The flow's token", most=MAX_FLOW_TEXT_CHARS)
    check_optional_text(content.screen, "screen", noun="The flow's screen", most=MAX_FLOW_TEXT_CHARS)
    if content.flow_action == "data_exchange" and (content.screen is not None or content.data is not None):
        refuse("With `data_exchange` your endpoint names the first screen; leave out screen and data.", "flow_action")
    if content.data is not None and content.screen is None:
        refuse("The data belong to a screen; name the screen too.", "screen")
    check_json(content.data, "data")
