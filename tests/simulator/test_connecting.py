"""Connecting a business: tokens, subscriptions, overrides of the callback, the nodes that tell how things stand."""

import pytest

from cloud_api_simulator import multipart
from tests.simulator.stage import APP_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN, Receiver, connected, served, simulated

ANA, WABA, APP, BUSINESS = "5511955550110", "102290129340398", "634974688087057", "506914307656634"
APP_TOKEN = {"Authorization": f"Bearer {APP}|{APP_SECRET}"}
TEXT = {"messaging_product": "whatsapp", "to": ANA, "text": {"body": "hi"}}


@pytest.fixture
async def stage():
    async with connected(Receiver()) as stage:
        yield stage


async def issue(stage, token, **more):
    assert (await stage.business.post("/_control/tokens", json={"token": token, **more})).status_code == 201
    return {"Authorization": f"Bearer {token}"}


async def asked(stage, path, headers, method="GET", **more):
    response = await stage.business.request(method, f"/v25.0/{path}", headers=headers, **more)
    error = response.json().get("error", {})
    return response.status_code, error.get("code"), error.get("error_subcode")


async def test_a_token_expires_is_revoked_or_lacks_something(stage):
    short = await issue(stage, "EAA-short", expires_in_seconds=60)
    assert await asked(stage, PHONE_NUMBER_ID, short) == (200, None, None)
    await stage.business.post("/_control/clock", json={"advance_seconds": 61})
    assert await asked(stage, PHONE_NUMBER_ID, short) == (401, 190, 463)
    assert await asked(stage, PHONE_NUMBER_ID, await issue(stage, "EAA-gone", is_revoked=True)) == (401, 190, 460)
    sends = await issue(stage, "EAA-sends", scopes=["whatsapp_business_messaging"])
    assert await asked(stage, PHONE_NUMBER_ID, sends) == (403, 10, None)
    assert await asked(stage, f"{PHONE_NUMBER_ID}/messages", sends, "POST", json=TEXT) == (200, None, None)
    manages = await issue(stage, "EAA-manages", scopes=["whatsapp_business_management"])
    assert await asked(stage, f"{PHONE_NUMBER_ID}/messages", manages, "POST", json=TEXT) == (403, 10, None)
    assert await asked(stage, WABA, await issue(stage, "EAA-else", has_asset=False)) == (403, 200, None)
    assert await asked(stage, WABA, {"Authorization": "Bearer EAA-unknown"}) == (401, 190, None)


async def test_a_token_is_described(stage):
    await issue(stage, "EAA-short", expires_in_seconds=60, scopes=["whatsapp_business_messaging"])
    data = (await stage.business.get("/v25.0/debug_token?input_token=EAA-short", headers=APP_TOKEN)).json()["data"]
    assert (data["is_valid"], data["app_id"], data["granular_scopes"]) == (
        True,
        APP,
        [{"scope": "whatsapp_business_messaging", "target_ids": [WABA]}],
    )
    await stage.business.post("/_control/clock", json={"advance_seconds": 61})
    data = (await stage.business.get("/debug_token?input_token=EAA-short", headers=APP_TOKEN)).json()["data"]
    assert (data["is_valid"], data["error"]["code"]) == (False, 190)
    data = (await stage.business.get("/debug_token?input_token=nonsense", headers=APP_TOKEN)).json()["data"]
    assert (data["is_valid"], data["scopes"]) == (False, [])
    assert (await stage.business.get("/debug_token", headers=APP_TOKEN)).status_code == 400


async def test_the_app_gets_its_token_for_its_secret(stage):
    query = f"client_id={APP}&client_secret={APP_SECRET}"
    assert (await stage.business.get(f"/v25.0/oauth/access_token?{query}")).json()["access_token"] == f"{APP}|{APP_SECRET}"
    assert (await stage.business.get("/oauth/access_token?client_id=1&client_secret=2")).json()["error"]["code"] == 101


