"""Running the simulator beside a test, in a thread of its own; the fixtures around it are in `pytest_plugin`.

Calls of `CloudApi` block: from an async test whose event loop also serves the callback, use `asyncio.to_thread`.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from cloud_api_simulator.server import listen, serve
from cloud_api_simulator.settings import SimulatorSettings

WAIT_SECONDS = 10.0
PROMPT = SimulatorSettings(
    traffic=False,
    answer_rate=0.0,
    duplicate_rate=0.0,
    disorder=False,
    latency_seconds=(0.0, 0.0),
    sent_after_seconds=(0.0, 0.01),
    delivered_after_seconds=(0.01, 0.02),
    read_after_seconds=(0.01, 0.02),
    review_after_seconds=(0.01, 0.02),
    hold_back_seconds=(0.01, 0.03),
    backoff_seconds=(0.01, 0.02, 0.04),
    verify_retry_seconds=(0.01,),
    batch_window_seconds=0.01,
)
"""Nothing happens by chance and nothing takes long. Meta's rules hold."""


@dataclass(frozen=True, kw_only=True)
class CloudApi:
    """A running simulator: its address and secrets, and its control API as methods. Each raises `httpx2.HTTPStatusError` when refused."""

    base_url: str
    settings: SimulatorSettings
    client: httpx2.Client

    def control(self, method: str, path: str, body: object = None, **query: Any) -> dict[str, Any]:
        """Call any route of the control API, such as `control("PATCH", "rules", {"throughput_mps": 20})`."""
        response = self.client.request(method, f"/_control/{path}", json=body, params=query)
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    def connect(self, callback_url: str, verify_token: str) -> None:
        """Let webhooks go there, once it has given the challenge back."""
        self.control("POST", "callback", {"url": callback_url, "verify_token": verify_token})

    def write(self, customer: str, text: str = "Hello", **more: Any) -> str:
        """Let a customer write, which opens the service window; return the message's id. `more` is kind, data, content or quoting."""
        return str(self.control("POST", "messages", {"customer": customer, "text": text, **more})["message_id"])

    def act(self, customer: str, act: str, **more: Any) -> dict[str, Any]:
        """Let a customer read, press, block, stop_marketing and so on."""
        return self.control("POST", "acts", {"customer": customer, "act": act, **more})

    def fault(self, kind: str, **more: Any) -> None:
        """Order a fault for the next call, or for `times` of them."""
        self.control("POST", "faults", {"kind": kind, **more})

    def rules(self, **changes: Any) -> None:
        """Change what Meta allows."""
        self.control("PATCH", "rules", changes)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def sends(self, **query: Any) -> dict[str, Any]:
        """Count the accepted messages; `callback_data` names one, `accepted` waits for so many."""
        return self.control("GET", "sends", **query)

    def ledger(self, **query: Any) -> list[dict[str, Any]]:
        """Return the books, up to 1,000 entries."""
        entries: list[dict[str, Any]] = self.control("GET", "ledger", **{"limit": 1000, **query})["entries"]
        return entries

    def wait_until_idle(self, within_seconds: float = WAIT_SECONDS) -> None:
        """Return once everything is delivered. Raises: TimeoutError."""
        if not self.control("GET", "idle", within_seconds=within_seconds)["is_idle"]:
            raise TimeoutError("the simulator still has something to deliver: is the callback reachable?")


@contextlib.contextmanager
def running(settings: SimulatorSettings = PROMPT) -> Iterator[CloudApi]:
    """Run a simulator in a thread during the body."""
    listener = listen("127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    thread = threading.Thread(target=_serve, args=(loop, settings, listener, stop, ready), name="cloud-api-simulator", daemon=True)
    thread.start()
    if not ready.wait(WAIT_SECONDS):
        raise TimeoutError("the simulator did not start")
    try:
        with httpx2.Client(base_url=base_url, trust_env=False, timeout=60) as client:
            yield CloudApi(base_url=base_url, settings=settings, client=client)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_SECONDS)


def _serve(
    loop: asyncio.AbstractEventLoop, settings: SimulatorSettings, listener: socket.socket, stop: asyncio.Event, ready: threading.Event
) -> None:
    async def until_stopped() -> None:
        serving = asyncio.create_task(serve(settings, listener, ready=ready.set))
        await stop.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    with contextlib.closing(loop):
        loop.run_until_complete(until_stopped())
