"""Interactive messages: buttons, lists, links, flows, requests, carousels, products.

Source: Cloud API interactive messages reference; checked 2026-09 (cloud-api.md 7).
"""

from collections.abc import Callable, Mapping

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.checks import shape

MAX_BODY_CHARS, MAX_LIST_BODY_CHARS, MAX_FOOTER_CHARS, MAX_HEADER_CHARS = 1024, 4096, 60, 60
MAX_BUTTONS, MAX_BUTTON_ID_CHARS, MAX_BUTTON_CHARS = 3, 256, 20
MAX_SECTIONS, MAX_ROWS, MAX_ROW_ID_CHARS, MAX_TITLE_CHARS, MAX_DESCRIPTION_CHARS = 10, 10, 200, 24, 72
MAX_FLOW_BUTTON_CHARS = 30
MAX_PRODUCTS = 30
CARDS = (2, 10)
HEADER_TYPES = ("text", "image", "video", "document")


def check_interactive(interactive: Json) -> None:
    """Check one interactive object. Raises: GraphError 100, 131008 or 131009."""
    type = shape.one_of(interactive, "type", "interactive['type']", tuple(_CHECKS))
    body = shape.mapping(interactive, "body", "interactive['body']", is_required=type not in _WITHOUT_BODY)
    if body:
        most = MAX_LIST_BODY_CHARS if type == "list" else MAX_BODY_CHARS
        shape.text(body, "text", "interactive['body']['text']", most=most)
    footer = shape.mapping(interactive, "footer", "interactive['footer']", is_required=False)
    if footer:
        shape.text(footer, "text", "interactive['footer']['text']", most=MAX_FOOTER_CHARS)
    if interactive.get("header") is not None:
        _header(shape.mapping(interactive, "header", "interactive['header']"), only_text=type in {"list", "product_list"})
    _CHECKS[type](shape.mapping(interactive, "action", "interactive['action']"))


def _header(header: Json, *, only_text: bool) -> None:
    path = "interactive['header']"
    type = shape.one_of(header, "type", f"{path}['type']", ("text",) if only_text else HEADER_TYPES)
    if type == "text":
        shape.text(header, "text", f"{path}['text']", most=MAX_HEADER_CHARS)
        return
    media = shape.mapping(header, type, f"{path}['{type}']")
    if (media.get("id") is None) == (media.get("link") is None):
        raise errors.coded(131008, f"{path}['{type}']: either 'id' or 'link' is mandatory")
    if media.get("link") is not None:
        shape.url(media["link"], f"{path}['{type}']['link']")


def _buttons(action: Json) -> None:
    path = "interactive['action']['buttons']"
    buttons = shape.array(action, "buttons", path, least=1, most=MAX_BUTTONS)
    for number, button in enumerate(buttons):
        shape.fixed(button, "type", f"{path}[{number}]['type']", "reply")
        reply = shape.mapping(button, "reply", f"{path}[{number}]['reply']")
        shape.text(reply, "id", f"{path}[{number}]['reply']['id']", most=MAX_BUTTON_ID_CHARS)
        shape.text(reply, "title", f"{path}[{number}]['reply']['title']", most=MAX_BUTTON_CHARS)
    shape.unique([button["reply"]["id"] for button in buttons], "button id")
    shape.unique([button["reply"]["title"] for button in buttons], "button title")


def _list(action: Json) -> None:
    path = "interactive['action']['sections']"
    shape.text(action, "button", "interactive['action']['button']", most=MAX_BUTTON_CHARS)
    sections = shape.array(action, "sections", path, least=1, most=MAX_SECTIONS)
    rows: list[Json] = []
    for number, section in enumerate(sections):
        shape.text(section, "title", f"{path}[{number}]['title']", most=MAX_TITLE_CHARS, is_required=len(sections) > 1)
        rows += shape.array(section, "rows", f"{path}[{number}]['rows']", least=1, most=MAX_ROWS)
    if len(rows) > MAX_ROWS:
        raise errors.coded(131009, f"Total row count exceed max allowed count: {MAX_ROWS}")
    for row in rows:
        shape.text(row, "id", f"{path}['rows']['id']", most=MAX_ROW_ID_CHARS)
        shape.text(row, "title", f"{path}['rows']['title']", most=MAX_TITLE_CHARS)
        shape.text(row, "description", f"{path}['rows']['description']", most=MAX_DESCRIPTION_CHARS, is_required=False)
    shape.unique([row["id"] for row in rows], "row id")


