"""Template messages against the template, and new templates against Meta's rules: tables of mistakes."""

import pytest

from cloud_api_simulator import files
from cloud_api_simulator.http import TOO_MANY_CALLS
from tests.simulator.stage import PHONE_NUMBER_ID, Receiver, at_the_desk, connected

ANA, WABA = "5511955550110", "102290129340398"
TEMPLATES = f"/v25.0/{WABA}/message_templates"


def text(value, **more):
    return {"type": "text", "text": value, **more}


def body(*values):
    return {"type": "body", "parameters": [text(value) for value in values]}


def tap(sub_type, index, *parameters):
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": list(parameters)}


def message(name, *components, language="en_US", **more):
    template = {"name": name, "language": {"code": language}, "components": list(components)}
    return {"messaging_product": "whatsapp", "to": ANA, "type": "template", "template": template, **more}


@pytest.fixture
async def desk():
    async with at_the_desk(enforce_templates=True) as desk:
        yield desk


async def send(desk, payload):
    return await desk.post(f"/v25.0/{PHONE_NUMBER_ID}/messages", json=payload)


HEADER = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://shop.example/a.png"}}]}
NAMED = {"type": "body", "parameters": [text("Ann", parameter_name="first_name"), text("20 %", parameter_name="discount")]}
TAPS = (tap("url", "0", text("summer")), tap("copy_code", 1, {"type": "coupon_code", "coupon_code": "SUMMER20"}))
CODE = (body("123456"), tap("url", "0", text("123456")))


@pytest.mark.parametrize(
    "payload",
    [
        message("hello_world"),
        message("welcome_message", body("John"), language="en"),
        message("order_update", body("42", "Monday")),
        message("order_update", body("42", "Monday"), tap("quick_reply", "0", {"type": "payload", "payload": "yes"})),
        message("seasonal_sale", HEADER, NAMED, *TAPS),
        message("verification_code", *CODE),
    ],
)
async def test_a_template_with_all_that_it_asks_for_is_taken(desk, payload):
    response = await send(desk, payload)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("payload", "http", "code", "says"),
    [
        (message("nothing"), 404, 132001, "does not exist in en_US"),
        (message("welcome_message", body("John"), language="fr"), 404, 132001, "does not exist in fr"),
        (message("welcome_message"), 400, 132000, "(0) does not match the expected number of params (1)"),
        (message("welcome_message", body("a", "b")), 400, 132000, "(2) does not match the expected number of params (1)"),
        (message("hello_world", body("x")), 400, 132000, "expected number of params (0)"),
        (
            message("welcome_message", {"type": "body", "parameters": [HEADER["parameters"][0]]}),
            400,
            132012,
            "expected TEXT, received IMAGE",
        ),
        (message("welcome_message", body("two\nlines")), 400, 132018, "new-line"),
        (message("welcome_message", body("x" * 1000)), 400, 132005, "too long"),
        (message("seasonal_sale", NAMED, *TAPS), 400, 132012, "header: Format mismatch, expected IMAGE"),
        (message("seasonal_sale", HEADER, body("Ann", "20 %"), *TAPS), 400, 100, "Parameter name is missing"),
        (message("seasonal_sale", HEADER, NAMED, TAPS[1]), 400, 131008, "Button at index 0 of type Url requires a parameter"),
        (message("seasonal_sale", HEADER, NAMED, TAPS[0]), 400, 131008, "COPY_CODE requires a parameter"),
        (message("seasonal_sale", HEADER, NAMED, *TAPS, tap("url", 5, text("x"))), 400, 132000, "number of buttons"),
        (message("seasonal_sale", HEADER, NAMED, TAPS[1], tap("flow", 0)), 400, 132012, "expected URL, received FLOW"),
        (message("verification_code", body("1" * 16), CODE[1]), 400, 132018, "at most 15"),
        (message("verification_code", CODE[0]), 400, 131008, "requires a parameter"),
        (message("hello_world", {"type": "middle"}), 400, 100, "must be one of {HEADER"),
        (message("hello_world", {"type": "button", "sub_type": "url"}), 400, 131008, "'index' is mandatory"),
        (message("hello_world", {"type": "body", "parameters": [{"type": "text"}]}), 400, 131008, "missing text value"),
    ],
)
async def test_what_does_not_fit_the_template_is_refused_with_the_component_named(desk, payload, http, code, says):
    response = await send(desk, payload)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (http, code), error
    assert says in error["message"] + error.get("error_data", {}).get("details", "")


async def test_a_code_cannot_go_to_a_user_id():
    async with connected(Receiver(), enforce_templates=True) as stage:
        noor = stage.simulator.world.find_customer("noor")
        payload = message("verification_code", *CODE, recipient=noor.user_id)
        del payload["to"]
        assert (await stage.send(payload)).json()["error"]["code"] == 131062


