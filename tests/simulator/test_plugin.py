"""The pytest fixture that other people's test suites use."""

import asyncio
import dataclasses

import httpx2
import pytest

from cloud_api_simulator.testing import PROMPT
from tests.simulator.stage import Receiver, served

pytest_plugins = ["cloud_api_simulator.pytest_plugin"]


@pytest.fixture
def cloud_api_settings():
    return dataclasses.replace(PROMPT, throughput_mps=1)


def send(cloud_api, row):
    payload = {"messaging_product": "whatsapp", "to": "5511955550110", "text": {"body": "hi"}, "biz_opaque_callback_data": row}
    headers = {"Authorization": f"Bearer {cloud_api.settings.access_token}"}
    url = f"{cloud_api.base_url}/v25.0/{cloud_api.settings.phone_number_id}/messages"
    return httpx2.post(url, json=payload, headers=headers, trust_env=False)


async def test_an_async_test_connects_its_own_callback(cloud_api):
    receiver = Receiver(verify_token="mine")
    async with served(receiver.app) as url:
        await asyncio.to_thread(cloud_api.connect, f"{url}/hook", "mine")
        await asyncio.to_thread(cloud_api.write, "ana", "oi")
        await asyncio.to_thread(cloud_api.wait_until_idle)
        assert [message["text"]["body"] for message in receiver.messages()] == ["oi"]


def test_settings_can_be_overridden_and_meta_be_told_what_to_do(cloud_api):
    cloud_api.write("ana")
    assert send(cloud_api, "a").json()["error"]["code"] == 130429  # her message was the one of this second
    cloud_api.rules(throughput_mps=80)
    cloud_api.fault("reset_after")
    with pytest.raises(httpx2.TransportError):
        send(cloud_api, "a")
    assert len(cloud_api.sends(callback_data="a")["message_ids"]) == 1
    cloud_api.advance(86_401)
    assert send(cloud_api, "b").json()["error"]["code"] == 131047
    with pytest.raises(httpx2.HTTPStatusError):
        cloud_api.act("ana", "dance")


def test_without_a_callback_it_says_that_something_is_left(cloud_api):
    cloud_api.connect("http://127.0.0.1:1/nobody", "x")
    cloud_api.write("ana")
    with pytest.raises(TimeoutError):
        cloud_api.wait_until_idle(within_seconds=0.05)
