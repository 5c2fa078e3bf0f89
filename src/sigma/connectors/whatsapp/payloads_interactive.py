"""Interactive messages in Meta's shape: the object `interactive` of a send.

Source: Cloud API reference, "Interactive messages"; checked 2026-09.
"""

from typing import Any, assert_never

from sigma.connectors.outbound import ButtonsContent, CtaUrlContent, FlowContent, Header, ListContent, ListSection, LocationRequestContent
from sigma.connectors.whatsapp.payloads_media import media_object

Json = dict[str, Any]
InteractiveContent = ButtonsContent | ListContent | CtaUrlContent | FlowContent | LocationRequestContent

FLOW_MESSAGE_VERSION = "3"  # Source: Cloud API reference, "Sending a flow"; checked 2026-09


def interactive_object(content: InteractiveContent) -> Json:
    """Return `{type, header?, body, footer?, action}`."""
    match content:
        case ButtonsContent():
            buttons = [{"type": "reply", "reply": {"id": button.id, "title": button.title}} for button in content.buttons]
            return _framed("button", content, {"buttons": buttons})
        case ListContent():
            return _framed("list", content, {"button": content.button, "sections": [_section(section) for section in content.sections]})
        case CtaUrlContent():
            return _framed("cta_url", content, _named("cta_url", {"display_text": content.display_text, "url": content.url}))
        case FlowContent():
            return _framed("flow", content, _named("flow", _flow_parameters(content)))
        case LocationRequestContent():
            return {"type": "location_request_message", "body": {"text": content.body}, "action": {"name": "send_location"}}
        case _:
            assert_never(content)


def _framed(kind: str, content: ButtonsContent | ListContent | CtaUrlContent | FlowContent, action: Json) -> Json:
    framed: Json = {"type": kind}
    if content.header is not None:
        framed["header"] = _header(content.header)
    framed["body"] = {"text": content.body}
    if content.footer:
        framed["footer"] = {"text": content.footer}
    framed["action"] = action
    return framed


def _named(name: str, parameters: Json) -> Json:
    return {"name": name, "parameters": parameters}


def _header(header: Header) -> Json:
    if header.kind is None or header.media is None:
        return {"type": "text", "text": header.text}
    kind = header.kind.lower()
    return {"type": kind, kind: media_object(header.kind, header.media)}


def _section(section: ListSection) -> Json:
    rows = [
        {"id": row.id, "title": row.title, "description": row.description} if row.description else {"id": row.id, "title": row.title}
        for row in section.rows
    ]
    return {"title": section.title, "rows": rows} if section.title else {"rows": rows}


def _flow_parameters(content: FlowContent) -> Json:
    parameters: Json = {"flow_message_version": FLOW_MESSAGE_VERSION, "flow_id": content.flow_id, "flow_cta": content.flow_cta}
    if content.flow_token:
        parameters["flow_token"] = content.flow_token
    if content.flow_action:
        parameters["flow_action"] = content.flow_action
    if content.screen:
        # Meta refuses an empty `data`.
        parameters["flow_action_payload"] = {"screen": content.screen, "data": content.data} if content.data else {"screen": content.screen}
    return parameters
