"""What the platform reports of our messages: forward only, in whatever order and number it comes, each step with its time."""

import itertools

import pytest

from tests.slices.bodies import ANA, BO, echo, echoes, inbound, receipts, status, text, webhooks
from tests.slices.reading import events, messages, part
from tests.slices.times import instant
from tests.world import World

STEPS = ["sent", "delivered", "read", "played"]
PRICING = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"}
REENGAGE = {"code": 131047, "title": "Re-engagement message", "error_data": {"details": "More than 24 hours have passed."}}
SPAM = {"code": 131048, "title": "Spam rate limit hit"}


def our(message_id: str = "wamid.1"):
    return echoes(echo(message_id, to=ANA))


async def test_every_order_of_the_steps_ends_at_the_furthest_with_each_steps_time(world: World):
    orders = list(itertools.permutations(STEPS))
    stories = []
    for number, order in enumerate(orders):
        story = [receipts(status(f"wamid.{number}", step, at=10 * STEPS.index(step))) for step in order]
        story.insert(number % 5, our(f"wamid.{number}"))
        stories.append(story)
    for bodies in zip(*stories, strict=True):
        await world.accept(*bodies)
        await world.project()
    found = await messages(world)
    expected = {
        "status": "PLAYED",
        "sentAt": instant(0),
        "deliveredAt": instant(10),
        "readAt": instant(20),
        "playedAt": instant(30),
        "failedAt": None,
        "errors": [],
    }
    for number, order in enumerate(orders):
        assert part(expected, found[f"wamid.{number}"]) == expected, order


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ([], "SENT"),
        (["sent"], "SENT"),
        (["delivered"], "DELIVERED"),
        (["read", "delivered", "sent"], "READ"),
        (["delivered", "delivered", "sent"], "DELIVERED"),
        (["failed"], "FAILED"),
        (["sent", "failed"], "FAILED"),
        (["failed", "sent"], "FAILED"),
        (["failed", "delivered"], "DELIVERED"),
        (["delivered", "failed"], "DELIVERED"),
        (["read", "failed"], "READ"),
        (["warning"], "SENT"),
        (["deleted", "read"], "READ"),
    ],
    ids="-".join,
)
async def test_the_status_is_the_furthest_proven_step(world: World, reported, expected):
    await world.receive(our(), *(receipts(status("wamid.1", said, at=10 + number)) for number, said in enumerate(reported)))
    await world.receive(*(receipts(status("wamid.2", said, at=10 + number)) for number, said in enumerate(reported)), our("wamid.2"))
    found = await messages(world)
    assert found["wamid.1"]["status"] == expected
    assert found["wamid.2"]["status"] == expected, "the same when every receipt comes before the message"


async def test_a_failure_keeps_its_reason_also_when_the_message_arrived_after_all(world: World):
    await world.receive(our(), receipts(status("wamid.1", "failed", at=5, errors=[REENGAGE])))
    expected = {
        "status": "FAILED",
        "failedAt": instant(5),
        "deliveredAt": None,
        "errors": [{"code": 131047, "title": "Re-engagement message", "details": "More than 24 hours have passed."}],
    }
    assert part(expected, (await messages(world))["wamid.1"]) == expected
    await world.receive(receipts(status("wamid.1", "delivered", at=9)))
    expected |= {"status": "DELIVERED", "deliveredAt": instant(9)}
    assert part(expected, (await messages(world))["wamid.1"]) == expected


async def test_the_price_is_kept_wherever_it_comes(world: World):
    await world.receive(our(), receipts(status("wamid.1", "read", at=9)), receipts(status("wamid.1", "sent", at=5, pricing=PRICING)))
    assert (await messages(world))["wamid.1"]["pricing"] == PRICING
    conversation = {"id": "c9d1", "origin": {"type": "utility"}}
    priced = status("wamid.2", "delivered", at=5, pricing=PRICING, conversation=conversation, biz_opaque_callback_data="outbox-7")
    await world.receive(receipts(priced), receipts(status("wamid.2", "delivered", at=5)), our("wamid.2"))
    ((pricing, told, callback),) = world.sql(
        "SELECT pricing, platform_conversation, callback_data FROM receipts WHERE platform_message_id = 'wamid.2'"
    )
    assert (pricing, told, callback) == (PRICING, {"id": "c9d1", "origin": "utility"}, "outbox-7")
    assert world.sql("SELECT platform_conversation FROM messages WHERE platform_message_id = 'wamid.2'") == [(told,)]


