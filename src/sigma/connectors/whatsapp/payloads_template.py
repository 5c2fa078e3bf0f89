"""Templates in Meta's shape: the object `template` of a send, with the components that carry values and no others.

    {"name": "order_confirmation", "language": {"code": "en_US"}, "components": [
      {"type": "header", "parameters": [{"type": "image", "image": {"id": "2871834006348767"}}]},
      {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Jessica"}]},
      {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "order/42"}]}]}

Source: Cloud API reference, "Template messages"; checked 2026-09.
"""

from typing import Any, assert_never

from sigma.connectors.outbound import TemplateButton, TemplateContent, TemplateHeader, TemplateParameter
from sigma.connectors.whatsapp.payloads_media import location_object, media_object

Json = dict[str, Any]


def template_object(content: TemplateContent) -> Json:
    """Return `{name, language, components?}`. A template without values has no components at all."""
    components: list[Json] = []
    if content.header is not None and (parameter := _header_parameter(content.header)) is not None:
        components.append({"type": "header", "parameters": [parameter]})
    if content.parameters:
        components.append({"type": "body", "parameters": [_text(parameter) for parameter in content.parameters]})
    components.extend(_button(button) for button in content.buttons)
    template: Json = {"name": content.name, "language": {"code": content.language}}
    if components:
        template["components"] = components
    return template


def _text(parameter: TemplateParameter) -> Json:
    if parameter.name is None:
        return {"type": "text", "text": parameter.text}
    return {"type": "text", "parameter_name": parameter.name, "text": parameter.text}


def _header_parameter(header: TemplateHeader) -> Json | None:
    if header.kind is not None and header.media is not None:
        kind = header.kind.lower()
        return {"type": kind, kind: media_object(header.kind, header.media)}
    if header.location is not None:
        return {"type": "location", "location": location_object(header.location)}
    return None if header.text is None else _text(header.text)


def _button(button: TemplateButton) -> Json:
    return {"type": "button", "sub_type": button.type, "index": str(button.index), "parameters": [_button_parameter(button)]}


def _button_parameter(button: TemplateButton) -> Json:
    match button.type:
        case "url":
            return {"type": "text", "text": button.value}
        case "quick_reply":
            return {"type": "payload", "payload": button.value}
        case "copy_code":
            return {"type": "coupon_code", "coupon_code": button.value}
        case "flow":
            return {"type": "action", "action": {"flow_token": button.value}}
        case _:
            assert_never(button.type)
