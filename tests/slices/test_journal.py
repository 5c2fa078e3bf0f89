"""Accepted means durable: whoever is answered 200 is in the journal, once, however many share the commit."""

import asyncio
from contextlib import contextmanager

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from sigma.connectors.events import Platform
from sigma.intake.journal import Journal, JournalUnavailable
from sigma.intake.models import JournalEntry
from sigma.kit.clock import now
from sigma.kit.db import DatabaseRole
from sigma.kit.ids import new_id
from sigma.kit.metrics import Metrics
from tests.slices.bodies import ANA, inbound, text
from tests.slices.reading import messages
from tests.world import World


def body(number: int):
    return inbound(text(f"wamid.{number}", by=ANA))


async def test_posts_that_come_together_share_a_commit_and_each_200_is_in_the_journal(world: World):
    responses = await asyncio.gather(*(world.post(body(number)) for number in range(300)))
    assert {response.status_code for response in responses} == {200}
    ((rows, transactions, queued),) = world.sql(
        "SELECT count(*), count(DISTINCT xmin::text), (SELECT count(*) FROM webhook_queue) FROM webhook_events"
    )
    assert (rows, queued) == (300, 300)
    assert transactions < 100
    assert world.metrics.journal_batch_size._sum.get() == 300
    await world.project()
    assert len(await messages(world)) == 300


async def test_a_post_alone_does_not_wait_for_company(world: World):
    for number in range(3):
        assert (await world.post(body(number))).status_code == 200
        assert world.sql("SELECT count(*), count(DISTINCT xmin::text) FROM webhook_events") == [(number + 1, number + 1)]


async def test_the_same_message_from_many_at_once_is_stored_once(world: World):
    async def post_and_project() -> None:
        assert (await world.post(body(1))).status_code == 200
        await world.projector.project_next(world.tenant_id)

    await asyncio.gather(*(post_and_project() for _ in range(20)))
    await world.project()
    assert world.sql("SELECT count(*) FROM webhook_events") == [(20,)]
    assert world.sql("SELECT count(*) FROM messages") == [(1,)]
    assert world.sql("SELECT sum(items_stored), sum(items_duplicate) FROM webhook_events") == [(1, 19)]


async def test_a_client_that_goes_away_leaves_its_neighbours_alone(world: World):
    posts = [asyncio.create_task(world.post(body(number))) for number in range(20)]
    await asyncio.sleep(0)
    for post in posts[::2]:
        post.cancel()
    answers = await asyncio.gather(*posts, return_exceptions=True)
    accepted = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(accepted) >= 10
    assert {answer.status_code for answer in accepted} == {200}
    ((stored,),) = world.sql("SELECT count(*) FROM webhook_events")
    assert len(accepted) <= stored <= 20


# When it cannot commit


@contextmanager
def locked(world: World):
    """Keep the journal's table from everybody else."""
    with psycopg.connect(world.installation.admin_conninfo) as connection:
        connection.execute("LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE")
        yield


async def test_a_journal_that_cannot_commit_is_answered_503_and_the_next_post_is_accepted(world: World, capsys):
    with locked(world):
        answers = await asyncio.gather(*(world.post(body(number)) for number in range(10)))
    assert {(answer.status_code, answer.headers["retry-after"], answer.content) for answer in answers} == {(503, "5", b"")}
    assert "the journal is unavailable" in capsys.readouterr().err
    assert (await world.post(body(1))).status_code == 200
    assert refused(world) == 10
    ((stored,),) = world.sql("SELECT count(*) FROM webhook_events")
    assert stored <= 11, "what was not answered may be there, once"


def refused(world: World) -> float:
    return world.metrics.webhooks_refused.labels(platform="WHATS_APP", reason="journal_unavailable")._value.get()


async def test_a_cut_connection_costs_nobody_an_answer(world: World):
    assert (await world.post(body(0))).status_code == 200
    for number in range(1, 4):
        cut = world.sql(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'sigma_intake' AND datname = current_database()"
        )
        assert cut == [(1,)]
        answers = await asyncio.gather(*(world.post(body(10 * number + other)) for other in range(5)))
        assert {answer.status_code for answer in answers} == {200}
    assert world.sql("SELECT count(*), count(DISTINCT id) FROM webhook_events") == [(16, 16)]


async def test_a_day_without_a_partition_is_503_and_not_lost(world: World):
    world.sql("DO $$ DECLARE t text; BEGIN FOR t IN SELECT inhrelid::regclass FROM pg_inherits LOOP EXECUTE 'DROP TABLE ' || t; END LOOP; END $$")
    assert (await world.post(body(1))).status_code == 503
    world.sql("SELECT make_journal_partitions(%s, 2)", (now().date(),))
    assert (await world.post(body(1))).status_code == 200
    await world.project()
    assert set(await messages(world)) == {"wamid.1"}


def entry(world: World, size: int = 10) -> JournalEntry:
    return JournalEntry(world.tenant_id, now(), new_id(), Platform.WHATS_APP, b"x" * size)


@pytest.fixture
async def slow_journal(world: World):
    """A journal of the test's own with a short deadline, not yet running."""
    db = world.installation.database()
    yield Journal(lambda: db.connect(DatabaseRole.INTAKE), metrics=Metrics(CollectorRegistry()), deadline_seconds=0.2)
    await db.close()


async def test_who_waits_longer_than_the_deadline_is_refused_and_not_written_later(world: World, slow_journal):
    with pytest.raises(JournalUnavailable):
        await slow_journal.append(entry(world))  # nobody writes
    running = asyncio.create_task(slow_journal.run())
    kept = entry(world)
    await slow_journal.append(kept)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert world.sql("SELECT id FROM webhook_events") == [(kept.id,)]


async def test_the_journal_takes_no_more_than_it_can_hold_in_memory(world: World, slow_journal):
    waiting = [asyncio.create_task(slow_journal.append(entry(world, size=8 * 1024 * 1024))) for _ in range(12)]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    texts = [str(answer) for answer in answers]
    assert texts.count("too many webhooks are waiting for the journal") == 3
    assert texts.count("the journal did not commit in time") == 9


async def test_a_journal_that_is_stopped_writes_what_waits_first(world: World, slow_journal):
    running = asyncio.create_task(slow_journal.run())
    await slow_journal.append(entry(world))
    waiting = [asyncio.create_task(slow_journal.append(entry(world))) for _ in range(5)]
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await asyncio.gather(*waiting) == [None] * 5
    assert world.sql("SELECT count(*) FROM webhook_events") == [(6,)]


async def test_bodies_larger_than_a_batch_are_written_too(world: World, slow_journal):
    running = asyncio.create_task(slow_journal.run())
    await asyncio.gather(*(slow_journal.append(entry(world, size=3 * 1024 * 1024)) for _ in range(6)))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    ((rows, transactions),) = world.sql("SELECT count(*), count(DISTINCT xmin::text) FROM webhook_events")
    assert rows == 6
    assert transactions >= 3, "eight megabytes at a time"