@pytest.mark.parametrize("together", [False, True], ids=["apart", "in one POST"])
@pytest.mark.parametrize("turned", [False, True], ids=["first the earlier", "first the later"])
async def test_two_reports_of_one_step_are_one_with_the_earlier_time_and_all_facts(world: World, together, turned):
    reports = [
        receipts(status("wamid.1", "failed", at=5, errors=[REENGAGE])),
        receipts(status("wamid.1", "failed", at=7, errors=[SPAM], pricing=PRICING)),
    ]
    if turned:
        reports.reverse()
    await world.receive(our())
    await world.receive(*([webhooks(*reports)] if together else reports))
    found = (await messages(world))["wamid.1"]
    assert (found["failedAt"], found["pricing"]) == (instant(5), PRICING)
    assert found["errors"] == [{"code": 131048, "title": "Spam rate limit hit", "details": None}], "one of the two, always the same"
    assert world.sql("SELECT count(*) FROM receipts") == [(1,)]


async def test_a_receipt_for_a_message_of_a_contact_changes_nothing(world: World):
    await world.receive(inbound(text("wamid.1", by=ANA)))
    before = await messages(world)
    await world.receive(
        *(receipts(status("wamid.1", said, at=5, errors=[SPAM], pricing=PRICING)) for said in [*STEPS, "failed", "deleted"])
    )
    assert await messages(world) == before
    assert before["wamid.1"]["status"] == "RECEIVED"


async def test_the_same_receipt_again_is_a_duplicate_and_a_later_one_is_stored(world: World):
    await world.receive(our(), receipts(status("wamid.1", "sent", at=5)), receipts(status("wamid.1", "sent", at=5)))
    await world.receive(receipts(status("wamid.1", "read", at=5), status("wamid.1", "read", at=5)))
    counted = [(event["outcome"], event["itemsStored"], event["itemsDuplicate"]) for event in await events(world)]
    assert counted == [("STORED", 1, 0), ("STORED", 1, 0), ("DUPLICATE", 0, 1), ("STORED", 1, 1)]


async def test_each_member_of_a_group_has_a_receipt_of_their_own(world: World):
    def reached(said: str, who, at: int):
        own = {"recipient_participant_id": who.phone, "recipient_participant_user_id": who.user_id}
        return status("wamid.1", said, at=at) | {"recipient_id": "Y2FwaV9ncm91cA", "recipient_type": "group"} | own

    await world.receive(our(), receipts(reached("delivered", ANA, 5), reached("delivered", BO, 3), reached("read", BO, 8)))
    rows = world.sql("SELECT status, recipient FROM receipts ORDER BY status, recipient")
    assert [row[0] for row in rows] == ["DELIVERED", "DELIVERED", "READ"]
    assert all(len(bytes.fromhex(row[1])) == 32 for row in rows), "told apart by hash, never by number"
    expected = {"status": "READ", "deliveredAt": instant(3), "readAt": instant(8)}
    assert part(expected, (await messages(world))["wamid.1"]) == expected


async def test_an_imported_message_starts_where_the_history_says_and_moves_on_from_there(world: World, payloads):
    await world.receive((payloads / "history-threads.json").read_bytes())
    found = {message["text"]: message for message in (await messages(world)).values()}
    assert (found["Earlier message"]["status"], found["Order shipped"]["status"]) == ("READ", "ACCEPTED")
    earlier = found["Earlier message"]["platformMessageId"]
    await world.receive(receipts(status(earlier, "delivered", at=5)))
    assert part({"status": "READ", "deliveredAt": instant(5)}, (await messages(world))[earlier]) == {
        "status": "READ",
        "deliveredAt": instant(5),
    }


async def test_a_status_of_a_message_that_never_comes_is_kept_and_shown_nowhere(world: World):
    await world.receive(receipts(status("wamid.unknown", "delivered")))
    assert await messages(world) == {}
    assert world.sql("SELECT platform_message_id, status FROM receipts") == [("wamid.unknown", "DELIVERED")]
    assert (await events(world))[0]["outcome"] == "STORED"
