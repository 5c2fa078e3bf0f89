"""kill -9 of the worker at every step of a send: the platform gets each message at most once, and nothing stays in between."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from starlette.responses import Response

from sigma.kit.metrics import Metrics
from sigma.sending.models import Lane
from tests.conftest import MASTER_KEY
from tests.slices.desk import TOKEN, Desk, a_desk
from tests.world import APP_SECRET, VERIFY_TOKEN

pytestmark = pytest.mark.faults
MESSAGES = 6


class Workers:
    """`sigma serve --role worker`, one process after the other, on the test's database."""

    def __init__(self, home: Path, conninfo: str) -> None:
        self._home = home
        at = {name: quote(str(value), safe="") for name, value in conninfo_to_dict(conninfo).items()}
        self._database = f"postgresql://{at['user']}:{at['password']}@:{at['port']}/{at['dbname']}?host={at['host']}"
        self.running: Process | None = None

    async def start(self, graph_url: str) -> None:
        whatsapp = {"DefaultAppSecret": APP_SECRET, "VerifyToken": VERIFY_TOKEN, "DefaultAccessToken": TOKEN, "GraphApiUrl": graph_url}
        security = {"MasterKey": base64.b64encode(MASTER_KEY).decode()}
        settings = {"Database": {"Url": self._database}, "Security": security, "Platforms": {"WhatsApp": whatsapp}}
        file = self._home / "appsettings.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(settings))
        with (self._home / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", "sigma", "serve", "--role", "worker"]
            self.running = await asyncio.create_subprocess_exec(*command, cwd=self._home, env=dict(os.environ), stdout=log, stderr=log)

    async def kill(self) -> None:
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError):
                self.running.send_signal(signal.SIGKILL)
            await self.running.wait()
            self.running = None


@pytest.fixture
async def desk(database_conninfo: str, metrics: Metrics) -> AsyncIterator[Desk]:
    async with a_desk(database_conninfo, metrics) as built:
        yield built


@pytest.fixture
async def workers(tmp_path: Path, database_conninfo: str) -> AsyncIterator[Workers]:
    built = Workers(tmp_path, database_conninfo)
    yield built
    await built.kill()
    log = (tmp_path / "worker.log").read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]


async def finish(desk: Desk, workers: Workers) -> None:
    """Let a new worker take over, with the leases of the old one run out, and tell it all that the platform knows."""
    await workers.start(desk.ledger.url)
    desk.ledger.answer = lambda _: None
    desk.world.sql("UPDATE outbox SET lease_until = now() - interval '1 second' WHERE state = 'SENDING'")
    await desk.until(lambda: not set(desk.outboxes()) & {"QUEUED", "SENDING"}, seconds=40)
    await workers.kill()  # from here on this process projects
    assert set(desk.statuses()) <= {"ACCEPTED", "UNKNOWN"}
    assert len(set(desk.ledger.ours())) == len(desk.ledger.taken), "each at most once"
    unknown = desk.statuses()["UNKNOWN"]
    accepted = {row[0] for row in desk.world.sql("SELECT id::text FROM messages WHERE status = 'ACCEPTED'")}
    assert accepted <= set(desk.ledger.ours())
    for name, payload in desk.ledger.taken:
        await desk.report("sent", name=name, ours=payload["biz_opaque_callback_data"])
    assert desk.statuses()["SENT"] == len(desk.ledger.taken), "those that were taken are known by their receipts"
    assert desk.statuses()["UNKNOWN"] == unknown + len(accepted) - len(desk.ledger.taken)
    forgotten = await desk.forget()
    assert forgotten.rows == len(desk.ledger.taken) - len(accepted)
    assert set(desk.outboxes()) <= {"UNKNOWN"}


async def test_killed_before_the_platform_has_read_the_call(desk: Desk, workers: Workers):
    connected, killed = asyncio.Event(), asyncio.Event()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await killed.wait()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    await desk.queue_many(MESSAGES, lane=Lane.UTILITY)
    await workers.start(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with asyncio.timeout(30):
        await connected.wait()
    await workers.kill()
    killed.set()
    server.close()
    await server.wait_closed()
    assert desk.outboxes()["SENDING"] > 0
    await finish(desk, workers)
    assert desk.statuses()["UNKNOWN"] + desk.statuses()["SENT"] == MESSAGES


@pytest.mark.parametrize("is_taken", [False, True])
async def test_killed_during_the_call(desk: Desk, workers: Workers, *, is_taken: bool):
    async def never(payload: dict[str, Any]) -> Response | None:
        if is_taken:
            desk.ledger.take(payload)
        await asyncio.sleep(60)
        return Response(status_code=503)

    desk.ledger.answer = never
    await desk.queue_many(MESSAGES, lane=Lane.UTILITY)
    await workers.start(desk.ledger.url)
    await desk.until(lambda: len(desk.ledger.asked) >= MESSAGES, seconds=30)
    await workers.kill()
    await finish(desk, workers)
    assert len(desk.ledger.taken) == (MESSAGES if is_taken else 0)


async def test_killed_after_the_answer_and_before_the_record(desk: Desk, workers: Workers, database_conninfo: str):
    await desk.queue_many(MESSAGES, lane=Lane.UTILITY)
    with psycopg.connect(database_conninfo) as blocker:
        blocker.execute("SELECT 1 FROM messages FOR NO KEY UPDATE")  # what the record must wait for
        await workers.start(desk.ledger.url)
        await desk.until(lambda: len(desk.ledger.taken) == MESSAGES, seconds=30)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%platform_message_id = done.name%'"
        await desk.until(lambda: desk.world.sql(waiting)[0][0] > 0)
        await workers.kill()
    assert desk.outboxes() == {"SENDING": MESSAGES}
    await finish(desk, workers)
    assert len(desk.ledger.taken) == MESSAGES


async def test_killed_again_and_again_under_load(desk: Desk, workers: Workers):
    async def slowly(_: dict[str, Any]) -> None:
        await asyncio.sleep(0.03)

    desk.ledger.answer = slowly
    await desk.queue_many(120, lane=Lane.UTILITY)
    for taken in (5, 40, 80):
        await workers.start(desk.ledger.url)
        await desk.until(lambda taken=taken: len(desk.ledger.taken) > taken, seconds=40)  # type: ignore[misc]
        await workers.kill()
    await finish(desk, workers)
    assert len(desk.ledger.taken) >= 100
