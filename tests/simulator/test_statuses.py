"""What becomes of a message of the business, planned without waiting for it."""

from collections import Counter

from cloud_api_simulator import bodies, statuses
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.statuses import Sending
from cloud_api_simulator.world import World
from tests.simulator.stage import QUIET

ANA = Customer(key="ana", name="Ana", language="pt", wa_id="5511955550110", user_id="BR.1")
VOICE = {"type": "audio", "audio": {"id": "1", "voice": True}}


def ladders(content, *, customer=ANA, failed_rate=0.0, is_lost=False, times=500):
    world = World(QUIET)
    found: Counter[tuple[str, ...]] = Counter()
    for seed in range(times):
        sending = Sending(message_id="wamid.X", content=content, customer=customer, is_lost=is_lost)
        fates = statuses.plan(sending, QUIET, world.stream(str(seed)), failed_rate=failed_rate)
        assert [fate.after_seconds for fate in fates] == sorted(fate.after_seconds for fate in fates)
        found[tuple(fate.status for fate in fates)] += 1
    return found


def test_most_messages_are_read_some_at_once_and_some_never():
    found = ladders(bodies.text("oi"))
    assert set(found) == {("sent", "delivered", "read"), ("sent", "read"), ("sent", "delivered")}
    assert found[("sent", "delivered", "read")] > 300


def test_a_voice_note_is_played():
    assert ("sent", "delivered", "read", "played") in ladders(VOICE)


def test_a_reaction_is_only_sent_and_a_lost_message_has_no_status_at_all():
    assert set(ladders(bodies.reaction("wamid.Y", emoji="👍"))) == {("sent",)}
    assert set(ladders(bodies.text("oi"), is_lost=True)) == {()}


def test_a_stranger_cannot_be_reached_and_the_rate_decides_about_the_others():
    assert set(ladders(bodies.text("oi"), customer=None)) == {("failed",)}
    assert 50 < ladders(bodies.text("oi"), failed_rate=0.2)[("failed",)] < 150
