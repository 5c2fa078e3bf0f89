"""The shape of a template message, before anyone looks up whether the template exists.

Source: Cloud API template messages reference; checked 2026-09 (cloud-api.md 7.1).
"""

import re
from typing import Any

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.checks import shape

MAX_NAME_CHARS = 512
MAX_BUTTON_INDEX = 9
NAME = re.compile(rf"[a-z0-9_]{{1,{MAX_NAME_CHARS}}}", re.ASCII)
COMPONENT_TYPES = ("header", "body", "button", "footer", "carousel", "limited_time_offer", "tap_target_configuration", "order_status")
BUTTON_TYPES = (
    "url",
    "quick_reply",
    "copy_code",
    "flow",
    "catalog",
    "mpm",
    "spm",
    "voice_call",
    "order_details",
    "reminder",
    "phone_number",
)
PARAMETERS = {
    "text": "text",
    "currency": "currency",
    "date_time": "date_time",
    "image": "image",
    "video": "video",
    "gif": "gif",
    "document": "document",
    "location": "location",
    "product": "product",
    "payload": "payload",
    "coupon_code": "coupon_code",
    "action": "action",
    "limited_time_offer": "limited_time_offer",
    "ttl_minutes": "ttl_minutes",
    "tap_target_configuration": "tap_target_configuration",
    "order_status": "order_status",
}
"""Each type of parameter, and the key that its value stands under."""


def check_template(template: Json) -> None:
    """Check name, language and the shape of the components. Raises: GraphError 100, 131008 or 131009."""
    name = template.get("name")
    if not name:
        raise errors.required("template['name']")
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        raise errors.invalid("template['name']", "hold lower-case letters, digits and underscores only")
    language = template.get("language")
    if not isinstance(language, dict) or not isinstance(language.get("code"), str) or not language["code"]:
        raise errors.required("template['language']['code']")
    components = template.get("components", [])
    if not isinstance(components, list):
        raise errors.invalid("template['components']", "be an array")
    for number, component in enumerate(components):
        check_component(component, f"template['components'][{number}]")


def check_component(component: Any, path: str) -> None:
    """Check one component and its parameters. Raises: GraphError 100, 131008 or 131009."""
    if not isinstance(component, dict):
        raise errors.invalid(path, "be a JSON object")
    type = shape.one_of({"type": str(component.get("type", "")).lower() or None}, "type", f"{path}['type']", COMPONENT_TYPES)
    if type == "button":
        _check_button(component, path)
    if type == "carousel":
        for card in shape.array(component, "cards", f"{path}['cards']", least=1, most=10):
            inner = card.get("components")
            if not isinstance(inner, list):
                raise errors.required(f"{path}['cards']['components']")
            for each in inner:
                check_component(each, f"{path}['cards']['components']")
    parameters = component.get("parameters", [])
    if not isinstance(parameters, list):
        raise errors.invalid(f"{path}['parameters']", "be an array")
    for number, parameter in enumerate(parameters):
        _check_parameter(parameter, f"{path}['parameters'][{number}]")


def _check_button(button: Json, path: str) -> None:
    sub_type = {"sub_type": str(button.get("sub_type", "")).lower() or None}
    shape.one_of(sub_type, "sub_type", f"{path}['sub_type']", BUTTON_TYPES)
    index = button.get("index")
    if index is None:
        raise errors.coded(131008, f"{path}: 'index' is mandatory for a button")
    if isinstance(index, bool) or not str(index).isascii() or not str(index).isdigit() or int(index) > MAX_BUTTON_INDEX:
        raise errors.coded(131009, f"{path}['index'] must be a number from 0 to {MAX_BUTTON_INDEX}")


def _check_parameter(parameter: Any, path: str) -> None:
    if not isinstance(parameter, dict):
        raise errors.invalid(path, "be a JSON object")
    type = shape.one_of(parameter, "type", f"{path}['type']", tuple(PARAMETERS))
    if parameter.get(PARAMETERS[type]) is None:
        raise errors.coded(131008, f"Parameter of type {type} is missing {type} value")
    if type == "text" and not isinstance(parameter["text"], str):
        raise errors.invalid(f"{path}['text']", "be a string")
    if type in {"image", "video", "document"}:
        media = parameter[type]
        if not isinstance(media, dict) or (media.get("id") is None) == (media.get("link") is None):
            raise errors.coded(131008, f"{path}['{type}']: either 'id' or 'link' is mandatory")
        if media.get("link") is not None:
            shape.url(media["link"], f"{path}['{type}']['link']")
