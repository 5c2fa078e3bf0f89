"""What the tests of payloads send, as (what it is, content, the part of the payload that only it has)."""

from typing import Any

from sigma.connectors.outbound import (
    AnyContent,
    Button,
    ButtonsContent,
    ContactsContent,
    CtaUrlContent,
    FlowContent,
    Header,
    ListContent,
    ListRow,
    ListSection,
    LocationContent,
    LocationRequestContent,
    MediaContent,
    MediaRef,
    ReactionContent,
    TemplateButton,
    TemplateContent,
    TemplateHeader,
    TemplateParameter,
    TextContent,
)

FILE = MediaRef(id="2871834006348767")
LINK = MediaRef(link="https://files.example/a.pdf", filename="invoice.pdf")
CARD = {"name": {"formatted_name": "Ann B", "first_name": "Ann"}, "phones": [{"phone": "+16505551234", "type": "MAIN"}]}

TEXT = TextContent(body="Hello")
CASES: list[tuple[str, AnyContent, dict[str, Any]]] = [
    ("text", TEXT, {"type": "text", "text": {"body": "Hello"}}),
    (
        "text with preview",
        TextContent(body="See https://a.example", preview_url=True),
        {"type": "text", "text": {"body": "See https://a.example", "preview_url": True}},
    ),
    (
        "picture by id",
        MediaContent(kind="IMAGE", media=FILE, caption="Look"),
        {"type": "image", "image": {"id": FILE.id, "caption": "Look"}},
    ),
    ("video by link", MediaContent(kind="VIDEO", media=LINK), {"type": "video", "video": {"link": LINK.link}}),
    ("voice note", MediaContent(kind="AUDIO", media=FILE, voice=True), {"type": "audio", "audio": {"id": FILE.id, "voice": True}}),
    ("audio", MediaContent(kind="AUDIO", media=FILE), {"type": "audio", "audio": {"id": FILE.id}}),
    (
        "document",
        MediaContent(kind="DOCUMENT", media=LINK, caption="Yours"),
        {"type": "document", "document": {"link": LINK.link, "filename": "invoice.pdf", "caption": "Yours"}},
    ),
    ("sticker", MediaContent(kind="STICKER", media=FILE), {"type": "sticker", "sticker": {"id": FILE.id}}),
    (
        "place",
        LocationContent(latitude=40.78291, longitude=-73.959075, name="Museum", address="1071 5th Ave"),
        {"type": "location", "location": {"latitude": 40.78291, "longitude": -73.959075, "name": "Museum", "address": "1071 5th Ave"}},
    ),
    ("bare place", LocationContent(latitude=0, longitude=0), {"type": "location", "location": {"latitude": 0, "longitude": 0}}),
    ("contact cards", ContactsContent(cards=[CARD]), {"type": "contacts", "contacts": [CARD]}),
    (
        "reaction",
        ReactionContent(message_id="wamid.IN", emoji="👍"),
        {"type": "reaction", "reaction": {"message_id": "wamid.IN", "emoji": "👍"}},
    ),
    (
        "no reaction any more",
        ReactionContent(message_id="wamid.IN"),
        {"type": "reaction", "reaction": {"message_id": "wamid.IN", "emoji": ""}},
    ),
    (
        "buttons",
        ButtonsContent(
            body="Shall we?",
            buttons=[Button(id="y", title="Yes"), Button(id="n", title="No")],
            header=Header(text="A question"),
            footer="Answer today",
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "header": {"type": "text", "text": "A question"},
                "body": {"text": "Shall we?"},
                "footer": {"text": "Answer today"},
                "action": {
                    "buttons": [
                        {"type": "reply", "reply": {"id": "y", "title": "Yes"}},
                        {"type": "reply", "reply": {"id": "n", "title": "No"}},
                    ]
                },
            },
        },
    ),
    (
        "buttons under a document",
        ButtonsContent(body="Sign?", buttons=[Button(id="y", title="Yes")], header=Header(kind="DOCUMENT", media=LINK)),
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "header": {"type": "document", "document": {"link": LINK.link, "filename": "invoice.pdf"}},
                "body": {"text": "Sign?"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
            },
        },
    ),
    (
        "list",
        ListContent(
            body="How?",
            button="Choose",
            sections=[
                ListSection(title="Fast", rows=[ListRow(id="1", title="Express", description="Next day")]),
                ListSection(title="Slow", rows=[ListRow(id="2", title="Mail")]),
            ],
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "list",
                "body": {"text": "How?"},
                "action": {
                    "button": "Choose",
                    "sections": [
                        {"title": "Fast", "rows": [{"id": "1", "title": "Express", "description": "Next day"}]},
                        {"title": "Slow", "rows": [{"id": "2", "title": "Mail"}]},
                    ],
                },
            },
        },
    ),
    (
        "web address",
        CtaUrlContent(body="Pay here", display_text="Pay", url="https://pay.example/1", header=Header(kind="IMAGE", media=FILE)),
        {
            "type": "interactive",
            "interactive": {
                "type": "cta_url",
                "header": {"type": "image", "image": {"id": FILE.id}},
                "body": {"text": "Pay here"},
                "action": {"name": "cta_url", "parameters": {"display_text": "Pay", "url": "https://pay.example/1"}},
            },
        },
    ),
    (
        "flow that navigates",
        FlowContent(
            body="Book", flow_id="77", flow_cta="Book now", flow_token="t", flow_action="navigate", screen="DATES", data={"city": "Rome"}
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "flow",
                "body": {"text": "Book"},
                "action": {
                    "name": "flow",
                    "parameters": {
                        "flow_message_version": "3",
                        "flow_id": "77",
                        "flow_cta": "Book now",
                        "flow_token": "t",
                        "flow_action": "navigate",
                        "flow_action_payload": {"screen": "DATES", "data": {"city": "Rome"}},
                    },
                },
            },
        },
    ),
    (
        "bare flow",
        FlowContent(body="Book", flow_id="77", flow_cta="Book now", screen="DATES", data={}),
        {
            "type": "interactive",
            "interactive": {
                "type": "flow",
                "body": {"text": "Book"},
                "action": {
                    "name": "flow",
                    "parameters": {
                        "flow_message_version": "3",
                        "flow_id": "77",
                        "flow_cta": "Book now",
                        "flow_action_payload": {"screen": "DATES"},
                    },
                },
            },
        },
    ),
    (
        "request for a location",
        LocationRequestContent(body="Where are you?"),
        {
            "type": "interactive",
            "interactive": {
                "type": "location_request_message",
                "body": {"text": "Where are you?"},
                "action": {"name": "send_location"},
            },
        },
    ),
    (
        "template without values",
        TemplateContent(name="hello_world", language="en_US"),
        {"type": "template", "template": {"name": "hello_world", "language": {"code": "en_US"}}},
    ),
    (
        "template with positions",
        TemplateContent(name="order", language="de", parameters=[TemplateParameter(text="Anna"), TemplateParameter(text="42")]),
        {
            "type": "template",
            "template": {
                "name": "order",
                "language": {"code": "de"},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": "Anna"}, {"type": "text", "text": "42"}]}],
            },
        },
    ),
    (
        "template with names and all components",
        TemplateContent(
            name="order_confirmation",
            language="en_US",
            header=TemplateHeader(kind="IMAGE", media=FILE),
            parameters=[TemplateParameter(name="first_name", text="Jessica")],
            buttons=[
                TemplateButton(index=0, type="url", value="order/42"),
                TemplateButton(index=1, type="quick_reply", value="stop"),
                TemplateButton(index=2, type="copy_code", value="SAVE20"),
                TemplateButton(index=3, type="flow", value="token-1"),
            ],
        ),
        {
            "type": "template",
            "template": {
                "name": "order_confirmation",
                "language": {"code": "en_US"},
                "components": [
                    {"type": "header", "parameters": [{"type": "image", "image": {"id": FILE.id}}]},
                    {"type": "body", "parameters": [{"type": "text", "parameter_name": "first_name", "text": "Jessica"}]},
                    {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "order/42"}]},
                    {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": [{"type": "payload", "payload": "stop"}]},
                    {
                        "type": "button",
                        "sub_type": "copy_code",
                        "index": "2",
                        "parameters": [{"type": "coupon_code", "coupon_code": "SAVE20"}],
                    },
                    {
                        "type": "button",
                        "sub_type": "flow",
                        "index": "3",
                        "parameters": [{"type": "action", "action": {"flow_token": "token-1"}}],
                    },
                ],
            },
        },
    ),
    (
        "template with a text in its header",
        TemplateContent(name="t", language="en", header=TemplateHeader(text=TemplateParameter(name="shop", text="Corner"))),
        {
            "type": "template",
            "template": {
                "name": "t",
                "language": {"code": "en"},
                "components": [{"type": "header", "parameters": [{"type": "text", "parameter_name": "shop", "text": "Corner"}]}],
            },
        },
    ),
    (
        "template with a place in its header",
        TemplateContent(name="t", language="en", header=TemplateHeader(location=LocationContent(latitude=1.5, longitude=2, name="Shop"))),
        {
            "type": "template",
            "template": {
                "name": "t",
                "language": {"code": "en"},
                "components": [
                    {"type": "header", "parameters": [{"type": "location", "location": {"latitude": 1.5, "longitude": 2, "name": "Shop"}}]}
                ],
            },
        },
    ),
    (
        "template with an empty header",
        TemplateContent(name="t", language="en", header=TemplateHeader()),
        {"type": "template", "template": {"name": "t", "language": {"code": "en"}}},
    ),
]
