"""`POST /{version}/{phone-id}/messages`: what is accepted, what is refused and how, what follows."""

import json

import pytest

from tests.simulator.stage import PHONE_NUMBER_ID, Receiver, at_the_desk, connected, until

PATH = f"/v25.0/{PHONE_NUMBER_ID}/messages"
ANA = "5511955550110"
TEXT = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": ANA, "type": "text", "text": {"body": "Olá!"}}
TEMPLATE = {
    "messaging_product": "whatsapp",
    "to": f"+{ANA}",
    "type": "template",
    "template": {"name": "order_update", "language": {"code": "pt_BR"}},
}
BUTTONS = {
    "messaging_product": "whatsapp",
    "to": ANA,
    "type": "interactive",
    "interactive": {
        "type": "button",
        "body": {"text": "Tudo certo?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Sim"}}]},
    },
}


@pytest.fixture
async def stage():
    async with connected(Receiver()) as stage:
        yield stage


@pytest.fixture
async def desk():
    async with at_the_desk() as desk:
        yield desk


def without(key):
    return {name: value for name, value in TEXT.items() if name != key}


async def test_a_text_is_accepted_as_meta_does(stage):
    response = await stage.send(TEXT)
    assert response.status_code == 200
    body = response.json()
    assert body["messaging_product"] == "whatsapp"
    assert body["contacts"] == [{"input": ANA, "wa_id": ANA}]
    assert list(body["messages"][0]) == ["id"]
    assert body["messages"][0]["id"].startswith("wamid.")


async def test_a_template_is_accepted_with_its_message_status(stage):
    body = (await stage.send(TEMPLATE)).json()
    assert body["contacts"] == [{"input": f"+{ANA}", "wa_id": ANA}]
    assert body["messages"][0]["message_status"] == "accepted"


async def test_a_customer_without_phone_is_reached_by_user_id(stage):
    noor = stage.simulator.world.find_customer("noor")
    payload = {**without("to"), "recipient": noor.user_id}
    body = (await stage.send(payload)).json()
    assert body["contacts"] == [{"input": noor.user_id, "user_id": noor.user_id}]
    await until(lambda: bool(stage.receiver.statuses()))
    assert stage.receiver.statuses()[0]["recipient_user_id"] == noor.user_id
    assert "recipient_id" not in stage.receiver.statuses()[0]


@pytest.mark.parametrize("path", [f"/{PHONE_NUMBER_ID}/messages", f"/v23.0/{PHONE_NUMBER_ID}/messages"])
async def test_any_version_and_none_are_accepted(desk, path):
    assert (await desk.post(path, json=TEXT)).status_code == 200


@pytest.mark.parametrize(
    ("payload", "code", "says"),
    [
        ({}, 100, "(#100) The parameter messaging_product is required."),
        (without("messaging_product"), 100, "(#100) The parameter messaging_product is required."),
        ({**TEXT, "messaging_product": "sms"}, 100, "messaging_product must be one of"),
        (without("to"), 100, "(#100) The parameter to is required."),
        ({**TEXT, "recipient_type": "crowd"}, 100, "recipient_type must be one of"),
        ({**TEXT, "recipient_type": "group"}, 131020, "Invalid group"),
        ({**TEXT, "type": "smoke"}, 100, "type must be one of {AUDIO, "),
        ({**TEXT, "type": "image"}, 131008, "Required parameter is missing"),
        (without("text"), 131008, "Required parameter is missing"),
        ({**TEXT, "text": {"preview_url": True}}, 100, "text['body'] is required"),
        ({**TEXT, "text": {"body": "x" * 4097}}, 100, "at most 4096"),
        ({**TEXT, "text": {"body": 5}}, 100, "text['body']"),
        ({**TEXT, "to": "abc"}, 131009, "Parameter value is not valid"),
        ({**TEXT, "to": "15550783881"}, 131021, "Recipient cannot be sender"),
        ({**without("to"), "recipient": "US.999"}, 131009, "Parameter value is not valid"),
        ({**without("to"), "recipient": ANA}, 131009, "Parameter value is not valid"),
        ({**TEXT, "biz_opaque_callback_data": "x" * 513}, 100, "at most 512"),
        ({**TEXT, "context": {}}, 100, "context['message_id'] is required"),
        ({**TEMPLATE, "template": {"language": {"code": "en"}}}, 100, "template['name'] is required"),
        ({**TEMPLATE, "template": {"name": "Order Update", "language": {"code": "en"}}}, 100, "lower-case"),
        ({**TEMPLATE, "template": {"name": "x", "language": {}}}, 100, "template['language']['code'] is required"),
        ({**TEMPLATE, "template": {"name": "x", "language": {"code": "en"}, "components": {}}}, 100, "must be an array"),
        ({"messaging_product": "whatsapp", "status": "sent", "message_id": "x"}, 100, "status must be one of {read}"),
        ({"messaging_product": "whatsapp", "status": "read"}, 100, "message_id is required"),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}, 131009, "Parameter value is not valid"),
    ],
)
async def test_a_mistake_is_refused_in_metas_shape(desk, payload, code, says):
    response = await desk.post(PATH, json=payload)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["type"]) == (400, code, "OAuthException")
    assert says in error["message"]
    assert error["fbtrace_id"].startswith("A")
    if code >= 130000:
        assert error["error_data"]["messaging_product"] == "whatsapp"
        assert error["error_data"]["details"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'"x"'])
