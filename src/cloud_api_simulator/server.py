"""The simulator as a process of its own, or as one task of a larger one."""

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import Callable, Iterator

import uvicorn

from cloud_api_simulator.app import create_app
from cloud_api_simulator.settings import SimulatorSettings

SHUTDOWN_SECONDS = 3


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves the signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any free one. Raises: OSError when the port cannot be had."""
    # asyncio sets TCP_NODELAY only where the protocol is named, and without it an answer in two writes takes 40 ms longer.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


async def run(settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int = 9000, ready: Callable[[], None] | None = None) -> None:
    """Serve until cancelled, then shut down cleanly. `ready` is called once the port listens.

    Without `base_url` in the settings, links to media name this very host: set it when `host` stands for all interfaces.
    Raises: OSError when the port cannot be had.
    """
    await serve(settings, listen(host, port), host=host, ready=ready)


async def serve(
    settings: SimulatorSettings, listener: socket.socket, *, host: str = "127.0.0.1", ready: Callable[[], None] | None = None
) -> None:
    """Serve on a socket that listens already, until cancelled; the socket is closed in the end. See `run`."""
    base_url = settings.base_url or f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    app = create_app(dataclasses.replace(settings, base_url=base_url))
    # Queries may hold access tokens, so there is no access log.
    config = uvicorn.Config(app, access_log=False, log_config=None, ws="none", lifespan="on", timeout_graceful_shutdown=SHUTDOWN_SECONDS)
    server = _Server(config, ready)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    finally:
        listener.close()
