"""Webhooks over real sockets: signed, batched, twice, out of order, again and again until the answer is 200."""

import asyncio
import hashlib
import hmac
import itertools
import json

import pytest

from tests.simulator.stage import APP_SECRET, VERIFY_TOKEN, Receiver, connected, free_port, served, simulated, until


def signature_of(raw):
    return "sha256=" + hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()


async def test_what_a_customer_writes_arrives_signed_and_escaped():
    receiver = Receiver()
    async with connected(receiver) as stage:
        message = await stage.write("ana", text="Olá 👋 a/b")
        await until(lambda: bool(receiver.posts))
        _, raw, headers = receiver.posts[0]
        assert headers["x-hub-signature-256"] == signature_of(raw)
        assert headers["content-type"] == "application/json"
        assert b'"Ol\\u00e1 \\ud83d\\udc4b a\\/b"' in raw
        assert receiver.messages() == [message]


async def test_nothing_is_delivered_before_the_callback_has_shown_the_token():
    receiver = Receiver(verify_token="another token")  # the callback is set up wrong at first
    async with connected(receiver) as stage:
        await stage.write("ana", text="first")
        await until(lambda: len(receiver.challenges) >= 3)
        verification = (await stage.status())["verification"]
        assert (verification["state"], verification["last_error"]) == ("pending", "HTTP 403")
        assert receiver.posts == []
        receiver.verify_token = VERIFY_TOKEN
        await until(lambda: bool(receiver.posts))
        assert (await stage.status())["verification"]["state"] == "verified"
        assert receiver.challenges[-1]["hub.mode"] == "subscribe"
        assert receiver.challenges[-1]["hub.challenge"].isdigit()


async def test_the_callback_may_start_after_the_simulator():
    port, receiver = free_port(), Receiver()
    async with simulated(f"http://127.0.0.1:{port}/hook", receiver) as stage:
        await stage.write("ana", text="early")
        await until(lambda: stage.simulator.handshake.verification.last_error == "ConnectError")
        async with served(receiver.app, port=port):
            await until(lambda: bool(receiver.messages()))
            await stage.settled()


async def test_the_challenge_has_to_come_back_bare_and_a_verified_callback_can_be_verified_again():
    receiver = Receiver()
    async with connected(receiver) as stage:
        await until(stage.simulator.verified.is_set)
        receiver.challenge_answer = '"{}"'
        assert (await stage.business.post("/_control/verify")).status_code == 202
        await until(lambda: stage.simulator.handshake.verification.last_error == "the challenge did not come back unchanged")
        await stage.write("ana", text="waits")
        receiver.challenge_answer = "{}"
        await until(lambda: bool(receiver.messages()))
        assert len({challenge["hub.challenge"] for challenge in receiver.challenges}) == len(receiver.challenges)


@pytest.mark.parametrize("answer", [500, 401, 204, 302])
async def test_a_post_comes_again_until_the_answer_is_200(answer):
    receiver = Receiver(answers=[answer] * 4)
    async with connected(receiver) as stage:
        message = await stage.write("lucia", text="¿Hola?")
        await until(lambda: bool(receiver.messages()))
        await stage.settled()
        assert [answered for answered, _, _ in receiver.posts] == [answer] * 4 + [200]
        assert len({raw for _, raw, _ in receiver.posts}) == 1
        counters = (await stage.status())["delivery"]
        assert (counters["attempts"], counters["failed_attempts"], counters["redelivered"]) == (5, 4, 4)
        ledger = (await stage.business.get("/_control/ledger")).json()["entries"]
        assert [(entry["message_id"], entry["acknowledged"]) for entry in ledger] == [(message["id"], 1)]


async def test_a_post_that_is_refused_too_often_is_given_up_and_counted():
    receiver = Receiver(answers=itertools.repeat(500))
    async with connected(receiver, max_attempts=3) as stage:
        await stage.write("ana", text="never mind")
        await until(lambda: stage.simulator.delivery.counters.given_up == 1)
        await stage.settled()
        assert len(receiver.posts) == 3


async def test_a_callback_that_goes_away_and_comes_back_misses_nothing():
    port, receiver = free_port(), Receiver()
    async with simulated(f"http://127.0.0.1:{port}/hook", receiver) as stage:
        async with served(receiver.app, port=port):
            await until(stage.simulator.verified.is_set)
        messages = [await stage.write("emily", text=f"are you there {number}") for number in range(5)]
        await until(lambda: stage.simulator.delivery.counters.failed_attempts >= 3)
        assert stage.simulator.delivery.counters.last_outcome == "ConnectError"
        async with served(receiver.app, port=port):
            await until(lambda: len(receiver.messages()) >= 5)
            await stage.settled()
        assert {message["id"] for message in receiver.messages()} == {message["id"] for message in messages}