async def test_messages_go_to_the_override_of_the_number_then_of_the_account_then_to_the_app(stage):
    account, number = Receiver(verify_token="account token"), Receiver(verify_token="number token")
    async with served(account.app) as account_url, served(number.app) as number_url:
        override = {"override_callback_uri": f"{account_url}/hook", "verify_token": "account token"}
        assert (await stage.business.post(f"/v25.0/{WABA}/subscribed_apps", json=override)).json() == {"success": True}
        listed = (await stage.business.get(f"/v25.0/{WABA}/subscribed_apps")).json()["data"]
        assert (listed[0]["override_callback_uri"], listed[0]["whatsapp_business_api_data"]["id"]) == (f"{account_url}/hook", APP)
        await stage.write("ana", text="to the account")
        await stage.settled()
        configuration = {"webhook_configuration": {"override_callback_uri": f"{number_url}/hook", "verify_token": "number token"}}
        assert (await stage.business.post(f"/v25.0/{PHONE_NUMBER_ID}/", json=configuration)).json() == {"success": True}
        shown = (await stage.business.get(f"/v25.0/{PHONE_NUMBER_ID}?fields=webhook_configuration")).json()["webhook_configuration"]
        assert set(shown) == {"phone_number", "whatsapp_business_account", "application"}
        await stage.write("ana", text="to the number")
        await stage.business.patch("/_control/rules", json={"messaging_limit_tier": "TIER_10K"})
        await stage.settled()
        await stage.business.post(f"/v25.0/{PHONE_NUMBER_ID}", json={"webhook_configuration": {"override_callback_uri": ""}})
        await stage.business.post(f"/v25.0/{WABA}/subscribed_apps")
        await stage.write("ana", text="to the app")
        await stage.settled()
        assert [[message["text"]["body"] for message in each.messages()] for each in (account, number, stage.receiver)] == [
            ["to the account"],
            ["to the number"],
            ["to the app"],
        ]
        assert any("max_daily_conversations_per_business" in value for value in stage.receiver.values())  # account fields: never overridden


async def test_a_callback_that_does_not_know_the_token_is_not_saved(stage):
    other = Receiver(verify_token="another token")
    async with served(other.app) as url:
        override = {"override_callback_uri": f"{url}/hook", "verify_token": "wrong"}
        refused = await stage.business.post(f"/v25.0/{WABA}/subscribed_apps", json=override)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, 2200)
        assert "HTTP 403" in refused.json()["error"]["message"]
        assert (
            await stage.business.post(f"/v25.0/{WABA}/subscribed_apps", json={**override, "override_callback_uri": "x"})
        ).status_code == 400
    assert "override_callback_uri" not in (await stage.business.get(f"/v25.0/{WABA}/subscribed_apps")).json()["data"][0]


async def test_without_a_subscription_nothing_is_delivered(stage):
    assert (await stage.business.delete(f"/v25.0/{WABA}/subscribed_apps")).json() == {"success": True}
    await stage.write("ana", text="unheard")
    await stage.settled()
    assert (stage.receiver.posts, (await stage.status())["delivery"]["unsubscribed"]) == ([], 1)
    assert (await stage.business.get(f"/v25.0/{WABA}/subscribed_apps")).json() == {"data": []}


async def test_the_app_chooses_its_callback_and_its_fields():
    receiver = Receiver()
    async with served(receiver.app) as url, simulated("", receiver) as stage:
        wanted = {"object": "whatsapp_business_account", "callback_url": f"{url}/hook", "verify_token": VERIFY_TOKEN, "fields": "messages"}
        path = f"/v25.0/{APP}/subscriptions"
        assert (await stage.business.post(path, params=wanted)).json()["error"]["code"] == 15
        assert (await stage.business.get(path, headers=APP_TOKEN)).json() == {"data": []}
        assert (await stage.business.post(path, params=wanted, headers=APP_TOKEN)).json() == {"success": True}
        listed = (await stage.business.get(path, headers=APP_TOKEN)).json()["data"]
        assert [field["name"] for field in listed[0]["fields"]] == ["messages"]
        await stage.write("ana", text="oi")
        await stage.business.patch("/_control/rules", json={"messaging_limit_tier": "TIER_10K"})  # not subscribed to that field
        await stage.settled()
        assert [message["text"]["body"] for message in receiver.messages()] == ["oi"]
        assert (await stage.status())["delivery"]["unsubscribed"] == 1


async def test_the_number_has_the_fields_that_are_asked_for(stage):
    node = (await stage.business.get(f"/v25.0/{PHONE_NUMBER_ID}")).json()
    assert (node["display_phone_number"], node["quality_rating"], node["throughput"]) == ("+1 555-078-3881", "GREEN", {"level": "STANDARD"})
    await stage.business.patch(
        "/_control/rules", json={"quality_rating": "RED", "throughput_mps": 1000, "messaging_limit_tier": "TIER_10K"}
    )
    fields = "quality_rating,throughput{level},whatsapp_business_manager_messaging_limit,health_status"
    node = (await stage.business.get(f"/v25.0/{PHONE_NUMBER_ID}?fields={fields}")).json()
    assert (node["quality_rating"], node["throughput"]["level"], node["whatsapp_business_manager_messaging_limit"]) == (
        "RED",
        "HIGH",
        "TIER_10K",
    )
    assert node["health_status"]["can_send_message"] == "LIMITED"
    assert (await stage.business.get(f"/v25.0/{PHONE_NUMBER_ID}?fields=colour")).json()["error"]["code"] == 100
    assert [each["id"] for each in (await stage.business.get(f"/v25.0/{WABA}/phone_numbers")).json()["data"]] == [PHONE_NUMBER_ID]
    assert (await stage.business.get(f"/v25.0/{WABA}?fields=id,country")).json() == {"id": WABA, "country": "US"}
    owned = (await stage.business.get(f"/v25.0/{BUSINESS}/owned_whatsapp_business_accounts")).json()["data"]
    assert [each["id"] for each in owned] == [WABA]