async def test_paused_and_disabled_templates_are_refused_and_a_pause_ends():
    async with connected(Receiver(), enforce_templates=True) as stage:
        for status, code in (("PAUSED", 132015), ("DISABLED", 132016), ("PENDING", 132001)):
            await stage.business.post("/_control/templates", json={"name": "hello_world", "status": status})
            assert (await stage.send(message("hello_world"))).json()["error"]["code"] == code
        await stage.business.post("/_control/templates", json={"name": "welcome_message", "language": "en", "status": "PAUSED"})
        await stage.business.post("/_control/clock", json={"advance_seconds": 3 * 3600 + 1})
        await stage.settled()
        assert (await stage.send(message("welcome_message", body("John"), language="en"))).status_code == 200
        values = [value for value in stage.receiver.values() if value.get("message_template_name") == "welcome_message"]
        assert [(value["event"], value["other_info"]["title"]) for value in values] == [("PAUSED", "FIRST_PAUSE"), ("APPROVED", "UNPAUSE")]


def form(**changes):
    components = [{"type": "BODY", "text": "Hello {{1}}, your parcel is here today.", "example": {"body_text": [["Ann"]]}}]
    whole = {"name": "parcel_here", "language": "en_US", "category": "UTILITY", "components": components}
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def with_body(text, *examples):
    return form(components=[{"type": "BODY", "text": text, "example": {"body_text": [list(examples)]}}])


def with_part(*parts):
    return form(components=[{"type": "BODY", "text": "Your parcel is here."}, *parts])


def with_buttons(*buttons):
    return with_part({"type": "BUTTONS", "buttons": list(buttons)})


QUICK, LINK = {"type": "QUICK_REPLY", "text": "Ok"}, {"type": "URL", "text": "Go", "url": "https://shop.example"}


@pytest.mark.parametrize(
    ("wanted", "subcode"),
    [
        (form(name=None), None),
        (form(name="Parcel Here"), None),
        (form(language="xx"), None),
        (form(category="NEWS"), None),
        (form(components=None), None),
        (form(components=[]), None),
        (form(components=[{"type": "FOOTER", "text": "x"}]), 2388072),
        (with_body("x" * 1025), 2388040),
        (with_body("{{1}} is here, look out of the window.", "A"), 2388299),
        (with_body("Your parcel was brought here by {{1}}.", "A"), 2388299),
        (with_body("One {{1}} and {{2}} two.", "A", "B"), 2388293),
        (with_body("Hello {{2}}, your parcel is here today.", "A"), 2388072),
        (with_body("Hello {{1}}, your parcel is here today."), 2388072),
        (with_part({"type": "HEADER", "format": "TEXT", "text": "x" * 61}), 2388040),
        (with_part({"type": "HEADER", "format": "TEXT", "text": "{{1}} of {{2}}"}), 2388047),
        (with_part({"type": "HEADER", "format": "IMAGE"}), 2388047),
        (with_part({"type": "FOOTER", "text": "Hi {{1}}"}), 2388073),
        (with_part({"type": "FOOTER", "text": "x" * 61}), 2388040),
        (with_buttons(*[QUICK] * 11), 2388072),
        (with_buttons(LINK, LINK, LINK), 2388072),
        (with_buttons(QUICK, LINK, QUICK), 2388072),
        (with_buttons({**QUICK, "text": "x" * 26}), None),
        (with_buttons({**LINK, "url": "https://shop.example/{{1}}/x", "example": ["a"]}), 2388072),
        (with_buttons({"type": "DOOR", "text": "x"}), None),
        (form(category="AUTHENTICATION", components=[{"type": "BODY"}]), 2388072),
        (form(message_send_ttl_seconds=5), None),
        (form(parameter_format="ROMAN"), None),
        (form(name="hello_world"), 2388024),
    ],
)
async def test_a_bad_template_is_refused_with_its_subcode(desk, wanted, subcode):
    response = await desk.post(TEMPLATES, json=wanted)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error.get("error_subcode")) == (400, 100, subcode), error


async def test_a_template_is_reviewed_after_a_while_and_told_by_webhook():
    async with connected(Receiver(), enforce_templates=True, review_after_seconds=(0.01, 0.02)) as stage:
        names = ("fine", "to_reject", "to_pause", "to_recategorize")
        for name in names:
            created = (await stage.business.post(TEMPLATES, json=form(name=name))).json()
            assert created["status"] == "PENDING"
        twins = form(
            name="twins",
            components=[
                {"type": "BODY", "text": "Dear {{1}} {{2}}, thank you for being here with us.", "example": {"body_text": [["a", "b"]]}}
            ],
        )
        await stage.business.post(TEMPLATES, json=twins)
        await stage.settled()
        listed = (await stage.business.get(f"{TEMPLATES}?fields=name,status,category,rejected_reason&limit=100")).json()["data"]
        found = {each["name"]: (each["status"], each["category"], each["rejected_reason"]) for each in listed}
        assert [found[name] for name in (*names, "twins")] == [
            ("APPROVED", "UTILITY", "NONE"),
            ("REJECTED", "UTILITY", "TAG_CONTENT_MISMATCH"),
            ("PAUSED", "UTILITY", "NONE"),
            ("APPROVED", "MARKETING", "NONE"),
            ("REJECTED", "UTILITY", "INVALID_FORMAT"),
        ]
        told = [(value["event"], value["message_template_name"]) for value in stage.receiver.values() if "event" in value]
        assert sorted(told)[:2] == [("APPROVED", "fine"), ("APPROVED", "to_pause")]
        assert all("time" in entry for body in stage.receiver.bodies() for entry in body["entry"])