async def test_a_body_that_is_no_object_counts_as_empty(desk, raw):
    response = await desk.post(PATH, content=raw)
    assert response.json()["error"]["message"] == "(#100) The parameter messaging_product is required."


async def test_only_the_right_token_is_let_in(desk):
    wrong = await desk.post(PATH, json=TEXT, headers={"Authorization": "Bearer EAA-other"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, 190)
    assert wrong.json()["error"]["message"] == "Invalid OAuth access token - Cannot parse access token"
    missing = await desk.post(PATH, json=TEXT, headers={"Authorization": ""})
    assert (missing.status_code, missing.json()["error"]["code"]) == (403, 200)
    query = await desk.post(f"{PATH}?access_token=EAA-test-token", json=TEXT, headers={"Authorization": ""})
    assert query.status_code == 200


async def test_an_unknown_number_is_an_unknown_object(desk):
    response = await desk.post("/v25.0/999/messages", json=TEXT)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["error_subcode"], error["type"]) == (400, 100, 33, "GraphMethodException")


@pytest.mark.parametrize("path", ["/25/106540352242922/messages", "/vX/106540352242922/messages", "/v25.0/1/2/3", "/"])
async def test_an_unknown_path_is_refused(desk, path):
    response = await desk.post(path, json=TEXT)
    assert (response.status_code, response.json()["error"]["code"]) == (400, 2500)


async def test_a_body_beyond_all_measure_is_refused(desk):
    response = await desk.post(PATH, content=b" " * (1024 * 1024 + 1))
    assert response.status_code == 413


async def test_statuses_follow_in_order_with_a_price_on_the_first_two(stage):
    ids = [(await stage.send({**TEXT, "biz_opaque_callback_data": f"row={row}"})).json()["messages"][0]["id"] for row in range(40)]
    await stage.settled()
    for row, id in enumerate(ids):
        mine = [status for status in stage.receiver.statuses() if status["id"] == id]
        by_time = stage.simulator.world.ledger.find(id).statuses
        assert sorted(status["status"] for status in mine) == sorted(by_time)
        assert {status["biz_opaque_callback_data"] for status in mine} == {f"row={row}"}
        assert {status["status"] for status in mine if "pricing" in status} == set(by_time[:2])
        assert all(status["recipient_id"] == ANA for status in mine)