async def test_a_duplicate_is_the_same_bytes_once_more():
    receiver = Receiver()
    async with connected(receiver, duplicate_rate=1.0) as stage:
        await stage.write("ana", text="once")
        await until(lambda: len(receiver.posts) == 2)
        await stage.settled()
        assert len(receiver.posts) == 2
        assert receiver.posts[0][1] == receiver.posts[1][1]
        assert (await stage.status())["delivery"]["duplicates"] == 1


async def test_waiting_updates_share_a_post_up_to_the_limit():
    port, receiver = free_port(), Receiver()
    async with simulated(f"http://127.0.0.1:{port}/hook", receiver, max_batch=10) as stage:
        ids = [(await stage.write("ana", text=str(number)))["id"] for number in range(40)]
        async with served(receiver.app, port=port):  # everything waited for the verification
            await until(lambda: len(receiver.messages()) == 40)
            await stage.settled()
        assert sorted(message["id"] for message in receiver.messages()) == sorted(ids)
        sizes = [
            len([item for entry in body["entry"] for change in entry["changes"] for item in change["value"]["messages"]])
            for body in receiver.bodies()
        ]
        assert max(sizes) == 10
        assert len(receiver.posts) == 4


async def test_without_batching_every_update_travels_alone():
    receiver = Receiver()
    async with connected(receiver, max_batch=1) as stage:
        for number in range(5):
            await stage.write("ana", text=str(number))
        await until(lambda: len(receiver.messages()) == 5)
        assert len(receiver.posts) == 5


async def test_disorder_changes_the_order_and_loses_nothing():
    receiver = Receiver()
    async with connected(receiver, disorder=True, shuffle_rate=0.5, hold_back_seconds=(0.05, 0.2), max_batch=3) as stage:
        ids = [(await stage.write("ana", text=str(number)))["id"] for number in range(40)]
        await until(lambda: len(receiver.messages()) == 40)
        arrived = [message["id"] for message in receiver.messages()]
        assert sorted(arrived) == sorted(ids)
        assert arrived != ids
        assert stage.simulator.delivery.counters.held_back > 0


async def test_what_is_under_way_and_at_once_stays_within_bounds():
    receiver = Receiver(answers=[503] * 60)
    limits = {"concurrency": 2, "pending_limit": 3, "queue_limit": 5, "max_batch": 1}
    async with connected(receiver, traffic=True, messages_per_minute=60_000, max_attempts=1000, **limits) as stage:
        delivery = stage.simulator.delivery
        async with asyncio.timeout(10):
            while len(receiver.messages()) < 100:
                assert delivery.pending <= 3
                assert delivery.queued <= 6  # the queue and the one update that waits for a slot
                await asyncio.sleep(0.001)
        await stage.business.post("/_control/traffic/stop")
        await until(lambda: len({m["id"] for m in receiver.messages()}) == len(stage.simulator.world.ledger) and stage.simulator.is_idle)
        assert receiver.busiest <= 2


async def test_traffic_opens_with_at_least_five_messages_in_three_seconds():
    receiver = Receiver()
    async with connected(receiver, traffic=True, disorder=True, duplicate_rate=0.02, hold_back_seconds=(0.2, 1.5)):
        await until(lambda: len(receiver.messages()) >= 5, within_seconds=3)


async def test_traffic_can_be_stopped_and_started():
    receiver = Receiver()
    async with connected(receiver, traffic=True, messages_per_minute=6000) as stage:
        await until(lambda: len(receiver.messages()) >= 10)
        assert (await stage.business.post("/_control/traffic/stop")).json() == {"is_running": False}
        await stage.settled()
        recorded = stage.simulator.world.ledger.recorded
        assert {m["id"] for m in receiver.messages()} == {entry.message_id for entry in stage.simulator.world.ledger}
        assert (await stage.business.post("/_control/traffic/start")).json() == {"is_running": True}
        await until(lambda: stage.simulator.world.ledger.recorded > recorded)


async def test_no_secret_is_logged(caplog):
    caplog.set_level("DEBUG")
    receiver = Receiver(answers=[500])
    async with connected(receiver, max_attempts=1) as stage:
        await stage.send({"messaging_product": "whatsapp", "to": "5511955550110", "text": {"body": "a secret text"}})
        await stage.write("ana", text="another secret text")
        await stage.settled()
    shown = caplog.text + json.dumps([str(record.__dict__) for record in caplog.records])
    assert "webhook.given_up" in shown
    secrets = (VERIFY_TOKEN, APP_SECRET, "EAA-test-token", "secret text", "5511955550110")
    assert not [secret for secret in secrets if secret in shown]
