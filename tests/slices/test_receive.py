"""Every real body, through the real endpoint, journal and projector."""

import json
from pathlib import Path

import pytest

from tests.world import World

BODIES = sorted((Path(__file__).parents[1] / "data" / "whatsapp" / "webhooks").glob("*.json"))


async def test_every_body_is_accepted_and_the_books_balance(world: World):
    for file in BODIES:
        await world.receive(file.read_bytes())
    rows = world.sql(
        "SELECT outcome, error_message, items_stored + items_duplicate + items_refused + items_unrouted + items_dead FROM webhook_events"
    )
    assert len(rows) == len(BODIES)
    assert not [row for row in rows if row[0] == "PENDING"]
    dead = [row for row in rows if row[0] == "DEAD"]
    for row in rows:
        print(row)
    assert len(dead) < 5, dead
