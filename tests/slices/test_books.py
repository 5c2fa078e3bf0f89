"""The books balance: every item that was received is stored, a duplicate, refused, unrouted or dead, and nothing is dropped in silence."""

import asyncio
from datetime import timedelta

import pytest

from sigma.intake.models import WebhookOutcome
from sigma.intake.projector import Projector
from sigma.intake.replay import all_tenants, drain_queue, queue_length, queue_replay
from sigma.kit.clock import now
from sigma.kit.db import DatabaseRole
from sigma.kit.ids import new_id
from sigma.tenants.models import Role
from tests.slices.bodies import ANA, BO, change, inbound, preference, receipts, status, text, webhook, webhooks
from tests.slices.reading import events, messages, part
from tests.slices.tables import exact_rows
from tests.world import PHONE_NUMBER_ID, World

NEW_NUMBER = "123456789012345"

GUIDE_INSERT = """
INSERT INTO workspaces (id, tenant_id, name, platform, external_id, is_active, created_at, updated_at)
VALUES (
  gen_random_uuid(),
  'your-tenant-uuid',
  'WhatsApp Business Support',
  5,  -- 5 = WhatsApp (see Platform enum)
  '123456789012345',  -- Phone Number ID
  true,
  now(),
  now()
);
"""

BOOKS = ("itemsStored", "itemsDuplicate", "itemsRefused", "itemsUnrouted", "itemsDead")


def books(event) -> tuple[int, ...]:
    return tuple(event[column] for column in BOOKS)


async def replay(world: World, *, outcomes: tuple[WebhookOutcome, ...] = (), since=None) -> int:
    db = world.installation.database()
    try:
        queued = await queue_replay(db, world.tenant_id, since=since, outcomes=outcomes)
        await world.project()
        return queued
    finally:
        await db.close()


async def test_every_item_of_a_post_is_in_the_books_under_what_became_of_it(world: World):
    other, key = await world.new_tenant()
    await world.create_workspace("999", tenant_id=other, key=key)
    bad = text("wamid.bad", by=ANA)
    del bad["id"]
    post = webhooks(
        inbound(text("wamid.1", by=ANA), text("wamid.2", by=BO), text("wamid.1", by=ANA), bad),
        inbound(text("wamid.3", by=ANA), number="999"),
        inbound(text("wamid.4", by=ANA), text("wamid.5", by=ANA), number="555"),
        preference("stop", of=ANA),
        receipts(status("wamid.9", "sent"), "nonsense"),
        webhook(change("some_future_field", number=None, hello="world")),
    )
    await world.receive(post)
    (event,) = await events(world)
    assert event["outcome"] == "DEAD", "a person should look at the most serious"
    assert books(event) == (5, 1, 1, 2, 2)
    assert set(await messages(world)) == {"wamid.1", "wamid.2"}
    for reason in ("another tenant", "no active workspace", "without an id"):
        assert reason in event["errorMessage"]


async def test_an_error_message_names_a_few_items_and_no_more(world: World):
    await world.receive(inbound(*({"id": f"wamid.{number}"} for number in range(50))))
    (event,) = await events(world)
    assert books(event) == (0, 0, 0, 0, 50)
    assert event["errorMessage"].count("messages[") == 5


# Unrouted


@pytest.mark.parametrize("by", ["GraphQL", "SQL"])
async def test_a_workspace_that_is_created_later_gets_what_waited_for_it(world: World, by):
    body = inbound(text("wamid.1", by=ANA), number=NEW_NUMBER)
    await world.receive(body, body, inbound(text("wamid.2", by=ANA)))
    assert [event["outcome"] for event in await events(world)] == ["UNROUTED", "UNROUTED", "STORED"]
    assert set(await messages(world)) == {"wamid.2"}
    if by == "GraphQL":
        await world.create_workspace(NEW_NUMBER)
    else:
        world.sql(GUIDE_INSERT.replace("your-tenant-uuid", str(world.tenant_id)))
    await world.project()
    assert set(await messages(world)) == {"wamid.1", "wamid.2"}
    assert [(event["outcome"], *books(event)[:2]) for event in await events(world)] == [
        ("STORED", 1, 0),
        ("DUPLICATE", 0, 1),
        ("STORED", 1, 0),
    ]