async def test_registration_needs_the_pin_and_has_a_limit(stage):
    path = f"/v25.0/{PHONE_NUMBER_ID}"
    right = {"messaging_product": "whatsapp", "pin": "123456"}
    assert (await stage.business.post(f"{path}/deregister")).json() == {"success": True}
    assert (await stage.send(TEXT)).json()["error"]["code"] == 133010
    assert (await stage.business.post(f"{path}/register", json={**right, "pin": "12"})).json()["error"]["code"] == 100
    assert (await stage.business.post(f"{path}/register", json=right)).json() == {"success": True}
    assert (await stage.business.post(f"{path}/register", json={**right, "pin": "654321"})).json()["error"]["code"] == 133005
    for _ in range(7):
        await stage.business.post(f"{path}/register", json=right)
    assert (await stage.business.post(f"{path}/register", json=right)).json()["error"]["code"] == 133016
    assert (await stage.business.post(path, json={"pin": "111111"})).json() == {"success": True}
    await stage.settled()
    assert [value["event"] for value in stage.receiver.values()] == ["PIN_CHANGED"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"file": ("a.png", b"x", "image/png")}, 100),
        ({"messaging_product": (None, "sms"), "file": ("a.png", b"x", "image/png")}, 100),
        ({"messaging_product": (None, "whatsapp")}, 100),
        ({"messaging_product": (None, "whatsapp"), "file": ("a.exe", b"x", "application/x-msdownload")}, 100),
        ({"messaging_product": (None, "whatsapp"), "file": ("a.png", b"", "image/png")}, 131053),
        ({"messaging_product": (None, "whatsapp"), "file": ("a.webp", b"x" * 102_401, "image/webp")}, 131053),
        ({"messaging_product": (None, "whatsapp"), "file": ("a.png", b"x" * (5 * 1024 * 1024 + 1), "image/png")}, 131053),
    ],
)
async def test_an_upload_that_meta_would_not_take_is_refused(stage, form, code):
    response = await stage.business.post(f"/v25.0/{PHONE_NUMBER_ID}/media", files=form)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


async def test_an_upload_lives_for_thirty_days_and_a_wrong_kind_fails_later(stage):
    form = {
        "messaging_product": (None, "whatsapp"),
        "type": (None, "text/plain"),
        "file": ("ü.txt", b"hello\r\n--not the end", "text/plain"),
    }
    id = (await stage.business.post(f"/v25.0/{PHONE_NUMBER_ID}/media", files=form)).json()["id"]
    url = (await stage.business.get(f"/v25.0/{id}")).json()["url"]
    assert (await stage.business.get(url)).content == b"hello\r\n--not the end"
    assert (await stage.send({"messaging_product": "whatsapp", "to": ANA, "type": "document", "document": {"id": id}})).status_code == 200
    assert (await stage.send({"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": {"id": id}})).status_code == 200
    await stage.settled()
    assert [error["code"] for status in stage.receiver.statuses() for error in status.get("errors", [])] == [131053]
    await stage.business.post("/_control/clock", json={"advance_seconds": 30 * 86_400 - 10})
    assert (await stage.business.get(f"/v25.0/{id}")).status_code == 200
    await stage.business.post("/_control/clock", json={"advance_seconds": 20})
    assert (await stage.business.get(f"/v25.0/{id}")).status_code == 400


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nname=a\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b""),
    ],
)
def test_a_form_that_is_none_is_refused(content_type, body):
    with pytest.raises(multipart.BadForm):
        multipart.parse(content_type, body)


def test_a_form_is_read_to_the_last_byte():
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: text/plain\r\n\r\n\r\n\x00\xff--x\r\n--x--\r\n'
    part = multipart.parse('multipart/form-data; boundary="x"', body)["file"]
    assert (part.filename, part.content_type, part.content) == ("a.bin", "text/plain", b"\r\n\x00\xff--x")
