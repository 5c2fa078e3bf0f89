"""Deliveries come late, twice, batched and out of order: whatever the order, the tables say the same."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.slices.bodies import (
    ANA,
    BO,
    START,
    Someone,
    change,
    echo,
    echoes,
    edit,
    inbound,
    number_change,
    preference,
    reaction,
    receipts,
    revoke,
    status,
    text,
    webhook,
    webhooks,
)
from tests.slices.tables import empty, meaning
from tests.world import World

MOVED = Someone(name="Ana (new)", phone="5511900000009", user_id="BR.10000000000000000009")
ANITA = Someone(name="anita", phone=ANA.phone, user_id=ANA.user_id, username="ana.lima")
BOB = Someone(name="Bob", phone=BO.phone, user_id=BO.user_id)


def imported(*items):
    return webhook(change("history", history=[{"threads": [{"id": ANA.phone, "messages": list(items)}]}]))


def in_group(said: str, who: Someone, at: int):
    own = {"recipient_participant_id": who.phone, "recipient_participant_user_id": who.user_id}
    return status("wamid.out", said, at=at) | {"recipient_id": "Y2FwaV9ncm91cA", "recipient_type": "group"} | own


ours_to_ana = {"history_context": {"status": "READ"}, "to": ANA.phone}
POOL = [
    inbound(text("wamid.a1", "Helo", by=ANA.phone_only()), people=(ANA.phone_only(),)),
    inbound(text("wamid.a2", by=ANITA.user_id_only(), at=5), people=(ANITA.user_id_only(),)),
    inbound(text("wamid.a3", by=ANA, at=4), people=(ANA,)),
    inbound(text("wamid.b1", by=BO, at=5), people=(BO,)),
    inbound(text("wamid.b2", by=BOB, at=5), people=(BOB,)),
    inbound(number_change("wamid.n1", before=ANA, after=MOVED, at=30)),
    inbound(text("wamid.c1", by=MOVED.phone_only(), at=40), people=(MOVED.phone_only(),)),
    inbound(reaction("wamid.r1", "wamid.out", "👍", by=ANA.phone_only(), at=10)),
    inbound(reaction("wamid.r2", "wamid.out", None, by=ANA.user_id_only(), at=20)),
    inbound(reaction("wamid.r3", "wamid.out", "🎉", by=MOVED.phone_only(), at=20)),
    echoes(echo("wamid.r4", to=ANA.phone_only(), at=11) | {"type": "reaction", "reaction": {"message_id": "wamid.a1", "emoji": "❤"}}),
    inbound(edit("wamid.e1", "wamid.a1", "Hello", by=ANA, at=40)),
    inbound(edit("wamid.e2", "wamid.a1", "Hello!", by=ANA, at=41)),
    inbound(revoke("wamid.x1", "wamid.a2", by=ANA, at=50)),
    inbound(revoke("wamid.x2", "wamid.a2", by=ANA, at=51)),
    echoes(echo("wamid.out", "On its way", to=ANA, at=8), people=(ANA,)),
    receipts(status("wamid.out", "sent", at=9, pricing={"billable": True}), status("wamid.out", "delivered", at=12)),
    receipts(status("wamid.out", "sent", at=10, pricing={"billable": False}, conversation={"id": "c1"})),
    receipts(status("wamid.out", "failed", at=13, errors=[{"code": 131048, "title": "Spam"}])),
    receipts(status("wamid.out", "failed", at=14, errors=[{"code": 131047, "title": "Window"}], biz_opaque_callback_data="outbox-1")),
    receipts(status("wamid.out", "read", at=15, biz_opaque_callback_data="outbox-2")),
    receipts(in_group("delivered", ANA.phone_only(), 16), in_group("delivered", BO, 17)),
    preference("stop", of=ANA.phone_only(), at=60),
    preference("resume", of=ANA.user_id_only(), at=61),
    imported(text("wamid.a1", "Helo", by=ANA.phone_only()) | {"history_context": {"status": "DELIVERED"}}),
    imported(text("wamid.m1", by=ANA.phone_only(), at=70) | {"type": "media_placeholder"}),
    webhook(change("history", messages=[text("wamid.m1", by=ANA.phone_only(), at=70) | {"type": "image", "image": {"id": "1003"}}])),
    imported(echo("wamid.out", "On its way", to=ANA, at=8) | ours_to_ana),
    webhook(
        change(
            "smb_app_state_sync",
            state_sync=[
                {
                    "type": "contact",
                    "action": "add",
                    "metadata": {"timestamp": str(START + 5)},
                    "contact": {"full_name": "ana lima", "phone_number": ANA.phone},
                }
            ],
        )
    ),
]
"""What two people and a business did, one POST each: joined contacts, taken back reactions, edits, repeated and disputed receipts."""

INDEXES = range(len(POOL))


@st.composite
def deliveries(draw) -> list[list[list[int]]]:
    """All of the pool in some order, some of it again, cut into POSTs, and these into bursts after which everything is projected."""
    order = draw(st.permutations([*INDEXES, *draw(st.lists(st.sampled_from(INDEXES), max_size=8))]))
    posts = _cut(order, draw(st.sets(st.integers(1, len(order) - 1))))
    return _cut(posts, draw(st.sets(st.integers(1, len(posts)))))


def _cut(items, places):
    bounds = [0, *sorted(places), len(items)]
    return [items[start:end] for start, end in pairwise(bounds) if start < end]


async def deliver(world: World, bursts: list[list[list[int]]]):
    empty(world)
    for burst in bursts:
        await world.accept(*(webhooks(*(POOL[index] for index in post)) for post in burst))
        await world.project()
    assert {outcome for outcome, _ in world.outcomes()} <= {"STORED", "DUPLICATE"}
    return meaning(world)


@pytest.fixture
async def expected(world: World):
    """What the tables say when everything comes once, in its order, alone."""
    return await deliver(world, [[[index]] for index in INDEXES])


same_database = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


async def check(world: World, expected, bursts) -> None:
    actual = await deliver(world, bursts)
    for table, rows in expected.items():
        assert actual[table] == rows, table


@settings(same_database, max_examples=25)
@given(deliveries())
@example([[[index] for index in reversed(INDEXES)]])
@example([[list(INDEXES)]])
@example([[list(reversed(INDEXES))]])
@example([[list(INDEXES), list(INDEXES)], [list(INDEXES)]])
async def test_any_order_any_batching_and_any_repetition_give_the_same_tables(world: World, expected, bursts):
    await check(world, expected, bursts)


@pytest.mark.fuzz
@settings(same_database, max_examples=1_000)
@given(deliveries())
async def test_a_thousand_orders_give_the_same_tables(world: World, expected, bursts):
    await check(world, expected, bursts)
