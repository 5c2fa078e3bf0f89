"""Running the roles: signals, the HTTP server, and the worker process beside it.

With the role `all` the worker is a process of its own, so that projecting never delays an acknowledgement. It ends when this
process does, however that ends: its standard input closes.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
import uvicorn
import uvloop

from sigma.entrypoints.installation import Installation, open_installation
from sigma.kit.db import DatabaseRole
from sigma.kit.log import get_logger
from sigma.kit.metrics import get_metrics, metrics_directory, prepare_metrics
from sigma.kit.postgres import EmbeddedPostgres, PostgresNotStarted
from sigma.kit.settings import Settings

DRAIN_SECONDS = 10
_MAX_RESTART_PAUSE_SECONDS = 10.0
_POSTGRES_PAUSE_SECONDS = 0.5

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
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop_starting)  # until the event loop takes them over
    with contextlib.ExitStack() as stack:
        if options.role == "all":
            prepare_metrics(stack.enter_context(metrics_directory()))
        sockets = [] if options.role == "worker" else [stack.enter_context(bound) for bound in _bind(options)]
        opened = stack.enter_context(open_installation(settings))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(opened, options, sockets, ready))


def _stop_starting(_number: int, _frame: object) -> None:
    raise SystemExit(0)  # what was started so far is ended on the way out


def _bind(options: ServeOptions) -> list[socket.socket]:
    """Take the addresses to listen on, before anything else is started. Raises: SystemExit when they cannot be had."""
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            bound.append(socket.socket(family, kind, protocol))
            bound[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound[-1].bind(address)
    except OSError as error:
        raise _cannot_listen(options, error) from None
    return bound


def _cannot_listen(options: ServeOptions, error: OSError) -> SystemExit:
    return SystemExit(
        f"sigma: cannot listen on {options.host}:{options.port}: {error.strerror}. "
        "Name another address with --host and --port (or Http.Host and Http.Port), or stop the program that has it."
    )


async def _serve(
    opened: Installation, options: ServeOptions, sockets: list[socket.socket], ready: Callable[[Installation, int], None] | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.until_stdin_closes:
        await _follow_stdin(stop)
    async with contextlib.AsyncExitStack() as stack:
        if opened.embedded is not None:
            keeping = asyncio.create_task(_keep_postgres_running(opened, opened.embedded), name="postgres")
            await stack.enter_async_context(_background(keeping))
        if options.role != "worker":
            port = await stack.enter_async_context(_http_server(opened, options, sockets, stop))
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
async def _http_server(
    opened: Installation, options: ServeOptions, sockets: list[socket.socket], stop: asyncio.Event
) -> AsyncIterator[int]:
    """Accept requests during the body; afterwards finish those that are under way, and only then close the journal."""
    from sigma.entrypoints.http import build_http  # noqa: PLC0415 - a worker needs no web framework

    parts = build_http(opened, get_metrics())
    config = uvicorn.Config(
        parts.app,
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
    async with _background(asyncio.create_task(parts.journal.run(), name="journal"), stop=stop):
        serving = asyncio.create_task(server.serve(sockets), name="http")
        try:
            yield await server.listening_port(serving, options)
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

    async def listening_port(self, serving: "asyncio.Task[None]", options: ServeOptions) -> int:
        """Return the port once requests are accepted. Raises: SystemExit when somebody else began to listen meanwhile."""
        while not self.started:
            if serving.done():
                try:
                    await serving
                except OSError as error:
                    raise _cannot_listen(options, error) from None
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


async def _keep_postgres_running(opened: Installation, server: EmbeddedPostgres) -> None:
    """Start our own PostgreSQL again whenever it ends. An idle connection tells at once: it breaks."""
    db = opened.database()
    while True:
        try:
            async with await db.connect(DatabaseRole.API) as connection:
                async for _ in connection.notifies():
                    pass  # nothing listens on it
        except (psycopg.Error, OSError):
            log.warning("postgres.connection_lost")
        try:
            await asyncio.to_thread(server.start)
        except PostgresNotStarted as error:
            log.error("postgres.not_started", reason=str(error))  # noqa: TRY400 - the reason is the whole story
        await asyncio.sleep(_POSTGRES_PAUSE_SECONDS)


async def _follow_stdin(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends."""

    class Follow(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Follow, sys.stdin)
