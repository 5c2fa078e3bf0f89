"""Customers who read, press, change their number, hide their phone; and account webhooks by hand."""

import pytest

from tests.simulator.stage import Receiver, connected

ANA = "5511955550110"
REPLIES = [{"type": "reply", "reply": {"id": id, "title": title}} for id, title in (("y", "Yes"), ("n", "No"))]
BUTTONS = {"type": "button", "body": {"text": "Ok?"}, "action": {"buttons": REPLIES}}


@pytest.fixture
async def stage():
    async with connected(Receiver(), enforce_templates=True) as stage:
        yield stage


async def act(stage, customer, act, **more):
    return await stage.business.post("/_control/acts", json={"customer": customer, "act": act, **more})


async def send(stage, **content):
    (type,) = content
    response = await stage.send({"messaging_product": "whatsapp", "to": ANA, "type": type, **content})
    return response.json()["messages"][0]["id"]


@pytest.mark.parametrize(("button", "id"), [(0, "y"), (1, "n"), ("No", "n"), ("y", "y")])
async def test_a_button_is_pressed_by_number_id_or_text(stage, button, id):
    message_id = await send(stage, interactive=BUTTONS)
    await send(stage, text={"body": "please"})
    told = (await act(stage, "ana", "press", button=button)).json()["told"][0]
    assert (told["interactive"]["button_reply"]["id"], told["context"]["id"]) == (id, message_id)


async def test_a_quick_reply_of_a_template_brings_its_payload_or_its_text(stage):
    body = {"type": "body", "parameters": [{"type": "text", "text": "42"}, {"type": "text", "text": "Monday"}]}
    tap = {"type": "button", "sub_type": "quick_reply", "index": 1, "parameters": [{"type": "payload", "payload": "another-day"}]}
    await send(stage, template={"name": "order_update", "language": {"code": "en_US"}, "components": [body, tap]})
    assert (await act(stage, "ana", "press", button=0)).json()["told"][0]["button"] == {"payload": "Yes", "text": "Yes"}
    assert (await act(stage, "ana", "press", button="another-day")).json()["told"][0]["button"]["text"] == "Another day"


async def test_what_cannot_be_pressed_or_done_is_refused(stage):
    await send(stage, text={"body": "hi"})
    assert (await act(stage, "ana", "press")).status_code == 422
    await send(stage, interactive=BUTTONS)
    for button in (2, -1, "Maybe"):
        assert (await act(stage, "ana", "press", button=button)).status_code == 422
    assert (await act(stage, "ana", "dance")).status_code == 422
    assert (await act(stage, "nobody", "read")).status_code == 422
    assert (await act(stage, "ana", "read", message_id="wamid.X")).status_code == 422
    assert (await act(stage, "noor", "change_number", phone="15555000000")).status_code == 422


async def test_a_customer_reads_what_was_unread():
    async with connected(Receiver(), emit_statuses=False) as stage:
        ids = [await send(stage, text={"body": str(number)}) for number in range(3)]
        await act(stage, "ana", "read", message_id=ids[1])
        await act(stage, "ana", "read")
        await stage.settled()
        assert sorted(status["id"] for status in stage.receiver.statuses()) == sorted(ids)


async def test_a_new_number_comes_with_a_new_user_id_and_the_old_ones_lead_nowhere(stage):
    before = stage.simulator.world.find_customer("ana")
    system = (await act(stage, "ana", "change_number", phone="5511955559999")).json()["told"][0]
    assert (system["from"], system["system"]["wa_id"], system["system"]["previous_user_id"]) == (ANA, "5511955559999", before.user_id)
    await stage.settled()
    (value,) = stage.receiver.values()
    assert value.keys() == {"messaging_product", "metadata", "messages"}
    assert (await stage.write("ana", text="it is me"))["from_user_id"] == system["system"]["user_id"]
    assert stage.simulator.world.find_customer(ANA) is None


async def test_a_phone_is_hidden_and_shown_again(stage):
    await act(stage, "ana", "hide_phone", username="ana.writes")
    hidden = await stage.write("ana", text="guess")
    assert "from" not in hidden
    await act(stage, "ana", "show_phone", phone=ANA)
    assert (await stage.write("ana", text="me"))["from"] == ANA


async def test_any_field_can_be_told_by_hand(stage):
    value = {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}}
    assert (await stage.business.post("/_control/fields", json={"field": "account_update", "value": value})).status_code == 202
    assert (await stage.business.post("/_control/fields", json={"field": "messages", "value": {}})).status_code == 422
    await stage.settled()
    (body,) = stage.receiver.bodies()
    assert body["entry"][0]["changes"] == [{"value": value, "field": "account_update"}]
    assert isinstance(body["entry"][0]["time"], int)


async def test_meta_changes_its_mind_about_a_template(stage):
    changes = {"quality": "RED", "category": "MARKETING", "category_soon": "UTILITY", "status": "REJECTED", "reason": "PROMOTIONAL"}
    answer = await stage.business.post("/_control/templates", json={"name": "hello_world", **changes})
    assert [each["status"] for each in answer.json()["templates"]] == ["REJECTED"]
    await stage.settled()
    fields = {
        change["field"]: change["value"] for body in stage.receiver.bodies() for entry in body["entry"] for change in entry["changes"]
    }
    assert fields["message_template_quality_update"]["new_quality_score"] == "RED"
    assert fields["message_template_status_update"]["reason"] == "PROMOTIONAL"
    assert "correct_category" in fields["template_category_update"] or "previous_category" in fields["template_category_update"]
    await stage.business.post("/_control/clock", json={"set": "2100-01-01T00:00:00Z"})
    await stage.settled()
    assert stage.simulator.world.templates.named("hello_world")[0].category == "UTILITY"
    assert (await stage.business.post("/_control/templates", json={"name": "nothing"})).status_code == 422
    assert (await stage.business.post("/_control/clock", json={})).status_code == 422