async def test_the_words_of_a_sale_make_it_marketing_without_a_word(desk):
    created = (await desk.post(TEMPLATES, json=with_body("Our big summer sale starts today, {{1}}, come and see us.", "Ann"))).json()
    assert created["category"] == "MARKETING"


async def test_templates_are_edited_within_limits_and_deleted_by_name_or_id():
    async with connected(Receiver()) as stage:
        listed = (await stage.business.get(f"{TEMPLATES}?name=welcome")).json()["data"]
        english, american = (each["id"] for each in listed)
        changed = {"components": [{"type": "BODY", "text": "Welcome to our new shop."}]}
        assert (await stage.business.post(f"/v25.0/{english}", json=changed)).json()["success"] is True
        again = await stage.business.post(f"/v25.0/{english}", json=changed)
        assert again.status_code == 400
        await stage.business.post("/_control/clock", json={"advance_seconds": 86_401})
        assert (await stage.business.post(f"/v25.0/{english}", json=changed)).status_code == 200
        one = await stage.business.delete(f"{TEMPLATES}?hsm_id={english}&name=welcome_message")
        assert one.json() == {"success": True}
        assert (await stage.business.get(f"/v25.0/{english}")).status_code == 400
        assert (await stage.business.get(f"/v25.0/{american}?fields=name")).json() == {"name": "welcome_message", "id": american}
        assert (await stage.business.delete(f"{TEMPLATES}?name=welcome_message")).status_code == 200
        assert (await stage.business.delete(f"{TEMPLATES}?name=welcome_message")).status_code == 400
        soon = await stage.business.post(TEMPLATES, json=form(name="welcome_message"))
        assert soon.json()["error"]["error_subcode"] == 2388023


async def test_the_list_pages_filters_and_ends(desk):
    first = (await desk.get(f"{TEMPLATES}?limit=5&status=APPROVED")).json()
    assert (len(first["data"]), "next" in first["paging"], "previous" in first["paging"]) == (5, True, False)
    second = (await desk.get(first["paging"]["next"])).json()
    assert (len(second["data"]), "next" in second["paging"]) == (3, False)
    after = second["paging"]["cursors"]["after"]
    assert (await desk.get(f"{TEMPLATES}?after={after}")).json() == {"data": []}
    assert (await desk.get(f"{TEMPLATES}?after=nonsense")).json()["error"]["code"] == 131059
    assert (await desk.get(f"{TEMPLATES}?limit=0")).json()["error"]["code"] == 100
    assert [each["language"] for each in (await desk.get(f"{TEMPLATES}?language=de,pt_BR&name=order")).json()["data"]] == ["pt_BR", "de"]
    assert (
        (await desk.get(f"{TEMPLATES}?fields=colour"))
        .json()["error"]["message"]
        .startswith("(#100) Tried accessing nonexisting field (colour)")
    )


async def test_management_calls_are_counted_and_end():
    async with at_the_desk(enforce_limits=True) as desk:
        await desk.patch("/_control/rules", json={"management_calls_per_hour": 2})
        used = [(await desk.get(TEMPLATES)).headers["X-App-Usage"] for _ in range(2)]
        assert ['"call_count": 50' in used[0], '"call_count": 100' in used[1]] == [True, True]
        assert (await desk.get(TEMPLATES)).json()["error"]["code"] == TOO_MANY_CALLS


async def test_a_header_picture_must_be_there_and_be_one():
    async with at_the_desk(enforce_templates=True) as desk:
        file = ("a.png", files.content(files.PNG, 1), "image/png")
        id = (await desk.post(f"/v25.0/{PHONE_NUMBER_ID}/media", files={"file": file}, data={"messaging_product": "whatsapp"})).json()["id"]
        right, wrong = ({"type": "header", "parameters": [{"type": "image", "image": {"id": each}}]} for each in (id, "1"))
        assert (await send(desk, message("seasonal_sale", right, NAMED, *TAPS))).status_code == 200
        assert (await send(desk, message("seasonal_sale", wrong, NAMED, *TAPS))).json()["error"]["code"] == 131009
