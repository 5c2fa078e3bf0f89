"""A valid signature proves the sender, not the sense: whatever a body holds, it is answered 200, kept, and harms no neighbour."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sigma.kit.clock import now
from tests.slices.bodies import (
    ANA,
    BO,
    START,
    Someone,
    change,
    edit,
    inbound,
    number_change,
    preference,
    raw,
    reaction,
    receipts,
    status,
    text,
    webhook,
)
from tests.slices.reading import contacts, events, messages
from tests.slices.tables import meaning
from tests.world import World

GOOD = inbound(text("wamid.good", by=BO))
CANARY = "xylophone"
"""Stands wherever a body could be quoted from."""

NOT_WEBHOOKS: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"{" + CANARY.encode(),
    "not UTF-8": b'{"object": "\xff\xfe' + CANARY.encode(),
    "an array": b'["' + CANARY.encode() + b'"]',
    "a string": b'"' + CANARY.encode() + b'"',
    "a number": b"1e999",
    "null": b"null",
    "an empty object": b"{}",
    "another object": json.dumps({"object": CANARY, "entry": []}).encode(),
    "another type of object": b'{"object": ["whatsapp_business_account"], "entry": []}',
    "no entries": b'{"object": "whatsapp_business_account"}',
    "entries that are none": json.dumps({"object": "whatsapp_business_account", "entry": {"id": CANARY}}).encode(),
    "an entry that is none": json.dumps({"object": "whatsapp_business_account", "entry": [CANARY]}).encode(),
    "changes that are none": json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": CANARY}]}).encode(),
    "a change that is none": json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [CANARY]}]}).encode(),
    "a change without a value": json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": CANARY}]}]}).encode(),
    "deep nesting": b'{"object": "whatsapp_business_account", "entry": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep nesting that never ends": b'{"a":' * 10_000,
    "deep nesting inside a message": raw(GOOD).replace(b'"Hi"', b"[" * 10_000 + b"]" * 10_000),
    "two documents": raw(GOOD) + raw(GOOD),
}


async def test_what_is_no_webhook_is_answered_200_and_kept_as_a_dead_letter_that_quotes_nothing(world: World, capsys):
    for name, body in NOT_WEBHOOKS.items():
        assert (await world.post(body)).status_code == 200, name
    await world.accept(GOOD)
    await world.project()
    *bad, good = await events(world)
    for name, event in zip(NOT_WEBHOOKS, bad, strict=True):
        assert (event["outcome"], event["itemsDead"]) == ("DEAD", 1), name
        assert event["errorMessage"], name
    assert good["outcome"] == "STORED"
    told = json.dumps(bad) + capsys.readouterr().err
    assert CANARY not in told


BAD_MESSAGES = [
    None,
    CANARY,
    7,
    [],
    {},
    {"id": CANARY},
    {"id": {"nested": CANARY}, "from": BO.phone},
    {"from": BO.phone, "type": "text", "text": {"body": CANARY}},
    {"id": "x" * 600, "from": BO.phone, "type": "text", "text": {"body": CANARY}},
    {"id": "wamid.nobody", "type": "text", "text": {"body": CANARY}},
    {"id": "wamid.r", "from": BO.phone, "type": "reaction", "reaction": {"emoji": CANARY}},
    {"id": "wamid.e", "from": BO.phone, "type": "edit", "edit": CANARY},
    {"id": "wamid.x", "from": BO.phone, "type": "revoke"},
]


async def test_a_bad_message_between_two_good_ones_dies_alone(world: World):
    for number, bad in enumerate(BAD_MESSAGES):
        await world.accept(inbound(text(f"wamid.{number}a", by=ANA), bad, text(f"wamid.{number}b", by=BO)))
    await world.project()
    assert len(await messages(world)) == 2 * len(BAD_MESSAGES)
    for event, bad in zip(await events(world), BAD_MESSAGES, strict=True):
        assert (event["itemsStored"], event["itemsDead"]) == (2, 1), bad
        assert "messages[1]" in event["errorMessage"]
        assert CANARY not in event["errorMessage"]
        assert BO.phone not in event["errorMessage"]


@pytest.mark.parametrize(
    "odd",
    [
        {"text": None},
        {"text": {"body": 7}},
        {"text": CANARY},
        {"type": ["text"]},
        {"context": CANARY, "referral": [], "errors": {}},
        {"context": {"id": 7, "from": []}},
        {"timestamp": None},
        {"group_id": {}},
    ],
)
async def test_an_odd_part_costs_a_message_nothing_else(world: World, odd):
    await world.receive(inbound({**text("wamid.1", by=ANA), **odd}))
    assert set(await messages(world)) == {"wamid.1"}
    assert (await events(world))[0]["outcome"] == "STORED"


async def test_a_hundred_thousand_items_in_one_post_are_all_accounted_for(world: World):
    statuses = ",".join(f'{{"id":"w{number}","status":"a"}}' for number in range(99_999))
    body = raw(webhook(change("messages", statuses=["STATUSES"]))).replace(b'"STATUSES"', statuses.encode() + b",7")
    assert len(body) < 3 * 1024 * 1024
    await world.accept(body, GOOD)
    await world.project()
    big, good = await events(world)
    assert (big["itemsStored"], big["itemsDead"]) == (99_999, 1)
    assert good["outcome"] == "STORED"
    assert world.sql("SELECT count(*) FROM platform_events") == [(99_999,)]


IMPOSSIBLE_TIMES: list[Any] = ["-1", "0", -5, "99999999999", 9e300, "1e9", "²", "", "soon", True, [], "9" * 400]


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        (1767225600, datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600123", datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC)),
        ("1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        *((wrong, None) for wrong in IMPOSSIBLE_TIMES),
    ],
)
async def test_a_time_that_cannot_be_is_replaced_by_the_arrival(world: World, timestamp, expected):
    await world.receive(inbound(text("wamid.1", by=ANA) | {"timestamp": timestamp}))
    ((stored, arrived),) = world.sql("SELECT timestamp_utc, webhook_event_at FROM messages")
    assert stored == (expected or arrived)


async def test_a_clock_may_be_ahead_by_a_day_and_not_by_more(world: World):
    tomorrow = int((now() + timedelta(hours=23)).timestamp())
    await world.receive(
        inbound(text("wamid.1", by=ANA, at=tomorrow - START)), inbound(text("wamid.2", by=ANA, at=tomorrow - START + 2 * 3600))
    )
    found = world.sql("SELECT timestamp_utc > now(), timestamp_utc <= webhook_event_at FROM messages ORDER BY platform_message_id")
    assert found == [(True, False), (False, True)]


NASTY = "a\0b\ud800c\u202ed\U0001f469\u200d\U0001f680"
CLEAN = "a\ufffdb\ufffdc\u202ed\U0001f469\u200d\U0001f680"


async def test_characters_that_postgresql_cannot_hold_are_replaced_everywhere(world: World):
    nasty = Someone(name=NASTY, phone=ANA.phone, user_id="BR." + NASTY, username=NASTY)
    interactive = {"type": "button_reply", "button_reply": {"id": NASTY, "title": NASTY, NASTY: NASTY}}
    document = {"id": NASTY, "filename": NASTY, "caption": NASTY, "mime_type": NASTY, "sha256": NASTY}
    await world.receive(
        inbound(text("wamid.1" + NASTY, NASTY, by=nasty, context={"id": "wamid." + NASTY}, group_id=NASTY), people=(nasty,)),
        inbound(text("wamid.2", by=nasty) | {"type": "interactive", "interactive": interactive}),
        inbound(text("wamid.3", by=nasty) | {"type": "document", "document": document}),
        inbound(text("wamid.4", by=nasty) | {"type": "contacts", "contacts": [{"name": {"formatted_name": NASTY}, NASTY: NASTY}]}),
        inbound(text("wamid.5", by=nasty, referral={NASTY: NASTY}, errors=[{"code": 1, "title": NASTY}]) | {"type": NASTY}),
        inbound(reaction("wamid.r", "wamid.2", NASTY, by=nasty), edit("wamid.e", "wamid.2", NASTY, by=nasty)),
        receipts(status("wamid.6", "failed", errors=[{"code": 1, "title": NASTY}], biz_opaque_callback_data=NASTY)),
        preference(NASTY, of=nasty),
        webhook(change(NASTY, number=None, event=NASTY)),
        webhook(change("flows", number=None, event="FLOW_STATUS_CHANGE", message=NASTY, flow_id=NASTY)),
    )
    assert {outcome for outcome, _ in world.outcomes()} == {"STORED"}
    found = await messages(world)
    assert found["wamid.1" + CLEAN]["text"] == CLEAN
    assert found["wamid.2"]["text"] == CLEAN, "the edit"
    assert found["wamid.2"]["interactive"]["data"] == {CLEAN: CLEAN}
    assert found["wamid.2"]["reactions"][0]["emoji"] == CLEAN
    assert found["wamid.3"]["media"]["filename"] == CLEAN
    assert found["wamid.4"]["contactCards"] == [{"name": {"formatted_name": CLEAN}, CLEAN: CLEAN}]
    assert found["wamid.5"]["kind"] == "UNSUPPORTED"
    assert [contact["displayName"] for contact in await contacts(world)] == [CLEAN]


async def test_a_phone_number_id_that_cannot_be_is_unrouted_not_dead(world: World):
    for number in ("1\0", "\ud800", "x" * 10_000, "'; DROP TABLE messages; --"):
        await world.receive(inbound(text("wamid.1", by=ANA), number=number))
    assert [event["outcome"] for event in await events(world)] == ["UNROUTED"] * 4


async def test_a_megabyte_of_text_is_stored_whole(world: World):
    long = "0123456789abcdef" * 65_536
    await world.receive(inbound(text("wamid.1", long, by=ANA), text("wamid.2", by=Someone(name=long, phone=BO.phone)), people=(BO,)))
    assert world.sql("SELECT length(text) FROM messages WHERE platform_message_id = 'wamid.1'") == [(len(long),)]


async def test_long_names_and_ids_are_kept_or_refused_item_by_item(world: World):
    huge = "n" * 100_000
    who = Someone(name=huge, username=huge, phone=ANA.phone, user_id=huge)
    await world.receive(
        inbound(text("wamid.1", by=who), text("wamid." + huge, by=BO), text("wamid.2", by=BO), people=(who,)),
        receipts(status(huge, "sent"), status("wamid.3", "sent")),
    )
    assert set(await messages(world)) == {"wamid.1", "wamid.2"}
    assert [(event["itemsStored"], event["itemsDead"]) for event in await events(world)] == [(2, 1), (1, 1)]


async def test_the_same_bad_body_replayed_stays_one_dead_letter(world: World):
    await world.receive(b"not JSON", number_change_to_itself())
    tables = meaning(world)
    world.sql("INSERT INTO webhook_queue SELECT tenant_id, created_at, id FROM webhook_events")
    await world.project()
    assert meaning(world) == tables
    assert [(event["outcome"], event["attempts"]) for event in await events(world)] == [("DEAD", 2), ("STORED", 2)]


def number_change_to_itself():
    return inbound(number_change("wamid.n", before=ANA, after=ANA))
