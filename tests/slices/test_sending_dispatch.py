"""From the outbox to the platform and back: once, in the right order, at the right pace, whatever the platform answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import Response

from sigma.kit.metrics import Metrics
from sigma.sending.housekeeping import Forgotten
from sigma.sending.models import Lane
from tests.slices.bodies import ANA, BO
from tests.slices.desk import Desk, a_desk, refusal


@pytest.fixture
async def desk(database_conninfo: str, metrics: Metrics) -> AsyncIterator[Desk]:
    async with a_desk(database_conninfo, metrics) as built:
        yield built


# The way out and back


async def test_a_message_goes_once_and_its_statuses_come_back(desk: Desk):
    message_id = await desk.template()
    await desk.dispatch()
    ((name, payload),) = desk.ledger.taken
    assert payload["to"] == f"+{ANA.phone}"
    assert payload["biz_opaque_callback_data"] == message_id
    assert desk.ledger.tokens == [f"Bearer {desk.token}"]
    assert (desk.status(message_id), desk.outbox(message_id), desk.attempts(message_id)) == ("ACCEPTED", None, ["ACCEPTED"])
    await desk.report("delivered", "sent", "read", name=name)
    await desk.report("sent", name=name)
    assert desk.status(message_id) == "READ"


async def test_receipts_that_are_quicker_than_the_answer_are_joined(desk: Desk):
    may_answer = asyncio.Event()

    async def slow(_: dict[str, Any]) -> Response | None:
        await may_answer.wait()
        return None

    desk.ledger.answer = slow
    message_id = await desk.template()
    async with desk.dispatching():
        await desk.until(lambda: desk.ledger.asked)
        await desk.report("delivered", name="wamid.0")  # without our id: only the name can join it
        assert desk.status(message_id) == "QUEUED"
        may_answer.set()
        await desk.until(lambda: not desk.due())
    assert desk.status(message_id) == "DELIVERED"


async def test_nothing_shows_a_recipient_in_the_clear(desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    desk.ledger.answer = lambda payload: refusal(131026, error_data={"details": f"No account for {payload['to']}"})
    failed = await desk.template(BO, clientMutationId="one")
    await desk.dispatch()
    desk.ledger.answer = lambda _: None
    await desk.template(ANA, clientMutationId="two")
    await desk.dispatch()
    await desk.template(ANA, clientMutationId="three")
    tables = [
        row[0]
        for row in desk.world.sql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
    ]
    stored = "\n".join(row[0] for table in tables for row in desk.world.sql(f'SELECT t::text FROM "{table}" t'))
    assert failed in stored
    said = caplog.text + "".join(capfd.readouterr())
    for person in (ANA, BO):
        assert person.phone
        assert person.phone not in stored
        assert person.phone.encode().hex() not in stored
        assert person.phone not in said
    assert TOKEN_WORD not in stored + said


TOKEN_WORD = "the-access-token-of-these-tests"


async def test_a_recipient_whom_the_platform_knows_by_another_number_stays_one_contact(desk: Desk):
    await desk.write(by=BO)  # a contact of the number that the platform will answer with
    desk.ledger.wa_id = BO.phone
    message_id = await desk.template(ANA)
    await desk.dispatch()
    await desk.until(lambda: desk.world.sql("SELECT count(*) FROM contacts") == [(1,)])
    assert desk.world.sql("SELECT count(DISTINCT contact_id) FROM messages") == [(1,)]
    assert desk.world.sql("SELECT count(*) FROM conversations") == [(1,)]
    assert desk.status(message_id) == "ACCEPTED"


# Who goes first


async def test_a_reply_overtakes_two_thousand_bulk_messages_and_the_number_keeps_its_pace(desk: Desk):
    await desk.write()
    contact = desk.world.sql("SELECT contact_id FROM messages")[0][0]
    await desk.queue_many(2_000, lane=Lane.BULK)
    async with desk.dispatching():
        await desk.until(lambda: len(desk.ledger.asked) > 100)
        before = len(desk.ledger.asked)
        reply = await desk.queued(contactId=str(contact), text="At once")
        await desk.until(lambda: reply in desk.ledger.ours())
        overtaken = desk.ledger.ours().index(reply) - before
    assert overtaken < 60, "it waited for what was under way, not for what was queued"
    assert desk.ledger.most_in_a_second() <= 80
    assert desk.world.sql("SELECT count(*) FROM outbox WHERE state = 'QUEUED'")[0][0] > 1_000


async def test_a_tenant_with_a_long_queue_does_not_delay_another_tenants_reply(desk: Desk):
    other_id, other_key = await desk.world.new_tenant()
    other_workspace = await desk.world.create_workspace("777", tenant_id=other_id, key=other_key)
    await desk.queue_many(2_000, lane=Lane.AUTHENTICATION, workspace_id=other_workspace, tenant_id=other_id)
    await desk.write()
    contact = desk.world.sql("SELECT contact_id FROM messages WHERE direction = 'INBOUND'")[0][0]

    async def slow(payload: dict[str, Any]) -> None:
        if payload["type"] == "template":
            await asyncio.sleep(3)

    desk.ledger.answer = slow
    async with desk.dispatching():
        await desk.until(lambda: len(desk.ledger.asked) > 100)
        reply = await desk.queued(contactId=str(contact), text="At once")
        await desk.until(lambda: reply in desk.ledger.ours(), seconds=1.5)


async def test_a_recipient_gets_a_burst_and_then_one_message_in_six_seconds_and_others_do_not_wait(desk: Desk):
    await desk.queue_many(80, lane=Lane.REPLY, to=f"+{ANA.phone}")
    other = None
    async with desk.dispatching():
        other = await desk.template(BO)
        await desk.until(lambda: other in desk.ledger.ours())
        await desk.until(lambda: not desk.due())
    to_ana = [payload for _, payload in desk.ledger.taken if payload["to"] == f"+{ANA.phone}"]
    assert len(to_ana) == 45
    waits = [
        row[0] for row in desk.world.sql("SELECT extract(epoch FROM not_before - now()) FROM outbox WHERE state = 'QUEUED' ORDER BY 1")
    ]
    assert len(waits) == 35
    assert waits[-1] - waits[0] > 30 * 6, "each has its own moment"


# Dispatchers


async def test_one_dispatcher_leads_and_another_takes_over_when_it_is_gone(desk: Desk):
    await desk.queue_many(60, lane=Lane.UTILITY)
    leaders = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7316004 AND granted"
    async with desk.dispatching():
        async with desk.dispatching(), desk.dispatching():
            await desk.until(lambda: len(desk.ledger.asked) > 10)
            assert desk.world.sql(leaders) == [(1,)]
            desk.world.sql(  # the leader's connection breaks
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7316004 AND granted"
            )
            await desk.until(lambda: desk.statuses() == {"ACCEPTED": 60})
        await desk.template(BO)
        await desk.until(lambda: desk.statuses() == {"ACCEPTED": 61})
        await desk.until(lambda: desk.world.sql(leaders) == [(1,)])
    assert len(set(desk.ledger.ours())) == len(desk.ledger.taken) == 61


async def test_a_dispatcher_that_stops_records_what_is_under_way(desk: Desk):
    go = asyncio.Event()

    async def slow(_: dict[str, Any]) -> None:
        await go.wait()

    desk.ledger.answer = slow
    message_id = await desk.template()
    async with desk.dispatching():
        await desk.until(lambda: desk.ledger.asked)
        asyncio.get_running_loop().call_later(0.3, go.set)
    assert desk.status(message_id) == "ACCEPTED"


async def test_a_database_that_goes_away_stops_nothing_for_good(desk: Desk):
    await desk.queue_many(150, lane=Lane.UTILITY)
    async with desk.dispatching():
        for taken in (10, 60, 110):
            await desk.until(lambda taken=taken: len(desk.ledger.asked) > taken)  # type: ignore[misc]
            desk.world.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sigma worker' AND datname = current_database()"
            )
        await desk.until(lambda: desk.statuses() == {"ACCEPTED": 150}, seconds=30)
    assert len(set(desk.ledger.ours())) == len(desk.ledger.taken) == 150


async def test_what_is_sent_and_what_waits_is_measured(desk: Desk, metrics: Metrics):
    desk.ledger.answer = lambda payload: refusal(131051) if payload["to"] == f"+{BO.phone}" else None
    await desk.template(ANA)
    await desk.template(BO)
    await desk.dispatch()
    counted = {
        sample.labels["outcome"]: sample.value
        for metric in metrics.sends.collect()
        for sample in metric.samples
        if sample.name == "sigma_sends_total"
    }
    assert counted == {"ACCEPTED": 1.0, "REJECTED": 1.0}
    assert {sample.labels["lane"] for metric in metrics.outbox_queued.collect() for sample in metric.samples} == {
        lane.name for lane in Lane
    }


async def test_old_keys_and_resolved_rows_are_forgotten_and_nothing_else(desk: Desk):
    old, new = await desk.template(ANA, clientMutationId="old"), await desk.template(BO, clientMutationId="new")
    desk.world.sql("UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'")
    desk.world.sql("UPDATE outbox SET state = 'UNKNOWN' WHERE message_id = %s", (old,))
    assert await desk.forget() == Forgotten(1, 0)
    desk.world.sql("UPDATE outbox SET state = 'DEAD' WHERE message_id = %s", (new,))
    desk.world.sql("UPDATE messages SET status = 'FAILED', status_rank = 5 WHERE id = %s", (new,))
    assert await desk.forget() == Forgotten(0, 0)
    desk.world.sql("UPDATE outbox SET sealed_day = sealed_day - 40 WHERE message_id = %s", (new,))
    assert await desk.forget() == Forgotten(0, 1)
    assert (desk.outbox(old), desk.outbox(new)) == ("UNKNOWN", None)


async def test_a_message_whose_address_was_destroyed_fails_with_advice(desk: Desk):
    message_id = await desk.template()
    desk.world.sql("UPDATE outbox SET sealed = '\\x00'")
    await desk.dispatch()
    assert (desk.status(message_id), desk.error(message_id)["title"], desk.ledger.asked) == ("FAILED", "RECIPIENT_UNREACHABLE", [])