async def test_what_was_stored_before_is_not_counted_as_a_duplicate_of_itself(world: World):
    await world.receive(webhooks(inbound(text("wamid.1", by=ANA)), inbound(text("wamid.2", by=BO), number=NEW_NUMBER)))
    assert books((await events(world))[0]) == (1, 0, 0, 1, 0)
    await world.create_workspace(NEW_NUMBER)
    await world.project()
    (event,) = await events(world)
    assert (event["outcome"], books(event), event["attempts"], event["errorMessage"]) == ("STORED", (2, 0, 0, 0, 0), 2, None)


async def test_a_deactivated_workspace_stores_nothing_until_it_is_active_again(world: World):
    deactivate = "mutation ($id: ID!) { deactivateWorkspace(id: $id) { success workspace { isActive } errors { code } } }"
    answer = (await world.data(deactivate, {"id": world.workspace_id}))["deactivateWorkspace"]
    assert answer == {"success": True, "workspace": {"isActive": False}, "errors": []}
    await world.receive(inbound(text("wamid.1", by=ANA)))
    assert await messages(world) == {}
    assert [event["outcome"] for event in await events(world)] == ["UNROUTED"]
    activate = "mutation ($id: ID!) { updateWorkspace(input: {id: $id, isActive: true}) { success errors { code } } }"
    assert (await world.data(activate, {"id": world.workspace_id}))["updateWorkspace"] == {"success": True, "errors": []}
    await world.project()
    assert set(await messages(world)) == {"wamid.1"}


async def test_a_webhook_for_a_tenant_that_is_not_there_yet_waits_for_it(world: World):
    waiting_id = new_id()
    await world.receive(inbound(text("wamid.1", by=ANA), number=NEW_NUMBER), tenant=waiting_id)
    key = await world.new_key(Role.INSTALLATION)
    create = 'mutation ($id: ID!) { createTenant(input: {name: "Late", id: $id}) { success apiKey errors { code } } }'
    late_key = (await world.data(create, {"id": str(waiting_id)}, key=key))["createTenant"]["apiKey"]
    assert [event["outcome"] for event in await events(world, key=late_key)] == ["UNROUTED"]
    await world.create_workspace(NEW_NUMBER, tenant_id=waiting_id, key=late_key)
    await world.project()
    found = await world.data("{ messages { nodes { platformMessageId } } }", key=late_key)
    assert found["messages"]["nodes"] == [{"platformMessageId": "wamid.1"}]
    assert await messages(world) == {}


# Refused


async def test_another_tenants_number_is_refused_and_its_neighbours_are_stored(world: World):
    other, key = await world.new_tenant()
    await world.create_workspace(NEW_NUMBER, tenant_id=other, key=key)
    await world.receive(webhooks(inbound(text("wamid.1", by=ANA), number=NEW_NUMBER), inbound(text("wamid.2", by=BO))))
    (event,) = await events(world)
    assert (event["outcome"], books(event)) == ("REFUSED", (1, 0, 1, 0, 0))
    assert "another tenant" in event["errorMessage"]
    assert NEW_NUMBER not in event["errorMessage"]
    assert set(await messages(world)) == {"wamid.2"}
    assert (await world.data("{ messages { nodes { id } } webhookEvents { nodes { id } } }", key=key)) == {
        "messages": {"nodes": []},
        "webhookEvents": {"nodes": []},
    }
    assert len(world.sql("SELECT DISTINCT tenant_id FROM messages")) == 1


async def test_both_tenants_may_own_one_number_and_each_stores_its_own_webhooks(world: World):
    other, key = await world.new_tenant()
    await world.create_workspace(PHONE_NUMBER_ID, tenant_id=other, key=key)
    body = inbound(text("wamid.1", by=ANA))
    await world.receive(body)
    await world.receive(body, tenant=other)
    assert set(world.sql("SELECT tenant_id, platform_message_id FROM messages")) == {
        (world.tenant_id, "wamid.1"),
        (other, "wamid.1"),
    }


