"""The control API: acting as a customer, sending any body, making things go wrong, looking at the books."""

import pytest

from cloud_api_simulator import rendering
from tests.simulator.stage import WEBHOOKS, Receiver, at_the_desk, connected, sample, until


@pytest.fixture
async def stage():
    async with connected(Receiver()) as stage:
        yield stage


async def test_the_status_says_how_things_stand(stage):
    await until(stage.simulator.verified.is_set)
    status = await stage.status()
    assert status["verification"]["state"] == "verified"
    assert status["traffic"] == {"is_running": False}
    assert status["is_idle"] is True
    assert status["delivery"]["pending"] == 0
    shown = (await stage.business.get("/_control/status")).text
    assert not any(secret in shown for secret in ("sigma-test-app-secret", "a-verify-token", "EAA-test-token"))


async def test_a_customer_can_send_a_message_of_every_kind(stage):
    written = [await stage.write("misaki", kind=kind, text="やあ") for kind in sorted(rendering.KINDS)]
    await until(lambda: len(stage.receiver.messages()) == len(written))
    arrived = {message["id"]: message for message in stage.receiver.messages()}
    assert [arrived[message["id"]] for message in written] == written
    assert {message["from"] for message in written} == {stage.simulator.world.find_customer("misaki").wa_id}


async def test_a_customer_is_named_by_key_phone_or_user_id(stage):
    ana = stage.simulator.world.find_customer("ana")
    for name in ("ana", ana.wa_id, f"+{ana.wa_id}", ana.user_id):
        assert (await stage.write(name, text="oi"))["from"] == ana.wa_id


async def test_a_customer_without_phone_writes_without_phone(stage):
    message = await stage.write("noor", text="hi")
    assert "from" not in message
    await until(lambda: bool(stage.receiver.values()))
    (contact,) = stage.receiver.values()[0]["contacts"]
    assert contact == {"profile": {"name": "Noor", "username": "noor.writes"}, "user_id": message["from_user_id"]}


async def test_content_and_quotes_can_be_anything(stage):
    content = {"type": "hologram", "hologram": {"depth": 3}}
    message = await stage.write("ana", content=content, quoting="wamid.OLD")
    assert message["hologram"] == {"depth": 3}
    assert message["context"] == {"from": "15550783881", "id": "wamid.OLD"}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("messages", {"customer": "nobody", "text": "hi"}),
        ("messages", {"customer": "ana", "kind": "telegram"}),
        ("messages", {"customer": "ana", "kind": "location", "data": {"height": 3}}),
        ("messages", {"customer": "ana", "content": {}}),
        ("messages", {"customer": "ana", "content": {"type": "text", "id": "wamid.MINE"}}),
        ("messages", {"text": "hi"}),
        ("messages", {"customer": "ana", "words": "hi"}),
        ("statuses", {"message_id": "wamid.X", "status": "read"}),
        ("statuses", {"message_id": "wamid.X", "status": "vanished"}),
        ("clock", {"advance_seconds": "much"}),
    ],
)
async def test_a_command_that_cannot_be_carried_out_says_why(path, command):
    async with at_the_desk() as desk:
        response = await desk.post(f"/_control/{path}", json=command)
    assert response.status_code == 422
    assert response.json()["error"]


async def test_any_body_can_be_sent_as_it_is(stage):
    raw = (WEBHOOKS / "mixed-batch.json").read_bytes()
    response = await stage.business.post("/_control/webhooks", content=raw)
    assert response.status_code == 202
    assert len(response.json()["message_ids"]) == 4
    await stage.settled()
    assert stage.receiver.posts[0][1] == raw
    assert stage.receiver.bodies() == [sample("mixed-batch")]
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": response.json()["message_ids"][0]}
    assert (await stage.send(mark)).json() == {"success": True}


