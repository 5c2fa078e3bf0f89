"""Customers who write without a pause, and the ledger of what they sent and how each request was answered."""

import http.client
import threading
import time
import uuid
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

from tests.e2e.sigma_process import Sigma, eventually, text_message

PATIENCE_SECONDS = 30


class Traffic:
    """Posts a message of its own in every request, from several connections, until the end of the `with` block."""

    def __init__(self, sigma: Sigma, *, clients: int = 8, body: str = "Hello SIGMA! 🚀") -> None:
        self._sigma = sigma
        self._body = body
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._write, name=f"customer {number}") for number in range(clients)]
        self.ledger: dict[str, int | None] = {}  # None: never answered
        self.answers: list[tuple[float, float, int, str | None]] = []  # when asked, seconds until the answer, status, Retry-After

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS + 5)

    @property
    def accepted(self) -> set[str]:
        return {message_id for message_id, status in dict(self.ledger).items() if status == 200}

    @property
    def refused(self) -> list[tuple[float, float, int, str | None]]:
        return [answer for answer in list(self.answers) if answer[2] != 200]

    def accepts(self, more: int = 50, *, seconds: float = 20) -> float:
        """Return how long it took until that many more requests were accepted."""
        started, before = time.monotonic(), len(self.accepted)
        eventually(lambda: len(self.accepted) >= before + more, f"{more} more requests accepted", seconds=seconds)
        return time.monotonic() - started

    def goes_on_for(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _write(self) -> None:
        while not self._stop.is_set():
            port = self._sigma.port
            with suppress(OSError, http.client.HTTPException), closing(_connection(port)) as connection:
                while not self._stop.is_set() and port == self._sigma.port:
                    self._write_one(connection)
            self._stop.wait(0.02)  # the server is away; nobody hammers a closed port

    def _write_one(self, connection: http.client.HTTPConnection) -> None:
        message_id = f"wamid.{uuid.uuid4().hex}"
        path, body, headers = self._sigma.signed(text_message(message_id, body=self._body))
        self.ledger[message_id] = None  # first, so that nothing is sent that the ledger does not know
        started = time.monotonic()
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        with self._lock:
            self.ledger[message_id] = response.status
            self.answers.append((started, time.monotonic() - started, response.status, response.headers["Retry-After"]))


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)


def assert_nothing_lost(sigma: Sigma, *traffics: Traffic) -> None:
    """Every request that was answered 200 is journalled and projected exactly once; one that was not may be, at most once."""
    sigma.wait_until_projected(seconds=60)
    stored = [row[0] for row in sigma.sql("SELECT platform_message_id FROM messages")]
    accepted = set().union(*(traffic.accepted for traffic in traffics))
    sent = set().union(*(traffic.ledger for traffic in traffics))
    assert accepted
    assert accepted <= set(stored), f"{len(accepted - set(stored))} of {len(accepted)} accepted messages are lost"
    assert set(stored) <= sent
    assert len(stored) == len(set(stored))
    # Each request carried one message of its own, so the journal holds one event for each message.
    assert sigma.sql("SELECT count(*) FROM webhook_events") == [(len(stored),)]
    assert sigma.sql("SELECT DISTINCT outcome FROM webhook_events") == [("STORED",)]
    orphans = "SELECT count(*) FROM messages m LEFT JOIN webhook_events e ON e.id = m.webhook_event_id WHERE e.id IS NULL"
    assert sigma.sql(orphans) == [(0,)]
