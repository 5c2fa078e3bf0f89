"""The generator: a process of its own that sends ready-made requests as fast as they are answered, or at a steady rate.

Raw asyncio protocols on uvloop and no HTTP library, so that it costs less than any server it measures. `drive` starts it.
"""

import asyncio
import contextlib
import gc
import json
import mmap
import os
import subprocess
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.bodies import read_offsets

TICK_SECONDS = 0.001
PATIENCE_SECONDS = 30.0
"""How long the last answers may take; what has not come by then counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send: `count` requests, or for `seconds`, whichever ends first. What is sent in the first `warmup_seconds` is not timed."""

    port: int
    requests: str
    start: int = 0
    count: int | None = None
    seconds: float | None = None
    warmup_seconds: float = 0.0
    connections: int = 64
    per_second: float | None = None
    """None: each connection sends as soon as it is answered. Else requests are due at this rate, and latency counts from then."""
    cores: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came back. `answers` counts all answers by status, `cpu_seconds` is for all of them; the rest is of the timed part."""

    answers: dict[str, int]
    cpu_seconds: float
    requests_per_second: float
    latency_ms: dict[str, float]

    @property
    def accepted(self) -> int:
        """Return how many answers were 200."""
        return self.answers.get("200", 0)


def drive(plan: Plan) -> Outcome:
    """Run the generator to its end."""
    command = [sys.executable, "-m", "benchmarks.load", json.dumps(asdict(plan))]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, check=True, timeout=600)
    return Outcome(**json.loads(done.stdout))


class _Source:
    """Hands out requests, in order and round again, until the plan is fulfilled."""

    def __init__(self, plan: Plan) -> None:
        with Path(plan.requests).open("rb") as opened:
            self._bytes = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        self._offsets = read_offsets(Path(plan.requests))
        self._next = plan.start
        self._end = sys.maxsize if plan.count is None else plan.start + plan.count

    def take(self) -> bytes | None:
        """Return the next request; None after the last."""
        if self._next >= self._end:
            return None
        index = self._next % (len(self._offsets) - 1)
        self._next += 1
        return self._bytes[self._offsets[index] : self._offsets[index + 1]]

    def end(self) -> None:
        """Hand out no more."""
        self._end = 0


class _Run:
    """What all connections share: the requests and the results."""

    def __init__(self, plan: Plan) -> None:
        self.source = _Source(plan)
        self.is_paced = plan.per_second is not None
        self.is_over = False
        self.idle: deque[_Connection] = deque()
        self.overdue: deque[tuple[bytes, float]] = deque()
        self.answers: Counter[bytes] = Counter()
        self.latencies = array("d")
        self.timed_from = time.perf_counter() + plan.warmup_seconds
        self.timed_to = self.timed_from

    def record(self, status: bytes, sent_at: float) -> None:
        now = time.perf_counter()
        self.answers[status] += 1
        if sent_at >= self.timed_from:
            self.latencies.append(now - sent_at)
            self.timed_to = now

    def outcome(self) -> Outcome:
        """Return the figures. The percentiles are exact: every latency was kept."""
        ordered = sorted(self.latencies)
        seconds = self.timed_to - self.timed_from
        return Outcome(
            answers={status.decode(): count for status, count in self.answers.items()},
            cpu_seconds=time.process_time(),
            requests_per_second=len(ordered) / seconds if seconds > 0 else 0.0,
            latency_ms={name: _percentile(ordered, part) for name, part in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))},
        )


def _percentile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else float("nan")


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._rest = b""
        self._sent_at = 0.0
        self._is_waiting = False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        end = data.find(b"\r\n\r\n") + 4
        length = data.find(b"ontent-length: ", 0, end) + 15
        if end < 4 or len(data) < end + int(data[length : data.find(b"\r", length)]):
            self._rest = data
            return
        self._rest = b""
        self._is_waiting = False
        self._run.record(data[9:12], self._sent_at)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_waiting:
            self._run.answers[b"lost"] += 1
        self.closed.set_result(None)

    def send(self, request: bytes, due_at: float) -> None:
        """Send a request that was due at that time."""
        self._sent_at = due_at
        self._is_waiting = True
        self._transport.write(request)

    def hang_up(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _go_on(self) -> None:
        """Send the next request, wait for one to be due, or hang up."""
        run = self._run
        if run.is_paced and not run.overdue and not run.is_over:
            run.idle.append(self)
        elif run.overdue:
            self.send(*run.overdue.popleft())
        elif (request := run.source.take()) is not None:
            self.send(request, time.perf_counter())
        else:
            self.hang_up()


async def _pace(run: _Run, per_second: float) -> None:
    """Send requests when they are due, over whichever connection is idle; hang up after the last."""
    began = time.perf_counter()
    number = 0
    while not run.is_over or run.overdue:
        await asyncio.sleep(TICK_SECONDS)
        while not run.is_over and number / per_second <= time.perf_counter() - began:
            request = run.source.take()
            run.is_over = request is None
            if request is not None:
                run.overdue.append((request, began + number / per_second))
                number += 1
        while run.overdue and run.idle:
            run.idle.popleft().send(*run.overdue.popleft())
    while run.idle:
        run.idle.popleft().hang_up()


async def _generate(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    run = _Run(plan)
    if plan.seconds is not None:
        loop.call_later(plan.warmup_seconds + plan.seconds, run.source.end)
    connections = [(await loop.create_connection(lambda: _Connection(run), "127.0.0.1", plan.port))[1] for _ in range(plan.connections)]
    if plan.per_second is not None:
        await _pace(run, plan.per_second)
    limit = None if plan.seconds is None else plan.warmup_seconds + plan.seconds + PATIENCE_SECONDS
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit):
            await asyncio.gather(*(connection.closed for connection in connections))
    return run.outcome()


def main() -> None:
    """Run the plan that stands in the first argument, and print the outcome as JSON."""
    plan = Plan(**json.loads(sys.argv[1]))
    if plan.cores:
        os.sched_setaffinity(0, plan.cores)
    gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(_generate(plan)))))


if __name__ == "__main__":
    main()