def _cta_url(action: Json) -> None:
    path = "interactive['action']['parameters']"
    shape.fixed(action, "name", "interactive['action']['name']", "cta_url")
    parameters = shape.mapping(action, "parameters", path)
    shape.text(parameters, "display_text", f"{path}['display_text']", most=MAX_BUTTON_CHARS)
    shape.url(parameters.get("url"), f"{path}['url']")


def _flow(action: Json) -> None:
    path = "interactive['action']['parameters']"
    shape.fixed(action, "name", "interactive['action']['name']", "flow")
    parameters = shape.mapping(action, "parameters", path)
    shape.fixed(parameters, "flow_message_version", f"{path}['flow_message_version']", "3")
    shape.text(parameters, "flow_cta", f"{path}['flow_cta']", most=MAX_FLOW_BUTTON_CHARS)
    if bool(parameters.get("flow_id")) == bool(parameters.get("flow_name")):
        raise errors.coded(131008, f"{path}: either 'flow_id' or 'flow_name' is mandatory, not both")
    if "mode" in parameters:
        shape.one_of(parameters, "mode", f"{path}['mode']", ("draft", "published"))
    if "flow_action" in parameters:
        shape.one_of(parameters, "flow_action", f"{path}['flow_action']", ("navigate", "data_exchange"))
    payload = shape.mapping(parameters, "flow_action_payload", f"{path}['flow_action_payload']", is_required=False)
    if payload and not payload.get("screen"):
        raise errors.required(f"{path}['flow_action_payload']['screen']")


def _named(name: str) -> Callable[[Json], None]:
    def check(action: Json) -> None:
        shape.fixed(action, "name", "interactive['action']['name']", name)

    return check


def _carousel(action: Json) -> None:
    path = "interactive['action']['cards']"
    cards = shape.array(action, "cards", path, least=CARDS[0], most=CARDS[1])
    if [card.get("card_index") for card in cards] != list(range(len(cards))):
        raise errors.coded(131009, f"{path}: card_index must count from 0")
    for number, card in enumerate(cards):
        shape.mapping(card, "header", f"{path}[{number}]['header']")
        shape.mapping(card, "action", f"{path}[{number}]['action']")


def _product(action: Json) -> None:
    for key in ("catalog_id", "product_retailer_id"):
        shape.text(action, key, f"interactive['action']['{key}']", most=1000)


def _product_list(action: Json) -> None:
    path = "interactive['action']['sections']"
    shape.text(action, "catalog_id", "interactive['action']['catalog_id']", most=1000)
    sections = shape.array(action, "sections", path, least=1, most=MAX_SECTIONS)
    items = [item for section in sections for item in shape.array(section, "product_items", path, least=1, most=MAX_PRODUCTS)]
    if len(items) > MAX_PRODUCTS:
        raise errors.coded(131009, f"Total product count exceed max allowed count: {MAX_PRODUCTS}")


_CHECKS: Mapping[str, Callable[[Json], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _cta_url,
    "flow": _flow,
    "location_request_message": _named("send_location"),
    "request_contact_info": _named("request_contact_info"),
    "address_message": _named("address_message"),
    "call_permission_request": _named("call_permission_request"),
    "voice_call": _named("voice_call"),
    "carousel": _carousel,
    "product": _product,
    "product_list": _product_list,
    "catalog_message": _named("catalog_message"),
}
_WITHOUT_BODY = frozenset({"product", "call_permission_request"})
