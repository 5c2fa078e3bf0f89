"""Files that customers send: the id leads to a link, the link to the bytes, both only for so long."""

import base64
import hashlib

import pytest

from tests.simulator.stage import Receiver, connected


@pytest.fixture
async def stage():
    async with connected(Receiver()) as stage:
        yield stage


STARTS = {
    "image": b"\x89PNG",
    "voice": b"OggS",
    "audio": b"\xff\xfb",
    "video": b"\x00\x00\x00",
    "document": b"%PDF",
    "sticker": b"RIFF",
}


async def test_the_id_leads_to_the_bytes_whose_hash_the_webhook_named(stage):
    for kind, start in STARTS.items():
        message = await stage.write("ana", kind=kind)
        sent = message[message["type"]]
        described = (await stage.business.get(f"/v25.0/{sent['id']}")).json()
        assert described.keys() == {"messaging_product", "url", "mime_type", "sha256", "file_size", "id"}
        content = (await stage.business.get(described["url"])).content
        assert content.startswith(start)
        assert (described["mime_type"], described["file_size"]) == (sent["mime_type"], len(content))
        assert described["sha256"] == hashlib.sha256(content).hexdigest()
        assert sent["sha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
        assert (await stage.business.get(sent["url"])).content == content


async def test_a_link_dies_after_five_minutes_and_the_id_gives_a_new_one(stage):
    sent = (await stage.write("ana", kind="image"))["image"]
    await stage.business.post("/_control/clock", json={"advance_seconds": 299})
    assert (await stage.business.get(sent["url"])).status_code == 200
    await stage.business.post("/_control/clock", json={"advance_seconds": 2})
    assert (await stage.business.get(sent["url"])).status_code == 404
    fresh = (await stage.business.get(f"/{sent['id']}")).json()["url"]
    assert (await stage.business.get(fresh)).status_code == 200


async def test_an_id_dies_after_seven_days(stage):
    sent = (await stage.write("ana", kind="image"))["image"]
    await stage.business.post("/_control/clock", json={"advance_seconds": 7 * 86400 + 1})
    response = await stage.business.get(f"/v25.0/{sent['id']}")
    assert (response.status_code, response.json()["error"]["code"], response.json()["error"]["error_subcode"]) == (400, 100, 33)


async def test_neither_id_nor_link_opens_without_the_token_or_made_up(stage):
    sent = (await stage.write("ana", kind="image"))["image"]
    for address in (f"/v25.0/{sent['id']}", sent["url"]):
        assert (await stage.business.get(address, headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await stage.business.get(address, headers={"Authorization": ""})).status_code == 403
    assert (await stage.business.get(sent["url"][:-1] + "x")).status_code == 404
    assert (await stage.business.get(sent["url"].replace("ext=", "ext=9"))).status_code == 404
    assert (await stage.business.get("/whatsapp_business/attachments/")).status_code == 404
    assert (await stage.business.get(f"/v25.0/{sent['id']}?phone_number_id=1")).status_code == 400
    assert (await stage.business.get("/v25.0/123")).status_code == 400


async def test_the_shelf_forgets_the_oldest_file():
    async with connected(Receiver(), media_limit=2) as stage:
        ids = [(await stage.write("ana", kind="image"))["image"]["id"] for _ in range(3)]
        assert [(await stage.business.get(f"/v25.0/{id}")).status_code for id in ids] == [400, 200, 200]
