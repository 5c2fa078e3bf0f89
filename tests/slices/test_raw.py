"""The original of a message: opened for owners and admins, exactly that item, and every look on record."""

import pytest

from sigma.tenants.models import MANAGERS, READERS, Role
from tests.slices.bodies import ANA, BO, echo, echoes, inbound, text, webhooks
from tests.world import World

RAW = "{ messages(orderBy: {timestamp: ASC}) { nodes { platformMessageId raw } } }"


def audited(world: World) -> list[tuple[str, str]]:
    return world.sql("SELECT actor, target FROM audit_entries WHERE action = 'message.raw_read' ORDER BY at, target")


async def test_the_raw_item_is_the_one_that_was_sent_and_each_look_is_audited(world: World):
    items = [text(f"wamid.{number}", f"ação 👍 {number}", by=ANA, at=number, odd={"nested": [None, 1.5]}) for number in range(4)]
    ours = echo("wamid.4", to=ANA, at=4)
    await world.receive(
        webhooks(inbound(*items[:2]), inbound(items[2], "nonsense", items[3])),
        echoes(ours),
    )
    for role in READERS:
        before = len(audited(world))
        key = await world.new_key(role)
        answer = await world.graphql(RAW, key=key)
        nodes = answer["data"]["messages"]["nodes"]
        if role in MANAGERS:
            assert [node["raw"] for node in nodes] == [*items, ours]
            looks = audited(world)[before:]
            assert len(looks) == 5
            assert {target for _, target in looks} == {str(row[0]) for row in world.sql("SELECT id FROM messages")}
            assert {actor for actor, _ in looks} == {
                f"api key {row[0]}"
                for row in world.sql("SELECT id FROM api_keys WHERE role = %s ORDER BY created_at DESC LIMIT 1", (role,))
            }
        else:
            assert [node["raw"] for node in nodes] == [None] * 5
            assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
            assert len(audited(world)) == before


async def test_a_message_that_was_not_received_or_is_another_tenants_has_no_raw(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA)))
    world.sql("UPDATE messages SET webhook_event_id = NULL")
    assert (await world.data(RAW))["messages"]["nodes"] == [{"platformMessageId": "wamid.1", "raw": None}]
    assert audited(world) == []
    ((message_id,),) = world.sql("SELECT id FROM messages")
    _, other_key = await world.new_tenant()
    answer = await world.graphql("query ($id: ID!) { message(id: $id) { raw } }", {"id": str(message_id)}, key=other_key)
    assert answer["errors"][0]["extensions"]["code"] == "MESSAGE_NOT_FOUND"


@pytest.mark.parametrize(
    "damage", ["raw = set_byte(raw, 50, get_byte(raw, 50) # 1)", "raw = (SELECT max(raw) FROM webhook_events)", "raw = ''"]
)
async def test_a_raw_that_was_changed_or_moved_does_not_open(world: World, damage):
    await world.receive(inbound(text("wamid.1", by=ANA)), inbound(text("wamid.2", by=BO)))
    ((smaller,),) = world.sql("SELECT id FROM webhook_events ORDER BY raw LIMIT 1")
    world.sql(f"UPDATE webhook_events SET {damage} WHERE id = %s", (smaller,))
    opened = [node["raw"] for node in (await world.data(RAW, key=await world.new_key(Role.ADMIN)))["messages"]["nodes"]]
    assert sorted(raw is None for raw in opened) == [False, True]


async def test_raw_of_a_message_that_was_decoded_tolerantly_is_still_found(world: World):
    body = inbound(text("wamid.1", "bell \u0007 and half a \ud83d", by=ANA))
    await world.receive(body)
    ((node),) = (await world.data(RAW))["messages"]["nodes"]
    assert node["raw"]["id"] == "wamid.1"
    await world.receive(
        b'\xef\xbb\xbf{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":'
        b'{"phone_number_id":"106540352242922"},"x":NaN,"messages":[{"id":"wamid.2","from":"5511987650001","type":"text",'
        b'"text":{"body":"tab\there \xff"}}]}}]}]}'
    )
    nodes = {node["platformMessageId"]: node["raw"] for node in (await world.data(RAW))["messages"]["nodes"]}
    assert nodes["wamid.2"]["from"] == ANA.phone