async def test_a_body_can_be_sent_with_a_wrong_signature_or_none_and_the_answer_seen(stage):
    await until(stage.simulator.verified.is_set)
    stage.receiver.answers = iter([401, 418])
    wrong = await stage.business.post("/_control/webhooks?signature=wrong&wait=1", content=b"{}")
    none = await stage.business.post("/_control/webhooks?signature=none&wait=1", content=b"not json")
    right = await stage.business.post("/_control/webhooks?wait=1", content=b"{}")
    assert [response.json()["status_code"] for response in (wrong, none, right)] == [401, 418, 200]
    signatures = [headers.get("x-hub-signature-256") for _, _, headers in stage.receiver.posts]
    assert signatures == ["sha256=" + "0" * 64, None, "sha256=ae2809d16ea3fd3dff1b8dd8931e37ef393c7f19ae242b98f386bb14cda64600"]
    assert (await stage.business.post("/_control/webhooks?signature=maybe", content=b"{}")).status_code == 422


async def test_rates_can_be_changed_one_by_one(stage):
    changed = await stage.business.patch("/_control/rates", json={"duplicate_rate": 0.5})
    assert changed.json()["duplicate_rate"] == 0.5
    assert changed.json()["max_batch"] == 10
    wrong_rates: list[object] = [{"duplicate_rate": 2}, {"luck": 1}, {"max_batch": 0}, [], {"messages_per_minute": "many"}]
    for wrong in wrong_rates:
        assert (await stage.business.patch("/_control/rates", json=wrong)).status_code == 422
    assert (await stage.status())["rates"]["duplicate_rate"] == 0.5


async def test_a_status_can_be_reported_by_hand_and_late(stage):
    id = (await stage.send({"messaging_product": "whatsapp", "to": "5511955550110", "text": {"body": "oi"}})).json()["messages"][0]["id"]
    await stage.settled()
    for status in ("read", "delivered", "failed"):
        response = await stage.business.post("/_control/statuses", json={"message_id": id, "status": status})
        assert response.status_code == 202
    await stage.settled()
    assert stage.simulator.world.ledger.find(id).statuses[-3:] == ["read", "delivered", "failed"]
    assert [status["id"] for status in stage.receiver.statuses()] == [id] * len(stage.receiver.statuses())


async def test_the_ledger_is_read_page_by_page(stage):
    for number in range(5):
        await stage.write("ana", text=str(number))
    await stage.send({"messaging_product": "whatsapp", "to": "5511955550110", "text": {"body": "oi"}})
    first = (await stage.business.get("/_control/ledger?limit=4")).json()
    rest = (await stage.business.get(f"/_control/ledger?limit=4&after={first['next_after']}")).json()
    assert [entry["content"]["text"]["body"] for entry in first["entries"] + rest["entries"]] == ["0", "1", "2", "3", "4", "oi"]
    assert (first["recorded"], rest["next_after"]) == (6, None)
    outbound = (await stage.business.get("/_control/ledger?direction=outbound")).json()["entries"]
    assert [(entry["customer"], entry["kind"]) for entry in outbound] == [("ana", "text")]
    for wrong in ("direction=sideways", "limit=-1", "after=x", "limit=" + "9" * 50):
        assert (await stage.business.get(f"/_control/ledger?{wrong}")).status_code == 422


async def test_the_ledger_keeps_the_latest_only():
    async with connected(Receiver(), ledger_limit=3) as stage:
        for number in range(5):
            await stage.write("ana", text=str(number))
        entries = (await stage.business.get("/_control/ledger")).json()["entries"]
        assert [entry["content"]["text"]["body"] for entry in entries] == ["2", "3", "4"]


async def test_the_customers_are_listed(stage):
    people = (await stage.business.get("/_control/customers")).json()["customers"]
    assert len(people) == 12
    assert people[0]["name"] == "Ana Beatriz Souza"
    assert people[0].keys() == {
        *("key", "name", "language", "wa_id", "user_id", "parent_user_id", "username"),
        *("is_blocked", "has_blocked", "has_stopped_marketing", "has_open_window"),
    }
