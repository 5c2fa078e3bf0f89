"""Reading messages: filtered, ordered both ways, page by page, each exactly once."""

import base64
from typing import Any

import pytest

from tests.slices.bodies import ANA, BO, echo, echoes, inbound, text
from tests.slices.times import instant, moment
from tests.world import World

OTHER_NUMBER = "555000111222333"

LIST = """query ($first: Int! = 100, $after: String, $workspace: ID, $platform: Platform, $where: MessageWhere, $order: MessageOrder) {
  messages(first: $first, after: $after, workspaceId: $workspace, platform: $platform, where: $where, orderBy: $order) {
    nodes { platformMessageId }
    edges { cursor node { platformMessageId } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def ids(world: World, **variables: Any) -> str:
    """The numbers of the messages found, in the order of the answer."""
    nodes = (await world.data(LIST, variables))["messages"]["nodes"]
    return "".join(node["platformMessageId"].removeprefix("wamid.") for node in nodes)


async def a_small_world(world: World) -> dict[str, str]:
    """Messages 1 to 8 in two workspaces of two people and the business. Returns ids that filters need."""
    other = await world.create_workspace(OTHER_NUMBER)
    image = {"id": "1003", "caption": "A photo: 100%"}
    await world.receive(
        inbound(text("wamid.1", "Hello World", by=ANA, at=1), text("wamid.2", "100 per cent", by=ANA, at=2)),
        inbound(text("wamid.3", by=BO, at=3) | {"type": "image", "image": image}),
        echoes(echo("wamid.4", "hello back", to=ANA, at=4)),
        inbound(text("wamid.5", "under_score and AÇÃO", by=BO, at=5), number=OTHER_NUMBER),
        inbound(text("wamid.6", by=BO, at=6) | {"type": "telepathy"}, number=OTHER_NUMBER),
        inbound(text("wamid.7", "underXscore\\", by=BO, at=7), text("wamid.8", by=BO, at=8, group_id="Y2Fw")),
    )
    rows = world.sql("SELECT platform_message_id, contact_id, conversation_id FROM messages")
    return {"other": other} | {
        f"{column}{row[0][-1]}": str(row[index]) for row in rows for index, column in enumerate(("", "contact", "thread"))
    }


async def test_every_filter_finds_its_messages_and_no_others(world: World):
    known = await a_small_world(world)
    found: list[tuple[str, dict[str, Any]]] = [
        ("12345678", {}),
        ("12345678", {"platform": "WHATS_APP"}),
        ("", {"platform": "TELEGRAM"}),
        ("1234578", {"where": {"kind": ["TEXT", "IMAGE"]}}),
        ("6", {"where": {"kind": ["UNSUPPORTED"]}}),
        ("", {"where": {"kind": []}}),
        ("4", {"where": {"direction": "OUTBOUND"}}),
        ("1235678", {"where": {"direction": "INBOUND"}}),
        ("123478", {"workspace": world.workspace_id}),
        ("56", {"workspace": known["other"]}),
        ("124", {"where": {"contactId": known["contact1"]}}),
        ("35678", {"where": {"contactId": known["contact3"]}}),
        ("37", {"where": {"conversationId": known["thread3"]}}),
        ("345", {"where": {"since": instant(3), "until": instant(6)}}),
        ("3", {"where": {"since": instant(3), "until": instant(6), "kind": ["IMAGE"]}}),
        ("14", {"where": {"text": "HELLO"}}),
        ("2", {"where": {"text": "100 P"}}),
        ("23", {"where": {"text": "100"}}),
        ("3", {"where": {"text": "%"}}),
        ("5", {"where": {"text": "_"}}),
        ("5", {"where": {"text": "ação"}}),
        ("7", {"where": {"text": "\\"}}),
    ]
    for expected, variables in found:
        assert await ids(world, order={"timestamp": "ASC"}, **variables) == expected, variables
    assert await ids(world, where={"text": ""}, order={"timestamp": "ASC"}) == "1234578", "every message with a text"
    assert await ids(world, where={"text": "nothing like it\0"}) == ""
    assert await ids(world) == "87654321", "the newest first"
    assert await ids(world, order={"timestamp": "DESC"}, first=3) == "876"


async def test_a_text_that_cannot_be_stored_is_simply_not_found(world: World):
    await a_small_world(world)
    assert await ids(world, where={"text": "\ud800"}) == ""
    named = "query ($n: String) { contacts(name: $n) { nodes { id } } }"
    assert (await world.data(named, {"n": "\ud800"}))["contacts"]["nodes"] == []


async def test_filters_with_an_id_that_names_nothing_are_told_so(world: World):
    for where, code in [({"contactId": "x"}, "CONTACT_NOT_FOUND"), ({"conversationId": "1"}, "CONVERSATION_NOT_FOUND")]:
        answer = await world.graphql(LIST, {"where": where})
        assert answer["errors"][0]["extensions"]["code"] == code
    answer = await world.graphql(LIST, {"workspace": "your-workspace-uuid"})
    assert answer["errors"][0]["extensions"]["code"] == "WORKSPACE_NOT_FOUND"


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("size", [1, 3, 100])
async def test_pages_cover_everything_exactly_once_while_new_messages_arrive(world: World, order, size):
    def several(prefix: str, at: int, how_many: int = 12):
        return inbound(*(text(f"wamid.{prefix}{number}", by=ANA, at=at + number // 4) for number in range(how_many)))

    await world.receive(several("old", 1000))
    wanted = {f"wamid.old{number}" for number in range(12)}
    seen: list[str] = []
    after, previous_end = None, None
    arrivals = 0
    while True:
        page = (await world.data(LIST, {"first": size, "after": after, "order": {"timestamp": order}}))["messages"]
        names = [node["platformMessageId"] for node in page["nodes"]]
        seen += names
        assert [edge["node"]["platformMessageId"] for edge in page["edges"]] == names
        info = page["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        assert info["hasPreviousPage"] is (after is not None)
        assert info["endCursor"] != previous_end
        if not info["hasNextPage"]:
            break
        after = previous_end = info["endCursor"]
        if arrivals < 3:  # some on either side of the cursor, and some at the very same second
            await world.receive(
                several(f"new{arrivals}-", 900, 2), several(f"newer{arrivals}-", 1001, 2), several(f"newest{arrivals}-", 1100, 2)
            )
            arrivals += 1
    assert len(seen) == len(set(seen))
    assert wanted <= set(seen)
    whole = [row[0] for row in world.sql(f"SELECT platform_message_id FROM messages ORDER BY timestamp_utc {order}, id {order}")]
    assert [name for name in whole if name in wanted] == [name for name in seen if name in wanted], "in the order of the whole"


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


FORGED = [
    *("", " ", "x", "%%%", "é", "\ud800", "AAAA", "=" * 100, "A" * 10_000),
    cursor(""),
    cursor("|"),
    cursor("2026-01-01T00:00:00+00:00"),
    cursor("2026-01-01T00:00:00+00:00|1"),
    cursor("2026-01-01T00:00:00|0197c2a0-0000-7000-8000-000000000001"),
    cursor("yesterday|0197c2a0-0000-7000-8000-000000000001"),
    cursor("infinity|0197c2a0-0000-7000-8000-000000000001"),
    cursor("0001-01-01T00:00:00+14:00|0197c2a0-0000-7000-8000-000000000001"),
    cursor("2026-01-01T00:00:00+00:00:00.5|0197c2a0-0000-7000-8000-000000000001"),
    cursor("2026-01-01T02:00:00+02:00|0197c2a0-0000-7000-8000-000000000001"),
    cursor("2026-01-01T00:00:00+00:00|0197C2A0-0000-7000-8000-000000000001"),
    cursor("2026-01-01T00:00:00+00:00|0197c2a0-0000-7000-8000-000000000001") + "===",
    cursor("2026-01-01T00:00:00+00:00|' OR 1=1 --"),
    cursor("2026-01-01T00:00:00+00:00|0197c2a0-0000-7000-8000-000000000001")[:-4],
]


@pytest.mark.parametrize("connection", ["messages", "contacts", "conversations", "webhookEvents"])
async def test_pages_that_cannot_be_are_refused_with_a_code(world: World, connection):
    await world.receive(inbound(text("wamid.1", by=ANA, at=1)))
    query = (
        f"query ($first: Int! = 5, $after: String) {{ {connection}(first: $first, after: $after) {{ nodes {{ id }} edges {{ cursor }} }} }}"
    )
    for first in (0, -1, 101, 1_000, -2_147_483_648):
        (error,) = (await world.graphql(query, {"first": first}))["errors"]
        assert error["extensions"] == {"code": "INVALID_PAGE_SIZE", "field": ["first"]}, first
    for after in FORGED:
        answer = await world.graphql(query, {"after": after})
        assert answer["errors"][0]["extensions"] == {"code": "INVALID_CURSOR", "field": ["after"]}, after
    page = (await world.data(query, {"first": 100}))[connection]
    assert len(page["nodes"]) == 1
    assert (await world.data(query, {"after": page["edges"][-1]["cursor"]}))[connection]["nodes"] == []


async def test_other_lists_are_filtered_and_paged_too(world: World):
    known = await a_small_world(world)
    threads = "query ($w: ID, $c: ID) { conversations(workspaceId: $w, contactId: $c) { nodes { id contactId workspace { name } contact { id } } } }"

    async def thread_ids(**variables: str):
        return [node["id"] for node in (await world.data(threads, variables))["conversations"]["nodes"]]

    assert await thread_ids() == [known["thread3"], known["thread5"], known["thread1"]], "the most recently active first"
    assert await thread_ids(w=known["other"]) == [known["thread5"]]
    assert await thread_ids(c=known["contact1"]) == [known["thread1"]]
    named = "query ($n: String) { contacts(name: $n) { nodes { id } } }"
    world.sql("UPDATE contacts SET display_name = %s, username = 'ANA.lima' WHERE id = %s", ("Ana_100%", known["contact1"]))
    for name in ("ana", "_100%", "%", ".LIMA"):
        assert (await world.data(named, {"n": name}))["contacts"]["nodes"] == [{"id": known["contact1"]}], name
    assert (await world.data(named, {"n": "_000"}))["contacts"]["nodes"] == []
    events = "query ($o: [WebhookOutcome!], $s: DateTime) { webhookEvents(outcome: $o, since: $s) { nodes { outcome } } }"
    await world.receive(b"[]")
    assert (await world.data(events, {"o": ["DEAD", "UNROUTED"]}))["webhookEvents"]["nodes"] == [{"outcome": "DEAD"}]
    assert (await world.data(events, {"s": "2100-01-01T00:00:00Z"}))["webhookEvents"]["nodes"] == []


async def test_one_message_is_found_by_its_id(world: World):
    known = await a_small_world(world)
    assert known
    ((message_id,),) = world.sql("SELECT id FROM messages WHERE platform_message_id = 'wamid.1'")
    query = "query ($id: ID!) { message(id: $id) { text timestampUtc workspace { externalId } } }"
    found = (await world.data(query, {"id": str(message_id)}))["message"]
    assert found == {"text": "Hello World", "timestampUtc": moment(1).isoformat(), "workspace": {"externalId": "106540352242922"}}
    for other in ("", "1", str(known["contact1"])):
        (error,) = (await world.graphql(query, {"id": other}))["errors"]
        assert error["extensions"]["code"] == "MESSAGE_NOT_FOUND"
