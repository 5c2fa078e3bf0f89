"""No number in clear: not in a table, not in the log, not in the metrics, not in the data directory."""

import base64
import hashlib
import hmac
import json
import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from sigma.contacts.identify import address_context
from sigma.kit.crypto import CannotUnseal
from sigma.kit.db import DatabaseRole
from sigma.kit.metrics import Metrics
from sigma.messages.raw import raw_context
from sigma.messages.receive import sealed_content_context
from tests.conftest import MASTER_KEY
from tests.slices.bodies import ANA, BO, inbound, message, text
from tests.slices.canaries import CANARIES, bodies, canary, leaks
from tests.slices.isolation import tables
from tests.slices.reading import contacts, events, messages
from tests.world import APP_SECRET, World


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


async def test_no_number_is_stored_logged_counted_or_told_in_clear(world: World, registry, capsys):
    sent = bodies()
    assert len(CANARIES) > 60
    await world.accept(*sent)
    await world.post(json.dumps(sent[0]).encode(), signature="sha256=" + canary("signature"))
    await world.client.get(f"/webhooks/whatsapp/{canary('tenant in the URL')}", params={"hub.verify_token": canary("token")})
    world.sql("ALTER TABLE messages ADD CONSTRAINT trap CHECK (platform_message_id <> 'wamid.8')")
    await world.project()
    world.sql("ALTER TABLE messages DROP CONSTRAINT trap")
    for name in tables(world):
        for (row,) in world.sql(f"SELECT to_jsonb(t)::text FROM {name} t"):
            assert leaks(row.encode()) == [], name
    assert leaks(generate_latest(registry)) == []
    logged = capsys.readouterr()
    assert "signature validation failed" in logged.err
    assert leaks((logged.err + logged.out).encode()) == []
    found = await messages(world)
    for each in found.values():
        each.pop("contactCards")
    told = [found, await contacts(world), await events(world)]
    assert leaks(json.dumps(told, ensure_ascii=False).encode()) == []
    assert leaks(json.dumps(told).encode()) == []


async def test_no_number_reaches_the_data_directory_or_the_servers_log(world: World, postgres_directory):
    await world.receive(*bodies())
    world.sql("CHECKPOINT")
    wanted = re.compile(b"|".join(re.escape(number.encode()) for number in CANARIES))
    files = [file for file in postgres_directory.rglob("*") if file.is_file()]
    assert len(files) > 1_000
    for file in files:
        assert not wanted.search(file.read_bytes()), file


# Hashes


async def test_a_hash_is_hmac_sha256_of_the_digits_under_the_tenants_own_salt(world: World):
    other, key = await world.new_tenant()
    await world.create_workspace("888", tenant_id=other, key=key)
    await world.receive(inbound(text("wamid.1", by=ANA), people=(ANA,)))
    await world.receive(inbound(text("wamid.1", by=ANA), number="888", people=(ANA,)), tenant=other)
    db = world.installation.database()
    salts = [await world.installation.key_ring(db, DatabaseRole.API).index_key(tenant_id) for tenant_id in (world.tenant_id, other)]
    await db.close()
    assert len(set(salts)) == 2
    query = "{ messages { nodes { sender { platformUserId } contact { addresses { kind platformUserId } } } } }"
    for salt, used in zip(salts, (world.api_key, key), strict=True):
        assert len(salt) == 32
        (node,) = (await world.data(query, key=used))["messages"]["nodes"]
        expected = hmac.new(salt, ANA.phone.encode(), hashlib.sha256).hexdigest()
        assert node["sender"]["platformUserId"] == expected
        user_id = hmac.new(salt, f"user_id:{ANA.user_id}".encode(), hashlib.sha256).hexdigest()
        assert node["contact"]["addresses"] == [
            {"kind": "phone", "platformUserId": expected},
            {"kind": "user_id", "platformUserId": user_id},
        ]
    assert world.sql("SELECT count(DISTINCT hash) FROM contact_addresses") == [(4,)]


@pytest.mark.parametrize("written", ["+5511987650001", "55 11 98765-0001", "(55) 11.98765.0001", 5511987650001])
async def test_a_number_is_one_person_however_it_is_written(world: World, written):
    await world.receive(inbound(text("wamid.1", by=ANA.phone_only())), inbound(text("wamid.2", by=ANA) | {"from": written}))
    assert len(await contacts(world)) == 1


# What is sealed opens in its place only