async def test_the_price_of_a_text_is_nothing_and_of_a_template_it_is_not(stage):
    text, template = [(await stage.send(payload)).json()["messages"][0]["id"] for payload in (TEXT, TEMPLATE)]
    await stage.settled()
    prices = {status["id"]: status["pricing"] for status in stage.receiver.statuses() if status["status"] == "sent"}
    assert prices[text] == {"billable": False, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"}
    assert prices[template] == {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}


async def test_a_number_that_nobody_has_fails_later(stage):
    id = (await stage.send({**TEXT, "to": "15559990000"})).json()["messages"][0]["id"]
    await stage.settled()
    (status,) = stage.receiver.statuses()
    assert (status["id"], status["status"], status["errors"][0]["code"]) == (id, "failed", 131026)
    assert "contacts" not in stage.receiver.values()[0]


async def test_failures_can_be_ordered(stage):
    await stage.business.patch("/_control/rates", json={"failed_status_rate": 1.0})
    await stage.send(TEXT)
    await stage.settled()
    assert [status["status"] for status in stage.receiver.statuses()] == ["failed"]
    await stage.business.patch("/_control/rates", json={"api_error_rate": 1.0})
    response = await stage.send(TEXT)
    assert (response.status_code, response.json()["error"]["code"]) == (500, 131000)


async def test_a_user_id_in_to_is_accepted_and_lost(stage):
    noor = stage.simulator.world.find_customer("noor")
    response = await stage.send({**TEXT, "to": noor.user_id})
    assert response.status_code == 200
    await stage.settled()
    assert stage.receiver.statuses() == []


async def test_a_reaction_is_only_ever_sent(stage):
    message = await stage.write("ana", text="oi")
    reaction = {"messaging_product": "whatsapp", "to": ANA, "type": "reaction", "reaction": {"message_id": message["id"], "emoji": "👍"}}
    assert (await stage.send(reaction)).status_code == 200
    await stage.settled()
    assert [status["status"] for status in stage.receiver.statuses()] == ["sent"]


async def test_a_message_of_a_customer_can_be_marked_as_read(stage):
    message = await stage.write("ana", text="oi")
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": message["id"], "typing_indicator": {"type": "text"}}
    assert (await stage.send(mark)).json() == {"success": True}
    assert (await stage.send({**mark, "typing_indicator": {"type": "voice"}})).json()["error"]["code"] == 100
    assert stage.simulator.world.ledger.find(message["id"]).statuses == ["read", "typing"]
    own = (await stage.send(TEXT)).json()["messages"][0]["id"]
    assert (await stage.send({**mark, "message_id": own})).json()["error"]["code"] == 131009


async def test_a_customer_taps_what_the_business_offers():
    receiver = Receiver()
    async with connected(receiver, answer_rate=1.0) as stage:
        await stage.business.patch("/_control/rates", json={"messages_per_minute": 0})
        await stage.business.post("/_control/traffic/start")
        ids = {(await stage.send(BUTTONS)).json()["messages"][0]["id"] for _ in range(20)}
        await until(lambda: len(receiver.messages()) >= 10)
        for message in receiver.messages():
            assert message["interactive"] == {"type": "button_reply", "button_reply": {"id": "yes", "title": "Sim"}}
            assert message["context"]["id"] in ids
        await stage.settled()


async def test_a_customer_answers_in_words_of_their_own_language_but_not_while_traffic_rests():
    receiver = Receiver()
    async with connected(receiver, answer_rate=1.0) as stage:
        await stage.business.patch("/_control/rates", json={"messages_per_minute": 0})
        for _ in range(10):
            await stage.send(TEXT)
        await stage.settled()
        assert receiver.messages() == []
        await stage.business.post("/_control/traffic/start")
        for _ in range(30):
            await stage.send(TEXT)
        await until(lambda: len(receiver.messages()) >= 15)
        await stage.settled()
        assert {message["type"] for message in receiver.messages()} <= {"text", "reaction"}
        assert all(message["from"] == ANA for message in receiver.messages())


async def test_too_many_messages_at_once_are_refused():
    async with connected(Receiver(), agenda_limit=5, sent_after_seconds=(5, 5)) as stage:
        answers = [await stage.send(TEXT) for _ in range(5)]
        refused = answers[-1].json()
        assert (answers[-1].status_code, refused["error"]["code"]) == (400, 130429)


async def test_answers_are_escaped_as_meta_escapes_them(desk):
    response = await desk.post(PATH, json={**TEXT, "recipient_type": "größe/x"})
    assert response.content.isascii()
    assert "größe/x" in json.loads(response.content)["error"]["message"]
