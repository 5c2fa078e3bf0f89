"""An item that the database refuses becomes one dead letter; everything around it is stored, and a replay after the repair stores it too."""

import json

import pytest

from sigma.intake.models import WebhookOutcome
from sigma.intake.replay import queue_replay
from tests.slices.bodies import ANA, BO, echo, echoes, inbound, receipts, status, text, webhooks
from tests.slices.reading import events, messages
from tests.world import World

POISON = "poison frog"

TRAPS = {
    "messages": (
        "ALTER TABLE messages ADD CONSTRAINT trap CHECK (text <> 'poison frog')",
        "ALTER TABLE messages DROP CONSTRAINT trap",
        inbound(text("wamid.bad", POISON, by=ANA)),
    ),
    "receipts": (
        "ALTER TABLE receipts ADD CONSTRAINT trap CHECK (callback_data <> 'poison frog')",
        "ALTER TABLE receipts DROP CONSTRAINT trap",
        receipts(status("wamid.out", "sent", biz_opaque_callback_data=POISON)),
    ),
    "contacts": (
        "ALTER TABLE contacts ADD CONSTRAINT trap CHECK (display_name <> 'poison frog')",
        "ALTER TABLE contacts DROP CONSTRAINT trap",
        inbound(text("wamid.bad", by=ANA), people=(type(ANA)(name=POISON, phone=ANA.phone, user_id=ANA.user_id),)),
    ),
}


@pytest.mark.parametrize("table", TRAPS)
async def test_a_poisonous_item_dies_alone_and_a_replay_after_the_repair_stores_it(world: World, table, capsys):
    set_trap, remove_trap, bad = TRAPS[table]
    world.sql(set_trap)
    before, after = inbound(text("wamid.1", by=BO), text("wamid.2", by=ANA)), inbound(text("wamid.3", by=BO))
    await world.receive(inbound(text("wamid.0", by=BO)), webhooks(before, bad, after), inbound(text("wamid.4", by=ANA)))
    first, mixed, last = await events(world)
    assert (first["outcome"], last["outcome"]) == ("STORED", "STORED")
    assert (mixed["outcome"], mixed["itemsStored"], mixed["itemsDead"]) == ("DEAD", 3, 1)
    assert "entry[1].changes[0]" in mixed["errorMessage"]
    assert "replay" in mixed["errorMessage"]
    assert set(await messages(world)) == {f"wamid.{number}" for number in range(5)}
    logged = capsys.readouterr().err
    assert "projection.event_failed" in logged
    assert POISON not in logged + json.dumps(mixed), "the database repeats the row in its errors"
    assert ANA.phone not in logged
    world.sql(remove_trap)
    db = world.installation.database()
    try:
        assert await queue_replay(db, world.tenant_id, since=None, outcomes=[WebhookOutcome.DEAD]) == 1
    finally:
        await db.close()
    await world.project()
    _, mixed, _ = await events(world)
    assert (mixed["outcome"], mixed["itemsStored"], mixed["itemsDead"], mixed["errorMessage"]) == ("STORED", 4, 0, None)
    dead_letters = world.sql(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%poison frog%'")
    assert dead_letters == [(1,)]


async def test_a_poisonous_edit_does_not_keep_its_message_from_being_stored(world: World):
    world.sql("ALTER TABLE messages ADD CONSTRAINT trap CHECK (text <> 'poison frog')")
    edit = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": POISON}}}
    await world.receive(
        webhooks(
            inbound(text("wamid.1", "Fine", by=ANA), text("wamid.e", by=ANA, at=5) | {"type": "edit", "edit": edit}),
            echoes(echo("wamid.2", to=ANA)),
        )
    )
    found = await messages(world)
    assert {message_id: message["text"] for message_id, message in found.items()} == {"wamid.1": "Fine", "wamid.2": "Hello"}
    assert [(event["itemsStored"], event["itemsDead"]) for event in await events(world)] == [(2, 1)]


async def test_many_poisonous_posts_do_not_hold_up_the_queue(world: World):
    world.sql("ALTER TABLE messages ADD CONSTRAINT trap CHECK (text <> 'poison frog')")
    posts = [inbound(text(f"wamid.{number}", POISON if number % 10 == 0 else "Fine", by=ANA)) for number in range(250)]
    await world.accept(*posts)
    await world.project()
    assert world.sql("SELECT outcome, count(*) FROM webhook_events GROUP BY 1 ORDER BY 1") == [("DEAD", 25), ("STORED", 225)]
    assert world.sql("SELECT count(*) FROM messages") == [(225,)]


async def test_a_damaged_body_is_a_dead_letter_and_its_neighbours_are_stored(world: World, capsys):
    await world.accept(inbound(text("wamid.1", by=ANA)), inbound(text("wamid.2", by=ANA)), inbound(text("wamid.3", by=ANA)))
    world.sql(
        """UPDATE webhook_events SET raw = set_byte(raw, 40, get_byte(raw, 40) # 1)
            WHERE id = (SELECT id FROM webhook_events ORDER BY created_at, id OFFSET 1 LIMIT 1)"""
    )
    await world.project()
    assert set(await messages(world)) == {"wamid.1", "wamid.3"}
    assert [event["outcome"] for event in await events(world)] == ["STORED", "DEAD", "STORED"]
    assert "does not open" in (await events(world))[1]["errorMessage"]
    assert "journal.event_damaged" in capsys.readouterr().err