async def test_what_is_sealed_does_not_open_in_another_row_of_another_tenant_or_with_another_key(world: World):
    other, key = await world.new_tenant()
    await world.create_workspace("888", tenant_id=other, key=key)
    card = message("wamid.1", by=ANA, type="contacts", contacts=[{"name": {"formatted_name": "Cy"}}])
    await world.receive(inbound(card), inbound(text("wamid.2", by=BO)))
    await world.receive(inbound(card, number="888"), tenant=other)
    db = world.installation.database()
    ring = world.installation.key_ring(db, DatabaseRole.WORKER)
    try:
        for tenant_id, stranger in ((world.tenant_id, other), (other, world.tenant_id)):
            sealed = world.sql(
                "SELECT id, created_at, raw FROM webhook_events WHERE tenant_id = %s ORDER BY created_at LIMIT 1", (tenant_id,)
            )[0]
            raw_key = await ring.raw_key(tenant_id, sealed[1].date())
            right = raw_context(tenant_id, sealed[0])
            assert b"wamid.1" in raw_key.unseal(sealed[2], context=right)
            wrong_keys = [await ring.raw_key(stranger, sealed[1].date()), await ring.data_key(tenant_id)]
            for wrong_key, context in [
                (raw_key, raw_context(stranger, sealed[0])),
                (raw_key, raw_context(tenant_id, tenant_id)),
                *((k, right) for k in wrong_keys),
            ]:
                with pytest.raises(CannotUnseal):
                    wrong_key.unseal(sealed[2], context=context)
            kind, digest, address = world.sql(
                """SELECT a.kind, a.hash, a.sealed FROM contact_addresses a JOIN messages m USING (tenant_id, contact_id)
                    WHERE a.tenant_id = %s AND a.kind = 'phone' AND m.platform_message_id = 'wamid.1'""",
                (tenant_id,),
            )[0]
            assert raw_key.unseal(address, context=address_context(tenant_id, kind, digest)) == ANA.phone.encode()
            for context in (
                address_context(tenant_id, "user_id", digest),
                address_context(tenant_id, kind, digest[::-1]),
                address_context(stranger, kind, digest),
            ):
                with pytest.raises(CannotUnseal):
                    raw_key.unseal(address, context=context)
            message_id, content = world.sql(
                "SELECT id, sealed_content FROM messages WHERE tenant_id = %s AND sealed_content IS NOT NULL", (tenant_id,)
            )[0]
            data_key = await ring.data_key(tenant_id)
            assert b"Cy" in data_key.unseal(content, context=sealed_content_context(tenant_id, message_id))
            with pytest.raises(CannotUnseal):
                data_key.unseal(content, context=sealed_content_context(tenant_id, other))
    finally:
        await db.close()


async def test_a_tenants_key_does_not_open_as_another_tenants_or_for_another_purpose(world: World):
    other, _ = await world.new_tenant()
    await world.receive(inbound(text("wamid.1", by=ANA)))
    world.sql("DELETE FROM tenant_keys WHERE tenant_id = %s", (other,))
    world.sql(
        "INSERT INTO tenant_keys SELECT %s, purpose, day, version, wrapped FROM tenant_keys WHERE tenant_id = %s", (other, world.tenant_id)
    )
    db = world.installation.database()
    ring = world.installation.key_ring(db, DatabaseRole.WORKER)
    try:
        assert len(await ring.index_key(world.tenant_id)) == 32
        with pytest.raises(CannotUnseal):
            await ring.index_key(other)
        world.sql(
            "UPDATE tenant_keys SET wrapped = (SELECT wrapped FROM tenant_keys WHERE tenant_id = %s AND purpose = 'index') WHERE purpose = 'data'",
            (world.tenant_id,),
        )
        ring.forget()
        with pytest.raises(CannotUnseal):
            await ring.data_key(world.tenant_id)
        assert len(await ring.index_key(world.tenant_id)) == 32
    finally:
        await db.close()
    for (wrapped,) in world.sql("SELECT wrapped FROM tenant_keys"):
        assert MASTER_KEY not in bytes(wrapped)


async def test_a_swapped_card_does_not_open_and_says_so_in_the_log_only(world: World, capsys):
    cards = [
        message(f"wamid.{number}", by=ANA, type="contacts", contacts=[{"name": {"formatted_name": f"Card {number}"}}]) for number in (1, 2)
    ]
    await world.receive(inbound(*cards))
    world.sql("UPDATE messages SET sealed_content = (SELECT sealed_content FROM messages WHERE platform_message_id = 'wamid.1')")
    answer = await world.graphql("{ messages { nodes { platformMessageId contactCards } } }")
    opened = {node["platformMessageId"]: node["contactCards"] for node in answer["data"]["messages"]["nodes"]}
    assert (opened["wamid.1"][0]["name"]["formatted_name"], opened["wamid.2"]) == ("Card 1", None)
    (error,) = answer["errors"]
    assert error["extensions"]["errorId"] in capsys.readouterr().err


async def test_secrets_are_in_no_table_and_in_no_log(world: World, capsys):
    await world.receive(inbound(text("wamid.1", by=ANA)))
    await world.graphql("{ tenant { id } }", key=world.api_key)
    logged = capsys.readouterr().err
    for secret in (world.api_key, APP_SECRET, MASTER_KEY.hex(), base64.b64encode(MASTER_KEY).decode()):
        assert secret not in logged
        for name in tables(world):
            rows = json.dumps(world.sql(f"SELECT to_jsonb(t)::text FROM {name} t"))
            assert secret not in rows, name
            assert secret.encode().hex() not in rows, name
