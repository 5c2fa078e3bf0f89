"""Accepted means durable: whoever is answered 200 is in the journal, once, however many share the commit."""

import asyncio
from contextlib import asynccontextmanager, contextmanager

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
    responses = await asyncio.gather(*(world.post(body(number)) for number in range(100)))
    assert {response.status_code for response in responses} == {200}
    ((rows, transactions, queued),) = world.sql(
        "SELECT count(*), count(DISTINCT xmin::text), (SELECT count(*) FROM webhook_queue) FROM webhook_events"
    )
    assert (rows, queued) == (100, 100)
    assert transactions < 100
    assert world.metrics.journal_batch_size._sum.get() == 100
    await world.project()
    assert len(await messages(world)) == 100


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
        ((cut,),) = world.sql(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'sigma_intake' AND datname = current_database()"
        )
        assert cut >= 1
        answers = await asyncio.gather(*(world.post(body(10 * number + other)) for other in range(5)))
        assert {answer.status_code for answer in answers} == {200}
    assert world.sql("SELECT count(*), count(DISTINCT id) FROM webhook_events") == [(16, 16)]


async def test_a_day_without_a_partition_is_503_and_not_lost(world: World):
    for (partition,) in world.sql("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'webhook_events'::regclass"):
        world.sql(f"DROP TABLE {partition}")
    assert (await world.post(body(1))).status_code == 503
    world.sql("SELECT make_journal_partitions(%s, 2)", (now().date(),))
    assert (await world.post(body(1))).status_code == 200
    await world.project()
    assert set(await messages(world)) == {"wamid.1"}


def entry(world: World, size: int = 10) -> JournalEntry:
    return JournalEntry(world.tenant_id, now(), new_id(), Platform.WHATS_APP, b"x" * size)


def a_journal(world: World, *, deadline_seconds: float) -> Journal:
    """A journal of the test's own, not yet running."""
    db = world.installation.database()
    return Journal(lambda: db.connect(DatabaseRole.INTAKE), metrics=Metrics(CollectorRegistry()), deadline_seconds=deadline_seconds)


@asynccontextmanager
async def running(journal: Journal):
    task = asyncio.create_task(journal.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_everybody_who_waits_is_in_the_next_commit(world: World):
    journal = a_journal(world, deadline_seconds=10)
    waiting = [asyncio.create_task(journal.append(entry(world))) for _ in range(700)]
    await asyncio.sleep(0)
    async with running(journal):
        await asyncio.gather(*waiting)
    assert world.sql("SELECT count(*), count(DISTINCT xmin::text) FROM webhook_events") == [(700, 2)], "512 at a time"


async def test_who_waits_longer_than_the_deadline_is_refused_and_not_written_later(world: World):
    journal = a_journal(world, deadline_seconds=0.05)
    with pytest.raises(JournalUnavailable):
        await journal.append(entry(world))  # nobody writes
    journal._deadline_seconds = 10
    kept = entry(world)
    async with running(journal):
        await journal.append(kept)
    assert world.sql("SELECT id FROM webhook_events") == [(kept.id,)]


async def test_the_journal_takes_no_more_than_it_can_hold_in_memory(world: World):
    journal = a_journal(world, deadline_seconds=0.2)
    waiting = [asyncio.create_task(journal.append(entry(world, size=8 * 1024 * 1024))) for _ in range(12)]
    texts = [str(answer) for answer in await asyncio.gather(*waiting, return_exceptions=True)]
    assert texts.count("too many webhooks are waiting for the journal") == 3
    assert texts.count("the journal did not commit in time") == 9


async def test_a_journal_that_is_stopped_leaves_nobody_waiting_and_nobody_misled(world: World):
    journal = a_journal(world, deadline_seconds=0.5)
    entries = [entry(world) for _ in range(50)]
    async with running(journal) as task:
        await journal.append(entries[0])
        waiting = [asyncio.create_task(journal.append(each)) for each in entries[1:]]
        await asyncio.sleep(0)
        task.cancel()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    stored = {row[0] for row in world.sql("SELECT id FROM webhook_events")}
    for each, answer in zip(entries[1:], answers, strict=True):
        assert isinstance(answer, JournalUnavailable) or each.id in stored
    assert entries[0].id in stored


async def test_bodies_larger_than_a_batch_are_written_too(world: World):
    async with running(journal := a_journal(world, deadline_seconds=30)):
        await asyncio.gather(*(journal.append(entry(world, size=3 * 1024 * 1024)) for _ in range(6)))
    ((rows, transactions),) = world.sql("SELECT count(*), count(DISTINCT xmin::text) FROM webhook_events")
    assert rows == 6
    assert transactions >= 3, "eight megabytes at a time"
