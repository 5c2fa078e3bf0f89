"""The simulator as one task of a larger process."""

import asyncio
import dataclasses
import socket

import httpx2
import pytest

from cloud_api_simulator import run
from tests.simulator.stage import ACCESS_TOKEN, QUIET, Receiver, free_port, served, until


async def test_it_serves_until_cancelled_and_frees_its_port():
    receiver, ready, port = Receiver(), asyncio.Event(), free_port()
    async with served(receiver.app) as receiver_url:
        settings = dataclasses.replace(QUIET, callback_url=f"{receiver_url}/hook", traffic=True, messages_per_minute=6000)
        task = asyncio.create_task(run(settings, port=port, ready=ready.set))
        async with asyncio.timeout(10):
            await ready.wait()
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await until(lambda: any(message["type"] == "image" for message in receiver.messages()))
            image = next(message["image"] for message in receiver.messages() if message["type"] == "image")
            assert image["url"].startswith(f"http://127.0.0.1:{port}/whatsapp_business/attachments/")
            assert (await client.get(image["url"], headers={"Authorization": f"Bearer {ACCESS_TOKEN}"})).status_code == 200
        task.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await task
        received = len(receiver.posts)
    socket.create_server(("127.0.0.1", port)).close()
    assert len(receiver.posts) == received
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("simulator-")]


async def test_a_port_that_is_taken_is_an_error_of_its_own():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await run(QUIET, port=taken.getsockname()[1])


async def test_it_can_be_cancelled_at_once_while_the_callback_is_missing():
    ready = asyncio.Event()
    settings = dataclasses.replace(QUIET, callback_url=f"http://127.0.0.1:{free_port()}/hook", traffic=True)
    task = asyncio.create_task(run(settings, port=0, ready=ready.set))
    async with asyncio.timeout(10):
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
