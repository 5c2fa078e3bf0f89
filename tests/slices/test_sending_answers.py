"""What the platform answers, or does not: refusals, faults that stop a workspace, waits, and outcomes that nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import Response

from sigma.connectors.whatsapp.graph import GraphClient
from sigma.kit.metrics import Metrics
from sigma.sending.housekeeping import Forgotten
from sigma.sending.models import Lane
from tests.connectors.graph_server import CLOSE, RESET, answer, graph_server
from tests.slices.bodies import ANA, BO
from tests.slices.desk import RETRY, Desk, a_desk, refusal


@pytest.fixture
async def desk(database_conninfo: str, metrics: Metrics) -> AsyncIterator[Desk]:
    async with a_desk(database_conninfo, metrics) as built:
        yield built


# What the platform refuses


async def test_a_refusal_is_told_with_code_title_details_and_advice_and_can_be_retried_by_hand(desk: Desk):
    desk.ledger.answer = lambda _: refusal(132001, error_data={"details": "template name (order_update) does not exist in en"})
    message_id = await desk.template()
    await desk.dispatch()
    error = desk.error(message_id)
    assert (desk.status(message_id), error["code"]) == ("FAILED", 132001)
    assert "template" in error["title"]
    assert "does not exist" in error["details"]
    assert error["advice"]
    assert (desk.outbox(message_id), desk.attempts(message_id), len(desk.ledger.asked)) == ("DEAD", ["REJECTED"], 1)
    desk.ledger.answer = lambda _: None
    again = (await desk.world.data(RETRY, {"id": message_id}))["retryMessage"]
    assert (again["success"], again["message"]["status"]) == (True, "QUEUED")
    await desk.dispatch()
    assert (desk.status(message_id), desk.attempts(message_id)) == ("ACCEPTED", ["REJECTED", "ACCEPTED"])
    assert desk.ledger.ours() == [message_id]
    refused = (await desk.world.data(RETRY, {"id": message_id}))["retryMessage"]
    assert (refused["success"], refused["errors"][0]["code"], refused["errors"][0]["field"]) == (False, "MESSAGE_NOT_RETRYABLE", ["id"])


async def test_a_retry_keeps_the_rules_of_its_moment(desk: Desk):
    await desk.write()
    contact = desk.world.sql("SELECT contact_id FROM messages")[0][0]
    desk.ledger.answer = lambda _: refusal(131051)
    reply, template = await desk.queued(contactId=str(contact), text="Hello"), await desk.template()
    await desk.dispatch()
    desk.world.sql("UPDATE conversations SET last_inbound_at = last_inbound_at - interval '2 days'")
    await desk.write("STOP", ago=timedelta(days=2))
    codes = [(await desk.world.data(RETRY, {"id": one}))["retryMessage"]["errors"][0]["code"] for one in (reply, template)]
    assert codes == ["CUSTOMER_SERVICE_WINDOW_CLOSED", "CONTACT_OPTED_OUT"]
    assert desk.statuses() == {"FAILED": 2}


@pytest.mark.parametrize("code", [190, 0, 10, 131031, 131042, 133010, 131048])
async def test_a_fault_of_token_account_or_number_stops_the_workspace_and_keeps_its_messages(desk: Desk, code: int):
    desk.ledger.answer = lambda _: refusal(code, status=401)
    messages = [await desk.template(BO) for _ in range(20)]
    async with desk.dispatching():
        await desk.until(lambda: desk.world.sql("SELECT sending_pause ->> 'advice' FROM workspaces WHERE sending_paused_at IS NOT NULL"))
        await asyncio.sleep(0.3)  # a claim that was under way at the first answer may still go
        await desk.until(lambda: desk.outboxes() == {"QUEUED": 20})
        asked = len(desk.ledger.asked)
        assert asked < 20, "those under way at the first answer"
        await asyncio.sleep(0.5)
        assert len(desk.ledger.asked) == asked, "it rests"
        desk.ahead = timedelta(minutes=16)  # time for a probe
        await desk.until(lambda: len(desk.ledger.asked) > asked)
        await desk.until(lambda: desk.outboxes() == {"QUEUED": 20})
        await asyncio.sleep(0.3)
        assert len(desk.ledger.asked) == asked + 1, "one message tries"
        desk.ledger.answer = lambda _: None
        desk.ahead = timedelta(minutes=40)
        await desk.until(lambda: desk.statuses() == {"ACCEPTED": 20})
    assert sorted(desk.ledger.ours()) == sorted(messages), "each once"
    assert desk.world.sql("SELECT sending_paused_at, sending_resumes_at, sending_pause FROM workspaces") == [(None, None, None)]


async def test_a_slow_probe_is_the_only_one(desk: Desk):
    desk.ledger.answer = lambda _: refusal(190)
    for _ in range(5):
        await desk.template(BO)
    await desk.dispatch_until_rest()
    asked = len(desk.ledger.asked)
    go = asyncio.Event()

    async def slow(_: dict[str, Any]) -> None:
        await go.wait()

    desk.ledger.answer = slow
    desk.ahead = timedelta(minutes=2)
    async with desk.dispatching():
        await desk.until(lambda: len(desk.ledger.asked) > asked)
        await asyncio.sleep(0.5)
        assert len(desk.ledger.asked) == asked + 1
        go.set()
        await desk.until(lambda: desk.statuses() == {"ACCEPTED": 5})


async def test_without_a_token_messages_wait(desk: Desk):
    message_id = await desk.template()
    desk.token = None
    async with desk.dispatching():
        await asyncio.sleep(0.5)
        assert (desk.status(message_id), desk.outbox(message_id)) == ("QUEUED", "QUEUED")
        desk.token = "EAAB-a-new-one"
        await desk.until(lambda: desk.status(message_id) == "ACCEPTED")
    assert desk.ledger.tokens == ["Bearer EAAB-a-new-one"]


# What is tried again


@pytest.mark.parametrize(
    ("code", "status", "least", "most"),
    [(131000, 500, 1.6, 6), (131056, 400, 4, 60), (130429, 400, 0.8, 6), (131057, 400, 90, 120), (4, 400, 120, 150), (2, 503, 5, 10)],
)
async def test_each_class_of_fault_has_its_wait(desk: Desk, code: int, status: int, least: float, most: float):
    desk.ledger.answer = lambda _: refusal(code, status=status)
    message_id = await desk.template()
    async with desk.dispatching():
        await desk.until(lambda: desk.attempts(message_id) == ["THROTTLED"])
    ((wait, failures),) = desk.world.sql(
        "SELECT extract(epoch FROM not_before - a.ended_at), failures FROM outbox JOIN send_attempts a USING (tenant_id, message_id)"
    )
    assert least <= wait <= most
    assert failures == 1
    assert desk.status(message_id) == "QUEUED"


async def test_the_platforms_own_wait_is_kept(desk: Desk):
    desk.ledger.answer = lambda _: refusal(130429, status=429, headers={"Retry-After": "37"})
    message_id = await desk.template()
    async with desk.dispatching():
        await desk.until(lambda: desk.attempts(message_id) == ["THROTTLED"])
    ((wait,),) = desk.world.sql(
        "SELECT extract(epoch FROM not_before - a.ended_at) FROM outbox JOIN send_attempts a USING (tenant_id, message_id)"
    )
    assert 36.9 <= wait <= 38


async def test_a_fault_of_the_platform_ends_as_a_failure_with_advice_and_a_limit_does_not(desk: Desk):
    desk.ledger.answer = lambda payload: refusal(131000 if payload["to"] == f"+{ANA.phone}" else 131056, status=500)
    fault, limit = await desk.template(ANA), await desk.template(BO)
    for _ in range(6):
        desk.world.sql("UPDATE outbox SET not_before = now() - interval '1 second'")
        await desk.dispatch()
    assert (desk.status(fault), desk.attempts(fault)) == ("FAILED", ["THROTTLED"] * 5)
    assert desk.error(fault)["code"] == 131000
    assert "retryMessage" in desk.error(fault)["advice"]
    assert (desk.status(limit), desk.attempts(limit)) == ("QUEUED", ["THROTTLED"] * 6)
    desk.world.sql("UPDATE outbox SET not_before = now() - interval '1 second', created_at = created_at - interval '25 hours'")
    await desk.dispatch()
    assert desk.status(limit) == "FAILED"


async def test_a_number_that_is_too_fast_rests_and_goes_on_more_slowly_and_nothing_is_lost(desk: Desk):
    refused = 0

    def busy(_: dict[str, Any]) -> Response | None:
        nonlocal refused
        refused += 1
        return refusal(130429) if refused <= 3 else None

    desk.ledger.answer = busy
    await desk.queue_many(30, lane=Lane.BULK)
    async with desk.dispatching() as dispatcher:
        await desk.until(lambda: desk.statuses() == {"ACCEPTED": 30})
        (pace,) = dispatcher._paces.values()
        assert pace.limit < pace.ceiling
    assert sorted(desk.ledger.ours()) == sorted({row[0] for row in desk.world.sql("SELECT id::text FROM messages")})


async def test_a_limit_of_the_app_holds_every_number_of_its_token(desk: Desk):
    desk.ledger.answer = lambda _: refusal(4)
    first = await desk.template(ANA)
    async with desk.dispatching():
        await desk.until(lambda: desk.attempts(first) == ["THROTTLED"])
        desk.ledger.answer = lambda _: None
        second = await desk.template(BO)
        await asyncio.sleep(0.6)
        assert desk.status(second) == "QUEUED"
    assert len(desk.ledger.asked) == 1


# What nobody knows


@pytest.mark.parametrize(
    "fault", [RESET, CLOSE, answer(502, b"<html>bad gateway</html>"), answer(200, b"not json"), answer(200, {"messages": []}, length=900)]
)
async def test_an_outcome_that_nobody_knows_is_never_sent_again_and_a_receipt_resolves_it(desk: Desk, fault: bytes):
    async with graph_server() as graph:
        graph.answers = [fault]
        desk.client, theirs = GraphClient(graph.url, "v25.0", total_timeout_seconds=2), desk.client
        message_id = await desk.template()
        await desk.dispatch()
        assert (desk.status(message_id), desk.outbox(message_id), desk.attempts(message_id)) == ("UNKNOWN", "UNKNOWN", ["UNKNOWN"])
        desk.ahead = timedelta(days=2)
        await desk.dispatch()
        assert len(graph.requests) == 1
        refused = (await desk.world.data(RETRY, {"id": message_id}))["retryMessage"]
        assert refused["errors"][0]["code"] == "MESSAGE_NOT_RETRYABLE"
        await desk.report("sent", name="wamid.TOLD", ours=message_id)
        assert desk.status(message_id) == "SENT"
        assert desk.world.sql("SELECT platform_message_id FROM messages") == [("wamid.TOLD",)]
        assert await desk.forget() == Forgotten(0, 1)
        assert desk.outbox(message_id) is None
        await desk.client.close()
        desk.client = theirs


async def test_while_the_platform_is_away_messages_wait_and_leave_when_it_is_back(desk: Desk):
    async with graph_server() as gone:
        pass
    desk.client, theirs = GraphClient(gone.url, "v25.0"), desk.client
    message_id = await desk.template()
    async with desk.dispatching():
        await desk.until(lambda: desk.attempts(message_id) == ["THROTTLED"])
    assert desk.status(message_id) == "QUEUED"
    await desk.client.close()
    desk.client, desk.ahead = theirs, timedelta(seconds=10)
    await desk.dispatch()
    assert (desk.status(message_id), desk.ledger.ours()) == ("ACCEPTED", [message_id])


async def test_a_send_whose_process_died_ends_unknown_after_its_lease(desk: Desk):
    message_id = await desk.template()
    desk.world.sql("UPDATE outbox SET state = 'SENDING', attempt = 1, lease_until = now() - interval '1 second'")
    desk.world.sql("INSERT INTO send_attempts (tenant_id, message_id, number) VALUES (%s, %s, 1)", (desk.world.tenant_id, message_id))
    async with desk.dispatching():
        await desk.until(lambda: desk.outbox(message_id) == "UNKNOWN")
    assert (desk.status(message_id), desk.attempts(message_id), desk.ledger.asked) == ("UNKNOWN", ["UNKNOWN"], [])
