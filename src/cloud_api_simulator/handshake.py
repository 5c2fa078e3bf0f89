"""Meta's verification of the callback: a GET that has to give the challenge back. It is repeated until it works."""

import asyncio
import itertools
import logging
from datetime import datetime
from typing import Literal

import httpx2
import msgspec

from cloud_api_simulator.callbacks import Callback
from cloud_api_simulator.delivery import HTTP_OK
from cloud_api_simulator.world import World

log = logging.getLogger("cloud_api_simulator.handshake")


class Verification(msgspec.Struct, kw_only=True):
    """Where the verification stands, and why the latest attempt failed."""

    state: Literal["pending", "verified"] = "pending"
    attempts: int = 0
    last_error: str | None = None
    verified_at: datetime | None = None


class Handshake:
    """Opens `gate` once the callback has shown that it knows the verify token."""

    def __init__(self, world: World, gate: asyncio.Event) -> None:
        self._world = world
        self._gate = gate
        self._ids = world.ids
        self._again = asyncio.Event()
        self.verification = Verification()

    def accept(self) -> None:
        """Take a callback for verified that has just passed `check`: what waits is delivered from now on."""
        self.verification.state, self.verification.verified_at = "verified", self._world.now()
        self._gate.set()

    async def check(self, callback: Callback) -> str | None:
        """Ask a callback once, as Meta does before it saves one; return what is wrong, or None."""
        async with httpx2.AsyncHTTPTransport(trust_env=False) as transport:
            return await self._ask(transport, callback)

    def repeat(self) -> None:
        """Verify again, as Meta does whenever the callback is saved. Nothing is delivered until that works."""
        self._gate.clear()
        self.verification = Verification()
        self._again.set()

    async def run(self) -> None:
        """Verify, then wait to be asked again, until cancelled."""
        async with httpx2.AsyncHTTPTransport(trust_env=False) as transport:
            while True:
                self._again.clear()
                await self._verify(transport)
                await self._again.wait()

    async def _verify(self, transport: httpx2.AsyncHTTPTransport) -> None:
        waits = self._world.settings.verify_retry_seconds
        for wait in itertools.chain(waits, itertools.repeat(waits[-1])):
            callback = self._world.callbacks.app
            if callback is None or self._gate.is_set():
                return
            self.verification.attempts += 1
            error = await self._ask(transport, callback)
            self.verification.last_error = error
            if error is None:
                self.verification.state, self.verification.verified_at = "verified", self._world.now()
                log.info("callback.verified", extra={"attempts": self.verification.attempts})
                self._gate.set()
                return
            await asyncio.sleep(wait)

    async def _ask(self, transport: httpx2.AsyncHTTPTransport, callback: Callback) -> str | None:
        """Ask once; return what is wrong, or None. Goes past the client, which would log the url and with it the token."""
        challenge = self._ids.challenge()
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": callback.verify_token}
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._world.settings.callback_timeout_seconds)
        url = httpx2.URL(callback.url).copy_merge_params(query)
        try:
            response = await transport.handle_async_request(httpx2.Request("GET", url, extensions={"timeout": timeout}))
            body = await response.aread()
            await response.aclose()
        except httpx2.HTTPError as error:
            return type(error).__name__
        if response.status_code != HTTP_OK:
            return f"HTTP {response.status_code}"
        return None if body == challenge.encode("ascii") else "the challenge did not come back unchanged"
