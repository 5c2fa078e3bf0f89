"""After the window what was sent can be read by nobody: keys first, then the rows; what was understood of it stays."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta

import httpx2
import pytest

from sigma.intake.purge import Purged, destroy_expired, make_partitions
from sigma.intake.webhook import AppSecrets, WhatsAppWebhook
from sigma.kit.clock import now
from sigma.kit.db import DatabaseRole
from tests.slices.bodies import ANA, BO, inbound, text
from tests.slices.reading import contacts, events, messages
from tests.slices.tables import exact_rows
from tests.world import APP_SECRET, World

DAYS = 30
NOW = now()
RAW = "{ messages { nodes { platformMessageId raw text } } }"


async def arrive(world: World, at: datetime, *bodies) -> None:
    """Let webhooks arrive at another time, and project them."""
    world.sql("SELECT make_journal_partitions(%s, 1)", (at.date(),))
    db = world.installation.database()
    webhook = WhatsAppWebhook(
        journal=world.journal,
        keys=world.installation.key_ring(db, DatabaseRole.API),
        secrets=AppSecrets({}, [APP_SECRET]),
        verify_token=None,
        max_bytes=1_000_000,
        metrics=world.metrics,
        clock=lambda: at,
    )
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=webhook), base_url="http://sigma.test") as client:
            for body in bodies:
                raw = json.dumps(body).encode()
                signature = "sha256=" + hmac.new(APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
                response = await client.post(
                    f"/webhooks/whatsapp/{world.tenant_id}", content=raw, headers={"X-Hub-Signature-256": signature}
                )
                assert response.status_code == 200
    finally:
        await db.close()
    await world.project()


async def purge(world: World, *, days_from_now: int = 0, retention_days: int = DAYS) -> Purged:
    db = world.installation.database()
    try:
        return await destroy_expired(db, today=NOW.date() + timedelta(days=days_from_now), retention_days=retention_days)
    finally:
        await db.close()


@pytest.fixture
async def aged(world: World) -> World:
    """A world with messages of Ana that are a day over the window and a day within it, and one of Bo that is over it."""
    await arrive(
        world, NOW - timedelta(days=DAYS), inbound(text("wamid.old", "long ago", by=ANA)), inbound(text("wamid.bo", "gone", by=BO))
    )
    await arrive(world, NOW - timedelta(days=DAYS - 1), inbound(text("wamid.young", "not so long ago", by=ANA)))
    return world


async def raws(world: World) -> dict[str, bool]:
    return {node["platformMessageId"]: node["raw"] is not None for node in (await world.data(RAW))["messages"]["nodes"]}


async def test_the_purge_destroys_keys_raw_payloads_and_addresses_and_keeps_the_messages(aged: World):
    assert await raws(aged) == {"wamid.old": True, "wamid.bo": True, "wamid.young": True}
    before = await messages(aged)
    assert await purge(aged) == Purged(keys=1, partitions=1, addresses=2)
    assert await raws(aged) == {"wamid.old": False, "wamid.bo": False, "wamid.young": True}
    assert await messages(aged) == before, "what was understood stays"
    assert await purge(aged) == Purged(0, 0, 0)
    assert [event["outcome"] for event in await events(aged)] == ["STORED"]
    days = aged.sql("SELECT day FROM tenant_keys WHERE purpose = 'raw' ORDER BY day")
    assert days == [((NOW - timedelta(days=DAYS - 1)).date(),)]


async def test_an_address_dies_with_its_day_and_lives_on_when_it_is_seen_again(aged: World):
    def addresses():
        return dict(aged.sql("SELECT encode(hash, 'hex'), sealed IS NOT NULL FROM contact_addresses"))

    ids = {contact["displayName"]: contact for contact in await contacts(aged)}
    assert len(ids) == 1, "nobody gave a name"
    hashes = {address["platformUserId"] for contact in await contacts(aged) for address in contact["addresses"]}
    assert set(addresses()) == hashes
    await purge(aged)
    assert sorted(addresses().values()) == [False, False, True, True], "Bo's are gone, Ana's were sealed again by her later message"
    assert set(addresses()) == hashes, "the hashes stay, so whoever writes again is known"
    await aged.receive(inbound(text("wamid.again", by=BO)))
    assert sorted(addresses().values()) == [True] * 4
    assert len(await contacts(aged)) == 2
    found = await messages(aged)
    assert found["wamid.again"]["contact"]["id"] == found["wamid.bo"]["contact"]["id"]


async def test_a_copy_from_an_old_backup_opens_nowhere(aged: World):
    (backup,) = aged.sql(
        "SELECT to_jsonb(e)::text FROM webhook_events e WHERE id = (SELECT webhook_event_id FROM messages WHERE platform_message_id = 'wamid.old')"
    )
    await purge(aged)
    tables = exact_rows(aged)
    aged.sql("SELECT make_journal_partitions(%s, 1)", ((NOW - timedelta(days=DAYS)).date(),))
    aged.sql("INSERT INTO webhook_events SELECT * FROM jsonb_populate_record(NULL::webhook_events, %s::jsonb)", backup)
    aged.sql("INSERT INTO webhook_queue SELECT tenant_id, created_at, id FROM webhook_events")
    assert (await raws(aged))["wamid.old"] is False
    db = aged.installation.database()
    aged.projector._keys.forget()  # another process, or this one after a restart
    await db.close()
    await aged.project()
    restored, young = await events(aged)
    assert (restored["outcome"], young["outcome"]) == ("DEAD", "STORED")
    assert "destroyed" in restored["errorMessage"]
    assert exact_rows(aged) == tables


async def test_what_was_never_projected_is_gone_too(world: World):
    await arrive(world, NOW - timedelta(days=DAYS), inbound(text("wamid.1", by=ANA), number="999"))
    world.sql("INSERT INTO webhook_queue SELECT tenant_id, created_at, id FROM webhook_events")
    await purge(world)
    await world.create_workspace("999")
    await world.project()
    assert await messages(world) == {}
    assert world.sql("SELECT count(*) FROM webhook_queue") == [(0,)]


async def test_a_window_of_one_day_keeps_today(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA)))
    assert await purge(world, retention_days=1) == Purged(keys=0, partitions=1, addresses=0), "yesterday's empty partition"
    assert await raws(world) == {"wamid.1": True}
    await world.receive(inbound(text("wamid.2", by=ANA)))
    assert await purge(world, days_from_now=1, retention_days=1) == Purged(keys=1, partitions=1, addresses=2)
    assert await raws(world) == {"wamid.1": False, "wamid.2": False}


async def test_partitions_are_made_ahead_of_time_once_and_in_any_number_of_processes(world: World):
    db = world.installation.database()
    try:
        assert await make_partitions(db, today=NOW.date()) == 0
        assert await make_partitions(db, today=NOW.date() + timedelta(days=10)) == 10
        assert await make_partitions(db, today=NOW.date() + timedelta(days=10)) == 0
    finally:
        await db.close()
    last = NOW.replace(hour=23, minute=59, second=59, microsecond=999_999) + timedelta(days=20)
    await arrive(world, last, inbound(text("wamid.1", by=ANA)))
    await arrive(world, last + timedelta(microseconds=1), inbound(text("wamid.2", by=ANA)))
    partitions = [name for (name,) in world.sql("SELECT DISTINCT tableoid::regclass::text FROM webhook_events ORDER BY 1")]
    assert partitions == [f"webhook_events_{(last + timedelta(days=day)).strftime('%Y%m%d')}" for day in (0, 1)]
    assert await raws(world) == {"wamid.1": True, "wamid.2": True}
