"""What the simulator's tests share: a real HTTP receiver, a real server around the simulator, waiting with a deadline."""

import asyncio
import contextlib
import dataclasses
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud_api_simulator import SimulatorSettings, create_app
from cloud_api_simulator.server import listen
from cloud_api_simulator.simulator import Simulator

WEBHOOKS = Path(__file__).parents[1] / "data" / "whatsapp" / "webhooks"
APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN = "sigma-test-app-secret", "a-verify-token-of-twenty-chars", "EAA-test-token"
PHONE_NUMBER_ID = "106540352242922"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEADLINE_SECONDS = 10.0

# Nothing happens by chance and nothing takes long, unless a test asks for it.
QUIET = SimulatorSettings(
    callback_url="http://127.0.0.1:1/unused",
    app_secret=APP_SECRET,
    verify_token=VERIFY_TOKEN,
    access_token=ACCESS_TOKEN,
    traffic=False,
    enforce_limits=False,
    enforce_templates=False,
    answer_rate=0.0,
    duplicate_rate=0.0,
    disorder=False,
    latency_seconds=(0.0, 0.0),
    sent_after_seconds=(0.0, 0.01),
    delivered_after_seconds=(0.01, 0.02),
    read_after_seconds=(0.01, 0.02),
    answer_after_seconds=(0.01, 0.02),
    hold_back_seconds=(0.01, 0.03),
    backoff_seconds=(0.01, 0.02, 0.04),
    verify_retry_seconds=(0.01,),
    batch_window_seconds=0.02,
)


def sample(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((WEBHOOKS / f"{name}.json").read_text())
    return body


async def until(condition: Callable[[], bool], *, within_seconds: float = DEADLINE_SECONDS) -> None:
    async with asyncio.timeout(within_seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for is state of several objects, none of them has an event
            await asyncio.sleep(0.005)


class PromptServer(uvicorn.Server):
    """Stops when it is told to, not at the next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.enough = asyncio.Event()

    async def main_loop(self) -> None:
        self.up.set()
        await self.enough.wait()


class Receiver:
    """Somebody's webhook endpoint. Answers POSTs with `answers` first, then 200."""

    def __init__(self, *, answers: Iterable[int] = (), verify_token: str = VERIFY_TOKEN) -> None:
        self.answers = iter(answers)
        self.verify_token = verify_token
        self.challenge_answer = "{}"
        self.posts: list[tuple[int, bytes, dict[str, str]]] = []
        self.challenges: list[dict[str, str]] = []
        self.busy = 0
        self.busiest = 0
        routes = [Route("/hook", self._challenge, methods=["GET"]), Route("/hook", self._receive, methods=["POST"])]
        self.app = Starlette(routes=routes)

    async def _challenge(self, request: Request) -> Response:
        self.challenges.append(dict(request.query_params))
        if request.query_params.get("hub.verify_token") != self.verify_token:
            return Response(status_code=403)
        return Response(self.challenge_answer.format(request.query_params["hub.challenge"]), media_type="text/plain")

    async def _receive(self, request: Request) -> Response:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        raw = await request.body()
        await asyncio.sleep(0)
        answer = next(self.answers, 200)
        self.posts.append((answer, raw, dict(request.headers)))
        self.busy -= 1
        return Response(status_code=answer)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(raw) for answer, raw, _ in self.posts if answer == 200]

    def values(self) -> list[dict[str, Any]]:
        return [change["value"] for body in self.bodies() for entry in body["entry"] for change in entry["changes"]]

    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.values() for message in value.get("messages", [])]

    def statuses(self) -> list[dict[str, Any]]:
        return [status for value in self.values() for status in value.get("statuses", [])]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def served(app: Starlette, *, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on a real socket; the value is its base url."""
    listener = listen("127.0.0.1", port)
    server = PromptServer(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await server.up.wait()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.enough.set()
        await task
        listener.close()


@dataclasses.dataclass
class Stage:
    """A simulator that runs, and the client of the business that talks to it."""

    simulator: Simulator
    business: httpx2.AsyncClient
    receiver: Receiver

    async def send(self, payload: dict[str, Any]) -> httpx2.Response:
        return await self.business.post(f"/v25.0/{PHONE_NUMBER_ID}/messages", json=payload)

    async def write(self, customer: str, **command: Any) -> dict[str, Any]:
        response = await self.business.post("/_control/messages", json={"customer": customer, **command})
        assert response.status_code == 202, response.text
        message: dict[str, Any] = response.json()["message"]
        return message

    async def status(self) -> dict[str, Any]:
        status: dict[str, Any] = (await self.business.get("/_control/status")).json()
        return status

    async def settled(self) -> None:
        await until(lambda: self.simulator.is_idle)


@contextlib.asynccontextmanager
async def simulated(callback_url: str, receiver: Receiver, **changes: Any) -> AsyncIterator[Stage]:
    app = create_app(dataclasses.replace(QUIET, callback_url=callback_url, **changes))
    async with served(app) as base_url:
        app.state.simulator.world.base_url = base_url
        headers = {"Authorization": f"Bearer {ACCESS_TOKEN}"}
        async with httpx2.AsyncClient(base_url=base_url, headers=headers, trust_env=False) as business:
            yield Stage(app.state.simulator, business, receiver)


def at_the_desk(**changes: Any) -> httpx2.AsyncClient:
    """The client of the business in the same process: for questions that end at the desk, without webhooks and sockets."""
    transport = httpx2.ASGITransport(create_app(dataclasses.replace(QUIET, **changes)))
    return httpx2.AsyncClient(transport=transport, base_url="http://desk", headers={"Authorization": f"Bearer {ACCESS_TOKEN}"})


@contextlib.asynccontextmanager
async def connected(receiver: Receiver, **changes: Any) -> AsyncIterator[Stage]:
    """A simulator whose callback is this receiver."""
    async with served(receiver.app) as receiver_url, simulated(f"{receiver_url}/hook", receiver, **changes) as stage:
        yield stage
