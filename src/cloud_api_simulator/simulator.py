"""The world and everything that moves in it, wired together."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import datetime

import httpx2

from cloud_api_simulator import answers
from cloud_api_simulator.agenda import Agenda
from cloud_api_simulator.delivery import Delivery
from cloud_api_simulator.faults import FaultBook
from cloud_api_simulator.handshake import Handshake
from cloud_api_simulator.ledger import LedgerEntry
from cloud_api_simulator.reviews import Reviewer
from cloud_api_simulator.settings import SimulatorSettings
from cloud_api_simulator.statuses import Ladder, Sending
from cloud_api_simulator.traffic import Traffic
from cloud_api_simulator.world import World

log = logging.getLogger("cloud_api_simulator")

KEEPALIVE_SECONDS = 30.0
SPARE_CONNECTIONS = 4
"""For bodies that someone sends by hand and waits for."""


class Simulator:
    """One simulated business number. `running` brings it to life; before that it only answers questions about its state."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.world = World(settings)
        self.agenda = Agenda()
        self.calendar = Agenda()
        """What lies hours ahead, such as the end of a template's pause: nobody waits for that."""
        self.verified = asyncio.Event()
        self.handshake = Handshake(self.world, self.verified)
        self.delivery = Delivery(self.world, self.agenda, self.verified)
        self.ladder = Ladder(self.world, self.agenda, self.delivery.take)
        self.reviewer = Reviewer(self.world, self.agenda, self.calendar, self.delivery.take)
        self.faults = FaultBook(self.world.stream("faults"))
        self.traffic = Traffic(self.world, self.delivery.put, self.verified)
        self.client = httpx2.AsyncClient(
            trust_env=False,
            timeout=settings.callback_timeout_seconds,
            limits=httpx2.Limits(
                max_connections=settings.concurrency + SPARE_CONNECTIONS,
                max_keepalive_connections=settings.concurrency,
                keepalive_expiry=KEEPALIVE_SECONDS,
            ),
        )
        self.sendings: dict[str, Sending] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to deliver or to happen, traffic apart."""
        return self.delivery.queued == 0 and self.delivery.pending == 0 and len(self.agenda) == 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Verify the callback, deliver, and let customers write, until the block is left."""
        jobs = {"handshake": self.handshake.run(), "delivery": self.delivery.run(self.client), "traffic": self.traffic.run()}
        tasks = [asyncio.create_task(job, name=f"simulator-{name}") for name, job in jobs.items()]
        for task in tasks:
            task.add_done_callback(_report_crash)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.agenda.clear()
            self.calendar.clear()
            await self.client.aclose()

    def accept(self, sending: Sending) -> None:
        """Take a message of the business: record it, let its statuses follow, and perhaps an answer."""
        self.world.receive(_entry(sending, self.world.now()))
        self._remember(sending)
        if not self.world.rules.emit_statuses:
            return
        seen_after_seconds = self.ladder.start(sending)
        stream = self.world.stream(f"answer/{sending.message_id}")
        if seen_after_seconds is None or sending.content["type"] == "reaction" or stream.random() >= self.world.rates.answer_rate:
            return
        delay_seconds = seen_after_seconds + stream.uniform(*self.settings.answer_after_seconds)

        def answer() -> None:
            if self.traffic.is_running and sending.customer is not None:
                customer = self.world.customer(sending.customer.key)
                self.delivery.take(answers.answer(self.world, customer, sending.message_id, sending.content, stream))

        self.agenda.later(delay_seconds, answer)

    def pass_time(self, seconds: float) -> None:
        """Set the world's time forward (or back): what was to happen until then happens next."""
        self.world.clock.advance(seconds)
        self.agenda.skip(seconds)
        self.calendar.skip(seconds)

    def _remember(self, sending: Sending) -> None:
        """Keep the latest messages of the business, so that a status can be reported by hand."""
        self.sendings[sending.message_id] = sending
        if len(self.sendings) > self.settings.ledger_limit:
            del self.sendings[next(iter(self.sendings))]


def _entry(sending: Sending, at: datetime) -> LedgerEntry:
    customer = sending.customer
    return LedgerEntry(
        direction="outbound",
        message_id=sending.message_id,
        customer=None if customer is None else customer.key,
        kind=sending.content["type"],
        at=at,
        content=sending.content,
        to=sending.phone or (None if customer is None else customer.user_id),
        callback_data=sending.callback_data,
    )


def _report_crash(task: asyncio.Task[None]) -> None:
    """Say so when a part of the simulator has died: it should only ever be cancelled."""
    if not task.cancelled() and task.exception() is not None:
        log.error("simulator.crashed", extra={"part": task.get_name()}, exc_info=task.exception())
