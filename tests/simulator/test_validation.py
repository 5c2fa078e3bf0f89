"""Tables of mistakes: what the simulator refuses, type by type, and that the same thing done right is taken."""

import copy

import pytest

from tests.simulator.stage import PHONE_NUMBER_ID, at_the_desk

ANA = "5511955550110"
LONG = "x" * 5000
BUTTON = {"type": "button", "body": {"text": "Ok?"}, "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}}
LIST = {
    "type": "list",
    "body": {"text": "Choose"},
    "action": {"button": "Options", "sections": [{"title": "One", "rows": [{"id": "a", "title": "A", "description": "first"}]}]},
}
LINK = {
    "type": "cta_url",
    "body": {"text": "See"},
    "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://shop.example"}},
}
FLOW = {
    "type": "flow",
    "body": {"text": "Fill in"},
    "action": {
        "name": "flow",
        "parameters": {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Start", "flow_action_payload": {"screen": "A"}},
    },
}
RIGHT = {
    "text": {"body": "hi", "preview_url": True},
    "image": {"link": "https://shop.example/a.png", "caption": "x"},
    "audio": {"link": "https://shop.example/a.ogg", "voice": True},
    "video": {"link": "https://shop.example/a.mp4"},
    "document": {"link": "https://shop.example/a.pdf", "filename": "a.pdf", "caption": "x"},
    "sticker": {"link": "https://shop.example/a.webp"},
    "location": {"latitude": "52.5", "longitude": 13.4, "name": "Shop"},
    "contacts": [{"name": {"formatted_name": "Ann B", "first_name": "Ann"}, "phones": [{"phone": "+1 202 555 0143"}]}],
    "reaction": {"message_id": "wamid.X", "emoji": "👍"},
    "button": BUTTON,
    "list": LIST,
    "link": LINK,
    "flow": FLOW,
    "place": {"type": "location_request_message", "body": {"text": "Where?"}, "action": {"name": "send_location"}},
    "ask": {"type": "request_contact_info", "body": {"text": "Who?"}, "action": {"name": "request_contact_info"}},
}


def payload(kind, content):
    type = kind if kind in {"text", "image", "audio", "video", "document", "sticker", "location", "contacts", "reaction"} else "interactive"
    return {"messaging_product": "whatsapp", "to": ANA, "type": type, type: content}


def changed(content, path, value):
    """A copy with one thing else; None takes it away."""
    copied = copy.deepcopy(content)
    holder = copied
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copied


@pytest.fixture
async def desk():
    async with at_the_desk() as desk:
        yield desk


async def send(desk, body):
    return await desk.post(f"/v25.0/{PHONE_NUMBER_ID}/messages", json=body)


@pytest.mark.parametrize("kind", RIGHT)
async def test_what_is_right_is_taken(desk, kind):
    response = await send(desk, payload(kind, RIGHT[kind]))
    assert response.status_code == 200, response.text


ROW = {"id": "b", "title": "B"}
SECTION = {"title": "S", "rows": [ROW]}
REPLY = {"type": "reply", "reply": {"id": "n", "title": "No"}}


@pytest.mark.parametrize(
    ("kind", "path", "value", "code", "says"),
    [
        ("text", ["body"], LONG, 100, "at most 4096"),
        ("text", ["preview_url"], "yes", 100, "boolean"),
        ("image", ["link"], None, 131008, "either 'id' or 'link'"),
        ("image", ["link"], "shop", 100, "valid URL"),
        ("image", ["id"], "123", 100, "not both"),
        ("image", ["caption"], LONG, 100, "at most 1024"),
        ("audio", ["caption"], "x", 100, "not have a caption"),
        ("sticker", ["link"], "", 100, "valid URL"),
        ("video", ["filename"], "a.mp4", 100, "not have a filename"),
        ("location", ["latitude"], None, 100, "location['latitude'] is required"),
        ("location", ["latitude"], 91, 131009, "between -90 and 90"),
        ("location", ["longitude"], "east", 131009, "between -180 and 180"),
        ("contacts", [0, "name"], None, 100, "contacts[0]['name'] is required"),
        ("contacts", [0, "name", "first_name"], None, 131008, "other part of the name"),
        ("contacts", [0, "phones"], {}, 100, "array"),
        ("reaction", ["message_id"], None, 100, "reaction['message_id'] is required"),
        ("reaction", ["emoji"], None, 100, "reaction['emoji'] is required"),
        ("reaction", ["emoji"], "good", 100, "one emoji"),
        ("button", ["type"], "menu", 100, "interactive['type'] must be one of"),
        ("button", ["body"], None, 100, "interactive['body'] is required"),
        ("button", ["body", "text"], "x" * 1025, 100, "at most 1024"),
        ("button", ["footer"], {"text": "x" * 61}, 100, "at most 60"),
        ("button", ["header"], {"type": "text", "text": "x" * 61}, 100, "at most 60"),
        ("button", ["header"], {"type": "image", "image": {}}, 131008, "either 'id' or 'link'"),
        ("button", ["action"], None, 100, "interactive['action'] is required"),
        ("button", ["action", "buttons"], [], 131009, "Min allowed count: 1"),
        ("button", ["action", "buttons"], [REPLY] * 4, 131009, "Max allowed count: 3"),
        ("button", ["action", "buttons"], [REPLY, REPLY], 131009, "Duplicated button id"),
        ("button", ["action", "buttons", 0, "type"], "link", 100, "must be one of {REPLY}"),
        ("button", ["action", "buttons", 0, "reply", "title"], "x" * 21, 100, "at most 20"),
        ("button", ["action", "buttons", 0, "reply", "id"], "x" * 257, 100, "at most 256"),
        ("list", ["action", "button"], None, 100, "interactive['action']['button'] is required"),
        ("list", ["action", "sections"], [SECTION] * 11, 131009, "Max allowed count: 10"),
        ("list", ["action", "sections"], [{"rows": [ROW]}, {"rows": [ROW]}], 100, "['title'] is required"),
        ("list", ["action", "sections"], [SECTION, SECTION], 131009, "Duplicated row id"),
        ("list", ["action", "sections", 0, "rows"], [ROW] * 11, 131009, "Max allowed count: 10"),
        ("list", ["action", "sections", 0, "rows", 0, "title"], "x" * 25, 100, "at most 24"),
        ("list", ["action", "sections", 0, "rows", 0, "description"], "x" * 73, 100, "at most 72"),
        ("list", ["header"], {"type": "image", "image": {"id": "1"}}, 100, "must be one of {TEXT}"),
        ("link", ["action", "name"], "open", 100, "must be one of {CTA_URL}"),
        ("link", ["action", "parameters", "display_text"], "x" * 21, 100, "at most 20"),
        ("link", ["action", "parameters", "url"], "shop", 100, "valid URL"),
        ("flow", ["action", "parameters", "flow_message_version"], "2", 100, "must be one of {3}"),
        ("flow", ["action", "parameters", "flow_cta"], "x" * 31, 100, "at most 30"),
        ("flow", ["action", "parameters", "flow_id"], None, 131008, "'flow_id' or 'flow_name'"),
        ("flow", ["action", "parameters", "flow_action_payload"], {"data": {}}, 100, "['screen'] is required"),
        ("place", ["action", "name"], "send_place", 100, "must be one of {SEND_LOCATION}"),
        ("ask", ["action", "name"], "contact_request", 100, "must be one of {REQUEST_CONTACT_INFO}"),
    ],
)
async def test_what_is_wrong_is_refused_with_metas_code(desk, *, kind, path, value, code, says):
    response = await send(desk, payload(kind, changed(RIGHT[kind], path, value)))
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, code), error
    assert says in error["message"] + error.get("error_data", {}).get("details", "")


async def test_an_unknown_file_is_refused_and_a_dead_link_fails_later():
    async with at_the_desk() as desk:
        unknown = await send(desk, payload("image", {"id": "12345"}))
        assert unknown.json()["error"]["code"] == 131009
        dead = await send(desk, payload("image", {"link": "https://nowhere.invalid/a.png"}))
        assert dead.status_code == 200


async def test_a_short_number_without_plus_is_taken_for_one_of_the_own_country(desk):
    response = await send(desk, {**payload("text", {"body": "hi"}), "to": "30123456"})
    assert response.json()["contacts"] == [{"input": "30123456", "wa_id": "130123456"}]
    response = await send(desk, {**payload("text", {"body": "hi"}), "to": "+30 123-456"})
    assert response.json()["contacts"][0]["wa_id"] == "30123456"
