"""Running the roles: signals, the HTTP server, and the worker process beside it.

With the role `all` the worker is a process of its own, so that projecting never delays an acknowledgement. It ends when this
process does, however that ends: its standard input closes.
"""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvicorn
import uvloop

from sigma.entrypoints.installation import Installation, open_installation
from sigma.kit.log import get_logger
from sigma.kit.metrics import get_metrics, prepare_metrics
from sigma.kit.settings import Settings

DRAIN_SECONDS = 10
_MAX_RESTART_PAUSE_SECONDS = 10.0

log = get_logger("serve")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How `sigma serve` was called."""

    host: str
    port: int
    role: Literal["all", "http", "worker"]
    until_stdin_closes: bool = False
    config: Path | None = None


def run_serve(settings: Settings, options: ServeOptions, *, ready: Callable[[Installation, int], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then drain. `ready` is told the port once requests are accepted."""
    with contextlib.ExitStack() as stack:
        if options.role == "all":
            prepare_metrics(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sigma-metrics-"))))
        opened = stack.enter_context(open_installation(settings))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(opened, options, ready))


async def _serve(opened: Installation, options: ServeOptions, ready: Callable[[Installation, int], None] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.until_stdin_closes:
        await _follow_stdin(stop)
    async with contextlib.AsyncExitStack() as stack:
        if options.role != "worker":
            port = await stack.enter_async_context(_http_server(opened, options))
            if ready is not None:
                ready(opened, port)
            log.info("sigma.ready", role=options.role, port=port)
        if options.role == "worker":
            await stack.enter_async_context(_worker_task(opened, stop))
        elif options.role == "all":
            await stack.enter_async_context(_worker_process(options))
        await stop.wait()
        log.info("sigma.stopping", role=options.role)


@contextlib.asynccontextmanager
async def _background(work: "asyncio.Task[None]", *, stop: asyncio.Event | None = None) -> AsyncIterator[None]:
    """Run a task beside the body and cancel it at the end. When it fails on its own, `stop` is set and its error is raised."""
    if stop is not None:
        work.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        failed = work.done() and not work.cancelled()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        if failed:
            work.result()


@contextlib.asynccontextmanager
async def _http_server(opened: Installation, options: ServeOptions) -> AsyncIterator[int]:
    """Accept requests during the body; afterwards finish those that are under way, and only then close the journal."""
    from sigma.entrypoints.http import build_http  # noqa: PLC0415 - a worker needs no web framework

    parts = build_http(opened, get_metrics())
    config = uvicorn.Config(
        parts.app,
        host=options.host,
        port=options.port,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(config)
    async with _background(asyncio.create_task(parts.journal.run(), name="journal")):
        serving = asyncio.create_task(server.serve(), name="http")
        try:
            yield await server.listening_port(serving)
        finally:
            server.should_exit = True
            await serving
            await parts.close()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: `sigma serve` decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def listening_port(self, serving: "asyncio.Task[None]") -> int:
        """Return the port once requests are accepted. Raises: SystemExit when the address cannot be had."""
        while not self.started:
            if serving.done():
                await serving
                raise SystemExit(1)
            await asyncio.sleep(0.01)
        return int(self.servers[0].sockets[0].getsockname()[1])


@contextlib.asynccontextmanager
async def _worker_task(opened: Installation, stop: asyncio.Event) -> AsyncIterator[None]:
    from sigma.entrypoints.worker import run_worker  # noqa: PLC0415 - the HTTP role needs no projector

    async with _background(asyncio.create_task(run_worker(opened, get_metrics()), name="worker"), stop=stop):
        log.info("sigma.ready", role="worker")
        yield


@contextlib.asynccontextmanager
async def _worker_process(options: ServeOptions) -> AsyncIterator[None]:
    """Keep a worker process running during the body; one that dies is started again."""
    async with _background(asyncio.create_task(_supervise(options), name="worker process")):
        yield


async def _supervise(options: ServeOptions) -> None:
    pause = 0.1
    config = ["--config", str(options.config)] if options.config else []
    command = [sys.executable, "-m", "sigma", *config, "serve", "--role", "worker", "--until-stdin-closes"]
    while True:
        started = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, start_new_session=True)
        try:
            code = await process.wait()
        finally:
            await _end(process)
        log.error("worker.died", exit_code=code)
        pause = (
            0.1 if asyncio.get_running_loop().time() - started > _MAX_RESTART_PAUSE_SECONDS else min(pause * 2, _MAX_RESTART_PAUSE_SECONDS)
        )
        await asyncio.sleep(pause)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let a worker finish its batch; one that does not is killed, and its transaction with it."""
    if process.returncode is None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _follow_stdin(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends."""

    class Follow(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Follow, sys.stdin)