# Replay


async def test_replaying_everything_changes_no_table_and_no_count(world: World, payloads):
    other, key = await world.new_tenant()
    await world.create_workspace("999940352242922", tenant_id=other, key=key)
    await world.accept(*(file.read_bytes() for file in sorted(payloads.glob("*.json"))))
    await world.project()
    tables, counted = exact_rows(world), books_of_all(world)
    assert await replay(world) == len(counted)
    assert books_of_all(world) == counted
    for table, rows in exact_rows(world).items():
        assert rows == tables[table], table
    assert world.sql("SELECT min(attempts), max(attempts) FROM webhook_events") == [(2, 2)]


def books_of_all(world: World):
    return world.sql(
        """SELECT id, outcome, error_message, items_stored, items_duplicate, items_refused, items_unrouted, items_dead, unrouted_ids
             FROM webhook_events ORDER BY id"""
    )


async def test_replay_takes_only_what_it_was_asked_for(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA)), inbound(text("wamid.2", by=ANA), number=NEW_NUMBER), {"object": "page"})
    middle = world.sql("SELECT created_at FROM webhook_events ORDER BY created_at")[1][0]
    assert await replay(world, outcomes=(WebhookOutcome.DEAD, WebhookOutcome.UNROUTED)) == 2
    assert await replay(world, outcomes=(WebhookOutcome.REFUSED,)) == 0
    assert await replay(world, since=middle) == 2
    assert await replay(world, since=now() + timedelta(hours=1)) == 0
    assert [event["attempts"] for event in await events(world)] == [1, 3, 3]


async def test_replay_queues_what_waits_already_only_once_and_reports_what_is_left(world: World):
    await world.accept(*(inbound(text(f"wamid.{number}", by=ANA)) for number in range(3)))
    db = world.installation.database()
    try:
        assert await queue_replay(db, world.tenant_id, since=None, outcomes=()) == 0
        assert await all_tenants(db) == [world.tenant_id]
        assert await queue_length(db, world.tenant_id) == 3
        assert [left async for left in drain_queue(db, world.projector, world.tenant_id)] == [3, 0]
    finally:
        await db.close()
    assert set(await messages(world)) == {"wamid.0", "wamid.1", "wamid.2"}


async def test_any_number_of_projectors_may_work_at_once(world: World):
    db = world.installation.database()
    keys = world.installation.key_ring(db, DatabaseRole.WORKER)
    projectors = [Projector(db, keys, metrics=world.metrics, clock=now) for _ in range(4)]
    await world.accept(*(inbound(text(f"wamid.{number % 50}", by=ANA)) for number in range(300)))

    async def work(projector: Projector) -> int:
        done = 0
        while await queue_length(db, world.tenant_id):
            done += await projector.project_next(world.tenant_id)
        return done

    try:
        assert sum(await asyncio.gather(*map(work, projectors))) == 300
    finally:
        await db.close()
    assert world.sql("SELECT count(*), count(DISTINCT contact_id), count(DISTINCT conversation_id) FROM messages") == [(50, 1, 1)]
    assert world.sql("SELECT sum(items_stored), sum(items_duplicate) FROM webhook_events") == [(50, 250)]


async def test_the_journal_tells_what_arrived_and_never_its_content(world: World):
    await world.receive(inbound(text("wamid.1", "a secret", by=ANA)))
    (event,) = await events(world)
    assert part({"outcome": "STORED", "statusCode": 200, "errorMessage": None, "attempts": 1}, event) == {
        "outcome": "STORED",
        "statusCode": 200,
        "errorMessage": None,
        "attempts": 1,
    }
    fields = '{ __type(name: "WebhookEvent") { fields { name } } }'
    names = {field["name"] for field in (await world.data(fields))["__type"]["fields"]}
    assert "raw" not in names
    ((raw,),) = world.sql("SELECT raw FROM webhook_events")
    assert b"secret" not in bytes(raw)
